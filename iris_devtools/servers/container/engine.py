"""The Docker engine, by its SDK; its failures in our words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from iris_devtools.errors import ServerNotFoundError, ServerStartError
from iris_devtools.servers.docker_socket import engine_address, engine_says

__all__ = ["LOCAL", "connect_engine", "published_host", "require_engine", "translated"]

LOCAL = "127.0.0.1"
_TIMEOUT_S = 60


def connect_engine(*, timeout_s: float = _TIMEOUT_S) -> Any:
    """Return a client of the engine that answers here.

    Raises:
        ServerNotFoundError: none does; the hint says what to look at.

    """
    address = require_engine()
    import docker.errors

    client = None
    try:
        client = docker.DockerClient(base_url=address, timeout=timeout_s, version="auto")
        client.ping()
    except (docker.errors.DockerException, OSError) as error:
        if client is not None:
            client.close()
        raise _silent(address, error) from error
    return client


def require_engine() -> str:
    """Return the address of an engine that answers now.

    The SDK leaves a socket open when nobody does.

    Raises:
        ServerNotFoundError: none does; the hint says what to look at.

    """
    address = engine_address()
    if address is None:
        raise ServerNotFoundError(
            "A container is wanted, and there is no Docker engine: DOCKER_HOST is not set, and there is no "
            "socket of Docker or podman.",
            hint="Start Docker (or `podman system service`), or use server = 'standin', which needs neither.",
        )
    if address.startswith("unix://"):
        try:
            engine_says(address, "/_ping")
        except OSError as error:
            raise _silent(address, error) from error
    return address


def _silent(address: str, error: Exception) -> ServerNotFoundError:
    return ServerNotFoundError(
        f"The Docker engine at {address} does not answer: {error}",
        hint="Check `docker info`: is it running, and may you use its socket (group docker)?",
        address=address,
    )


def published_host(client: Any) -> tuple[str, str]:
    """Return the address to publish ports on, and the host name to reach them by."""
    parts = urlsplit(client.api.base_url)
    # The SDK calls a socket http+docker://localhost.
    if parts.scheme in ("http", "https") and parts.hostname not in (None, "localhost", LOCAL):
        return "0.0.0.0", parts.hostname or LOCAL
    return LOCAL, LOCAL


@contextlib.contextmanager
def translated(wanted: str, **facts: Any) -> Iterator[None]:
    """Turn what the SDK raises in the block into a ServerStartError that says what was wanted."""
    import docker.errors
    import requests.exceptions

    try:
        yield
    except (docker.errors.DockerException, requests.exceptions.RequestException) as error:
        text = str(getattr(error, "explanation", None) or error)
        raise ServerStartError(f"Cannot {wanted}: {text}", hint=_remedy(text), text=text, **facts) from error


def _remedy(text: str) -> str:
    lower = text.lower()
    if "already allocated" in lower or "address already in use" in lower:
        return "Another program has that port: leave container_port out to get a free one."
    if "no space left" in lower:
        return "The engine's disk is full: `docker system df` shows by what, `docker system prune` frees it."
    if "no such image" in lower or "not found" in lower:
        return "Pull the image, or name another one in the setting image."
    if "exec format" in lower or "no matching manifest" in lower or "does not match" in lower:
        return "The image is for another processor: take a tag that has this machine's architecture."
    if "connection aborted" in lower or "refused" in lower or "no such file" in lower:
        return "The Docker engine went away: check `docker info`."
    return "`iris-devtools doctor` checks the engine, the image and the disk."
