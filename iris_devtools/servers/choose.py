"""Choosing a server, and saying why."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock

from iris_devtools.config import Settings
from iris_devtools.servers.existing import existing_server, host_of
from iris_devtools.servers.server import ServerHandle

if TYPE_CHECKING:
    from iris_devtools.servers.running import Adopted
    from iris_devtools.servers.standin import StandinProcess

__all__ = ["Choice", "choose_server", "decide", "running_server"]


@dataclass(frozen=True)
class Choice:
    """Which server is taken and why; ``adopted`` is one that runs already."""

    kind: Literal["existing", "adopted", "container", "standin"]
    why: str
    adopted: Adopted | None = None

    def what(self, settings: Settings) -> str:
        """Name the server in words."""
        if self.adopted is not None:
            return f"the container {self.adopted.container.name}"
        if self.kind == "existing":
            return f"the existing server {settings.host}:{settings.port}"
        return "a container" if self.kind == "container" else "the stand-in"


def decide(settings: Settings) -> Choice:
    """Say which server :func:`choose_server` would take. Starts and changes nothing.

    Raises:
        ConfigurationError: ``existing`` without a host.

    """
    if settings.server == "existing" or (settings.server == "auto" and settings.host):
        host_of(settings)
        return Choice("existing", f"because a host is set ({settings.origins['host']})")
    if settings.server in ("container", "standin"):
        return Choice(settings.server, f"because server = '{settings.server}' ({settings.origins['server']})")
    return _nearest(settings)


def choose_server(settings: Settings) -> ServerHandle:
    """Return the server that the settings ask for, started if it is ours.

    ``auto`` is an existing server when a host is set, else one in a container that runs already (see
    :func:`~iris_devtools.servers.running.adopt`), else a container when a Docker engine answers that has its
    image (or may pull it: ``pull = true``), else the stand-in of the project. The handle's ``reason`` says in
    one line which it is and why, for every report. A container and a stand-in of ours are one for all
    processes of a project: they end after the last process that uses them, not with a handle.

    Raises:
        ConfigurationError: ``existing`` without a host.
        ServerNotFoundError: ``container``, and no Docker engine answers.
        ServerError: the server did not start, or was waited for in vain.

    """
    choice = decide(settings)
    if choice.kind == "existing":
        return existing_server(settings)
    if choice.adopted is not None:
        return _adopted(settings, choice.adopted)
    return _container(settings, choice.why) if choice.kind == "container" else _standin(settings, choice.why)


def running_server(settings: Settings) -> Adopted | None:
    """Return the running server that ``auto`` takes in place of one of its own, without taking it."""
    return decide(settings).adopted if settings.server == "auto" else None


def _nearest(settings: Settings) -> Choice:
    """Return what is nearest: a server that runs, an image that is here, the stand-in."""
    # Asked by its socket: importing the SDK takes longer than everything else in a run without containers.
    from iris_devtools.servers.docker_socket import engine_address, has_image
    from iris_devtools.servers.editions import image_of
    from iris_devtools.servers.running import adopt

    address = engine_address()
    if address is None:
        return Choice("standin", "because no host is set and there is no Docker engine")
    try:
        adopted, passed_over = adopt(settings, address)
        if adopted is not None:
            return Choice("adopted", "because no host is set and it is running", adopted)
        image = image_of(settings)
        here = settings.pull or has_image(address, image)
    except OSError as error:
        found = f"the Docker engine at {address} does not answer ({error})"
        return Choice("standin", f"because no host is set and {found}")
    also = f"; {passed_over}" if passed_over else ""
    if here:
        return Choice("container", f"because no host is set and a Docker engine offers {image}{also}")
    return Choice("standin", f"because no host is set and the Docker engine has no image {image}{also}")


def _adopted(settings: Settings, adopted: Adopted) -> ServerHandle:
    found = adopted.container
    if found.labels is None:
        return ServerHandle(
            adopted.server,
            reason=f"IRIS container {found.name} ({found.image}) at {found.host}:{found.port}, because no "
            "host is set and it is running; it stays as it is",
        )
    from iris_devtools.servers.container.engine import connect_engine
    from iris_devtools.servers.container.keep import Keep
    from iris_devtools.servers.discovery import containers_of

    client = connect_engine()
    try:
        here = next(
            (
                each.server
                for each in containers_of(client, settings)
                if each.container.id == found.container_id and each.server
            ),
            adopted.server,
        )
    finally:
        client.close()
    if found.container_id not in _claims:
        _claims[found.container_id] = Keep(Path(found.labels.directory)).claim()
    return ServerHandle(
        here, reason=f"container {found.name}, because no host is set and it is running (iris-devtools up)"
    )


# `iris-devtools down` leaves a container alone that a process has claimed, and a claim ends with its process.
_claims: dict[str, FileLock] = {}


def _container(settings: Settings, why: str) -> ServerHandle:
    # Imported here: nothing else needs the Docker SDK.
    from iris_devtools.servers.container.managed import managed_container

    container = managed_container(settings)
    return ServerHandle(container.server, reason=f"container {container.name}, {why}")


def _standin(settings: Settings, why: str) -> ServerHandle:
    # Imported here: an existing server needs nothing of the stand-in.
    from iris_devtools.servers.standin import running_standin

    process = running_standin(settings.data_directory, timeout_s=settings.startup_timeout_s)
    _keep(process)
    return ServerHandle(process.server, reason=f"stand-in at {settings.data_directory}, {why}")


# A stand-in is shared: this process uses it until it ends, and the server ends after its last user. Ending it
# with a handle would pull it away from another engine here, or from a second command in the same project.
_kept: dict[int, StandinProcess] = {}
_keeping = threading.Lock()


def _keep(process: StandinProcess) -> None:
    with _keeping:
        if process.pid in _kept and not process.started_here:
            # One claim on a server is enough.
            process.stop()
        else:
            _kept[process.pid] = process
