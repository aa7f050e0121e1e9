"""What every connection to a namespace's databases needs before the first statement."""

from __future__ import annotations

import sqlite3

from iris_devtools.standin.catalog.constraints import register_checks
from iris_devtools.standin.catalog.dictionary import Dictionary, SharedCatalog
from iris_devtools.standin.catalog.layout import edition, ensure_layout, has_dictionary, set_edition
from iris_devtools.standin.catalog.live import LiveSource, register_source
from iris_devtools.standin.catalog.system_tables import (
    EDITION,
    LISTED_TABLES,
    overlay_system_views,
    write_system_views,
)
from iris_devtools.standin.collation import register_collations

__all__ = ["prepare_connection", "renew_catalogue"]


def prepare_connection(
    connection: sqlite3.Connection, *, code_schema: str, live: LiveSource | None = None
) -> None:
    """Register the collations and checks, make the dictionary in a new file, and the system views.

    The connection must be outside a transaction. A database that cannot be written keeps the catalogue it
    has. Raises sqlite3.DatabaseError when the file's dictionary has a format that this stand-in does not
    read.
    """
    connection.execute("PRAGMA recursive_triggers = ON")
    # The log that undoes a statement grows within a batch. In memory SQLite would cut it back after every
    # row by walking all of it, so a batch into freed pages would take the square of its length.
    connection.execute("PRAGMA temp_store = FILE")
    register_collations(connection)
    register_checks(connection)
    register_source(connection, live)
    try:
        ensure_layout(connection, code_schema=code_schema)
        if edition(connection, code_schema=code_schema) != EDITION:
            _bring_up_to_date(connection, code_schema)
    except sqlite3.OperationalError as exc:
        if "readonly" not in str(exc):
            raise
    if code_schema != "main":
        overlay_system_views(connection, code_schema=code_schema)


def renew_catalogue(connection: sqlite3.Connection) -> bool:
    """Give the dictionary in a file, if there is one, the system tables and views of this version.

    Return whether it had others. The connection is to that file alone and outside a transaction.
    """
    if not has_dictionary(connection) or edition(connection, code_schema="main") == EDITION:
        return False
    _bring_up_to_date(connection, "main")
    return True


def _bring_up_to_date(connection: sqlite3.Connection, code_schema: str) -> None:
    dictionary = Dictionary(connection, code_schema=code_schema, shared=SharedCatalog())
    connection.execute("BEGIN IMMEDIATE")
    try:
        if edition(connection, code_schema=code_schema) != EDITION:
            dictionary.list_system_tables(LISTED_TABLES)
            write_system_views(connection, code_schema=code_schema)
            set_edition(connection, EDITION, code_schema=code_schema)
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
    dictionary.committed()
