"""How ObjectScript sees a value: every value is a string, and a string is a number as far as it begins like
one.
"""

from __future__ import annotations

import re
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Undefined

__all__ = ["to_integer", "to_text", "to_truth"]

_LARGEST_EXPONENT = 145
"""Of a number (iris-terminal-and-image B.3); what is larger would not fit into memory as a whole number."""

_NUMBER = re.compile(r"[+-]*(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")


def to_text(value: Argument) -> str:
    """Return the string form of a value; what is undefined or NULL is the empty string."""
    if isinstance(value, ByRef):
        return to_text(value.value)
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (float, Decimal)):
        return _canonical(Decimal(str(value)))
    return str(value)


def to_integer(value: Argument) -> int:
    """Return the whole part of the number that a value begins with; 0 when there is none."""
    if isinstance(value, ByRef):
        return to_integer(value.value)
    if isinstance(value, int):
        return value
    if isinstance(value, ObjectRef):
        return value.handle
    found = _NUMBER.match(to_text(value))
    if found is None:
        return 0
    text = found.group()
    signs = len(text) - len(text.lstrip("+-"))
    amount = Decimal(text[signs:])
    if amount.adjusted() > _LARGEST_EXPONENT:
        raise ObjectScriptError("MAXNUMBER")
    number = int(amount)
    return -number if text[:signs].count("-") % 2 else number


def to_truth(value: Argument) -> bool:
    """Tell whether a value counts as true: its number is not zero."""
    if isinstance(value, (float, Decimal)):
        return value != 0
    found = _NUMBER.match(to_text(value))
    return found is not None and Decimal(found.group().lstrip("+-")) != 0


def _canonical(number: Decimal) -> str:
    if number == number.to_integral_value():
        return str(int(number))
    text = format(number.normalize(), "f")
    return text.replace("0.", ".", 1) if abs(number) < 1 else text
