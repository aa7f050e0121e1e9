"""The patterns of %PATTERN, which are those of ObjectScript's operator ``?`` (iris-sql.md 1.4).

A pattern is a row of repetitions, each a count and what is repeated: code letters (``1L``, ``.3AN``), a
string (``1"-"``), or alternatives in brackets (``1(1N,2A)``). It is always case-sensitive and must match the
whole value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from iris_devtools.standin.errors import SQLError

__all__ = ["matches"]

_PART = re.compile(
    r'(?P<low>\d*)(?P<dot>\.?)(?P<high>\d*)(?:(?P<codes>[A-Za-z]+)|"(?P<text>(?:[^"]|"")*)"|(?P<open>\())'
)
_LAST_LETTER = 0x10000
_PUNCTUATION = r" -/:-@\[-`{-~"


def matches(value: str, pattern: str) -> bool:
    """Tell whether a whole value matches a pattern; raise SQLError -400 for a text that is no pattern."""
    return _compiled(pattern).fullmatch(value) is not None


@lru_cache(maxsize=500)
def _compiled(pattern: str) -> re.Pattern[str]:
    text, position = _row(pattern, 0)
    if position != len(pattern) or not pattern:
        raise _refused(pattern)
    return re.compile(text, re.DOTALL)


def _row(pattern: str, position: int) -> tuple[str, int]:
    """Return the expression of the repetitions from ``position`` on, up to a comma, a bracket or the end."""
    parts = []
    while position < len(pattern) and pattern[position] not in ",)":
        match = _PART.match(pattern, position)
        if match is None or not (match["low"] or match["dot"]) or (match["high"] and not match["dot"]):
            raise _refused(pattern)
        position = match.end()
        if match["open"]:
            what, position = _alternatives(pattern, position)
        elif match["codes"]:
            what = _class(match["codes"], pattern)
        else:
            what = "(?:" + re.escape((match["text"] or "").replace('""', '"')) + ")"
        parts.append(what + _times(match))
    return "".join(parts), position


def _alternatives(pattern: str, position: int) -> tuple[str, int]:
    rows = []
    while True:
        row, position = _row(pattern, position)
        rows.append(row)
        if position >= len(pattern):
            raise _refused(pattern)
        position += 1
        if pattern[position - 1] == ")":
            return f"(?:{'|'.join(rows)})", position


def _times(match: re.Match[str]) -> str:
    if not match["dot"]:
        return f"{{{match['low']}}}"
    return f"{{{match['low'] or 0},{match['high']}}}"


def _class(codes: str, pattern: str) -> str:
    if "E" in codes.upper():
        return "."
    try:
        return "[" + "".join(_letters(code) for code in codes.upper()) + "]"
    except KeyError:
        raise _refused(pattern) from None


@lru_cache(maxsize=8)
def _letters(code: str) -> str:
    """Return the characters of a code letter, as the inside of a character class."""
    fixed = {"N": "0-9", "C": r"\x00-\x1f\x7f", "P": _PUNCTUATION}
    if code in fixed:
        return fixed[code]
    belongs: Callable[[str], bool] = {"A": str.isalpha, "L": str.islower, "U": str.isupper}[code]
    ranges: list[list[int]] = []
    for number in range(ord("A"), _LAST_LETTER):
        if belongs(chr(number)):
            if ranges and ranges[-1][1] == number - 1:
                ranges[-1][1] = number
            else:
                ranges.append([number, number])
    return "".join(f"{re.escape(chr(first))}-{re.escape(chr(last))}" for first, last in ranges)


def _refused(pattern: str) -> SQLError:
    return SQLError(-400, f"Unexpected error occurred:  <SYNTAX> in the pattern '{pattern}'")
