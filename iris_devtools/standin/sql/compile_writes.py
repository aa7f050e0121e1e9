"""Translates INSERT, UPDATE, DELETE and TRUNCATE (iris-sql.md 7)."""

from __future__ import annotations

from collections.abc import Sequence

from iris_devtools.standin.catalog.model import ROWID, Column, Counter, Table, TableKind
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.compile_sources import Render, compile_source, find_table
from iris_devtools.standin.sql.compile_values import unknown_field
from iris_devtools.standin.sql.computed import computed_on_insert, computed_on_update
from iris_devtools.standin.sql.defaults import default_text, stored_text
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.environment import Env, Statement, Value, literal
from iris_devtools.standin.sql.scope import storage_of
from iris_devtools.standin.sql.translation import Bind, Write
from iris_devtools.standin.sql.views import Target, check_statements, written_table

__all__ = ["compile_delete", "compile_insert", "compile_truncate", "compile_update"]

Step = tuple[str, tuple[Bind, ...]]

_MOST_BINDS = 30000
"""SQLite takes 32766 parameters; a longer list of rows becomes several statements."""
_COUNTERS_TABLE = (
    'CREATE TABLE IF NOT EXISTS main."%counters" (storage TEXT NOT NULL, name TEXT NOT NULL, '
    "value INTEGER NOT NULL, PRIMARY KEY (storage, name)) WITHOUT ROWID"
)
_COUNTERS: Step = (_COUNTERS_TABLE, ())
_OWN_COUNTERS = (Counter.SERIAL, Counter.AUTO_INCREMENT, Counter.ROWVERSION)


def _column(env: Env, target: Target, name: nodes.Name) -> Column | None:
    """Return the column that an assignment means, ``None`` for the hidden row id."""
    wanted = name.parts[-1]
    column = target.column(wanted)
    if column is not None:
        return column
    if not target.levels and (
        wanted.upper() == "%ID" or (wanted.upper() == "ID" and target.table.identity is None)
    ):
        return None
    env.scope.sources.append(target.source(env.statement, "t", None)[0])
    raise unknown_field(env, name)


def _no_duplicates(env: Env, columns: Sequence[Column]) -> None:
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            raise env.statement.error(-377, f" Field '{column.name}' is assigned more than once")
        seen.add(column.name)


def _required(column: Column, table: Table) -> str:
    return f"iris_missing({literal(column.name)}, {literal(table.qualified_name)})"


# -- INSERT ----------------------------------------------------------------------------------------


def compile_insert(statement: Statement, node: nodes.Insert) -> Write:
    """Translate INSERT and INSERT OR UPDATE."""
    env = Env(statement, statement.root(), "values")
    target = written_table(env, node.table, "INSERT")
    table = target.table
    if node.or_update:
        statement.needs.add(("UPDATE", *_written(env, node.table)))
    columns = _insert_columns(env, target, node)
    verb = "INSERT OR UPDATE" if node.or_update else "INSERT"
    steps: list[Step] = []
    if any(column.counter in _OWN_COUNTERS for column in table.columns):
        steps.append(_COUNTERS)
    checked = [] if node.no_check else ["INSERT", *(["UPDATE"] if node.or_update else [])]
    checks = [check_statements(statement, target, event) for event in checked]
    steps += [(text, ()) for made, _ in checks for text in made]
    first = len(steps)
    for step in _insert_steps(env, table, columns, node):
        steps.append(statement.finished(step))
        steps += [statement.finished(text) for text in computed_on_insert(statement, table)]
    counted = frozenset(range(first, len(steps), 1 + len(computed_on_insert(statement, table))))
    steps += [(text, ()) for _, removed in checks for text in removed]
    one_row = len(steps) == 1 and node.query is None and len(node.rows) <= 1 and not node.or_update
    return Write(verb, table, tuple(steps), 0, node.no_check, counted, one_row)


def _written(env: Env, ref: nodes.NamedTable) -> tuple[str, str]:
    table = find_table(env, ref, "INSERT")
    return table.schema, table.name


