"""The server process of the image: ``iris start`` makes one, ``iris stop`` ends it."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from datetime import date, datetime
from pathlib import Path

from iris_devtools.standin.catalog.connection import renew_catalogue
from iris_devtools.standin.errors import StandinError
from iris_devtools.standin.image.licence import read_licence
from iris_devtools.standin.image.merge import apply_merge, merge_file
from iris_devtools.standin.image.places import SUPERSERVER_PORT, data_directory, state_file
from iris_devtools.standin.instance import Instance, Options
from iris_devtools.standin.server import StandinServer
from iris_devtools.standin.terminal.door import Door

__all__ = ["main"]

_READY = 3
"""File descriptor that ``iris start`` listens on."""


def main() -> int:
    """Serve until SIGTERM; the first line on descriptor 3 says ``ready``, or what is wrong."""
    data = data_directory()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    licence = read_licence(data / "mgr" / "iris.key")
    if licence.expired(date.today()):
        return _refuse("Community License expired.")
    options = Options(change_password=True, connection_limit=licence.connections)
    try:
        instance = Instance(data, options, renew=renew_catalogue)
        server = StandinServer(instance, host="0.0.0.0", port=SUPERSERVER_PORT)
        # Before the port is there: whoever can connect finds what the file makes.
        _merge(instance)
        server.start()
    except (OSError, StandinError) as error:
        return _refuse(f"The server cannot start: {error}")
    door = Door(
        instance, instance.manager, services={"merge": lambda given: merge_file(instance, Path(given[0]))}
    )
    door.open()
    try:
        since = f"{datetime.now():%a %b %e %H:%M:%S %Y}"
        state = {"pid": os.getpid(), "since": since, "version": instance.version_number}
        path = state_file(data)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(path)
        instance.log("Utility.Event", "Enabling logons")
        _tell(f"ready {licence.holder}")
        ended.wait()
    finally:
        door.close()
        server.stop()
        state_file(data).unlink(missing_ok=True)
    return 0


def _merge(instance: Instance) -> None:
    name = os.environ.get("ISC_CPF_MERGE_FILE")
    if not name:
        return
    path = Path(name)
    if not path.is_file():
        # The start goes on without it (iris-terminal-and-image D.7).
        sys.stderr.write(f"The CPF merge file {path} is not there.\n")
        return
    with instance:
        for note in apply_merge(instance, path):
            instance.log("Generic.Event", note)


def _refuse(reason: str) -> int:
    _tell(f"refused {reason}")
    return 1


def _tell(text: str) -> None:
    try:
        os.write(_READY, f"{text}\n".encode())
        os.close(_READY)
    except OSError:
        # Nobody listens when the program is started by hand.
        sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
