"""Are two databases the same? Their schemas through SQLAlchemy's Inspector, their rows by digests."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from iris_devtools.admin.driver import load_driver
from iris_devtools.admin.status import administration_error

if TYPE_CHECKING:
    from sqlalchemy import Connection

__all__ = ["RowDrift", "compare_rows", "describe_schema", "table_digest"]

_BATCH = 1000
_SHOWN_LENGTH = 80

Row = dict[str, str | None]


@dataclass(frozen=True)
class RowDrift:
    """A table whose rows differ: how many on either side alone, and the first of them."""

    table: str
    only_first: int
    only_second: int
    first_rows: tuple[Row, ...]
    second_rows: tuple[Row, ...]


def describe_schema(connection: Connection, names: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the tables ``names`` as lines, one fact each, so that two schemas differ in the lines they
    differ in.
    """
    from sqlalchemy import inspect

    inspector = inspect(connection)
    lines: set[str] = set()
    for schema, table in names:
        place = f"{schema}.{table}"
        lines.add(f"table {place}")
        for column in inspector.get_columns(table, schema=schema):
            null = "NULL" if column["nullable"] else "NOT NULL"
            default = f" DEFAULT {column['default']}" if column.get("default") is not None else ""
            kind = column["type"].compile(dialect=connection.dialect)
            lines.add(f"column {place}.{column['name']}: {kind} {null}{default}")
        key = inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]
        lines.add(f"primary key of {place}: {_list(key)}")
        lines.update(
            f"unique constraint of {place}: {_list(one['column_names'])}"
            for one in inspector.get_unique_constraints(table, schema=schema)
        )
        lines.update(
            f"index {one['name']} of {place}: {_list(one['column_names'])}"
            f"{' (unique)' if one['unique'] else ''}"
            for one in inspector.get_indexes(table, schema=schema)
        )
        lines.update(
            f"foreign key of {place}: {_list(one['constrained_columns'])} to "
            f"{one['referred_schema'] or schema}.{one['referred_table']}: {_list(one['referred_columns'])}"
            for one in inspector.get_foreign_keys(table, schema=schema)
        )
    return frozenset(lines)


def table_digest(connection: Any, schema: str, table: str) -> str:
    """Return one digest for all rows of a table, whatever order they come in; ``connection`` is the
    driver's.
    """
    total = hashlib.sha256()
    for digest, number in sorted(_row_digests(connection, schema, table).items()):
        total.update(digest)
        total.update(number.to_bytes(8, "big"))
    return total.hexdigest()


def compare_rows(first: Any, second: Any, schema: str, table: str, *, show: int = 3) -> RowDrift | None:
    """Return how the rows of a table differ over two connections of the driver, or None.

    A row is compared by the names of its columns, not by their order. ``show`` limits the rows that are
    returned of either side; a second reading finds them.
    """
    one, other = _row_digests(first, schema, table), _row_digests(second, schema, table)
    if one == other:
        return None
    missing, added = one - other, other - one
    return RowDrift(
        table=f"{schema}.{table}",
        only_first=missing.total() if hasattr(missing, "total") else sum(missing.values()),
        only_second=added.total() if hasattr(added, "total") else sum(added.values()),
        first_rows=_first(first, schema, table, missing, show),
        second_rows=_first(second, schema, table, added, show),
    )


def _row_digests(connection: Any, schema: str, table: str) -> Counter[bytes]:
    return Counter(_digest(row) for row in _rows(connection, schema, table))


def _first(connection: Any, schema: str, table: str, wanted: Counter[bytes], show: int) -> tuple[Row, ...]:
    found: list[Row] = []
    left = wanted.copy()
    for row in _rows(connection, schema, table):
        digest = _digest(row)
        if left[digest] > 0:
            left[digest] -= 1
            found.append(row)
    found.sort(key=lambda row: [(len(value or ""), value or "") for value in row.values()])
    return tuple({name: _short(value) for name, value in row.items()} for row in found[:show])


def _rows(connection: Any, schema: str, table: str) -> Iterator[Row]:
    sql = f"SELECT * FROM {_quoted(schema)}.{_quoted(table)}"
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        names = [str(column[0]) for column in cursor.description]
        order = sorted(range(len(names)), key=names.__getitem__)
        while batch := cursor.fetchmany(_BATCH):
            for row in batch:
                yield {names[index]: _text(row[index]) for index in order}
    except load_driver().errors as error:
        raise administration_error(f"read {schema}.{table}", str(error), call=sql) from error
    finally:
        cursor.close()


def _digest(row: Row) -> bytes:
    digest = hashlib.sha256()
    for name, value in row.items():
        for part in (name, value):
            text = b"-" if part is None else str(part).encode("utf-8", "surrogatepass")
            # The length before each part, so that no two rows run together to the same bytes.
            digest.update(f"{'null' if part is None else len(text)}:".encode())
            digest.update(text)
    return digest.digest()


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)


def _short(value: str | None) -> str | None:
    if value is None or len(value) <= _SHOWN_LENGTH:
        return value
    return f"{value[:_SHOWN_LENGTH]}... ({len(value)} characters)"


def _list(names: Sequence[str | None]) -> str:
    return ", ".join(name or "(an expression)" for name in names) or "none"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