def _insert_columns(env: Env, target: Target, node: nodes.Insert) -> list[Column]:
    table = target.table
    if not node.columns and not (node.rows or node.query):
        return []
    if not node.columns:
        allowed = _identity_allowed(table)
        return [c for c in target.columns if not _made_by_itself(c) and (c != table.identity or allowed)]
    columns = []
    for name in node.columns:
        column = _column(env, target, name)
        if column is None or (column.counter is Counter.IDENTITY and not _identity_allowed(table)):
            raise env.statement.error(-111, f" Field '{table.qualified_name}.{name.parts[-1]}' fills itself")
        if column.counter is Counter.ROWVERSION or column.calculated or column.transient:
            raise env.statement.error(-138, f" Field '{column.name}' is read only")
        columns.append(column)
    _no_duplicates(env, columns)
    return columns


def _made_by_itself(column: Column) -> bool:
    return column.counter is Counter.ROWVERSION or column.computed is not None


def _identity_allowed(table: Table) -> bool:
    return any(
        name.upper() == "ALLOWIDENTITYINSERT" and value.strip("'\" ") == "1"
        for name, value in table.parameters
    )


def _insert_steps(env: Env, table: Table, columns: list[Column], node: nodes.Insert) -> list[str]:
    others = [c for c in table.columns if c not in columns and _fills(c)]
    names = ", ".join(quoted(c.storage_name) for c in (*columns, *others))
    head = f"INSERT INTO {storage_of(table)}"
    if not names:
        return [f"{head} DEFAULT VALUES"]
    tail = _on_conflict(env, columns) if node.or_update and not node.no_check else ""
    fill = [_filled(column, table) for column in others]
    head = f"{head} ({names})"
    if node.query is not None:
        return [f"{head} {_inserted_query(env, table, columns, node.query, fill)}{tail}"]
    rows = node.rows or ((),)
    texts = [_row(env, table, columns, row, fill) for row in rows]
    size = max(1, _MOST_BINDS // max(1, len(columns)))
    return [
        f"{head} VALUES {', '.join(texts[start : start + size])}{tail}"
        for start in range(0, len(texts), size)
    ]


def _fills(column: Column) -> bool:
    """Tell whether a column that an INSERT leaves out still needs a value of ours."""
    if column.counter is Counter.IDENTITY or column.computed is not None:
        return False
    return (
        column.counter is not None
        or column.default is not None
        or column.on_update is not None
        or not column.nullable
    )


def _filled(column: Column, table: Table) -> str:
    if column.counter is not None:
        return _counted(column, table, "NULL")
    default = column.on_update or column.default
    if default is not None:
        return default_text(default, column.type, f"{table.qualified_name}.{column.name}")
    return _required(column, table)


def _counted(column: Column, table: Table, given: str) -> str:
    storage = "%" if column.counter is Counter.ROWVERSION else table.storage_name
    name = "ROWVERSION" if column.counter is Counter.ROWVERSION else column.storage_name
    moves = 1 if column.counter is Counter.SERIAL else 0
    return f"iris_counter({literal(storage)}, {literal(name)}, {given}, {moves})"


def _row(
    env: Env, table: Table, columns: list[Column], row: tuple[nodes.Expression, ...], fill: list[str]
) -> str:
    if len(row) != len(columns):
        code = -62 if len(row) < len(columns) else -116
        raise env.statement.error(code, f" {len(columns)} values expected, {len(row)} found")
    texts = []
    for column, node in zip(columns, row, strict=True):
        if isinstance(node, nodes.ScalarQuery):
            raise env.statement.error(
                -144, " A subquery is not allowed in an insert statement's values clause"
            )
        texts.append(_inserted(env, table, column, env.value(node)))
    return f"({', '.join([*texts, *fill])})"


def _inserted(env: Env, table: Table, column: Column, value: Value) -> str:
    if column.on_update is not None:
        return default_text(column.on_update, column.type, f"{table.qualified_name}.{column.name}")
    text = stored_text(env, value, column, table, "INSERT")
    if column.counter in _OWN_COUNTERS:
        return _counted(column, table, text)
    if column.counter is Counter.IDENTITY or column.nullable:
        return text
    if column.default is not None:
        default = default_text(column.default, column.type, f"{table.qualified_name}.{column.name}")
        return f"COALESCE({text}, {default})"
    return f"COALESCE({text}, {_required(column, table)})"


def _inserted_query(env: Env, table: Table, columns: list[Column], node: nodes.Query, fill: list[str]) -> str:
    query = Env(env.statement, env.statement.root()).query(node)
    if len(query.columns) != len(columns):
        raise env.statement.error(-64, f" {len(columns)} fields expected, {len(query.columns)} selected")
    texts = []
    for number, (column, source) in enumerate(zip(columns, query.columns, strict=True), 1):
        origin = source.value
        value = Value(f"s.c{number}", origin.type, origin.collation, origin.nullable)
        if origin.parameter is not None and column.type.is_vector:
            value = Value(value.sql, None)
        texts.append(_inserted(env, table, column, value))
    # WHERE keeps SQLite from reading ON CONFLICT as the ON of a join
    return f"SELECT {', '.join([*texts, *fill])} FROM ({query.sql}) AS s WHERE 1"


def _on_conflict(env: Env, columns: list[Column]) -> str:
    if not columns:
        raise env.statement.error(-1, " INSERT OR UPDATE needs values")
    changes = [
        f"{quoted(c.storage_name)} = excluded.{quoted(c.storage_name)}"
        for c in columns
        if c.counter is not Counter.IDENTITY
    ]
    return f" ON CONFLICT DO UPDATE SET {', '.join(changes)}" if changes else " ON CONFLICT DO NOTHING"


# -- UPDATE ----------------------------------------------------------------------------------------


def compile_update(statement: Statement, node: nodes.Update) -> Write:
    """Translate UPDATE, also with FROM."""
    env = Env(statement, statement.root(), "set")
    target = written_table(env, node.table, "UPDATE")
    table = target.table
    columns = [_updated_column(env, target, name) for name, _ in node.assignments]
    _no_duplicates(env, columns)
    if node.source is not None:
        _refuse_joined_view(env, target)
        text = _update_from(env, table, columns, node)
    else:
        source, conditions = target.source(statement, statement.alias(), node.table.alias)
        env.scope.sources.append(source)
        values = [
            _updated(env, table, column, env.value(value))
            for column, (_, value) in zip(columns, node.assignments, strict=True)
        ]
        where = _where(env.within("where"), conditions, node.where)
        changes = _changes(env, table, columns, values, source.alias)
        text = f"UPDATE {storage_of(table)} AS {source.alias} SET {changes}{where}"
    made, removed = ([], []) if node.no_check else check_statements(statement, target, "UPDATE")
    steps: list[Step] = [(check, ()) for check in made]
    if any(column.counter is Counter.ROWVERSION for column in table.columns):
        steps.append(_COUNTERS)
    counted = len(steps)
    steps += [statement.finished(text), *((check, ()) for check in removed)]
    return Write("UPDATE", table, tuple(steps), 0, node.no_check, frozenset({counted}))


def _where(env: Env, conditions: list[str], own: nodes.Condition | None) -> str:
    texts = [*conditions, *([] if own is None else [env.condition(own)])]
    return " WHERE " + " AND ".join(f"({text})" for text in texts) if texts else ""


def _refuse_joined_view(env: Env, target: Target) -> None:
    if target.levels:
        view = target.levels[0].view
        raise env.statement.error(-35, f" View '{view.qualified_name}' cannot be changed together with FROM")


def _updated_column(env: Env, target: Target, name: nodes.Name) -> Column:
    table = target.table
    column = _column(env, target, name)
    if column is None or column.counter is Counter.IDENTITY:
        raise env.statement.error(-107, "Updating any of the RowID Fields ('RowId', or 'IEN') not allowed")
    if column.counter is Counter.ROWVERSION or column.computed is not None:
        raise env.statement.error(-138, f" Field '{column.name}' is read only")
    if column.counter is Counter.SERIAL:
        raise env.statement.error(-105, f"Field '{table.qualified_name}.{column.name}' cannot be changed")
    return column


def _updated(env: Env, table: Table, column: Column, value: Value) -> str:
    text = stored_text(env, value, column, table, "UPDATE")
    return text if column.nullable else f"COALESCE({text}, {_required(column, table)})"


def _changes(env: Env, table: Table, columns: list[Column], values: list[str], alias: str) -> str:
    assigned = dict(zip((c.name for c in columns), values, strict=True))
    for column in table.columns:
        if column.counter is Counter.ROWVERSION:
            assigned[column.name] = _counted(column, table, "NULL")
        elif column.on_update is not None:
            label = f"{table.qualified_name}.{column.name}"
            assigned[column.name] = default_text(column.on_update, column.type, label)
    assigned |= computed_on_update(env.statement, table, assigned, alias)
    storage = {column.name: column.storage_name for column in table.columns}
    return ", ".join(f"{quoted(storage[name])} = {text}" for name, text in assigned.items())


def _update_from(env: Env, table: Table, columns: list[Column], node: nodes.Update) -> str:
    assert node.source is not None
    rows, target = _joined_rows(env, node.table, node.source)
    values = [
        _updated(env, table, column, env.value(value))
        for column, (_, value) in zip(columns, node.assignments, strict=True)
    ]
    where = f" WHERE {env.within('where').condition(node.where)}" if node.where is not None else ""
    listed = ", ".join(f"{text} AS v{n}" for n, text in enumerate(values, 1))
    new = env.statement.alias()
    own = env.statement.alias()
    changes = _changes(env, table, columns, [f"{new}.v{n}" for n in range(1, len(values) + 1)], own)
    return (
        f"UPDATE {storage_of(table)} AS {own} SET {changes} "
        f"FROM (SELECT {target}.{quoted(ROWID)} AS rid, {listed} FROM {rows()}{where}) AS {new} "
        f"WHERE {own}.{quoted(ROWID)} = {new}.rid"
    )


def _joined_rows(env: Env, table: nodes.NamedTable, source: nodes.TableRef) -> tuple[Render, str]:
    """Return what renders FROM, which holds the changed table once, and the alias of that table's rows."""
    if not _holds(source, table):
        source = nodes.Join(",", table, source)
    render = compile_source(env, source)
    wanted = (table.alias or table.parts[-1]).upper()
    target = env.scope.labelled((wanted,))[0].alias
    return render, target


def _holds(ref: nodes.TableRef, table: nodes.NamedTable) -> bool:
    """Tell whether FROM repeats the changed table: under the same alias, or none, the same row is meant."""
    if isinstance(ref, nodes.Join):
        return _holds(ref.left, table) or _holds(ref.right, table)
    if not isinstance(ref, nodes.NamedTable):
        return False
    if ref.alias is None and table.alias is None:
        return ref.parts[-1].upper() == table.parts[-1].upper()
    names = {(n or "").upper() for n in (ref.alias, table.alias)}
    return len(names) == 1 or (ref.alias or "").upper() == table.parts[-1].upper()


# -- DELETE, TRUNCATE ------------------------------------------------------------------------------


def compile_delete(statement: Statement, node: nodes.Delete) -> Write:
    """Translate DELETE, also with a second FROM."""
    env = Env(statement, statement.root(), "where")
    target = written_table(env, node.table, "DELETE")
    table = target.table
    if node.source is not None:
        _refuse_joined_view(env, target)
        rows, alias = _joined_rows(env, node.table, node.source)
        where = f" WHERE {env.condition(node.where)}" if node.where is not None else ""
        chosen = f"SELECT {alias}.{quoted(ROWID)} FROM {rows()}{where}"
        text = f"DELETE FROM {storage_of(table)} WHERE {quoted(ROWID)} IN ({chosen})"
    else:
        source, conditions = target.source(statement, statement.alias(), node.table.alias)
        env.scope.sources.append(source)
        where = _where(env, conditions, node.where)
        text = f"DELETE FROM {storage_of(table)} AS {source.alias}{where}"
    return Write("DELETE", table, (statement.finished(text),), 0, node.no_check)


def compile_truncate(statement: Statement, node: nodes.Truncate) -> Write:
    """Translate TRUNCATE TABLE: empties the table and starts its counters again."""
    env = Env(statement, statement.root())
    table = find_table(env, node.table, "DELETE")
    if table.view_definition is not None:
        raise statement.error(-30, f" Table '{table.qualified_name.upper()}' not found")
    table = written_table(env, node.table, "DELETE").table
    name = literal(table.storage_name)
    sequences = "temp.sqlite_sequence" if table.kind is TableKind.TEMPORARY else "main.sqlite_sequence"
    steps: list[Step] = [
        (f"DELETE FROM {storage_of(table)}", ()),
        (f"UPDATE {sequences} SET seq = 0 WHERE name = {name}", ()),
    ]
    if any(c.counter in (Counter.SERIAL, Counter.AUTO_INCREMENT) for c in table.columns):
        steps += [_COUNTERS, (f'DELETE FROM main."%counters" WHERE storage = {name}', ())]
    return Write("TRUNCATE", table, tuple(steps), 0, node.no_check, frozenset({0}))
