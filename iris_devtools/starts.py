"""Where to start from: what the store holds, what the shared one has, and what a difference is kept from."""

from __future__ import annotations

import functools
import logging
import math
from dataclasses import replace

from iris_devtools.errors import ChecksumError, ManifestError
from iris_devtools.progress import Reporter
from iris_devtools.schema import SchemaSource, SteppedSource
from iris_devtools.snapshots import leases
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.plan import Ancestor, Plan, plan
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store
from iris_devtools.snapshots.times import Times

__all__ = ["base_for", "choose_plan", "fetch_start", "whole"]

_WORTH_S = 1.0

_logger = logging.getLogger(__name__)


def choose_plan(source: SchemaSource, store: Store, key: RevisionKey, *, rebuild: bool = False) -> Plan:
    """Return how ``key`` is reached with what the store holds now; ``rebuild`` leaves that out of account.

    Nothing is changed. A target that lies *before* what a database is at is a state like any other: it is
    restored or built, and no downgrade is ever run.
    """

    def restorable(wanted: RevisionKey) -> bool:
        return not rebuild and whole(store, wanted) is not None

    if not isinstance(source, SteppedSource):
        return plan(key, source.ancestors(key), restorable=restorable)
    if restorable(key):
        return Plan("exact", key, start=key, replay_s=0.0, steps=())
    snapshots = store.snapshots()
    times = Times.of(snapshots, engine=key.engine)
    starts = {one.key for one in snapshots if one.key.engine == key.engine}
    ancestors = [
        Ancestor(start, times.estimate(steps).seconds, steps)
        for start in sorted(starts)
        if (steps := source.replay(start, key)) is not None
    ]
    chosen = plan(key, ancestors, restorable=restorable)
    if chosen.kind == "scratch" and (steps := source.replay(None, key)) is not None:
        return replace(chosen, steps=steps, replay_s=times.estimate(steps).seconds)
    return chosen


def fetch_start(source: SchemaSource, store: Store, chosen: Plan, reporter: Reporter) -> bool:
    """Take a better start than the planned one out of the shared store; tell whether there was one.

    Bytes on the way cost time, too: beside a local start, one from there has to save a second at least.
    """
    names = frozenset(store.shared_names(reporter=reporter))
    if not names:
        return False
    target = chosen.target
    bound = math.inf if chosen.kind == "scratch" or chosen.replay_s is None else chosen.replay_s - _WORTH_S
    times = Times.of(store.snapshots(), engine=target.engine)
    starts: list[tuple[float, RevisionKey]] = []
    for ancestor in source.ancestors(target):
        if ancestor.key.engine != target.engine or ancestor.key.name not in names:
            continue
        replay_s = ancestor.replay_s
        if isinstance(source, SteppedSource):
            steps = source.replay(ancestor.key, target)
            if steps is None:
                continue
            replay_s = times.estimate(steps).seconds
        if replay_s < bound:
            starts.append((replay_s, ancestor.key))
    # One that turns out to be damaged leaves the next best.
    return any(_take(store, start, reporter) for _, start in sorted(starts))


def _take(store: Store, start: RevisionKey, reporter: Reporter) -> bool:
    # Once among all builders that want it; a builder waits only for what its own target stands on, so no
    # two wait for each other.
    with store.lock(start, doing=f"takes {start.name} from the shared store", reporter=reporter):
        return whole(store, start) is not None or store.fetch(start, reporter=reporter) is not None


def base_for(
    source: SchemaSource, store: Store, chosen: Plan, *, before: RevisionKey | None = None
) -> Snapshot | None:
    """Return the snapshot that most of what was built is in already: the state before the seed, or the start.

    ``before`` is the state before the seed, when it is that which is captured.
    """
    if not store.delta:
        return None
    if before is None:
        for ancestor in source.ancestors(chosen.target):
            same = ancestor.key.revisions == chosen.target.revisions and ancestor.replay_s == 0
            if same and (found := whole(store, ancestor.key)) is not None:
                leases.hold(found)  # until this process ends, nobody removes what is built upon
                return found
    if chosen.start is None or chosen.start == before:
        return None
    return whole(store, chosen.start)


@functools.cache
def _warn_once(text: str) -> None:
    """Log a warning, once in a process: a store is looked through several times on the way to a snapshot."""
    _logger.warning("%s", text)


def whole(store: Store, key: RevisionKey) -> Snapshot | None:
    """Return the snapshot of ``key`` if it looks whole; the files are only measured here, not read."""
    try:
        snapshot = store.find(key)
        if snapshot is not None:
            snapshot.require_sizes()
    except (ManifestError, ChecksumError) as error:
        _warn_once(f"{error.message.rstrip('.')}. It counts as missing and will be built anew.")
        return None
    return snapshot
