"""Change one column: its type with the values there are, default, NULL, collation, name (iris-sql.md 8.3)."""

from __future__ import annotations

import dataclasses

from iris_devtools.standin.catalog.constraints import unchecked
from iris_devtools.standin.catalog.definitions import ColumnChange
from iris_devtools.standin.catalog.model import ROWID, Column, Counter, ForeignKey, Index, Table
from iris_devtools.standin.catalog.names import check_identifier, same_name
from iris_devtools.standin.catalog.storage import drop_index, has_rows, rows_name
from iris_devtools.standin.catalog.work import Work
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.values import fetch, store
from iris_devtools.standin.types import SqlType

__all__ = ["change_column"]

_BATCH = 1000


def change_column(work: Work, table: Table, change: ColumnChange) -> Table:
    """Apply ``change`` and return the table as it is stored then; raises SQLError."""
    column = table.column(change.column)
    if column is None:
        raise SQLError(-31, f"Field '{change.column.upper()}' not found in table '{table.qualified_name}'")
    if change.rename is not None:
        return _rename(work, table, column, change.rename)
    changed = _changed(work, table, column, change)
    if changed == column:
        return table
    columns = tuple(changed if other is column else other for other in table.columns)
    new = dataclasses.replace(table, columns=columns)
    rebuilt = [
        index
        for index in table.indexes
        if any(same_name(name, column.name) for name in index.columns)
        and (changed.type != column.type or changed.collation != column.collation)
    ]
    work.drop_triggers(table)
    for index in rebuilt:
        drop_index(work.connection, table, index)
    if changed.type != column.type and column.storage_name != ROWID:
        _convert_rows(work, table, column, changed.type)
    for index in rebuilt:
        work.make_index(new, index)
    stored = work.save(new, replaces=table)
    work.make_triggers(stored)
    return stored


def _changed(work: Work, table: Table, column: Column, change: ColumnChange) -> Column:
    new = column
    if change.type is not None:
        new = _with_type(work, table, new, change)
    if change.collation is not None and new.type.is_text:
        new = dataclasses.replace(new, collation=change.collation)
    if change.drop_default:
        new = dataclasses.replace(new, default=None)
    if change.default is not None:
        new = dataclasses.replace(new, default=change.default)
    if change.description is not None:
        new = dataclasses.replace(new, description=change.description)
    if change.nullable is not None:
        if not change.nullable and column.nullable and _has_nulls(work, table, column):
            raise SQLError(
                -305, f"Field '{column.name}' of table '{table.qualified_name}' has rows without a value"
            )
        new = dataclasses.replace(new, nullable=change.nullable)
    return new


def _with_type(work: Work, table: Table, column: Column, change: ColumnChange) -> Column:
    type_ = change.type
    assert type_ is not None
    if column.type.is_stream != type_.is_stream and has_rows(work.connection, table):
        raise SQLError(
            -374, f"Field '{column.name}' of table '{table.qualified_name}' cannot change to or from a stream"
        )
    if type_.is_stream and any(
        same_name(name, column.name) for index in table.indexes for name in index.columns
    ):
        raise SQLError(-400, f"ERROR #5414: Invalid index attribute: {column.property_name}")
    counter = column.counter
    if counter is Counter.IDENTITY:
        if change.counter is None and not type_.is_integer:
            raise SQLError(-400, f"Field '{column.name}' is the IDENTITY column: it takes integer types only")
    elif change.counter is Counter.IDENTITY:
        raise SQLError(-400, f"Field '{column.name}' cannot become the IDENTITY column")
    else:
        counter = change.counter
    collation = None
    if type_.is_text:
        collation = column.collation or "SQLUPPER"
    return dataclasses.replace(column, type=type_, counter=counter, collation=collation)


def _has_nulls(work: Work, table: Table, column: Column) -> bool:
    if column.storage_name == ROWID:
        return False
    found = work.connection.execute(
        f"SELECT 1 FROM {rows_name(table)} WHERE {quoted(column.storage_name)} IS NULL LIMIT 1"
    ).fetchone()
    return found is not None


def _convert_rows(work: Work, table: Table, column: Column, type_: SqlType) -> None:
    """Bring every value into the form of the new type; raises SQLError -104 for one that does not fit."""
    if _holds_all(type_, column.type):
        return
    external = fetch(column.type)
    convert = store(type_, f"{table.qualified_name}.{column.name}")
    rows, name = rows_name(table), quoted(column.storage_name)
    cursor = work.connection.execute(f"SELECT {quoted(ROWID)}, {name} FROM {rows} WHERE {name} IS NOT NULL")
    changes = []
    while batch := cursor.fetchmany(_BATCH):
        for row_id, value in batch:
            new = convert(value if external is None else external(value))
            if type(new) is not type(value) or new != value:
                changes.append((new, row_id))
    with unchecked(work.connection):
        work.connection.executemany(f"UPDATE {rows} SET {name} = ? WHERE {quoted(ROWID)} = ?", changes)


def _holds_all(new: SqlType, old: SqlType) -> bool:
    """Tell whether every value of the old type is one of the new type, in the same form."""
    if new.code is not old.code or new.element != old.element or new.posix != old.posix:
        return False
    if new.is_text or new.is_binary:
        return new.length is None or (old.length is not None and new.length >= old.length)
    return new == old


def _rename(work: Work, table: Table, column: Column, name: str) -> Table:
    check_identifier(name)
    other = table.column(name)
    if other is not None and other is not column:
        raise SQLError(-306, f"Column '{name}' already exists in table '{table.qualified_name}'")

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name if same_name(n, column.name) else n for n in names)

    def index(old: Index) -> Index:
        return dataclasses.replace(old, columns=renamed(old.columns), data=renamed(old.data))

    def foreign_key(old: ForeignKey, owner: Table) -> ForeignKey:
        ours = same_name(old.schema, table.schema) and same_name(old.table, table.name)
        own = same_name(owner.qualified_name, table.qualified_name)
        return dataclasses.replace(
            old,
            columns=renamed(old.columns) if own else old.columns,
            referenced=renamed(old.referenced) if ours else old.referenced,
        )

    # The property keeps its name, as in the class (iris-sql.md 8.3), and so does the SQLite column.
    new = dataclasses.replace(
        table,
        columns=tuple(
            dataclasses.replace(
                c,
                name=name if c is column else c.name,
                compute_on_change=renamed(c.compute_on_change),
            )
            for c in table.columns
        ),
        indexes=tuple(index(i) for i in table.indexes),
        foreign_keys=tuple(foreign_key(k, table) for k in table.foreign_keys),
    )
    others = work.dictionary.referencing(table)
    stored = work.dictionary.store(new, replaces=table)
    for referencing in others:
        if not same_name(referencing.qualified_name, table.qualified_name):
            keys = tuple(foreign_key(k, referencing) for k in referencing.foreign_keys)
            work.dictionary.store(dataclasses.replace(referencing, foreign_keys=keys))
    return stored
