"""The way into a running server for the ``iris`` command: a socket in the manager's directory.

The command hands over its own standard input and output with its request, so that the two ends of a pipe,
or a terminal, are the session's; what goes back over the socket is the exit code alone. The operating system
says who asks: the server's own user needs no password.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pwd
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from iris_devtools.standin.instance import Instance
from iris_devtools.standin.terminal.session import run_terminal

__all__ = ["SOCKET_NAME", "Door"]

SOCKET_NAME = "terminal.sock"

_log = logging.getLogger(__name__)
_CREDENTIALS = struct.Struct("3i")
_LONGEST_REQUEST = 4 * 1024 * 1024


Service = Callable[[Sequence[str]], tuple[str, int]]
"""Does something else than a session with its arguments; returns what to print and the exit code."""


class Door:
    """Serve every request in a thread of its own, until it is closed.

    ``services`` are what it does beside sessions, by name.
    """

    def __init__(
        self, instance: Instance, directory: Path, *, services: Mapping[str, Service] | None = None
    ) -> None:
        self._instance = instance
        self._services = dict(services or {})
        self._path = directory / SOCKET_NAME
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def open(self) -> None:
        """Begin to serve; raises OSError when the socket cannot be made."""
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._path.chmod(0o777)
        self._listener.listen(64)
        threading.Thread(target=self._accept, name="door", daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), name="terminal", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            try:
                code = self._session(client)
            except EOFError:
                # Somebody only looked whether the door opens.
                return
            except Exception as error:  # noqa: BLE001 - it is logged, and only this session suffers
                _log.error("a terminal session ended with an unexpected error", exc_info=error)
                code = 1
            with contextlib.suppress(OSError):
                client.sendall(bytes([code & 0xFF]))

    def _session(self, client: socket.socket) -> int:
        raw = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        _, uid, _ = _CREDENTIALS.unpack(raw)
        request, descriptors = _receive(client)
        with _text(descriptors[0], "r") as source, _text(descriptors[1], "w") as target:
            try:
                service = self._services.get(request.get("service", ""))
                if service is not None:
                    text, code = service(request["arguments"])
                    target.write(text)
                    return code
                return run_terminal(
                    self._instance,
                    source,
                    target,
                    namespace=request["namespace"],
                    command=request["command"],
                    environment=request["environment"],
                    directory=request["directory"],
                    os_user=_name_of(uid),
                    trusted=uid == os.getuid(),
                    interactive=source.isatty(),
                )
            except BrokenPipeError:
                return 1


def _receive(client: socket.socket) -> tuple[dict[str, Any], list[int]]:
    data, descriptors, _, _ = socket.recv_fds(client, 65536, 2)
    while not data.endswith(b"\n"):
        more = client.recv(65536)
        if not data and not more:
            raise EOFError
        if not more or len(data) > _LONGEST_REQUEST:
            raise ValueError("a request was cut off")
        data += more
    return json.loads(data), descriptors


def _text(descriptor: int, mode: str) -> IO[str]:
    # Bytes that are no UTF-8 survive the way in and out.
    return open(descriptor, mode, encoding="utf-8", errors="surrogateescape", newline="\n")


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
