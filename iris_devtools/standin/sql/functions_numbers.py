"""The code of arithmetic, numeric and vector functions (iris-sql.md 1.4, 6.2, 6.5)."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import numbers, values
from iris_devtools.standin.values import Scalar

__all__ = ["NULL_TAKING_NUMBER_FUNCTIONS", "NUMBER_FUNCTIONS", "keep", "number"]

_WIDE = Context(prec=60)


def number(value: Scalar) -> Decimal:
    """Return the number that a value counts as; NULL is the caller's affair."""
    return numbers.leading_number(values.untagged(value)) or Decimal(0)


def keep(value: Decimal) -> Scalar:
    """Return a result in stored form, with the digits that IRIS keeps."""
    return numbers.stored(numbers.fit(value))


def _divide_error() -> SQLError:
    return SQLError(-400, "Unexpected error occurred:  <DIVIDE>")


def _add(a: Scalar, b: Scalar) -> Scalar:
    return keep(_WIDE.add(number(a), number(b)))


def _subtract(a: Scalar, b: Scalar) -> Scalar:
    return keep(_WIDE.subtract(number(a), number(b)))


def _multiply(a: Scalar, b: Scalar) -> Scalar:
    return keep(_WIDE.multiply(number(a), number(b)))


def _divide(a: Scalar, b: Scalar) -> Scalar:
    divisor = number(b)
    if not divisor:
        raise _divide_error()
    return keep(numbers.divide(number(a), divisor))


def _quotient(a: Scalar, b: Scalar) -> Scalar:
    divisor = number(b)
    if not divisor:
        raise _divide_error()
    return keep(_WIDE.divide_int(number(a), divisor))


def _modulo(a: Scalar, b: Scalar) -> Scalar:
    """Return ``a # b``: at most 0 for a negative dividend, at least 0 for a negative divisor."""
    dividend, divisor = number(a), number(b)
    if not divisor:
        raise _divide_error()
    rest = abs(_WIDE.remainder(dividend, divisor))
    return keep(-rest if dividend < 0 <= divisor else rest)


def _double(function: Callable[[float, float], float]) -> Callable[[Scalar, Scalar], float]:
    def calculate(a: Scalar, b: Scalar) -> float:
        left, right = (v if isinstance(v, float) else float(number(v)) for v in (a, b))
        try:
            return function(left, right)
        except ZeroDivisionError:
            raise _divide_error() from None

    return calculate


def _cut(value: Scalar, scale: Scalar) -> Decimal:
    exact, places = number(value), int(number(scale))
    if exact.is_zero() or exact.adjusted() < -places - 60:
        return Decimal(0)
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=_WIDE)


def _truncate(value: Scalar, scale: Scalar) -> Scalar:
    return keep(_cut(value, scale))


def _round(value: Scalar, scale: Scalar, flag: Scalar = 0) -> Scalar:
    if number(flag):
        return keep(_cut(value, scale))
    return keep(numbers.rounded(number(value), int(number(scale))))


def _whole(function: Callable[[Decimal], int]) -> Callable[[Scalar], Scalar]:
    def calculate(value: Scalar) -> Scalar:
        if isinstance(value, str) and numbers.exact_decimal(value) is None:
            return None
        return keep(Decimal(function(number(value))))

    return calculate


def _sqrt(value: Scalar) -> Scalar:
    exact = number(value)
    if exact < 0:
        raise SQLError(-400, "Unexpected error occurred:  <ILLEGAL VALUE>")
    return keep(exact.sqrt(Context(prec=18)))


def _power(base: Scalar, exponent: Scalar) -> Scalar:
    a, b = number(base), number(exponent)
    try:
        if b == b.to_integral_value() and abs(b) <= 1000:
            return keep(Context(prec=19).power(a, b))
        return keep(Decimal(repr(float(a) ** float(b))))
    except (ArithmeticError, ValueError, TypeError):
        raise SQLError(-400, "Unexpected error occurred:  <ILLEGAL VALUE>") from None


def _real(function: Callable[..., float]) -> Callable[..., float]:
    def calculate(*items: Scalar) -> float:
        try:
            return function(*(float(number(item)) for item in items))
        except (ArithmeticError, ValueError):
            raise SQLError(-400, "Unexpected error occurred:  <ILLEGAL VALUE>") from None

    return calculate


def _isnumeric(value: Scalar) -> int:
    return int(value is not None and numbers.exact_decimal(values.untagged(value)) is not None)


