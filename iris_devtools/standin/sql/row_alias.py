"""The rows of a trigger, as its code names them: each column is a parameter (iris-sql.md 8.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.sql.environment import Statement
from iris_devtools.standin.sql.scope import Scope, Source, table_source

__all__ = ["RowAlias", "row_scope"]


@dataclass(frozen=True)
class RowAlias:
    """A name for a row of ``table`` whose values are parameters: their numbers, by upper-case column name."""

    alias: str
    table: Table
    values: Mapping[str, int]


def row_scope(statement: Statement, aliases: Sequence[RowAlias]) -> Scope:
    """Return the scope of those rows; their columns are found by qualified names only."""
    scope = Scope()
    for row in aliases:
        whole = table_source(row.table, "", row.alias)
        found = {
            name: replace(whole.find(name)[0], sql=statement.bind(number, None))
            for name, number in row.values.items()
        }
        source = Source(row.alias, whole.labels, (), "", found, row.table, qualified_only=True)
        scope.sources.append(source)
    return scope
