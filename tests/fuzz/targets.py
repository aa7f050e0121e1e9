"""What is fuzzed: functions that take any bytes, and raise for what no bytes may do.

The connection targets read their bytes as a list of requests: one byte for the message type, one for the
number of the statement, two for the length, and the data.
"""

from __future__ import annotations

import atexit
import contextlib
import shutil
import struct
import tempfile
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from iris_devtools.standin.errors import ProtocolError, SQLError, StandinError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.values import Argument, Scalar
from iris_devtools.standin.wire import messages
from iris_devtools.standin.wire.connection import Connection
from iris_devtools.standin.wire.framing import Channel
from iris_devtools.standin.wire.handler import Column, NativeCall, Prepared, Procedure, Welcome
from iris_devtools.standin.wire.items import ItemReader, encode, encode_argument, encode_row
from iris_devtools.standin.wire.native import read_native

__all__ = ["TARGETS", "request_seed", "statement_data"]

_KINDS = [
    *(b"PP", b"PQ", b"PU", b"DQ", b"DU", b"FD", b"OE", b"TC", b"TR", b"AN", b"AF", b"SS", b"JS", b"CS"),
    *(b"SP", b"SU", b"DC"),
]
_NATIVE_KINDS = [bytes((code, 0xC2)) for code in range(0x40, 0x60)]
_SILENT = (b"AN", b"AF", b"CS", b"DC")
_READERS: tuple[Callable[[bytes], object], ...] = (
    messages.answer_login,
    messages.read_login,
    messages.read_call,
    messages.read_error_request,
    lambda data: messages.read_statement(ItemReader(data)),
    lambda data: messages.read_values(ItemReader(data)),
    lambda data: messages.read_sets(ItemReader(data)),
    *(lambda data, kind=kind: read_native(kind, data) for kind in _NATIVE_KINDS),
)


class Surprise(Exception):
    """An error that the client would be told of as unexpected."""


def items(data: bytes) -> None:
    """Read items in both ways, which must agree; what was read must come back from its encoding."""
    reader = ItemReader(data)
    read: list[Scalar] = []
    refused = ""
    try:
        while not reader.at_end:
            read.append(reader.value())
    except ProtocolError as error:
        refused = str(error)
    at_once = ItemReader(data)
    try:
        values = at_once.values(len(read) + bool(refused))
    except ProtocolError as error:
        assert str(error) == refused
    else:
        assert not refused
        assert repr(values) == repr(read)
    again = ItemReader(encode_row(read))
    for value in read:
        back = again.value()
        # $CHAR(0) is the empty string of SQL; a decimal too long for its item comes back as text.
        expected = "" if value == "\0" else value
        if isinstance(expected, (Decimal, int)) and isinstance(back, str):
            back = Decimal(back)
        assert back == expected or repr(back) == repr(expected), (value, back)
    arguments = ItemReader(data)
    try:
        while not arguments.at_end:
            encode_argument(arguments.argument())
    except ProtocolError:
        pass


def requests(data: bytes) -> None:
    """Read the data of every kind of request."""
    for read in _READERS:
        with contextlib.suppress(ProtocolError):
            read(data)


def framing(data: bytes) -> None:
    """Send the bytes to a server as they are."""
    _serve(_Echo(), data)


def connection(data: bytes) -> None:
    """Log in, and send requests to a handler that answers with what it was given."""
    sent, expected = _requests(data, _KINDS + _NATIVE_KINDS)
    answers = _serve(_Echo(), _greeting() + sent)
    assert len(answers) >= min(expected, 2)


def session(data: bytes) -> None:
    """Log in, and send requests to a session on a real database. Native calls, which reach files, are out."""
    sent, _ = _requests(data, _KINDS)
    upper = sent.upper()
    if b"DATABASE" in upper or b"USER" in upper:
        return
    real = _Watched(_instance())
    try:
        _serve(real, _greeting() + sent)
    finally:
        real.close()


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (items, requests, framing, connection, session)
}


