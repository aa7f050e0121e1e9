"""The messages of the native API, whose type is a byte and ``C2`` (wire-protocol 10)."""

from __future__ import annotations

from collections.abc import Sequence

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.values import Argument, ByRef
from iris_devtools.standin.wire.handler import NativeCall, NativeKind, NextNode
from iris_devtools.standin.wire.items import ItemReader, encode_argument

__all__ = ["NATIVE_FAILURE", "NATIVE_SUCCESS", "answer_native", "is_native", "read_native"]

NATIVE_SUCCESS = 0xCA00
NATIVE_FAILURE = 5001
"""Any status but :data:`NATIVE_SUCCESS` is an error to the driver; the text is what counts."""

_VOID = {0x4C, 0x5C, 0x5E, 0x4D, 0x5A, 0x42, 0x43, 0x4F, 0x50, 0x51, 0x52, 0x53, 0x54}
"""The calls whose answer holds no result."""

_MEMBERS = {
    0x4B: NativeKind.CLASS_METHOD,
    0x4C: NativeKind.CLASS_METHOD,
    0x5B: NativeKind.METHOD,
    0x5C: NativeKind.METHOD,
    0x48: NativeKind.FUNCTION,
    0x5A: NativeKind.PROCEDURE,
}
_PROPERTIES = {0x5D: NativeKind.GET_PROPERTY, 0x5E: NativeKind.SET_PROPERTY}
_GLOBALS = {
    0x41: NativeKind.GLOBAL_GET,
    0x42: NativeKind.GLOBAL_SET,
    0x43: NativeKind.GLOBAL_KILL,
    0x45: NativeKind.GLOBAL_NEXT,
    0x46: NativeKind.GLOBAL_INCREMENT,
    0x49: NativeKind.GLOBAL_DEFINED,
    0x4E: NativeKind.LOCK,
    0x4F: NativeKind.UNLOCK,
}
_PLAIN = {
    0x50: NativeKind.UNLOCK_ALL,
    0x51: NativeKind.START,
    0x52: NativeKind.COMMIT,
    0x53: NativeKind.ROLLBACK,
    0x54: NativeKind.ROLLBACK_ONE,
    0x55: NativeKind.LEVEL,
}


def is_native(kind: bytes) -> bool:
    """Tell whether a message type is that of a native call."""
    return kind[1] == 0xC2


def read_native(kind: bytes, data: bytes) -> NativeCall:
    """Read a native call; raises :class:`ProtocolError` for one that is not known."""
    code = kind[0]
    items = ItemReader(data)
    if code in _MEMBERS:
        target = items.argument() if code in (0x5B, 0x5C) else items.text()
        member = items.text()
        return NativeCall(_MEMBERS[code], target, member, _arguments(items))
    if code == 0x4D:
        name, routine = items.text(), items.text()
        return NativeCall(NativeKind.PROCEDURE, name, routine, [] if items.at_end else _arguments(items))
    if code in _PROPERTIES:
        target, member = items.argument(), items.text()
        return NativeCall(_PROPERTIES[code], target, member, list(_rest(items)))
    if code in _GLOBALS:
        name = items.text()
        subscripts = _arguments(items)
        return NativeCall(_GLOBALS[code], name, "", subscripts, tuple(_rest(items)))
    if code in _PLAIN:
        return NativeCall(_PLAIN[code])
    raise ProtocolError(f"unknown native call {code:#04x}")


def _arguments(items: ItemReader) -> list[Argument]:
    return [items.argument() for _ in range(items.count())]


def _rest(items: ItemReader) -> list[Argument]:
    rest = []
    while not items.at_end:
        rest.append(items.argument())
    return rest


def answer_native(kind: bytes, call: NativeCall, result: Argument | NextNode) -> bytes:
    """Answer a native call that went well: its result, then what became of each by-reference argument.

    One item too few would crash the client (wire-protocol 10), so they are counted off the request.
    """
    parts: list[bytes] = []
    if kind[0] not in _VOID:
        parts += map(encode_argument, _results(result))
    parts += (encode_argument(argument) for argument in call.arguments if isinstance(argument, ByRef))
    return b"".join(parts)


def _results(result: Argument | NextNode) -> Sequence[Argument]:
    if isinstance(result, NextNode):
        return (result.subscript, result.value)
    return (result,)