def _plain(value: Scalar) -> Scalar:
    """Return a value so that equal ones are equal in SQLite, too: text that looks like a number is one."""
    value = values.untagged(value)
    exact = numbers.exact_decimal(value) if isinstance(value, (str, Decimal)) else None
    return value if exact is None else numbers.stored(exact)


def _exact(value: Scalar) -> Scalar:
    """Return a text as the number that it is, any other text unchanged: it equals no number."""
    return _plain(value)


def _greatest(*items: Scalar) -> Scalar:
    return max(items, key=lambda item: numbers.decimal_key(item) or "")


def _least(*items: Scalar) -> Scalar:
    return min(items, key=lambda item: numbers.decimal_key(item) or "")


# -- vectors ---------------------------------------------------------------------------------------


def _elements(value: Scalar) -> list[float]:
    text = value if isinstance(value, str) else numbers.text_of(value) or ""
    try:
        return [float(element) for element in text.strip("[] ").split(",")] if text.strip("[] ") else []
    except ValueError:
        raise SQLError(-400, "Unexpected error occurred:  <VECTOR> elements must be numbers") from None


def _to_vector(value: Scalar, element: Scalar, dimension: Scalar) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else numbers.text_of(value) or ""
    parts = [part.strip() for part in text.strip("[] ").split(",")] if text.strip("[] ") else []
    _elements(text)
    if dimension is not None and len(parts) != int(number(dimension)):
        raise SQLError(-104, f"Vector has {len(parts)} elements, {int(number(dimension))} expected")
    if element in ("INTEGER", "INT"):
        parts = [str(int(float(part))) for part in parts]
    return ",".join(parts)


def _pair(a: Scalar, b: Scalar) -> tuple[list[float], list[float]]:
    left, right = _elements(a), _elements(b)
    if len(left) != len(right):
        raise SQLError(-259, "Cannot perform vector operation on vectors of different lengths")
    return left, right


def _dot_product(a: Scalar, b: Scalar) -> float:
    left, right = _pair(a, b)
    return math.fsum(x * y for x, y in zip(left, right, strict=True))


def _cosine(a: Scalar, b: Scalar) -> float | None:
    left, right = _pair(a, b)
    size = math.hypot(*left) * math.hypot(*right)
    return _dot_product(a, b) / size if size else None


NUMBER_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_number": lambda value: keep(number(value)),
    "iris_plain": _plain,
    "iris_exact": _exact,
    "iris_key": numbers.decimal_key,
    "iris_canonical": lambda value: keep(number(value)),
    "iris_add": _add,
    "iris_subtract": _subtract,
    "iris_multiply": _multiply,
    "iris_divide": _divide,
    "iris_quotient": _quotient,
    "iris_modulo": _modulo,
    "iris_add_double": _double(lambda a, b: a + b),
    "iris_subtract_double": _double(lambda a, b: a - b),
    "iris_multiply_double": _double(lambda a, b: a * b),
    "iris_divide_double": _double(lambda a, b: a / b),
    "iris_quotient_double": _double(lambda a, b: float(math.trunc(a / b))),
    "iris_truncate": _truncate,
    "iris_round": _round,
    "iris_abs": lambda value: keep(abs(number(value))),
    "iris_sign": lambda value: (number(value) > 0) - (number(value) < 0),
    "iris_ceiling": _whole(math.ceil),
    "iris_floor": _whole(math.floor),
    "iris_sqrt": _sqrt,
    "iris_square": lambda value: _multiply(value, value),
    "iris_power": _power,
    "iris_exp": _real(math.exp),
    "iris_log": _real(math.log),
    "iris_log10": _real(math.log10),
    "iris_sin": _real(math.sin),
    "iris_cos": _real(math.cos),
    "iris_tan": _real(math.tan),
    "iris_cot": _real(lambda x: 1 / math.tan(x)),
    "iris_asin": _real(math.asin),
    "iris_acos": _real(math.acos),
    "iris_atan": _real(math.atan),
    "iris_atan2": _real(math.atan2),
    "iris_degrees": _real(math.degrees),
    "iris_radians": _real(math.radians),
    "iris_greatest": _greatest,
    "iris_least": _least,
    "iris_vector_cosine": _cosine,
    "iris_vector_dot_product": _dot_product,
}
"""Deterministic functions that answer NULL when an argument is NULL."""

NULL_TAKING_NUMBER_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_isnumeric": _isnumeric,
    "iris_to_vector": _to_vector,
}
"""Deterministic functions that see NULL."""
