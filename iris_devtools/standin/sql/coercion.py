"""Brings two values together: as numbers, as text, as one type, as a comparable pair (iris-sql.md 2.3, 3)."""

from __future__ import annotations

from iris_devtools.standin.catalog.model import ROWID
from iris_devtools.standin.sql import numbers, values
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.environment import UNKNOWN_NUMBER, Env, Value, literal
from iris_devtools.standin.sql.inference import is_wide
from iris_devtools.standin.sql.scope import EXACT, SQLSTRING, SQLUPPER
from iris_devtools.standin.sql.translation import Convert
from iris_devtools.standin.types import TIMESTAMP, Code, SqlType
from iris_devtools.standin.values import Scalar

__all__ = [
    "as_number",
    "as_text",
    "coerced",
    "collate",
    "common_collation",
    "comparable",
    "equality",
    "grouping",
    "is_rowid",
    "no_stream",
    "number_type",
    "sort_key",
]

_COLLATE = {EXACT: " COLLATE BINARY", SQLUPPER: " COLLATE SQLUPPER", SQLSTRING: " COLLATE SQLSTRING"}
_ROWID = f".{quoted(ROWID)}"


def no_stream(env: Env, value: Value, sqlcode: int = -37) -> None:
    """Raise -37 (functions) or the given SQLCODE for a stream, which most operations do not take."""
    if value.type is not None and value.type.is_stream:
        name = value.field.name if value.field is not None else ""
        raise env.statement.error(sqlcode, f" Field '{name.upper()}' is a stream" if name else "")


def number_type(value: Value) -> SqlType:
    """Return the type that a value has as a number; text and unknown values may be any number."""
    if value.type is None or not (
        value.type.is_number or value.type.code in (Code.BIT, Code.DATE, Code.TIME)
    ):
        return UNKNOWN_NUMBER
    return value.type


def as_number(env: Env, value: Value) -> str:
    """Return the text of a value as a number: text counts as its leading number, else 0."""
    if value.parameter is not None:
        return env.text(value, _number_operand)
    if value.type is None:
        return value.sql if value.is_null else f"iris_number({value.sql})"
    no_stream(env, value)
    if value.type.is_number or value.type.code in (Code.BIT, Code.DATE, Code.TIME):
        return value.sql
    return f"iris_number({value.sql})"


def _number_operand(value: Scalar) -> Scalar:
    if value is None or isinstance(value, float):
        return value
    number = numbers.leading_number(value)
    return None if number is None else numbers.stored(numbers.fit(number))


def as_text(env: Env, value: Value) -> str:
    """Return the text of a value as characters: numbers in canonical form, dates as their stored number."""
    if value.parameter is not None:
        return env.text(value, numbers.text_of)
    if value.is_null:
        return value.sql
    if value.type is not None and (
        value.type.code in (Code.VARCHAR, Code.LONGVARCHAR, Code.GUID)
        or (value.type.code is Code.TIMESTAMP and not value.type.posix)
    ):
        return value.sql
    if value.type is not None and value.type.is_integer:
        return f"CAST({value.sql} AS TEXT)"
    return f"iris_text({value.sql})"


def coerced(env: Env, value: Value, target: SqlType | None) -> str:
    """Return the text of a branch of CASE, COALESCE, UNION, ... whose result has type ``target``."""
    if target is None:
        return env.text(value)
    if value.parameter is not None and value.type is None:
        return env.text(value, _converted_to(target))
    if value.is_null or value.type is None or value.type.code is target.code:
        return env.text(value)
    if target.is_text:
        return as_text(env, value)
    if target.is_number and value.type.is_number:
        return env.text(value)
    if target.code is Code.TIMESTAMP and value.type.code is Code.DATE:
        return f"iris_timestamp_of_date({env.text(value)})"
    return env.text(value)


def _converted_to(target: SqlType) -> Convert:
    if target.is_text or target.code is Code.LONGVARCHAR:
        return numbers.text_of
    if target.is_number or target.code is Code.BIT:
        return values.compare_with(target)
    return values.compare_with(target)


def common_collation(left: Value, right: Value) -> str:
    """Return the collation of a comparison: an explicit one, else that of whichever side is a column."""
    for value in (left, right):
        if value.explicit:
            return value.collation
    if left.collation != EXACT:
        return left.collation
    return right.collation


def collate(collation: str) -> str:
    """Return the COLLATE clause."""
    return _COLLATE[collation]


def comparable(env: Env, left: Value, right: Value) -> tuple[str, str, str]:
    """Return both sides of a comparison in forms that SQLite compares as IRIS would, and the COLLATE clause.

    The clause is empty where it would change nothing. Streams raise -313.
    """
    no_stream(env, left, -313)
    no_stream(env, right, -313)
    if left.parameter is not None and right.parameter is not None:
        convert = values.compare_anything
        return env.text(left, convert), env.text(right, convert), ""
    if left.parameter is not None:
        other, own, suffix = comparable(env, right, left)
        return own, other, suffix
    if left.type is None:
        return _untyped(env, left, right)
    if right.parameter is not None:
        text = env.text(right, values.compare_with(left.type))
        if is_wide(left.type):
            return f"iris_key({left.sql})", f"iris_key({text})", ""
        return left.sql, text, _suffix(left.type, left, right)
    if right.is_null:
        return left.sql, right.sql, ""
    if right.type is None:
        other, own, suffix = _untyped(env, right, left)
        return own, other, suffix
    return _typed(left, right)


