"""Functions of lists: $LISTBUILD and its kin (iris-terminal-and-image B.8)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.lists import Element, build_list, read_list
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import is_canonical
from iris_devtools.standin.terminal.functions_text import Last, range_of, string_size
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["LISTS", "element", "set_list"]

Spot = Argument | Last


def element(value: Argument) -> Element:
    """Return a value as an element: canonical numbers as such, everything else as text."""
    if value is None or isinstance(value, Undefined):
        return None
    if isinstance(value, int):
        return value
    text = to_text(value)
    return Decimal(text) if is_canonical(text) else text


def _list(text: Argument, start: Spot = None, end: Spot = None) -> Argument:
    elements = read_list(to_text(text))
    first, last = range_of(start, end, len(elements))
    if end is not None:
        return build_list(elements[max(first, 1) - 1 : len(elements) if last == -1 else max(last, 0)])
    if first == -1:
        first = len(elements)
    if not 1 <= first <= len(elements) or elements[first - 1] is None:
        raise ObjectScriptError("NULL VALUE")
    return elements[first - 1]


def set_list(old: str, new: Argument, start: Spot = None, end: Spot = None) -> str:
    """Return a list with one element, or some, replaced; elements without a value fill what is missing."""
    elements = read_list(old)
    first, last = range_of(start, end, len(elements))
    first = max(string_size(first), 1)
    elements += [None] * (first - 1 - len(elements))
    elements[first - 1 : max(last, first - 1)] = (
        [element(new)] if end is None else list(read_list(to_text(new)))
    )
    return build_list(elements)


def _list_get(text: Argument, place: Spot = 1, default: Argument = "") -> Argument:
    try:
        return _list(text, place)
    except ObjectScriptError as error:
        if error.name != "NULL VALUE":
            raise
        return default


def _from_string(text: Argument, delimiter: Argument = ",") -> str:
    whole = to_text(text)
    return build_list(list(whole.split(to_text(delimiter)))) if whole else ""


def _to_string(text: Argument, delimiter: Argument = ",", _flag: Argument = 0) -> str:
    return to_text(delimiter).join(to_text(each) for each in read_list(to_text(text)))


def _find(text: Argument, wanted: Argument, start: Argument = 0) -> int:
    after = to_integer(start)
    for place, each in enumerate(read_list(to_text(text)), start=1):
        if place > after and each is not None and to_text(each) == to_text(wanted):
            return place
    return 0


def _valid(text: Argument) -> int:
    try:
        read_list(to_text(text))
    except ObjectScriptError:
        return 0
    return 1


def _same(left: Argument, right: Argument) -> int:
    first, second = (
        [None if each is None else to_text(each) for each in read_list(to_text(side))]
        for side in (left, right)
    )
    return int(first == second)


def _data(text: Argument, place: Spot = 1) -> int:
    try:
        _list(text, place)
    except ObjectScriptError:
        return 0
    return 1


LISTS: dict[str, Callable[..., Argument]] = {
    **dict.fromkeys(("list", "li"), _list),
    **dict.fromkeys(("listget", "lg"), _list_get),
    **dict.fromkeys(("listbuild", "lb"), lambda *given: build_list([element(each) for each in given])),
    **dict.fromkeys(("listlength", "ll"), lambda text: len(read_list(to_text(text)))),
    **dict.fromkeys(("listfromstring", "lfs"), _from_string),
    **dict.fromkeys(("listtostring", "lts"), _to_string),
    **dict.fromkeys(("listfind", "lf"), _find),
    **dict.fromkeys(("listvalid", "lv"), _valid),
    **dict.fromkeys(("listsame", "ls"), _same),
    **dict.fromkeys(("listdata", "ld"), _data),
}
