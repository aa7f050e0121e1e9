"""The lists of ``$LISTBUILD`` and its kin: an encoded string that holds any elements (iris-sql.md 6.1).

Each element is a length byte, a type byte and the value; a longer one has a zero byte and two bytes of length
in front. An element without a value is a lone ``$CHAR(1)``, and the empty string of SQL is ``$CHAR(0)``, as
everywhere in IRIS. In SQL a list is a text whose characters are these bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal

from iris_devtools.standin.collation import sqlupper
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import numbers
from iris_devtools.standin.values import Scalar

__all__ = ["LIST_FUNCTIONS", "NULL_TAKING_LIST_FUNCTIONS", "build", "elements"]

_TEXT, _WIDE, _POSITIVE, _NEGATIVE, _DECIMAL, _MINUS_DECIMAL = 1, 2, 4, 5, 6, 7
_LONGEST_SHORT = 253
_MOST_DIGITS = 2**63


def build(items: Sequence[Scalar]) -> str:
    """Return the list of these elements; ``None`` is one without a value."""
    return b"".join(map(_encoded, items)).decode("latin-1")


def _encoded(item: Scalar) -> bytes:
    if item is None:
        return b"\x01"
    kind, content = _content(item)
    if len(content) <= _LONGEST_SHORT:
        return bytes((len(content) + 2, kind)) + content
    size = len(content) + 1
    if size > 0xFFFF:
        return b"\x00\x00\x00" + size.to_bytes(4, "little") + bytes((kind,)) + content
    return b"\x00" + size.to_bytes(2, "little") + bytes((kind,)) + content


def _content(item: Scalar) -> tuple[int, bytes]:
    if isinstance(item, bytes):
        return _TEXT, item
    if item == "":
        return _TEXT, b"\x00"
    if isinstance(item, str):
        try:
            return _TEXT, item.encode("latin-1")
        except UnicodeEncodeError:
            return _WIDE, item.encode("utf-16-le")
    exact = numbers.exact_decimal(item) or Decimal(0)
    digits = exact.normalize().as_tuple()
    exponent = digits.exponent if isinstance(digits.exponent, int) else 0
    if exponent >= 0 and abs(int(exact)) < _MOST_DIGITS:
        return (_POSITIVE if exact >= 0 else _NEGATIVE), _integer(int(exact))
    mantissa = int("".join(map(str, digits.digits)))
    signed = exponent.to_bytes(1, "little", signed=True)
    if exact >= 0:
        return _DECIMAL, signed + _integer(mantissa)
    return _MINUS_DECIMAL, signed + _integer(-mantissa)


def _integer(number: int) -> bytes:
    """Return the fewest bytes: of a negative number those that differ from all ones."""
    if number in (0, -1):
        return b""
    magnitude = number if number > 0 else -number - 1
    size = (magnitude.bit_length() + 7) // 8
    return (number if number > 0 else number + (1 << (8 * size))).to_bytes(size, "little")


def elements(value: Scalar) -> list[Scalar]:
    """Return the elements of a list; raise SQLError -400 for anything that is none."""
    data = value if isinstance(value, bytes) else _bytes(value)
    items: list[Scalar] = []
    position = 0
    while position < len(data):
        start, size = position + 1, data[position]
        if size == 0:
            size = int.from_bytes(data[position + 1 : position + 3], "little")
            start = position + 3
            if size == 0:
                size = int.from_bytes(data[position + 3 : position + 7], "little")
                start = position + 7
            size += 1
        end = start + size - 1
        if end > len(data) or size < 1 or end <= position:
            raise _no_list()
        items.append(None if size == 1 else _decoded(data[start], data[start + 1 : end]))
        position = end
    return items


def _bytes(value: Scalar) -> bytes:
    try:
        return (numbers.text_of(value) or "").encode("latin-1")
    except UnicodeEncodeError:
        raise _no_list() from None


def _no_list() -> SQLError:
    return SQLError(-400, "Unexpected error occurred:  <LIST>")


def _decoded(kind: int, content: bytes) -> Scalar:
    if kind == _TEXT:
        return None if not content else "" if content == b"\x00" else content.decode("latin-1")
    if kind == _WIDE and len(content) % 2 == 0:
        return content.decode("utf-16-le", "surrogatepass")
    if kind in (_POSITIVE, _NEGATIVE):
        return _number(content, negative=kind == _NEGATIVE)
    if kind in (_DECIMAL, _MINUS_DECIMAL) and content:
        mantissa = _number(content[1:], negative=kind == _MINUS_DECIMAL)
        exponent = int.from_bytes(content[:1], "little", signed=True)
        return numbers.stored(numbers.fit(Decimal(mantissa).scaleb(exponent)))
    raise _no_list()


def _number(content: bytes, *, negative: bool) -> int:
    value = int.from_bytes(content, "little")
    return value - (1 << (8 * len(content))) if negative else value


# -- functions -------------------------------------------------------------------------------------


def _whole(value: Scalar) -> int:
    return int(numbers.leading_number(value) or 0)


def _place(value: Scalar, count: int) -> int:
    """Return a position from 1; -1 is the last one."""
    place = _whole(value)
    return count if place == -1 else place


def _list(value: Scalar, position: Scalar = 1, end: Scalar = None) -> Scalar:
    items = elements(value)
    place = _place(position, len(items))
    if end is None:
        return items[place - 1] if 1 <= place <= len(items) else None
    last = min(_place(end, len(items)), len(items))
    part = items[max(place, 1) - 1 : last]
    return build(part) if part else None


def _listget(value: Scalar, position: Scalar = 1, default: Scalar = None) -> Scalar:
    if value is None or position is None:
        return default
    found = _list(value, position)
    return default if found is None else found


def _listfind(value: Scalar, wanted: Scalar, after: Scalar = 0) -> int:
    first = _whole(after)
    if first < 0:
        return 0
    text = numbers.text_of(wanted)
    for place, item in enumerate(elements(value), 1):
        if place > first and item is not None and numbers.text_of(item) == text:
            return place
    return 0


def _listdata(value: Scalar, position: Scalar = 1) -> int:
    items = elements(value)
    place = _place(position, len(items))
    return int(1 <= place <= len(items) and items[place - 1] is not None)


def _listsame(one: Scalar, two: Scalar) -> int:
    return int(list(map(numbers.text_of, elements(one))) == list(map(numbers.text_of, elements(two))))


def _from_string(value: Scalar, delimiter: Scalar = ",") -> str:
    text, separator = numbers.text_of(value) or "", numbers.text_of(delimiter) or ""
    return build([piece or None for piece in (text.split(separator) if separator else [text])])


def _to_string(value: Scalar, delimiter: Scalar = ",") -> str:
    return (numbers.text_of(delimiter) or "").join(numbers.text_of(i) or "" for i in elements(value))


def _inlist(value: Scalar, wanted: Scalar, collation: Scalar) -> int:
    """Tell whether a value is an element, under the collation of the value's side."""
    key = _KEYS[str(collation)]
    text = key(numbers.text_of(value) or "")
    return int(any(key(numbers.text_of(i) or "") == text for i in elements(wanted) if i is not None))


_KEYS: dict[str, Callable[[str], str]] = {
    "EXACT": str,
    "SQLUPPER": sqlupper,
    "SQLSTRING": str.rstrip,
}

LIST_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_list_part": _list,
    "iris_list_find": _listfind,
    "iris_list_data": _listdata,
    "iris_list_same": _listsame,
    "iris_list_length": lambda value: len(elements(value)),
    "iris_list_from_string": _from_string,
    "iris_list_to_string": _to_string,
    "iris_inlist": _inlist,
    "iris_list_json": lambda value: json.dumps([numbers.text_of(item) for item in elements(value)]),
}
"""Deterministic functions that answer NULL when an argument is NULL."""

NULL_TAKING_LIST_FUNCTIONS: dict[str, Callable[..., Scalar]] = {
    "iris_list_build": lambda *items: build(items),
    "iris_list_get": _listget,
}
"""Deterministic functions that see NULL."""
