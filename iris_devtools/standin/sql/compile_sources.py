"""Translates FROM: tables, views, subqueries, common table expressions and joins (iris-sql.md 5)."""

from __future__ import annotations

from collections.abc import Callable

from iris_devtools.standin.catalog.model import Table, TableKind
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.coercion import equality
from iris_devtools.standin.sql.compile_values import unknown_field
from iris_devtools.standin.sql.computed import with_virtual_columns
from iris_devtools.standin.sql.environment import Env, QueryText, Value
from iris_devtools.standin.sql.parse_queries import QueryParser
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.scope import Field, Scope, Source, table_source
from iris_devtools.standin.types import INTEGER

__all__ = ["Render", "compile_source", "find_table"]

Render = Callable[[], str]
"""Makes the text of FROM; called last, when it is known which sources must number their rows."""


def find_table(env: Env, ref: nodes.NamedTable, privilege: str = "SELECT") -> Table:
    """Return the table or view of a name; raises -30 (iris-sql.md 1.2, 11).

    Whoever runs the statement needs the privilege on it; on what a view reads its owner has it.
    """
    parts = ref.parts
    schema, name = (env.statement.default_schema, parts[0]) if len(parts) == 1 else parts[-2:]
    table = env.statement.catalog.find(schema, name)
    if table is None:
        raise env.statement.error(-30, f" Table '{schema.upper()}.{name.upper()}' not found")
    if table.kind in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
        env.statement.reads.add(table.qualified_name.upper())
    elif not env.statement.views:
        env.statement.needs.add((privilege, table.schema, table.name))
    return table


def compile_source(env: Env, ref: nodes.TableRef) -> Render:
    """Add the sources of FROM to the environment's scope and return what renders them."""
    if isinstance(ref, nodes.Join):
        return _join(env, ref)
    source = _derived(env, ref) if isinstance(ref, nodes.DerivedTable) else _named(env, ref)
    _add(env, source)
    return source.render


def _add(env: Env, source: Source) -> None:
    for other in env.scope.sources:
        clash = {label for label in source.labels & other.labels if len(label) == 1}
        if clash and (1 in (len(source.labels), len(other.labels)) or source.labels == other.labels):
            (name,) = next(iter(clash))
            raise env.statement.error(-20, f" Name conflict: {name} is given to two tables")
    env.scope.sources.append(source)


# -- one source ------------------------------------------------------------------------------------


def _named(env: Env, ref: nodes.TableRef) -> Source:
    assert isinstance(ref, nodes.NamedTable)
    if len(ref.parts) == 1 and ref.parts[0].upper() in env.ctes:
        cte, outer = env.ctes[ref.parts[0].upper()]
        query = Env(env.statement, Scope(), ctes=outer.ctes).query(cte.query)
        return _query_source(env, query, ref.alias or cte.name, cte.columns)
    table = find_table(env, ref)
    if table.view_definition is not None:
        return _view(env, table, ref.alias)
    source = table_source(table, env.statement.alias(), ref.alias)
    return with_virtual_columns(env.statement, table, source)


def _derived(env: Env, ref: nodes.DerivedTable) -> Source:
    outer = Scope(env.scope.parent)
    query = Env(env.statement, outer, ctes=env.ctes).query(ref.query)
    return _query_source(env, query, ref.alias, ref.columns)


def _view(env: Env, table: Table, alias: str | None) -> Source:
    statement = env.statement
    name = table.qualified_name.upper()
    if name in statement.views or len(statement.views) > 30:
        raise statement.error(-400, f" View {table.qualified_name} refers to itself")
    reader, views, schema = statement.reader, statement.views, statement.default_schema
    try:
        statement.views = (*views, name)
        statement.reader = Reader(table.view_definition or "")
        statement.default_schema = "SQLUser"
        parser = QueryParser(statement.reader)
        parsed = parser.query()
        statement.reader.finish()
        query = Env(statement, Scope()).query(parsed)
    finally:
        statement.reader, statement.views, statement.default_schema = reader, views, schema
    if len(query.columns) != len(table.columns):
        raise statement.error(-400, f" View {table.qualified_name} must be compiled again")
    names = tuple(column.name for column in table.columns)
    source = _query_source(env, query, alias or table.name, names, table)
    if alias is None:
        source.labels |= {(table.schema.upper(), table.name.upper())}
    return source


