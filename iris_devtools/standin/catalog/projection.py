"""What the catalogue views say of a table: a definition becomes rows (iris-sql.md 9).

Pure: the rows of one table depend on its definition and, for foreign keys, on those of the tables it
references.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from iris_devtools.standin.catalog.model import (
    Column,
    Counter,
    Default,
    ForeignKey,
    IndexKind,
    Table,
    TableKind,
)
from iris_devtools.standin.sql.dialect import Kind, tokenize
from iris_devtools.standin.types import Code, SqlType
from iris_devtools.standin.values import Scalar

__all__ = ["IMPLICIT_KEY", "Row", "default_expression", "key_of", "rows_of"]

IMPLICIT_KEY = "RowIDField_As_PKey"
"""The primary key that IRIS lists for an IDENTITY column when none was declared (iris-sql.md 8.2)."""

_UNLIMITED_VARCHAR = 4096
_STREAM_LENGTH = 2147483647
_CLASS_OF_TYPE = {
    Code.BIT: "%Library.Boolean",
    Code.TINYINT: "%Library.TinyInt",
    Code.SMALLINT: "%Library.SmallInt",
    Code.INTEGER: "%Library.Integer",
    Code.BIGINT: "%Library.BigInt",
    Code.NUMERIC: "%Library.Numeric",
    Code.DOUBLE: "%Library.Double",
    Code.DATE: "%Library.Date",
    Code.TIME: "%Library.Time",
    Code.TIMESTAMP: "%Library.TimeStamp",
    Code.VARCHAR: "%Library.String",
    Code.VARBINARY: "%Library.Binary",
    Code.LONGVARCHAR: "%Stream.GlobalCharacter",
    Code.LONGVARBINARY: "%Stream.GlobalBinary",
    Code.GUID: "%Library.UniqueIdentifier",
}
_CLASS_OF_COUNTER = {
    Counter.SERIAL: "%Library.Counter",
    Counter.AUTO_INCREMENT: "%Library.AutoIncrement",
    Counter.ROWVERSION: "%Library.RowVersion",
}


@dataclass(frozen=True)
class Row:
    """One row of one of the dictionary's derived tables; ``values`` lacks ``owner``, the first column."""

    table: str
    values: tuple[Scalar, ...]


def rows_of(table: Table, find: Callable[[str, str], Table | None]) -> Iterator[Row]:
    """Yield the rows of a table; ``find`` returns the tables that its foreign keys reference."""
    yield from _column_rows(table)
    yield from _index_rows(table)
    yield from _key_rows(table)
    for foreign_key in table.foreign_keys:
        yield from _foreign_key_rows(table, foreign_key, find)
    for schema, name in table.depends_on:
        used = find(schema, name)
        if used is not None:
            yield from _use_rows(table, used)


def key_of(table: Table, columns: tuple[str, ...]) -> tuple[str, tuple[str, ...]] | None:
    """Return name and columns of the unique key over exactly these columns, in any order, or ``None``.

    The primary key goes before other keys; an IDENTITY column without a declared key has the implicit one.
    """
    wanted = sorted(name.upper() for name in columns)
    unique = [index for index in table.indexes if index.unique]
    for index in sorted(unique, key=lambda i: i.kind is not IndexKind.PRIMARY_KEY):
        if sorted(name.upper() for name in index.columns) == wanted:
            return index.name, index.columns
    identity = table.identity
    if identity is not None and wanted == [identity.name.upper()]:
        return IMPLICIT_KEY, (identity.name,)
    return None


def default_expression(default: Default | None) -> str | None:
    """Return COLUMN_DEFAULT: text in double quotes as in ObjectScript, ``$c(0)`` for the empty string.

    IRIS shows an ObjectScript expression for functions such as CURRENT_TIMESTAMP; its text is not known, so
    they are shown as written, which is also what lets a comparison with the model succeed.
    """
    if default is None:
        return None
    tokens = tokenize(default.sql)
    if tokens[0].kind is Kind.STRING:
        text = tokens[0].text
        return '"' + text.replace('"', '""') + '"' if text else "$c(0)"
    if tokens[0].kind is Kind.NUMBER or tokens[0].upper in ("+", "-"):
        return "".join(token.text for token in tokens).removeprefix("+")
    return default.sql


def _yes(flag: object) -> str:
    return "YES" if flag else "NO"


def _column_rows(table: Table) -> Iterator[Row]:
    single = {i.columns[0].upper() for i in table.indexes if i.unique and len(i.columns) == 1}
    key = table.primary_key
    in_key = {name.upper() for name in key.columns} if key is not None else set()
    identity = table.identity
    if key is None and identity is not None:
        in_key = {identity.name.upper()}
        single.add(identity.name.upper())
    is_view = table.kind is TableKind.VIEW
    for position, column in enumerate(table.columns, start=1):
        type_ = column.type
        numeric = type_.is_number
        generated = column.computed is not None or column.counter is Counter.ROWVERSION
        filled = column.counter is not None and column.counter is not Counter.ROWVERSION
        name = column.name
        property_name = None if is_view else column.property_name or name
        default = default_expression(column.default)
        yield Row(
            "%dict.columns",
            (
                table.schema,
                table.name,
                name,
                position,
                default,
                _yes(column.nullable),
                _yes(column.counter is Counter.IDENTITY),
                _yes(generated),
                _yes(
                    table.kind in (TableKind.BASE, TableKind.TEMPORARY) or (is_view and not table.read_only)
                ),
                type_.name,
                _length(type_),
                type_.precision if numeric else None,
                10 if numeric else None,
                (type_.scale or 0) if numeric else None,
                column.description,
                _yes(filled),
                _yes(name.upper() in single),
                _yes(name.upper() in in_key),
                property_name,
                column.computed,
                _yes(not (column.calculated or column.transient)),
                table.class_name,
                None if property_name == name else name,
                _class_of(column),
                int(column.calculated),
                int(column.transient),
                int(not column.nullable),
                int(column.private),
                default,
                ",".join(column.compute_on_change) or None,
            ),
        )


