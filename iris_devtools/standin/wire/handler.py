"""What a connection asks of whoever stands behind the wire, in values that know no bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any, Protocol

from iris_devtools.standin.values import Argument, Scalar

__all__ = [
    "Column",
    "Handler",
    "Login",
    "Marker",
    "NativeCall",
    "NativeKind",
    "NextNode",
    "PrepareAgain",
    "Prepared",
    "Procedure",
    "Welcome",
]

_LONGVARCHAR, _LONGVARBINARY = -1, -4

Marker = str | int
"""Where a parameter came from: ``"?"`` the caller; 10, 11 a number of the text, 4 a string, 0 a NULL."""


class PrepareAgain(Exception):
    """A kept statement is out of date: the client shall send its whole text again (wire-protocol 7.1)."""


@dataclass(frozen=True)
class Login:
    """What a client says of itself when it connects."""

    namespace: str
    username: str
    password: str = field(repr=False)
    os_user: str
    machine: str
    application: str
    address: str
    autocommit: bool
    isolation: int
    """In the numbers of JDBC: 1 READ UNCOMMITTED, 2 READ COMMITTED."""


@dataclass(frozen=True)
class Welcome:
    """What a client is told when it is let in."""

    banner: str
    job: int
    isolation: int


@dataclass(frozen=True)
class Column:
    """One column of a result, as the client is told of it."""

    name: str
    code: int
    precision: int = 0
    scale: int = 0
    nullable: bool = True
    label: str = ""
    table: str = ""
    schema: str = ""
    auto_increment: bool = False


@dataclass(frozen=True)
class Prepared:
    """A statement that is ready to run. ``columns`` is ``None`` for anything that is not a query.

    ``kept`` lets the client run it again without its text; the handler then raises :class:`PrepareAgain` when
    its columns have changed since. ``statement`` is the handler's own.
    """

    columns: tuple[Column, ...] | None
    parameter_count: int
    kept: bool
    statement: Any

    @cached_property
    def streams(self) -> tuple[int, ...]:
        """Where the columns are that go out as handles of streams."""
        codes = (_LONGVARCHAR, _LONGVARBINARY)
        return tuple(i for i, column in enumerate(self.columns or ()) if column.code in codes)


@dataclass(frozen=True)
class Procedure:
    """A stored function: it takes ``parameter_count`` values and returns one of the type ``code``."""

    name: str
    code: int
    precision: int
    parameter_count: int = 0


class NativeKind(Enum):
    """The calls of the native API (wire-protocol 10)."""

    CLASS_METHOD = "class method"
    METHOD = "method"
    GET_PROPERTY = "get property"
    SET_PROPERTY = "set property"
    FUNCTION = "function"
    PROCEDURE = "procedure"
    GLOBAL_GET = "get"
    GLOBAL_SET = "set"
    GLOBAL_KILL = "kill"
    GLOBAL_DEFINED = "isDefined"
    GLOBAL_INCREMENT = "increment"
    GLOBAL_NEXT = "nextSubscript"
    LOCK = "lock"
    UNLOCK = "unlock"
    UNLOCK_ALL = "releaseAllLocks"
    START = "tStart"
    COMMIT = "tCommit"
    ROLLBACK = "tRollback"
    ROLLBACK_ONE = "tRollbackOne"
    LEVEL = "getTLevel"


@dataclass(frozen=True)
class NativeCall:
    """One native call: the class, routine, global or object it concerns, the member, and the arguments.

    ``extra`` are the items behind the arguments, for calls that have some. The handler changes the
    :class:`~iris_devtools.standin.values.ByRef` among the arguments in place.
    """

    kind: NativeKind
    target: Argument = ""
    member: str = ""
    arguments: list[Argument] = field(default_factory=list)
    extra: tuple[Argument, ...] = ()


@dataclass(frozen=True)
class NextNode:
    """The answer to nextSubscript: a subscript and the value of its node; both ``None`` at the end."""

    subscript: str | None
    value: Argument


class Handler(Protocol):
    """One connection's other side. All methods are called by the connection's own thread, one at a time.

    Statement methods raise ``SQLError``; ``native`` raises ``ObjectScriptError``; ``login`` raises
    ``LoginRefused``. After any of them the handler is as usable as before.
    """

    def login(self, login: Login) -> Welcome:
        """Let the client in."""
        ...

    def prepare(self, text: str, markers: tuple[Marker, ...]) -> Prepared:
        """Make a statement ready to run."""
        ...

    def query(self, prepared: Prepared, values: Sequence[Scalar]) -> Sequence[Sequence[Scalar]]:
        """Run a query and return all its rows."""
        ...

    def update(self, prepared: Prepared, sets: Sequence[Sequence[Scalar]]) -> Sequence[int]:
        """Run a statement once for each set of values, all or nothing; return the row counts."""
        ...

    def commit(self) -> None:
        """Commit the transaction, if there is one."""
        ...

    def rollback(self) -> None:
        """Undo the transaction, if there is one."""
        ...

    def set_autocommit(self, *, on: bool) -> None:
        """Choose whether each statement is a transaction of its own."""
        ...

    def procedure(self, name: str) -> Procedure:
        """Describe the stored function of that name."""
        ...

    def call(self, procedure: Procedure, values: Sequence[Scalar]) -> Scalar:
        """Run a stored function."""
        ...

    def native(self, call: NativeCall) -> Argument | NextNode:
        """Do a native call and return its result, ``None`` where it has none."""
        ...

    def failure(self, error: Exception) -> str:
        """Log an error that nobody expected and return the text that the client is told."""
        ...

    def close(self) -> None:
        """Undo what is open and let everything go; the client is gone."""
        ...
