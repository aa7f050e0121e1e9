"""Ask a Docker engine something small, at once: the SDK takes longer to import than this to answer."""

from __future__ import annotations

import http.client
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

__all__ = ["EngineAddress", "engine_address", "engine_says", "has_image"]

_TIMEOUT_S = 1.5

EngineAddress = str
"""What ``DOCKER_HOST`` holds: ``unix:///var/run/docker.sock``, ``tcp://host:2375``."""


def engine_address(environ: Mapping[str, str] | None = None) -> EngineAddress | None:
    """Return where the engine listens, ``None`` when there is no sign of one.

    ``DOCKER_HOST`` decides; without it the usual sockets are looked for: Docker's, Docker Desktop's, rootless
    Docker's, and podman's, which speaks the same language.
    """
    variables = os.environ if environ is None else environ
    if host := variables.get("DOCKER_HOST"):
        return host
    runtime = variables.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid() if hasattr(os, 'getuid') else 0}")
    places = (
        Path("/var/run/docker.sock"),
        Path("~/.docker/run/docker.sock"),
        Path(runtime) / "docker.sock",
        Path(runtime) / "podman" / "podman.sock",
        Path("/run/podman/podman.sock"),
    )
    return next((f"unix://{place}" for place in map(_expanded, places) if place.is_socket()), None)


def _expanded(place: Path) -> Path:
    # Path.expanduser and Path.home raise where a user has no home, such as any user id in a container.
    return Path(os.path.expanduser(place))  # noqa: PTH111


def engine_says(address: EngineAddress, path: str, *, timeout_s: float = _TIMEOUT_S) -> tuple[int, Any]:
    """Send one GET to the engine and return the status and the answer, JSON or text.

    Raises:
        OSError: nobody answers there in time.

    """
    connection = _connection(address, timeout_s)
    try:
        connection.request("GET", path, headers={"Host": "docker"})
        response = connection.getresponse()
        body = response.read()
    except http.client.HTTPException as error:
        raise OSError(f"what answers at {address} is no Docker engine") from error
    finally:
        connection.close()
    try:
        return response.status, json.loads(body)
    except ValueError:
        return response.status, body.decode(errors="replace")


def has_image(address: EngineAddress, name: str, *, timeout_s: float = _TIMEOUT_S) -> bool:
    """Tell whether the engine has an image already.

    Raises:
        OSError: nobody answers there in time.

    """
    status, _ = engine_says(address, f"/images/{quote(name, safe='')}/json", timeout_s=timeout_s)
    return status == http.client.OK


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout_s: float) -> None:
        super().__init__("docker", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(self._path)


def _connection(address: EngineAddress, timeout_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(address)
    if parts.scheme == "unix":
        return _UnixConnection(parts.path, timeout_s)
    if parts.scheme in ("tcp", "http") and parts.hostname:
        return http.client.HTTPConnection(parts.hostname, parts.port or 2375, timeout=timeout_s)
    raise OSError(f"{address} cannot be asked without the Docker SDK")
