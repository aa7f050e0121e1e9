"""LOCK TABLE: which sessions hold which tables (iris-sql 10)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

__all__ = ["TableLocks"]

_LOOK_EVERY_S = 0.1


class TableLocks:
    """The table locks of one database, counted by owner. Safe to use from any thread.

    Tables and owners are whatever compares: names and process numbers.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._exclusive: dict[str, Counter[int]] = {}
        self._shared: dict[str, Counter[int]] = {}

    def acquire(
        self,
        table: str,
        owner: int,
        *,
        exclusive: bool,
        timeout_s: float,
        gone: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Take a lock once more; return whether that went within ``timeout_s`` and before ``gone``."""
        with self._changed:
            if not self._wait(table, owner, exclusive=exclusive, timeout_s=timeout_s, gone=gone):
                return False
            held = self._exclusive if exclusive else self._shared
            held.setdefault(table, Counter())[owner] += 1
            return True

    def release(self, table: str, owner: int, *, exclusive: bool) -> None:
        """Give a lock back once; one that is not held is ignored."""
        held = self._exclusive if exclusive else self._shared
        with self._changed:
            owners = held.get(table)
            if owners is None or not owners[owner]:
                return
            owners[owner] -= 1
            self._tidy(held, table)
            self._changed.notify_all()

    def release_all(self, owner: int) -> None:
        """Give back every lock of an owner, as when its process ends."""
        with self._changed:
            for held in (self._exclusive, self._shared):
                for table in list(held):
                    held[table].pop(owner, None)
                    self._tidy(held, table)
            self._changed.notify_all()

    def may_write(
        self, table: str, owner: int, *, timeout_s: float, gone: Callable[[], bool] = lambda: False
    ) -> bool:
        """Wait until nobody else has the table locked; return whether that came within ``timeout_s`` and
        before ``gone``.
        """
        if not self._exclusive and not self._shared:
            return True
        with self._changed:
            return self._wait(table, owner, exclusive=True, timeout_s=timeout_s, gone=gone)

    def _wait(
        self, table: str, owner: int, *, exclusive: bool, timeout_s: float, gone: Callable[[], bool]
    ) -> bool:
        deadline = time.monotonic() + timeout_s
        while not self._free(table, owner, exclusive=exclusive):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or gone():
                return False
            self._changed.wait(min(left_s, _LOOK_EVERY_S))
        return True

    def _free(self, table: str, owner: int, *, exclusive: bool) -> bool:
        conflicting = (self._exclusive, self._shared) if exclusive else (self._exclusive,)
        return all(other == owner for held in conflicting for other in held.get(table, ()))

    @staticmethod
    def _tidy(held: dict[str, Counter[int]], table: str) -> None:
        left = Counter({owner: count for owner, count in held[table].items() if count > 0})
        if left:
            held[table] = left
        else:
            del held[table]
