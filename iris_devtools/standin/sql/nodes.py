"""The syntax tree of a statement: what was written, before any name is looked up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

__all__ = [
    "Aggregate",
    "And",
    "Between",
    "Binary",
    "Case",
    "Cast",
    "Collate",
    "Comparison",
    "Compound",
    "Condition",
    "Contains",
    "Cte",
    "Delete",
    "DerivedTable",
    "Exists",
    "Expression",
    "ForSomeElement",
    "Frame",
    "Function",
    "InList",
    "InQuery",
    "Insert",
    "IsJson",
    "IsNull",
    "Join",
    "Like",
    "Name",
    "NamedTable",
    "Node",
    "Not",
    "Null",
    "Number",
    "Or",
    "OrderItem",
    "Parameter",
    "Quantified",
    "Query",
    "ScalarQuery",
    "Select",
    "SelectItem",
    "Star",
    "TableRef",
    "Text",
    "Truncate",
    "TypeName",
    "Unary",
    "Update",
    "Window",
    "walk",
]


@dataclass(frozen=True)
class Node:
    """Base of the tree."""


@dataclass(frozen=True)
class Expression(Node):
    """Something that has a value."""


@dataclass(frozen=True)
class Condition(Node):
    """Something that is true, false or unknown; IRIS does not take it for a value (iris-sql.md 1.3)."""


# -- expressions -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Name(Expression):
    """A column, perhaps qualified. ``position`` is the index of its last token, for error texts."""

    parts: tuple[str, ...]
    position: int = 0


@dataclass(frozen=True)
class Star(Expression):
    """``*`` or ``t.*``."""

    qualifier: tuple[str, ...] = ()
    position: int = 0


@dataclass(frozen=True)
class Parameter(Expression):
    """``:%qpar(number)``."""

    number: int


@dataclass(frozen=True)
class Text(Expression):
    """A string literal that stands in the text."""

    value: str


@dataclass(frozen=True)
class Number(Expression):
    """A number literal that stands in the text."""

    text: str


@dataclass(frozen=True)
class Null(Expression):
    """NULL."""


@dataclass(frozen=True)
class Unary(Expression):
    """``-x`` or ``+x``."""

    operator: str
    operand: Expression


@dataclass(frozen=True)
class Binary(Expression):
    r"""``+ - * / \ # ||`` between two values."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Function(Expression):
    """A call. ``name`` is upper case; that of a class method or stored function is qualified with points.

    ``bare`` marks a name without brackets (``CURRENT_DATE``, ``$NAMESPACE``); ``escape`` the form ``{fn
    ...}``.
    """

    name: str
    arguments: tuple[Expression, ...] = ()
    bare: bool = False
    escape: bool = False
    written: str = ""
    position: int = 0


@dataclass(frozen=True)
class Aggregate(Expression):
    """COUNT, SUM, ...; ``COUNT(*)`` has no argument."""

    name: str
    argument: Expression | None
    distinct: bool = False


@dataclass(frozen=True)
class Frame(Node):
    """``ROWS BETWEEN start AND end``, each as written in upper case; numbers of rows are expressions."""

    start: str
    end: str
    start_rows: Expression | None = None
    end_rows: Expression | None = None


@dataclass(frozen=True)
class Window(Expression):
    """A window function or an aggregate with OVER."""

    function: Function | Aggregate
    partition: tuple[Expression, ...] = ()
    order: tuple[OrderItem, ...] = ()
    frame: Frame | None = None


@dataclass(frozen=True)
class Case(Expression):
    """CASE; ``operand`` is that of the simple form, whose conditions are values."""

    operand: Expression | None
    branches: tuple[tuple[Node, Expression], ...]
    default: Expression | None


@dataclass(frozen=True)
class TypeName(Node):
    """A type as CAST and CONVERT name it."""

    name: str
    arguments: tuple[int, ...] = ()


@dataclass(frozen=True)
class Cast(Expression):
    """``CAST(x AS type)`` and both CONVERTs; ``style`` is that of CONVERT."""

    operand: Expression
    type: TypeName
    style: Expression | None = None
    convert: bool = False


@dataclass(frozen=True)
class Collate(Expression):
    """``%EXACT(x)``, ``%SQLUPPER(x, length)`` and their kind."""

    name: str
    operand: Expression
    length: int | None = None


@dataclass(frozen=True)
class ScalarQuery(Expression):
    """A subquery as a value."""

    query: Query


