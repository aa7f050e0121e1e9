"""What a definition statement says, as frozen values: the parser writes them, ``ddl`` applies them.

Names keep the case in which they were written; nothing here has been looked up yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from iris_devtools.standin.catalog.model import Counter, Default, Trigger
from iris_devtools.standin.types import SqlType

__all__ = [
    "AddDefault",
    "AddElements",
    "AlterAction",
    "AlterColumn",
    "AlterTable",
    "ColumnChange",
    "ColumnDefinition",
    "CreateIndex",
    "CreateSchema",
    "CreateTable",
    "CreateTableAs",
    "CreateTrigger",
    "CreateView",
    "DropColumns",
    "DropConstraint",
    "DropIndex",
    "DropPrimaryKey",
    "DropSchema",
    "DropTable",
    "DropTrigger",
    "DropView",
    "Element",
    "ForeignKeyDefinition",
    "KeyDefinition",
    "ObjectName",
    "RenameTable",
    "Statement",
]


@dataclass(frozen=True)
class ObjectName:
    """A name of a table, view or schema member; ``schema`` is ``None`` where the default schema is meant."""

    name: str
    schema: str | None = None

    def within(self, default_schema: str) -> tuple[str, str]:
        """Return schema and name."""
        return (default_schema if self.schema is None else self.schema), self.name


@dataclass(frozen=True)
class KeyDefinition:
    """UNIQUE or PRIMARY KEY. ``columns`` is empty where the key stands in a column's definition."""

    columns: tuple[str, ...]
    primary: bool = False
    name: str | None = None


@dataclass(frozen=True)
class ForeignKeyDefinition:
    """FOREIGN KEY or an inline REFERENCES; ``referenced`` is empty where the primary key is meant."""

    columns: tuple[str, ...]
    table: ObjectName
    referenced: tuple[str, ...] = ()
    name: str | None = None
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    no_check: bool = False


@dataclass(frozen=True)
class ColumnDefinition:
    """One column with its constraints."""

    name: str
    type: SqlType
    nullable: bool = True
    default: Default | None = None
    counter: Counter | None = None
    collation: str | None = None
    description: str | None = None
    computed: str | None = None
    compute_on_change: tuple[str, ...] = ()
    calculated: bool = False
    transient: bool = False
    on_update: Default | None = None
    private: bool = False
    keys: tuple[KeyDefinition, ...] = ()
    references: ForeignKeyDefinition | None = None


Element = ColumnDefinition | KeyDefinition | ForeignKeyDefinition


@dataclass(frozen=True)
class CreateTable:
    """``CREATE [GLOBAL TEMPORARY] TABLE [IF NOT EXISTS] t ( element, ... ) [WITH option, ...]``."""

    name: ObjectName
    elements: tuple[Element, ...]
    if_not_exists: bool = False
    temporary: bool = False
    description: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CreateTableAs:
    """``CREATE TABLE [IF NOT EXISTS] t AS SELECT ...``."""

    name: ObjectName
    query: str
    if_not_exists: bool = False
    parameters: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class AddElements:
    """``ADD`` of columns and constraints."""

    elements: tuple[Element, ...]


@dataclass(frozen=True)
class AddDefault:
    """``ADD DEFAULT (x) FOR c``."""

    column: str
    default: Default


@dataclass(frozen=True)
class ColumnChange:
    """What ``ALTER COLUMN`` or ``MODIFY`` changes; what is ``None`` stays as it is."""

    column: str
    type: SqlType | None = None
    counter: Counter | None = None
    default: Default | None = None
    drop_default: bool = False
    nullable: bool | None = None
    collation: str | None = None
    rename: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class AlterColumn:
    """``ALTER [COLUMN] c ...`` or ``MODIFY c ... [, ...]``."""

    changes: tuple[ColumnChange, ...]


@dataclass(frozen=True)
class DropColumns:
    """``DROP [COLUMN] c [, ...] [RESTRICT | CASCADE] [%DELDATA | %NODELDATA]``."""

    columns: tuple[str, ...]
    cascade: bool = False


@dataclass(frozen=True)
class DropConstraint:
    """``DROP CONSTRAINT n`` or ``DROP FOREIGN KEY n``."""

    name: str
    foreign_key_only: bool = False


@dataclass(frozen=True)
class DropPrimaryKey:
    """``DROP PRIMARY KEY``."""


@dataclass(frozen=True)
class RenameTable:
    """``RENAME [TO] t2``."""

    name: str


AlterAction = (
    AddElements | AddDefault | AlterColumn | DropColumns | DropConstraint | DropPrimaryKey | RenameTable
)


@dataclass(frozen=True)
class AlterTable:
    """``ALTER TABLE t action``."""

    name: ObjectName
    action: AlterAction


@dataclass(frozen=True)
class CreateIndex:
    """``CREATE [UNIQUE] INDEX i ON t (...) [WITH DATA (...)]``."""

    name: str
    table: ObjectName
    columns: tuple[str, ...]
    unique: bool = False
    data: tuple[str, ...] = ()
    method: str | None = None
    """The class of ``AS class(parameters)``, such as HNSW."""


@dataclass(frozen=True)
class DropIndex:
    """``DROP INDEX i [ON t]`` or ``DROP INDEX t.i``; without a table the whole namespace is searched."""

    name: str
    table: ObjectName | None = None
    if_exists: bool = False


@dataclass(frozen=True)
class DropTable:
    """``DROP TABLE [IF EXISTS] t [RESTRICT | CASCADE] [%DELDATA | %NODELDATA]``."""

    name: ObjectName
    if_exists: bool = False
    cascade: bool = False
    keep_data: bool = False


@dataclass(frozen=True)
class CreateView:
    """``CREATE [OR REPLACE] VIEW v [(cols)] AS select [WITH ...]``, and ``ALTER VIEW``."""

    name: ObjectName
    query: str
    columns: tuple[str, ...] = ()
    or_replace: bool = False
    alter: bool = False
    read_only: bool = False
    check_option: str = "NONE"


@dataclass(frozen=True)
class DropView:
    """``DROP VIEW [IF EXISTS] v [CASCADE | RESTRICT]``."""

    name: ObjectName
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class CreateSchema:
    """``CREATE SCHEMA [IF NOT EXISTS] s``."""

    name: str
    if_not_exists: bool = False


@dataclass(frozen=True)
class DropSchema:
    """``DROP SCHEMA [IF EXISTS] s [CASCADE | RESTRICT]``."""

    name: str
    if_exists: bool = False
    cascade: bool = False


@dataclass(frozen=True)
class CreateTrigger:
    """``CREATE [OR REPLACE] TRIGGER n time event ON t ... code``."""

    name: ObjectName
    table: ObjectName
    trigger: Trigger
    or_replace: bool = False


@dataclass(frozen=True)
class DropTrigger:
    """``DROP TRIGGER [IF EXISTS] n [FROM t]``."""

    name: ObjectName
    table: ObjectName | None = None
    if_exists: bool = False


Statement = (
    CreateTable
    | CreateTableAs
    | AlterTable
    | CreateIndex
    | DropIndex
    | DropTable
    | CreateView
    | DropView
    | CreateSchema
    | DropSchema
    | CreateTrigger
    | DropTrigger
)
