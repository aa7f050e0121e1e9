"""One test and the database that it was lent: on which rung, what it did there, and how it is given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

from iris_devtools.pools import take_back
from iris_devtools.servers.server import Server
from iris_devtools.testing.isolation import rolled_back, session_for_tests
from iris_devtools.testing.ladder import Climb, Wish
from iris_devtools.testing.traces import Trace, traced, untraced
from iris_devtools.testing.witness import State, Witness
from iris_devtools.urls import IrisUrl

__all__ = ["Lent", "Place", "Restorer"]


class Restorer(Protocol):
    """What brings a namespace back to its snapshot."""

    def __call__(self, *, schema_changed: bool) -> None:
        """Restore; nobody of this process is connected. ``schema_changed`` is true when it may have."""


class Place:
    """A namespace that many tests use one after the other, and what is known of its state.

    Between two tests it holds the snapshot and nothing else: :meth:`clean` proves that, or restores it.
    """

    def __init__(
        self,
        url: IrisUrl,
        *,
        engine: Engine,
        server: Server,
        witness: Witness | None,
        restore: Restorer,
        finish: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url
        self.engine = engine
        self.server = server
        self.trace = traced(Trace(url))
        self.restored = 0
        self.skipped = 0
        self._witness = witness
        self._restore = restore
        self._finish = finish
        self._clean_state = self._look()
        self._lost = False

    def written_by_others(self) -> bool:
        """Tell whether the witness saw a write since the namespace was clean; False without a witness."""
        return self._witness is not None and self._look() != self._clean_state

    def begin(self) -> None:
        """Make the namespace ready for a test: restored, if anything was written since the last one.

        Raises:
            IrisDevtoolsError: it could not be restored.
        """
        if self._dirty():
            self.clean(proof=False)
        self.trace.start()

    def clean(self, *, proof: bool) -> bool:
        """Restore the namespace if it is dirty, and tell whether that was done.

        With ``proof`` it is restored also when there is no witness to say that it is clean.

        Raises:
            IrisDevtoolsError: it could not be restored. The next call tries again.
        """
        unproven = proof and self._witness is None
        if not (self._dirty() or unproven):
            self.skipped += 1
            self.trace.start()
            return False
        # Without a statement that explains the write, it may have been one that changes tables.
        schema_changed = bool(self._lost or self.trace.ddl or not self.trace.dirty)
        self._lost = True
        self.engine.dispose()
        self._restore(schema_changed=schema_changed)
        self._lost = False
        self.restored += 1
        self._clean_state = self._look()
        self.trace.start()
        return True

    def close(self) -> None:
        """Close the connections of the engine, watch no longer, and expect no restore."""
        untraced(self.trace)
        self.engine.dispose()
        self._finish()

    def _dirty(self) -> bool:
        return self._lost or self.trace.dirty or self.written_by_others()

    def _look(self) -> State | None:
        return self._witness.look() if self._witness is not None else None


class Lent:
    """A database in the hands of one test; ``own`` is the connection that it was lent last, if any."""

    def __init__(self, place: Place, wish: Wish, *, give_back: Callable[[], bool] | None = None) -> None:
        self.place = place
        self.wish = wish
        self.in_transaction = False
        self.own: Connection | None = None
        self._give_back = give_back

    @property
    def url(self) -> IrisUrl:
        """Return where it is."""
        return self.place.url

    @property
    def engine(self) -> Engine:
        """Return its engine; real commits, on every rung."""
        return self.place.engine

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection: on the rung ``rollback`` in a transaction that is rolled back at the end."""
        if self.wish.rung != "rollback":
            with self.engine.connect() as connection:
                self.own = connection
                yield connection
            return
        trace = self.place.trace
        with rolled_back(self.engine, server=self.place.server, trace=trace) as connection:
            self.in_transaction = True
            self.own = connection
            yield connection

    @contextmanager
    def session(self, connection: Connection) -> Iterator[Session]:
        """Lend a session on the connection; its commits are real except on the rung ``rollback``."""
        if self.wish.rung == "rollback":
            with session_for_tests(connection) as session:
                yield session
        else:
            # By default a session would not commit what the connection has begun before it.
            with Session(bind=connection, join_transaction_mode="control_fully") as session:
                yield session

    def climb(self) -> Climb | None:
        """Return the rung that the test should have had, seen at its end; None when this one is right."""
        trace = self.place.trace
        if self.wish.rung == "rollback":
            reason = self._beyond_rollback()
            if reason is None:
                return None
            rung = "namespace" if trace.ddl else "restore"
            # Without a transaction of its own, the test worked on a clean database with real commits.
            return Climb(rung, reason, valid=not self.in_transaction)
        if self.wish.rung == "restore" and trace.ddl:
            return Climb("namespace", f"it changes the schema: {trace.ddl}", valid=True)
        return None

    def give_back(self) -> bool:
        """Leave the namespace as the next test wants it; tell whether it had to be restored for that.

        Connections that the test left open are closed: the next one may need them all.
        """
        take_back(self.engine)
        if self._give_back is not None:
            return self._give_back()
        return self.place.clean(proof=self.wish.rung != "rollback")

    def _beyond_rollback(self) -> str | None:
        trace = self.place.trace
        if trace.ddl:
            return f"it changes the schema: {trace.ddl}"
        if trace.committed:
            return f"another connection than the test's own committed: {trace.committed}"
        if trace.pending:
            return f"another connection than the test's own writes: {trace.pending}"
        if trace.beside:
            return f"a second connection is used, which is not in the test's transaction: {trace.beside}"
        if self.place.written_by_others():
            return "something wrote to its namespace without an engine of SQLAlchemy"
        if trace.commit_refused and self.wish.automatic:
            # Nothing is wrong with the database; but what was tested was our refusal.
            return "it commits on iris_connection"
        return None
