"""The code of the string functions (iris-sql.md 3, 6.1)."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache

from iris_devtools.standin.collation import sqlupper
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.patterns import compiled
from iris_devtools.standin.sql import numbers
from iris_devtools.standin.sql.values import utf16_length
from iris_devtools.standin.values import Scalar

__all__ = ["NULL_TAKING_TEXT_FUNCTIONS", "TEXT_FUNCTIONS", "like"]

_HASHES = {"MD5": "md5", "SHA": "sha1", "SHA1": "sha1", "SHA2_256": "sha256", "SHA2_512": "sha512"}


def _text(value: Scalar) -> str:
    return value if isinstance(value, str) else numbers.text_of(value) or ""


def _sqlupper_shown(value: Scalar, length: Scalar) -> str:
    return _collated(None if value is None else sqlupper(_text(value)), length)


def _sqlstring_shown(value: Scalar, length: Scalar) -> str:
    return _collated(None if value is None else _text(value).rstrip(), length)


def _collated(text: str | None, length: Scalar) -> str:
    """Return a collated value with its leading blank; the empty string is blank plus ``$CHAR(0)``."""
    shown = " " if text is None else " " + (text or "\x00")
    return shown[: int(length)] if isinstance(length, int) else shown


# -- LIKE and its kind -----------------------------------------------------------------------------


@lru_cache(maxsize=2000)
def _like_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    parts = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if escape and character == escape and position + 1 < len(pattern):
            position += 1
            parts.append(re.escape(pattern[position]))
        elif character == "%":
            parts.append(".*")
        elif character == "_":
            parts.append(".")
        else:
            parts.append(re.escape(character))
        position += 1
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def like(value: str, pattern: str, escape: str = "") -> int:
    """Tell whether a text matches a LIKE pattern, exactly."""
    return int(_like_pattern(pattern, escape).match(value) is not None)


def _like(value: Scalar, pattern: Scalar, escape: Scalar = "") -> int:
    return like(_text(value), _text(pattern), _text(escape))


def _like_upper(value: Scalar, pattern: Scalar, escape: Scalar = "") -> int:
    return like(sqlupper(_text(value)), sqlupper(_text(pattern)), _text(escape).upper())


def _like_string(value: Scalar, pattern: Scalar, escape: Scalar = "") -> int:
    return like(_text(value).rstrip(), _text(pattern).rstrip(), _text(escape))


def _startswith(value: Scalar, prefix: Scalar, upper: Scalar) -> int | None:
    if value is None:
        return None
    if prefix is None:
        return 1
    if upper:
        return int(sqlupper(_text(value)).startswith(sqlupper(_text(prefix))))
    return int(_text(value).startswith(_text(prefix)))


@lru_cache(maxsize=500)
def _matches_pattern(pattern: str, escape: str) -> re.Pattern[str]:
    parts = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == escape and position + 1 < len(pattern):
            position += 1
            parts.append(re.escape(pattern[position]))
        elif character == "*":
            parts.append(".*")
        elif character == "?":
            parts.append(".")
        elif character == "[" and (end := pattern.find("]", position + 2)) > 0:
            inside = pattern[position + 1 : end].replace("\\", "\\\\")
            parts.append(f"[{inside}]")
            position = end
        else:
            parts.append(re.escape(character))
        position += 1
    return re.compile("".join(parts) + r"\Z", re.DOTALL)


def _matches(value: Scalar, pattern: Scalar, escape: Scalar) -> int:
    return int(_matches_pattern(_text(pattern), _text(escape)).match(_text(value)) is not None)


_JSON_KINDS = {"VALUE": (dict, list), "SCALAR": (dict, list), "ARRAY": (list,), "OBJECT": (dict,)}


def _is_json(value: Scalar, kind: Scalar) -> int:
    try:
        found = json.loads(_text(value))
    except ValueError:
        return 0
    return int(isinstance(found, _JSON_KINDS[str(kind)]))


def _xml_escape(value: Scalar) -> str:
    text = _text(value)
    for character, name in (("&", "amp"), ("'", "apos"), ('"', "quot"), ("<", "lt"), (">", "gt")):
        text = text.replace(character, f"&{name};")
    return text


# -- pieces ----------------------------------------------------------------------------------------


def _integer(value: Scalar) -> int:
    return int(value) if isinstance(value, (int, float)) else int(numbers.leading_number(value) or 0)


def _substring(value: Scalar, start: Scalar, length: Scalar = 2**31) -> str | None:
    text, first, count = _text(value), _integer(start), _integer(length)
    if count < 0:
        raise SQLError(-140, "Invalid length parameter passed to the SUBSTRING function")
    if count == 0:
        return None
    end = first - 1 + count
    return text[max(first - 1, 0) : max(end, 0)]


def _substr(value: Scalar, start: Scalar, length: Scalar = 2**31) -> str | None:
    text, first, count = _text(value), _integer(start), _integer(length)
    begin = len(text) + first if first < 0 else max(first - 1, 0)
    if count < 1 or begin < 0 or begin >= len(text):
        return None
    return text[begin : begin + count]


def _extract(value: Scalar, first: Scalar = 1, last: Scalar = None) -> str:
    text = _text(value)
    begin = _integer(first)
    end = begin if last is None else _integer(last)
    if last is not None and end < 0:
        end = len(text)
    return text[max(begin - 1, 0) : max(end, 0)]


def _piece(value: Scalar, delimiter: Scalar, first: Scalar = 1, last: Scalar = None) -> str:
    separator = _text(delimiter)
    if not separator:
        return ""
    pieces = _text(value).split(separator)
    begin = _integer(first)
    end = begin if last is None else _integer(last)
    if end < 0:
        end = len(pieces)
    return separator.join(pieces[max(begin - 1, 0) : max(end, 0)])


def _left(value: Scalar, count: Scalar) -> str:
    return _text(value)[: max(_integer(count), 0)]


def _right(value: Scalar, count: Scalar) -> str:
    number = _integer(count)
    return _text(value)[-number:] if number > 0 else ""


def _position(needle: Scalar, value: Scalar, start: Scalar = 1) -> int:
    return _text(value).find(_text(needle), max(_integer(start) - 1, 0)) + 1


def _instr(value: Scalar, needle: Scalar, start: Scalar = 1, occurrence: Scalar = 1) -> int:
    text, wanted = _text(value), _text(needle)
    first, times = _integer(start), max(_integer(occurrence), 1)
    if first < 0:
        place = len(text) + first + 1
        for _ in range(times):
            place = text.rfind(wanted, 0, place)
            if place < 0:
                return 0
        return place + 1
    place = max(first - 1, 0) - 1
    for _ in range(times):
        place = text.find(wanted, place + 1)
        if place < 0:
            return 0
    return place + 1


def _find(value: Scalar, needle: Scalar, start: Scalar = 1) -> int:
    place = _text(value).find(_text(needle), max(_integer(start) - 1, 0))
    return 0 if place < 0 else place + 1 + len(_text(needle))


def _replace(value: Scalar, old: Scalar, new: Scalar) -> str:
    wanted = _text(old)
    return _text(value).replace(wanted, _text(new)) if wanted else _text(value)


def _stuff(value: Scalar, start: Scalar, length: Scalar, new: Scalar) -> str | None:
    text, first, count = _text(value), _integer(start), _integer(length)
    if first < 1 or first > len(text) or count < 0:
        return None
    return text[: first - 1] + _text(new) + text[first - 1 + count :]


def _translate(value: Scalar, old: Scalar, new: Scalar = "") -> str:
    replacement = _text(new)
    table: dict[int, str | None] = {}
    for index, character in enumerate(_text(old)):
        table.setdefault(ord(character), replacement[index] if index < len(replacement) else None)
    return _text(value).translate(table)


def _cased(text: str, change: Callable[[str], str]) -> str:
    """Change the case; a character whose other case is more than one character stays (``ß``)."""
    changed = change(text)
    if len(changed) == len(text):
        return changed
    return "".join(c if len(other := change(c)) > 1 else other for c in text)


def _trim(value: Scalar, where: Scalar, characters: Scalar = " ") -> str:
    text, unwanted = _text(value), _text(characters)
    if where == "LEADING":
        return text.lstrip(unwanted)
    return text.rstrip(unwanted) if where == "TRAILING" else text.strip(unwanted)


def _lpad(value: Scalar, length: Scalar, pad: Scalar = " ") -> str:
    return _padding(value, length, pad) + _text(value)[: max(_integer(length), 0)]


def _rpad(value: Scalar, length: Scalar, pad: Scalar = " ") -> str:
    return _text(value)[: max(_integer(length), 0)] + _padding(value, length, pad)


def _padding(value: Scalar, length: Scalar, pad: Scalar) -> str:
    missing = _integer(length) - len(_text(value))
    filler = _text(pad)
    if missing <= 0 or not filler:
        return ""
    return (filler * (missing // len(filler) + 1))[:missing]


def _repeat(value: Scalar, times: Scalar) -> str:
    count = _integer(times)
    if count * len(_text(value)) > 3_600_000:
        raise SQLError(-400, "Unexpected error occurred:  <MAXSTRING>")
    return _text(value) * max(count, 0)


def _justify(value: Scalar, width: Scalar, digits: Scalar = None) -> str:
    text = _text(value)
    if digits is not None:
        number = numbers.rounded(numbers.leading_number(value) or Decimal(0), _integer(digits))
        text = format(number, "f")
    return text.rjust(_integer(width))


def _str(value: Scalar, length: Scalar = None, digits: Scalar = None) -> str:
    number = numbers.leading_number(value) or Decimal(0)
    text = numbers.canonical_text(number)
    if length is None:
        return text
    text = format(numbers.rounded(number, 0 if digits is None else _integer(digits)), "f")
    width = _integer(length)
    return "*" * width if len(text) > width else text.rjust(width)


def _hashbytes(algorithm: Scalar, value: Scalar) -> bytes | None:
    name = _HASHES.get(_text(algorithm).upper())
    data = value if isinstance(value, bytes) else _text(value).encode()
    return None if name is None else hashlib.new(name, data, usedforsecurity=False).digest()


def _ascii(value: Scalar) -> int | None:
    text = _text(value)
    return ord(text[0]) if text else None


def _char(value: Scalar) -> str | None:
    number = _integer(value)
    return chr(number) if 0 <= number < 0x110000 else None


def _bytes(value: Scalar, length: Scalar) -> bytes | None:
    if value is None:
        return None
    data = value if isinstance(value, bytes) else _text(value).encode("latin-1", "replace")
    return data if length is None else data[: _integer(length)]


# -- those that take NULL --------------------------------------------------------------------------


def _string(*items: Scalar) -> str | None:
    if all(item is None for item in items):
        return None
    return "".join(_text(item) for item in items if item is not None)


def _dollar_length(value: Scalar, delimiter: Scalar = None) -> int:
    text = "" if value is None else _text(value)
    return len(text) if delimiter is None else len(text.split(_text(delimiter))) if _text(delimiter) else 0


def _fits(value: Scalar, pattern: Scalar) -> int:
    expression = compiled(_text(pattern))
    if expression is None:
        raise SQLError(-400, f"Unexpected error occurred:  <SYNTAX> in the pattern '{_text(pattern)}'")
    return int(expression.fullmatch(_text(value)) is not None)


def _json_item(value: Scalar) -> object:
    return numbers.text_of(value) if isinstance(value, bytes) else value


def _json_object(absent: Scalar, *items: Scalar) -> str:
    pairs = {
        _text(key): _json_item(value)
        for key, value in zip(items[::2], items[1::2], strict=True)
        if not (absent and value is None)
    }
    return json.dumps(pairs, ensure_ascii=False, separators=(",", ":"))


def _json_array(absent: Scalar, *items: Scalar) -> str:
    shown = [_json_item(item) for item in items if not (absent and item is None)]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


TEXT_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_text": _text,
    "iris_upper": lambda value: sqlupper(_text(value)),
    "iris_like": _like,
    "iris_like_upper": _like_upper,
    "iris_like_string": _like_string,
    "iris_matches": _matches,
    "iris_pattern": _fits,
    "iris_is_json": _is_json,
    "iris_xml_escape": _xml_escape,
    "iris_length": lambda value: utf16_length(_text(value).rstrip()),
    "iris_char_length": lambda v: len(v) if isinstance(v, bytes) else utf16_length(_text(v)),
    "iris_substring": _substring,
    "iris_substr": _substr,
    "iris_extract": _extract,
    "iris_piece": _piece,
    "iris_left": _left,
    "iris_right": _right,
    "iris_position": _position,
    "iris_instr": _instr,
    "iris_find": _find,
    "iris_replace": _replace,
    "iris_stuff": _stuff,
    "iris_translate": _translate,
    "iris_uppercase": lambda value: _cased(_text(value), str.upper),
    "iris_lowercase": lambda value: _cased(_text(value), str.lower),
    "iris_trim": _trim,
    "iris_ltrim": lambda value: _text(value).lstrip(" "),
    "iris_rtrim": lambda value: _text(value).rstrip(" "),
    "iris_lpad": _lpad,
    "iris_rpad": _rpad,
    "iris_repeat": _repeat,
    "iris_space": lambda count: " " * max(_integer(count), 0),
    "iris_reverse": lambda value: _text(value)[::-1],
    "iris_ascii": _ascii,
    "iris_char": _char,
    "iris_str": _str,
    "iris_justify": _justify,
    "iris_hashbytes": _hashbytes,
    "iris_cut": lambda value, length: _text(value)[: _integer(length)],
}
"""Deterministic functions that answer NULL when an argument is NULL."""

NULL_TAKING_TEXT_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_string": _string,
    "iris_dollar_length": _dollar_length,
    "iris_sqlupper": _sqlupper_shown,
    "iris_sqlstring": _sqlstring_shown,
    "iris_startswith": _startswith,
    "iris_bytes": _bytes,
    "iris_json_object": _json_object,
    "iris_json_array": _json_array,
}
"""Deterministic functions that see NULL."""
