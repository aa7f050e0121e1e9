"""Values at operators: numbers, truth and comparison (iris-terminal-and-image B.3, B.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_DOWN, Context, Decimal, InvalidOperation, Overflow

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_text, to_truth
from iris_devtools.standin.values import Argument

__all__ = ["canonical", "is_canonical", "number", "operate", "sort_key", "truth"]

_LARGEST_EXPONENT = 145
_EXPONENT_DIGITS = 3
"""Numbers end at 9.223372036854775807E145."""

_DIGITS = Context(prec=19)
_WIDE = Context(prec=60)
_CANONICAL = re.compile(r"0|-?(?:[1-9]\d*(?:\.\d*[1-9])?|\.\d*[1-9])", re.ASCII)
_PREFIX = re.compile(r"([+-]*)(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)")


def number(value: Argument) -> Decimal:
    """Return the number that a value begins with; 0 when there is none."""
    found = _PREFIX.match(to_text(value))
    if found is None:
        return Decimal(0)
    result = _limited(found.group(2))
    return -result if found.group(1).count("-") % 2 else result


def _limited(text: str) -> Decimal:
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-0")) > _EXPONENT_DIGITS:
        return Decimal(0) if exponent.startswith("-") else _checked(Decimal("inf"))
    return _checked(Decimal(f"{mantissa}e{exponent or 0}"))


def _checked(value: Decimal) -> Decimal:
    """Return a number that is not too large; raises ``<MAXNUMBER>``. What is too small is 0."""
    if not value.is_finite() or value.adjusted() > _LARGEST_EXPONENT:
        raise ObjectScriptError("MAXNUMBER")
    return value if value.adjusted() >= -_LARGEST_EXPONENT else Decimal(0)


def canonical(value: Decimal) -> str:
    """Return a number as ObjectScript writes it: ``.5``, ``7.5``, ``100``; raises ``<MAXNUMBER>``."""
    rounded = _checked(_DIGITS.plus(value))
    if rounded == rounded.to_integral_value():
        return str(int(rounded))
    text = format(rounded.normalize(), "f")
    return text.replace("0.", ".", 1) if abs(rounded) < 1 else text


def truth(value: Argument) -> bool:
    """Tell whether a value counts as true."""
    return to_truth(to_text(value))


def is_canonical(text: str) -> bool:
    """Tell whether a text is a number in the form in which ObjectScript writes it."""
    return (
        _CANONICAL.fullmatch(text) is not None
        and len(text) <= _LARGEST_EXPONENT
        and (canonical(number(text)) == text)
    )


def sort_key(subscript: str) -> tuple[int, Decimal, str]:
    """Return what puts subscripts in order: canonical numbers by value, then strings."""
    if not subscript:
        return (-1, Decimal(0), "")
    return (0, number(subscript), "") if is_canonical(subscript) else (1, Decimal(0), subscript)


def operate(operator: str, left: Argument, right: Argument) -> str:
    """Apply a binary operator that looks at both sides; raises ObjectScriptError as ObjectScript does."""
    if operator in _ON_TEXTS:
        return _ON_TEXTS[operator](to_text(left), to_text(right))
    first, second = number(left), number(right)
    if operator in _COMPARISONS:
        return str(int(_COMPARISONS[operator](first, second)))
    try:
        return canonical(_ON_NUMBERS[operator](first, second))
    except InvalidOperation as error:
        raise ObjectScriptError("ILLEGAL VALUE") from error
    except Overflow as error:
        raise ObjectScriptError("MAXNUMBER") from error


def _divide(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ObjectScriptError("DIVIDE")
    return _DIGITS.divide(left, right)


def _whole(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ObjectScriptError("DIVIDE")
    return _WIDE.divide(left, right).to_integral_value(ROUND_DOWN)


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    if not right:
        raise ObjectScriptError("DIVIDE")
    rest = _WIDE.remainder(left, right)
    # The sign is the right operand's.
    return rest + right if rest and (rest < 0) != (right < 0) else rest


def _power(left: Decimal, right: Decimal) -> Decimal:
    if (not left and right < 0) or (left < 0 and right != right.to_integral_value()):
        raise ObjectScriptError("ILLEGAL VALUE")
    return Decimal(1) if not right else _DIGITS.power(left, right)


_ON_TEXTS: dict[str, Callable[[str, str], str]] = {
    "_": lambda left, right: left + right,
    "=": lambda left, right: str(int(left == right)),
    "[": lambda left, right: str(int(right in left)),
    "]": lambda left, right: str(int(left > right)),
    "]]": lambda left, right: str(int(sort_key(left) > sort_key(right))),
}
_COMPARISONS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}
_ON_NUMBERS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": _DIGITS.add,
    "-": _DIGITS.subtract,
    "*": _DIGITS.multiply,
    "/": _divide,
    "\\": _whole,
    "#": _modulo,
    "**": _power,
}
