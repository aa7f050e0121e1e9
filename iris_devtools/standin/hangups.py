"""Notice that a client is gone while its request still runs.

A connection's thread finds out by itself when it reads or writes, which it does not while a statement runs.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

__all__ = ["HangUps"]

_log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.25
"""Also how long a request may run before anybody looks after its client: most never cost a look."""
_GONE = getattr(select, "POLLRDHUP", 0) | select.POLLHUP | select.POLLERR


@dataclass
class _Watched:
    client: socket.socket
    busy_since: Callable[[], float | None]
    abandon: Callable[[], None]
    abandoned: bool = field(default=False)


class HangUps:
    """Looks after the clients of long requests, in one thread for all of them.

    All methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[Hashable, _Watched] = {}
        self._stopped = False

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._run, name="hang-ups", daemon=True).start()

    def stop(self) -> None:
        """End the thread, at its next look."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def watch(
        self,
        client: socket.socket,
        *,
        busy_since: Callable[[], float | None],
        abandon: Callable[[], None],
    ) -> None:
        """Call ``abandon`` once, in a thread of its own, when the client is gone during a request.

        ``busy_since`` tells the monotonic time at which the present request began, ``None`` between two.
        """
        with self._changed:
            self._watched[client] = _Watched(client, busy_since, abandon)
            self._changed.notify_all()

    def forget(self, client: socket.socket) -> None:
        """Look no longer after a client; to be called before its socket is closed."""
        with self._changed:
            self._watched.pop(client, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._watched and not self._stopped:
                    self._changed.wait()
                if self._stopped:
                    return
                self._changed.wait(_LOOK_EVERY_S)
                # Within the lock, or a socket might be closed, and its number be given to another.
                gone = [watched for watched in self._watched.values() if _is_gone(watched)]
                for watched in gone:
                    watched.abandoned = True
            for watched in gone:
                _log.info("a client is gone, and its request is broken off")
                threading.Thread(target=watched.abandon, name="abandon", daemon=True).start()


def _is_gone(watched: _Watched) -> bool:
    since = watched.busy_since()
    if watched.abandoned or since is None or time.monotonic() - since < _LOOK_EVERY_S:
        return False
    with contextlib.suppress(OSError, ValueError):
        return _has_hung_up(watched.client)
    return True


def _has_hung_up(client: socket.socket) -> bool:
    if hasattr(select, "POLLRDHUP"):
        poll = select.poll()
        poll.register(client, _GONE)
        return any(event & _GONE for _, event in poll.poll(0))
    # Elsewhere the end shows behind what the client has sent before, which is nothing while it waits.
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