def equality(env: Env, left: Value, right: Value) -> str:
    """Return the condition that two values are equal.

    A row id that is compared with a column is written twice. It is the one kind of column that has an
    affinity, so SQLite would convert the other column before comparing and could not use that column's index;
    ``+`` takes the affinity away. The plain form serves for looking up rows by their id.
    """
    a, b, suffix = comparable(env, left, right)
    text = f"{a} = {b}{suffix}"
    for rowid, other in ((left, right), (right, left)):
        if is_rowid(rowid) and other.field is not None and not is_rowid(other) and other.sql in (a, b):
            return f"({text} AND {other.sql} = +{rowid.sql})"
    return text


def is_rowid(value: Value) -> bool:
    """Tell whether a value is the row id of a table, as it is stored."""
    return value.field is not None and value.sql == value.field.sql and value.sql.endswith(_ROWID)


def _untyped(env: Env, unknown: Value, other: Value) -> tuple[str, str, str]:
    text = env.text(other)
    if unknown.is_null or other.is_null:
        return unknown.sql, text, ""
    return f"iris_plain({unknown.sql})", f"iris_plain({text})", collate(common_collation(unknown, other))


def _typed(left: Value, right: Value) -> tuple[str, str, str]:
    assert left.type is not None
    assert right.type is not None
    kinds = (_kind(left.type), _kind(right.type))
    if kinds[0] == kinds[1]:
        if kinds[0] == "number" and (is_wide(left.type) or is_wide(right.type)):
            return f"iris_key({left.sql})", f"iris_key({right.sql})", ""
        return left.sql, right.sql, _suffix(left.type, left, right)
    if kinds == ("date", "timestamp"):
        return f"iris_timestamp_of_date({left.sql})", right.sql, ""
    if kinds == ("timestamp", "date"):
        return left.sql, f"iris_timestamp_of_date({right.sql})", ""
    if "text" in kinds:
        return _text_and_other(left, right)
    if "posix" in kinds:
        return _timestamps(left), _timestamps(right), ""
    return left.sql, right.sql, ""


def _text_and_other(left: Value, right: Value) -> tuple[str, str, str]:
    assert left.type is not None
    assert right.type is not None
    other = right if left.type.is_text else left
    assert other.type is not None
    kind = _kind(other.type)
    function = {"date": "iris_date_in", "time": "iris_time_in", "timestamp": "iris_timestamp_in"}.get(kind)
    if kind == "number":
        wide = is_wide(other.type)
        texts = [f"iris_exact({v.sql})" if v is not other else v.sql for v in (left, right)]
        if wide:
            texts = [f"iris_key({text})" for text in texts]
        return texts[0], texts[1], ""
    if other.type.is_binary:
        texts = [v.sql if v is other else f"iris_bytes({v.sql}, NULL)" for v in (left, right)]
        return texts[0], texts[1], ""
    if function is None:
        return left.sql, right.sql, _COLLATE[common_collation(left, right)]
    texts = [v.sql if v is other else f"{function}({v.sql})" for v in (left, right)]
    return texts[0], texts[1], ""


def _timestamps(value: Value) -> str:
    assert value.type is not None
    if value.type.posix:
        return f"iris_timestamp_of_posix({value.sql})"
    if value.type.code is Code.DATE:
        return f"iris_timestamp_of_date({value.sql})"
    return value.sql


def _kind(sql_type: SqlType) -> str:
    if sql_type.is_number or sql_type.code is Code.BIT:
        return "number"
    if sql_type.code is Code.TIMESTAMP:
        return "posix" if sql_type.posix else "timestamp"
    if sql_type.is_text:
        return "text"
    return {Code.DATE: "date", Code.TIME: "time"}.get(sql_type.code, "other")


def _suffix(sql_type: SqlType, left: Value, right: Value) -> str:
    return _COLLATE[common_collation(left, right)] if sql_type.is_text else ""


def sort_key(env: Env, value: Value) -> str:
    """Return what ORDER BY, PARTITION BY and GROUP BY need of a value."""
    text = env.text(value)
    if is_wide(value.type):
        return f"iris_key({text})"
    if value.type is not None and value.type.is_text:
        return text + _COLLATE[value.collation]
    return text


def grouping(env: Env, value: Value) -> str:
    """Return what DISTINCT shows of a value: collated text in upper case, without trailing blanks."""
    text = env.text(value)
    if env.statement.exact_distinct or value.type is None or not value.type.is_text:
        return text
    if value.collation == SQLUPPER and not value.explicit:
        return f"iris_upper({text})"
    return text


def timestamp_text(env: Env, value: Value) -> str:
    """Return a date, time, timestamp or text as the text of a timestamp."""
    if value.parameter is not None:
        return env.text(value, values.compare_with(TIMESTAMP))
    return f"iris_to_timestamp({value.sql}, {literal(_kind(value.type) if value.type else 'text')})"
