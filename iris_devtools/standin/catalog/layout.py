"""The dictionary's own tables in a database file.

A routines (code) database holds definitions in ``%dict.*``. The text in ``%dict.tables`` is the truth; the
other tables are derived from it, one row per row of the catalogue views, so that these views read one table
each. A globals (data) database holds ``%data.tables``: for every table whose rows it keeps the stamp of the
definition that they belong to. ``%dict.state`` and ``%data.state`` hold a number that changes with every
definition.
"""

from __future__ import annotations

import secrets
import sqlite3

__all__ = ["FORMAT", "edition", "ensure_layout", "has_dictionary", "has_layout", "new_stamp", "set_edition"]

FORMAT = 1
"""The stand-in's format of these tables: a file of another number is not read."""

_CODE = (
    """CREATE TABLE {schema}."%dict.state" (
        id INTEGER PRIMARY KEY, format INTEGER NOT NULL, stamp INTEGER NOT NULL)""",
    """CREATE TABLE {schema}."%dict.tables" (
        id INTEGER PRIMARY KEY, schema_key TEXT NOT NULL, name_key TEXT NOT NULL, storage TEXT NOT NULL,
        stamp INTEGER NOT NULL, definition TEXT NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER,
        TABLE_NAME TEXT COLLATE SQLUPPER, TABLE_TYPE TEXT COLLATE SQLUPPER,
        CLASSNAME TEXT COLLATE SQLUPPER, DESCRIPTION TEXT, OWNER TEXT COLLATE SQLUPPER,
        IS_INSERTABLE_INTO TEXT, VIEW_DEFINITION TEXT, CHECK_OPTION TEXT)""",
    'CREATE UNIQUE INDEX {schema}."%dict.tables.key" ON "%dict.tables" (schema_key, name_key)',
    'CREATE INDEX {schema}."%dict.tables.name" ON "%dict.tables" (TABLE_SCHEMA, TABLE_NAME)',
    'CREATE INDEX {schema}."%dict.tables.storage" ON "%dict.tables" (storage)',
    """CREATE TABLE {schema}."%dict.columns" (
        owner INTEGER NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        COLUMN_NAME TEXT COLLATE SQLUPPER, ORDINAL_POSITION INTEGER, COLUMN_DEFAULT TEXT,
        IS_NULLABLE TEXT, IS_IDENTITY TEXT, IS_GENERATED TEXT, IS_UPDATABLE TEXT, DATA_TYPE TEXT,
        CHARACTER_MAXIMUM_LENGTH INTEGER, NUMERIC_PRECISION INTEGER, NUMERIC_PRECISION_RADIX INTEGER,
        NUMERIC_SCALE INTEGER, DESCRIPTION TEXT, AUTO_INCREMENT TEXT, UNIQUE_COLUMN TEXT,
        PRIMARY_KEY TEXT, PROPERTY_NAME TEXT COLLATE SQLUPPER, COMPUTE_CODE TEXT, IS_PERSISTED TEXT,
        parent TEXT COLLATE SQLUPPER, SqlFieldName TEXT COLLATE SQLUPPER, type TEXT, calculated INTEGER,
        transient INTEGER, required INTEGER, private INTEGER, initial_expression TEXT,
        compute_on_change TEXT)""",
    'CREATE INDEX {schema}."%dict.columns.table" ON "%dict.columns" (TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME)',
    'CREATE INDEX {schema}."%dict.columns.parent" ON "%dict.columns" (parent, PROPERTY_NAME)',
    'CREATE INDEX {schema}."%dict.columns.owner" ON "%dict.columns" (owner)',
    """CREATE TABLE {schema}."%dict.indexes" (
        owner INTEGER NOT NULL, parent TEXT COLLATE SQLUPPER, name TEXT COLLATE SQLUPPER,
        SqlName TEXT COLLATE SQLUPPER, properties TEXT, data TEXT, is_unique INTEGER, is_primary INTEGER)""",
    'CREATE INDEX {schema}."%dict.indexes.parent" ON "%dict.indexes" (parent, SqlName)',
    'CREATE INDEX {schema}."%dict.indexes.owner" ON "%dict.indexes" (owner)',
    """CREATE TABLE {schema}."%dict.index_columns" (
        owner INTEGER NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        NON_UNIQUE INTEGER, INDEX_NAME TEXT COLLATE SQLUPPER, ORDINAL_POSITION INTEGER,
        COLUMN_NAME TEXT COLLATE SQLUPPER, PRIMARY_KEY INTEGER, DATA_FIELDS TEXT)""",
    'CREATE INDEX {schema}."%dict.index_columns.table" ON "%dict.index_columns" (TABLE_SCHEMA, TABLE_NAME)',
    'CREATE INDEX {schema}."%dict.index_columns.owner" ON "%dict.index_columns" (owner)',
    """CREATE TABLE {schema}."%dict.constraints" (
        owner INTEGER NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        CONSTRAINT_NAME TEXT COLLATE SQLUPPER, CONSTRAINT_TYPE TEXT COLLATE SQLUPPER)""",
    'CREATE INDEX {schema}."%dict.constraints.name" ON "%dict.constraints" (TABLE_SCHEMA, CONSTRAINT_NAME)',
    'CREATE INDEX {schema}."%dict.constraints.owner" ON "%dict.constraints" (owner)',
    """CREATE TABLE {schema}."%dict.key_columns" (
        owner INTEGER NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        CONSTRAINT_NAME TEXT COLLATE SQLUPPER, CONSTRAINT_TYPE TEXT COLLATE SQLUPPER,
        COLUMN_NAME TEXT COLLATE SQLUPPER, ORDINAL_POSITION INTEGER,
        REFERENCED_TABLE_SCHEMA TEXT COLLATE SQLUPPER, REFERENCED_TABLE_NAME TEXT COLLATE SQLUPPER,
        REFERENCED_CONSTRAINT_NAME TEXT COLLATE SQLUPPER, REFERENCED_COLUMN_NAME TEXT COLLATE SQLUPPER)""",
    'CREATE INDEX {schema}."%dict.key_columns.name" ON "%dict.key_columns" (TABLE_SCHEMA, CONSTRAINT_NAME)',
    'CREATE INDEX {schema}."%dict.key_columns.table" ON "%dict.key_columns" (TABLE_SCHEMA, TABLE_NAME)',
    'CREATE INDEX {schema}."%dict.key_columns.owner" ON "%dict.key_columns" (owner)',
    """CREATE TABLE {schema}."%dict.references" (
        owner INTEGER NOT NULL, TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        CONSTRAINT_NAME TEXT COLLATE SQLUPPER, UNIQUE_SCHEMA TEXT COLLATE SQLUPPER,
        UNIQUE_TABLE TEXT COLLATE SQLUPPER, UNIQUE_NAME TEXT COLLATE SQLUPPER,
        UPDATE_RULE TEXT COLLATE SQLUPPER, DELETE_RULE TEXT COLLATE SQLUPPER)""",
    'CREATE INDEX {schema}."%dict.references.table" ON "%dict.references" (TABLE_SCHEMA, CONSTRAINT_NAME)',
    'CREATE INDEX {schema}."%dict.references.target" ON "%dict.references" (UNIQUE_SCHEMA, UNIQUE_TABLE)',
    'CREATE INDEX {schema}."%dict.references.owner" ON "%dict.references" (owner)',
    """CREATE TABLE {schema}."%dict.view_uses" (
        owner INTEGER NOT NULL, VIEW_SCHEMA TEXT COLLATE SQLUPPER, VIEW_NAME TEXT COLLATE SQLUPPER,
        TABLE_SCHEMA TEXT COLLATE SQLUPPER, TABLE_NAME TEXT COLLATE SQLUPPER,
        COLUMN_NAME TEXT COLLATE SQLUPPER)""",
    'CREATE INDEX {schema}."%dict.view_uses.table" ON "%dict.view_uses" (TABLE_SCHEMA, TABLE_NAME)',
    'CREATE INDEX {schema}."%dict.view_uses.owner" ON "%dict.view_uses" (owner)',
    """CREATE TABLE {schema}."%dict.schemata" (
        SCHEMA_NAME TEXT PRIMARY KEY COLLATE SQLUPPER, OWNER TEXT COLLATE SQLUPPER,
        declared INTEGER NOT NULL, members INTEGER NOT NULL)""",
)

