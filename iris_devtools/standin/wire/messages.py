"""Requests read into values, answers built from values (wire-protocol 4, 7, 8, 12). No I/O."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.values import Scalar
from iris_devtools.standin.wire.handler import Column, Login, Marker, Prepared, Procedure, Welcome
from iris_devtools.standin.wire.items import NULL, ItemReader, encode, encode_row

__all__ = [
    "PROTOCOL_VERSION",
    "Statement",
    "answer_columns",
    "answer_login",
    "answer_parameters",
    "answer_prepared",
    "answer_procedure",
    "answer_welcome",
    "is_query",
    "read_call",
    "read_error_request",
    "read_login",
    "read_sets",
    "read_statement",
    "read_values",
    "unscramble",
]

PROTOCOL_VERSION = 69
_SUPPORTED_VERSIONS = (68, 69, 70)

_LEADING = re.compile(r"(?:\s+|\(|/\*.*?\*/|--[^\n]*(?:\n|$))*", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w.]*")
_QUERY = re.compile(r"(?:SELECT|WITH)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """The text of a statement and where its parameters came from."""

    text: str
    markers: tuple[Marker, ...]


def is_query(text: str) -> bool:
    """Tell whether the driver takes the text for a query, and so waits for a column list and rows.

    It looks at the first word behind opening parentheses (wire-protocol 6).
    """
    leading = _LEADING.match(text)
    return _QUERY.match(text, leading.end() if leading else 0) is not None


def unscramble(value: str) -> str:
    """Return a user name or password in clear (wire-protocol 4.2)."""
    clear = [""] * len(value)
    for index, char in enumerate(value):
        code = ord(char)
        low = code & 0xFF
        low = ((low >> 5) | (low << 3)) & 0xFF
        low = ((low - index) & 0xFF) ^ 0xA7
        clear[len(value) - 1 - index] = chr((code & ~0xFF) | low)
    return "".join(clear)


def answer_login(data: bytes) -> bytes:
    """Answer ``HS``: the version of both sides, Unicode, the locale."""
    (version,) = struct.unpack("<H", ItemReader(data).raw(2))
    if version not in _SUPPORTED_VERSIONS:
        version = PROTOCOL_VERSION
    return struct.pack("<HH", version, 1) + encode("UTF8")


def read_login(data: bytes) -> Login:
    """Read ``CN``."""
    items = ItemReader(data)
    namespace = items.text()
    username = unscramble(items.text())
    password = unscramble(items.text())
    os_user, machine, application = (items.text().rstrip("\0") for _ in range(3))
    items.argument()
    address = items.text()
    items.argument()
    autocommit = items.integer()
    isolation = items.integer()
    return Login(
        namespace=namespace,
        username=username,
        password=password,
        os_user=os_user,
        machine=machine,
        application=application,
        address="" if address.startswith("SHM|") else address,
        autocommit=autocommit == 1,
        isolation=isolation,
    )


def answer_welcome(welcome: Welcome) -> bytes:
    """Answer ``CN``: delimited identifiers on, no feature options."""
    return encode_row((welcome.banner, 1, 0, welcome.isolation, str(welcome.job), 0, 0))


def read_statement(items: ItemReader) -> Statement:
    """Read the head of ``PP``, ``DQ`` and ``DU``: the text and its markers.

    For ``CALL p()`` the driver sends ``p`` alone, and announces a marker that does not follow.
    """
    text = "".join(items.text() for _ in range(items.count()))
    markers: list[Marker] = []
    called = _NAME.fullmatch(text) is not None
    for _ in range(items.integer() if called else items.count()):
        if called and items.at_end:
            break
        origin, code = items.text(), items.integer()
        markers.append("?" if origin == "?" else code)
    return Statement(text, tuple(markers))


def read_values(items: ItemReader) -> list[Scalar]:
    """Read the values of ``PQ`` and ``DQ``: one set; the timeout and the maximum behind it are always 0."""
    items.integer()
    return items.values(items.count())


def read_sets(items: ItemReader) -> list[list[Scalar]]:
    """Read the values of ``PU`` and ``DU``: any number of sets of the same size."""
    items.argument()
    items.argument()
    sets, size = items.integer(), items.integer()
    if sets < 0 or size < 0 or sets * size > items.remaining or (size == 0 and sets > 1_000_000):
        raise ProtocolError(f"{sets} sets of {size} values announced, {items.remaining} bytes are left")
    values = items.values
    return [values(size) for _ in range(sets)]


def answer_columns(columns: Sequence[Column]) -> bytes:
    """Build the column list of a query."""
    parts = [encode(len(columns))]
    for column in columns:
        flags = bytes((column.auto_increment, *([0] * 11)))
        parts += (
            encode_row((column.name, column.code, column.precision, column.scale, int(column.nullable))),
            *(encode(text) if text else NULL for text in (column.label, column.table, column.schema)),
            NULL,
            encode(flags),
        )
    return b"".join(parts)


def answer_parameters(count: int, *, kept: bool) -> bytes:
    """Build the parameter list and the flags; the driver checks the count and ignores the types."""
    return encode(count) + encode_row((12, 0, 0, 1)) * count + encode(int(kept))


def answer_prepared(prepared: Prepared) -> bytes:
    """Answer ``PP``."""
    columns = b"" if prepared.columns is None else answer_columns(prepared.columns)
    return columns + answer_parameters(prepared.parameter_count, kept=prepared.kept)


def answer_procedure(procedure: Procedure) -> bytes:
    """Answer ``SP``: a function with a return value, then its parameters, six items each."""
    returned = (procedure.code, procedure.precision, 0, 1, 0, 0)
    count = 1 + procedure.parameter_count
    return encode_row((2, count, *returned)) + encode_row((12, 0, 0, 1, 0, 0)) * procedure.parameter_count


def read_call(data: bytes) -> list[Scalar]:
    """Read ``SU``: the values given; output parameters, which arrive as left out, are not among them."""
    items = ItemReader(data)
    for _ in range(4):
        items.argument()
    return [value for value in (items.value() for _ in range(items.count())) if value is not None]


def read_error_request(data: bytes) -> int:
    """Read ``OE``: the status whose text is wanted."""
    return ItemReader(data).integer()
