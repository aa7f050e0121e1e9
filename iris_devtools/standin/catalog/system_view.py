"""How a system view is described once: for the translator as a Table, for SQLite as a view."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from iris_devtools.standin.catalog.model import Column, Table, TableKind
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.types import INTEGER, SqlType, varchar

__all__ = ["NAME", "TEXT", "SystemColumn", "SystemView", "columns", "nothing"]

NAME = varchar(128)
TEXT = varchar(32749)


@dataclass(frozen=True)
class SystemColumn:
    """One column: ``expression`` is SQLite text over the source's columns."""

    name: str
    type: SqlType = NAME
    expression: str = "NULL"
    private: bool = False


@dataclass(frozen=True)
class SystemView:
    """One system view or table.

    ``source`` is the table of the dictionary that it reads, with ``where`` as the condition, and perhaps
    ``each``, a table-valued function over its rows; a view without a source is always empty. ``live`` marks a
    table whose rows are asked of the server. ``only_in`` is the one namespace that has it.
    """

    schema: str
    name: str
    class_name: str
    columns: tuple[SystemColumn, ...]
    source: str | None = None
    where: str = ""
    each: str = ""
    live: bool = False
    only_in: str | None = None

    @property
    def storage_name(self) -> str:
        """The SQLite view's name."""
        return f"{self.schema}.{self.name}"

    @cached_property
    def table(self) -> Table:
        """The view as the translator sees it."""
        return Table(
            schema=self.schema,
            name=self.name,
            columns=tuple(
                Column(
                    name=column.name,
                    type=column.type,
                    storage_name=column.name,
                    collation="SQLUPPER" if column.type.is_text else None,
                    property_name="".join(c for c in column.name if c.isalnum()),
                    private=column.private,
                )
                for column in self.columns
            ),
            kind=TableKind.SYSTEM if self.live else TableKind.SYSTEM_VIEW,
            storage_name=self.storage_name,
            class_name=self.class_name,
            owner="_SYSTEM",
            read_only=True,
        )

    def statement(self, *, temporary_over: str | None = None) -> str:
        """Return the CREATE VIEW statement: for the dictionary's own file, or over an attached one."""
        name = quoted(self.storage_name)
        create = f"CREATE VIEW {name}" if temporary_over is None else f"CREATE TEMP VIEW {name}"
        if self.live:
            items = ", ".join(
                f"json_extract(value, '$.{column.name}') AS {quoted(column.name)}" for column in self.columns
            )
            return f"{create} AS SELECT {items} FROM json_each(\"%live\"('{self.storage_name}'))"
        items = ", ".join(f"{column.expression} AS {quoted(column.name)}" for column in self.columns)
        if self.source is None:
            return f"{create} AS SELECT {items} WHERE 0"
        where = f" WHERE {self.where}" if self.where else ""
        schema = "" if temporary_over is None else f"{temporary_over}."
        each = f", {self.each}" if self.each else ""
        return f"{create} AS SELECT {items} FROM {schema}{quoted(self.source)}{each}{where}"


def columns(*groups: str | SystemColumn | Iterable[SystemColumn]) -> tuple[SystemColumn, ...]:
    """Return columns from texts of names and single columns.

    In a text each word is a name: alone it shows the source's column of that name; ``name=expression``
    shows the expression, ``name=`` NULL, and ``name:I`` is an integer.
    """
    result: list[SystemColumn] = []
    for group in groups:
        if isinstance(group, SystemColumn):
            result.append(group)
        elif isinstance(group, str):
            result.extend(_column(word) for word in group.split())
        else:
            result.extend(group)
    return tuple(result)


def nothing(text: str) -> tuple[SystemColumn, ...]:
    """Return columns that are always NULL: for a view without rows."""
    return tuple(
        SystemColumn(word.removesuffix(":I"), INTEGER if word.endswith(":I") else NAME)
        for word in text.split()
    )


def _column(word: str) -> SystemColumn:
    name, equals, expression = word.partition("=")
    type_: SqlType = NAME
    if name.endswith(":I"):
        name, type_ = name[:-2], INTEGER
    if not equals:
        return SystemColumn(name, type_, quoted(name))
    return SystemColumn(name, type_, expression or "NULL")
