"""Apply ALTER TABLE (iris-sql.md 8.3)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import TypeVar

from iris_devtools.standin.catalog.columns import change_column
from iris_devtools.standin.catalog.constraints import check_foreign_key, create_foreign_key, drop_foreign_key
from iris_devtools.standin.catalog.definitions import (
    AddDefault,
    AddElements,
    AlterColumn,
    AlterTable,
    ColumnChange,
    ColumnDefinition,
    DropColumns,
    DropConstraint,
    DropPrimaryKey,
    ForeignKeyDefinition,
    KeyDefinition,
    RenameTable,
)
from iris_devtools.standin.catalog.keys import NameForms, foreign_key_of, key_index
from iris_devtools.standin.catalog.model import ROWID, Column, Counter, ForeignKey, Index, Table
from iris_devtools.standin.catalog.names import check_identifier, property_name, same_name
from iris_devtools.standin.catalog.row_triggers import make_row_triggers
from iris_devtools.standin.catalog.storage import (
    add_column,
    drop_column,
    drop_index,
    free_column_name,
    has_rows,
    note_keys,
    rows_name,
)
from iris_devtools.standin.catalog.work import Work
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import quoted

__all__ = ["alter_table", "columns_of"]

_Named = TypeVar("_Named", Index, ForeignKey)
_ONE_PER_TABLE = {
    Counter.IDENTITY: -308,
    Counter.AUTO_INCREMENT: -400,
    Counter.ROWVERSION: -400,
}


def alter_table(work: Work, statement: AlterTable) -> None:
    """Change a table and its rows; raises SQLError."""
    schema, name = statement.name.within(work.default_schema)
    table = work.table(schema, name)
    action = statement.action
    if isinstance(action, AddElements):
        _add(work, table, action)
    elif isinstance(action, AlterColumn):
        for change in action.changes:
            table = change_column(work, table, change)
    elif isinstance(action, AddDefault):
        change_column(work, table, ColumnChange(action.column, default=action.default))
    elif isinstance(action, DropColumns):
        for column in action.columns:
            table = _drop_column(work, table, column, action)
    elif isinstance(action, DropConstraint):
        _drop_constraint(work, table, action)
    elif isinstance(action, DropPrimaryKey):
        _drop_primary_key(work, table)
    else:
        _rename(work, table, action)


def columns_of(table: Table, definitions: Iterable[ColumnDefinition]) -> tuple[Column, ...]:
    """Return the table's columns with new ones behind them.

    Raises SQLError: -306 for a name that is there, -308 for a second IDENTITY, -1 for a name that may not be.
    """
    columns = table.columns
    for definition in definitions:
        name = definition.name
        check_identifier(name)
        if any(same_name(name, column.name) for column in columns):
            raise SQLError(-306, f"Column '{name}' already exists in table '{table.qualified_name}'")
        counter = definition.counter
        if counter in _ONE_PER_TABLE and any(column.counter is counter for column in columns):
            assert counter is not None
            raise SQLError(
                _ONE_PER_TABLE[counter],
                f"Table '{table.qualified_name}' already has a column of the kind {counter.value}",
            )
        taken = {column.property_name.upper() for column in columns}
        storage = ROWID if counter is Counter.IDENTITY else free_column_name(columns, name)
        columns += (
            Column(
                name=name,
                type=definition.type,
                storage_name=storage,
                nullable=definition.nullable,
                default=definition.default,
                counter=counter,
                collation=definition.collation,
                description=definition.description,
                computed=definition.computed,
                compute_on_change=definition.compute_on_change,
                calculated=definition.calculated,
                transient=definition.transient,
                on_update=definition.on_update,
                property_name=property_name(name, taken),
                private=definition.private,
            ),
        )
    return columns


# -- ADD -------------------------------------------------------------------------------------------


def _add(work: Work, table: Table, action: AddElements) -> None:
    for element in action.elements:
        if isinstance(element, ColumnDefinition):
            table = _add_column(work, table, element)
            for key in element.keys:
                table = _add_key(work, table, key, forms=NameForms.COLUMN, columns=(element.name,))
            if element.references is not None:
                table = _add_foreign_key(work, table, element.references, forms=NameForms.COLUMN)
        elif isinstance(element, KeyDefinition):
            table = _add_key(work, table, element, forms=NameForms.ALTER)
        else:
            table = _add_foreign_key(work, table, element, forms=NameForms.ALTER)


def _add_column(work: Work, table: Table, definition: ColumnDefinition) -> Table:
    changed = dataclasses.replace(table, columns=columns_of(table, (definition,)))
    column = changed.columns[-1]
    if column.storage_name != ROWID:
        required = not column.nullable and column.counter is None and column.computed is None
        filled = has_rows(work.connection, table)
        if required and filled and column.default is None:
            raise SQLError(
                -304,
                f"Field '{column.name}' is NOT NULL and has no default, and table "
                f"'{table.qualified_name}' has rows",
            )
        add_column(work.connection, changed, column)
        if required and filled:
            # Without NOT NULL existing rows stay NULL, default or not (iris-sql.md 8.3).
            work.connection.execute(
                f"UPDATE {rows_name(changed)} SET {quoted(column.storage_name)} = ?",
                (work.default_value(changed, column),),
            )
    make_row_triggers(work.connection, changed)
    return work.save(changed, replaces=table)


def _add_key(
    work: Work,
    table: Table,
    key: KeyDefinition,
    *,
    forms: tuple[str, str, str],
    columns: tuple[str, ...] = (),
) -> Table:
    index = key_index(table, key, forms=forms, default_columns=columns)
    if key.primary:
        for name in index.columns:
            table = change_column(work, table, ColumnChange(name, nullable=False))
    return work.add_index(table, index)


def _add_foreign_key(
    work: Work, table: Table, declared: ForeignKeyDefinition, *, forms: tuple[str, str, str]
) -> Table:
    foreign_key = foreign_key_of(
        table, declared, dictionary=work.dictionary, default_schema=work.default_schema, forms=forms
    )
    parent = work.parent(table, foreign_key)
    if not foreign_key.no_check:
        check_foreign_key(work.connection, table, foreign_key, parent)
    create_foreign_key(work.connection, table, foreign_key, parent)
    changed = dataclasses.replace(table, foreign_keys=(*table.foreign_keys, foreign_key))
    return work.save(changed, replaces=table)


# -- DROP ------------------------------------------------------------------------------------------


def _drop_column(work: Work, table: Table, name: str, action: DropColumns) -> Table:
    column = table.column(name)
    if column is None:
        raise SQLError(-31, f"Field '{name.upper()}' not found in table '{table.qualified_name}'")
    indexes = [index for index in table.indexes if _mentions((*index.columns, *index.data), column)]
    foreign_keys = [key for key in table.foreign_keys if _mentions(key.columns, column)]
    if not action.cascade and (indexes or foreign_keys):
        blocking = indexes[0].name if indexes else foreign_keys[0].name
        raise SQLError(
            -322, f"Column '{column.name}' of table '{table.qualified_name}' is used by '{blocking}'"
        )
    for other in table.columns:
        if other is not column and other.computed is not None and _computes_with(other.computed, column.name):
            raise SQLError(
                -400, f"ERROR #5480: Column '{column.name}' is used by the COMPUTECODE of '{other.name}'"
            )
    for index in indexes:
        work.refuse_referenced(table, index)
    _refuse_referenced_column(work, table, column)
    work.drop_triggers(table)
    for index in indexes:
        drop_index(work.connection, table, index)
    changed = dataclasses.replace(
        table,
        columns=tuple(other for other in table.columns if other != column),
        indexes=tuple(index for index in table.indexes if index not in indexes),
        foreign_keys=tuple(key for key in table.foreign_keys if key not in foreign_keys),
    )
    note_keys(work.connection, changed)
    if column.storage_name != ROWID:
        drop_column(work.connection, table, column.storage_name)
    stored = work.save(changed, replaces=table)
    work.make_triggers(stored)
    return stored


def _refuse_referenced_column(work: Work, table: Table, column: Column) -> None:
    """Raise -317 for the IDENTITY column that a foreign key references without a declared key."""
    for other in work.dictionary.referencing(table):
        for key in other.foreign_keys:
            to_us = same_name(key.schema, table.schema) and same_name(key.table, table.name)
            if to_us and _mentions(key.referenced, column):
                raise SQLError(
                    -317,
                    f"Foreign key '{key.name}' of table '{other.qualified_name}' references '{column.name}'",
                )


def _mentions(names: tuple[str, ...], column: Column) -> bool:
    return any(same_name(name, column.name) for name in names)


def _computes_with(code: str, name: str) -> bool:
    return re.search(r"\{" + re.escape(name) + r"\}", code, re.IGNORECASE) is not None


def _drop_constraint(work: Work, table: Table, action: DropConstraint) -> None:
    foreign_key = _named(table.foreign_keys, action.name)
    if foreign_key is not None:
        drop_foreign_key(work.connection, table, foreign_key)
        keys = tuple(key for key in table.foreign_keys if key != foreign_key)
        work.save(dataclasses.replace(table, foreign_keys=keys), replaces=table)
        return
    index = None if action.foreign_key_only else _named(table.indexes, action.name)
    if index is None or not index.unique:
        raise SQLError(
            -315, f"Constraint or Key '{action.name}' not found for table '{table.qualified_name}'"
        )
    _drop_key(work, table, index)


def _named(items: tuple[_Named, ...], name: str) -> _Named | None:
    return next((item for item in items if same_name(item.name, name)), None)


def _drop_primary_key(work: Work, table: Table) -> None:
    key = table.primary_key
    if key is None:
        raise SQLError(-315, f"Table '{table.qualified_name}' has no primary key")
    _drop_key(work, table, key)


def _drop_key(work: Work, table: Table, index: Index) -> None:
    work.refuse_referenced(table, index)
    drop_index(work.connection, table, index)
    changed = dataclasses.replace(table, indexes=tuple(i for i in table.indexes if i != index))
    note_keys(work.connection, changed)
    work.save(changed, replaces=table)


# -- RENAME ----------------------------------------------------------------------------------------


def _rename(work: Work, table: Table, action: RenameTable) -> None:
    check_identifier(action.name)
    existing = work.dictionary.definition(table.schema, action.name)
    if existing is not None and not same_name(existing.name, table.name):
        raise SQLError(-201, f"Table '{existing.qualified_name}' already exists")
    if work.dictionary.views_on(table):
        # The views are compiled again, and do not find their table any more.
        raise SQLError(-30, f" Table '{table.qualified_name.upper()}' not found")
    others = work.dictionary.referencing(table)
    renamed = dataclasses.replace(
        table, name=action.name, foreign_keys=_retargeted(table.foreign_keys, table, action.name)
    )
    work.dictionary.store(renamed, replaces=table)
    for other in others:
        if not same_name(other.qualified_name, table.qualified_name):
            keys = _retargeted(other.foreign_keys, table, action.name)
            work.dictionary.store(dataclasses.replace(other, foreign_keys=keys))


def _retargeted(keys: tuple[ForeignKey, ...], table: Table, name: str) -> tuple[ForeignKey, ...]:
    return tuple(
        dataclasses.replace(key, table=name)
        if same_name(key.schema, table.schema) and same_name(key.table, table.name)
        else key
        for key in keys
    )
