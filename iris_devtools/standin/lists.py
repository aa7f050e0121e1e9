"""The lists of ``$LISTBUILD``: a string that holds any elements (iris-sql 6.1, iris-terminal-and-image B.8).

Each element is a length byte, a type byte and the value; a longer one has a zero byte and two bytes of length
in front, or three zero bytes and four. An element without a value is a lone ``$CHAR(1)``. A list is a text
whose characters are these bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError

__all__ = ["Element", "build_list", "read_list"]

Element = str | int | Decimal | None

_TEXT, _WIDE, _POSITIVE, _NEGATIVE, _DECIMAL, _MINUS_DECIMAL = 1, 2, 4, 5, 6, 7
_LONGEST_SHORT = 253
_LARGEST = 2**63


def build_list(elements: Sequence[Element | bytes]) -> str:
    """Return the list of these elements; ``None`` is one without a value.

    Numbers keep their value and lose how they were written: trailing zeros, and whether they are whole.
    """
    return b"".join(map(_encoded, elements)).decode("latin-1")


def read_list(value: str | bytes) -> list[Element]:
    """Return the elements of a list; raises ObjectScriptError ``<LIST>`` when the string is none."""
    data = value if isinstance(value, bytes) else _bytes(value)
    elements: list[Element] = []
    position = 0
    while position < len(data):
        start, size = position + 1, data[position]
        if size == 0:
            start, size = position + 3, int.from_bytes(data[position + 1 : position + 3], "little")
            if size == 0:
                start, size = position + 7, int.from_bytes(data[position + 3 : position + 7], "little")
            size += 1
        end = start + size - 1
        if end > len(data) or end <= position:
            raise ObjectScriptError("LIST")
        elements.append(None if size == 1 else _decoded(data[start], data[start + 1 : end]))
        position = end
    return elements


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise ObjectScriptError("LIST") from None


def _encoded(element: Element | bytes) -> bytes:
    if element is None:
        return b"\x01"
    kind, content = _content(element)
    if len(content) <= _LONGEST_SHORT:
        return bytes((len(content) + 2, kind)) + content
    size = len(content) + 1
    if size > 0xFFFF:
        return b"\x00\x00\x00" + size.to_bytes(4, "little") + bytes((kind,)) + content
    return b"\x00" + size.to_bytes(2, "little") + bytes((kind,)) + content


def _content(element: str | bytes | int | Decimal) -> tuple[int, bytes]:
    if isinstance(element, bytes):
        return _TEXT, element
    if isinstance(element, str):
        try:
            return _TEXT, element.encode("latin-1")
        except UnicodeEncodeError:
            return _WIDE, element.encode("utf-16-le", "surrogatepass")
    sign, digits, exponent = Decimal(element).normalize().as_tuple()
    assert isinstance(exponent, int), "only numbers are elements"
    if exponent >= 0 and abs(int(element)) < _LARGEST:
        return (_POSITIVE if element >= 0 else _NEGATIVE), _integer(int(element))
    if not -128 <= exponent <= 127:
        return _TEXT, format(element, "f").encode("ascii")
    mantissa = int("".join(map(str, digits)))
    scale = exponent.to_bytes(1, "little", signed=True)
    if sign:
        return _MINUS_DECIMAL, scale + _integer(-mantissa)
    return _DECIMAL, scale + _integer(mantissa)


def _integer(number: int) -> bytes:
    """Return the fewest bytes: of a negative number those that differ from all ones."""
    if number in (0, -1):
        return b""
    magnitude = number if number > 0 else -number - 1
    size = (magnitude.bit_length() + 7) // 8
    return (number if number > 0 else number + (1 << (8 * size))).to_bytes(size, "little")


def _decoded(kind: int, content: bytes) -> Element:
    if kind == _TEXT:
        return content.decode("latin-1")
    if kind == _WIDE and len(content) % 2 == 0:
        return content.decode("utf-16-le", "surrogatepass")
    if kind in (_POSITIVE, _NEGATIVE):
        return _number(content, negative=kind == _NEGATIVE)
    if kind in (_DECIMAL, _MINUS_DECIMAL) and content:
        mantissa = _number(content[1:], negative=kind == _MINUS_DECIMAL)
        return Decimal(mantissa).scaleb(int.from_bytes(content[:1], "little", signed=True))
    raise ObjectScriptError("LIST")


def _number(content: bytes, *, negative: bool) -> int:
    value = int.from_bytes(content, "little")
    return value - (1 << (8 * len(content))) if negative else value
