"""Cut the byte stream of a connection into messages, and put answers on it (wire-protocol 2)."""

from __future__ import annotations

import socket
import struct
import time
from typing import NamedTuple

from iris_devtools.standin.errors import ProtocolError

__all__ = ["HEADER_SIZE", "LOGIN_LIMIT", "MESSAGE_LIMIT", "Channel", "ConnectionLost", "Frame"]

HEADER_SIZE = 14
LOGIN_LIMIT = 65_536
"""The longest message, in bytes, of a client that has not logged in."""
MESSAGE_LIMIT = 1 << 30
"""The longest message, in bytes, of a client that has."""

_HEADER = struct.Struct("<III2s")
_ANSWER = struct.Struct("<IIIH")
_CHUNK = 1 << 20
_AHEAD = 4096
"""How much is read at once where a header is due: with it, the data of a usual request."""


class ConnectionLost(Exception):
    """The client is gone, in the middle of a message or between two."""


class Frame(NamedTuple):
    """One request as it came."""

    number: int
    statement: int
    kind: bytes
    data: bytes


class Channel:
    """Read requests from a socket and write answers to it.

    Used by one thread. Memory grows with what a client really sends, never with what its header claims.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._deadline: float | None = None
        self._ahead = b""
        self.limit = LOGIN_LIMIT

    def expect_within(self, timeout_s: float | None) -> None:
        """Let all that is received from now on arrive within ``timeout_s``; ``None`` waits for ever."""
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._socket.settimeout(None)

    def receive(self) -> Frame:
        """Return the next request.

        Raises :class:`ConnectionLost` when the client is gone or too slow, :class:`ProtocolError` when a
        header announces more than the limit.
        """
        ahead = self._ahead or self._receive(_AHEAD)
        self._ahead = b""
        if len(ahead) < HEADER_SIZE:
            ahead += self._read(HEADER_SIZE - len(ahead))
        size, number, statement, kind = _HEADER.unpack_from(ahead)
        if size > self.limit:
            raise ProtocolError(f"a message of {size} bytes was announced, the limit is {self.limit}")
        end = HEADER_SIZE + size
        if len(ahead) > end:
            self._ahead = ahead[end:]
            return Frame(number, statement, kind, ahead[HEADER_SIZE:end])
        data = ahead[HEADER_SIZE:]
        if len(ahead) < end:
            data += self._read(end - len(ahead))
        return Frame(number, statement, kind, data)

    def send(self, frame: Frame, status: int, data: bytes = b"") -> None:
        """Answer a request; raises :class:`ConnectionLost` when the client is gone."""
        header = _ANSWER.pack(len(data), frame.number, frame.statement, status)
        try:
            self._socket.sendall(header + data)
        except OSError as error:
            raise ConnectionLost(str(error)) from error

    def _read(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            received += self._receive(min(size - len(received), _CHUNK))
        return bytes(received)

    def _receive(self, limit: int) -> bytes:
        try:
            if self._deadline is not None:
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise ConnectionLost("the client took too long")
                self._socket.settimeout(left)
            chunk = self._socket.recv(limit)
        except OSError as error:
            raise ConnectionLost(str(error)) from error
        if not chunk:
            raise ConnectionLost("the client hung up")
        return chunk
