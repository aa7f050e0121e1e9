"""Functions of strings: $EXTRACT, $PIECE, $TRANSLATE, $ZCONVERT ... (iris-terminal-and-image B.8)."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.globals.store import STRING_LIMIT
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.patterns import CHARACTERS
from iris_devtools.standin.values import Argument

__all__ = ["TEXTS", "Last", "range_of", "set_extract", "set_piece", "string_size"]


@dataclass(frozen=True)
class Last:
    """``*`` or ``*-n``: a place counted from the end."""

    offset: int = 0


Spot = Argument | Last

_LAST_CHARACTER = 0xFFFF


def string_size(wanted: int) -> int:
    """Return a size that a string can have, at least 0; raises ``<MAXSTRING>``."""
    if wanted > STRING_LIMIT:
        raise ObjectScriptError("MAXSTRING")
    return max(wanted, 0)


def range_of(start: Spot, end: Spot, size: int) -> tuple[int, int]:
    """Return the first and last place, from 1, that two arguments mean in ``size`` places."""
    first = _spot(1 if start is None else start, size)
    return first, first if end is None else _spot(end, size)


def _spot(place: Spot, size: int) -> int:
    return size + place.offset if isinstance(place, Last) else to_integer(place)


def _extract(text: Argument, start: Spot = 1, end: Spot = None) -> str:
    whole = to_text(text)
    first, last = range_of(start, end, len(whole))
    return whole[max(first, 1) - 1 : max(last, 0)]


def set_extract(old: str, new: str, start: Spot = 1, end: Spot = None) -> str:
    """Return ``old`` with ``new`` in place of some characters; blanks fill what is missing before it."""
    first, last = range_of(start, end, len(old))
    first = max(string_size(first), 1)
    if last < first:
        return old
    return old[: first - 1].ljust(first - 1) + new + old[last:]


def _piece(text: Argument, delimiter: Argument, start: Spot = 1, end: Spot = None) -> str:
    mark = to_text(delimiter)
    if not mark:
        return ""
    pieces = to_text(text).split(mark)
    first, last = range_of(start, end, len(pieces))
    return mark.join(pieces[max(first, 1) - 1 : max(last, 0)])


def set_piece(old: str, new: str, delimiter: Argument, start: Spot = 1, end: Spot = None) -> str:
    """Return ``old`` with ``new`` in place of some pieces; delimiters are added where pieces are missing."""
    mark = to_text(delimiter)
    if not mark:
        return new
    pieces = old.split(mark)
    first, last = range_of(start, end, len(pieces))
    first = max(string_size(first), 1)
    if last < first:
        return old
    pieces += [""] * (first - len(pieces))
    pieces[first - 1 : last] = [new]
    return mark.join(pieces)


def _length(text: Argument, delimiter: Argument = None) -> int:
    if delimiter is None:
        return len(to_text(text))
    mark = to_text(delimiter)
    return to_text(text).count(mark) + 1 if mark else 0


def _find(text: Argument, wanted: Argument, start: Argument = 1) -> int:
    mark = to_text(wanted)
    at = to_text(text).find(mark, max(to_integer(start), 1) - 1)
    return at + len(mark) + 1 if at >= 0 else 0


def _translate(text: Argument, old: Argument, new: Argument = "") -> str:
    replacement = to_text(new)
    table: dict[int, str | None] = {}
    for index, character in enumerate(to_text(old)):
        table.setdefault(ord(character), replacement[index] if index < len(replacement) else None)
    return to_text(text).translate(table)


def _replace(
    text: Argument,
    old: Argument,
    new: Argument,
    start: Argument = 1,
    count: Argument = -1,
    case: Argument = 0,
) -> str:
    whole, wanted, begin = to_text(text), to_text(old), max(to_integer(start), 1) - 1
    if not wanted:
        return whole[begin:]
    flags = re.IGNORECASE if to_integer(case) else 0
    times = to_integer(count)
    if not times:
        return whole[begin:]
    return re.sub(re.escape(wanted), lambda _: to_text(new), whole[begin:], count=max(times, 0), flags=flags)


def _ascii(text: Argument, place: Argument = 1) -> int:
    one = _extract(text, place)
    return ord(one) if one else -1


def _char(*codes: Argument) -> str:
    return "".join(chr(to_integer(code)) for code in codes if 0 <= to_integer(code) <= _LAST_CHARACTER)


def _capital(text: str) -> str:
    return re.sub(r"\w+", lambda found: found.group()[:1].upper() + found.group()[1:].lower(), text)


_CASES: dict[str, Callable[[str], str]] = {
    "U": str.upper,
    "L": str.lower,
    "T": lambda text: text[:1].upper() + text[1:].lower(),
    "W": _capital,
    "S": lambda text: re.sub(r"(^|[.!?]\s+)(\w)", lambda found: found[1] + found[2].upper(), text.lower()),
}
_TABLES: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "UTF8": (
        lambda text: text.encode("utf-8", "surrogatepass").decode("latin-1"),
        lambda text: text.encode("latin-1", "replace").decode("utf-8", "replace"),
    ),
    "JSON": (lambda text: json.dumps(text, ensure_ascii=False)[1:-1], lambda text: json.loads(f'"{text}"')),
    "URL": (lambda text: urllib.parse.quote(text, safe="/:.-_~"), urllib.parse.unquote),
    "HTML": (lambda text: html.escape(text).replace("&#x27;", "&#39;"), html.unescape),
    "XML": (lambda text: html.escape(text).replace("&#x27;", "&apos;"), html.unescape),
}


def _convert(text: Argument, mode: Argument, table: Argument = None) -> str:
    wanted = to_text(mode).upper()
    if table is None and wanted in _CASES:
        return _CASES[wanted](to_text(text))
    found = _TABLES.get(to_text(table).upper())
    if wanted not in ("I", "O") or (table is not None and found is None):
        raise ObjectScriptError("ILLEGAL VALUE")
    if found is None:
        return to_text(text)
    try:
        return found[wanted == "I"](to_text(text))
    except ValueError as error:
        raise ObjectScriptError("TRANSLATE") from error


def _strip(text: Argument, action: Argument, remove: Argument = "", keep: Argument = "") -> str:
    """Strip by an action: where (``<``, ``>``, ``*``, ``=`` doubles), then which classes (``W``: blanks)."""
    found = re.fullmatch(r"([<>*=]+)('?)([ACELNPUW*]*)", to_text(action).upper())
    if found is None:
        raise ObjectScriptError("FUNCTION")
    where, negated, classes = found.groups()
    members = "".join(
        " \t\x0b\xa0" if each == "W" else CHARACTERS["E" if each == "*" else each] for each in classes
    )
    kept, extra = set(to_text(keep)), set(to_text(remove))
    of_class = re.compile(f"[{'^' if negated else ''}{members}]" if members else "(?!)")

    def goes(sign: str) -> bool:
        return sign not in kept and (sign in extra or of_class.match(sign) is not None)

    rest = to_text(text)
    if "*" in where:
        rest = "".join(sign for sign in rest if not goes(sign))
    if "<" in where:
        while rest and goes(rest[0]):
            rest = rest[1:]
    if ">" in where:
        while rest and goes(rest[-1]):
            rest = rest[:-1]
    if "=" in where:
        rest = "".join(
            sign for at, sign in enumerate(rest) if not (at and sign == rest[at - 1] and goes(sign))
        )
    return rest


def _regex(pattern: Argument) -> re.Pattern[str]:
    try:
        return re.compile(to_text(pattern))
    except re.error as error:
        raise ObjectScriptError("REGULAR EXPRESSION") from error


def _match(text: Argument, pattern: Argument) -> int:
    return int(_regex(pattern).fullmatch(to_text(text)) is not None)


def _locate(text: Argument, pattern: Argument, start: Argument = 1) -> int:
    found = _regex(pattern).search(to_text(text), max(to_integer(start), 1) - 1)
    return found.start() + 1 if found else 0


TEXTS: dict[str, Callable[..., Argument]] = {
    **dict.fromkeys(("extract", "e"), _extract),
    **dict.fromkeys(("piece", "p"), _piece),
    **dict.fromkeys(("length", "l"), _length),
    **dict.fromkeys(("find", "f"), _find),
    **dict.fromkeys(("translate", "tr"), _translate),
    **dict.fromkeys(("ascii", "a"), _ascii),
    **dict.fromkeys(("char", "c"), _char),
    **dict.fromkeys(("zconvert", "zcvt"), _convert),
    **dict.fromkeys(("reverse", "re"), lambda text: to_text(text)[::-1]),
    "zstrip": _strip,
    "replace": _replace,
    "match": _match,
    "locate": _locate,
}
