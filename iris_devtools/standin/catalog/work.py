"""What every definition statement works with: connection, dictionary, and the steps that several need."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from iris_devtools.standin.catalog.constraints import (
    create_foreign_key,
    drop_foreign_key,
    literal_default,
    unique_error,
)
from iris_devtools.standin.catalog.dictionary import Dictionary
from iris_devtools.standin.catalog.model import Column, ForeignKey, Index, Table, TableKind
from iris_devtools.standin.catalog.names import same_name
from iris_devtools.standin.catalog.projection import key_of
from iris_devtools.standin.catalog.row_triggers import drop_row_triggers, make_row_triggers
from iris_devtools.standin.catalog.storage import create_index, note_keys
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.translation import Select
from iris_devtools.standin.sql.values import fetch, store
from iris_devtools.standin.values import Scalar

__all__ = ["Translate", "Work", "missing_table"]

Translate = Callable[..., Any]
"""``sql.translate.translate``: text, catalog=, default_schema=, markers= -> Translation."""


def missing_table(schema: str, name: str) -> SQLError:
    """Return the error of a table that is not there; unresolved names are shown in upper case."""
    return SQLError(-30, f" Table '{schema.upper()}.{name.upper()}' not found")


@dataclass(frozen=True)
class Work:
    """One statement's surroundings."""

    connection: sqlite3.Connection
    dictionary: Dictionary
    default_schema: str
    username: str
    translate: Translate

    def table(self, schema: str, name: str, *, missing: str = "Table '{}' not found") -> Table:
        """Return a table that may be changed; raises SQLError -30, or -300 for a system table."""
        table = self.dictionary.find(schema, name)
        if table is None or table.kind is TableKind.VIEW:
            raise SQLError(-30, " " + missing.format(f"{schema}.{name}".upper()))
        if table.kind in (TableKind.SYSTEM, TableKind.SYSTEM_VIEW):
            raise SQLError(-300, f"DDL not enabled for class '{table.class_name}'")
        return table

    def parent(self, child: Table, foreign_key: ForeignKey) -> Table:
        """Return the table that a foreign key references."""
        if same_name(foreign_key.schema, child.schema) and same_name(foreign_key.table, child.name):
            return child
        parent = self.dictionary.definition(foreign_key.schema, foreign_key.table)
        if parent is None:
            raise SQLError(
                -310, f"Table '{foreign_key.schema.upper()}.{foreign_key.table.upper()}' does not exist"
            )
        return parent

    def query(self, text: str) -> Select:
        """Translate a query without parameters; raises SQLError for anything else."""
        translation = self.translate(
            text, catalog=self.dictionary, default_schema=self.default_schema, markers=()
        )
        if not isinstance(translation, Select):
            raise SQLError(-1, f" SELECT expected^{text}")
        return translation

    def save(self, table: Table, *, replaces: Table) -> Table:
        """Store a changed table, and list the foreign keys to it anew; return it with its stamp."""
        others = self.dictionary.referencing(replaces)
        stored = self.dictionary.store(table, replaces=replaces)
        for other in others:
            if not same_name(other.qualified_name, replaces.qualified_name):
                self.dictionary.store(other)
        return stored

    def add_index(self, table: Table, index: Index) -> Table:
        """Make and store an index; raises SQLError -125 when the rows break a unique one."""
        changed = dataclasses.replace(table, indexes=(*table.indexes, index))
        self.make_index(changed, index)
        if index.unique:
            note_keys(self.connection, changed)
        return self.save(changed, replaces=table)

    def make_index(self, table: Table, index: Index) -> None:
        """Make an index over the present rows; raises SQLError -125 when they break a unique one."""
        try:
            create_index(self.connection, table, index)
        except sqlite3.IntegrityError as exc:
            raise unique_error(table, index) from exc

    def refuse_referenced(self, table: Table, index: Index) -> None:
        """Raise SQLError -317 when a foreign key needs this unique key."""
        if not index.unique:
            return
        without = dataclasses.replace(table, indexes=tuple(i for i in table.indexes if i != index))
        for other in self.dictionary.referencing(table):
            for foreign_key in other.foreign_keys:
                ours = same_name(foreign_key.schema, table.schema) and same_name(
                    foreign_key.table, table.name
                )
                if ours and key_of(without, foreign_key.referenced) is None:
                    raise SQLError(
                        -317,
                        f"Foreign key '{foreign_key.name}' of table '{other.qualified_name}' references "
                        f"constraint '{index.name}'",
                    )

    def drop_triggers(self, table: Table) -> None:
        """Drop the triggers of all foreign keys from and to a table, and its row triggers."""
        drop_row_triggers(self.connection, table)
        for child, foreign_key in self._foreign_keys(table):
            drop_foreign_key(self.connection, child, foreign_key)

    def make_triggers(self, table: Table) -> None:
        """Make the triggers of all foreign keys from and to a table, and its own, as it is stored now."""
        make_row_triggers(self.connection, table)
        for child, foreign_key in self._foreign_keys(table):
            create_foreign_key(self.connection, child, foreign_key, self.parent(child, foreign_key))

    def default_value(self, table: Table, column: Column) -> Scalar:
        """Return the stored form of a column's default at this moment."""
        if column.default is None:
            return None
        value = literal_default(column)
        if value is not None:
            return value
        query = self.query(f"SELECT {column.default.sql}")
        row = self.connection.execute(query.sql).fetchone()
        external = fetch(query.columns[0].type)
        found: Scalar = row[0] if external is None else external(row[0])
        return store(column.type, f"{table.qualified_name}.{column.name}")(found)

    def _foreign_keys(self, table: Table) -> list[tuple[Table, ForeignKey]]:
        found = [(table, foreign_key) for foreign_key in table.foreign_keys]
        for other in self.dictionary.referencing(table):
            if same_name(other.qualified_name, table.qualified_name):
                continue
            found.extend(
                (other, key)
                for key in other.foreign_keys
                if same_name(key.schema, table.schema) and same_name(key.table, table.name)
            )
        return found
