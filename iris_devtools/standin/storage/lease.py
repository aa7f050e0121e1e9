"""A session's hold on the one or two databases of its namespace, as one SQLite connection."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.storage.connection import LeasedConnection, connect
from iris_devtools.standin.storage.database import Database
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import sqlite_uri

__all__ = ["NamespaceLease", "Prepare"]

Prepare = Callable[[sqlite3.Connection, str], None]
"""Called with each new connection and its code schema: registers functions and collations, makes temporary
views.
"""

_INTERRUPT_EVERY_S = 0.02


class NamespaceLease:
    """One session's connection to a namespace.

    ``main`` of the connection is the globals database. Definitions live in the schema ``code_schema``:
    ``main`` when one database holds both, else ``code``. Whoever uses the connection holds ``lock`` for as
    long as one statement takes, and calls check() after taking it. A dismount of one of the databases takes
    the lock too, then rolls back and closes: the lease is dead from then on, until renew().
    """

    def __init__(
        self,
        namespace: str,
        *,
        data: Database,
        code: Database,
        prepare: Prepare | None = None,
        busy_timeout_s: float = 10.0,
        synchronous: str = "NORMAL",
    ) -> None:
        """Open; raises StorageError when a database cannot be mounted (iris-facts 2.4)."""
        self.namespace = namespace
        self.data = data
        self.code = code
        self.lock = threading.RLock()
        self._prepare = prepare
        self._busy_timeout_s = busy_timeout_s
        self._synchronous = synchronous
        self._connection: LeasedConnection | None = None
        self._gone: Database | None = None
        self._closed = False
        with self.lock:
            self._open()

    def __repr__(self) -> str:
        state = "closed" if self._closed else "dismounted" if self._gone else "open"
        return f"<NamespaceLease {self.namespace} {state}>"

    @property
    def code_schema(self) -> str:
        """The SQLite schema that holds the definitions."""
        return "main" if self.code is self.data else "code"

    @property
    def read_only(self) -> bool:
        """Whether the rows cannot be written (a write fails as ``<PROTECT>``)."""
        return self.data.read_only

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection; raises as check() does when there is none any more."""
        self.check()
        assert self._connection is not None
        return self._connection

    def is_on(self, connection: sqlite3.Connection) -> bool:
        """Tell whether this is the present connection, and no database is being dismounted."""
        return connection is self._connection and self._gone is None

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open; answers from any thread, also while the lease is being closed."""
        connection = self._connection
        try:
            return connection is not None and connection.in_transaction
        except sqlite3.ProgrammingError:
            return False

    def check(self) -> None:
        """Raise ObjectScriptError ``<DIRECTORY>`` when one of the databases was dismounted."""
        gone = self._gone
        if gone is not None:
            raise ObjectScriptError("DIRECTORY", f" *{gone.name}")
        if self._connection is None:
            raise ObjectScriptError("DIRECTORY", f" *{self.data.name}")

    def renew(self) -> bool:
        """Open again after a dismount and a new mount; return whether the connection is a new one.

        Everything prepared on the old connection is void. Raises StorageError while a database is not
        mounted.
        """
        with self.lock:
            if self._gone is None or self._closed:
                return False
            self._open()
            return True

    def interrupt(self) -> None:
        """Break off the statement that runs at this moment, if any; callable from any thread."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(sqlite3.ProgrammingError):  # closed a moment ago
                connection.interrupt()

    def condemn(self, database: Database) -> None:
        """Refuse new uses from now on, because ``database`` is being dismounted; a running statement goes
        on.
        """
        self._gone = database

    def try_stop(self, database: Database, *, wait_s: float) -> bool:
        """Roll back and close, if the running statement ends within ``wait_s``; tell whether it did."""
        if not self.lock.acquire(timeout=wait_s):
            return False
        try:
            self._gone = database  # again: an opening that was under way has cleared it
            self._disconnect()
        finally:
            self.lock.release()
        self._release()
        return True

    def close(self) -> None:
        """Roll back and give everything back, after a running statement; calling it again does nothing."""
        with self.lock:
            self._closed = True
            self._disconnect()
        self._release()

    def break_off(self) -> None:
        """Close without waiting for a running statement to end by itself: it is interrupted."""
        self._closed = True
        while not self.lock.acquire(timeout=_INTERRUPT_EVERY_S):
            self.interrupt()
        try:
            self._disconnect()
        finally:
            self.lock.release()
        self._release()

    def _open(self) -> None:
        self._disconnect()
        self.data.adopt(self)
        try:
            self.code.adopt(self)
            self._connection = self._connect()
            self._gone = None
        except BaseException:
            self._disconnect()
            self._release()
            raise

    def _connect(self) -> LeasedConnection:
        connection: LeasedConnection | None = None
        try:
            connection = connect(
                self.data.path, read_only=self.data.read_only, busy_timeout_s=self._busy_timeout_s
            )
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute("PRAGMA recursive_triggers = ON")
            if self.code is not self.data:
                mode = "ro" if self.code.read_only else "rw"
                uri = sqlite_uri(self.code.path, mode=mode) + ("&immutable=1" if mode == "ro" else "")
                connection.execute("ATTACH DATABASE ? AS code", (uri,))
                connection.execute(f"PRAGMA code.synchronous = {self._synchronous}")
            if self._prepare is not None:
                self._prepare(connection, self.code_schema)
        except BaseException as exc:
            if connection is not None:
                connection.close()
            if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
                raise StorageError(36, f"{self.data.name} ({exc})") from exc
            raise
        return connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        try:
            if connection.in_transaction:
                connection.rollback()
        finally:
            connection.close()

    def _release(self) -> None:
        self.data.release(self)
        self.code.release(self)
