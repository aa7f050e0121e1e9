"""SQL data types as the catalogue and the wire name them (iris-sql.md 2.1, wire-protocol 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "BIGINT",
    "BIT",
    "DATE",
    "DOUBLE",
    "GUID",
    "INTEGER",
    "LONGVARBINARY",
    "LONGVARCHAR",
    "POSIXTIME",
    "SMALLINT",
    "TIME",
    "TIMESTAMP",
    "TINYINT",
    "Code",
    "SqlType",
    "numeric",
    "varbinary",
    "varchar",
    "vector",
]


class Code(IntEnum):
    """The type codes of a column description on the wire."""

    BIT = -7
    TINYINT = -6
    BIGINT = -5
    LONGVARBINARY = -4
    VARBINARY = -3
    LONGVARCHAR = -1
    NUMERIC = 2
    INTEGER = 4
    SMALLINT = 5
    DOUBLE = 8
    DATE = 9
    TIME = 10
    TIMESTAMP = 11
    VARCHAR = 12
    GUID = -11


_INTEGERS = frozenset({Code.TINYINT, Code.SMALLINT, Code.INTEGER, Code.BIGINT})
_NUMBERS = _INTEGERS | {Code.NUMERIC, Code.DOUBLE}


@dataclass(frozen=True)
class SqlType:
    """One SQL type with its sizes.

    ``name`` is DATA_TYPE of the catalogue (``VARCHAR``, ``NUMERIC``, ...). ``length`` is the maximum number
    of characters or bytes of VARCHAR and VARBINARY (``None``: unlimited); ``precision`` and ``scale`` are
    those of numbers. ``minimum`` and ``maximum`` narrow the range of an integer type (MEDIUMINT). ``posix``
    marks a TIMESTAMP that is stored as %PosixTime; ``element`` and ``dimension`` describe a VECTOR (which the
    catalogue shows as VARCHAR).
    """

    code: Code
    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    posix: bool = False
    element: str | None = None
    dimension: int | None = None
    minimum: int | None = None
    maximum: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether values are character strings that have a collation."""
        return self.code is Code.VARCHAR and self.element is None

    @property
    def is_stream(self) -> bool:
        """Whether values are streams (LONGVARCHAR, LONGVARBINARY)."""
        return self.code in (Code.LONGVARCHAR, Code.LONGVARBINARY)

    @property
    def is_binary(self) -> bool:
        """Whether values are bytes (VARBINARY, LONGVARBINARY)."""
        return self.code in (Code.VARBINARY, Code.LONGVARBINARY)

    @property
    def is_integer(self) -> bool:
        """Whether values are whole numbers (BIT is not a number)."""
        return self.code in _INTEGERS

    @property
    def is_number(self) -> bool:
        """Whether values are numbers (BIT is not)."""
        return self.code in _NUMBERS

    @property
    def is_temporal(self) -> bool:
        """Whether values are dates, times or both."""
        return self.code in (Code.DATE, Code.TIME, Code.TIMESTAMP)

    @property
    def is_vector(self) -> bool:
        """Whether values are vectors."""
        return self.element is not None


BIT = SqlType(Code.BIT, "BIT")
TINYINT = SqlType(Code.TINYINT, "TINYINT", precision=3, scale=0)
SMALLINT = SqlType(Code.SMALLINT, "SMALLINT", precision=5, scale=0)
INTEGER = SqlType(Code.INTEGER, "INTEGER", precision=10, scale=0)
BIGINT = SqlType(Code.BIGINT, "BIGINT", precision=19, scale=0)
DOUBLE = SqlType(Code.DOUBLE, "DOUBLE", precision=20)
DATE = SqlType(Code.DATE, "DATE")
TIME = SqlType(Code.TIME, "TIME")
TIMESTAMP = SqlType(Code.TIMESTAMP, "TIMESTAMP")
POSIXTIME = SqlType(Code.TIMESTAMP, "TIMESTAMP", posix=True)
LONGVARCHAR = SqlType(Code.LONGVARCHAR, "LONGVARCHAR", length=2147483647)
LONGVARBINARY = SqlType(Code.LONGVARBINARY, "LONGVARBINARY", length=2147483647)
GUID = SqlType(Code.GUID, "GUID", length=36)


def varchar(length: int | None = None) -> SqlType:
    """Return VARCHAR of at most ``length`` characters; ``None`` is unlimited."""
    return SqlType(Code.VARCHAR, "VARCHAR", length=length)


def varbinary(length: int | None = None) -> SqlType:
    """Return VARBINARY of at most ``length`` bytes; ``None`` is unlimited."""
    return SqlType(Code.VARBINARY, "VARBINARY", length=length)


def numeric(precision: int, scale: int) -> SqlType:
    """Return NUMERIC(precision, scale)."""
    return SqlType(Code.NUMERIC, "NUMERIC", precision=precision, scale=scale)


def vector(element: str = "FLOAT", dimension: int | None = None) -> SqlType:
    """Return VECTOR(element, dimension); ``None`` takes vectors of any length."""
    return SqlType(Code.VARCHAR, "VARCHAR", element=element, dimension=dimension)