# -- conditions ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison(Condition):
    """``= <> < <= > >=``."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True)
class Quantified(Condition):
    """``x = ANY (query)`` and ``x < ALL (query)``."""

    operator: str
    left: Expression
    every: bool
    query: Query


@dataclass(frozen=True)
class Between(Condition):
    """``x BETWEEN low AND high``."""

    operand: Expression
    low: Expression
    high: Expression


@dataclass(frozen=True)
class InList(Condition):
    """``x IN (a, b)``."""

    operand: Expression
    items: tuple[Expression, ...]


@dataclass(frozen=True)
class InQuery(Condition):
    """``x IN (SELECT ...)``."""

    operand: Expression
    query: Query


@dataclass(frozen=True)
class Like(Condition):
    """``x LIKE p ESCAPE c``."""

    operand: Expression
    pattern: Expression
    escape: Expression | None = None


@dataclass(frozen=True)
class Contains(Condition):
    """``[``, ``]``, ``%STARTSWITH``, ``%MATCHES``, ``%PATTERN`` and ``%INLIST``."""

    operator: str
    left: Expression
    right: Expression
    escape: Expression | None = None


@dataclass(frozen=True)
class IsNull(Condition):
    """``x IS NULL``."""

    operand: Expression


@dataclass(frozen=True)
class IsJson(Condition):
    """``x IS JSON kind``; ``kind`` is VALUE, SCALAR, ARRAY or OBJECT."""

    operand: Expression
    kind: str = "VALUE"


@dataclass(frozen=True)
class ForSomeElement(Condition):
    """``FOR SOME %ELEMENT(list) alias (condition)``, whose condition names %VALUE and %KEY."""

    operand: Expression
    condition: Condition
    alias: str | None = None


@dataclass(frozen=True)
class Exists(Condition):
    """``EXISTS (query)``."""

    query: Query


@dataclass(frozen=True)
class Not(Condition):
    """``NOT c``."""

    operand: Condition


@dataclass(frozen=True)
class And(Condition):
    """``a AND b``."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True)
class Or(Condition):
    """``a OR b``."""

    operands: tuple[Condition, ...]


# -- queries ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SelectItem(Node):
    """One item of a select list."""

    expression: Expression
    alias: str | None = None


@dataclass(frozen=True)
class OrderItem(Node):
    """One item of ORDER BY."""

    expression: Expression
    descending: bool = False


@dataclass(frozen=True)
class TableRef(Node):
    """Something that FROM may name."""


@dataclass(frozen=True)
class NamedTable(TableRef):
    """A table, view or CTE."""

    parts: tuple[str, ...]
    alias: str | None = None
    position: int = 0


@dataclass(frozen=True)
class DerivedTable(TableRef):
    """A subquery in FROM."""

    query: Query
    alias: str | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Join(TableRef):
    """``left kind JOIN right``; ``kind`` is INNER, LEFT, RIGHT, FULL, CROSS or ``,``."""

    kind: str
    left: TableRef
    right: TableRef
    on: Condition | None = None
    using: tuple[str, ...] = ()
    natural: bool = False


@dataclass(frozen=True)
class Select(Node):
    """One SELECT without what follows it (ORDER BY, LIMIT).

    ``top`` is the number of TOP; ``top_all`` marks ``TOP ALL``.
    """

    items: tuple[SelectItem, ...]
    distinct: bool = False
    distinct_by: tuple[Expression, ...] = ()
    top: Expression | None = None
    top_all: bool = False
    source: TableRef | None = None
    where: Condition | None = None
    group_by: tuple[Expression, ...] = ()
    having: Condition | None = None


@dataclass(frozen=True)
class Compound(Node):
    """``left UNION right`` and its kind; ``operator`` is UNION, UNION ALL, EXCEPT or INTERSECT."""

    operator: str
    left: Query
    right: Query


@dataclass(frozen=True)
class Cte(Node):
    """One common table expression."""

    name: str
    columns: tuple[str, ...]
    query: Query


@dataclass(frozen=True)
class Query(Node):
    """A SELECT or compound with its ORDER BY and limits."""

    body: Select | Compound
    order: tuple[OrderItem, ...] = ()
    limit: Expression | None = None
    offset: Expression | None = None
    ctes: tuple[Cte, ...] = ()


# -- writes ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Insert(Node):
    """INSERT and INSERT OR UPDATE: ``rows`` or ``query``, or neither for DEFAULT VALUES."""

    table: NamedTable
    columns: tuple[Name, ...]
    rows: tuple[tuple[Expression, ...], ...] = ()
    query: Query | None = None
    or_update: bool = False
    no_check: bool = False


@dataclass(frozen=True)
class Update(Node):
    """UPDATE."""

    table: NamedTable
    assignments: tuple[tuple[Name, Expression], ...]
    source: TableRef | None = None
    where: Condition | None = None
    no_check: bool = False


@dataclass(frozen=True)
class Delete(Node):
    """DELETE."""

    table: NamedTable
    source: TableRef | None = None
    where: Condition | None = None
    no_check: bool = False


@dataclass(frozen=True)
class Truncate(Node):
    """TRUNCATE TABLE."""

    table: NamedTable
    no_check: bool = False


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and everything below it, but not what is inside subqueries."""
    yield node
    for field in fields(node):
        yield from _walk_value(getattr(node, field.name))


def _walk_value(value: object) -> Iterator[Node]:
    if isinstance(value, Query):
        return
    if isinstance(value, Node):
        yield from walk(value)
    elif isinstance(value, tuple):
        for item in value:
            yield from _walk_value(item)
