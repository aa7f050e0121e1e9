"""Exact numbers: decimals, the forms that SQLite stores, canonical text (iris-sql.md 1.3, 1.4).

SQLite holds an INTEGER when the number is whole and within 64 bit, a REAL when at most 15 significant digits
bring it back unchanged, and TEXT in canonical form otherwise. Every function here accepts all three.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow

from iris_devtools.standin.values import Scalar

__all__ = [
    "canonical_text",
    "decimal_key",
    "divide",
    "exact_decimal",
    "fit",
    "leading_number",
    "plain_text",
    "rounded",
    "stored",
    "text_of",
]

_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_LARGEST_MANTISSA = 9223372036854775807
_SMALLEST_INTEGER = -(2**63)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?\Z")
_LEADING = re.compile(r"\s*([+-]*)(\d+(?:\.\d*)?|\.\d+)(?:[eE]([+-]?\d{1,4}))?")
_MAXIMUM_EXPONENT = 145


def fit(number: Decimal) -> Decimal:
    """Round to the significant digits that IRIS keeps: a mantissa of at most 9223372036854775807."""
    _, digits, exponent = number.as_tuple()
    if len(digits) <= 18 or not isinstance(exponent, int):
        return number
    whole = int("".join(map(str, digits)))
    if whole <= _LARGEST_MANTISSA:
        return number
    keep = 19 if int(str(whole)[:19]) < _LARGEST_MANTISSA else 18
    return number.normalize(Context(prec=keep, rounding=ROUND_HALF_UP))


def stored(number: Decimal) -> int | float | str:
    """Return the form in which SQLite holds an exact number."""
    if number == number.to_integral_value():
        whole = int(number)
        if _SMALLEST_INTEGER <= whole <= _LARGEST_MANTISSA:
            return whole
        return canonical_text(number)
    if len(number.normalize(_WIDE).as_tuple().digits) <= 15:
        real = float(number)
        if Decimal(repr(real)) == number:
            return real
    return canonical_text(number)


def canonical_text(number: Decimal) -> str:
    """Write a number as IRIS does: no exponent, no trailing zeros, no zero before the point (``.5``)."""
    if not number:
        return "0"
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text.startswith("0."):
        return text[1:]
    if text.startswith("-0."):
        return "-" + text[2:]
    return text


def exact_decimal(value: Scalar) -> Decimal | None:
    """Return a whole value as a number, or ``None`` when it is none (text that is no number, NULL, NaN)."""
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, Decimal):
        return value if value.is_finite() else None
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        return Decimal(repr(value))
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str) and _NUMBER.match(value):
        return _read(value)
    return None


def leading_number(value: Scalar) -> Decimal | None:
    """Return the number that a value counts as: its leading numeric part, else 0; NULL stays NULL.

    ``'12abc'`` is 12, ``'abc'`` and ``''`` are 0, ``'--5'`` is 5 (iris-sql.md 1.4).
    """
    if value is None:
        return None
    if isinstance(value, (str, bytes)):
        text = value if isinstance(value, str) else value.decode("latin-1")
        match = _LEADING.match(text)
        if match is None:
            return Decimal(0)
        signs, digits, exponent = match.groups()
        number = _read(digits + (f"e{exponent}" if exponent else "")) or Decimal(0)
        return -number if signs.count("-") % 2 else number
    return exact_decimal(value) or Decimal(0)


def _read(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if number and abs(number.adjusted()) > _MAXIMUM_EXPONENT:
        return None
    return number


def rounded(number: Decimal, scale: int) -> Decimal:
    """Round half away from zero to ``scale`` places."""
    try:
        return number.quantize(Decimal(1).scaleb(-scale), context=_WIDE)
    except (InvalidOperation, Overflow):
        return number


def divide(left: Decimal, right: Decimal) -> Decimal:
    """Divide to the digits that IRIS keeps (``17/7`` is 2.428571428571428571); the divisor must not be 0."""
    return fit(_WIDE.divide(left, right))


def plain_text(value: int | float | Decimal) -> str:
    """Write any number in canonical form."""
    number = exact_decimal(value)
    return str(value) if number is None else canonical_text(number)


def text_of(value: Scalar) -> str | None:
    """Return any stored value as the text that string operations see; NULL stays ``None``."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, int):
        return str(int(value))
    return plain_text(value)


def decimal_key(value: Scalar) -> str | None:
    """Return a text that sorts bytewise as the number does, whatever form the number is stored in.

    Numbers that do not fit a REAL are stored as TEXT, which SQLite sorts behind every number: comparing and
    sorting columns of more than 15 digits therefore goes through this key. Text that is no number sorts
    behind.
    """
    if value is None:
        return None
    number = exact_decimal(value)
    if number is None:
        return "~" + str(value)
    if not number:
        return "5"
    sign, digits, _ = number.normalize(_WIDE).as_tuple()
    exponent = number.adjusted() + 500
    mantissa = "".join(map(str, digits))
    if sign:
        flipped = "".join(str(9 - int(d)) for d in mantissa)
        return f"4{999 - exponent:03d}{flipped}~"
    return f"6{exponent:03d}{mantissa}"
