"""One logged-in client: the handler behind its connection."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence

from iris_devtools.standin.catalog.connection import prepare_connection
from iris_devtools.standin.errors import ObjectScriptError, SQLError, StandinError
from iris_devtools.standin.instance import ClientInfo, Instance, Process
from iris_devtools.standin.session.controls import Controls
from iris_devtools.standin.session.global_calls import GlobalCalls, LockCalls
from iris_devtools.standin.session.native import NativeCalls
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.statements import Statements
from iris_devtools.standin.session.transactions import Transactions
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.functions import register_functions
from iris_devtools.standin.storage.lease import NamespaceLease
from iris_devtools.standin.storage.live import ServerRows
from iris_devtools.standin.types import Code
from iris_devtools.standin.values import Argument, Scalar
from iris_devtools.standin.wire.handler import (
    Login,
    Marker,
    NativeCall,
    NativeKind,
    NextNode,
    Prepared,
    Procedure,
    Welcome,
)

__all__ = ["Session"]

_log = logging.getLogger(__name__)

_JDBC_READ_COMMITTED, _READ_COMMITTED = 2, 1
_ROW_ID = "%SYSTEM.SQL_GETROWID"
_BUSY_TIMEOUT_MS = 50
"""SQLite's own patience. Transactions waits for writers, and lets go of the lease meanwhile."""


