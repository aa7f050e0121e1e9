"""The data dictionary's model: tables, columns, indexes and foreign keys as frozen values, without I/O.

Names keep the case of their definition; look-ups ignore it (iris-sql.md 1.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from iris_devtools.standin.types import SqlType

__all__ = [
    "Catalog",
    "Column",
    "Counter",
    "Default",
    "ForeignKey",
    "Index",
    "IndexKind",
    "Table",
    "TableKind",
    "Trigger",
]

ROWID = "%ID"
"""The SQLite column that holds the row id of every table; an IDENTITY column is another name for it."""


class Counter(Enum):
    """How a column fills itself (iris-sql.md 2.4)."""

    IDENTITY = "IDENTITY"
    SERIAL = "SERIAL"
    AUTO_INCREMENT = "AUTO_INCREMENT"
    ROWVERSION = "ROWVERSION"


class TableKind(Enum):
    """TABLE_TYPE of INFORMATION_SCHEMA.TABLES."""

    BASE = "BASE TABLE"
    VIEW = "VIEW"
    TEMPORARY = "GLOBAL TEMPORARY"
    SYSTEM = "SYSTEM TABLE"
    """its rows are asked of the server whenever it is read (``catalog.live``)"""
    SYSTEM_VIEW = "SYSTEM VIEW"


class IndexKind(Enum):
    """What an index is there for."""

    PLAIN = "plain"
    UNIQUE = "unique"
    """made by CREATE UNIQUE INDEX"""
    UNIQUE_CONSTRAINT = "unique constraint"
    PRIMARY_KEY = "primary key"


@dataclass(frozen=True)
class Default:
    """A column's DEFAULT: ``sql`` is its IRIS SQL text (a literal or one of the documented functions)."""

    sql: str


@dataclass(frozen=True)
class Column:
    """One column.

    ``storage_name`` is the SQLite column that holds the values; it stays when the column is renamed.
    ``collation`` is SQLUPPER for text unless declared otherwise, and ``None`` for types that have none.
    ``computed`` is the ObjectScript of COMPUTECODE, ``None`` for a plain column.
    """

    name: str
    type: SqlType
    storage_name: str
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
    property_name: str = ""
    private: bool = False
    """``SELECT *`` does not show it."""


@dataclass(frozen=True)
class Index:
    """One index, unique constraint or primary key.

    ``columns`` are column names; ``data`` those of WITH DATA. ``property_name`` is its name in the class.
    """

    name: str
    columns: tuple[str, ...]
    kind: IndexKind = IndexKind.PLAIN
    data: tuple[str, ...] = ()
    property_name: str = ""

    @property
    def unique(self) -> bool:
        """Whether two rows may not have equal (collated) values."""
        return self.kind is not IndexKind.PLAIN


@dataclass(frozen=True)
class ForeignKey:
    """One foreign key. Actions are ``NO ACTION``, ``CASCADE``, ``SET NULL`` or ``SET DEFAULT``.

    ``no_check`` is NOCHECK: the key is in the catalogue, but nothing is checked.
    """

    name: str
    columns: tuple[str, ...]
    schema: str
    table: str
    referenced: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    no_check: bool = False


@dataclass(frozen=True)
class Trigger:
    """One row trigger: ``code`` are its statements of IRIS SQL, separated by semicolons.

    ``time`` is BEFORE or AFTER; ``columns`` those of UPDATE OF; ``old`` and ``new`` the aliases of the rows.
    """

    name: str
    time: str
    events: tuple[str, ...]
    code: str
    columns: tuple[str, ...] = ()
    order: int = 0
    old: str | None = None
    new: str | None = None
    condition: str | None = None
    created: str = ""


@dataclass(frozen=True)
class Table:
    """One table or view.

    ``storage_name`` is the SQLite table (of the data database) or temporary view that holds the rows;
    it stays when the table is renamed. A view has none: ``view_definition`` is its SELECT text in IRIS SQL.
    """

    schema: str
    name: str
    columns: tuple[Column, ...]
    kind: TableKind = TableKind.BASE
    storage_name: str = ""
    class_name: str = ""
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    description: str | None = None
    view_definition: str | None = None
    parameters: tuple[tuple[str, str], ...] = field(default=())
    """Class parameters of ``WITH %CLASSPARAMETER``, as (name, value)."""
    owner: str = ""
    check_option: str = "NONE"
    """Of a view: ``NONE``, ``LOCAL`` or ``CASCADED``."""
    read_only: bool = False
    """Of a view: made WITH READ ONLY."""
    depends_on: tuple[tuple[str, str], ...] = ()
    """Of a view: schema and name of the tables and views that it reads."""
    triggers: tuple[Trigger, ...] = ()
    stamp: int = 0
    """Names this very definition; the database that holds the rows carries the same number."""

    @property
    def qualified_name(self) -> str:
        """Schema and name, as error texts show them."""
        return f"{self.schema}.{self.name}"

    @property
    def identity(self) -> Column | None:
        """The IDENTITY column, which is the row id under another name."""
        return next((c for c in self.columns if c.counter is Counter.IDENTITY), None)

    @property
    def primary_key(self) -> Index | None:
        """The declared primary key."""
        return next((i for i in self.indexes if i.kind is IndexKind.PRIMARY_KEY), None)

    def column(self, name: str) -> Column | None:
        """Return the column of that name in any case, or ``None``."""
        wanted = name.upper()
        return next((c for c in self.columns if c.name.upper() == wanted), None)

    def parameter(self, name: str) -> str | None:
        """Return the value of a class parameter, or ``None``."""
        wanted = name.upper()
        return next((value for key, value in self.parameters if key.upper() == wanted), None)


class Catalog(Protocol):
    """What the translator asks of the data dictionary; implementations cache."""

    @property
    def generation(self) -> int:
        """A number that changes with every change of a definition that this session can see."""
        ...

    def find(self, schema: str, name: str) -> Table | None:
        """Return the table or view of that name in any case, system views included, or ``None``."""
        ...
