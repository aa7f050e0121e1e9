"""What a statement's translation carries along: parameters, aliases, scope, and who translates which node.

The translating modules register a function for each kind of node (``@value_of``, ``@condition_of``); ``Env``
finds it. So no module needs to import the others, and each holds one family of constructs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from iris_devtools.standin.catalog.model import Catalog
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes, values
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.scope import EXACT, Field, Scope
from iris_devtools.standin.sql.translation import Bind, Convert
from iris_devtools.standin.types import INTEGER, SqlType, numeric, varchar

__all__ = [
    "Env",
    "OutColumn",
    "QueryText",
    "Statement",
    "Value",
    "condition_of",
    "literal",
    "query_of",
    "value_of",
]

_UNRESOLVED = (-23, -27, -29)
"""The errors of names, whose texts show one token more (iris-sql.md 11)."""
_MARK = re.compile("\x01(\\d+)\x02")
UNKNOWN_NUMBER = numeric(18, 0)
"""The type of a number whose scale is not known: the client pads no zeros to it."""


@dataclass(frozen=True)
class Value:
    """A translated expression.

    ``type`` is ``None`` when nothing is known (a caller's parameter, NULL). ``parameter`` is set for a bare
    parameter, whose text is only made when its use is known: see :meth:`Env.text`. ``explicit`` marks a
    collation that %EXACT or its kind asked for.
    """

    sql: str
    type: SqlType | None
    collation: str = EXACT
    nullable: bool = True
    explicit: bool = False
    parameter: int | None = None
    field: Field | None = None
    constant: bool = False
    """a literal or a parameter: has no collation of its own"""

    @property
    def is_null(self) -> bool:
        """Whether this is the literal NULL."""
        return self.sql == "NULL" and self.parameter is None


@dataclass(frozen=True)
class OutColumn:
    """One column of a translated query, named ``c1``, ``c2``, ... in its text."""

    name: str
    value: Value
    aliased: bool = False


@dataclass(frozen=True)
class QueryText:
    """A translated query."""

    sql: str
    columns: tuple[OutColumn, ...]


@dataclass
class Statement:
    """The state of one translation."""

    catalog: Catalog
    default_schema: str
    markers: tuple[str | int, ...]
    reader: Reader
    exact_distinct: bool = False
    outer: Scope | None = None
    """What the whole statement stands in: the rows of a trigger."""
    binds: list[Bind] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    needs: set[tuple[str, str, str]] = field(default_factory=set)
    """Privilege, schema and name: what the user must hold."""
    views: tuple[str, ...] = ()
    _aliases: int = 0

    def root(self) -> Scope:
        """Return the scope of a statement or of a query that is a part of one."""
        return Scope(self.outer)

    def alias(self) -> str:
        """Return a new alias for a source of rows."""
        self._aliases += 1
        return f"t{self._aliases}"

    def bind(self, source: int, convert: Convert | None) -> str:
        """Return the text that stands for a parameter, to be numbered when the statement is finished."""
        self.binds.append(Bind(source, convert))
        return f"\x01{len(self.binds) - 1}\x02"

    def finished(self, sql: str) -> tuple[str, tuple[Bind, ...]]:
        """Return a text with ``?`` for its parameters, and these in the order of the text."""
        order = [self.binds[int(match[1])] for match in _MARK.finditer(sql)]
        return _MARK.sub("?", sql), tuple(order)

    def marker(self, number: int) -> str | int:
        """Return the driver's marker of a parameter: ``?`` or the code of a literal (wire-protocol 7.1)."""
        return self.markers[number - 1] if 0 < number <= len(self.markers) else "?"

    def until(self, position: int) -> str:
        """Return the source up to a token, as error texts show it."""
        tokens = self.reader.tokens[: position + 1]
        return " ".join(self.reader.text[t.start : t.end] for t in tokens).rstrip()

    def error(self, sqlcode: int, message: str, position: int | None = None) -> SQLError:
        """Return an SQLError; with a token's position the source up to there follows the message."""
        if position is not None and sqlcode in _UNRESOLVED:
            message = f"{message}^ {self.until(position + 1)}"
        elif position is not None:
            message = f"{message}^{self.until(position)}"
        return SQLError(sqlcode, message, location=self.reader.location)


ValueTranslator = Callable[["Env", Any], Value]
ConditionTranslator = Callable[["Env", Any], str]
QueryTranslator = Callable[["Env", nodes.Query], QueryText]
_values: dict[type[nodes.Node], ValueTranslator] = {}
_conditions: dict[type[nodes.Node], ConditionTranslator] = {}
_queries: list[QueryTranslator] = []
V = TypeVar("V", bound=ValueTranslator)
C = TypeVar("C", bound=ConditionTranslator)
Q = TypeVar("Q", bound=QueryTranslator)


def value_of(*kinds: type[nodes.Node]) -> Callable[[V], V]:
    """Register the function that translates these expressions."""

    def register(function: V) -> V:
        for kind in kinds:
            _values[kind] = function
        return function

    return register


def condition_of(*kinds: type[nodes.Node]) -> Callable[[C], C]:
    """Register the function that translates these conditions."""

    def register(function: C) -> C:
        for kind in kinds:
            _conditions[kind] = function
        return function

    return register


def query_of(function: Q) -> Q:
    """Register the function that translates queries."""
    _queries.append(function)
    return function


@dataclass(frozen=True)
class Env:
    """Where an expression stands: its statement, its scope and the clause around it."""

    statement: Statement
    scope: Scope
    clause: str = "select"
    ctes: Mapping[str, tuple[nodes.Cte, Env]] = field(default_factory=dict)
    overall: nodes.Select | None = None
    """The select whose aggregates run over all rows, while its rows are shown one by one (iris-sql.md 5)."""

    def within(self, clause: str) -> Env:
        """Return this environment for another clause."""
        return replace(self, clause=clause)

    def value(self, node: nodes.Expression) -> Value:
        """Translate an expression; a bare parameter comes back without text."""
        return _values[type(node)](self, node)

    def condition(self, node: nodes.Condition) -> str:
        """Translate a condition."""
        return _conditions[type(node)](self, node)

    def query(self, query: nodes.Query) -> QueryText:
        """Translate a query that stands inside this environment."""
        return _queries[0](self, query)

    def text(self, value: Value, convert: Convert | None = None) -> str:
        """Return the text of a value; a parameter is converted before it is bound.

        Without ``convert`` a parameter is bound as its marker says: literals of numbers, which arrive as
        text, become numbers; everything else keeps its nature.
        """
        if value.parameter is None:
            return value.sql
        marker = self.statement.marker(value.parameter)
        if convert is None:
            convert = _LITERALS.get(marker, values.plain)
        elif marker in (10, 11):
            convert = values.after(_LITERALS[marker], convert)
        return self.statement.bind(value.parameter, convert)

    def parameter(self, number: int) -> Value:
        """Return the value of a parameter, typed if the driver lifted it from a literal."""
        marker = self.statement.marker(number)
        return Value("", _LITERAL_TYPES.get(marker), nullable=True, parameter=number, constant=True)


_LITERALS: dict[str | int, Convert] = {
    10: values.integer_literal,
    11: values.number_literal,
    4: values.literal,
}
_LITERAL_TYPES: dict[str | int, SqlType] = {10: INTEGER, 11: UNKNOWN_NUMBER, 4: varchar()}


def literal(value: object) -> str:
    """Write a Python value as a SQLite literal."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        if "\x00" in value or "\x01" in value:
            return f"CAST(X'{value.encode().hex()}' AS TEXT)"
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return repr(value)
