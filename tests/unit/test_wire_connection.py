"""Which request gets which answers: a scripted handler behind the connection, plain bytes before it."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError, SQLError
from iris_devtools.standin.wire.connection import Connection
from iris_devtools.standin.wire.framing import Channel
from iris_devtools.standin.wire.handler import Column, PrepareAgain, Prepared, Procedure, Welcome
from iris_devtools.standin.wire.items import ItemReader, encode_row
from iris_devtools.standin.wire.messages import answer_parameters, is_query

HEADER = struct.Struct("<IIIH")


class ScriptedHandler:
    """Answers every statement with one row ``('x',)``, or raises ``error``."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.refusal: str | None = None
        self.columns = (Column("a", 12),)
        self.rows: list[tuple[object, ...]] = [("x",)]
        self.autocommit: list[bool] = []
        self.unexpected: list[Exception] = []

    def _maybe_fail(self) -> None:
        if self.error is not None:
            raise self.error

    def login(self, login):
        if self.refusal is not None:
            raise LoginRefused(self.refusal)
        self._maybe_fail()
        return Welcome("banner", 7, login.isolation)

    def prepare(self, text, markers):
        if "prepare fails" in text:
            raise SQLError(-30, "no table", location="Prepare")
        return Prepared(self.columns if is_query(text) else None, len(markers), kept=True, statement=text)

    def query(self, prepared, values):
        self._maybe_fail()
        return self.rows

    def update(self, prepared, sets):
        self._maybe_fail()
        return [1] * len(sets)

    def commit(self):
        self._maybe_fail()

    rollback = commit

    def set_autocommit(self, *, on):
        self.autocommit.append(on)
        self._maybe_fail()

    def procedure(self, name):
        self._maybe_fail()
        return Procedure(name, 4, 10)

    def call(self, procedure, values):
        self._maybe_fail()
        return 77

    def native(self, call):
        self._maybe_fail()
        return "RES"

    def failure(self, error):
        self.unexpected.append(error)
        return f"told: {error}"

    def close(self):
        pass


class Client:
    """Sends requests as the driver does, counting by twos."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.socket.settimeout(5)
        self.count = -1

    def send(self, kind: bytes, data: bytes = b"", statement: int = 0) -> None:
        self.count += 2
        self.socket.sendall(struct.pack("<III2s", len(data), self.count, statement, kind) + data)

    def answer(self) -> tuple[int, bytes]:
        length, count, _, status = HEADER.unpack(self._read(14))
        assert count == self.count
        return status, self._read(length)

    def ask(self, kind: bytes, data: bytes = b"", statement: int = 0) -> tuple[int, bytes]:
        self.send(kind, data, statement)
        return self.answer()

    def is_hung_up_on(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            # So the kernel tells of a socket that was closed with bytes of ours unread.
            return True

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            chunk = self.socket.recv(size - len(data))
            assert chunk, "the server hung up"
            data += chunk
        return data


LOGIN = encode_row(["USER", "", "", "me\0", "here\0", "python\0", "x", "SHM|", "", 2, 1, 32])


@pytest.fixture
def handler() -> ScriptedHandler:
    return ScriptedHandler()


@pytest.fixture
def stranger(handler) -> Iterator[Client]:
    """A client that has not said anything yet."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        Connection(Channel(theirs), handler, login_timeout_s=5).run()
        theirs.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield Client(ours)
    ours.close()
    thread.join(5)
    assert not thread.is_alive()


@pytest.fixture
def client(stranger) -> Client:
    """A client that is logged in."""
    assert stranger.ask(b"HS", b"\x45\x00")[0] == 0
    assert stranger.ask(b"CN", LOGIN)[0] == 0
    return stranger


def prepare(client: Client, text: str, statement: int = 1) -> None:
    assert client.ask(b"PP", encode_row([1, text, 0]), statement)[0] == 0


RUN_QUERY = encode_row([1, 0, 0, 0])
RUN_UPDATE = encode_row([None, 0, 1, 0])


def test_a_login_is_welcomed_with_delimited_identifiers(stranger):
    stranger.ask(b"HS", b"\x45\x00")

    status, data = stranger.ask(b"CN", LOGIN)

    assert (status, data) == (0, encode_row(["banner", 1, 0, 1, "7", 0, 0]))


def test_a_refused_login_is_told_why_and_hung_up_on(stranger, handler):
    handler.refusal = "Access Denied"
    stranger.ask(b"HS", b"\x45\x00")

    assert stranger.ask(b"CN", LOGIN) == (417, encode_row(["Access Denied"]))
    assert stranger.is_hung_up_on()