class _Socket:
    """Gives bytes, then hangs up; keeps what is sent to it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.sent = bytearray()

    def settimeout(self, _seconds: float | None) -> None:
        return

    def recv(self, size: int) -> bytes:
        chunk, self._data = self._data[:size], self._data[size:]
        return chunk

    def sendall(self, data: bytes) -> None:
        self.sent += data


class _Echo:
    """A handler whose rows are the values that it was given."""

    def login(self, login: Any) -> Welcome:
        return Welcome("echo", 1, login.isolation)

    def prepare(self, text: str, markers: Sequence[object]) -> Prepared:
        columns = (Column("c", -1 if "STREAM" in text else 12),) if messages.is_query(text) else None
        if "ERROR" in text:
            raise SQLError(-1, "as wanted")
        return Prepared(columns, len(markers), kept=True, statement=text)

    def query(self, _prepared: Prepared, values: Sequence[Scalar]) -> Sequence[Sequence[Scalar]]:
        return [(value,) for value in values]

    def update(self, _prepared: Prepared, sets: Sequence[object]) -> Sequence[int]:
        return [1] * len(sets)

    def nothing(self, **_: object) -> None:
        return None

    commit = rollback = set_autocommit = nothing

    def procedure(self, name: str) -> Procedure:
        return Procedure(name, 12, 10)

    def call(self, _procedure: Procedure, values: Sequence[Scalar]) -> Scalar:
        return values[0] if values else None

    def native(self, call: NativeCall) -> Argument:
        return call.arguments[0] if call.arguments else None

    def failure(self, error: Exception) -> str:
        if not isinstance(error, StandinError):
            raise Surprise from error
        return str(error)


class _Watched(Session):
    """A session that lets no unexpected error pass."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance, hang_up=lambda: None)

    def failure(self, error: Exception) -> str:
        if not isinstance(error, StandinError):
            raise Surprise from error
        return str(error)


@cache
def _instance() -> Instance:
    place = tempfile.mkdtemp()
    instance = Instance(Path(place))
    instance.start()

    def end() -> None:
        instance.stop()
        shutil.rmtree(place, ignore_errors=True)

    atexit.register(end)
    return instance


def _serve(handler: Any, data: bytes) -> list[tuple[int, bytes]]:
    """Serve a client that sends these bytes; return the answers, which must be whole."""
    socket = _Socket(data)
    Connection(Channel(socket), handler).run()  # type: ignore[arg-type]
    answers, sent = [], bytes(socket.sent)
    while sent:
        size, _, _, status = struct.unpack_from("<IIIH", sent)
        assert len(sent) >= 14 + size
        answers.append((status, sent[14 : 14 + size]))
        sent = sent[14 + size :]
    return answers


def _requests(data: bytes, kinds: Sequence[bytes]) -> tuple[bytes, int]:
    """Make requests of fuzzed bytes; return them, and how many answers there are, with those to the login."""
    sent, answered, number = bytearray(), 2, 5
    while len(data) >= 4:
        kind = kinds[data[0] % len(kinds)]
        size = struct.unpack_from("<H", data, 2)[0] % (len(data) - 3)
        sent += _message(kind, data[4 : 4 + size], number=number, statement=data[1] % 4)
        if kind == b"DC":
            break
        answered += kind not in _SILENT
        number += 2
        data = data[4 + size :]
    return bytes(sent), answered


def _message(kind: bytes, data: bytes, *, number: int, statement: int = 0) -> bytes:
    return struct.pack("<III2s", len(data), number, statement, kind) + data


def _greeting() -> bytes:
    login = encode_row(
        ["USER", _scrambled("_SYSTEM"), _scrambled("SYS"), "me\0", "x\0", "y\0", "z", "SHM|", "", 1, 1, 32]
    )
    return _message(b"HS", struct.pack("<H", 69), number=1) + _message(b"CN", login, number=3)


def _scrambled(text: str) -> str:
    scrambled = []
    for index, char in enumerate(reversed(text)):
        low = ((ord(char) ^ 0xA7) + index) & 0xFF
        scrambled.append(chr((low << 5 | low >> 3) & 0xFF))
    return "".join(scrambled)


def request_seed(*parts: tuple[bytes, int, bytes]) -> bytes:
    """Write requests (kind, statement, data) as the connection targets read them."""
    kinds = _KINDS + _NATIVE_KINDS
    return b"".join(
        bytes((kinds.index(kind), statement)) + struct.pack("<H", len(data)) + data
        for kind, statement, data in parts
    )


def statement_data(text: str, *values: Scalar, sets: int = 1) -> bytes:
    """Write a statement with its values, as ``DQ`` (``sets`` 0) and ``DU`` carry it."""
    head = encode_row((1, text, len(values))) + encode_row(("?", 12)) * len(values)
    if sets == 0:
        return head + encode_row((0, len(values), *values, 0, 0))
    return head + encode_row((0, 0, sets, len(values))) + b"".join(map(encode, values)) * sets
