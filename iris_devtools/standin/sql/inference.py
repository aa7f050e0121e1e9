"""Types of results: precedence between types, arithmetic on precisions (iris-sql.md 1.4, 2.6)."""

from __future__ import annotations

from collections.abc import Iterable

from iris_devtools.standin.types import (
    BIGINT,
    BIT,
    DOUBLE,
    INTEGER,
    LONGVARBINARY,
    LONGVARCHAR,
    SMALLINT,
    Code,
    SqlType,
    numeric,
    varbinary,
    varchar,
)

__all__ = ["arithmetic", "by_name", "highest", "highest_of_union", "is_wide"]

_PRECEDENCE = (
    Code.LONGVARBINARY,
    Code.LONGVARCHAR,
    Code.VARBINARY,
    Code.VARCHAR,
    Code.GUID,
    Code.TIMESTAMP,
    Code.DOUBLE,
    Code.NUMERIC,
    Code.BIGINT,
    Code.INTEGER,
    Code.DATE,
    Code.TIME,
    Code.SMALLINT,
    Code.TINYINT,
    Code.BIT,
)
_RANK = {code: rank for rank, code in enumerate(_PRECEDENCE)}
_INTEGER_ORDER = (Code.BIT, Code.TINYINT, Code.SMALLINT, Code.INTEGER, Code.BIGINT)
_DIGITS = {
    Code.BIT: 1,
    Code.TINYINT: 3,
    Code.SMALLINT: 5,
    Code.INTEGER: 10,
    Code.BIGINT: 19,
    Code.DATE: 7,
    Code.TIME: 5,
}


def is_wide(sql_type: SqlType | None) -> bool:
    """Whether numbers of this type may be stored as TEXT, so that they must be compared by their keys."""
    return (
        sql_type is not None
        and sql_type.code is Code.NUMERIC
        and (sql_type.precision is None or sql_type.precision > 15)
    )


def highest(types: Iterable[SqlType | None]) -> SqlType | None:
    """Return the type of CASE, COALESCE and their kind: the highest of the branches that have one."""
    known = [t for t in types if t is not None]
    if not known:
        return None
    best = min(known, key=lambda t: _RANK[t.code])
    same = [t for t in known if t.code is best.code]
    if best.code in (Code.VARCHAR, Code.VARBINARY) and not best.is_vector:
        lengths = [t.length for t in known]
        length = (
            None if None in lengths or len(same) < len(known) else max(n for n in lengths if n is not None)
        )
        return varchar(length) if best.code is Code.VARCHAR else varbinary(length)
    if best.code is Code.NUMERIC:
        scale = max(_scale(t) for t in known)
        whole = max(_precision(t) - _scale(t) for t in known)
        return numeric(min(36, whole + scale), scale)
    return best


def highest_of_union(left: SqlType | None, right: SqlType | None) -> SqlType | None:
    """Return the type of a column of UNION or INTERSECT."""
    return highest((left, right))


def _precision(sql_type: SqlType) -> int:
    if sql_type.precision is not None:
        return sql_type.precision
    return _DIGITS.get(sql_type.code, 18)


def _scale(sql_type: SqlType) -> int:
    return sql_type.scale or 0


def arithmetic(operator: str, left: SqlType, right: SqlType) -> SqlType:
    """Return the type of ``left operator right``; what is no number counts as one."""
    codes = (left.code, right.code)
    if Code.DOUBLE in codes:
        return DOUBLE
    integers = all(t.is_integer or t.code is Code.BIT for t in (left, right))
    if integers and operator not in ("*", "/"):
        return _integer_sum(left, right)
    p1, s1, p2, s2 = _precision(left), _scale(left), _precision(right), _scale(right)
    if operator == "*":
        return numeric(min(36, p1 + p2 + 1), min(17, s1 + s2))
    if operator == "/":
        scale = max(6, s1 + p2 + 1)
        return numeric(min(36, max(p1 - s1 + s2 + scale, 1)), min(17, scale))
    scale = max(s1, s2)
    return numeric(min(36, scale + max(p1 - s1, p2 - s2) + 1), scale)


def _integer_sum(left: SqlType, right: SqlType) -> SqlType:
    rank = [_INTEGER_ORDER.index(t.code) for t in (left, right)]
    if max(rank) <= 1:
        return SMALLINT
    return INTEGER if max(rank) == 2 else BIGINT


_NAMES: dict[str, SqlType] = {
    "BIT": BIT,
    "TINYINT": SqlType(Code.TINYINT, "TINYINT", precision=3, scale=0),
    "SMALLINT": SMALLINT,
    "MEDIUMINT": INTEGER,
    "INT": INTEGER,
    "INTEGER": INTEGER,
    "BIGINT": BIGINT,
    "DOUBLE": DOUBLE,
    "DOUBLE PRECISION": DOUBLE,
    "FLOAT": DOUBLE,
    "REAL": DOUBLE,
    "MONEY": numeric(19, 4),
    "SMALLMONEY": numeric(19, 4),
    "DATE": SqlType(Code.DATE, "DATE"),
    "TIME": SqlType(Code.TIME, "TIME"),
    "TIMESTAMP": SqlType(Code.TIMESTAMP, "TIMESTAMP"),
    "DATETIME": SqlType(Code.TIMESTAMP, "TIMESTAMP"),
    "DATETIME2": SqlType(Code.TIMESTAMP, "TIMESTAMP"),
    "SMALLDATETIME": SqlType(Code.TIMESTAMP, "TIMESTAMP"),
    "POSIXTIME": SqlType(Code.TIMESTAMP, "TIMESTAMP", posix=True),
    "GUID": SqlType(Code.GUID, "GUID", length=36),
    "UNIQUEIDENTIFIER": SqlType(Code.GUID, "GUID", length=36),
    "LONGVARCHAR": LONGVARCHAR,
    "TEXT": LONGVARCHAR,
    "CLOB": LONGVARCHAR,
    "LONGVARBINARY": LONGVARBINARY,
    "BLOB": LONGVARBINARY,
    "IMAGE": LONGVARBINARY,
}
_TEXT = {"CHAR": 1, "CHARACTER": 1, "NCHAR": 1, "VARCHAR": 30, "NVARCHAR": 30, "VARCHAR2": 30, "SYSNAME": 128}
_TEXT |= {"CHARACTER VARYING": 30, "CHAR VARYING": 30, "NATIONAL CHARACTER": 1, "NATIONAL CHAR": 1}
_TEXT |= {"NATIONAL CHARACTER VARYING": 30, "NATIONAL VARCHAR": 30, "NATIONAL CHAR VARYING": 30, "NTEXT": 30}
_BINARY = ("BINARY", "VARBINARY", "BINARY VARYING", "RAW")
_EXACT = ("NUMERIC", "DECIMAL", "DEC", "NUMBER")


def by_name(name: str, sizes: tuple[int, ...]) -> SqlType | None:
    """Return the type that CAST means by a name, ``None`` for one it does not know (iris-sql.md 6.4).

    Without a length CHAR is one character and VARCHAR thirty, which is how CAST cuts without an error.
    """
    if name in _TEXT:
        return varchar(sizes[0] if sizes else _TEXT[name])
    if name in _BINARY:
        return varbinary(sizes[0] if sizes else None)
    if name in _EXACT:
        precision = sizes[0] if sizes else 15
        scale = sizes[1] if len(sizes) > 1 else 0
        return numeric(min(precision, 19 + scale), min(scale, 18))
    return _NAMES.get(name)
