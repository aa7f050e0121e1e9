"""Choosing a server, and saying why."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from iris_devtools.config import Settings
from iris_devtools.errors import UnsupportedError
from iris_devtools.servers.existing import existing_server
from iris_devtools.servers.server import ServerHandle

if TYPE_CHECKING:
    from iris_devtools.servers.standin import StandinProcess

__all__ = ["choose_server"]


def choose_server(settings: Settings) -> ServerHandle:
    """Return the server that the settings ask for, started if it is ours.

    ``auto`` is an existing server when a host is set, else the stand-in of the project. The handle's
    ``reason`` says in one line which it is and why, for every report. A stand-in is one for all processes of
    a project: it ends by itself after the last process that uses it, not with a handle.

    Raises:
        UnsupportedError: ``container``, which this version does not have.
        ConfigurationError: ``existing`` without a host.
        ServerError: the server did not start, or was waited for in vain.

    """
    if settings.server == "container":
        raise UnsupportedError(
            f"Containers are not in this version yet ({settings.origins['server']}: server = 'container').",
            hint="Use server = 'standin', which needs nothing, or start a container yourself and set "
            "IRIS_HOST and IRIS_PORT to reach it.",
        )
    if settings.server == "existing" or (settings.server == "auto" and settings.host):
        return existing_server(settings)
    return _standin(settings)


def _standin(settings: Settings) -> ServerHandle:
    # Imported here: an existing server needs nothing of the stand-in.
    from iris_devtools.servers.standin import running_standin

    process = running_standin(settings.data_directory, timeout_s=settings.startup_timeout_s)
    _keep(process)
    why = (
        "because no host is set"
        if settings.server == "auto"
        else f"because server = 'standin' ({settings.origins['server']})"
    )
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
