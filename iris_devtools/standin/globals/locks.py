"""The lock table of a server: which processes hold which names (LOCK of ObjectScript)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["LockName", "LockTable"]

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class LockName:
    """What is locked: a name with subscripts, in a database."""

    database: str
    name: str
    subscripts: tuple[str, ...] = ()

    def touches(self, other: LockName) -> bool:
        """Tell whether one of the two is the other one, or an ancestor of it."""
        depth = min(len(self.subscripts), len(other.subscripts))
        return (
            self.name == other.name
            and self.database == other.database
            and self.subscripts[:depth] == other.subscripts[:depth]
        )


@dataclass(frozen=True)
class _Hold:
    owner: int
    name: LockName
    shared: bool


class LockTable:
    """Locks, counted by owner. Safe to use from any thread.

    A lock keeps others out of the name, its descendants and its ancestors; shared locks live together.
    Nothing detects a deadlock: both wait until their time is over, as on IRIS (iris-sql 10).
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: Counter[_Hold] = Counter()

    def acquire(
        self,
        name: LockName,
        owner: int,
        *,
        shared: bool,
        timeout_s: float,
        gone: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Take a lock once more; return whether that went within ``timeout_s`` and before ``gone``."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not self._free(name, owner, shared=shared):
                left_s = deadline - time.monotonic()
                if left_s <= 0 or gone():
                    return False
                self._changed.wait(min(left_s, _LOOK_EVERY_S))
            self._held[_Hold(owner, name, shared)] += 1
            return True

    def release(self, name: LockName, owner: int, *, shared: bool) -> None:
        """Give a lock back once; one that is not held is ignored."""
        hold = _Hold(owner, name, shared)
        with self._changed:
            if hold not in self._held:
                return
            self._held[hold] -= 1
            if not self._held[hold]:
                del self._held[hold]
            self._changed.notify_all()

    def release_all(self, owner: int) -> None:
        """Give back every lock of an owner, as when its process ends."""
        with self._changed:
            mine = [hold for hold in self._held if hold.owner == owner]
            for hold in mine:
                del self._held[hold]
            if mine:
                self._changed.notify_all()

    def held_by(self, owner: int) -> tuple[LockName, ...]:
        """Return the names that an owner holds."""
        with self._changed:
            return tuple(hold.name for hold in self._held if hold.owner == owner)

    def _free(self, name: LockName, owner: int, *, shared: bool) -> bool:
        return not any(
            hold.owner != owner and not (shared and hold.shared) and hold.name.touches(name)
            for hold in self._held
        )
