"""SQL data types as the catalogue and the wire name them (iris-sql.md 2.1, wire-protocol 3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = ["Code", "SqlType"]


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


@dataclass(frozen=True)
class SqlType:
    """One SQL type with its sizes.

    ``name`` is DATA_TYPE of the catalogue (``VARCHAR``, ``NUMERIC``, ...). ``length`` is the maximum number of
    characters or bytes of VARCHAR and VARBINARY (``None``: unlimited); ``precision`` and ``scale`` are those of numbers.
    ``posix`` marks a TIMESTAMP that is stored as %PosixTime; ``element`` and ``dimension`` describe a VECTOR
    (which the catalogue shows as VARCHAR).
    """

    code: Code
    name: str
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    posix: bool = False
    element: str | None = None
    dimension: int | None = None

    @property
    def is_text(self) -> bool:
        """Whether values are character strings that have a collation."""
        return self.code is Code.VARCHAR and self.element is None

    @property
    def is_stream(self) -> bool:
        """Whether values are streams (LONGVARCHAR, LONGVARBINARY)."""
        return self.code in (Code.LONGVARCHAR, Code.LONGVARBINARY)

    @property
    def is_number(self) -> bool:
        """Whether values are numbers (BIT is not)."""
        return self.code in (Code.TINYINT, Code.SMALLINT, Code.INTEGER, Code.BIGINT, Code.NUMERIC, Code.DOUBLE)
