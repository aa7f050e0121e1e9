"""The patterns behind ``?`` (iris-terminal-and-image B.4), as regular expressions."""

from __future__ import annotations

import re

__all__ = ["CODES", "PATTERN", "to_regex"]

CODES = {
    "A": "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u0370-\u03ff\u0400-\u04ff",
    "C": "\x00-\x1f\x7f-\x9f",
    "E": "\x00-\U0010ffff",
    "L": "a-z\u00b5\u00df-\u00f6\u00f8-\u00ff",
    "N": "0-9",
    "P": r" !-/:-@\[-`{-~\u00a0-\u00a9\u00ab-\u00b4\u00b6-\u00b9\u00bb-\u00bf",
    "U": "A-Z\u00c0-\u00d6\u00d8-\u00de",
}
_COUNT = re.compile(r"(\d*)(\.?)(\d*)")
_LETTERS = re.compile(r"(?:'?[ACELNPUacelnpu])+")
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')

PATTERN = re.compile(
    r"""(?:\d*\.?\d*(?:"(?:[^"]|"")*"|(?:'?[ACELNPUacelnpu])+|\((?:[^()"]|"[^"]*"|\([^()]*\))*\)))+"""
)


def to_regex(text: str) -> str | None:
    """Return the regular expression of a pattern for the whole string; ``None`` when it is none."""
    regex, at = "", 0
    while at < len(text):
        count = _COUNT.match(text, at)
        assert count is not None
        least, dot, most = count.groups()
        at = count.end()
        if not least and not dot:
            return None
        if letters := _LETTERS.match(text, at):
            element, at = (
                f"[{''.join(CODES[each.upper()] for each in letters.group() if each != chr(39))}]",
                letters.end(),
            )
        elif quoted := _QUOTED.match(text, at):
            literal = re.escape(quoted.group(1).replace('""', '"'))
            element, at = f"(?:{literal})", quoted.end()
        elif text[at : at + 1] == "(":
            end = _closing(text, at)
            branches = [to_regex(branch) for branch in _branches(text[at + 1 : end])]
            if None in branches:
                return None
            element, at = f"(?:{'|'.join(map(str, branches))})", end + 1
        else:
            return None
        regex += element + (f"{{{least or 0},{most}}}" if dot else f"{{{least}}}")
    return regex


def _closing(text: str, at: int) -> int:
    depth, quoted = 0, False
    for place in range(at, len(text)):
        sign = text[place]
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if not depth:
                return place
    return len(text)


def _branches(text: str) -> list[str]:
    found, depth, quoted = [""], 0, False
    for sign in text:
        if sign == '"':
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and not depth:
                found.append("")
                continue
        found[-1] += sign
    return found
