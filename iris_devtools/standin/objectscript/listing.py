"""$LISTBUILD and back, for strings and integers: a list is itself a string, of length and type bytes."""

from __future__ import annotations

from collections.abc import Sequence

from iris_devtools.standin.errors import ObjectScriptError

__all__ = ["build_list", "read_list"]

Element = str | int | None

_STRING = 0x01
_WIDE = 0x02
_POSITIVE = 0x04
_NEGATIVE = 0x05


def build_list(elements: Sequence[Element]) -> str:
    """Return the list of these elements; ``None`` is an element without a value."""
    return b"".join(map(_encode, elements)).decode("latin-1")


def read_list(text: str) -> list[Element]:
    """Return the elements of a list; raises ObjectScriptError ``<LIST>`` when the string is none."""
    data = text.encode("latin-1", "replace")
    elements: list[Element] = []
    at = 0
    while at < len(data):
        size, head = _size(data, at)
        body = data[at + head : at + size]
        if size < 1 or at + size > len(data):
            raise ObjectScriptError("LIST")
        elements.append(_decode(body))
        at += size
    return elements


def _encode(element: Element) -> bytes:
    if element is None:
        return b"\x01"
    if isinstance(element, int):
        if element >= 0:
            kind, body = _POSITIVE, element.to_bytes((element.bit_length() + 7) // 8, "little")
        else:
            size = ((-element - 1).bit_length() + 7) // 8
            kind, body = _NEGATIVE, (element + (1 << (8 * size))).to_bytes(size, "little")
    else:
        try:
            kind, body = _STRING, element.encode("latin-1")
        except UnicodeEncodeError:
            kind, body = _WIDE, element.encode("utf-16-le")
    size = len(body)
    if size + 2 < 256:
        return bytes((size + 2, kind)) + body
    return b"\x00" + (size + 1).to_bytes(2, "little") + bytes((kind,)) + body


def _size(data: bytes, at: int) -> tuple[int, int]:
    """Return the size of the element at ``at`` with its length bytes, and the number of these."""
    if data[at]:
        return data[at], 1
    return int.from_bytes(data[at + 1 : at + 3], "little") + 3, 3


def _decode(body: bytes) -> Element:
    if not body:
        return None
    kind, rest = body[0], body[1:]
    if kind == _STRING:
        return rest.decode("latin-1")
    if kind == _WIDE:
        return rest.decode("utf-16-le", "replace")
    if kind == _POSITIVE:
        return int.from_bytes(rest, "little")
    if kind == _NEGATIVE:
        return int.from_bytes(rest, "little") - (1 << (8 * len(rest)))
    raise ObjectScriptError("LIST")
