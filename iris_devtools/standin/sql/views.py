"""Views that rows can be written through, and what then is written (iris-sql.md 8.4).

A view is updateable when it lists columns of one table or updateable view, and its rows are rows of that
table: no DISTINCT, TOP, GROUP BY, HAVING, join or subquery. A write through it is a write on the table, whose
rows are those that all the views' conditions let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import lru_cache

from iris_devtools.standin.catalog.model import Column, Table, TableKind
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.compile_sources import find_table
from iris_devtools.standin.sql.computed import is_virtual, with_virtual_columns
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.environment import Env, Statement, literal
from iris_devtools.standin.sql.parse_queries import QueryParser
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.scope import Scope, Source, storage_of, table_source

__all__ = ["Target", "check_statements", "updateable_query", "written_table"]

_SUBQUERIES = (nodes.ScalarQuery, nodes.InQuery, nodes.Exists, nodes.Quantified)
_CHECK_TRIGGER = "%check option"


@lru_cache(maxsize=500)
def updateable_query(definition: str) -> nodes.Select | None:
    """Return the SELECT of a view's query when its form lets rows be written through it, else ``None``."""
    query = QueryParser(Reader(definition)).query()
    select = query.body
    if not isinstance(select, nodes.Select) or query.ctes or query.limit or query.offset or query.order:
        return None
    if select.distinct or select.distinct_by or select.top or select.top_all or select.group_by:
        return None
    if select.having is not None or not isinstance(select.source, nodes.NamedTable):
        return None
    if not all(isinstance(item.expression, (nodes.Name, nodes.Star)) for item in select.items):
        return None
    if select.where is not None and any(isinstance(n, _SUBQUERIES) for n in _everything(select.where)):
        return None
    return select


def _everything(node: object) -> Iterator[nodes.Node]:
    if isinstance(node, nodes.Node):
        yield node
        for field in fields(node):
            yield from _everything(getattr(node, field.name))
    elif isinstance(node, tuple):
        for item in node:
            yield from _everything(item)


@dataclass(frozen=True)
class _Level:
    """One view between the statement and the table; ``columns`` are those below that its own show."""

    view: Table
    select: nodes.Select
    columns: tuple[str, ...]

    @property
    def below(self) -> nodes.NamedTable:
        """What the view reads."""
        assert isinstance(self.select.source, nodes.NamedTable)
        return self.select.source


@dataclass(frozen=True)
class Target:
    """What a statement writes: a table, perhaps through views, of which the outermost comes first."""

    table: Table
    levels: tuple[_Level, ...] = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the table that the statement sees, in its order."""
        if not self.levels:
            return self.table.columns
        return tuple(
            column for shown in self.levels[0].view.columns if (column := self.column(shown.name)) is not None
        )

    def column(self, name: str) -> Column | None:
        """Return the table's column behind a name of the statement."""
        for level in self.levels:
            place = next(
                (n for n, c in enumerate(level.view.columns) if c.name.upper() == name.upper()), None
            )
            if place is None:
                return None
            name = level.columns[place]
        return self.table.column(name)

    def source(self, statement: Statement, alias: str, label: str | None) -> tuple[Source, list[str]]:
        """Return the rows as the statement sees them, and the conditions of all views on them."""
        if not self.levels:
            source = table_source(self.table, alias, label)
            return with_virtual_columns(statement, self.table, source), []
        conditions = self._conditions(statement, alias)
        return self._shown(statement, alias, label), [text for text in conditions if text]

    def checks(self, statement: Statement, alias: str) -> list[str]:
        """Return the conditions of WITH CHECK OPTION on a new row of that alias."""
        if not self.levels or self.levels[0].view.check_option == "NONE":
            return []
        conditions = self._conditions(statement, alias)
        if self.levels[0].view.check_option == "LOCAL":
            conditions = conditions[:1]
        return [text for text in conditions if text]

    def _rows(self, statement: Statement, alias: str, depth: int) -> Source:
        """Return what the view at this depth reads."""
        label = self.levels[depth].below.alias
        if depth == len(self.levels) - 1:
            return with_virtual_columns(statement, self.table, table_source(self.table, alias, label))
        return self._shown(statement, alias, label, depth + 1)

    def _shown(self, statement: Statement, alias: str, label: str | None, depth: int = 0) -> Source:
        """Return what the view at this depth shows."""
        level = self.levels[depth]
        below = self._rows(statement, alias, depth)
        shown = tuple(
            replace(below.find(name.upper())[0], name=column.name)
            for column, name in zip(level.view.columns, level.columns, strict=True)
        )
        name = level.view.name.upper()
        own: set[tuple[str, ...]] = {(name,), (level.view.schema.upper(), name)}
        labels = frozenset(own if label is None else {(label.upper(),)})
        return Source(alias, labels, shown, below.rendered, table=self.table)

    def _conditions(self, statement: Statement, alias: str) -> list[str]:
        """Return the condition of each view, the outermost first; an empty text where there is none."""
        found = []
        for depth, level in enumerate(self.levels):
            if level.select.where is None:
                found.append("")
                continue
            scope = Scope()
            scope.sources.append(self._rows(statement, alias, depth))
            with _inside(statement, level.view):
                found.append(Env(statement, scope, "where").condition(level.select.where))
        return found


