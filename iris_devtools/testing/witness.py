"""A witness on the server: what tells that nobody at all has written to a database.

The events of SQLAlchemy see what engines of this process do. A connection of the bare driver, another
process or another machine they do not see, so the server is asked, too.

* **The stand-in** keeps a database in one file with a write-ahead log beside it. The header of the log's
  index changes with every commit and with nothing else (https://sqlite.org/walformat.html, "The WAL-Index
  File Format"), and it can be read without a round trip where the server shares our disk.
* **IRIS** has no source that is both documented and per database: the journal is one for all databases, and a
  database file is written later than the commit. So there is no witness there, nothing is proven clean, and
  whoever wanted the proof has to restore.
"""

from __future__ import annotations

from pathlib import Path

from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server

__all__ = ["State", "Witness", "witness_for"]

State = tuple[object, ...]
"""What a witness saw; equal states mean that nothing was committed in between."""

_INDEX_HEADER_BYTES = 48
_MAX_FRAME = slice(16, 20)
_COUNTED = slice(8, 40)


class Witness:
    """Look at the database files of one namespace, on a disk that the server shares with us."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files

    def look(self) -> State | None:
        """Return the state at this moment, or None when it cannot be told."""
        try:
            return tuple(_state(file) for file in self._files)
        except OSError:
            return None


def witness_for(admin: Admin, server: Server, namespace: str) -> Witness | None:
    """Return the witness for a namespace, or None where the server has none."""
    if server.kind != "standin" or not server.local_files:
        return None
    return Witness(tuple(Path(database.file) for database in admin.databases(namespace)))


def _state(file: Path) -> State:
    # The log first: when the last connection closes, its frames go into the file, and then it goes. What is
    # no longer in the log is in a file that was looked at later.
    try:
        with Path(f"{file}-shm").open("rb") as index:
            header = index.read(_INDEX_HEADER_BYTES)
    except FileNotFoundError:
        header = b""
    # A log without frames, and none at all, both say that the file has everything.
    log = header[_COUNTED] if any(header[_MAX_FRAME]) else b""
    status = file.stat()
    return (status.st_ino, status.st_size, status.st_mtime_ns, log)
