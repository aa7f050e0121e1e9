"""What a store may forget: by number, size, age and use, and never what somebody uses.

A *captured* snapshot is a database as it stood. It cannot be made again, so nothing here removes one unless
it is named. And nothing removes one that another, which stays, is the difference from.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from iris_devtools.admin import Admin
from iris_devtools.errors import ServerError, StoreError
from iris_devtools.snapshots import leases
from iris_devtools.snapshots.restore import unstage
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

__all__ = [
    "CAPTURED_FROM",
    "Candidate",
    "Policy",
    "Removal",
    "candidates",
    "choose",
    "is_captured",
    "keep_within",
    "remove",
    "remove_all",
]

CAPTURED_FROM = "captured_from"
"""The feature in the manifest of a captured snapshot: the namespace that it was taken from."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Candidate:
    """One snapshot, and what decides about it. ``useless`` says why nothing will ever ask for it again."""

    snapshot: Snapshot
    size_bytes: int
    last_used: float
    useless: str = ""
    captured: bool = False


@dataclass(frozen=True)
class Policy:
    """What to remove; each part names snapshots of its own, and what any of them names goes.

    ``keep``: all but so many, those that were used last. ``max_bytes``: the least recently used, until the
    rest is no larger. ``older_than_s``: what was not used for so long. ``useless``: what no longer fits the
    sources.
    """

    keep: int | None = None
    max_bytes: int | None = None
    older_than_s: float | None = None
    useless: bool = False


@dataclass(frozen=True)
class Removal:
    """One snapshot that goes, and why. ``prevented`` tells why it stayed after all."""

    candidate: Candidate
    reason: str
    prevented: str = ""


def is_captured(snapshot: Snapshot) -> bool:
    """Tell whether the snapshot was taken from a database as it stood."""
    return CAPTURED_FROM in snapshot.manifest.features


def candidates(
    store: Store,
    *,
    useless: Callable[[Snapshot], str] = lambda _: "",
) -> tuple[Candidate, ...]:
    """Return every snapshot of the store, the last used first; ``useless`` gives the reason, or no text."""
    found = [
        Candidate(one, _bytes_on_disk(one), leases.last_used(one), useless(one), is_captured(one))
        for one in store.snapshots()
    ]
    return tuple(sorted(found, key=lambda one: (-one.last_used, one.snapshot.name)))


def choose(found: Iterable[Candidate], policy: Policy, *, now: float) -> tuple[Removal, ...]:
    """Return what a policy removes, the least recently used first. Pure: nothing is removed here.

    A captured one is never chosen, nor is one that another, which stays, is the difference from; they count
    for ``keep`` and ``max_bytes`` nevertheless. What is a difference comes before what it is one from.
    """
    ordered = sorted(found, key=lambda one: (-one.last_used, one.snapshot.name))
    reasons: dict[str, str] = {}
    for position, one in enumerate(ordered):
        reason = ""
        if policy.useless and one.useless:
            reason = one.useless
        elif policy.older_than_s is not None and now - one.last_used > policy.older_than_s:
            reason = "not used for too long"
        elif policy.keep is not None and position >= policy.keep:
            reason = f"not among the {policy.keep} used last"
        if reason and not one.captured:
            reasons[one.snapshot.name] = reason
    while needed := _needed(ordered, reasons) & reasons.keys():
        for name in needed:
            del reasons[name]
    if policy.max_bytes is not None:
        total = sum(one.size_bytes for one in ordered if one.snapshot.name not in reasons)
        while total > policy.max_bytes:
            needed = _needed(ordered, reasons)
            removable = (
                one
                for one in reversed(ordered)
                if not one.captured and one.snapshot.name not in reasons and one.snapshot.name not in needed
            )
            least = next(removable, None)
            if least is None:
                break
            reasons[least.snapshot.name] = "the least recently used of a store that is too large"
            total -= least.size_bytes
    chosen = [one for one in reversed(ordered) if one.snapshot.name in reasons]
    chosen.sort(key=lambda one: -one.snapshot.manifest.depth)
    return tuple(Removal(one, reasons[one.snapshot.name]) for one in chosen)


def _needed(found: Iterable[Candidate], going: Collection[str]) -> set[str]:
    staying = (one.snapshot for one in found if one.snapshot.name not in going)
    return {name for snapshot in staying for name in snapshot.manifest.bases}


def remove(
    store: Store,
    snapshot: Snapshot,
    *,
    admin: Admin | None = None,
    others: Iterable[Snapshot] | None = None,
) -> None:
    """Remove a snapshot from the store, and its staged copy from the server that ``admin`` is connected to.

    ``others`` are the snapshots of the store, where the caller has just read them. Raises StoreError, naming
    the processes, when one uses the snapshot, naming the snapshots, when one is the difference from it, and
    when the store cannot be written. A server that refuses to delete the staged copy is a warning.
    """
    standing = store.snapshots() if others is None else others
    above = sorted(one.name for one in standing if snapshot.name in one.manifest.bases)
    if above:
        raise StoreError(
            f"{snapshot.name} was not removed: {', '.join(above)} is kept as the difference from it.",
            hint="Remove that first, or both at once.",
            snapshot=snapshot.directory,
            needed_by=tuple(above),
        )
    try:
        with leases.guard(store.directory):
            users = leases.holders(snapshot)
            if users:
                raise StoreError(
                    f"{snapshot.name} is in use by process {', '.join(map(str, users))}; it was not removed.",
                    hint="Remove it when those processes have ended.",
                    snapshot=snapshot.directory,
                    processes=users,
                )
            store.delete(snapshot)
            leases.forget(snapshot)
    except OSError as error:
        raise StoreError(
            f"Cannot write the snapshot store {store.directory}: {error.strerror or error}.",
            hint="Make the directory writable.",
            path=store.directory,
        ) from error
    if admin is not None:
        try:
            unstage(admin, snapshot)
        except ServerError as error:
            _logger.warning("The copy of %s on the server stays there: %s", snapshot.name, error.message)


def keep_within(
    store: Store,
    max_bytes: int,
    *,
    admin: Admin | None = None,
) -> tuple[Removal, ...]:
    """Remove the least recently used snapshots until the store is no larger than ``max_bytes``.

    What a process uses stays, and a store that cannot be written is a warning: this is housekeeping after
    something that went well.
    """
    chosen = choose(candidates(store), Policy(max_bytes=max_bytes), now=time.time())
    return remove_all(store, chosen, admin=admin)


def remove_all(store: Store, chosen: Sequence[Removal], *, admin: Admin | None = None) -> tuple[Removal, ...]:
    """Carry out removals; one that is prevented says so and does not stop the others."""
    done = []
    standing = {one.name: one for one in store.snapshots()} if chosen else {}
    for removal in chosen:
        prevented = ""
        snapshot = removal.candidate.snapshot
        try:
            remove(store, snapshot, admin=admin, others=standing.values())
            standing.pop(snapshot.name, None)
        except StoreError as error:
            prevented = error.message
            _logger.info("%s", error.message)
        done.append(Removal(removal.candidate, removal.reason, prevented))
    return tuple(done)


def _bytes_on_disk(snapshot: Snapshot) -> int:
    with contextlib.suppress(OSError):  # gone meanwhile: then it takes no space
        return sum(path.stat().st_size for path in snapshot.directory.iterdir())
    return 0
