"""Nothing outlives its owner: what removes containers when those who use them are gone.

Two ways, for either can fail. A reaper is a process of its own for each container, and waits for the end of
its standard input, which comes with the end of the process that started it, however that ends. The sweep at
the next start removes what is left when the reaper was killed, too, or the machine was switched off.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from iris_devtools.errors import ServerError
from iris_devtools.servers.container.keep import Keep
from iris_devtools.servers.container.labels import Labels, boot_id, labelled

__all__ = ["main", "remove", "start_reaper", "sweep"]

_OWNERS_EVERY_S = 0.2
_LOCK_TIMEOUT_S = 600.0
_ENGINE_AWAY_S = 120.0
_STANDARD_INPUT = 0


def start_reaper(keep: Keep, container_id: str) -> subprocess.Popen[bytes]:
    """Start the reaper of a container; it lives until the container is gone.

    It is in a session of its own, so that Ctrl-C reaches those that it watches and not itself.
    """
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(keep.directory), container_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def remove(client: Any, container_id: str) -> None:
    """Remove a container and its own volumes, running or not; one that is gone is no error."""
    import docker.errors

    try:
        client.containers.get(container_id).remove(force=True, v=True)
    except docker.errors.NotFound:
        return
    except docker.errors.APIError as error:
        # Two may remove it at once.
        if "already in progress" not in str(error):
            raise


def sweep(client: Any) -> list[str]:
    """Remove the containers of this machine that nobody uses any more, and return their names.

    A container that is kept for the next run, or belongs to another machine, stays.
    """
    removed = []
    for container in labelled(client, reuse="false"):
        labels = Labels.read(container.labels)
        if labels.host == socket.gethostname() and _is_orphan(labels):
            remove(client, container.id)
            removed.append(container.name)
            keep = Keep(Path(labels.directory))
            kept = keep.read()
            if kept is not None and kept.container_id == container.id:
                keep.forget()
    return removed


def _is_orphan(labels: Labels) -> bool:
    directory = Path(labels.directory)
    if directory.is_dir():
        return not Keep(directory).has_owner()
    return labels.boot_id != boot_id() or not _is_alive(labels.owner_pid)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return pid > 0


def main(arguments: list[str] | None = None) -> int:
    """Wait for the end of the last owner, then remove the container."""
    directory, container_id = (sys.argv[1:] if arguments is None else arguments)[:2]
    keep = Keep(Path(directory))
    with contextlib.suppress(OSError):
        while os.read(_STANDARD_INPUT, 1):
            pass
    while True:
        # Whoever finds this container becomes an owner under the same lock.
        with keep.alone(timeout_s=_LOCK_TIMEOUT_S):
            if not keep.has_owner():
                _remove_patiently(container_id)
                kept = keep.read()
                if kept is not None and kept.container_id == container_id:
                    keep.forget()
                break
        time.sleep(_OWNERS_EVERY_S)
    if keep.directory.parent == Path.home() / ".iris-devtools" / "containers":
        # Its name was made up for one container, and nobody will look for it again.
        keep.discard()
    return 0


def _remove_patiently(container_id: str) -> None:
    """Remove it, even when the engine is being restarted at this moment."""
    from iris_devtools.servers.container.engine import connect_engine

    deadline = time.monotonic() + _ENGINE_AWAY_S
    while True:
        with contextlib.suppress(ServerError, OSError):
            remove(connect_engine(), container_id)
            return
        if time.monotonic() >= deadline:
            # The sweep of the next start has another try.
            return
        time.sleep(1.0)


if __name__ == "__main__":
    sys.exit(main())
