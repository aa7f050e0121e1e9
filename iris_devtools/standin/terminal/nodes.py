"""What a terminal line is made of, once it is parsed (iris-terminal-and-image F.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = [
    "Actual",
    "Argument",
    "Assignment",
    "Binary",
    "Branch",
    "ClassCall",
    "Command",
    "Entry",
    "Exclusive",
    "Expression",
    "Format",
    "Function",
    "Indirection",
    "Invocation",
    "JsonArray",
    "JsonObject",
    "Label",
    "Line",
    "Literal",
    "LockPart",
    "Member",
    "Omitted",
    "Pattern",
    "Range",
    "ReadPart",
    "Reference",
    "Special",
    "Star",
    "Unary",
    "Variable",
]


@dataclass(frozen=True)
class Literal:
    """A string, or a number in canonical form."""

    value: str


@dataclass(frozen=True)
class Variable:
    """A variable or one node of it.

    ``kind`` tells where it lives: ``local``, ``global``, ``private`` (``^||name``), ``naked`` (``^(1)``,
    which has no name) or ``system`` (``^$NAME``). ``namespace`` is that of an extended reference.
    """

    name: str
    subscripts: tuple[Expression, ...] = ()
    kind: str = "local"
    namespace: Expression | None = None


@dataclass(frozen=True)
class Indirection:
    """``@reference`` or ``@reference@(subscripts)``: the text of ``reference`` is what is meant."""

    reference: Expression
    subscripts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Unary:
    """``+``, ``-`` or ``'`` before one operand."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary:
    """Two operands; lines are folded strictly from the left. ``negated`` is the ``'`` of ``'=``."""

    operator: str
    left: Expression
    right: Expression
    negated: bool = False


@dataclass(frozen=True)
class Pattern:
    """What stands behind ``?``, as it was written."""

    text: str


@dataclass(frozen=True)
class Special:
    """A special variable, in lower case and without ``$``."""

    name: str


@dataclass(frozen=True)
class Function:
    """A function, in lower case and without ``$``; ``pairs`` are those of $SELECT and $CASE."""

    name: str
    arguments: tuple[Actual, ...] = ()
    pairs: tuple[tuple[Expression | None, Expression], ...] = ()


@dataclass(frozen=True)
class Star:
    """``*`` in $EXTRACT, $PIECE and $LIST: the last place, or ``offset`` from it."""

    offset: Expression | None = None


@dataclass(frozen=True)
class Omitted:
    """An argument that is left out, which is not the same as an empty one."""


@dataclass(frozen=True)
class Reference:
    """An argument by reference: ``.name``."""

    name: str


@dataclass(frozen=True)
class ClassCall:
    """``##class(name).method(...)``, or ``$SYSTEM.Name.Method(...)``."""

    class_name: str
    method: str
    arguments: tuple[Actual, ...]


@dataclass(frozen=True)
class Member:
    """``object.name``, a method when ``arguments`` are there."""

    target: Expression
    name: str
    arguments: tuple[Actual, ...] | None = None


@dataclass(frozen=True)
class Entry:
    """``label(...)``, ``label^routine(...)`` or ``^routine``; ``$$`` before it in an expression."""

    label: str
    routine: str | None = None
    arguments: tuple[Actual, ...] = ()


@dataclass(frozen=True)
class JsonObject:
    """``{"name": value, ...}`` where a value is wanted."""

    items: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True)
class JsonArray:
    """``[value, ...]`` where a value is wanted."""

    items: tuple[Expression, ...]


Expression = (
    Literal
    | Variable
    | Indirection
    | Unary
    | Binary
    | Pattern
    | Special
    | Function
    | ClassCall
    | Member
    | Entry
    | JsonObject
    | JsonArray
)
Actual = Expression | Reference | Omitted | Star


@dataclass(frozen=True)
class Format:
    """A part of WRITE that is no value: ``!`` new line, ``#`` page, ``?n`` column, ``*n`` character."""

    kind: str
    value: Expression | None = None


@dataclass(frozen=True)
class Range:
    """One part of a FOR: a value, or from ``start`` by ``step``, up to ``end`` when there is one."""

    start: Expression
    step: Expression | None = None
    end: Expression | None = None


@dataclass(frozen=True)
class Branch:
    """Commands that run when all conditions are true."""

    conditions: tuple[Expression, ...]
    body: tuple[Command, ...]


@dataclass(frozen=True)
class Assignment:
    """One part of SET or MERGE: a value for one or more targets."""

    targets: tuple[Expression, ...]
    value: Expression


@dataclass(frozen=True)
class Invocation:
    """One part of DO, XECUTE or GOTO, done unless its condition is false."""

    call: Expression
    condition: Expression | None = None


@dataclass(frozen=True)
class Exclusive:
    """``(a,b)`` of KILL and NEW: all variables but these."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class ReadPart:
    """One variable of READ: a line, or one character of it when ``single``."""

    target: Expression
    length: Expression | None = None
    single: bool = False


@dataclass(frozen=True)
class LockPart:
    """One part of LOCK; ``sign`` is ``+``, ``-``, or empty, which first releases all locks."""

    sign: str
    variables: tuple[Variable, ...]
    mode: str = ""
    timeout: Expression | None = None


@dataclass(frozen=True)
class Command:
    """One command. Which of the fields it uses depends on its word, which is the full one in upper case."""

    word: str
    column: int
    condition: Expression | None = None
    arguments: tuple[Argument, ...] = ()
    variable: Variable | None = None
    branches: tuple[Branch, ...] = ()
    otherwise: tuple[Command, ...] = ()
    body: tuple[Command, ...] = ()
    legacy: bool = False


Argument = Assignment | Expression | Format | Invocation | Range | Exclusive | ReadPart | LockPart


@dataclass(frozen=True)
class Line:
    """A whole line; ``source`` is how an error shows it, with its command words in upper case."""

    commands: tuple[Command, ...]
    source: str = field(compare=False, default="")


@dataclass(frozen=True)
class Label:
    """A line that is kept under a name instead of being run (iris-terminal-and-image B.9)."""

    name: str
    formals: tuple[str, ...]
    line: Line
