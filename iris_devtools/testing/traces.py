"""What a test does to a namespace through SQLAlchemy, seen by the events of every engine of this process."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import Connection, Engine, event

from iris_devtools.urls import IrisUrl

__all__ = ["Trace", "kind_of", "traced", "untraced"]

_READS = frozenset({"SELECT", "WITH", "EXPLAIN", "SHOW", "VALUES", "DECLARE", "FETCH"})
_DDL = frozenset({"CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "TUNE", "BUILD", "RENAME", "COMMENT"})
_CONTROL = frozenset({"START", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "SET", "USE", "PURGE", "RELEASE"})
_FIRST_WORD = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*([A-Za-z]+)", re.DOTALL)


def kind_of(statement: str) -> str:
    """Return ``read``, ``write``, ``ddl`` or ``control``; a statement that is not known may write."""
    match = _FIRST_WORD.match(statement)
    word = match.group(1).upper() if match else ""
    if word in _READS:
        return "read"
    if word in _DDL:
        return "ddl"
    return "control" if word in _CONTROL else "write"


class Trace:
    """Record what happens on one namespace while one test has it.

    ``own`` is the connection in whose transaction the test works, if it works in one. Every other connection
    that writes is noted until it rolls back or commits.
    """

    def __init__(self, url: IrisUrl) -> None:
        self.url = url
        self.start()

    def start(self, own: Connection | None = None) -> None:
        """Forget everything, for the next test."""
        self._own: Any = None
        self.own_wrote = False
        self.commit_refused = False
        self.committed: str | None = None
        self.ddl: str | None = None
        self.beside: str | None = None
        self._pending: dict[int, str] = {}
        if own is not None:
            self.owned_by(own)

    def owned_by(self, connection: Connection) -> None:
        """Tell which connection holds the transaction of the test."""
        self._own = connection.connection.dbapi_connection

    @property
    def pending(self) -> str | None:
        """Return a statement of another connection whose transaction is still open."""
        return next(iter(self._pending.values()), None)

    @property
    def dirty(self) -> bool:
        """Tell whether anything was, or may have been, written that a rollback of the test does not undo."""
        return bool(self.committed or self.ddl or self._pending)

    def saw(self, connection: Connection, statement: str) -> None:
        """Take note of a statement that is about to run."""
        kind = kind_of(statement)
        raw = connection.connection.dbapi_connection
        text = " ".join(statement.split())[:100]
        if kind == "ddl":
            self.ddl = self.ddl or text
        if self._own is not None and raw is self._own:
            self.own_wrote = self.own_wrote or kind == "write"
            return
        if self._own is not None and self.own_wrote and kind != "control":
            self.beside = self.beside or text
        if kind == "write":
            if _commits_by_itself(connection):
                self.committed = self.committed or text
            else:
                self._pending.setdefault(id(raw), text)

    def saw_commit(self, connection: Connection) -> None:
        """Take note of a commit."""
        raw = connection.connection.dbapi_connection
        if raw is self._own:
            return
        written = self._pending.pop(id(raw), None)
        self.committed = self.committed or written

    def saw_rollback(self, connection: Connection) -> None:
        """Take note of a rollback."""
        if not connection.closed and not connection.invalidated:
            self._pending.pop(id(connection.connection.dbapi_connection), None)


def traced(trace: Trace) -> Trace:
    """Let the trace see what engines do from now on."""
    if not event.contains(Engine, "before_cursor_execute", _before_execute):
        event.listen(Engine, "before_cursor_execute", _before_execute)
        event.listen(Engine, "commit", _on_commit)
        event.listen(Engine, "rollback", _on_rollback)
    _traces[_place(trace.url.host, trace.url.port, trace.url.namespace)] = trace
    return trace


def untraced(trace: Trace) -> None:
    """Let the trace see nothing more."""
    _traces.pop(_place(trace.url.host, trace.url.port, trace.url.namespace), None)


_traces: dict[tuple[str, int, str], Trace] = {}


def _place(host: str | None, port: int | None, namespace: str | None) -> tuple[str, int, str]:
    host = (host or "").lower()
    # Two names of one machine must not hide a connection.
    return ("127.0.0.1" if host == "localhost" else host, port or 0, (namespace or "").upper())


def _trace_of(connection: Connection) -> Trace | None:
    if connection.dialect.name != "iris":
        return None
    url = connection.engine.url
    return _traces.get(_place(url.host, url.port, url.database))


def _before_execute(
    conn: Connection,
    cursor: Any,  # noqa: ARG001
    statement: str,
    parameters: Any,  # noqa: ARG001
    context: Any,  # noqa: ARG001
    executemany: bool,  # noqa: ARG001, FBT001 - the names are SQLAlchemy's
) -> None:
    trace = _trace_of(conn)
    if trace is not None:
        trace.saw(conn, statement)


def _on_commit(conn: Connection) -> None:
    trace = _trace_of(conn)
    if trace is not None:
        trace.saw_commit(conn)


def _on_rollback(conn: Connection) -> None:
    trace = _trace_of(conn)
    if trace is not None:
        trace.saw_rollback(conn)


def _commits_by_itself(connection: Connection) -> bool:
    level = connection.get_execution_options().get("isolation_level")
    if level is None:
        level = getattr(connection.engine.dialect, "_on_connect_isolation_level", None)
    return str(level).upper() == "AUTOCOMMIT"
