"""Transactions and savepoints as IRIS has them, on a SQLite connection (iris-sql 10, wire-protocol 11)."""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.workplace import Workplace

__all__ = ["LEVEL_LIMIT", "Transactions"]

LEVEL_LIMIT = 255
_STATEMENT = '"%statement"'
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.001, 0.01


@dataclass(frozen=True)
class _Savepoint:
    name: str
    """In upper case; ``""`` for a level that tStart opened."""
    sqlite_name: str


class Transactions:
    """The transaction of one session.

    IRIS opens a transaction with the first write (autocommit off) or with START TRANSACTION; SQLite's
    begins with the first write, for it locks out all other writers. Reads run outside, and see what was
    committed last. All methods but the properties want the lease's lock held once, and nothing more of it.
    """

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._open = False
        self._savepoints: list[_Savepoint] = []
        self._numbers = itertools.count(1)
        self._lost = False
        self._ended: list[Callable[[], None]] = []

    def when_ended(self, hook: Callable[[], None]) -> None:
        """Call ``hook`` whenever a transaction has ended, committed or not."""
        self._ended.append(hook)

    @property
    def level(self) -> int:
        """``$TLEVEL``."""
        return 1 + len(self._savepoints) if self._open else 0

    def lose(self) -> None:
        """Note that the connection is gone; statements fail until the client ends the transaction it
        believes in."""
        self._lost = self._lost or self._open
        self._savepoints.clear()
        self._show()

    def forget(self) -> None:
        """Note that the client knows that its transaction is gone."""
        self._reset()

    def check(self, place: Workplace) -> None:
        """Raise ``<DIRECTORY>`` when the transaction was lost with a dismounted database."""
        if self._lost:
            raise ObjectScriptError(
                "DIRECTORY", f" *{place.lease.data.name} (the transaction was rolled back)"
            )

    def start(self) -> None:
        """Open a transaction; inside one nothing happens."""
        self._open = True
        self._show()

    def start_level(self, place: Workplace) -> None:
        """Open a transaction, or one more level of it, as TSTART does."""
        if self._open:
            self._push(place, "")
        else:
            self.start()

    def commit(self, place: Workplace) -> None:
        """Commit; nothing happens outside a transaction. A commit that fails has rolled back."""
        self.check(place)
        connection = place.connection
        if connection.in_transaction:
            try:
                connection.execute("COMMIT")
            except sqlite3.Error:
                self.rollback(place)
                raise
            place.dictionary.committed()
        self._reset()

    def commit_level(self, place: Workplace) -> None:
        """Close the innermost level; the outermost commits. Raises ``<COMMAND>`` outside a transaction."""
        if not self._open:
            raise ObjectScriptError("COMMAND")
        if self._savepoints:
            self._savepoints.pop()
            self._show()
        else:
            self.commit(place)

    def rollback(self, place: Workplace) -> None:
        """Undo everything; nothing happens outside a transaction."""
        connection = place.connection
        if connection.in_transaction:
            connection.execute("ROLLBACK")
            place.dictionary.invalidate()
        self._reset()

    def rollback_level(self, place: Workplace) -> None:
        """Undo the innermost level."""
        if self._savepoints:
            self._rollback_to(place, len(self._savepoints) - 1)
        else:
            self.rollback(place)

    def savepoint(self, place: Workplace, name: str) -> None:
        """Set a savepoint; one of the same name is hidden until the new one is gone."""
        if name.upper().startswith("SYS"):
            raise SQLError(-302, f"Savepoint names beginning with 'SYS' are reserved: '{name}'")
        self._push(place, name.upper())

    def rollback_to(self, place: Workplace, name: str) -> None:
        """Undo what came after a savepoint, and delete it with all later ones.

        An unknown one undoes the whole transaction and raises SQLCODE -375.
        """
        wanted = name.upper()
        for index in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[index].name == wanted:
                self._rollback_to(place, index)
                return
        self.rollback(place)
        raise SQLError(-375, f"Cannot ROLLBACK to unestablished savepoint '{name}'")

    @contextlib.contextmanager
    def writing(
        self, place: Workplace, *, what: str, steps: int, alone_commits: bool = False
    ) -> Iterator[None]:
        """Run one statement that writes: all of it or nothing.

        It opens a transaction when there is none; with autocommit that one ends with the statement, and so
        it does with ``alone_commits``, for what is not SQL and so knows no commit mode. After a failure the
        transaction is as it was before the statement. Waits for other writers up to the lock timeout, then
        raises SQLCODE -110; ``what`` is for its text.
        """
        connection = place.connection
        alone = not connection.in_transaction
        if alone:
            self._begin(place, what)
        # One SQLite statement undoes itself when it fails; several need a savepoint.
        nested = not alone and steps > 1
        if nested:
            connection.execute(f"SAVEPOINT {_STATEMENT}")
        try:
            yield
            if nested:
                connection.execute(f"RELEASE {_STATEMENT}")
            if not self._open and (alone_commits or self._state.autocommit):
                self.commit(place)
            else:
                self.start()
        except BaseException:
            self._undo(place, alone=alone, nested=nested)
            raise

    def _undo(self, place: Workplace, *, alone: bool, nested: bool) -> None:
        connection = place.connection
        if not connection.in_transaction:
            # SQLite gives up the whole transaction for a full disk and its like.
            if not alone:
                self.lose()
        elif alone:
            connection.execute("ROLLBACK")
        elif nested:
            connection.execute(f"ROLLBACK TO {_STATEMENT}")
            connection.execute(f"RELEASE {_STATEMENT}")
        place.dictionary.invalidate()

    def _begin(self, place: Workplace, what: str) -> None:
        deadline = time.monotonic() + self._state.lock_timeout_s
        pause = _FIRST_PAUSE_S
        while True:
            try:
                place.connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if not _is_busy(error):
                    raise
                if time.monotonic() >= deadline:
                    raise SQLError(-110, f"Unable to acquire lock for {what}") from error
            # Nobody else may have to wait for this lease while this session waits for another one.
            place.lease.lock.release()
            try:
                time.sleep(pause)
            finally:
                place.lease.lock.acquire()
            place.lease.check()
            pause = min(pause * 2, _LONGEST_PAUSE_S)
        for savepoint in self._savepoints:
            place.connection.execute(f"SAVEPOINT {savepoint.sqlite_name}")

    def _push(self, place: Workplace, name: str) -> None:
        self.check(place)
        if self.level >= LEVEL_LIMIT:
            raise SQLError(-400, "<TRANSACTION LEVEL>")
        self._open = True
        savepoint = _Savepoint(name, f'"%savepoint {next(self._numbers)}"')
        # Without a SQLite transaction there is nothing to come back to yet: the first write sets all
        # savepoints.
        if place.connection.in_transaction:
            place.connection.execute(f"SAVEPOINT {savepoint.sqlite_name}")
        self._savepoints.append(savepoint)
        self._show()

    def _rollback_to(self, place: Workplace, index: int) -> None:
        savepoint = self._savepoints[index]
        if place.connection.in_transaction:
            place.connection.execute(f"ROLLBACK TO {savepoint.sqlite_name}")
            place.connection.execute(f"RELEASE {savepoint.sqlite_name}")
            place.dictionary.invalidate()
        del self._savepoints[index:]
        self._show()

    def _reset(self) -> None:
        self._open = False
        self._lost = False
        self._savepoints.clear()
        self._show()
        for hook in self._ended:
            hook()

    def _show(self) -> None:
        if self._state.process is not None:
            self._state.process.transaction_level = self.level


def _is_busy(error: sqlite3.OperationalError) -> bool:
    return "locked" in str(error) or "busy" in str(error)