def _query_source(
    env: Env, query: QueryText, label: str | None, names: tuple[str, ...], table: Table | None = None
) -> Source:
    if names and len(names) != len(query.columns):
        raise env.statement.error(-9, " The column list does not fit the SELECT list")
    alias = env.statement.alias()
    fields = []
    for number, column in enumerate(query.columns, 1):
        value = column.value
        name = names[number - 1] if names else column.name
        origin = value.field
        field = Field(
            name,
            f"{alias}.c{number}",
            value.type,
            value.collation,
            value.nullable,
            origin.column if origin is not None else None,
            origin.table if origin is not None else table,
        )
        fields.append(field)
    hidden = {"%VID": Field("%VID", f'{alias}."%VID"', INTEGER, nullable=False)}
    labels = frozenset({(label.upper(),)}) if label is not None else frozenset()
    return Source(alias, labels, tuple(fields), f"({query.sql})", hidden, table)


# -- joins -----------------------------------------------------------------------------------------


def _join(env: Env, ref: nodes.Join) -> Render:
    first = len(env.scope.sources)
    left = compile_source(env, ref.left)
    middle = len(env.scope.sources)
    right = compile_source(env, ref.right)
    sources = env.scope.sources
    condition = _join_condition(env, ref, sources[first:middle], sources[middle:])
    if ref.kind in ("RIGHT", "FULL"):
        for source in sources[first:middle]:
            source.made_nullable()
    if ref.kind in ("LEFT", "FULL"):
        for source in sources[middle:]:
            source.made_nullable()
    kind = {",": ",", "CROSS": " CROSS JOIN", "INNER": " JOIN"}.get(ref.kind, f" {ref.kind} JOIN")

    def render() -> str:
        a, b = left(), right()
        if isinstance(ref.left, nodes.Join) and ref.left.kind == "," and ref.kind != ",":
            a = f"({a})"
        if isinstance(ref.right, nodes.Join) and (ref.kind != "," or _keeps_right_rows(ref.right)):
            b = f"({b})"
        return f"{a}{kind} {b}" + (f" ON {condition}" if condition else "")

    return render


def _keeps_right_rows(ref: nodes.TableRef) -> bool:
    """Tell whether a join after a comma needs brackets, because SQLite lets the comma bind as tightly.

    Brackets are a subquery to SQLite, so they stand only where they must.
    """
    if not isinstance(ref, nodes.Join):
        return False
    nested = isinstance(ref.right, nodes.Join)
    return nested or ref.kind in ("RIGHT", "FULL") or _keeps_right_rows(ref.left)


def _join_condition(env: Env, ref: nodes.Join, left: list[Source], right: list[Source]) -> str:
    if ref.on is not None:
        return env.within("on").condition(ref.on)
    names = list(ref.using)
    if ref.natural:
        others = {field.name.upper() for source in right for field in source.fields}
        names = [f.name for source in left for f in source.fields if f.name.upper() in others]
    conditions = []
    for name in names:
        a, b = _only(env, left, name), _only(env, right, name)
        conditions.append(equality(env, _value(a), _value(b)))
        env.scope.merged[name.upper()] = b if ref.kind == "RIGHT" else a
    return " AND ".join(conditions)


def _only(env: Env, sources: list[Source], name: str) -> Field:
    found = [field for source in sources for field in source.find(name.upper())]
    if len(found) == 1:
        return found[0]
    if not found:
        raise unknown_field(env, nodes.Name((name,), env.statement.reader.position))
    raise _ambiguous(env, name)


def _ambiguous(env: Env, name: str) -> SQLError:
    return env.statement.error(-27, f" Field '{name.upper()}' is ambiguous among the applicable tables")


def _value(field: Field) -> Value:
    return Value(field.sql, field.type, field.collation, field.nullable, field=field)
