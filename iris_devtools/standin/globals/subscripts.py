"""Subscripts of globals as bytes whose order is IRIS's: numbers before strings, each in its own order.

A subscript is text; what looks like a number in canonical form is one, so that ``1`` and ``"1"`` are the
same node and ``"01"`` is another. The key of a node is the keys of its subscripts, one behind the other:
a node comes right before its descendants, and nothing else comes between them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from iris_devtools.standin.errors import ObjectScriptError

__all__ = ["AFTER_DESCENDANTS", "KEY_LIMIT", "encode_subscript", "first_subscript", "node_key"]

KEY_LIMIT = 511
"""How many bytes the key of a node may have; IRIS has a limit of that size for a global reference."""

AFTER_DESCENDANTS = b"\xff"
"""Behind the key of a node this is greater than every descendant, and smaller than the next sibling."""

_NEGATIVE, _ZERO, _POSITIVE, _STRING = 1, 2, 3, 4
_CANONICAL = re.compile(r"0|-?(?:[1-9]\d*(?:\.\d*[1-9])?|\.\d*[1-9])", re.ASCII)
_MANTISSA_LIMIT = 2**63 - 1
_NUMBER_LIMIT = 150
"""Characters; the exponent of a number ends about there."""
_EXPONENT_BIAS = 0x8000
_ESCAPE = re.compile(rb"\x01[\x01\x02]")
_COMPLEMENT = bytes(255 - byte for byte in range(256))


def node_key(subscripts: Sequence[str]) -> bytes:
    """Return the key of a node; raises ObjectScriptError ``<SUBSCRIPT>`` for an empty or too long one."""
    key = b"".join(map(encode_subscript, subscripts))
    if len(key) > KEY_LIMIT:
        raise ObjectScriptError("SUBSCRIPT", f" *{len(key)} bytes of subscripts; {KEY_LIMIT} are possible")
    return key


def encode_subscript(text: str) -> bytes:
    """Return the key of one subscript; raises ObjectScriptError ``<SUBSCRIPT>`` for the empty string."""
    if not text:
        raise ObjectScriptError("SUBSCRIPT", ' *""')
    if _CANONICAL.fullmatch(text) is None:
        return _string(text)
    sign, digits, exponent = Decimal(text).as_tuple()
    mantissa = "".join(map(str, digits)).lstrip("0")
    # More digits than a number can hold make it a string.
    if int(mantissa.rstrip("0") or "0") > _MANTISSA_LIMIT or len(text) > _NUMBER_LIMIT:
        return _string(text)
    if not mantissa:
        return bytes((_ZERO,))
    magnitude = (len(mantissa) + int(exponent) + _EXPONENT_BIAS).to_bytes(2, "big")
    body = magnitude + mantissa.rstrip("0").encode("ascii") + b"\x00"
    return bytes((_NEGATIVE,)) + body.translate(_COMPLEMENT) if sign else bytes((_POSITIVE,)) + body


def first_subscript(key: bytes) -> str:
    """Return the first subscript of a key made by :func:`node_key`."""
    kind = key[0]
    if kind == _ZERO:
        return "0"
    if kind == _STRING:
        return _read_string(key[1 : key.index(0, 1)])
    if kind == _NEGATIVE:
        key = key.translate(_COMPLEMENT)
    # The exponent may hold a zero byte; the digits may not.
    digits = key[3 : key.index(0, 3)].decode("ascii")
    places = int.from_bytes(key[1:3], "big") - _EXPONENT_BIAS
    if places <= 0:
        text = "." + "0" * -places + digits
    elif places >= len(digits):
        text = digits + "0" * (places - len(digits))
    else:
        text = f"{digits[:places]}.{digits[places:]}"
    return "-" + text if kind == _NEGATIVE else text


def _string(text: str) -> bytes:
    # IRIS compares 16-bit units. One by one in UTF-8 they keep that order; 0 ends the string.
    wide = text.encode("utf-16-be", "surrogatepass")
    units = "".join(chr(high << 8 | low) for high, low in zip(wide[::2], wide[1::2], strict=True))
    body = units.encode("utf-8", "surrogatepass").replace(b"\x01", b"\x01\x02").replace(b"\x00", b"\x01\x01")
    return bytes((_STRING,)) + body + b"\x00"


def _read_string(body: bytes) -> str:
    units = _ESCAPE.sub(lambda found: bytes((found.group()[1] - 1,)), body).decode("utf-8", "surrogatepass")
    return b"".join(ord(unit).to_bytes(2, "big") for unit in units).decode("utf-16-be", "surrogatepass")
