"""All databases of a running server, by directory."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from iris_devtools.standin.storage.contents import Contents
from iris_devtools.standin.storage.database import Database, State
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import Label, create_file

__all__ = ["Databases"]


class Databases:
    """Finds the one Database object of each directory. Callable from any thread.

    A directory is written with or without a slash at the end; a relative one is taken below the manager's
    directory.
    """

    def __init__(
        self,
        manager: Path,
        *,
        owner: str,
        permanent: frozenset[Path],
        knows: Callable[[str], bool],
        renew: Callable[[sqlite3.Connection], bool] | None = None,
    ) -> None:
        self.contents = Contents()
        self._manager = manager
        self._owner = owner
        self._permanent = permanent
        self._knows = knows
        self._renew = renew
        self._lock = threading.Lock()
        self._known: dict[Path, Database] = {}

    def path(self, directory: str | Path) -> Path:
        """Return the normal form of a directory; raises StorageError #5007 for an empty or impossible one."""
        text = str(directory)
        if not text or "\0" in text:
            raise StorageError(5007, text.replace("\0", "\\0"))
        return Path(os.path.normpath(self._manager / text))

    def at(self, directory: str | Path) -> Database:
        """Return the database of a directory, whether a file is there or not."""
        path = self.path(directory)
        with self._lock:
            database = self._known.get(path)
            if database is None:
                database = Database(
                    path,
                    owner=self._owner,
                    permanent=path in self._permanent,
                    knows=self._knows,
                    contents=self.contents,
                    renew=self._renew,
                )
                self._known[path] = database
            return database

    def existing(self, directory: str | Path) -> Database:
        """Return the database of a directory; raises StorageError #41 without directory, #57 without
        IRIS.DAT.
        """
        database = self.at(directory)
        if not database.directory.is_dir():
            raise StorageError(41, database.name)
        if not database.path.exists() and database.state is not State.MOUNTED:
            raise StorageError(57, database.name)
        return database

    def create(self, directory: str | Path, label: Label) -> Database:
        """Make a database file in an existing directory and mount it.

        Raises StorageError #41 without directory, #60 or #78 when IRIS.DAT is there, mounted or not; it is
        left as it is.
        """
        database = self.at(directory)
        if not database.directory.is_dir():
            raise StorageError(41, database.name)
        if database.state is State.MOUNTED:
            raise StorageError(60, database.name)
        create_file(database.path, label)
        database.mount()
        return database

    def mounted(self) -> tuple[Database, ...]:
        """Return the databases that are mounted at this moment."""
        return tuple(d for d in self.known() if d.state is State.MOUNTED)

    def known(self) -> tuple[Database, ...]:
        """Return every database that was used since the server started, sorted by directory."""
        with self._lock:
            return tuple(self._known[path] for path in sorted(self._known))

    def number(self, database: Database) -> int:
        """Return the system file number, counted in the order of first use; it may differ after a restart."""
        with self._lock:
            return list(self._known.values()).index(database)
