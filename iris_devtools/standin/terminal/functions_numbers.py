"""Functions of numbers: $JUSTIFY, $FNUMBER, $RANDOM and their kin (iris-terminal-and-image B.8)."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import canonical, is_canonical, number
from iris_devtools.standin.terminal.functions_text import string_size
from iris_devtools.standin.values import Argument

__all__ = ["NUMBERS"]


def _rounded(value: Argument, places: Argument) -> str:
    """Return a number with exactly so many decimals, and a zero before the point."""
    digits = max(to_integer(places), 0)
    return format(number(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), "f")


def _justify(value: Argument, width: Argument, places: Argument = None) -> str:
    text = to_text(value) if places is None else _rounded(value, places)
    return text.rjust(string_size(to_integer(width)))


def _format(value: Argument, codes: Argument = "", places: Argument = None) -> str:
    wanted = to_text(codes).upper()
    amount = number(value)
    text = canonical(amount) if places is None else _rounded(value, places)
    if "L" in wanted and text.startswith((".", "-.")):
        text = text.replace(".", "0.", 1)
    negative = text.startswith("-")
    text = text.lstrip("-")
    whole, dot, rest = text.partition(".")
    if "," in wanted or "." in wanted:
        groups = f"{int(whole or 0):,}" if whole else ""
        whole, dot = (groups.replace(",", "."), dot and ",") if "." in wanted else (groups, dot)
    text = f"{whole}{dot}{rest}"
    if "P" in wanted:
        return f"({text})" if negative else f" {text} "
    sign = "-" if negative and "-" not in wanted else "+" if "+" in wanted and not negative else ""
    return f"{text}{sign}" if "T" in wanted else f"{sign}{text}"


def _number(value: Argument, codes: Argument = "", low: Argument = None, high: Argument = None) -> str:
    text = to_text(value).strip().replace(",", "")
    amount = number(text)
    digits = "".join(sign for sign in to_text(codes) if sign.isdigit())
    if not any(sign.isdigit() for sign in text) or text.strip("+-.0123456789eE"):
        return ""
    if "I" in to_text(codes).upper() and amount != amount.to_integral_value():
        return ""
    if digits:
        amount = amount.quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)
    if (low is not None and amount < number(low)) or (high is not None and amount > number(high)):
        return ""
    return canonical(amount)


def _random(below: Argument) -> int:
    limit = to_integer(below)
    if limit < 1:
        raise ObjectScriptError("FUNCTION")
    return random.randrange(limit)


def _root(value: Argument) -> str:
    amount = number(value)
    if amount < 0:
        raise ObjectScriptError("ILLEGAL VALUE")
    return canonical(amount.sqrt())


def _hex(value: Argument) -> Argument:
    """Return a number in hexadecimal, and text in hexadecimal as a number."""
    if isinstance(value, int) or is_canonical(to_text(value)):
        amount = to_integer(value)
        return f"{amount if amount >= 0 else amount + 2**64:X}"
    try:
        return int(to_text(value), 16)
    except ValueError:
        return 0


NUMBERS: dict[str, Callable[..., Argument]] = {
    **dict.fromkeys(("justify", "j"), _justify),
    **dict.fromkeys(("fnumber", "fn"), _format),
    **dict.fromkeys(("number", "num"), _number),
    **dict.fromkeys(("random", "r"), _random),
    **dict.fromkeys(("zsqr",), _root),
    "zabs": lambda value: canonical(abs(number(value))),
    "zhex": _hex,
}
