"""Choosing a server, and saying why."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from iris_devtools.config import Settings
from iris_devtools.servers.existing import existing_server
from iris_devtools.servers.server import ServerHandle

if TYPE_CHECKING:
    from iris_devtools.servers.standin import StandinProcess

__all__ = ["choose_server"]


def choose_server(settings: Settings) -> ServerHandle:
    """Return the server that the settings ask for, started if it is ours.

    ``auto`` is an existing server when a host is set, else a container when a Docker engine answers that has
    its image (or may pull it: ``pull = true``), else the stand-in of the project. The handle's ``reason``
    says in one line which it is and why, for every report. A container and a stand-in are one for all
    processes of a project: they end after the last process that uses them, not with a handle.

    Raises:
        ConfigurationError: ``existing`` without a host.
        ServerNotFoundError: ``container``, and no Docker engine answers.
        ServerError: the server did not start, or was waited for in vain.

    """
    if settings.server == "existing" or (settings.server == "auto" and settings.host):
        return existing_server(settings)
    if settings.server == "container":
        return _container(settings, f"because server = 'container' ({settings.origins['server']})")
    if settings.server == "standin":
        return _standin(settings, f"because server = 'standin' ({settings.origins['server']})")
    image, lack = _image_at_hand(settings)
    if lack is None:
        return _container(settings, f"because no host is set and a Docker engine offers {image}")
    return _standin(settings, f"because no host is set and {lack}")


def _image_at_hand(settings: Settings) -> tuple[str, str | None]:
    """Return the image that a container would run, and what is in the way of one."""
    # Asked by its socket: importing the SDK takes longer than everything else in a run without containers.
    from iris_devtools.servers.docker_socket import engine_address, has_image
    from iris_devtools.servers.editions import image_of

    image = image_of(settings)
    address = engine_address()
    if address is None:
        return image, "there is no Docker engine"
    try:
        here = has_image(address, image)
    except OSError as error:
        return image, f"the Docker engine at {address} does not answer ({error})"
    if here or settings.pull:
        return image, None
    return image, f"the Docker engine has no image {image}"


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
