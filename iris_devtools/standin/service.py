"""Run a server as a process of its own: one per data directory, found by its state file, ended by a signal.

In the data directory lie

``standin.lock``   held by the running server, so that a second one cannot start
``standin.json``   where the running server listens: pid, host, port
``starting.lock``  held for a moment by whoever looks for a server, or is about to start or end one
``owners/``        one lock file for each process that uses the server; it is held until that process ends
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.standin.catalog.connection import renew_catalogue
from iris_devtools.standin.errors import StandinError
from iris_devtools.standin.instance import Instance, Options
from iris_devtools.standin.server import StandinServer

__all__ = ["DataDirectoryInUse", "PortTaken", "serve"]

_log = logging.getLogger(__name__)

_LOCK_TIMEOUT_S = 2.0
"""Longer than anybody holds the lock who only looks whether it is held."""
_OWNERS_EVERY_S = 0.2
_STANDARD_INPUT = 0


class DataDirectoryInUse(StandinError):
    """Another server has the data directory; ``pid`` and ``port`` are ``None`` when it does not say."""

    def __init__(self, data: Path, *, pid: int | None, port: int | None) -> None:
        who = f"process {pid}, port {port}" if pid is not None else "it has not said where it listens"
        super().__init__(f"Another stand-in serves {data} already ({who}).")
        self.data = data
        self.pid = pid
        self.port = port


class PortTaken(StandinError):
    """The port cannot be listened on."""

    def __init__(self, host: str, port: int, reason: str) -> None:
        super().__init__(f"The stand-in cannot listen on {host}:{port}: {reason}.")
        self.host = host
        self.port = port


def serve(
    data: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    options: Options | None = None,
    exit_with_owners: bool = False,
    ready: Callable[[str], None],
) -> None:
    """Serve a data directory until SIGTERM or SIGINT, then stop cleanly and keep the data.

    ``ready`` is called once with the URL of namespace USER, when the first client can connect. With
    ``exit_with_owners`` the end of standard input says that the process that started this one is gone; the
    server then ends as soon as no other owner is left. Wants the main thread.

    Raises DataDirectoryInUse, PortTaken, or StorageError when the data directory cannot be opened.
    """
    data = data.absolute()
    data.mkdir(parents=True, exist_ok=True)
    with _sole(data), _signals() as ended:
        server = StandinServer(Instance(data, options, renew=renew_catalogue), host=host, port=port)
        try:
            server.bind()
        except OSError as error:
            raise PortTaken(host, port, error.strerror or str(error)) from error
        server.start()
        try:
            state = {"pid": os.getpid(), "host": server.host, "port": server.port}
            _write(data / "standin.json", json.dumps(state))
            if exit_with_owners:
                threading.Thread(target=_watch, args=(data, ended), name="owners", daemon=True).start()
            _log.info("ready at %s:%d, data in %s", server.host, server.port, data)
            ready(f"iris://_SYSTEM:SYS@{server.host}:{server.port}/USER")
            ended.wait()
        finally:
            _log.info("stopping")
            (data / "standin.json").unlink(missing_ok=True)
            server.stop()


@contextlib.contextmanager
def _sole(data: Path) -> Iterator[None]:
    lock = FileLock(data / "standin.lock")
    try:
        lock.acquire(timeout=_LOCK_TIMEOUT_S)
    except Timeout:
        state = _read(data / "standin.json")
        raise DataDirectoryInUse(data, pid=state.get("pid"), port=state.get("port")) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _signals() -> Iterator[threading.Event]:
    ended = threading.Event()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number in previous:
        signal.signal(number, lambda *_: ended.set())
    try:
        yield ended
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _watch(data: Path, ended: threading.Event) -> None:
    """Wait for the end of standard input, then until no owner is left, and say so."""
    # Not by sys.stdin, whose lock a waiting thread would hold when the interpreter ends.
    with contextlib.suppress(OSError):
        while os.read(_STANDARD_INPUT, 1):
            pass
    while not ended.is_set():
        # Whoever finds this server becomes an owner under the same lock, so nobody finds one that is about
        # to end.
        with FileLock(data / "starting.lock"):
            if not _has_owner(data / "owners"):
                (data / "standin.json").unlink(missing_ok=True)
                ended.set()
                return
        ended.wait(_OWNERS_EVERY_S)


def _has_owner(directory: Path) -> bool:
    return any(_is_held(path) for path in directory.glob("*.lock"))


def _is_held(lock: Path) -> bool:
    """Tell whether somebody holds a lock; the file of one that nobody holds is taken away."""
    try:
        with FileLock(lock, timeout=0):
            lock.unlink(missing_ok=True)
            return False
    except Timeout:
        return True


def _read(path: Path) -> dict[str, int]:
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
