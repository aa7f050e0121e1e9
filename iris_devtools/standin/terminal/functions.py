"""Functions of values (iris-terminal-and-image B.8): those that need no variable and no server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.listing import build_list, read_list
from iris_devtools.standin.values import Argument, ObjectRef

__all__ = ["call_function"]


def call_function(name: str, arguments: Sequence[Argument]) -> Argument:
    """Call a function; raises ObjectScriptError ``<SYNTAX>`` for one that is not known."""
    found = _FUNCTIONS.get(name)
    if found is None:
        raise ObjectScriptError("SYNTAX")
    try:
        return found(*arguments)
    except TypeError as error:
        raise ObjectScriptError("SYNTAX") from error


def _extract(text: Argument, start: Argument = 1, end: Argument = None) -> str:
    first = to_integer(start)
    last = first if end is None else to_integer(end)
    return to_text(text)[max(first, 1) - 1 : max(last, 0)]


def _piece(text: Argument, delimiter: Argument, start: Argument = 1, end: Argument = None) -> str:
    mark = to_text(delimiter)
    if not mark:
        return ""
    first = to_integer(start)
    last = first if end is None else to_integer(end)
    return mark.join(to_text(text).split(mark)[max(first, 1) - 1 : max(last, 0)])


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


def _ascii(text: Argument, place: Argument = 1) -> int:
    one = _extract(text, place)
    return ord(one) if one else -1


def _convert(text: Argument, mode: Argument) -> str:
    wanted = to_text(mode).upper()
    if wanted not in ("U", "L"):
        raise ObjectScriptError("FUNCTION")
    return to_text(text).upper() if wanted == "U" else to_text(text).lower()


def _list(text: Argument, place: Argument = 1) -> Argument:
    elements = read_list(to_text(text))
    index = to_integer(place)
    if not 1 <= index <= len(elements) or elements[index - 1] is None:
        raise ObjectScriptError("NULL VALUE")
    return elements[index - 1]


def _list_get(text: Argument, place: Argument = 1, default: Argument = "") -> Argument:
    try:
        return _list(text, place)
    except ObjectScriptError:
        return default


def _list_build(*elements: Argument) -> str:
    return build_list([each if isinstance(each, int) else to_text(each) for each in elements])


_FUNCTIONS: dict[str, Callable[..., Argument]] = {
    **dict.fromkeys(("extract", "e"), _extract),
    **dict.fromkeys(("piece", "p"), _piece),
    **dict.fromkeys(("length", "l"), _length),
    **dict.fromkeys(("find", "f"), _find),
    **dict.fromkeys(("translate", "tr"), _translate),
    **dict.fromkeys(("ascii", "a"), _ascii),
    **dict.fromkeys(("char", "c"), lambda *codes: "".join(chr(to_integer(code)) for code in codes)),
    **dict.fromkeys(("zconvert", "zcvt"), _convert),
    **dict.fromkeys(("list", "li"), _list),
    **dict.fromkeys(("listget", "lg"), _list_get),
    **dict.fromkeys(("listbuild", "lb"), _list_build),
    **dict.fromkeys(("listlength", "ll"), lambda text: len(read_list(to_text(text)))),
    **dict.fromkeys(("reverse", "re"), lambda text: to_text(text)[::-1]),
    "replace": lambda text, old, new: to_text(text).replace(to_text(old), to_text(new)),
    "isobject": lambda value: int(isinstance(value, ObjectRef)),
}