@contextmanager
def _inside(statement: Statement, view: Table) -> Iterator[None]:
    """Read names and show errors as the view's own text has them."""
    before = statement.reader, statement.views, statement.default_schema
    statement.reader = Reader(view.view_definition or "")
    statement.views = (*statement.views, view.qualified_name.upper())
    statement.default_schema = "SQLUser"
    try:
        yield
    finally:
        statement.reader, statement.views, statement.default_schema = before


def written_table(env: Env, ref: nodes.NamedTable, verb: str) -> Target:
    """Return what a statement writes; raises -30, -35 for a view that cannot be written, -115."""
    table = find_table(env, ref, verb)
    if table.kind in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
        raise env.statement.error(-115, f" Table '{table.qualified_name}' is read only")
    if table.view_definition is None:
        return Target(table)
    if table.qualified_name.upper() in env.statement.views:
        raise env.statement.error(-400, f" View {table.qualified_name} refers to itself")
    select = None if table.read_only else updateable_query(table.view_definition)
    if select is None:
        raise not_updateable(env.statement, table)
    assert isinstance(select.source, nodes.NamedTable)
    with _inside(env.statement, table):
        below = written_table(env, select.source, verb)
    names = _listed(select, below)
    if len(names) != len(table.columns) or any(below.column(name) is None for name in names):
        raise not_updateable(env.statement, table)
    return Target(below.table, (_Level(table, select, names), *below.levels))


def not_updateable(statement: Statement, view: Table) -> SQLError:
    """Return the error of a write through a view that only shows."""
    return statement.error(-35, f" View '{view.qualified_name}' is not updateable")


def _listed(select: nodes.Select, below: Target) -> tuple[str, ...]:
    names: list[str] = []
    for item in select.items:
        if isinstance(item.expression, nodes.Name):
            names.append(item.expression.parts[-1])
        elif below.levels:
            names += [column.name for column in below.levels[0].view.columns]
        else:
            names += [column.name for column in below.table.columns if not column.private]
    return tuple(names)


def check_statements(statement: Statement, target: Target, verb: str) -> tuple[list[str], list[str]]:
    """Return what makes and what removes the checks of WITH CHECK OPTION around a write.

    The check sees a new row before the table's own constraints do, and after its computed columns have
    their values: these are filled by an UPDATE of their own, which then is the event.
    """
    conditions = target.checks(statement, "NEW")
    if not conditions:
        return [], []
    computed = any(c.computed is not None and not is_virtual(c) for c in target.table.columns)
    sqlcode = -137 if verb == "UPDATE" else -136
    event = "UPDATE" if verb == "UPDATE" or computed else "INSERT"
    name = quoted(f"{_CHECK_TRIGGER} {verb}")
    view = literal(target.levels[0].view.qualified_name)
    holds = " AND ".join(f"({text})" for text in conditions)
    made = (
        f"CREATE TEMP TRIGGER {name} BEFORE {event} ON {storage_of(target.table)} "
        f"WHEN NOT COALESCE({holds}, 0) BEGIN SELECT iris_outside_view({sqlcode}, {view}); END"
    )
    return [made], [f"DROP TRIGGER temp.{name}"]
