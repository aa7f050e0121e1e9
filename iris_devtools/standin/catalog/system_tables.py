"""All system tables and views: found by name, written into a database, listed in its catalogue."""

from __future__ import annotations

import hashlib
import sqlite3

from iris_devtools.standin.catalog.class_dictionary import CLASS_DICTIONARY
from iris_devtools.standin.catalog.encoding import encode
from iris_devtools.standin.catalog.information_schema import INFORMATION_SCHEMA
from iris_devtools.standin.catalog.live import LIVE_TABLES
from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.sql.dialect import quoted

__all__ = [
    "EDITION",
    "LISTED_TABLES",
    "SYSTEM_TABLES",
    "is_system_name",
    "overlay_system_views",
    "system_table",
    "write_system_views",
]

_VIEWS = (*INFORMATION_SCHEMA, *CLASS_DICTIONARY, *LIVE_TABLES)
_BY_NAME = {(view.schema.upper(), view.name.upper()): view for view in _VIEWS}

SYSTEM_TABLES: tuple[Table, ...] = tuple(view.table for view in _VIEWS)

LISTED_TABLES: tuple[Table, ...] = tuple(view.table for view in _VIEWS if view.only_in is None)
"""Those that the catalogue lists: a database does not know whether it is that of the one namespace."""

EDITION = int.from_bytes(
    hashlib.sha256(
        "".join([*map(encode, LISTED_TABLES), *(view.statement() for view in _VIEWS)]).encode()
    ).digest()[:7],
    "big",
)
"""Changes with the set of system tables: a database that has another set is brought up to date."""


def system_table(schema: str, name: str, *, namespace: str = "%SYS") -> Table | None:
    """Return the system table of that upper-case name, if ``namespace`` has it (iris-sql.md 1.2)."""
    view = _BY_NAME.get((schema, name))
    if view is None or view.only_in not in (None, namespace):
        return None
    return view.table


def is_system_name(schema: str, name: str) -> bool:
    """Tell whether a system table has that upper-case name, in whichever namespace."""
    return (schema, name) in _BY_NAME


def write_system_views(connection: sqlite3.Connection, *, code_schema: str) -> None:
    """Write the views into the dictionary's own file, in place of those of another edition."""
    for view in _VIEWS:
        name = f"{code_schema}.{quoted(view.storage_name)}"
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(view.statement().replace("CREATE VIEW ", f"CREATE VIEW {code_schema}.", 1))


def overlay_system_views(connection: sqlite3.Connection, *, code_schema: str) -> None:
    """Make temporary views over an attached dictionary.

    The views in the attached file will not do: ``main`` may be another namespace's dictionary, and has views
    of the same names, which SQLite finds first.
    """
    connection.execute("BEGIN")
    for view in _VIEWS:
        connection.execute(view.statement(temporary_over=code_schema))
    connection.execute("COMMIT")
