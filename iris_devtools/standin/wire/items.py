"""Read and write the items ($LIST elements) that message data is made of (wire-protocol 3).

Reading never trusts a length: whatever the bytes are, the outcome is a value or a :class:`ProtocolError`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from decimal import Decimal

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Scalar, Undefined

__all__ = ["EMPTY_STRING", "NULL", "UNDEFINED", "ItemReader", "encode", "encode_argument", "encode_row"]

NULL = b"\x02\x01"
"""SQL NULL."""
EMPTY_STRING = b"\x03\x01\x00"
"""The SQL empty string: one NUL, because an empty body is NULL."""
UNDEFINED = b"\x01"
"""A value that was left out."""

_STRING = 0x01
_WIDE_STRING = 0x02
_POSITIVE = 0x04
_NEGATIVE = 0x05
_POSITIVE_DECIMAL = 0x06
_NEGATIVE_DECIMAL = 0x07
_DOUBLE = 0x08
_PLAIN_DOUBLE = 0x09
_OBJECT = 0x19
_BY_REFERENCE = 0x20

_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_DOUBLE_FORMAT = struct.Struct("<d")
_FLOAT_FORMAT = struct.Struct("<f")


def _item(kind: int, body: bytes) -> bytes:
    size = len(body)
    if size <= 253:
        return bytes((size + 2, kind)) + body
    if size <= 65534:
        return b"\x00" + struct.pack("<HB", size + 1, kind) + body
    return b"\x00\x00\x00" + struct.pack("<IB", size + 1, kind) + body


def _magnitude(value: int) -> bytes:
    """Return the body of an integer: two's complement whose leading ``ff`` bytes (negative) are dropped."""
    if value >= 0:
        # One more bit than needed keeps the top bit clear: the driver reads eight bytes as signed.
        return value.to_bytes(value.bit_length() // 8 + 1, "little") if value else b""
    size = ((-value - 1).bit_length() + 7) // 8
    return (value + (1 << (8 * size))).to_bytes(size, "little")


def _encode_integer(value: int) -> bytes:
    if not _INT64_MIN <= value <= _INT64_MAX:
        return _item(_STRING, str(value).encode("ascii"))
    return _item(_POSITIVE if value >= 0 else _NEGATIVE, _magnitude(value))


_SMALL = {n: _encode_integer(n) for n in range(-1, 1024)}


def _encode_text(value: str) -> bytes:
    if not value:
        return EMPTY_STRING
    try:
        return _item(_STRING, value.encode("latin-1"))
    except UnicodeEncodeError:
        return _item(_WIDE_STRING, value.encode("utf-16-le", "surrogatepass"))


def _encode_decimal(value: Decimal) -> bytes:
    if not value.is_finite():
        return _item(_DOUBLE, _DOUBLE_FORMAT.pack(float(value)))
    sign, digits, exponent = value.as_tuple()
    mantissa = int("".join(map(str, digits)))
    if not isinstance(exponent, int) or mantissa > _INT64_MAX or not -128 <= exponent <= 127:
        return _encode_text(format(value, "f"))
    kind = _NEGATIVE_DECIMAL if sign and mantissa else _POSITIVE_DECIMAL
    body = _magnitude(-mantissa if sign else mantissa)
    return _item(kind, struct.pack("b", exponent) + body)


def encode(value: Scalar) -> bytes:
    """Return the item of a value: ``None`` as NULL, ``""`` and ``b""`` as the empty string.

    Integers beyond 64 bit and decimals beyond a 63-bit mantissa travel as text, which loses nothing.
    """
    if value is None:
        return NULL
    if isinstance(value, str):
        return _encode_text(value)
    if isinstance(value, int):
        return _SMALL.get(value) or _encode_integer(value)
    if isinstance(value, float):
        return b"\x0a\x08" + _DOUBLE_FORMAT.pack(value)
    if isinstance(value, bytes):
        return _item(_STRING, value) if value else EMPTY_STRING
    return _encode_decimal(value)


def encode_row(values: Iterable[Scalar]) -> bytes:
    """Return the items of several values, one behind the other."""
    return b"".join(map(encode, values))


def encode_argument(value: Argument) -> bytes:
    """Return the item of a native call's result, or of an argument by reference (wire-protocol 10)."""
    if isinstance(value, ByRef):
        return encode_argument(value.value)
    if isinstance(value, ObjectRef):
        return _item(_OBJECT, str(value).encode("latin-1", "replace"))
    if isinstance(value, Undefined):
        return UNDEFINED
    return encode(value)


class ItemReader:
    """Walk through message data, item by item.

    Every method raises :class:`ProtocolError` when the data ends too early or an item is malformed; none of
    them raises anything else, or moves past the end.
    """

    __slots__ = ("_data", "_position")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    @property
    def at_end(self) -> bool:
        """Whether all data has been read."""
        return self._position >= len(self._data)

    @property
    def remaining(self) -> int:
        """The number of bytes that have not been read."""
        return len(self._data) - self._position

    def raw(self, size: int) -> bytes:
        """Return the next ``size`` bytes as they are."""
        start, end = self._position, self._position + size
        if size < 0 or end > len(self._data):
            raise ProtocolError(
                f"{size} bytes expected at offset {start}, {len(self._data) - start} are there"
            )
        self._position = end
        return self._data[start:end]

    def _next(self) -> tuple[int, bytes] | None:
        """Return type and body of the next item, ``None`` for an undefined one."""
        length = self.raw(1)[0]
        if length == 1:
            return None
        if length == 0:
            length = int.from_bytes(self.raw(2), "little")
            if length == 0:
                length = int.from_bytes(self.raw(4), "little")
            if length == 0:
                raise ProtocolError(f"an item without a type at offset {self._position}")
        else:
            length -= 1
        body = self.raw(length)
        return body[0], body[1:]

    def argument(self) -> Argument:
        """Return the next item as an argument: by-reference ones, objects and left-out ones included."""
        item = self._next()
        if item is None:
            return Undefined()
        kind, body = item
        if kind & _BY_REFERENCE:
            return ByRef(_decode_any(kind & ~_BY_REFERENCE, body))
        return _decode_any(kind, body)

    def value(self) -> Scalar:
        """Return the next item as a SQL value; a left-out one is ``None``."""
        item = self._next()
        return None if item is None else _decode(*item)

    def values(self, count: int) -> list[Scalar]:
        """Return the next ``count`` items as SQL values: what as many calls of value() return, but sooner."""
        data, end, position = self._data, len(self._data), self._position
        values: list[Scalar] = []
        add = values.append
        for _ in range(count):
            # The usual items are read here; whatever else there is goes the long way, errors too.
            length = data[position] if position < end else 0
            stop = position + length
            if length > 1 and stop <= end:
                kind = data[position + 1]
                if kind == _STRING:
                    body = data[position + 2 : stop]
                    add(None if not body else "" if body == b"\x00" else body.decode("latin-1"))
                    position = stop
                    continue
                if kind == _POSITIVE and length <= 18:
                    add(int.from_bytes(data[position + 2 : stop], "little"))
                    position = stop
                    continue
                if kind == _DOUBLE and length == 10:
                    add(_DOUBLE_FORMAT.unpack_from(data, position + 2)[0])
                    position = stop
                    continue
            self._position = position
            add(self.value())
            position = self._position
        self._position = position
        return values

    def text(self) -> str:
        """Return the next item as text; NULL is ``""``."""
        (value,) = self.values(1)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def integer(self) -> int:
        """Return the next item as an integer; NULL is 0."""
        (value,) = self.values(1)
        if isinstance(value, int):
            return value
        if value is None or value == "":
            return 0
        try:
            return int(value)
        except (ValueError, OverflowError):
            raise ProtocolError(f"a number expected before offset {self._position}") from None

    def count(self) -> int:
        """Return the next item as a number of things that follow, each at least one byte long."""
        number = self.integer()
        if not 0 <= number <= self.remaining:
            raise ProtocolError(f"{number} items announced, {self.remaining} bytes are left")
        return number


def _decode_any(kind: int, body: bytes) -> Scalar | ObjectRef:
    if kind == _OBJECT:
        handle, _, class_name = body.decode("latin-1").partition("@")
        if not handle.isascii() or not handle.isdigit() or len(handle) > 18:
            raise ProtocolError("an object reference without a number")
        return ObjectRef(int(handle), class_name)
    return _decode(kind, body)


def _decode(kind: int, body: bytes) -> Scalar:
    if kind == _STRING:
        if not body:
            return None
        return "" if body == b"\x00" else body.decode("latin-1")
    if kind == _WIDE_STRING:
        if len(body) % 2:
            raise ProtocolError(f"a wide string of {len(body)} bytes")
        return body.decode("utf-16-le", "surrogatepass")
    if kind in (_POSITIVE, _NEGATIVE):
        return _decode_integer(kind, body)
    if kind in (_POSITIVE_DECIMAL, _NEGATIVE_DECIMAL):
        if not body:
            raise ProtocolError("a decimal without an exponent")
        exponent = body[0] - 256 if body[0] > 127 else body[0]
        mantissa = _decode_integer(kind, body[1:])
        sign = 1 if mantissa < 0 else 0
        return Decimal((sign, tuple(map(int, str(abs(mantissa)))), exponent))
    if kind in (_DOUBLE, _PLAIN_DOUBLE):
        return _decode_double(body)
    raise ProtocolError(f"unknown item type {kind:#04x}")


def _decode_integer(kind: int, body: bytes) -> int:
    if len(body) > 16:
        raise ProtocolError(f"an integer of {len(body)} bytes")
    number = int.from_bytes(body, "little")
    return number - (1 << (8 * len(body))) if kind in (_NEGATIVE, _NEGATIVE_DECIMAL) else number


def _decode_double(body: bytes) -> float:
    # A compact double leaves out low zero bytes; up to four bytes are the high end of a single.
    number: float
    if len(body) > 8:
        raise ProtocolError(f"a double of {len(body)} bytes")
    if len(body) <= 4:
        (number,) = _FLOAT_FORMAT.unpack(body.rjust(4, b"\x00"))
    else:
        (number,) = _DOUBLE_FORMAT.unpack(body.rjust(8, b"\x00"))
    return number