def _length(type_: SqlType) -> int | None:
    if type_.is_stream:
        return _STREAM_LENGTH
    if type_.code in (Code.VARCHAR, Code.VARBINARY):
        return _UNLIMITED_VARCHAR if type_.length is None else type_.length
    return None


def _class_of(column: Column) -> str:
    if column.counter in _CLASS_OF_COUNTER:
        return _CLASS_OF_COUNTER[column.counter]
    if column.type.is_vector:
        return "%Library.Vector"
    if column.type.posix:
        return "%Library.PosixTime"
    return _CLASS_OF_TYPE[column.type.code]


def _index_rows(table: Table) -> Iterator[Row]:
    properties = {c.name.upper(): c.property_name or c.name for c in table.columns}
    for index in table.indexes:
        primary = int(index.kind is IndexKind.PRIMARY_KEY)
        yield Row(
            "%dict.indexes",
            (
                table.class_name,
                index.property_name or index.name,
                index.name,
                ",".join(properties[name.upper()] for name in index.columns),
                ",".join(properties[name.upper()] for name in index.data) or None,
                int(index.unique),
                primary,
            ),
        )
        fields = ",".join('"' + name.replace('"', '""') + '"' for name in index.data) or None
        for position, name in enumerate(index.columns, start=1):
            yield Row(
                "%dict.index_columns",
                (
                    table.schema,
                    table.name,
                    int(not index.unique),
                    index.name,
                    position,
                    _as_defined(table, name),
                    primary,
                    fields,
                ),
            )


def _key_rows(table: Table) -> Iterator[Row]:
    keys: list[tuple[str, tuple[str, ...], str]] = [
        (i.name, i.columns, "PRIMARY KEY" if i.kind is IndexKind.PRIMARY_KEY else "UNIQUE")
        for i in table.indexes
        if i.unique
    ]
    identity = table.identity
    if identity is not None and table.primary_key is None:
        keys.append((IMPLICIT_KEY, (identity.name,), "PRIMARY KEY"))
    for name, columns, kind in keys:
        yield Row("%dict.constraints", (table.schema, table.name, name, kind))
        for position, column in enumerate(columns, start=1):
            yield Row(
                "%dict.key_columns",
                (
                    table.schema,
                    table.name,
                    name,
                    kind,
                    _as_defined(table, column),
                    position,
                    None,
                    None,
                    None,
                    None,
                ),
            )


def _foreign_key_rows(
    table: Table, foreign_key: ForeignKey, find: Callable[[str, str], Table | None]
) -> Iterator[Row]:
    parent = (
        table
        if (foreign_key.schema.upper(), foreign_key.table.upper())
        == (table.schema.upper(), table.name.upper())
        else find(foreign_key.schema, foreign_key.table)
    )
    key = key_of(parent, foreign_key.referenced) if parent is not None else None
    key_name, key_columns = key if key is not None else (None, foreign_key.referenced)
    schema, name = (
        (parent.schema, parent.name) if parent is not None else (foreign_key.schema, foreign_key.table)
    )
    yield Row("%dict.constraints", (table.schema, table.name, foreign_key.name, "FOREIGN KEY"))
    yield Row(
        "%dict.references",
        (
            table.schema,
            table.name,
            foreign_key.name,
            schema,
            name,
            key_name,
            foreign_key.on_update,
            foreign_key.on_delete,
        ),
    )
    own_of = {r.upper(): c for c, r in zip(foreign_key.columns, foreign_key.referenced, strict=True)}
    # In the order of the referenced key: tools join the two lists of columns by their positions.
    for position, referenced in enumerate(key_columns, start=1):
        yield Row(
            "%dict.key_columns",
            (
                table.schema,
                table.name,
                foreign_key.name,
                "FOREIGN KEY",
                _as_defined(table, own_of[referenced.upper()]),
                position,
                schema,
                name,
                key_name,
                referenced,
            ),
        )


def _use_rows(view: Table, used: Table) -> Iterator[Row]:
    words = {
        token.text.upper()
        for token in tokenize(view.view_definition or "")
        if token.kind in (Kind.WORD, Kind.QUOTED, Kind.OPERATOR)
    }
    yield Row("%dict.view_uses", (view.schema, view.name, used.schema, used.name, None))
    for column in used.columns:
        if column.name.upper() in words or "*" in words:
            yield Row("%dict.view_uses", (view.schema, view.name, used.schema, used.name, column.name))


def _as_defined(table: Table, name: str) -> str:
    column = table.column(name)
    return name if column is None else column.name
