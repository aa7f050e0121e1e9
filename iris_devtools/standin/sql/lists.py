"""Lists in SQL: ``$LISTBUILD`` and its kin (iris-sql 6.1).

The empty string of SQL is ``$CHAR(0)`` in a list, as everywhere in IRIS, and an empty element is NULL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal

from iris_devtools.standin.collation import sqlupper
from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.lists import Element, build_list, read_list
from iris_devtools.standin.sql import numbers
from iris_devtools.standin.values import Scalar

__all__ = ["LIST_FUNCTIONS", "NULL_TAKING_LIST_FUNCTIONS", "build", "elements"]


def build(items: Sequence[Scalar]) -> str:
    """Return the list of these elements; ``None`` is one without a value."""
    return build_list(list(map(_element, items)))


def _element(item: Scalar) -> Element | bytes:
    if item == "":
        return "\x00"
    return item if item is None or isinstance(item, (str, bytes)) else numbers.exact_decimal(item) or 0


def elements(value: Scalar) -> list[Scalar]:
    """Return the elements of a list; raise SQLError -400 for anything that is none."""
    try:
        return list(
            map(_item, read_list(value if isinstance(value, bytes) else numbers.text_of(value) or ""))
        )
    except ObjectScriptError as error:
        raise SQLError(-400, f"Unexpected error occurred:  {error}") from None


def _item(element: Element) -> Scalar:
    if isinstance(element, Decimal):
        return numbers.stored(numbers.fit(element))
    return None if element == "" else "" if element == "\x00" else element


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
