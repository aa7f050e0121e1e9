"""A SQLite connection whose ``close`` really lets go of the file.

SQLite keeps a closed connection alive while a statement on it is unfinished, with its locks and its -wal
file. Python leaves such statements to their cursors, so a forgotten cursor would hold a dismounted IRIS.DAT
open. This connection knows its cursors and ends them first.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from iris_devtools.standin.storage.label import sqlite_uri

__all__ = ["LeasedConnection", "connect"]


class LeasedConnection(sqlite3.Connection):
    """A connection that ends all its cursors when it is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Return a cursor that this connection will end."""
        cursor = super().cursor(factory)
        self._cursors.add(cursor)
        return cursor

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement on a new cursor."""
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for each set of parameters on a new cursor."""
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.executemany(sql, parameters)

    def executescript(self, sql_script: str, /) -> sqlite3.Cursor:
        """Run several statements on a new cursor."""
        cursor: sqlite3.Cursor = self.cursor()
        return cursor.executescript(sql_script)

    def close(self) -> None:
        """End every cursor, roll back, and close the files."""
        for cursor in list(self._cursors):
            cursor.close()
        super().close()


def connect(path: Path, *, read_only: bool, busy_timeout_s: float) -> LeasedConnection:
    """Open an existing database file for a session: autocommit mode, usable from any thread."""
    uri = sqlite_uri(path, mode="ro") + "&immutable=1" if read_only else sqlite_uri(path)
    return sqlite3.connect(
        uri,
        uri=True,
        isolation_level=None,
        timeout=busy_timeout_s,
        check_same_thread=False,
        factory=LeasedConnection,
    )
