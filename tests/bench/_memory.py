"""A server that answers from memory: the same protocol with nothing behind it, which is the driver's ceiling.

``python -m tests.bench._memory`` writes its port and serves until standard input ends.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Sequence
from typing import Any

from iris_devtools.standin.wire.connection import Connection
from iris_devtools.standin.wire.framing import Channel
from iris_devtools.standin.wire.handler import Column, Prepared, Welcome
from iris_devtools.standin.wire.messages import is_query
from tests.bench._rows import ROWS

ONE = (Column("name", 12),)
ALL = (Column("id", 4), Column("share", 8), Column("name", 12), Column("noted", 93), Column("note", 12))


class Memory:
    """Answer every query with the same rows, and every update with success."""

    def login(self, login: Any) -> Welcome:
        return Welcome("memory", 1, login.isolation)

    def prepare(self, text: str, markers: Sequence[object]) -> Prepared:
        columns = None if not is_query(text) else ONE if "WHERE" in text else ALL
        return Prepared(columns, len(markers), kept=True, statement=text)

    def query(self, prepared: Prepared, values: Sequence[object]) -> Sequence[Sequence[Any]]:
        return [("a name",)] if prepared.columns is ONE else ROWS

    def update(self, prepared: Prepared, sets: Sequence[Sequence[object]]) -> Sequence[int]:
        return [1] * len(sets)

    def nothing(self, **_: object) -> None:
        return None

    commit = rollback = set_autocommit = nothing

    def failure(self, error: Exception) -> str:
        return str(error)


class Remembered(Connection):
    """Encode an answer once for all connections, so that only its way to the client is measured."""

    answers: dict[int, bytes] = {}  # noqa: RUF012 - shared on purpose

    def _encode_rows(self, statement: int, prepared: Prepared, rows: Sequence[Sequence[Any]]) -> bytes:
        if len(rows) not in self.answers:
            self.answers[len(rows)] = super()._encode_rows(statement, prepared, rows)
        return self.answers[len(rows)]


def serve(listener: socket.socket) -> None:
    while True:
        client, _ = listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Remembered(Channel(client), Memory())  # type: ignore[arg-type]
        threading.Thread(target=connection.run, daemon=True).start()


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
