"""Names: sources of rows with their columns, nested scopes, rules of look-up (iris-sql.md 1.1, 5).

Every source of rows gets an alias of our own (``t1``, ``t2``, ...), so that a resolved column is never
ambiguous in the emitted text, whatever the tables are called.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from iris_devtools.standin.catalog.model import ROWID, Column, Table, TableKind
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.types import BIGINT, SqlType, varchar

__all__ = [
    "EXACT",
    "SQLSTRING",
    "SQLUPPER",
    "Ambiguous",
    "Field",
    "Scope",
    "Source",
    "collation_of",
    "table_source",
]

EXACT = "EXACT"
SQLUPPER = "SQLUPPER"
SQLSTRING = "SQLSTRING"

_UPPER_KINDS = frozenset({"SQLUPPER", "UPPER", "ALPHAUP"})
_TEMPORARY_KINDS = frozenset({TableKind.TEMPORARY, TableKind.SYSTEM, TableKind.SYSTEM_VIEW})


def collation_of(name: str | None) -> str:
    """Return which of the three collations that SQLite knows stands for a declared one; ``None`` is EXACT."""
    if name is None:
        return EXACT
    stem = name.upper().lstrip("%").split("(")[0].strip()
    if stem in _UPPER_KINDS:
        return SQLUPPER
    return SQLSTRING if stem in ("SQLSTRING", "STRING", "SPACE") else EXACT


@dataclass(frozen=True)
class Field:
    """One column as a statement may name it; ``type`` is ``None`` for a parameter passed on by a subquery."""

    name: str
    sql: str
    type: SqlType | None
    collation: str = EXACT
    nullable: bool = True
    column: Column | None = None
    table: Table | None = None


@dataclass
class Source:
    """Something that yields rows. ``labels`` are the upper-case qualifiers under which it is known."""

    alias: str
    labels: frozenset[tuple[str, ...]]
    fields: tuple[Field, ...]
    rendered: str
    hidden: dict[str, Field] = field(default_factory=dict)
    """Columns that ``*`` does not show: the row id and pseudo columns, by upper-case name."""
    table: Table | None = None
    qualified_only: bool = False
    """Whether its columns are found only together with its label."""
    numbered: bool = False
    """Whether ``%VID`` was asked for."""
    by_name: dict[str, list[Field]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {}
        for item in self.fields:
            self.by_name.setdefault(item.name.upper(), []).append(item)

    def find(self, name: str) -> list[Field]:
        """Return the columns of that upper-case name."""
        found = self.by_name.get(name)
        if found is not None:
            return found
        if name in self.hidden:
            if name == "%VID":
                self.numbered = True
            return [self.hidden[name]]
        return []

    def made_nullable(self) -> None:
        """Note that an outer join may leave this source without a row."""
        self.fields = tuple(replace(item, nullable=True) for item in self.fields)
        self.__post_init__()

    def render(self) -> str:
        """Return the text for FROM."""
        if self.numbered:
            return f'(SELECT ROW_NUMBER() OVER () AS "%VID", * FROM {self.rendered}) AS {self.alias}'
        return f"{self.rendered} AS {self.alias}"


class Ambiguous(Exception):
    """More than one column answers to a name."""


class Scope:
    """The sources of one query, within those of the query around it."""

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.sources: list[Source] = []
        self.merged: dict[str, Field] = {}
        """The columns of USING and NATURAL, which stand for one column of each side."""

    def chain(self) -> Iterator[Scope]:
        """Yield this scope and those around it, the innermost first."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def find(self, parts: tuple[str, ...]) -> Field | None:
        """Return the column of that name, innermost scope first; raise Ambiguous when two answer."""
        *qualifier, name = (part.upper() for part in parts)
        for scope in self.chain():
            found = scope.find_here(tuple(qualifier), name)
            if found is not None:
                return found
        return None

    def find_here(self, qualifier: tuple[str, ...], name: str) -> Field | None:
        """Return the column of this scope alone."""
        if not qualifier and name in self.merged:
            return self.merged[name]
        found: list[Field] = []
        for source in self.sources:
            if qualifier in source.labels or not (qualifier or source.qualified_only):
                found += source.find(name)
        if len(found) > 1:
            raise Ambiguous(name)
        return found[0] if found else None

    def labelled(self, qualifier: tuple[str, ...]) -> list[Source]:
        """Return the sources of the innermost scope that knows that qualifier."""
        wanted = tuple(part.upper() for part in qualifier)
        for scope in self.chain():
            sources = [source for source in scope.sources if wanted in source.labels]
            if sources:
                return sources
        return []


def table_source(table: Table, alias: str, label: str | None) -> Source:
    """Return the source of a base or system table that is called ``label`` or by its own name."""
    fields = tuple(_column_field(column, table, alias) for column in table.columns if not column.private)
    rowid = f"{alias}.{quoted(ROWID)}"
    names = {column.name.upper() for column in table.columns}
    hidden = {c.name.upper(): _column_field(c, table, alias) for c in table.columns if c.private}
    if table.kind not in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
        hidden["%ID"] = Field("ID", rowid, BIGINT, nullable=False, table=table)
        if table.identity is None:
            name = "ID" if "ID" not in names else "ID1"
            hidden.setdefault(name, Field(name, rowid, BIGINT, nullable=False, table=table))
    constant = varchar(128)
    hidden["%TABLENAME"] = Field("TableName", _literal(table.qualified_name), constant, nullable=False)
    hidden["%CLASSNAME"] = Field("ClassName", _literal(table.class_name), constant, nullable=False)
    name = table.name.upper()
    own: set[tuple[str, ...]] = {(name,), (table.schema.upper(), name)}
    labels = frozenset(own if label is None else {(label.upper(),)})
    return Source(alias, labels, fields, storage_of(table), hidden, table)


def storage_of(table: Table) -> str:
    """Return how the emitted text names the rows of a table."""
    if table.kind in _TEMPORARY_KINDS:
        return quoted(table.storage_name)
    return f"main.{quoted(table.storage_name)}"


def _column_field(column: Column, table: Table, alias: str) -> Field:
    collation = collation_of(column.collation) if column.type.is_text else EXACT
    sql = f"{alias}.{quoted(column.storage_name)}"
    return Field(column.name, sql, column.type, collation, column.nullable, column, table)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