_DATA = (
    """CREATE TABLE {schema}."%data.state" (
        id INTEGER PRIMARY KEY, format INTEGER NOT NULL, stamp INTEGER NOT NULL)""",
    'CREATE TABLE {schema}."%data.tables" (storage TEXT PRIMARY KEY, stamp INTEGER NOT NULL)',
)


def new_stamp() -> int:
    """Return a number that was never used before: who sees it again sees the same definitions."""
    return secrets.randbits(62)


def has_layout(connection: sqlite3.Connection, *, code_schema: str) -> bool:
    """Tell whether both databases hold the dictionary's tables in our format."""
    return _format(connection, code_schema, "%dict.state") and _format(connection, "main", "%data.state")


def has_dictionary(connection: sqlite3.Connection) -> bool:
    """Tell whether the connection's only file holds the definitions of a namespace, in our format."""
    return _format(connection, "main", "%dict.state")


def ensure_layout(connection: sqlite3.Connection, *, code_schema: str) -> None:
    """Make the dictionary's tables in new files.

    Joins no transaction: the connection must be outside one. Raises sqlite3.OperationalError when the file
    cannot be written.
    """
    if has_layout(connection, code_schema=code_schema):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _format(connection, code_schema, "%dict.state"):
            _make(connection, code_schema, _CODE, "%dict.state")
        if not _format(connection, "main", "%data.state"):
            _make(connection, "main", _DATA, "%data.state")
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def edition(connection: sqlite3.Connection, *, code_schema: str) -> int:
    """Return which set of system tables the catalogue lists; 0 for none."""
    row = connection.execute(f'SELECT stamp FROM {code_schema}."%dict.state" WHERE id = 2').fetchone()
    return 0 if row is None else int(row[0])


def set_edition(connection: sqlite3.Connection, number: int, *, code_schema: str) -> None:
    """Note which set of system tables the catalogue lists."""
    connection.execute(
        f'INSERT OR REPLACE INTO {code_schema}."%dict.state" VALUES (2, ?, ?)', (FORMAT, number)
    )


def _format(connection: sqlite3.Connection, schema: str, table: str) -> bool:
    try:
        row = connection.execute(f'SELECT format FROM {schema}."{table}" WHERE id = 1').fetchone()
    except sqlite3.OperationalError as exc:
        if "no such table" in str(exc):
            return False
        raise
    if row is None or row[0] != FORMAT:
        found = "none" if row is None else row[0]
        raise sqlite3.DatabaseError(
            f"the dictionary in this file has format {found}; this stand-in reads format {FORMAT}"
        )
    return True


def _make(connection: sqlite3.Connection, schema: str, statements: tuple[str, ...], state: str) -> None:
    for statement in statements:
        connection.execute(statement.format(schema=schema))
    connection.execute(f'INSERT INTO {schema}."{state}" VALUES (1, {FORMAT}, {new_stamp()})')