class Session:
    """What one client may do, from its login to its end; implements :class:`~...wire.handler.Handler`.

    Used by the connection's thread. A dismount or a termination may take the connection away from it at any
    moment between two statements; the next statement then fails as on IRIS, or goes on when the database is
    mounted again.
    """

    def __init__(self, instance: Instance, *, hang_up: Callable[[], None], address: str = "") -> None:
        self._instance = instance
        self._hang_up = hang_up
        self._address = address
        self._state = SessionState(instance)
        self._transactions = Transactions(self._state)
        self._controls = Controls(instance, self._state, self._transactions)
        self._statements = Statements(self._state, self._transactions, self._controls)
        self._process: Process | None = None
        self._place: Workplace | None = None
        self._globals = GlobalCalls(self._transactions)
        self._native: NativeCalls | None = None
        self._locks: LockCalls | None = None

    def login(self, login: Login) -> Welcome:
        """Log in and enter the namespace; raises LoginRefused."""
        process = self._instance.open_process(
            login.username,
            login.password,
            namespace=login.namespace,
            client=ClientInfo(
                user=login.os_user,
                node=login.machine,
                application=login.application,
                address=login.address or self._address,
            ),
            prepare=self._furnish,
        )
        self._state.autocommit = login.autocommit
        # sqlalchemy-iris always sends 1, and its test suite finds READ UNCOMMITTED on a fresh connection.
        self._state.isolation = _READ_COMMITTED if login.isolation == _JDBC_READ_COMMITTED else 0
        self._begin(process)
        return Welcome(self._instance.version_text, process.pid, login.isolation)

    def enter(
        self, username: str, *, namespace: str, client: ClientInfo, password: str | None = None
    ) -> None:
        """Begin without a client on the wire, in autocommit mode; without a password on trust.

        Raises LoginRefused.
        """
        if password is None:
            process = self._instance.open_trusted_process(
                username, namespace=namespace, client=client, prepare=self._furnish
            )
        else:
            process = self._instance.open_process(
                username, password, namespace=namespace, client=client, prepare=self._furnish
            )
        self._state.autocommit = True
        self._begin(process)

    @property
    def process(self) -> Process:
        """The server process of this session; there is one after a login."""
        if self._process is None:
            raise RuntimeError("nobody has logged in")
        return self._process

    def _begin(self, process: Process) -> None:
        process.on_terminate = self._hang_up
        self._process = self._state.process = process
        self._native = NativeCalls(process)
        self._locks = LockCalls(process, self._transactions)
        _log.debug("process %d: %s entered %s", process.pid, process.username, process.namespace)

    def prepare(self, text: str, markers: tuple[Marker, ...]) -> Prepared:
        """Make a statement ready to run; raises SQLError."""
        with self._entered() as place:
            return self._statements.prepare(place, text, markers)

    def query(self, prepared: Prepared, values: Sequence[Scalar]) -> Sequence[Sequence[Scalar]]:
        """Run a query; raises SQLError or PrepareAgain."""
        with self._entered() as place:
            return self._statements.query(place, prepared, values)

    def update(self, prepared: Prepared, sets: Sequence[Sequence[Scalar]]) -> Sequence[int]:
        """Run anything else, all sets or none; raises SQLError or PrepareAgain."""
        with self._entered() as place:
            return self._statements.update(place, prepared, sets)

    def commit(self) -> None:
        """Commit; raises when a transaction was open and could not be committed."""
        if self._transactions.level:
            with self._entered() as place:
                self._transactions.commit(place)

    def rollback(self) -> None:
        """Undo everything."""
        try:
            with self._entered() as place:
                self._transactions.rollback(place)
        except ObjectScriptError:
            # The database is gone, and the transaction with it.
            self._transactions.forget()

    def set_autocommit(self, *, on: bool) -> None:
        """Set the mode of the statements to come; an open transaction stays open."""
        self._state.autocommit = on

    def procedure(self, name: str) -> Procedure:
        """Describe a stored function; the row id's is the only one. Raises SQLError -428."""
        if "".join(name.split()).upper() != _ROW_ID:
            raise SQLError(-428, f"Stored procedure '{name}' not found")
        return Procedure(name, int(Code.INTEGER), 10)

    def call(self, procedure: Procedure, values: Sequence[Scalar]) -> Scalar:  # noqa: ARG002 - it takes none
        """Return the row id of the row that was inserted last."""
        return self._state.last_identity

    def native(self, call: NativeCall) -> Argument | NextNode:
        """Do a native call; raises ObjectScriptError, and SQLError -110 when others write too long."""
        if self._native is None or self._locks is None:
            raise ObjectScriptError("PROTECT")
        if self._globals.knows(call.kind):
            with self._entered() as place:
                return self._globals.call(place, call)
        # Nothing of the lease is held while a lock is waited for.
        if call.kind is NativeKind.LOCK:
            return self._locks.lock(call)
        if call.kind is NativeKind.UNLOCK:
            self._locks.unlock(call)
            return None
        if call.kind is NativeKind.UNLOCK_ALL:
            self._locks.unlock_all()
            return None
        if call.kind in _TRANSACTION_CALLS:
            with self._entered() as place:
                return self._transaction_call(place, call.kind)
        # No lock is held here: a class method may dismount the very database that this session uses.
        return self._native.call(call)

    def global_names(self) -> list[str]:
        """Return the names of the globals of the namespace, without ``^``; raises ObjectScriptError."""
        with self._entered() as place:
            return self._globals.names(place)

    def failure(self, error: Exception) -> str:
        """Log an error that has no SQLCODE, and return the text for the client."""
        if isinstance(error, StandinError):
            _log.warning("%s", error)
            return str(error)
        _log.error("an unexpected error", exc_info=error)
        return SQLError(-400, f"Unexpected error occurred:  {type(error).__name__}: {error}").text()

    def close(self) -> None:
        """Roll back and end the process."""
        if self._native is not None:
            self._native.close()
        self._controls.close()
        process, self._process = self._process, None
        if process is not None:
            process.on_terminate = None
            process.close()
            _log.debug("process %d: ended", process.pid)

    def break_off(self) -> None:
        """End the process at once, from another thread: its client is gone, and its statement still runs."""
        process = self._process
        if process is not None:
            process.terminate()

    def _furnish(self, connection: sqlite3.Connection, code_schema: str) -> None:
        prepare_connection(connection, code_schema=code_schema, live=ServerRows(self._instance))
        register_functions(connection, self._state)
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")

    def _entered(self) -> _Entered:
        """Hold the lease's lock, on a connection that is there; raises ObjectScriptError ``<DIRECTORY>``."""
        return _Entered(self._process, self._furnished)

    def _furnished(self, lease: NamespaceLease) -> Workplace:
        place = self._place
        if place is not None and lease.is_on(place.connection):
            return place
        connection = self._connection(lease)
        if place is None or place.connection is not connection:
            place = self._place = Workplace.on(lease, queries=self._instance.cached_queries)
        return place

    def _connection(self, lease: NamespaceLease) -> sqlite3.Connection:
        try:
            return lease.connection
        except ObjectScriptError as gone:
            self._place = None
            self._transactions.lose()
            try:
                lease.renew()
            except StandinError:
                raise gone from None
            return lease.connection

    def _transaction_call(self, place: Workplace, kind: NativeKind) -> Argument:
        transactions = self._transactions
        if kind is NativeKind.LEVEL:
            return transactions.level
        _TRANSACTION_CALLS[kind](transactions, place)
        return None


class _Entered:
    """Holds a lease's lock for one request. A class, because each request pays for it."""

    __slots__ = ("_furnished", "_lock", "_process")

    def __init__(self, process: Process | None, furnished: Callable[[NamespaceLease], Workplace]) -> None:
        self._process = process
        self._furnished = furnished

    def __enter__(self) -> Workplace:
        process = self._process
        if process is None or process.terminated:
            raise ObjectScriptError("DIRECTORY", " *the process has ended")
        lease = process.lease
        self._lock = lease.lock
        self._lock.acquire()
        try:
            return self._furnished(lease)
        except BaseException:
            self._lock.release()
            raise

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_TRANSACTION_CALLS: dict[NativeKind, Callable[[Transactions, Workplace], None]] = {
    NativeKind.START: Transactions.start_level,
    NativeKind.COMMIT: Transactions.commit_level,
    NativeKind.ROLLBACK: Transactions.rollback,
    NativeKind.ROLLBACK_ONE: Transactions.rollback_level,
    NativeKind.LEVEL: lambda transactions, place: None,  # noqa: ARG005
}
