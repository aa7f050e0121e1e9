"""Per-type codecs: what a column stores, how it leaves, what a value becomes before it is compared with one.

``store`` validates as IRIS's filer does (iris-sql.md 2.2): too long is an error, never a cut; a number is
rounded to its scale after its range was checked; a failing value is named in the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import dates, numbers
from iris_devtools.standin.sql.translation import Convert
from iris_devtools.standin.types import Code, SqlType
from iris_devtools.standin.values import Scalar

__all__ = [
    "after",
    "compare_anything",
    "compare_with",
    "fetch",
    "integer_literal",
    "literal",
    "number_literal",
    "plain",
    "store",
    "tagged",
    "untagged",
    "utf16_length",
]

_INTEGER_RANGES = {
    Code.TINYINT: (-128, 127),
    Code.SMALLINT: (-32768, 32767),
    Code.INTEGER: (-2147483648, 2147483647),
    Code.BIGINT: (-(2**63), 2**63 - 1),
}
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?\Z")
_DIGITS = re.compile(r"[+-]?\d+(?:\.\d*)?\Z")
_DECIMAL_TAG = b"\x00decimal:"


@lru_cache(maxsize=4096)
def store(sql_type: SqlType, column_label: str, verb: str = "INSERT") -> Convert:
    """Return the conversion of a value that is filed into a column of this type.

    ``column_label`` is ``Schema.Table.column``. NULL passes: whether it may is the column's affair, not the
    type's. The conversion raises SQLError -104, or -105 if ``verb`` is UPDATE, and -146 / -147 for dates and
    times.
    """
    encode = _encoder(sql_type)
    sqlcode = -105 if verb == "UPDATE" else -104

    def convert(value: Scalar) -> Scalar:
        if value is None:
            return None
        try:
            return encode(value)
        except ValueError:
            raise SQLError(
                sqlcode, f"Field '{column_label}' (value {_shown(value)}) failed validation"
            ) from None

    return convert


def fetch(sql_type: SqlType) -> Convert | None:
    """Return the conversion from a stored value to that on the wire, ``None`` where they are the same."""
    code = sql_type.code
    if code is Code.DATE:
        return _date_out
    if code is Code.TIME:
        return _time_out
    if code is Code.TIMESTAMP and sql_type.posix:
        return _posix_out
    if code is Code.NUMERIC:
        return _numeric_out
    if code is Code.DOUBLE:
        return _double_out
    return None


def compare_with(sql_type: SqlType) -> Convert:
    """Return the conversion of a parameter that is compared with a value of this type (iris-sql.md 2.3, 3.2).

    Dates accept ISO text and the stored number; text that is no date raises SQLError -146, no time -147.
    """
    code = sql_type.code
    if sql_type.is_number:
        if code is Code.NUMERIC and (sql_type.precision or 0) > 15:
            return _compare_exact
        return _compare_number
    if code is Code.BIT:
        return _compare_number
    if code is Code.DATE:
        return _compare_date
    if code is Code.TIME:
        return _compare_time
    if code is Code.TIMESTAMP:
        return _compare_posix if sql_type.posix else _compare_timestamp
    if sql_type.is_binary:
        return _bytes_or_none
    return numbers.text_of


def compare_anything(value: Scalar) -> Scalar:
    """Return a parameter that is compared with another one: text that is a number becomes one (1 = '1')."""
    number = None if value is None else numbers.exact_decimal(value)
    return plain(value) if number is None else numbers.stored(number)


def plain(value: Scalar) -> Scalar:
    """Return a parameter as SQLite takes it: decimals in their stored form, huge integers as text."""
    if isinstance(value, Decimal):
        return numbers.stored(numbers.fit(value)) if value.is_finite() else None
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value


def tagged(value: Scalar) -> Scalar:
    """As :func:`plain`, but mark a decimal so that a bare parameter in a select list leaves as it came."""
    if isinstance(value, Decimal):
        return _DECIMAL_TAG + str(value).encode()
    return plain(value)


def untagged(value: Scalar) -> Scalar:
    """Undo :func:`tagged`: the fetch conversion of a column of unknown type."""
    if isinstance(value, bytes) and value.startswith(_DECIMAL_TAG):
        return Decimal(value[len(_DECIMAL_TAG) :].decode())
    return value


def number_literal(value: Scalar) -> Scalar:
    """Return a number literal, which arrives as text, in its stored form (wire-protocol 7.1)."""
    number = numbers.exact_decimal(value)
    return plain(value) if number is None else numbers.stored(numbers.fit(number))


def integer_literal(value: Scalar) -> Scalar:
    """Return an integer literal, which arrives as text, as an integer."""
    if isinstance(value, str):
        try:
            return plain(int(value))
        except ValueError:
            return number_literal(value)
    return plain(value)


def after(first: Convert, second: Convert) -> Convert:
    """Return the conversion that does one after the other."""

    def convert(value: Scalar) -> Scalar:
        return second(first(value))

    return convert


def literal(value: Scalar) -> Scalar:
    """Return a text literal unchanged, any other value as :func:`plain` does."""
    return value if isinstance(value, str) else plain(value)


def _shown(value: Scalar) -> str:
    if value is None:
        return "<NULL>"
    text = numbers.text_of(value) or ""
    if not text:
        return "<EMPTY STRING>"
    return f"'{text[:40]}...'" if len(text) > 40 else f"'{text}'"


# -- storing ---------------------------------------------------------------------------------------
# An encoder takes any value but NULL and raises ValueError for one that does not fit its type.


def _encoder(sql_type: SqlType) -> Callable[[Scalar], Scalar]:
    code = sql_type.code
    if sql_type.is_vector:
        return _vector_encoder(sql_type)
    if code is Code.VARCHAR:
        return _text_encoder(sql_type.length)
    if code is Code.LONGVARCHAR:
        return _text_encoder(None)
    if sql_type.is_binary:
        return _binary_encoder(sql_type.length if code is Code.VARBINARY else None)
    if sql_type.is_integer:
        return _integer_encoder(sql_type)
    if code is Code.NUMERIC:
        return _numeric_encoder(sql_type)
    if code is Code.DOUBLE:
        return _double
    if code is Code.BIT:
        return _bit
    if code is Code.DATE:
        return _date
    if code is Code.TIME:
        return _time
    if code is Code.TIMESTAMP:
        return _posix if sql_type.posix else _timestamp
    return _guid


def _text_encoder(length: int | None) -> Callable[[Scalar], Scalar]:
    def encode(value: Scalar) -> Scalar:
        text = value if isinstance(value, str) else numbers.text_of(value) or ""
        if length is not None and len(text) * 2 > length and utf16_length(text) > length:
            raise ValueError
        return text

    return encode


def utf16_length(text: str) -> int:
    """Count the UTF-16 units of a text, which is what IRIS counts as characters (iris-sql.md 1.2)."""
    if text.isascii():
        return len(text)
    return len(text) + sum(1 for c in text if c > "\uffff")


def _binary_encoder(length: int | None) -> Callable[[Scalar], Scalar]:
    def encode(value: Scalar) -> Scalar:
        data = _bytes(value)
        if length is not None and len(data) > length:
            raise ValueError
        return data

    return encode


def _bytes(value: Scalar) -> bytes:
    if isinstance(value, bytes):
        return value
    text = numbers.text_of(value) or ""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        # IRIS holds wide characters in two bytes each; bytes never arrive like this, only text does
        return text.encode("utf-16-le", "surrogatepass")


def _bytes_or_none(value: Scalar) -> Scalar:
    return None if value is None else _bytes(value)


def _integer_encoder(sql_type: SqlType) -> Callable[[Scalar], Scalar]:
    lowest, highest = _INTEGER_RANGES[sql_type.code]
    low = lowest if sql_type.minimum is None else sql_type.minimum
    high = highest if sql_type.maximum is None else sql_type.maximum

    def encode(value: Scalar) -> Scalar:
        if isinstance(value, int):
            number = int(value)
        else:
            exact = numbers.exact_decimal(value)
            if exact is None or not low <= exact <= high:
                raise ValueError
            number = int(numbers.rounded(exact, 0))
        if low <= number <= high:
            return number
        raise ValueError

    return encode


def _numeric_encoder(sql_type: SqlType) -> Callable[[Scalar], Scalar]:
    precision = 15 if sql_type.precision is None else sql_type.precision
    scale = sql_type.scale or 0
    limit = Decimal(10) ** (precision - scale)

    def encode(value: Scalar) -> Scalar:
        if isinstance(value, int) and -limit < value < limit:
            return int(value)
        exact = numbers.exact_decimal(value)
        if exact is None or not -limit < exact < limit:
            raise ValueError
        return numbers.stored(numbers.rounded(numbers.fit(exact), scale))

    return encode


def _double(value: Scalar) -> Scalar:
    if isinstance(value, float):
        if value != value:
            raise ValueError
        return value
    exact = numbers.exact_decimal(value)
    if exact is None:
        raise ValueError
    return float(exact)


def _bit(value: Scalar) -> Scalar:
    exact = numbers.exact_decimal(value)
    if exact is None or exact not in (0, 1):
        raise ValueError
    return int(exact)


def _date(value: Scalar) -> Scalar:
    if isinstance(value, str):
        day = dates.parse_date(value)
        if day is not None:
            return day
        if not _DIGITS.match(value):
            raise SQLError(-146, f"Error: '{value}' is an invalid ODBC/JDBC Date value")
    exact = numbers.exact_decimal(value)
    if exact is None or not dates.FIRST_DAY <= exact <= dates.LAST_DAY:
        raise ValueError
    return int(exact)


def _time(value: Scalar) -> Scalar:
    if isinstance(value, str):
        seconds = dates.parse_time(value)
        if seconds is not None:
            return seconds
        if not _DIGITS.match(value):
            raise SQLError(-147, f"Error: '{value}' is an invalid ODBC/JDBC Time value")
    exact = numbers.exact_decimal(value)
    if exact is None or not 0 <= exact < 86400:
        raise ValueError
    return numbers.stored(numbers.rounded(exact, 9))


def _timestamp(value: Scalar) -> Scalar:
    text = dates.parse_timestamp(numbers.text_of(value) or "")
    if text is None:
        raise ValueError
    return text


def _posix(value: Scalar) -> Scalar:
    if isinstance(value, int) and abs(value) >= 2**59:
        return int(value)
    code = dates.posix_of_timestamp(numbers.text_of(value) or "")
    if code is None:
        raise ValueError
    return code


def _guid(value: Scalar) -> Scalar:
    if isinstance(value, str) and _GUID.match(value):
        return value
    raise ValueError


def _vector_encoder(sql_type: SqlType) -> Callable[[Scalar], Scalar]:
    dimension = sql_type.dimension

    def encode(value: Scalar) -> Scalar:
        if not isinstance(value, str):
            raise ValueError  # noqa: TRY004 - encoders fail with ValueError alone
        elements = value.strip("[]").split(",") if value else []
        if dimension is not None and len(elements) != dimension:
            raise ValueError
        if any(numbers.exact_decimal(e.strip()) is None for e in elements):
            raise ValueError
        return ",".join(e.strip() for e in elements)

    return encode


# -- fetching --------------------------------------------------------------------------------------


def _date_out(value: Scalar) -> Scalar:
    return dates.date_text(int(value)) if isinstance(value, (int, float)) else value


def _time_out(value: Scalar) -> Scalar:
    return dates.time_text(value) if isinstance(value, (int, float)) else value


def _posix_out(value: Scalar) -> Scalar:
    return dates.timestamp_of_posix(value) if isinstance(value, int) else value


def _numeric_out(value: Scalar) -> Scalar:
    # A whole number, too, or the client would see int in one row and Decimal in the next (wire-protocol 3.2).
    if isinstance(value, (int, float)):
        return numbers.exact_decimal(value)
    if isinstance(value, str):
        number = numbers.exact_decimal(value)
        return value if number is None else number
    return value


def _double_out(value: Scalar) -> Scalar:
    if isinstance(value, (int, str)):
        number = numbers.exact_decimal(value)
        return value if number is None else float(number)
    return value


# -- comparing -------------------------------------------------------------------------------------


def _compare_number(value: Scalar) -> Scalar:
    # Nearly all are keys, and each statement pays for them.
    if value is None or isinstance(value, float) or (type(value) is int and -(2**63) <= value < 2**63):
        return value
    number = numbers.exact_decimal(value)
    if number is None:
        return plain(value)
    if number == number.to_integral_value() and abs(number) < 2**63:
        return int(number)
    return float(number)


def _compare_exact(value: Scalar) -> Scalar:
    number = numbers.exact_decimal(value)
    return plain(value) if number is None else numbers.stored(number)


def _compare_date(value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return _compare_number(value)
    day = dates.parse_date(value)
    if day is not None:
        return day
    if not value or _DIGITS.match(value):
        return _compare_number(value)
    raise SQLError(-146, f"Error: '{value}' is an invalid ODBC/JDBC Date value")


def _compare_time(value: Scalar) -> Scalar:
    if not isinstance(value, str):
        return _compare_number(value)
    seconds = dates.parse_time(value)
    if seconds is not None:
        return seconds
    if not value or _DIGITS.match(value):
        return _compare_number(value)
    raise SQLError(-147, f"Error: '{value}' is an invalid ODBC/JDBC Time value")


def _compare_timestamp(value: Scalar) -> Scalar:
    if isinstance(value, str):
        text = dates.parse_timestamp(value)
        return value if text is None else text
    return numbers.text_of(value)


def _compare_posix(value: Scalar) -> Scalar:
    if isinstance(value, str):
        code = dates.posix_of_timestamp(value)
        return value if code is None else code
    return plain(value)
