"""Unique keys and foreign keys: how SQLite keeps them, and how a violation is told in IRIS's words.

Unique keys are SQLite indexes with IRIS's collations. Foreign keys are triggers, because SQLite's own
cannot be added or dropped by ALTER TABLE; a failing trigger raises a text that constraint_error() reads.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator

from iris_devtools.standin.catalog.dictionary import Dictionary
from iris_devtools.standin.catalog.model import ROWID, Column, ForeignKey, Index, IndexKind, Table, TableKind
from iris_devtools.standin.catalog.projection import IMPLICIT_KEY, key_of
from iris_devtools.standin.catalog.storage import collate, key_columns, rows_name
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import numbers
from iris_devtools.standin.sql.dialect import Kind, quoted, tokenize
from iris_devtools.standin.sql.values import store
from iris_devtools.standin.values import Scalar

__all__ = [
    "check_foreign_key",
    "constraint_error",
    "create_foreign_key",
    "drop_foreign_key",
    "literal_default",
    "register_checks",
    "unchecked",
    "unique_error",
]

_FOREIGN_KEY = "%fk:"
_UNIQUE = "UNIQUE constraint failed: "


def register_checks(connection: sqlite3.Connection) -> None:
    """Register what the triggers call: ``%nocheck`` and ``%note``, each with its other half."""
    switched_off = [0]
    noted: list[Scalar] = []

    def switch(on: int) -> int:
        switched_off[0] = on
        return on

    def note(*values: Scalar) -> None:
        noted[:] = values

    def tell() -> str:
        return json.dumps([v.decode("latin-1") if isinstance(v, bytes) else v for v in noted])

    connection.create_function("%nocheck", 0, lambda: switched_off[0])
    connection.create_function("%set_nocheck", 1, switch)
    connection.create_function("%note", -1, note)
    connection.create_function("%noted", 0, tell)


@contextlib.contextmanager
def unchecked(connection: sqlite3.Connection) -> Iterator[None]:
    """Suspend foreign keys with their actions for the statements inside, as %NOCHECK does (iris-sql.md 2.2).

    Unique keys stay: on IRIS %NOCHECK skips them, too, and leaves an index that lies.
    """
    connection.execute('SELECT "%set_nocheck"(1)').fetchone()
    try:
        yield
    finally:
        connection.execute('SELECT "%set_nocheck"(0)').fetchone()


def create_foreign_key(
    connection: sqlite3.Connection, child: Table, foreign_key: ForeignKey, parent: Table
) -> None:
    """Make the triggers of a foreign key, and an index that lets the parent find its children.

    None where a GLOBAL TEMPORARY table takes part: a trigger cannot see the rows of all processes.
    """
    if foreign_key.no_check or TableKind.TEMPORARY in (child.kind, parent.kind):
        return
    own = [_column(child, name) for name in foreign_key.columns]
    keys = [_reference(parent, name) for name in foreign_key.referenced]
    columns = ", ".join(quoted(column.storage_name) + collate(column) for column in own)
    connection.execute(
        f"CREATE INDEX main.{_trigger_name(child, foreign_key, 'children')} "
        f"ON {quoted(child.storage_name)} ({columns})"
    )
    _create_child_triggers(connection, child, foreign_key, parent, own, keys)
    _create_parent_trigger(connection, child, foreign_key, parent, own, keys, "DELETE")
    if any(key[0] != ROWID for key in keys):
        _create_parent_trigger(connection, child, foreign_key, parent, own, keys, "UPDATE")


def drop_foreign_key(connection: sqlite3.Connection, child: Table, foreign_key: ForeignKey) -> None:
    """Drop the triggers and the index of a foreign key."""
    connection.execute(f"DROP INDEX IF EXISTS main.{_trigger_name(child, foreign_key, 'children')}")
    for event in ("child INSERT", "child UPDATE", "parent DELETE", "parent UPDATE"):
        connection.execute(f"DROP TRIGGER IF EXISTS main.{_trigger_name(child, foreign_key, event)}")


def check_foreign_key(
    connection: sqlite3.Connection, child: Table, foreign_key: ForeignKey, parent: Table
) -> None:
    """Raise SQLError -127 when a row references nothing."""
    own = [_column(child, name) for name in foreign_key.columns]
    keys = [_reference(parent, name) for name in foreign_key.referenced]
    given = " AND ".join(f"c.{quoted(column.storage_name)} IS NOT NULL" for column in own)
    match = " AND ".join(
        f"p.{quoted(key)}{order} = c.{quoted(column.storage_name)}"
        for column, (key, order) in zip(own, keys, strict=True)
    )
    dangling = connection.execute(
        f"SELECT 1 FROM {rows_name(child)} AS c WHERE {given} "
        f"AND NOT EXISTS (SELECT 1 FROM {rows_name(parent)} AS p WHERE {match}) LIMIT 1"
    ).fetchone()
    if dangling is not None:
        raise SQLError(-127, _child_message(child, foreign_key))


def constraint_error(
    exc: sqlite3.Error, *, verb: str, table: Table, dictionary: Dictionary
) -> SQLError | None:
    """Return what IRIS reports for a violated key, or ``None`` for anything else (iris-sql.md 11).

    Call it before anything else runs on the connection: the values of the failing row are those seen last.
    """
    if not isinstance(exc, sqlite3.IntegrityError):
        return None
    text = str(exc)
    if text.startswith(_FOREIGN_KEY):
        return _foreign_key_error(json.loads(text[len(_FOREIGN_KEY) :]), verb, table, dictionary)
    if text.startswith(_UNIQUE):
        return _unique_violation(text[len(_UNIQUE) :], verb, table, dictionary)
    return None


def unique_error(table: Table, index: Index) -> SQLError:
    """Return the error of a unique key that the present rows break."""
    fields = ",".join(index.columns)
    return SQLError(
        -125,
        f"Table '{table.qualified_name}', Constraint '{index.name}', Field(s) {fields}; failed unique check",
    )


def literal_default(column: Column) -> Scalar:
    """Return the stored form of a default that is a literal, ``None`` for any other."""
    if column.default is None:
        return None
    tokens = tokenize(column.default.sql)
    value: Scalar
    if tokens[0].kind is Kind.STRING:
        value = tokens[0].text
    elif tokens[0].kind is Kind.NUMBER or tokens[0].upper in ("+", "-"):
        value = "".join(token.text for token in tokens).removeprefix("+")
    else:
        return None
    return store(column.type, column.name)(value)


# -- triggers --------------------------------------------------------------------------------------


def _create_child_triggers(
    connection: sqlite3.Connection,
    child: Table,
    foreign_key: ForeignKey,
    parent: Table,
    own: list[Column],
    keys: list[tuple[str, str]],
) -> None:
    given = " AND ".join(f"NEW.{quoted(column.storage_name)} IS NOT NULL" for column in own)
    match = " AND ".join(
        f"{quoted(key)}{order} = NEW.{quoted(column.storage_name)}"
        for column, (key, order) in zip(own, keys, strict=True)
    )
    changed = " OR ".join(f"NEW.{quoted(c.storage_name)} IS NOT OLD.{quoted(c.storage_name)}" for c in own)
    missing = f"NOT EXISTS (SELECT 1 FROM {quoted(parent.storage_name)} WHERE {match})"
    of = ", ".join(quoted(column.storage_name) for column in own)
    events = [("INSERT", "INSERT", "")]
    if all(column.storage_name != ROWID for column in own):
        events.append(("UPDATE", f"UPDATE OF {of}", f"({changed}) AND "))
    for event, clause, condition in events:
        # The check comes after the row is there: a row may reference itself.
        connection.execute(
            f"CREATE TRIGGER main.{_trigger_name(child, foreign_key, f'child {event}')} AFTER {clause} "
            f"ON {quoted(child.storage_name)} "
            f'WHEN {condition}{given} AND {missing} AND NOT "%nocheck"() '
            f"BEGIN SELECT {_raise(child, foreign_key, 'child', event)}; END"
        )


def _create_parent_trigger(
    connection: sqlite3.Connection,
    child: Table,
    foreign_key: ForeignKey,
    parent: Table,
    own: list[Column],
    keys: list[tuple[str, str]],
    event: str,
) -> None:
    action = foreign_key.on_delete if event == "DELETE" else foreign_key.on_update
    pairs = list(zip(own, keys, strict=True))
    # + takes the row id's affinity away, for which SQLite would not use the child's index
    match = " AND ".join(
        f"{quoted(column.storage_name)}{collate(column)} = +OLD.{quoted(key)}{order}"
        for column, (key, order) in pairs
    )
    rows = quoted(child.storage_name)
    refusal = (
        f"SELECT {_raise(child, foreign_key, 'parent', event)} "
        f"WHERE EXISTS (SELECT 1 FROM {rows} WHERE {match})"
    )
    if action == "CASCADE" and event == "DELETE":
        body = f"DELETE FROM {rows} WHERE {match}"
    elif action == "CASCADE":
        changes = ", ".join(f"{quoted(c.storage_name)} = NEW.{quoted(key)}" for c, (key, _) in pairs)
        body = f"UPDATE {rows} SET {changes} WHERE {match}"
    elif action == "SET NULL" and all(column.nullable for column in own):
        changes = ", ".join(f"{quoted(column.storage_name)} = NULL" for column in own)
        body = f"UPDATE {rows} SET {changes} WHERE {match}"
    elif action == "SET DEFAULT":
        changes = ", ".join(f"{quoted(c.storage_name)} = {_sql(literal_default(c))}" for c in own)
        # Where the default is the very key that goes, nothing changes, and the row still references it.
        body = f"UPDATE {rows} SET {changes} WHERE {match}; {refusal}"
    else:
        body = refusal
    condition = 'NOT "%nocheck"()'
    clause = event
    if event == "UPDATE":
        clause += " OF " + ", ".join(quoted(key) for key, _ in keys if key != ROWID)
        condition = (
            "("
            + " OR ".join(f"NEW.{quoted(k)} IS NOT OLD.{quoted(k)}" for k, _ in keys)
            + f") AND {condition}"
        )
    connection.execute(
        f"CREATE TRIGGER main.{_trigger_name(child, foreign_key, f'parent {event}')} AFTER {clause} "
        f"ON {quoted(parent.storage_name)} WHEN {condition} BEGIN {body}; END"
    )


def _trigger_name(child: Table, foreign_key: ForeignKey, event: str) -> str:
    return quoted(f"{child.storage_name}|{foreign_key.name.upper()}|{event}")


def _raise(child: Table, foreign_key: ForeignKey, side: str, event: str) -> str:
    facts = json.dumps({"side": side, "event": event, "child": child.storage_name, "name": foreign_key.name})
    return f"RAISE(ABORT, {_sql(_FOREIGN_KEY + facts)})"


def _sql(value: Scalar) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return repr(value)


def _column(table: Table, name: str) -> Column:
    column = table.column(name)
    if column is None:
        raise SQLError(-31, f"Field '{name.upper()}' not found in table '{table.qualified_name}'")
    return column


def _reference(parent: Table, name: str) -> tuple[str, str]:
    """Return the SQLite column of a referenced one, and its COLLATE clause."""
    column = parent.column(name)
    return (ROWID, "") if column is None else (column.storage_name, collate(column))


# -- errors ----------------------------------------------------------------------------------------


def _foreign_key_error(facts: dict[str, str], verb: str, table: Table, dictionary: Dictionary) -> SQLError:
    child = table if table.storage_name == facts["child"] else dictionary.by_storage(facts["child"])
    name = facts["name"]
    if child is None:
        return SQLError(-400, f"Foreign Key Constraint '{name}' failed referential check")
    foreign_key = next(k for k in child.foreign_keys if k.name.upper() == name.upper())
    event = facts["event"]
    if facts["side"] == "parent":
        action = foreign_key.on_delete if event == "DELETE" else foreign_key.on_update
        return _parent_error(event, action, child, foreign_key, dictionary)
    if verb == "DELETE":
        # The row's key was set to its default, which does not exist either.
        return _parent_error("DELETE", foreign_key.on_delete, child, foreign_key, dictionary)
    return SQLError(-121 if event == "INSERT" else -122, _child_message(child, foreign_key))


def _parent_error(
    event: str, action: str, child: Table, foreign_key: ForeignKey, dictionary: Dictionary
) -> SQLError:
    parent = dictionary.definition(foreign_key.schema, foreign_key.table)
    key = key_of(parent, foreign_key.referenced) if parent is not None else None
    key_name = key[0] if key is not None else IMPLICIT_KEY
    fields = ",".join(foreign_key.columns)
    return SQLError(
        -124 if event == "DELETE" else -123,
        f"At least 1 Row exists in table '{child.qualified_name}' which references key {key_name} - "
        f"Foreign Key Constraint '{foreign_key.name}' (Field(s) '{fields}') failed on referential action of "
        f"{action}",
    )


def _child_message(child: Table, foreign_key: ForeignKey) -> str:
    word = "Field" if len(foreign_key.columns) == 1 else "Field(s)"
    return (
        f"Table '{child.qualified_name}', Foreign Key Constraint '{foreign_key.name}' "
        f"({word} '{','.join(foreign_key.columns)}') failed referential integrity check"
    )


def _unique_violation(columns: str, verb: str, table: Table, dictionary: Dictionary) -> SQLError | None:
    found = _violated(columns, table)
    if found is None:
        for other in dictionary.tables():
            if columns.startswith(f"{other.storage_name}."):
                table, found = other, _violated(columns, other)
                if found is not None:
                    break
    if found is None:
        return None
    name, names = found
    noted = json.loads(dictionary.connection.execute('SELECT "%noted"()').fetchone()[0])
    values: dict[str, Scalar] = {}
    if noted and noted[0] == table.storage_name:
        values = dict(zip([c.name.upper() for c in key_columns(table)], noted[1:], strict=True))
    shown = ",".join(
        f"{column}={_shown(values[column.upper()])}" if column.upper() in values else column
        for column in names
    )
    sqlcode = -125 if verb == "DDL" else -119 if verb.startswith("INSERT") else -120
    return SQLError(
        sqlcode, f"Table '{table.qualified_name}', Constraint '{name}', Field(s) {shown}; failed unique check"
    )


def _violated(columns: str, table: Table) -> tuple[str, tuple[str, ...]] | None:
    keys = sorted((i for i in table.indexes if i.unique), key=lambda i: i.kind is not IndexKind.PRIMARY_KEY)
    for index in keys:
        stored = [column.storage_name for name in index.columns if (column := table.column(name)) is not None]
        if columns == ", ".join(f"{table.storage_name}.{name}" for name in stored):
            return index.name, tuple(c.name for n in index.columns if (c := table.column(n)) is not None)
    if columns == f"{table.storage_name}.{ROWID}":
        identity = table.identity
        return IMPLICIT_KEY, (identity.name if identity is not None else "ID",)
    return None


def _shown(value: Scalar) -> str:
    if isinstance(value, str):
        return f'"{value}"' if value else "$c(0)"
    return numbers.text_of(value) or ""
