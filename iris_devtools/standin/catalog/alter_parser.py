"""Read ALTER TABLE with all its actions (iris-sql.md 8.3)."""

from __future__ import annotations

from iris_devtools.standin.catalog.datatypes import read_type
from iris_devtools.standin.catalog.definitions import (
    AddDefault,
    AddElements,
    AlterAction,
    AlterColumn,
    AlterTable,
    ColumnChange,
    DropColumns,
    DropConstraint,
    DropPrimaryKey,
    Element,
    RenameTable,
)
from iris_devtools.standin.catalog.elements import (
    at_table_element,
    read_collation,
    read_column,
    read_default,
    read_description,
    read_element,
    read_object_name,
    unsupported,
)
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.types import Code, SqlType

__all__ = ["read_alter_table"]

_ANY_TEXT = SqlType(Code.VARCHAR, "VARCHAR")


def read_alter_table(reader: Reader) -> AlterTable:
    """Read what follows ``ALTER TABLE``."""
    name = read_object_name(reader)
    return AlterTable(name, _action(reader))


def _action(reader: Reader) -> AlterAction:
    if reader.accept("ADD"):
        return _add(reader)
    if reader.accept("ALTER"):
        reader.accept("COLUMN")
        return AlterColumn((_alter(reader),))
    if reader.accept("MODIFY"):
        return _modify(reader)
    if reader.accept_any("DROP", "DELETE"):
        return _drop(reader)
    if reader.accept("RENAME"):
        reader.accept("TO")
        name = reader.name()
        if reader.at("."):
            reader.fail("end of statement")
        return RenameTable(name)
    for word in ("CONVERT", "CLEANUP", "PARTITION", "STATS"):
        if reader.at(word):
            raise unsupported(f"ALTER TABLE ... {word}")
    return reader.fail("ADD, ALTER, MODIFY, DROP, DELETE or RENAME")


def _add(reader: Reader) -> AlterAction:
    if reader.accept("DEFAULT"):
        default = read_default(reader)
        reader.expect("FOR")
        column = reader.name()
        if default is None:
            return AlterColumn((ColumnChange(column, drop_default=True),))
        return AddDefault(column, default)
    elements: list[Element] = []
    bracket = reader.accept("(")
    while True:
        if reader.accept("COLUMN"):
            inner = reader.accept("(")
            elements.append(read_column(reader))
            while inner and reader.accept(","):
                elements.append(read_column(reader))
            if inner:
                reader.expect(")")
        elif at_table_element(reader):
            elements.append(read_element(reader))
        else:
            elements.append(read_column(reader))
        if not reader.accept(","):
            break
    if bracket:
        reader.expect(")")
    return AddElements(tuple(elements))


def _alter(reader: Reader) -> ColumnChange:
    column = reader.name()
    if reader.accept("RENAME"):
        reader.accept("TO")
        return ColumnChange(column, rename=reader.name())
    if reader.accept("DROP"):
        reader.expect("DEFAULT")
        return ColumnChange(column, drop_default=True)
    if reader.accept("SET", "DEFAULT") or reader.accept("DEFAULT"):
        return _default_change(reader, column)
    if reader.accept("NOT", "NULL") or reader.accept("SET", "NOT", "NULL"):
        return ColumnChange(column, nullable=False)
    if reader.accept("NULL"):
        return ColumnChange(column, nullable=True)
    if reader.accept("%DESCRIPTION"):
        return ColumnChange(column, description=read_description(reader))
    if reader.at("COLLATE"):
        return ColumnChange(column, collation=read_collation(reader, _ANY_TEXT))
    return _type_change(reader, column)


def _default_change(reader: Reader, column: str) -> ColumnChange:
    default = read_default(reader)
    return ColumnChange(column, default=default, drop_default=default is None)


def _type_change(reader: Reader, column: str) -> ColumnChange:
    declared = read_type(reader)
    collation = None
    if declared.type.is_text and reader.token.kind is Kind.WORD and reader.at("COLLATE"):
        collation = read_collation(reader, declared.type)
    return ColumnChange(column, type=declared.type, counter=declared.counter, collation=collation)


def _modify(reader: Reader) -> AlterColumn:
    bracket = reader.accept("(")
    changes = [_modification(reader)]
    while reader.accept(","):
        changes.append(_modification(reader))
    if bracket:
        reader.expect(")")
    return AlterColumn(tuple(changes))


def _modification(reader: Reader) -> ColumnChange:
    column = reader.name()
    if reader.accept("RENAME"):
        reader.accept("TO")
        return ColumnChange(column, rename=reader.name())
    type_ = None
    counter = None
    default = None
    drop_default = False
    nullable: bool | None = None
    if not reader.at_any("DEFAULT", "NULL", "NOT"):
        declared = read_type(reader)
        type_, counter = declared.type, declared.counter
    while True:
        if reader.accept("DEFAULT"):
            default = read_default(reader)
            drop_default = default is None
        elif reader.accept("NOT", "NULL"):
            nullable = False
        elif reader.accept("NULL"):
            nullable = True
        else:
            break
    return ColumnChange(column, type_, counter, default, drop_default, nullable)


def _drop(reader: Reader) -> AlterAction:
    if reader.accept("CONSTRAINT"):
        name = reader.name()
        reader.accept_any("CASCADE", "RESTRICT")
        return DropConstraint(name)
    if reader.accept("FOREIGN"):
        reader.expect("KEY")
        return DropConstraint(reader.name(), foreign_key_only=True)
    if reader.accept("PRIMARY"):
        reader.expect("KEY")
        reader.accept_any("CASCADE", "RESTRICT")
        return DropPrimaryKey()
    columns: list[str] = []
    cascade = False
    while True:
        reader.accept("COLUMN")
        bracket = reader.accept("(")
        columns.append(reader.name())
        while bracket and reader.accept(","):
            columns.append(reader.name())
        if bracket:
            reader.expect(")")
        while (word := reader.accept_any("RESTRICT", "CASCADE", "%DELDATA", "%NODELDATA")) is not None:
            cascade = cascade or word == "CASCADE"
        if not reader.accept(","):
            break
    return DropColumns(tuple(columns), cascade)
