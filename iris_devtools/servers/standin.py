"""Start a stand-in as a process of its own, or find the one that serves a data directory already.

How servers and their users find each other is described in :mod:`iris_devtools.standin.service`.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from iris_devtools.errors import ServerStartError
from iris_devtools.servers.ignored import keep_out_of_git
from iris_devtools.servers.server import Server
from iris_devtools.urls import parse_url

__all__ = ["StandinProcess", "find_standin", "running_standin", "start_standin"]

_START_TIMEOUT_S = 30.0
_STOP_TIMEOUT_S = 15.0
_GREETING_TIMEOUT_S = 5.0
_LOG_LINES = 12
_USERNAME, _PASSWORD = "_SYSTEM", "SYS"

# The driver's first message, HS with protocol version 69, and the beginning of the answer to it (wire-
# protocol 2).
_GREETING = struct.pack("<IIIHH", 2, 1, 0, 0x5348, 69)
_GREETED = struct.Struct("<IIIHH")

_numbers = itertools.count(1)
_left_to_others: list[subprocess.Popen[bytes]] = []
"""Servers that were started here and are used by others: kept, for a Popen that is dropped complains."""


class StandinProcess:
    """A stand-in that this process may use until :meth:`stop`.

    As long as it may, the server stays, even when the process that started it ends. Not for use after a fork.
    """

    def __init__(
        self,
        server: Server,
        *,
        data: Path,
        pid: int,
        claim: FileLock,
        process: subprocess.Popen[bytes] | None,
        stays: bool = False,
    ) -> None:
        self.server = server
        self.data = data
        self.pid = pid
        self._claim = claim
        self._process = process
        self._stays = stays

    @property
    def started_here(self) -> bool:
        """Whether this object started the server."""
        return self._process is not None

    def stop(self) -> None:
        """End the use. The data stay. Twice is fine.

        A server that was started here ends before this returns, cleanly, unless others still use it: then
        it ends after the last of them. It is waited for up to 15 s, then killed; what was committed
        survives that too.
        """
        process, self._process = self._process, None
        self._claim.release()
        if process is None:
            return
        with FileLock(self.data / "starting.lock"):
            if not self._stays and process.poll() is None and _has_owner(self.data / "owners"):
                _left_to_others.append(process)
            else:
                _end(process)
        _close_pipes(process)

    def __enter__(self) -> StandinProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<StandinProcess {self.pid} at {self.server.host}:{self.server.port}, data in {self.data}>"


def start_standin(
    *,
    data: Path,
    port: int = 0,
    timeout_s: float = _START_TIMEOUT_S,
    connections: int | None = None,
    change_password: bool = False,
    stay: bool = False,
) -> StandinProcess:
    """Start a server on a data directory and return when it accepts logins.

    It ends when this process does, however that happens, unless others still use it, or ``stay`` is set. What
    is committed survives a killed server, and not for certain a power cut.

    Raises:
        ServerStartError: it did not start within ``timeout_s``, or refused to; ``facts`` has ``data``,
        ``log`` and
            ``exit_code``, the message the last lines of its log.

    """
    data = data.absolute()
    with _usable(data), _starting(data, timeout_s):
        return _start(
            data,
            port=port,
            timeout_s=timeout_s,
            connections=connections,
            change_password=change_password,
            stay=stay,
        )


def running_standin(data: Path, *, timeout_s: float = _START_TIMEOUT_S) -> StandinProcess:
    """Return the server of a data directory: the one that runs, or else one that is started now.

    Any number of processes may ask at once; one of them starts the server, all of them get it.

    Raises:
        ServerStartError: as :func:`start_standin`.

    """
    data = data.absolute()
    with _usable(data), _starting(data, timeout_s):
        found = _find(data)
        if found is None:
            return _start(data, port=0, timeout_s=timeout_s)
        server, pid = found
        return StandinProcess(server, data=data, pid=pid, claim=_claim(data), process=None)


def find_standin(data: Path) -> Server | None:
    """Return the server that serves a data directory at this moment, ``None`` when there is none; starts
    nothing."""
    found = _find(data.absolute())
    return None if found is None else found[0]


def _find(data: Path) -> tuple[Server, int] | None:
    try:
        state = json.loads((data / "standin.json").read_text(encoding="utf-8"))
        server, pid = _server(str(state["host"]), int(state["port"])), int(state["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not _is_held(data / "standin.lock") or not _answers(server):
        return None
    return server, pid


def _server(host: str, port: int) -> Server:
    return Server(
        kind="standin", host=host, port=port, username=_USERNAME, password=_PASSWORD, local_files=True
    )


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def _answers(server: Server) -> bool:
    """Greet the server as the driver does, and see whether it greets back."""
    try:
        with socket.create_connection((server.host, server.port), timeout=_GREETING_TIMEOUT_S) as connection:
            connection.sendall(_GREETING)
            answer = b""
            while len(answer) < _GREETED.size:
                received = connection.recv(64)
                if not received:
                    return False
                answer += received
    except OSError:
        return False
    _, count, _, status, _ = _GREETED.unpack(answer[: _GREETED.size])
    return bool(count == 1 and status == 0)


@contextlib.contextmanager
def _usable(data: Path) -> Iterator[None]:
    """Make the data directory, and say in our words when it cannot be made or written."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        keep_out_of_git(data)
        yield
    except OSError as error:
        raise ServerStartError(
            f"The stand-in cannot keep its databases in {data}: {error.strerror or error}.",
            hint="Make the directory writable for this user and see that the disk has room, or name another "
            "one: data_directory in [tool.iris-devtools], or IRIS_DEVTOOLS_DATA_DIRECTORY.",
            data=str(data),
        ) from error


