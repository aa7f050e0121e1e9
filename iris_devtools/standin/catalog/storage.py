"""The rows of a table in SQLite: its table, its indexes, and the triggers that remember a failing key.

One SQLite table for one IRIS table, in ``main`` or, for GLOBAL TEMPORARY, in ``temp``. Columns have no
declared type, so SQLite stores what it is given. Names: see table_name() and index_name(); they stay when
an IRIS name changes.
"""

from __future__ import annotations

import sqlite3

from iris_devtools.standin.catalog.layout import new_stamp
from iris_devtools.standin.catalog.model import ROWID, Column, Index, Table, TableKind
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.scope import collation_of

__all__ = [
    "add_column",
    "collate",
    "create_index",
    "create_rows",
    "drop_column",
    "drop_index",
    "drop_rows",
    "ensure_temporary",
    "free_column_name",
    "free_table_name",
    "has_rows",
    "key_columns",
    "note_keys",
    "rows_name",
    "schema_of",
    "stored_name",
]

_COLLATE = {"EXACT": "", "SQLUPPER": " COLLATE SQLUPPER", "SQLSTRING": " COLLATE SQLSTRING"}


def schema_of(table: Table) -> str:
    """Return the SQLite schema of a table's rows."""
    return "temp" if table.kind is TableKind.TEMPORARY else "main"


def rows_name(table: Table) -> str:
    """Return the SQLite table with its schema, quoted."""
    return f"{schema_of(table)}.{quoted(table.storage_name)}"


def stored_name(table: Table, column: str) -> str:
    """Return the SQLite column of an IRIS column."""
    found = table.column(column)
    if found is None:
        raise KeyError(column)
    return found.storage_name


def collate(column: Column) -> str:
    """Return the COLLATE clause of a column's values, empty where SQLite's own order is right."""
    return _COLLATE[collation_of(column.collation)] if column.type.is_text else ""


def free_table_name(connection: sqlite3.Connection, table: Table) -> str:
    """Return a name for a new table's rows that the database does not hold yet.

    Rows of a GLOBAL TEMPORARY table are in other connections, too: its name is never used again.
    """
    wanted = f"{table.schema}.{table.name}"
    if table.kind is TableKind.TEMPORARY:
        return f"{wanted}#{new_stamp():x}"
    candidate, number = wanted, 1
    while connection.execute(
        "SELECT 1 FROM main.sqlite_master WHERE name = ? COLLATE NOCASE", (candidate,)
    ).fetchone():
        number += 1
        candidate = f"{wanted}#{number}"
    return candidate


def free_column_name(columns: tuple[Column, ...], name: str) -> str:
    """Return a SQLite column name for a new column: a renamed column may still hold the plain one."""
    taken = {column.storage_name.upper() for column in columns}
    candidate, number = name, 1
    while candidate.upper() in taken:
        number += 1
        candidate = f"{name}#{number}"
    return candidate


def create_rows(connection: sqlite3.Connection, table: Table) -> None:
    """Make the SQLite table with its indexes."""
    columns = "".join(f", {quoted(c.storage_name)}" for c in table.columns if c.storage_name != ROWID)
    connection.execute(
        f"CREATE TABLE {rows_name(table)} ({quoted(ROWID)} INTEGER PRIMARY KEY AUTOINCREMENT{columns})"
    )
    for index in table.indexes:
        create_index(connection, table, index)
    note_keys(connection, table)


def drop_rows(connection: sqlite3.Connection, table: Table) -> None:
    """Drop the SQLite table; its indexes and triggers go with it."""
    connection.execute(f"DROP TABLE IF EXISTS {rows_name(table)}")


def ensure_temporary(connection: sqlite3.Connection, table: Table) -> None:
    """Make this connection's own rows of a GLOBAL TEMPORARY table, or bring them up to date.

    Rows that break a unique key which another process has added since are lost.
    """
    info = connection.execute(
        "SELECT name FROM pragma_table_info(?, 'temp')", (table.storage_name,)
    ).fetchall()
    if not info:
        create_rows(connection, table)
        return
    present = {name.upper() for (name,) in info}
    wanted = {column.storage_name.upper() for column in table.columns} | {ROWID}
    changed = _drop_strange_indexes(connection, table)
    for column in table.columns:
        if column.storage_name.upper() not in present:
            add_column(connection, table, column)
            changed = True
    if changed or present != wanted:
        note_keys(connection, table)
        for (name,) in info:
            if name.upper() not in wanted:
                drop_column(connection, table, name)
    try:
        _create_missing_indexes(connection, table)
    except sqlite3.IntegrityError:
        drop_rows(connection, table)
        create_rows(connection, table)


