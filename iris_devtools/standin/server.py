"""Listen on a TCP port and serve every client in a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from types import TracebackType

from iris_devtools.standin.hangups import HangUps
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.wire.connection import LOGIN_TIMEOUT_S, Connection
from iris_devtools.standin.wire.framing import Channel

__all__ = ["StandinServer"]

_log = logging.getLogger(__name__)

_BACKLOG = 128
_STOP_TIMEOUT_S = 10.0


class StandinServer:
    """One Instance, reachable for the driver.

    Bytes that are no message, clients that stop in the middle of one, and clients that never log in cost
    one thread each for a limited time, and disturb nobody else. The statement of a client that is gone is
    broken off and rolled back within a second. The connection limit is the Instance's.
    """

    def __init__(
        self,
        instance: Instance,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login_timeout_s: float = LOGIN_TIMEOUT_S,
    ) -> None:
        self.instance = instance
        self._host = host
        self._wanted_port = port
        self._login_timeout_s = login_timeout_s
        self._lock = threading.Lock()
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._stopping = threading.Event()
        self._hang_ups = HangUps()

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._listener is None:
            raise RuntimeError("the server is not started")
        port: int = self._listener.getsockname()[1]
        return port

    def bind(self) -> None:
        """Take the port, so that clients may begin to wait; raises OSError when it is not to be had."""
        self._listener = socket.create_server((self._host, self._wanted_port), backlog=_BACKLOG)

    def start(self) -> None:
        """Start the Instance and serve; raises OSError when the port is not to be had."""
        if self._listener is None:
            self.bind()
        try:
            self.instance.start()
        except BaseException:
            self._close_listener()
            raise
        self._hang_ups.start()
        self._acceptor = threading.Thread(target=self._accept, name="accept", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Accept nobody any more, end every session, stop the Instance. Open transactions are rolled back."""
        self._stopping.set()
        self._hang_ups.stop()
        self._close_listener()
        if self._acceptor is not None:
            self._acceptor.join(_STOP_TIMEOUT_S)
        for process in self.instance.processes:
            process.terminate()
        with self._lock:
            clients = list(self._clients.items())
        for client, _ in clients:
            _hang_up(client)
        for _, thread in clients:
            thread.join(_STOP_TIMEOUT_S)
        self.instance.stop()

    def __enter__(self) -> StandinServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _close_listener(self) -> None:
        if self._listener is not None:
            with contextlib.suppress(OSError):
                # Closing alone does not wake a thread that waits in accept().
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()

    def _accept(self) -> None:
        assert self._listener is not None
        while not self._stopping.is_set():
            try:
                client, address = self._listener.accept()
            except OSError as error:
                if self._stopping.is_set():
                    return
                _log.warning("a client could not be accepted: %s", error)
                continue
            thread = threading.Thread(
                target=self._serve, args=(client, address[0]), name=f"client {address}", daemon=True
            )
            with self._lock:
                self._clients[client] = thread
            thread.start()

    def _serve(self, client: socket.socket, address: str) -> None:
        session = Session(self.instance, hang_up=lambda: _hang_up(client), address=address)
        try:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection = Connection(Channel(client), session, login_timeout_s=self._login_timeout_s)
            self._hang_ups.watch(client, busy_since=lambda: connection.busy_since, abandon=session.break_off)
            connection.run()
        except Exception as error:  # noqa: BLE001 - it is logged, and only this client suffers
            _log.error("a connection ended with an unexpected error", exc_info=error)
        finally:
            try:
                session.close()
            except Exception as error:  # noqa: BLE001 - as above
                _log.error("a session could not be closed", exc_info=error)
            self._hang_ups.forget(client)
            client.close()
            with self._lock:
                self._clients.pop(client, None)


def _hang_up(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
