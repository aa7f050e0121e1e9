"""Where things are in the image (iris-terminal-and-image D.1, D.2)."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["INSTALLATION", "INSTANCE", "SUPERSERVER_PORT", "State", "data_directory", "read_state"]

INSTALLATION = Path("/usr/irissys")
INSTANCE = "IRIS"
SUPERSERVER_PORT = 1972
_STATE = "iris.ids"
_DOOR = "terminal.sock"


@dataclass(frozen=True)
class State:
    """A running server, as it says itself."""

    pid: int
    since: str
    version: str


def data_directory(environment: Mapping[str, str] | None = None) -> Path:
    """Return where the databases are: the durable directory when there is one."""
    variables = os.environ if environment is None else environment
    return Path(variables.get("ISC_DATA_DIRECTORY") or INSTALLATION)


def state_file(data: Path) -> Path:
    """Return the file in which a running server says what it is."""
    return data / "mgr" / _STATE


def read_state(data: Path) -> State | None:
    """Return the server that runs on a data directory; ``None`` when none does.

    It runs when its door opens. The number of a process says nothing: a server that was killed leaves its
    file behind, and after a restart of the container the number belongs to somebody else.
    """
    try:
        found: dict[str, Any] = json.loads(state_file(data).read_text(encoding="utf-8"))
        state = State(int(found["pid"]), str(found["since"]), str(found["version"]))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
            door.connect(str(data / "mgr" / _DOOR))
    except (OSError, ValueError, KeyError):
        return None
    return state