def _temporary_indexes(connection: sqlite3.Connection, table: Table) -> set[str]:
    rows = connection.execute(
        "SELECT name FROM temp.sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
        (table.storage_name,),
    )
    return {name for (name,) in rows}


def _drop_strange_indexes(connection: sqlite3.Connection, table: Table) -> bool:
    strange = _temporary_indexes(connection, table) - {_index_storage(table, i) for i in table.indexes}
    for name in strange:
        connection.execute(f"DROP INDEX temp.{quoted(name)}")
    return bool(strange)


def _create_missing_indexes(connection: sqlite3.Connection, table: Table) -> None:
    present = _temporary_indexes(connection, table)
    missing = [index for index in table.indexes if _index_storage(table, index) not in present]
    for index in missing:
        create_index(connection, table, index)
    if missing:
        note_keys(connection, table)


def add_column(connection: sqlite3.Connection, table: Table, column: Column) -> None:
    """Add a column; existing rows have NULL in it."""
    connection.execute(f"ALTER TABLE {rows_name(table)} ADD COLUMN {quoted(column.storage_name)}")


def drop_column(connection: sqlite3.Connection, table: Table, storage_name: str) -> None:
    """Drop a column that no index and no trigger names any more."""
    connection.execute(f"ALTER TABLE {rows_name(table)} DROP COLUMN {quoted(storage_name)}")


def create_index(connection: sqlite3.Connection, table: Table, index: Index) -> None:
    """Make an index. One over the row id alone needs none, vectors and streams have none.

    Raises sqlite3.IntegrityError when the rows break a unique one.
    """
    columns = [column for name in index.columns if (column := table.column(name)) is not None]
    if [column.storage_name for column in columns] == [ROWID]:
        return
    if any(column.type.is_vector or column.type.is_stream for column in columns) and not index.unique:
        return
    keys = ", ".join(quoted(column.storage_name) + collate(column) for column in columns)
    unique = "UNIQUE " if index.unique else ""
    connection.execute(
        f"CREATE {unique}INDEX {_index_name(table, index)} ON {quoted(table.storage_name)} ({keys})"
    )


def drop_index(connection: sqlite3.Connection, table: Table, index: Index) -> None:
    """Drop an index."""
    connection.execute(f"DROP INDEX IF EXISTS {_index_name(table, index)}")


def key_columns(table: Table) -> list[Column]:
    """Return the columns of all unique keys, in the table's order: what note_keys() remembers."""
    names = {name.upper() for index in table.indexes if index.unique for name in index.columns}
    return [column for column in table.columns if column.name.upper() in names]


def note_keys(connection: sqlite3.Connection, table: Table) -> None:
    """Make the triggers that tell ``%note`` the key of each row before it is written.

    SQLite only names the columns of a violated key; IRIS shows the values too (iris-sql.md 11), and this is
    where they come from.
    """
    name = f"{table.storage_name}|%note"
    for event in ("INSERT", "UPDATE"):
        connection.execute(f"DROP TRIGGER IF EXISTS {schema_of(table)}.{quoted(f'{name} {event}')}")
    columns = key_columns(table)
    if not columns:
        return
    values = ", ".join(f"NEW.{quoted(column.storage_name)}" for column in columns)
    settable = ", ".join(quoted(c.storage_name) for c in columns if c.storage_name != ROWID)
    storage = "'" + table.storage_name.replace("'", "''") + "'"
    for event, of in (("INSERT", ""), ("UPDATE", f" OF {settable}")):
        if event == "UPDATE" and not settable:
            continue
        connection.execute(
            f"CREATE TRIGGER {schema_of(table)}.{quoted(f'{name} {event}')} BEFORE {event}{of} "
            f'ON {quoted(table.storage_name)} BEGIN SELECT "%note"({storage}, {values}); END'
        )


def has_rows(connection: sqlite3.Connection, table: Table) -> bool:
    """Tell whether the table has a row."""
    return connection.execute(f"SELECT 1 FROM {rows_name(table)} LIMIT 1").fetchone() is not None


def _index_name(table: Table, index: Index) -> str:
    return f"{schema_of(table)}.{quoted(_index_storage(table, index))}"


def _index_storage(table: Table, index: Index) -> str:
    return f"{table.storage_name}|{index.name.upper()}"
