"""Choose how to reach a schema state: restore it, replay the rest from an ancestor, or start from nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from iris_devtools.snapshots.key import RevisionKey

__all__ = ["Ancestor", "Plan", "Step", "plan"]


@dataclass(frozen=True)
class Step:
    """One step of a replay: a migration, by name. ``digest`` covers its own source, without its ancestors.

    ``place`` is the file that it is in, seen from the project's configuration.
    """

    name: str
    digest: str
    place: str = ""


@dataclass(frozen=True)
class Ancestor:
    """A state from which the target can be reached, and how long the replay from there may take.

    ``replay_s`` is an estimate in seconds and only compared with others of the same source, so any unit
    that grows with the work (the number of migrations, say) will do. ``steps`` are what has to be replayed,
    where the source can tell.
    """

    key: RevisionKey
    replay_s: float
    steps: tuple[Step, ...] | None = None

    def __post_init__(self) -> None:
        if not self.replay_s >= 0 or math.isinf(self.replay_s):
            raise ValueError(f"a replay takes 0 seconds or more, not {self.replay_s}")


@dataclass(frozen=True)
class Plan:
    """``exact``: restore ``start``. ``nearest``: restore it and go on. ``scratch``: replay everything.

    ``steps`` are what has to be replayed, and ``replay_s`` how long that may take; None where nobody knows.
    """

    kind: Literal["exact", "nearest", "scratch"]
    target: RevisionKey
    start: RevisionKey | None = None
    replay_s: float | None = None
    steps: tuple[Step, ...] | None = None

    def __str__(self) -> str:
        if self.kind == "exact":
            return f"restore {self.target}"
        if self.kind == "nearest":
            return f"restore {self.start} and migrate to {self.target}"
        return f"migrate from nothing to {self.target}"


def plan(
    target: RevisionKey,
    ancestors: Iterable[Ancestor],
    *,
    restorable: Callable[[RevisionKey], bool],
) -> Plan:
    """Return the way to ``target`` that leaves the least to replay.

    ``restorable`` tells whether there is a snapshot of a key. Among ancestors with the same estimate the
    first one listed wins. An ancestor on another engine is never chosen: a database file does not cross
    engines.
    """
    if restorable(target):
        return Plan("exact", target, start=target, replay_s=0.0, steps=())
    for ancestor in sorted(ancestors, key=lambda ancestor: ancestor.replay_s):
        if ancestor.key.engine != target.engine or ancestor.key == target:
            continue
        # Asked of as few as possible: to answer, a manifest is read.
        if restorable(ancestor.key):
            return Plan(
                "nearest", target, start=ancestor.key, replay_s=ancestor.replay_s, steps=ancestor.steps
            )
    return Plan("scratch", target)
