"""What makes a file a database of ours: SQLite's header, our numbers in it, and a label record.

The label plays the part of the label block of an IRIS.DAT (iris-facts 2.5): it travels with the file and
says under which resource, with which journal state and in which format the file was made. It holds no
directory, database or namespace name, so a file may be copied freely between them.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path

from iris_devtools.standin.collation import register_collations
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.permissions import may_change_directory, may_read, may_write

__all__ = [
    "APPLICATION_ID",
    "BLOCK_SIZE",
    "DEFAULT_RESOURCE",
    "FILE_NAME",
    "FORMAT",
    "Label",
    "change_label",
    "create_file",
    "inspect_file",
    "open_file",
    "sqlite_uri",
]

FILE_NAME = "IRIS.DAT"
APPLICATION_ID = 0x49445453
"""``IDTS``; at offset 68 of the file, where ``file`` and SQLite look for it."""
FORMAT = 1
"""Changes when older stand-ins could not use a newer file, or the reverse; SQLite's user_version."""
BLOCK_SIZE = 8192
DEFAULT_RESOURCE = "%DB_%DEFAULT"
CHECKED_BYTES = 32 * 1024 * 1024
"""Up to this size a mount reads the whole file for damage; a larger one is judged by its header and label
alone.
"""

_SQLITE_MAGIC = b"SQLite format 3\x00"
_HEADER_BYTES = 100
_LABEL_TABLE = '"%label"'


@dataclass(frozen=True)
class Label:
    """The label record. ``journal_state`` is 2 (not journaled) or 3 (journaled); sizes are in MB, 0 means
    no limit.
    """

    resource: str = DEFAULT_RESOURCE
    journal_state: int = 3
    block_size: int = BLOCK_SIZE
    max_size: int = 0
    expansion_size: int = 0
    read_only: int = 0
    new_global_is_keep: int = 0


_FIELDS = {
    "resource": str,
    "journal_state": int,
    "block_size": int,
    "max_size": int,
    "expansion_size": int,
    "read_only": int,
    "new_global_is_keep": int,
}


def sqlite_uri(path: Path, *, mode: str = "rw") -> str:
    """Return the SQLite URI of ``path``; every odd character is quoted, and ``mode`` ``rw`` never creates a
    file.
    """
    return f"{path.absolute().as_uri()}?mode={mode}"


def open_file(path: Path, *, mode: str = "rw", timeout_s: float = 10.0) -> sqlite3.Connection:
    """Open an existing file for maintenance, in autocommit mode."""
    connection = sqlite3.connect(
        sqlite_uri(path, mode=mode),
        uri=True,
        isolation_level=None,
        timeout=timeout_s,
        check_same_thread=False,
    )
    # Checking and packing a file compare the keys of its indexes.
    register_collations(connection)
    return connection


def create_file(path: Path, label: Label) -> None:
    """Make a new, empty database file with this label.

    It appears under its name complete or not at all. Raises StorageError #78 when the file exists, #76 when
    the directory is closed to us.
    """
    if path.exists():
        raise StorageError(78, str(path))
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.unlink(missing_ok=True)
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o660))
        with contextlib.closing(open_file(temporary)) as connection:
            connection.execute(f"PRAGMA page_size = {label.block_size}")
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"CREATE TABLE {_LABEL_TABLE} (name TEXT PRIMARY KEY, value) WITHOUT ROWID")
            _write_label(connection, label)
            connection.execute("PRAGMA journal_mode = WAL")
        os.link(temporary, path)
    except FileExistsError:
        raise StorageError(78, str(path)) from None
    except OSError as exc:
        raise StorageError(76, f"{path} ({exc.strerror})") from exc
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def inspect_file(path: Path) -> Label:
    """Check that ``path`` is an undamaged database of ours, and return its label.

    Raises StorageError: #26 missing, #76 not ours to read, #36 foreign, of another format, truncated or
    damaged; the detail says which.
    """
    if not path.exists():
        raise StorageError(26, f"no {path.name} in {path.parent}{os.sep}")
    if not path.is_file():
        raise StorageError(36, f"{path} is not a file")
    if not may_read(path):
        raise StorageError(76, str(path))
    _check_header(path)
    writable = may_write(path) and may_change_directory(path.parent)
    try:
        with contextlib.closing(open_file(path) if writable else _open_read_only(path)) as connection:
            label = _read_label(connection, path)
            if path.stat().st_size <= CHECKED_BYTES:
                first = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                if first != "ok":
                    raise StorageError(36, f"{path} is damaged: {first.splitlines()[-1]}")
    except sqlite3.DatabaseError as exc:
        raise StorageError(36, f"{path} is damaged: {exc}") from exc
    return label


def change_label(connection: sqlite3.Connection, label: Label) -> None:
    """Write the label of the open database."""
    _write_label(connection, label)


def _open_read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        sqlite_uri(path, mode="ro") + "&immutable=1", uri=True, isolation_level=None, check_same_thread=False
    )
    register_collations(connection)
    return connection


def _check_header(path: Path) -> None:
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
        size = file.seek(0, os.SEEK_END)
    if not header.startswith(_SQLITE_MAGIC):
        wanted = "is empty" if not size else "is no database of this stand-in"
        raise StorageError(36, f"{path} {wanted}")
    if len(header) < _HEADER_BYTES:
        raise StorageError(36, f"{path} is truncated after {size} bytes")
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        raise StorageError(36, f"{path} is an SQLite file, but no database of this stand-in")
    found = int.from_bytes(header[60:64], "big")
    if found != FORMAT:
        raise StorageError(36, f"{path} has format {found}, this stand-in uses format {FORMAT}")
    page_size = int.from_bytes(header[16:18], "big")
    page_size = 65536 if page_size == 1 else page_size
    pages = int.from_bytes(header[28:32], "big")
    count_is_valid = header[24:28] == header[92:96]
    wal = path.with_name(path.name + "-wal")
    unfinished = wal.exists() and wal.stat().st_size > 0
    if count_is_valid and not unfinished and size < page_size * pages:
        raise StorageError(36, f"{path} is truncated: {size} bytes of {page_size * pages}")


def _read_label(connection: sqlite3.Connection, path: Path) -> Label:
    try:
        rows = dict(connection.execute(f"SELECT name, value FROM {_LABEL_TABLE}"))
    except sqlite3.OperationalError as exc:
        raise StorageError(36, f"{path} has no label: {exc}") from exc
    label = Label()
    for name, kind in _FIELDS.items():
        if not isinstance(rows.get(name), kind):
            raise StorageError(36, f"{path} has an unreadable label: {name} is {rows.get(name)!r}")
        label = replace(label, **{name: rows[name]})
    return label


def _write_label(connection: sqlite3.Connection, label: Label) -> None:
    connection.executemany(
        f"INSERT OR REPLACE INTO {_LABEL_TABLE} (name, value) VALUES (?, ?)",
        [(name, getattr(label, name)) for name in _FIELDS],
    )
