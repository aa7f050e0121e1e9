"""The patterns of ObjectScript's operator ``?`` and of SQL's ``%PATTERN`` (iris-terminal-and-image B.4,
iris-sql 1.4).

A pattern is a row of repetitions, each a count and what is repeated: code letters (``1L``, ``.3AN``), a
string (``1"-"``), or alternatives in brackets (``1(1N,2A)``). It is always case-sensitive and must match the
whole value.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = ["CHARACTERS", "compiled", "end_of"]

CHARACTERS = {
    "A": "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u03ff\u0400-\u04ff",
    "C": "\x00-\x1f\x7f-\x9f",
    "E": "\x00-\U0010ffff",
    "L": "a-z\u00b5\u00df-\u00f6\u00f8-\u00ff",
    "N": "0-9",
    "P": r" !-/:-@\[-`{-~\u00a0-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf",
    "U": "A-Z\u00c0-\u00d6\u00d8-\u00de",
}
"""The characters of each code letter, as the inside of a regular expression's character class."""

_PART = re.compile(
    r"(?:(?P<low>\d+)(?P<dot>\.?)|(?P<from_none>\.))(?P<high>\d*)"
    r'(?:(?P<codes>[ACELNPUacelnpu]+)|"(?P<text>(?:[^"]|"")*)"|(?P<open>\())'
)


@lru_cache(maxsize=500)
def compiled(pattern: str) -> re.Pattern[str] | None:
    """Return what matches values whole (``fullmatch``); ``None`` for a text that is no pattern."""
    row = _row(pattern, 0)
    if row is None or row[1] != len(pattern) or not pattern:
        return None
    try:
        return re.compile(row[0])
    except (re.error, OverflowError):
        # More at least than at most, or more often than can be counted.
        return None


def end_of(text: str, start: int) -> int:
    """Return where the pattern ends that begins at ``start``; ``start`` itself when none does."""
    row = _row(text, start)
    return start if row is None else row[1]


def _row(text: str, position: int) -> tuple[str, int] | None:
    """Return the expression of the repetitions from ``position`` on and where they end.

    ``None`` when a bracket in them holds no patterns.
    """
    parts = []
    while match := _PART.match(text, position):
        position = match.end()
        if match["open"]:
            alternatives = _alternatives(text, position)
            if alternatives is None:
                return None
            what, position = alternatives
        elif match["codes"]:
            what = f"[{''.join(CHARACTERS[code] for code in match['codes'].upper())}]"
        else:
            what = f"(?:{re.escape(match['text'].replace(chr(34) * 2, chr(34)))})"
        parts.append(what + _times(match))
    return "".join(parts), position


def _alternatives(text: str, position: int) -> tuple[str, int] | None:
    rows = []
    while True:
        row = _row(text, position)
        if row is None or row[1] == position:
            return None
        rows.append(row[0])
        position = row[1] + 1
        if text[position - 1 : position] == ")":
            return f"(?:{'|'.join(rows)})", position
        if text[position - 1 : position] != ",":
            return None


def _times(match: re.Match[str]) -> str:
    if match["low"] and not match["dot"]:
        return f"{{{match['low']}}}"
    return f"{{{match['low'] or 0},{match['high']}}}"
