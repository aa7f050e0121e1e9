"""Row triggers of tables: SQLite triggers that hand each changed row to the session (iris-sql.md 8.4).

There is one for each event and time; it calls ``iris_fire`` with the values that the code of the triggers may
ask for. The session runs the code in the order that IRIS gives, as statements of IRIS SQL.
"""

from __future__ import annotations

import sqlite3

from iris_devtools.standin.catalog.model import ROWID, Table, Trigger
from iris_devtools.standin.sql.dialect import Kind, quoted, tokenize

__all__ = ["drop_row_triggers", "make_row_triggers", "row_values", "triggers_for"]

_TIMES = ("BEFORE", "AFTER")
_EVENTS = ("INSERT", "UPDATE", "DELETE")


def make_row_triggers(connection: sqlite3.Connection, table: Table) -> None:
    """Make the SQLite triggers anew, as the table's triggers want them."""
    drop_row_triggers(connection, table)
    for time in _TIMES:
        for event in _EVENTS:
            if triggers_for(table, time, event):
                _make(connection, table, time, event)


def drop_row_triggers(connection: sqlite3.Connection, table: Table) -> None:
    """Drop the SQLite triggers."""
    for time in _TIMES:
        for event in _EVENTS:
            connection.execute(f"DROP TRIGGER IF EXISTS main.{_name(table, time, event)}")


def triggers_for(table: Table, time: str, event: str) -> list[Trigger]:
    """Return the triggers in the order in which they run: by ORDER, those for one event alone first."""
    found = [t for t in table.triggers if t.time == time and event in t.events]
    return sorted(found, key=lambda trigger: (trigger.order, len(trigger.events)))


def row_values(table: Table, time: str, event: str) -> list[tuple[str, str, str]]:
    """Return what is handed over: OLD or NEW, the column's upper-case name, its SQLite column."""
    wanted: dict[tuple[str, str], None] = {}
    for trigger in triggers_for(table, time, event):
        wanted |= dict.fromkeys(_mentioned(trigger))
        for name in trigger.columns:
            wanted |= {("OLD", name.upper()): None, ("NEW", name.upper()): None}
    rows = {"INSERT": ("NEW",), "DELETE": ("OLD",), "UPDATE": ("OLD", "NEW")}[event]
    return [
        (row, name, storage) for row, name in wanted if row in rows and (storage := _storage(table, name))
    ]


def _mentioned(trigger: Trigger) -> list[tuple[str, str]]:
    """Return the columns that the code names with the alias of the old or the new row."""
    aliases = {(trigger.old or "").upper(): "OLD", (trigger.new or "").upper(): "NEW"}
    aliases.pop("", None)
    tokens = tokenize(f"{trigger.condition or ''} ; {trigger.code}")
    return [
        (aliases[first.text.upper()], name.text.upper())
        for first, point, name in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if point.upper == "." and first.kind in (Kind.WORD, Kind.QUOTED) and first.text.upper() in aliases
    ]


def _storage(table: Table, name: str) -> str:
    column = table.column(name)
    if column is not None:
        return column.storage_name
    return ROWID if name == "%ID" or (name == "ID" and table.identity is None) else ""


def _make(connection: sqlite3.Connection, table: Table, time: str, event: str) -> None:
    of = ""
    if event == "UPDATE":
        # the computed columns of a new row are filled by an UPDATE, which is none of the statement's
        columns = [quoted(c.storage_name) for c in table.columns if c.computed is None]
        of = f" OF {', '.join(c for c in columns if c != quoted(ROWID))}"
    values = [f"{row}.{quoted(storage)}" for row, _, storage in row_values(table, time, event)]
    storage = "'" + table.storage_name.replace("'", "''") + "'"
    arguments = ", ".join([storage, f"'{time}'", f"'{event}'", *values])
    connection.execute(
        f"CREATE TRIGGER main.{_name(table, time, event)} {time} {event}{of} "
        f"ON {quoted(table.storage_name)} BEGIN SELECT iris_fire({arguments}); END"
    )


def _name(table: Table, time: str, event: str) -> str:
    return quoted(f"{table.storage_name}|%fire {time} {event}")
