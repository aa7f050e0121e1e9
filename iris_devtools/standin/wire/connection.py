"""The loop of one connection: which request gets which answers, what an error looks like."""

from __future__ import annotations

import itertools
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import (
    LoginRefused,
    ObjectScriptError,
    ProtocolError,
    SQLError,
    StandinError,
)
from iris_devtools.standin.values import Scalar
from iris_devtools.standin.wire import messages
from iris_devtools.standin.wire.framing import MESSAGE_LIMIT, Channel, ConnectionLost, Frame
from iris_devtools.standin.wire.handler import Handler, PrepareAgain, Prepared, Procedure
from iris_devtools.standin.wire.items import ItemReader, encode
from iris_devtools.standin.wire.native import (
    NATIVE_FAILURE,
    NATIVE_SUCCESS,
    answer_native,
    is_native,
    read_native,
)

__all__ = ["LOGIN_TIMEOUT_S", "Connection"]

_log = logging.getLogger(__name__)

LOGIN_TIMEOUT_S = 10.0
"""How long a client may take from its first byte to its login."""

_OK, _DONE, _PREPARE_AGAIN, _REFUSED = 0, 100, 404, 417
_KEPT_STATEMENTS = 2000


class Connection:
    """Talk with one client until it leaves, in the caller's thread.

    Every request is answered exactly once, except ``AN``, ``AF``, ``CS`` and ``DC`` (never) and a good ``DQ``
    (twice): one answer too many or too few is the end of the client (wire-protocol 1). Whatever a client
    sends, nothing but this connection suffers.
    """

    def __init__(
        self, channel: Channel, handler: Handler, *, login_timeout_s: float = LOGIN_TIMEOUT_S
    ) -> None:
        self._channel = channel
        self._handler = handler
        self._login_timeout_s = login_timeout_s
        self.busy_since: float | None = None
        """The monotonic time at which the present request was there, ``None`` while the client's turn is."""
        self._statements: OrderedDict[int, Prepared] = OrderedDict()
        self._procedures: dict[int, Procedure] = {}
        self._errors: dict[int, tuple[str, bytes]] = {}
        self._streams: dict[int, dict[str, bytes]] = {}
        self._stream_numbers = itertools.count(1)
        self._answers: dict[bytes, Callable[[Frame], None]] = {
            b"PP": self._prepare,
            b"PQ": self._query,
            b"PU": self._update,
            b"DQ": self._direct_query,
            b"DU": self._direct_update,
            b"FD": self._fetch,
            b"OE": self._error_text,
            b"TC": self._commit,
            b"TR": self._rollback,
            b"AN": self._autocommit_on,
            b"AF": self._autocommit_off,
            b"SS": self._stream_size,
            b"JS": self._stream_data,
            b"CS": self._close_streams,
            b"SP": self._prepare_procedure,
            b"SU": self._call_procedure,
        }

    def run(self) -> None:
        """Serve the client until it says good-bye, hangs up, or sends something that is no message."""
        try:
            if self._let_in():
                self._channel.expect_within(None)
                self._channel.limit = MESSAGE_LIMIT
                while self._serve_one():
                    pass
        except ConnectionLost as lost:
            _log.debug("connection ended: %s", lost)
        except ProtocolError as error:
            _log.info("connection closed: %s", error)

    def _let_in(self) -> bool:
        self._channel.expect_within(self._login_timeout_s)
        greeting = self._channel.receive()
        if greeting.kind != b"HS":
            raise ProtocolError(f"a connection that begins with {greeting.kind!r}")
        self._channel.send(greeting, _OK, messages.answer_login(greeting.data))
        request = self._channel.receive()
        if request.kind != b"CN":
            raise ProtocolError(f"{request.kind!r} in place of a login")
        login = messages.read_login(request.data)
        try:
            welcome = self._handler.login(login)
        except LoginRefused as refused:
            self._channel.send(request, _REFUSED, encode(refused.text))
            return False
        except Exception as error:  # noqa: BLE001 - failure() logs it, and the client is told
            self._channel.send(request, _REFUSED, encode(self._handler.failure(error)))
            return False
        self._channel.send(request, _OK, messages.answer_welcome(welcome))
        return True

    def _serve_one(self) -> bool:
        frame = self._channel.receive()
        if frame.kind == b"DC":
            return False
        self.busy_since = time.monotonic()
        answer = self._answers.get(frame.kind)
        if answer is not None:
            answer(frame)
        elif is_native(frame.kind):
            self._native(frame)
        else:
            self._fail(frame, SQLError(-400, f"Message type {frame.kind!r} is not known to this server"))
        self.busy_since = None
        return True

    # Statements

    def _prepare(self, frame: Frame) -> None:
        try:
            statement = messages.read_statement(ItemReader(frame.data))
            prepared = self._handler.prepare(statement.text, statement.markers)
        except Exception as error:  # noqa: BLE001 - _fail tells the client and logs what nobody expected
            self._fail(frame, error)
            return
        self._keep(frame.statement, prepared)
        self._channel.send(frame, _OK, messages.answer_prepared(prepared))

    def _query(self, frame: Frame) -> None:
        prepared = self._find(frame.statement)
        try:
            if prepared is None:
                raise PrepareAgain
            if prepared.columns is None:
                raise _no_query()
            rows = self._handler.query(prepared, messages.read_values(ItemReader(frame.data)))
            data = self._encode_rows(frame.statement, prepared, rows)
        except PrepareAgain:
            self._channel.send(frame, _PREPARE_AGAIN)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(frame, error)
        else:
            self._channel.send(frame, _DONE, data)

    def _update(self, frame: Frame) -> None:
        prepared = self._find(frame.statement)
        sets: list[list[Scalar]] = []
        try:
            if prepared is None:
                raise PrepareAgain
            sets = messages.read_sets(ItemReader(frame.data))
            counts = self._handler.update(prepared, sets)
        except PrepareAgain:
            self._channel.send(frame, _PREPARE_AGAIN)
        except Exception as error:  # noqa: BLE001 - as above
            # The driver reads a row count for each set even from an error; without them it reads stale
            # memory, and raises LIST ERROR in place of the real one.
            self._fail(frame, error, data=encode(0) * len(sets))
        else:
            self._channel.send(frame, _OK, b"".join(map(encode, counts)))

    def _direct_query(self, frame: Frame) -> None:
        items = ItemReader(frame.data)
        try:
            statement = messages.read_statement(items)
            prepared = self._handler.prepare(statement.text, statement.markers)
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(frame, error)
            return
        self._keep(frame.statement, prepared)
        self._channel.send(frame, _OK, messages.answer_prepared(prepared))
        try:
            if prepared.columns is None:
                raise _no_query()
            rows = self._handler.query(prepared, messages.read_values(items))
            data = self._encode_rows(frame.statement, prepared, rows)
        except PrepareAgain:
            # Somebody's definition came in between, and the columns that were just announced are gone.
            self._fail(frame, SQLError(-400, "A definition was changed while the statement was prepared"))
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(frame, error)
        else:
            self._channel.send(frame, _DONE, data)

    def _direct_update(self, frame: Frame) -> None:
        items = ItemReader(frame.data)
        count = 0
        try:
            statement = messages.read_statement(items)
            count = len(statement.markers)
            prepared = self._handler.prepare(statement.text, statement.markers)
            counts = self._handler.update(prepared, messages.read_sets(items))
        except Exception as error:  # noqa: BLE001 - as above
            # The driver reads the parameter list of a failed DU behind the error's text (wire-protocol 7.4).
            self._fail(frame, error, behind_text=messages.answer_parameters(count, kept=False))
            return
        self._keep(frame.statement, prepared)
        head = messages.answer_parameters(prepared.parameter_count, kept=prepared.kept)
        self._channel.send(frame, _OK, head + b"".join(map(encode, counts)))

    def _fetch(self, frame: Frame) -> None:
        # Every result went out whole, with status 100: there is nothing to add.
        self._channel.send(frame, _DONE)

    def _keep(self, number: int, prepared: Prepared) -> None:
        """Remember a statement; the client never closes one, but prepares a forgotten one again."""
        self._statements[number] = prepared
        self._statements.move_to_end(number)
        while len(self._statements) > _KEPT_STATEMENTS:
            oldest, _ = self._statements.popitem(last=False)
            self._streams.pop(oldest, None)

    def _find(self, number: int) -> Prepared | None:
        prepared = self._statements.get(number)
        if prepared is not None:
            self._statements.move_to_end(number)
        return prepared

    # Rows and streams

    def _encode_rows(self, number: int, prepared: Prepared, rows: Sequence[Sequence[Scalar]]) -> bytes:
        if prepared.streams:
            rows = self._with_handles(number, prepared.streams, rows)
        return b"".join([encode(value) for row in rows for value in row])

    def _with_handles(
        self, number: int, streams: Sequence[int], rows: Sequence[Sequence[Scalar]]
    ) -> Sequence[Sequence[Scalar]]:
        handles = self._streams[number] = {}
        replaced = []
        for row in rows:
            values = list(row)
            for index in streams:
                value = values[index]
                if value is not None:
                    handle = values[index] = str(next(self._stream_numbers))
                    handles[handle] = (
                        value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
                    )
            replaced.append(values)
        return replaced

    def _stream(self, handle: str) -> bytes | None:
        return next((h[handle] for h in reversed(self._streams.values()) if handle in h), None)

    def _stream_size(self, frame: Frame) -> None:
        stream = self._stream(ItemReader(frame.data).text())
        self._channel.send(frame, _OK, encode(-1 if stream is None else len(stream)))

    def _stream_data(self, frame: Frame) -> None:
        items = ItemReader(frame.data)
        stream = self._stream(items.text()) or b""
        size = items.integer()
        self._channel.send(frame, _OK, stream[: max(size, 0)])

    def _close_streams(self, frame: Frame) -> None:
        self._streams.pop(frame.statement, None)

    # Transactions

    def _commit(self, frame: Frame) -> None:
        try:
            self._handler.commit()
        except Exception as error:
            # The driver takes every answer to TC for a success, whatever its status: hanging up is all that
            # it notices, and a commit that did not happen must be noticed.
            self._handler.failure(error)
            raise ConnectionLost(f"hung up, because a commit failed: {error}") from error
        self._channel.send(frame, _OK)

    def _rollback(self, frame: Frame) -> None:
        try:
            self._handler.rollback()
        except Exception as error:
            self._handler.failure(error)
            raise ConnectionLost(f"hung up, because a rollback failed: {error}") from error
        self._channel.send(frame, _OK)

    def _autocommit_on(self, _frame: Frame) -> None:
        self._switch_autocommit(on=True)

    def _autocommit_off(self, _frame: Frame) -> None:
        self._switch_autocommit(on=False)

    def _switch_autocommit(self, *, on: bool) -> None:
        try:
            self._handler.set_autocommit(on=on)
        except Exception as error:  # noqa: BLE001 - failure() logs it; there is no answer to put it in
            self._handler.failure(error)

    # Stored functions

    def _prepare_procedure(self, frame: Frame) -> None:
        try:
            procedure = self._handler.procedure(ItemReader(frame.data).text())
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(frame, error)
            return
        self._procedures[frame.statement] = procedure
        self._channel.send(frame, _OK, messages.answer_procedure(procedure))

    def _call_procedure(self, frame: Frame) -> None:
        try:
            procedure = self._procedures.get(frame.statement)
            if procedure is None:
                raise SQLError(-428, "A stored procedure was called that has not been prepared")
            result = self._handler.call(procedure, messages.read_call(frame.data))
        except Exception as error:  # noqa: BLE001 - as above
            self._fail(frame, error)
        else:
            # The driver fails on every second call without the item behind the values (wire-protocol 12).
            self._channel.send(frame, _OK, encode(result) + encode(0))

    # Native calls

    def _native(self, frame: Frame) -> None:
        try:
            call = read_native(frame.kind, frame.data)
            result = self._handler.native(call)
            data = answer_native(frame.kind, call, result)
        except (StandinError, PrepareAgain) as error:
            self._channel.send(frame, NATIVE_FAILURE, encode(str(error)))
        except Exception as error:  # noqa: BLE001 - failure() logs it, and the client is told
            self._channel.send(frame, NATIVE_FAILURE, encode(self._handler.failure(error)))
        else:
            self._channel.send(frame, NATIVE_SUCCESS, data)

    # Errors

    def _fail(self, frame: Frame, error: Exception, *, data: bytes = b"", behind_text: bytes = b"") -> None:
        """Answer with an error code, and remember the text that the client will ask for.

        The code goes without its sign, or the driver would not see its kind (wire-protocol 8).
        """
        if isinstance(error, SQLError):
            status, text = abs(error.sqlcode), error.text()
        elif isinstance(error, (ObjectScriptError, ProtocolError)):
            status, text = 400, SQLError(-400, f"Unexpected error occurred:  {error}").text()
        else:
            status, text = 400, self._handler.failure(error)
        if status in (_OK, _DONE, _PREPARE_AGAIN) or status > 0xFFFF:
            status = 400
        self._errors = {frame.statement: (text, behind_text)}
        self._channel.send(frame, status, data)

    def _error_text(self, frame: Frame) -> None:
        fallback = (SQLError(-400, "No error is known for this statement").text(), b"")
        text, behind = self._errors.get(frame.statement, fallback)
        self._channel.send(frame, _OK, encode(text) + behind)


def _no_query() -> SQLError:
    return SQLError(-400, "A query was asked of a statement that returns no rows")