def test_an_unexpected_error_at_login_is_logged_and_told(stranger, handler):
    handler.error = ZeroDivisionError("oops")
    stranger.ask(b"HS", b"\x45\x00")

    assert stranger.ask(b"CN", LOGIN) == (417, encode_row(["told: oops"]))
    assert [type(error) for error in handler.unexpected] == [ZeroDivisionError]


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01" + b"\0" * 40])
def test_another_protocol_is_hung_up_on(stranger, first):
    stranger.socket.sendall(first)

    assert stranger.is_hung_up_on()


def test_nothing_is_done_for_a_client_before_its_login(stranger):
    stranger.ask(b"HS", b"\x45\x00")
    stranger.send(b"PP", encode_row([1, "SELECT 1", 0]), 1)

    assert stranger.is_hung_up_on()


def test_a_query_is_answered_whole_and_finished(client, handler):
    handler.rows = [("x",), (None,), ("",)]
    prepare(client, "SELECT a")

    assert client.ask(b"PQ", RUN_QUERY, 1) == (100, encode_row(["x", None, ""]))
    assert client.ask(b"FD", b"", 1) == (100, b"")


def test_an_update_is_answered_with_one_count_for_each_set(client):
    prepare(client, "UPDATE t")

    assert client.ask(b"PU", encode_row([None, 0, 3, 0]), 1) == (0, encode_row([1, 1, 1]))


def test_a_failed_batch_has_a_count_for_each_set_too(client, handler):
    prepare(client, "UPDATE t")
    handler.error = SQLError(-119)

    assert client.ask(b"PU", encode_row([None, 0, 3, 0]), 1) == (119, encode_row([0, 0, 0]))


def test_a_direct_query_is_answered_twice(client):
    status, data = client.ask(b"DQ", encode_row([1, "SELECT a", 0]) + RUN_QUERY, 1)
    assert status == 0
    assert ItemReader(data).integer() == 1

    assert client.answer() == (100, encode_row(["x"]))


def test_a_direct_query_that_fails_late_is_answered_twice_too(client, handler):
    handler.error = SQLError(-110)

    assert client.ask(b"DQ", encode_row([1, "SELECT a", 0]) + RUN_QUERY, 1)[0] == 0
    assert client.answer() == (110, b"")


def test_a_direct_query_that_cannot_be_prepared_is_answered_once(client):
    assert client.ask(b"DQ", encode_row([1, "SELECT prepare fails", 0]) + RUN_QUERY, 1) == (30, b"")
    assert client.ask(b"TC") == (0, b"")


def test_the_text_of_a_failed_direct_update_is_followed_by_its_parameters(client, handler):
    handler.error = SQLError(-119, "not unique")
    markers = encode_row([1, "INSERT", 2, "?", 0, "c", 10])

    status, _ = client.ask(b"DU", markers + encode_row([None, 0, 1, 2, 5, "6"]), 1)
    assert status == 119
    status, data = client.ask(b"OE", encode_row([119]), 1)

    items = ItemReader(data)
    assert "not unique" in items.text()
    assert data.endswith(answer_parameters(2, kept=False))


@pytest.mark.parametrize("kind", [b"AN", b"AF", b"CS"])
def test_some_requests_get_no_answer(client, kind):
    client.send(kind, encode_row([0]))

    assert client.ask(b"TC") == (0, b"")


def test_autocommit_is_switched_even_when_the_handler_fails(client, handler):
    client.send(b"AN")
    handler.error = ValueError("no")
    client.send(b"AF")
    handler.error = None

    assert client.ask(b"TR") == (0, b"")
    assert handler.autocommit == [True, False]


def test_a_good_bye_ends_the_connection(client):
    client.send(b"DC")

    assert client.is_hung_up_on()


def test_an_error_goes_out_positive_and_its_text_when_asked_for(client, handler):
    prepare(client, "UPDATE t")
    handler.error = SQLError(-119, "not unique")

    assert client.ask(b"PU", RUN_UPDATE, 1) == (119, encode_row([0]))
    status, data = client.ask(b"OE", encode_row([119]), 1)
    assert status == 0
    assert ItemReader(data).text().startswith("[SQLCODE: <-119>:<")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ObjectScriptError("DIRECTORY", " */db/"), "<DIRECTORY> */db/"),
        (RuntimeError("surprise"), "told: surprise"),
    ],
)
def test_any_other_error_is_sqlcode_400(client, handler, error, expected):
    prepare(client, "SELECT a")
    handler.error = error

    assert client.ask(b"PQ", RUN_QUERY, 1) == (400, b"")
    handler.error = None
    assert expected in ItemReader(client.ask(b"OE", encode_row([400]), 1)[1]).text()
    assert client.ask(b"PQ", RUN_QUERY, 1)[0] == 100


