"""Globals and locks of the native API, on a session's workplace and in its transaction (wire-protocol 10)."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.globals.locks import LockName
from iris_devtools.standin.globals.store import GlobalStore, Value
from iris_devtools.standin.globals.subscripts import node_key
from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.session.transactions import Transactions
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.values import Argument, ByRef, Undefined
from iris_devtools.standin.wire.handler import NativeCall, NativeKind, NextNode

__all__ = ["GlobalCalls", "LockCalls"]

_PREVIOUS = 4
"""Bit of the mode of nextSubscript; without it the next one is wanted."""


class GlobalCalls:
    """What a session does with globals.

    Outside a transaction each change is committed at once, whatever SQL's commit mode is; inside one it is
    part of it, increments too (IRIS does not undo those, iris-sql 10).
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._verbs: dict[NativeKind, Callable[[Workplace, NativeCall], Argument | NextNode]] = {
            NativeKind.GLOBAL_GET: self._get,
            NativeKind.GLOBAL_SET: self._set,
            NativeKind.GLOBAL_KILL: self._kill,
            NativeKind.GLOBAL_DEFINED: self._defined,
            NativeKind.GLOBAL_INCREMENT: self._increment,
            NativeKind.GLOBAL_NEXT: self._next,
        }

    def knows(self, kind: NativeKind) -> bool:
        """Tell whether a call concerns globals."""
        return kind in self._verbs

    def call(self, place: Workplace, call: NativeCall) -> Argument | NextNode:
        """Do a call and return its result; the caller holds the lease's lock. Raises ObjectScriptError."""
        self._transactions.check(place)
        with _reported(place):
            return self._verbs[call.kind](place, call)

    def names(self, place: Workplace) -> list[str]:
        """Return the names of the globals that there are; the caller holds the lease's lock."""
        self._transactions.check(place)
        with _reported(place):
            return GlobalStore(place.connection).names()

    def _get(self, place: Workplace, call: NativeCall) -> Argument:
        return _answer(GlobalStore(place.connection).get(to_text(call.target), _subscripts(call)))

    def _set(self, place: Workplace, call: NativeCall) -> Argument:
        with self._writing(place, call):
            GlobalStore(place.connection).set(to_text(call.target), _subscripts(call), _value(call))
        return None

    def _kill(self, place: Workplace, call: NativeCall) -> Argument:
        with self._writing(place, call):
            GlobalStore(place.connection).kill(to_text(call.target), _subscripts(call))
        return None

    def _defined(self, place: Workplace, call: NativeCall) -> Argument:
        return GlobalStore(place.connection).defined(to_text(call.target), _subscripts(call))

    def _increment(self, place: Workplace, call: NativeCall) -> Argument:
        with self._writing(place, call):
            return _answer(
                GlobalStore(place.connection).increment(to_text(call.target), _subscripts(call), _value(call))
            )

    def _next(self, place: Workplace, call: NativeCall) -> NextNode:
        subscripts = _subscripts(call)
        if not subscripts:
            raise ObjectScriptError("SUBSCRIPT", " *nextSubscript wants one subscript or more")
        reverse = bool(to_integer(call.extra[0] if call.extra else 0) & _PREVIOUS)
        found = GlobalStore(place.connection).next(to_text(call.target), subscripts, reverse=reverse)
        if found is None:
            return NextNode(None, Undefined())
        return NextNode(found.subscript, _answer(found.value))

    def _writing(self, place: Workplace, call: NativeCall) -> contextlib.AbstractContextManager[None]:
        what = f"{call.kind.value} of global ^{to_text(call.target).lstrip('^')}"
        return self._transactions.writing(place, what=what, steps=2, alone_commits=True)


class LockCalls:
    """What a session does with the lock table.

    Locks are counted. Inside a transaction an unlock takes effect at its end, unless its mode says ``I``.
    """

    def __init__(self, process: Process, transactions: Transactions) -> None:
        self._process = process
        self._transactions = transactions
        self._deferred: list[tuple[LockName, bool]] = []
        transactions.when_ended(self._release_deferred)

    def lock(self, call: NativeCall) -> int:
        """Take a lock; raises ObjectScriptError ``<TIMEOUT>`` when others hold it too long."""
        name, shared, _ = self._lock_of(call)
        timeout_s = max(0, to_integer(call.extra[1]) if len(call.extra) > 1 else 0)
        process = self._process
        granted = process.instance.locks.acquire(
            name, process.pid, shared=shared, timeout_s=timeout_s, gone=lambda: process.terminated
        )
        if not granted:
            raise ObjectScriptError("TIMEOUT", f" *{to_text(call.target)}")
        return 1

    def unlock(self, call: NativeCall) -> None:
        """Give a lock back once; one that is not held is ignored."""
        name, shared, mode = self._lock_of(call)
        if self._transactions.level and "I" not in mode:
            self._deferred.append((name, shared))
        else:
            self._process.instance.locks.release(name, self._process.pid, shared=shared)

    def unlock_all(self) -> None:
        """Give back all locks of the process."""
        self._deferred.clear()
        self._process.instance.locks.release_all(self._process.pid)

    def _lock_of(self, call: NativeCall) -> tuple[LockName, bool, str]:
        mode = to_text(call.extra[0]).upper() if call.extra else ""
        subscripts = _subscripts(call)
        node_key(subscripts)
        name = to_text(call.target)
        if not name.lstrip("^"):
            raise ObjectScriptError("SYNTAX", " *a lock without a name")
        return LockName(self._process.lease.data.name, name, tuple(subscripts)), "S" in mode, mode

    def _release_deferred(self) -> None:
        deferred, self._deferred = self._deferred, []
        for name, shared in deferred:
            self._process.instance.locks.release(name, self._process.pid, shared=shared)


def _subscripts(call: NativeCall) -> Sequence[str]:
    return [_text(argument) for argument in call.arguments]


def _text(argument: Argument) -> str:
    # The client's "\0" arrives as the SQL empty string; the empty string itself as NULL.
    if isinstance(argument, ByRef):
        argument = argument.value
    return "\0" if argument == "" else to_text(argument)


def _value(call: NativeCall) -> Value:
    value = call.extra[0] if call.extra else None
    if isinstance(value, ByRef):
        value = value.value
    return value if isinstance(value, (int, float, Decimal)) else _text(value)


def _answer(value: Value | None) -> Argument:
    """Return a value for the client, who knows the empty string as NULL and no value as an undefined item."""
    if value is None:
        return Undefined()
    return None if value == "" else value


@contextlib.contextmanager
def _reported(place: Workplace) -> Iterator[None]:
    directory = place.lease.data.name
    try:
        yield
    except sqlite3.Error as error:
        text = str(error)
        for words, name in (("readonly", "PROTECT"), ("full", "FILEFULL"), ("malformed", "DATABASE")):
            if words in text:
                raise ObjectScriptError(name, f" *{directory}") from error
        place.lease.check()
        raise ObjectScriptError("SYSTEM", f" *{directory} ({text})") from error
