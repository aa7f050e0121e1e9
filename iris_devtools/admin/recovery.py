"""A refused login, and what this process can do about it before it gives up.

Two refusals have a remedy on our side: no unit of the licence is left, which connections of this process may
hold without using them, and a password that has to be changed first, which can be mended where the server's
machine lets us in. Those who can help say so here; the rooms below know nothing of engines and containers.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Protocol, TypeVar

from iris_devtools.admin.scarcity import Refusals

__all__ = [
    "HasIdle",
    "Mend",
    "close_idle_connections",
    "connections_in_use",
    "is_expired_password",
    "is_licence_limit",
    "offer_idle",
    "when_password_expired",
    "with_remedies",
]

_T = TypeVar("_T")

_EXPIRED = ("password change required", "required to change password", "<-853>")


class HasIdle(Protocol):
    """Whoever keeps connections open that nobody uses at the moment."""

    def close_idle(self) -> int:
        """Close them and return how many there were."""

    def in_use(self) -> int:
        """Return how many others there are."""


Mend = Callable[[str, int], bool]
"""Given host and port of a server: let its accounts log in again; True when that was done."""

_holders: weakref.WeakSet[HasIdle] = weakref.WeakSet()
_mends: list[Mend] = []


def is_expired_password(text: str) -> bool:
    """Tell whether a refusal means that the password has to be changed first (iris-facts 6)."""
    lower = text.lower()
    return any(mark in lower for mark in _EXPIRED)


def is_licence_limit(text: str) -> bool:
    """Tell whether a refusal means that no unit of the licence is left (iris-facts 7, 8.1)."""
    return "license limit exceeded" in text.lower() or "<-98>" in text


def offer_idle(holder: HasIdle) -> None:
    """Let a full server have the idle connections of ``holder`` back, for as long as it lives."""
    _holders.add(holder)


def close_idle_connections() -> int:
    """Close every connection of this process that nobody uses, and return how many there were."""
    # A session that was dropped without close() may hang in a cycle, and its connection with it.
    gc.collect()
    return sum(holder.close_idle() for holder in tuple(_holders))


def connections_in_use() -> int:
    """Return how many connections of engines of this process are lent to somebody, or being opened."""
    return sum(holder.in_use() for holder in tuple(_holders))


def when_password_expired(mend: Mend) -> None:
    """Ask ``mend`` when a server wants another password; registering it twice does nothing."""
    if mend not in _mends:
        _mends.append(mend)


def with_remedies(
    connect: Callable[[], _T], *, host: str, port: int, failures: tuple[type[Exception], ...]
) -> _T:
    """Connect; after a refusal that something can be done about, do that and connect again.

    For lack of a licence unit idle connections of this process are closed, and for a second the server is
    given the time to notice, or as long as somebody is patient (:mod:`~iris_devtools.admin.scarcity`); an
    expired password is mended once. What is left of the refusal is raised as it came.
    """
    try:
        return connect()
    except failures as error:
        if is_expired_password(str(error)):
            if not any(mend(host, port) for mend in _mends):
                raise
            return connect()
        if not is_licence_limit(str(error)):
            raise
    close_idle_connections()
    refusals = Refusals()
    while True:
        try:
            connection = connect()
        except failures as error:  # noqa: PERF203 - another attempt is the purpose
            if not is_licence_limit(str(error)) or not refusals.try_again():
                raise
        else:
            refusals.over()
            return connection
