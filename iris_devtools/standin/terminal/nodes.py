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
    "Expression",
    "Format",
    "Function",
    "Invocation",
    "Line",
    "Literal",
    "Member",
    "Omitted",
    "Range",
    "Reference",
    "Special",
    "Unary",
    "Variable",
]


@dataclass(frozen=True)
class Literal:
    """A string, or a number in canonical form."""

    value: str


@dataclass(frozen=True)
class Variable:
    """A local variable or one node of it."""

    name: str
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
class Special:
    """A special variable, in lower case and without ``$``."""

    name: str


@dataclass(frozen=True)
class Function:
    """A function, in lower case and without ``$``; ``pairs`` are those of $SELECT and $CASE."""

    name: str
    arguments: tuple[Expression, ...] = ()
    pairs: tuple[tuple[Expression | None, Expression], ...] = ()


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


Expression = Literal | Variable | Unary | Binary | Special | Function | ClassCall | Member
Actual = Expression | Reference | Omitted


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
    """One part of SET: a value for one or more targets."""

    targets: tuple[Expression, ...]
    value: Expression


@dataclass(frozen=True)
class Invocation:
    """One part of DO: a call, made unless its condition is false."""

    call: Expression
    condition: Expression | None = None


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


Argument = Assignment | Expression | Format | Invocation | Range


@dataclass(frozen=True)
class Line:
    """A whole line; ``source`` is how an error shows it, with its command words in upper case."""

    commands: tuple[Command, ...]
    source: str = field(compare=False, default="")
