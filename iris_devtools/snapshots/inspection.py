"""What a namespace holds, asked over a SQL connection: its tables, their rows, its revisions.

Only the driver is used, no SQLAlchemy: a restore between two tests has no time for an engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from iris_devtools.admin import Admin
from iris_devtools.admin.driver import load_driver
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import AdministrationError, RevisionMismatchError
from iris_devtools.snapshots.manifest import Manifest, TableRows

__all__ = [
    "DEFAULT_SCHEMA",
    "Thoroughness",
    "count_rows",
    "find_table",
    "read_revisions",
    "table_names",
    "verify_namespace",
]

DEFAULT_SCHEMA = "SQLUser"
"""Where a table goes that is created without a schema (iris-facts 8.2)."""

Thoroughness = Literal["nothing", "revision", "tables", "rows"]

_TableName = tuple[str, str]

_COUNTED_AT_ONCE = 50


def table_names(connection: Any) -> tuple[_TableName, ...]:
    """Return schema and name of every base table that is not the system's, sorted (iris-facts 8.3)."""
    rows = _query(
        connection,
        "list the tables",
        "SELECT TABLE_SCHEMA, TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_TYPE = 'BASE TABLE'",
    )
    names = ((str(schema), str(name)) for schema, name in rows)
    # System classes are mapped into every namespace; their schemas begin with a percent sign.
    return tuple(sorted(name for name in names if name[0] != "INFORMATION_SCHEMA" and name[0][:1] != "%"))


def count_rows(connection: Any, names: Iterable[_TableName] | None = None) -> tuple[TableRows, ...]:
    """Return the tables with their number of rows: those of ``names``, or all."""
    wanted = tuple(table_names(connection) if names is None else names)
    counted: list[TableRows] = []
    for first in range(0, len(wanted), _COUNTED_AT_ONCE):
        some = wanted[first : first + _COUNTED_AT_ONCE]
        numbers = _count(connection, some)
        counted += [
            TableRows(schema_name=schema, name=name, rows=rows)
            for (schema, name), rows in zip(some, numbers, strict=True)
        ]
    return tuple(counted)


def _count(connection: Any, names: Sequence[_TableName]) -> list[int]:
    # One statement for many tables: its way there and back, and compiling it, is most of what a count costs.
    counts = [f"SELECT COUNT(*) FROM {_quoted(schema)}.{_quoted(name)}" for schema, name in names]
    try:
        (row,) = _query(connection, "count rows", f"SELECT {', '.join(f'({count})' for count in counts)}")
    except AdministrationError:
        # One by one, so that the message names the table that cannot be counted.
        rows = [
            _query(connection, f"count the rows of {schema}.{name}", count)[0][0]
            for (schema, name), count in zip(names, counts, strict=True)
        ]
        return [int(each) for each in rows]
    return [int(each) for each in row]


def find_table(names: Iterable[_TableName], wanted: str) -> _TableName | None:
    """Return the table that ``wanted`` (``schema.table`` or ``table``) means; names have no case in IRIS."""
    schema, _, table = wanted.rpartition(".")
    sought = ((schema or DEFAULT_SCHEMA).casefold(), table.casefold())
    return next((name for name in names if (name[0].casefold(), name[1].casefold()) == sought), None)


def read_revisions(connection: Any, table: str) -> tuple[str, ...]:
    """Return the revisions in ``table`` (``schema.table``), sorted.

    Raises AdministrationError, with the server's text, when there is no such table.
    """
    schema, _, name = table.rpartition(".")
    sql = f"SELECT version_num FROM {_quoted(schema or DEFAULT_SCHEMA)}.{_quoted(name)}"
    return tuple(sorted(str(revision) for (revision,) in _query(connection, f"read {table}", sql)))


def verify_namespace(
    admin: Admin, manifest: Manifest, *, namespace: str, thoroughness: Thoroughness = "tables"
) -> None:
    """See over a new connection that ``namespace`` holds what ``manifest`` describes.

    ``revision`` compares the revisions alone (where a table holds them, else the tables), ``tables`` the
    names of the tables, too, ``rows`` also their numbers of rows. Rows and definitions of a namespace may
    lie in two database files; a file that does not belong to the other one shows in one of these.

    Raises:
        RevisionMismatchError: they differ; ``facts["expected"]`` and ``facts["found"]`` say in what.
        AdministrationError: the namespace cannot be entered or asked.

    """
    if thoroughness == "nothing":
        return
    with admin.connection(namespace) as connection:
        if manifest.revision_table is not None:
            _compare("revisions", manifest, namespace, manifest.revisions, _revisions(connection, manifest))
            if thoroughness == "revision":
                return
        expected = [(table.schema_name, table.name) for table in manifest.tables]
        found = table_names(connection)
        _compare("tables", manifest, namespace, _folded(expected), _folded(found))
        if thoroughness == "rows":
            counted = count_rows(connection, found)
            _compare("rows", manifest, namespace, _by_table(manifest.tables), _by_table(counted))


def _revisions(connection: Any, manifest: Manifest) -> tuple[str, ...] | str:
    try:
        return read_revisions(connection, str(manifest.revision_table))
    except AdministrationError as error:
        # -30 (no such table), or a definition that does not fit the rows: the wrong file, or one of two.
        return str(error.facts["status"])


def _compare(what: str, manifest: Manifest, namespace: str, expected: object, found: object) -> None:
    if expected == found:
        return
    raise RevisionMismatchError(
        f"{namespace} does not hold the snapshot {manifest.key.name}: "
        f"its {what} are {found}, not {expected}.",
        hint="Restore the whole snapshot (every one of its files); "
        "if it was restored, delete it and take it again.",
        namespace=namespace,
        what=what,
        expected=expected,
        found=found,
    )


def _folded(names: Iterable[_TableName]) -> tuple[str, ...]:
    return tuple(sorted(f"{schema}.{name}".casefold() for schema, name in names))


def _by_table(tables: Iterable[TableRows]) -> dict[str, int]:
    return {str(table).casefold(): table.rows for table in tables}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _query(connection: Any, wanted: str, sql: str) -> Sequence[Sequence[Any]]:
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        return [tuple(row) for row in cursor.fetchall()]
    except load_driver().errors as error:
        raise administration_error(wanted, str(error), call=sql) from error
    finally:
        cursor.close()
