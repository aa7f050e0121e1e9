"""How many connections an engine may hold, by what the server's licence allows.

Every connection takes a unit of the licence, and the Community Edition has eight (iris-facts 7): SQLAlchemy's
own pool, five and ten more for each engine, uses them up alone. So the server is asked, once per process, and
the pool keeps within a share of its answer.
"""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any

from sqlalchemy import QueuePool, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import queue

from iris_devtools.admin.driver import load_driver

__all__ = [
    "COMMUNITY_LIMIT",
    "IdleOf",
    "LimitedPool",
    "PoolSize",
    "connection_limit",
    "note_loans",
    "size_for",
    "take_back",
]

COMMUNITY_LIMIT = 8
"""Assumed of a server that cannot be asked (iris-facts 7)."""

# SQLAlchemy's own sizes are the most that an engine takes.
_MOST_KEPT = 5
_MOST = 15
_RESERVED = 2
"""The kept connection of an administrator, and one for whoever looks on."""

_limits: dict[tuple[str, int], int] = {}
_asking = threading.Lock()


@dataclass(frozen=True)
class PoolSize:
    """How many connections stay open when nobody uses them, and how many more there may be at a time."""

    kept: int
    overflow: int

    @property
    def total(self) -> int:
        """The most connections at a time."""
        return self.kept + self.overflow


def size_for(limit: int | None, *, processes: int | None = None) -> PoolSize:
    """Return the size of a pool on a server that allows ``limit`` connections in all.

    They are shared by ``processes`` (those of a parallel pytest run when left out), and each leaves two to
    others. One is the least.
    """
    if processes is None:
        count = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "")
        processes = int(count) if count.isdigit() else 1
    share = (limit or COMMUNITY_LIMIT) // max(1, processes) - _RESERVED
    total = max(1, min(_MOST, share))
    kept = max(1, min(_MOST_KEPT, total // 2))
    return PoolSize(kept, total - kept)


def connection_limit(connection: Any, *, host: str, port: int) -> int:
    """Return how many connections a server's licence allows, asked over an open connection of the driver.

    That is the smaller of ``KeyLicenseUnits()`` and ``MaxConnections()`` of ``%SYSTEM.License`` (eight and
    twenty-five on the Community Edition). A server that does not tell, as to an account that may call no
    class methods, is taken for one of that edition.
    """
    with _asking:
        known = _limits.get((host, port))
        if known is None:
            known = _limits[host, port] = _ask(connection)
    return known


def _ask(connection: Any) -> int:
    driver = load_driver()
    refusals: tuple[type[Exception], ...] = (*driver.errors, TypeError, ValueError)
    try:
        native = driver.create_iris(connection)
        answers = [
            int(native.classMethodValue("%SYSTEM.License", method) or 0)
            for method in ("KeyLicenseUnits", "MaxConnections")
        ]
    except refusals:
        return COMMUNITY_LIMIT
    return min((answer for answer in answers if answer > 0), default=COMMUNITY_LIMIT)


class LimitedPool(QueuePool):
    """SQLAlchemy's usual pool, of a size that can be changed when the server has told its limit."""

    def resize(self, size: PoolSize) -> None:
        """Change the size. Those that are lent stay so, and are closed when there is no room for them."""
        with self._overflow_lock:
            # The overflow is counted from the number of those kept, below zero until so many are open.
            self._overflow += self._pool.maxsize - size.kept
            self._pool.maxsize = size.kept
            self._max_overflow = size.overflow

    def _do_get(self) -> Any:
        try:
            return super()._do_get()
        except PoolTimeout as error:
            total = self.size() + self._max_overflow
            raise PoolTimeout(
                f"All {total} connections of this engine are in use, and none came back within "
                f"{self._timeout:g} s. More would not leave room for others under the licence of the server: "
                "close sessions and connections when they are done with, or give create_engine() a pool_size "
                "of your own.",
                code="3o7r",
            ) from error


_LOANS = "_iris_devtools_loans"


def note_loans(engine: Engine) -> None:
    """Keep account of the connections of an engine that are lent, for :func:`take_back`."""
    loans: set[ConnectionPoolEntry] = set()

    def lent(_connection: Any, record: ConnectionPoolEntry, _lending: Any) -> None:
        loans.add(record)

    def returned(_connection: Any, record: ConnectionPoolEntry) -> None:
        loans.discard(record)

    event.listen(engine, "checkout", lent)
    event.listen(engine, "checkin", returned)
    setattr(engine, _LOANS, loans)


def take_back(engine: Engine) -> int:
    """Close the connections that are lent, whoever has them, and return how many there were.

    Whoever goes on with one gets an error of the driver. The pool begins anew, as large as it was. Does
    nothing for an engine whose loans are not noted.
    """
    loans: set[ConnectionPoolEntry] = getattr(engine, _LOANS, set())
    found = list(loans)
    for record in found:
        loans.discard(record)
        record.invalidate()
    if found:
        # Those that are lent count in the pool for as long as somebody holds them.
        engine.dispose()
    return len(found)


class IdleOf:
    """The idle connections of an engine's pool, whichever that is at the moment."""

    def __init__(self, engine: Engine) -> None:
        self._engine = weakref.ref(engine)

    def close_idle(self) -> int:
        """Close them and return how many there were."""
        pool = self._pool()
        if pool is None:
            return 0
        closed = 0
        while True:
            try:
                record = pool._pool.get(block=False)
            except queue.Empty:
                return closed
            try:
                record.close()
            finally:
                pool._dec_overflow()
            closed += 1

    def in_use(self) -> int:
        """Return how many connections of the pool are lent."""
        pool = self._pool()
        return 0 if pool is None else pool.checkedout()

    def _pool(self) -> QueuePool | None:
        engine = self._engine()
        return engine.pool if engine is not None and isinstance(engine.pool, QueuePool) else None