@pytest.mark.parametrize("sqlcode", [-100, -404, 0])
def test_a_code_that_means_something_else_on_the_wire_becomes_400(client, handler, sqlcode):
    prepare(client, "SELECT a")
    handler.error = SQLError(sqlcode)

    assert client.ask(b"PQ", RUN_QUERY, 1) == (400, b"")


@pytest.mark.parametrize(("kind", "data"), [(b"PQ", RUN_QUERY), (b"PU", RUN_UPDATE)])
def test_a_statement_that_is_out_of_date_or_unknown_is_asked_for_again(client, handler, kind, data):
    prepare(client, "SELECT a" if kind == b"PQ" else "UPDATE t")
    handler.error = PrepareAgain()

    assert client.ask(kind, data, 1) == (404, b"")
    assert client.ask(kind, data, 99) == (404, b"")


@pytest.mark.parametrize("kind", [b"PP", b"PQ", b"PU", b"DQ", b"DU"])
def test_a_malformed_statement_request_fails_and_the_connection_goes_on(client, kind):
    prepare(client, "SELECT a")

    assert client.ask(kind, b"\xff\xff\xff", 1) == (400, b"")
    assert client.ask(b"PQ", RUN_QUERY, 1) == (100, encode_row(["x"]))


def test_an_unknown_message_is_answered_rather_than_left_hanging(client):
    assert client.ask(b"ZZ") == (400, b"")


@pytest.mark.parametrize("kind", [b"TC", b"TR"])
def test_a_transaction_that_cannot_be_ended_ends_the_connection(client, handler, kind):
    handler.error = SQLError(-110)
    client.send(kind)

    assert client.is_hung_up_on()


def test_streams_travel_as_handles_until_they_are_closed(client, handler):
    handler.columns = (Column("t", -1), Column("b", -4))
    handler.rows = [("äЯ", b"\x00\xff"), (None, b"")]
    prepare(client, "SELECT t, b")

    items = ItemReader(client.ask(b"PQ", RUN_QUERY, 1)[1])
    text, binary, null, empty = (items.value() for _ in range(4))

    assert null is None
    size = ItemReader(client.ask(b"SS", encode_row([text]))[1]).integer()
    assert client.ask(b"JS", encode_row([text, size])) == (0, "äЯ".encode())
    assert client.ask(b"JS", encode_row([binary, 2])) == (0, b"\x00\xff")
    assert client.ask(b"SS", encode_row([empty])) == (0, encode_row([0]))
    client.send(b"CS", encode_row([0]), 1)
    assert client.ask(b"SS", encode_row([text])) == (0, encode_row([-1]))


def test_the_row_id_function_returns_its_value_and_one_item_more(client):
    assert client.ask(b"SP", encode_row(["%SYSTEM.SQL_GetROWID"]), 3) == (
        0,
        encode_row([2, 1, 4, 10, 0, 1, 0, 0]),
    )
    assert client.ask(b"SU", encode_row([0, 0, 0, 1, 1]) + b"\x01", 3) == (0, encode_row([77, 0]))


def test_a_native_call_succeeds_with_the_status_that_means_success(client):
    assert client.ask(b"\x4b\xc2", encode_row(["C", "M", 0])) == (0xCA00, encode_row(["RES"]))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ObjectScriptError("CLASS DOES NOT EXIST", " *C"), "<CLASS DOES NOT EXIST> *C"),
        (KeyError("x"), "told: 'x'"),
    ],
)
def test_a_native_call_that_fails_carries_its_text(client, handler, error, text):
    handler.error = error

    status, data = client.ask(b"\x4b\xc2", encode_row(["C", "M", 0]))

    assert status != 0xCA00
    assert ItemReader(data).text() == text


def test_half_a_message_ends_with_its_sender(client):
    client.socket.sendall(struct.pack("<III2s", 1000, 5, 1, b"PP") + b"half")
    client.socket.shutdown(socket.SHUT_WR)

    assert client.is_hung_up_on()


def test_a_message_too_long_to_be_true_is_not_waited_for(client):
    client.socket.sendall(struct.pack("<III2s", 0xFFFFFFFF, 5, 1, b"PP"))

    assert client.is_hung_up_on()
