"""Globals, locks and transactions of a terminal session: those of the native API, in the same database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.terminal.arithmetic import is_canonical
from iris_devtools.standin.terminal.variables import NOTHING, Subscripts
from iris_devtools.standin.values import Argument, ObjectRef, Undefined
from iris_devtools.standin.wire.handler import NativeCall, NativeKind, NextNode

__all__ = ["GlobalNames", "GlobalVariables", "lock", "transaction", "unlock", "unlock_all"]

_PREVIOUS, _NEXT = 4, 0
_FOREVER_S = 10**9


class GlobalVariables:
    """The globals of the namespace that a session is in, or of another one."""

    def __init__(self, session: Session, namespace: str | None = None) -> None:
        self._session = session
        self._namespace = namespace

    def get(self, name: str, subscripts: Subscripts) -> Argument:
        """Return the value of a node; NOTHING when it has none."""
        found = self._call(NativeKind.GLOBAL_GET, name, subscripts)
        if isinstance(found, (Undefined, NextNode)):
            return NOTHING
        return "" if found is None else found

    def set(self, name: str, subscripts: Subscripts, value: Argument) -> None:
        """Give a node a value; an object is kept as the text of its reference."""
        self._call(NativeKind.GLOBAL_SET, name, subscripts, _as_number(value))

    def kill(self, name: str, subscripts: Subscripts) -> None:
        """Remove a node and its descendants."""
        self._call(NativeKind.GLOBAL_KILL, name, subscripts)

    def defined(self, name: str, subscripts: Subscripts) -> int:
        """Return $DATA."""
        found = self._call(NativeKind.GLOBAL_DEFINED, name, subscripts)
        return found if isinstance(found, int) else 0

    def next(self, name: str, subscripts: Subscripts, *, reverse: bool = False) -> str:
        """Return the subscript behind the last one given; empty at the end."""
        if not subscripts:
            raise ObjectScriptError("SYNTAX")
        found = self._call(NativeKind.GLOBAL_NEXT, name, subscripts, _PREVIOUS if reverse else _NEXT)
        return (found.subscript or "") if isinstance(found, NextNode) else ""

    def increment(self, name: str, subscripts: Subscripts, by: Argument) -> Argument:
        """Add to a node and return the sum, with no other session in between."""
        return self._call(NativeKind.GLOBAL_INCREMENT, name, subscripts, by)  # type: ignore[return-value]

    def _call(
        self, kind: NativeKind, name: str, subscripts: Subscripts, *extra: Argument
    ) -> Argument | NextNode:
        with self._there():
            return self._session.native(
                NativeCall(kind, name, arguments=[_sent(each) for each in subscripts], extra=extra)
            )

    @contextmanager
    def _there(self) -> Iterator[None]:
        process = self._session.process
        home = process.namespace
        if self._namespace is None or self._namespace.upper() == home.upper():
            yield
            return
        if process.transaction_level:
            raise ObjectScriptError("UNIMPLEMENTED", " *another namespace inside a transaction")
        process.enter(self._namespace)
        try:
            yield
        finally:
            process.enter(home)


class GlobalNames:
    """``^$GLOBAL``: which globals there are, each with its ``^``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, _name: str, _subscripts: Subscripts) -> Argument:
        """Return NOTHING: these nodes have no value."""
        return NOTHING

    def set(self, _name: str, _subscripts: Subscripts, _value: Argument) -> None:
        """Refuse: nobody writes these nodes."""
        raise ObjectScriptError("SYNTAX")

    def kill(self, _name: str, _subscripts: Subscripts) -> None:
        """Refuse: nobody removes these nodes."""
        raise ObjectScriptError("SYNTAX")

    def defined(self, _name: str, subscripts: Subscripts) -> int:
        """Return 10 for a global that is there: it has something below, and no value here."""
        return 10 * (not subscripts or subscripts[0] in self._names())

    def next(self, _name: str, subscripts: Subscripts, *, reverse: bool = False) -> str:
        """Return the name behind another; empty at the end."""
        (before,) = subscripts or ("",)
        names = sorted(self._names(), reverse=reverse)
        return next(
            (each for each in names if not before or (each < before if reverse else each > before)), ""
        )

    def _names(self) -> Sequence[str]:
        return [f"^{each}" for each in self._session.global_names()]


def lock(session: Session, name: str, subscripts: Subscripts, *, mode: str, timeout_s: float | None) -> bool:
    """Take a lock; return whether that went in time."""
    wait = _FOREVER_S if timeout_s is None else timeout_s
    call = NativeCall(
        NativeKind.LOCK, name, arguments=[_sent(each) for each in subscripts], extra=(mode, int(wait))
    )
    try:
        session.native(call)
    except ObjectScriptError as error:
        if error.name != "TIMEOUT":
            raise
        return False
    return True


def unlock(session: Session, name: str, subscripts: Subscripts, *, mode: str) -> None:
    """Give a lock back once."""
    session.native(
        NativeCall(NativeKind.UNLOCK, name, arguments=[_sent(each) for each in subscripts], extra=(mode,))
    )


def unlock_all(session: Session) -> None:
    """Give all locks back."""
    session.native(NativeCall(NativeKind.UNLOCK_ALL))


def transaction(session: Session, kind: NativeKind) -> None:
    """Do TSTART, TCOMMIT or a form of TROLLBACK."""
    session.native(NativeCall(kind))


def _as_number(value: Argument) -> Argument:
    """Return a canonical number as one, so that the driver gets a number and not its text."""
    if not isinstance(value, str) or not value:
        return _sent(value)
    if not is_canonical(value):
        return value
    return Decimal(value) if "." in value else int(value)


def _sent(value: Argument) -> Argument:
    # To the native API an empty string is None, and "" is the character 0.
    if isinstance(value, ObjectRef):
        return str(value)
    return None if value == "" else value
