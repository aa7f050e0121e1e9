"""How ZWRITE shows a value (iris-terminal-and-image B.7)."""

from __future__ import annotations

import re

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.lists import Element, read_list
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.dynamic import DynamicArray, DynamicObject, json_text
from iris_devtools.standin.terminal.space import TerminalSpace
from iris_devtools.standin.terminal.variables import quoted
from iris_devtools.standin.values import Argument, ObjectRef

__all__ = ["shown"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def shown(space: TerminalSpace, value: Argument) -> str:
    """Return a value as a line of ZWRITE shows it: lists as $lb(), a %Status with its text, JSON as such."""
    if isinstance(value, ObjectRef):
        held = space.held(value)
        inner = f"  ; {json_text(held)}" if isinstance(held, (DynamicObject, DynamicArray)) else ""
        return f"{value}  ; <OREF>{inner}" if not inner else f"{json_text(held)}  ; <DYNAMIC {_kind(held)}>"
    text = to_text(value)
    if not isinstance(value, str) or not text:
        return quoted(value)
    if text.startswith("0 "):
        elements = _list_of(text[2:])
        if elements:
            reason = to_text(space.class_method("%SYSTEM.Status", "GetErrorText", [text]))
            return f'"0 "_{_list_shown(elements)}/* {reason} */'
    elements = _list_of(text)
    return _text_shown(text) if elements is None else _list_shown(elements)


def _kind(value: object) -> str:
    return "OBJECT" if isinstance(value, DynamicObject) else "ARRAY"


def _list_of(text: str) -> list[Element] | None:
    """Return the elements of a list; ``None`` for anything that is as well plain text."""
    if text.isprintable():
        return None
    try:
        return read_list(text)
    except ObjectScriptError:
        return None


def _list_shown(elements: list[Element]) -> str:
    parts = []
    for each in elements:
        inner = _list_of(each) if isinstance(each, str) and each else None
        parts.append("" if each is None else _list_shown(inner) if inner else _text_shown(each))
    return f"$lb({','.join(parts)})"


def _text_shown(value: Element) -> str:
    if not isinstance(value, str) or not _CONTROL.search(value):
        return quoted(value)
    parts, at = [], 0
    for found in _CONTROL.finditer(value):
        if found.start() > at:
            parts.append(quoted(value[at : found.start()]))
        parts.append(f"$c({','.join(str(ord(each)) for each in found.group())})")
        at = found.end()
    if at < len(value):
        parts.append(quoted(value[at:]))
    return "_".join(parts)
