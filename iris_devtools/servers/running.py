"""Servers in containers that run already: ours, and those that somebody else started.

Asked by the engine's socket alone, because every run without a container asks, too.
"""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from iris_devtools.admin.driver import login
from iris_devtools.config import Settings
from iris_devtools.errors import ServerError
from iris_devtools.servers.container.keep import Keep
from iris_devtools.servers.container.labels import Labels
from iris_devtools.servers.container.spec import LABEL
from iris_devtools.servers.docker_socket import EngineAddress, engine_says
from iris_devtools.servers.server import Server

__all__ = ["Adopted", "RunningIris", "adopt", "running_iris"]

_SUPERSERVER = 1972
_ANSWER_S = 5.0
_LOGIN_S = 5.0
_LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0")

# Whoever says what his container is like wants one of his own.
_DESCRIBING = (
    "edition",
    "image_tag",
    "license_key",
    "merge_file",
    "after_start",
    "durable",
    "container_port",
    "container_memory",
    "container_cpus",
    "container_environment",
    "container_volumes",
    "container_platform",
)


@dataclass(frozen=True)
class RunningIris:
    """A running container whose superserver can be reached from here. ``labels`` is there when it is ours."""

    container_id: str
    name: str
    image: str
    host: str
    port: int
    created: float
    labels: Labels | None

    def serves(self, host: str, port: int) -> bool:
        """Tell whether its server is the one at that address."""
        return self.port == port and (host == self.host or (host in _LOCAL and self.host in _LOCAL))


@dataclass(frozen=True)
class Adopted:
    """A server that runs already and can be used; ``origin`` says in words where it came from."""

    server: Server
    container: RunningIris
    origin: str


def running_iris(address: EngineAddress) -> tuple[RunningIris, ...]:
    """Return the running containers of IRIS with a published superserver port, newest first.

    Ours are known by their labels; others by the labels of InterSystems' images
    (iris-terminal-and-image D.1), or by an image with ``iris`` in its name.

    Raises:
        OSError: the engine does not answer.

    """
    wanted = quote(json.dumps({"status": ["running"]}))
    status, answer = engine_says(address, f"/containers/json?filters={wanted}", timeout_s=_ANSWER_S)
    if status != http.client.OK or not isinstance(answer, list):
        return ()
    parts = urlsplit(address)
    host = parts.hostname if parts.scheme in ("tcp", "http") and parts.hostname not in _LOCAL else None
    found = [_of(each, host or "127.0.0.1") for each in answer if isinstance(each, dict)]
    return tuple(sorted((each for each in found if each), key=lambda each: each.created, reverse=True))


def adopt(settings: Settings, address: EngineAddress) -> tuple[Adopted | None, str]:
    """Return a server that runs already for ``server = auto``, and why none was taken where one was near.

    A container of the project that stays (``iris-devtools up``) comes first, then one of IRIS that somebody
    else started and whose server lets the account of the settings in. The latter is used as any existing
    server and is neither changed, nor stopped, nor removed. Settings that say what a container is to be like
    ask for one of one's own, and only a container of the image is taken when they name one.

    Raises:
        OSError: the engine does not answer.

    """
    if any(settings.origins.get(name, "default") != "default" for name in _DESCRIBING):
        return None, ""
    running = [
        each for each in running_iris(address) if settings.image is None or each.image == settings.image
    ]
    for each in running:
        if each.labels is None or not each.labels.reuse or each.labels.project != str(settings.root):
            continue
        kept = Keep(Path(each.labels.directory)).read()
        if kept is not None and kept.container_id == each.container_id:
            server = Server("container", each.host, each.port, kept.username, kept.password)
            return Adopted(server, each, f"{each.name}, a running container of ours"), ""
    refusals = []
    for each in running:
        if each.labels is not None:
            continue
        server = Server(
            "existing", each.host, each.port, settings.username, settings.password.get_secret_value()
        )
        try:
            login(server, "%SYS", timeout_s=min(_LOGIN_S, settings.connect_timeout_s)).close()
        except ServerError as error:
            refusals.append(f"the IRIS container {each.name} cannot be used: {error.message}")
            continue
        return Adopted(server, each, f"running IRIS container {each.name}"), ""
    return None, "; ".join(refusals)


def _of(answer: dict[str, Any], host: str) -> RunningIris | None:
    labels = answer.get("Labels") or {}
    image = str(answer.get("Image", ""))
    port = next(
        (
            int(each["PublicPort"])
            for each in answer.get("Ports") or ()
            if each.get("PrivatePort") == _SUPERSERVER and each.get("PublicPort")
        ),
        None,
    )
    ours = f"{LABEL}session" in labels
    known = ours or any(label.startswith("com.intersystems.") for label in labels)
    if port is None or not (known or "iris" in image.lower()):
        return None
    return RunningIris(
        container_id=str(answer.get("Id", "")),
        name=str((answer.get("Names") or ["?"])[0]).lstrip("/"),
        image=image,
        host=host,
        port=port,
        created=float(answer.get("Created") or 0),
        labels=Labels.read(labels) if ours else None,
    )