@contextlib.contextmanager
def _starting(data: Path, timeout_s: float) -> Iterator[None]:
    try:
        lock = FileLock(data / "starting.lock").acquire(timeout=timeout_s)
    except Timeout:
        raise ServerStartError(
            f"Another process has been starting a stand-in on {data} for more than {timeout_s:g} s.",
            hint=f"Look for a hanging process; its log is {data / 'standin.log'}.",
            data=str(data),
        ) from None
    with lock:
        yield


def _has_owner(owners: Path) -> bool:
    return any(_is_held(path) for path in owners.glob("*.lock"))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _claim(data: Path) -> FileLock:
    owners = data / "owners"
    owners.mkdir(exist_ok=True)
    claim = FileLock(owners / f"{os.getpid()}-{next(_numbers)}.lock")
    claim.acquire(timeout=0)
    return claim


def _start(
    data: Path,
    *,
    port: int,
    timeout_s: float,
    connections: int | None = None,
    change_password: bool = False,
    stay: bool = False,
) -> StandinProcess:
    command = [sys.executable, "-m", "iris_devtools.cli", "standin", "--data", str(data), "--port", str(port)]
    # What is in it can be made again, and every test that commits would wait for the disk.
    command += ["--log-level", "info", "--survives", "kill"]
    if connections is not None:
        command += ["--connections", str(connections)]
    if change_password:
        command.append("--change-password")
    if not stay:
        command.append("--exit-with-parent")
    log = data / "standin.log"
    with log.open("wb") as errors:
        # A session of its own: Ctrl-C in a terminal is for the user's program, which then ends the server.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if stay else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    try:
        line = _first_line(process, timeout_s)
        if not line:
            raise _start_error(data, log, process, timeout_s)
        url = parse_url(line)
        claim = _claim(data)
    except BaseException:
        process.kill()
        process.wait()
        _close_pipes(process)
        raise
    if process.stdout is not None:
        process.stdout.close()
    return StandinProcess(
        _server(url.host, url.port), data=data, pid=process.pid, claim=claim, process=process, stays=stay
    )


def _first_line(process: subprocess.Popen[bytes], timeout_s: float) -> str:
    """Return the URL that the server prints when it is ready; ``""`` when it ends or the time is over."""
    assert process.stdout is not None
    deadline = time.monotonic() + timeout_s
    received = b""
    while not received.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            return ""
        chunk = os.read(process.stdout.fileno(), 4096)
        if not chunk:
            return ""
        received += chunk
    return received.decode("utf-8", "replace").splitlines()[0].strip()


def _start_error(
    data: Path, log: Path, process: subprocess.Popen[bytes], timeout_s: float
) -> ServerStartError:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(1.0)
    code = process.poll()
    what = f"was not ready within {timeout_s:g} s" if code is None else f"ended with exit code {code}"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    return ServerStartError(
        f"The stand-in on {data} {what}." + "".join(f"\n    {line}" for line in lines),
        hint=f"The whole log is {log}.",
        data=str(data),
        log=str(log),
        exit_code=code,
    )


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
