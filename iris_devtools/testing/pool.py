"""Namespaces that are ready before a test asks: made, and made clean again, while other tests run."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Pool"]

_JOIN_S = 30.0


class Pool:
    """Keep names of ready namespaces; a thread of its own calls ``prepare`` for more.

    ``prepare(None)`` makes a new one and returns its name; ``prepare(name)`` makes a used one ready again and
    returns its name, or another's in its place. It is called by one thread alone. No more than ``size`` are
    made ahead of time, and no more than :meth:`expect` announced; one that is waited for is made in any case.
    ``rest`` is called by the same thread when there is nothing to do.
    Thread-safe.
    """

    def __init__(
        self, prepare: Callable[[str | None], str], *, size: int, rest: Callable[[], None] | None = None
    ) -> None:
        self._prepare = prepare
        self._rest = rest
        self._size = size
        self._changed = threading.Condition()
        self._ready: list[str] = []
        self._used: list[str] = []
        self._expected = 0
        self._waiting = 0
        self._failure: BaseException | None = None
        self._closed = False
        self._thread: threading.Thread | None = None
        self.hits = 0
        self.misses = 0

    def expect(self, tests: int) -> None:
        """Announce how many more will be asked for, so that making them can begin."""
        with self._changed:
            self._expected += tests
            self._start()
            self._changed.notify_all()

    def acquire(self) -> str:
        """Return a ready namespace, waiting for one if there is none.

        Raises:
            Exception: whatever ``prepare`` raised; the next call tries again.
        """
        with self._changed:
            self._expected = max(0, self._expected - 1)
            if self._ready:
                self.hits += 1
                name = self._ready.pop(0)
                self._changed.notify_all()
                return name
            self.misses += 1
            self._failure = None
            self._waiting += 1
            try:
                self._start()
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._ready or self._failure or self._closed)
                if self._ready:
                    return self._ready.pop(0)
            finally:
                self._waiting -= 1
            if self._failure is not None:
                raise self._failure
            raise RuntimeError("The pool of namespaces is closed.")

    def release(self, name: str) -> None:
        """Give a namespace back, whatever state it is in."""
        with self._changed:
            self._used.append(name)
            self._changed.notify_all()

    def close(self) -> None:
        """Make no more; returns when the thread has ended. The namespaces are left to whoever named them."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(_JOIN_S)

    def _start(self) -> None:
        if self._thread is None and not self._closed:
            self._thread = threading.Thread(target=self._fill, name="iris-devtools-pool", daemon=True)
            self._thread.start()

    def _wanted(self) -> bool:
        if self._failure is not None:
            return False
        return len(self._ready) < max(self._waiting, min(self._size, self._expected))

    def _fill(self) -> None:
        while True:
            with self._changed:
                idle = not (self._closed or self._wanted())
            if idle and self._rest is not None:
                self._rest()
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._wanted())
                if self._closed:
                    return
                used = self._used.pop(0) if self._used else None
            try:
                name = self._prepare(used)
            except Exception as error:  # noqa: BLE001 - raised again where a test waits for it
                with self._changed:
                    self._failure = error
                    self._changed.notify_all()
                continue
            with self._changed:
                self._ready.append(name)
                self._changed.notify_all()
