"""Apply CREATE TRIGGER and DROP TRIGGER (iris-sql.md 8.4)."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from iris_devtools.standin.catalog.definitions import CreateTrigger, DropTrigger
from iris_devtools.standin.catalog.elements import unsupported
from iris_devtools.standin.catalog.model import Table, TableKind, Trigger
from iris_devtools.standin.catalog.names import check_identifier, same_name
from iris_devtools.standin.catalog.row_triggers import make_row_triggers
from iris_devtools.standin.catalog.work import Work
from iris_devtools.standin.errors import SQLError

__all__ = ["create_trigger", "drop_trigger"]


def create_trigger(work: Work, statement: CreateTrigger) -> None:
    """Make a trigger; its code is looked at when it runs (-415 then). Raises SQLError."""
    name, trigger = statement.name, statement.trigger
    schema = statement.table.schema or name.schema or work.default_schema
    if name.schema is not None and not same_name(name.schema, schema):
        raise SQLError(-366, f"Trigger '{name.schema}.{name.name}' is not in schema '{schema}' of its table")
    check_identifier(name.name)
    table = work.table(schema, statement.table.name)
    if table.kind is TableKind.TEMPORARY:
        raise unsupported("triggers on GLOBAL TEMPORARY tables")
    for column in trigger.columns:
        if table.column(column) is None:
            raise SQLError(-400, f"Field '{column}' not found in table '{table.qualified_name}'")
    others = tuple(t for t in table.triggers if not same_name(t.name, trigger.name))
    if len(others) != len(table.triggers) and not statement.or_replace:
        raise SQLError(-365, f"Trigger '{trigger.name}' already exists")
    made = dataclasses.replace(trigger, created=datetime.now().strftime("%Y-%m-%d %H:%M:%S"))
    _store(work, table, (*others, made))


def drop_trigger(work: Work, statement: DropTrigger) -> None:
    """Drop a trigger; raises SQLError -363 for one that is not there, -365 where two tables have it."""
    name = statement.name
    schema = name.schema or (statement.table.schema if statement.table else None) or work.default_schema
    if statement.table is not None:
        tables = [work.table(statement.table.schema or schema, statement.table.name)]
    else:
        tables = list(work.dictionary.tables(schema=schema))
    found = [table for table in tables if _named(table, name.name) is not None]
    if len(found) > 1:
        raise SQLError(-365, f"Trigger '{name.name}' found in {len(found)} classes")
    if not found:
        if statement.if_exists:
            return
        raise SQLError(-363, f"Trigger '{name.name}' not found")
    (table,) = found
    trigger = _named(table, name.name)
    _store(work, table, tuple(t for t in table.triggers if t != trigger))


def _named(table: Table, name: str) -> Trigger | None:
    return next((t for t in table.triggers if same_name(t.name, name)), None)


def _store(work: Work, table: Table, triggers: tuple[Trigger, ...]) -> None:
    changed = dataclasses.replace(table, triggers=triggers)
    make_row_triggers(work.connection, changed)
    work.save(changed, replaces=table)
