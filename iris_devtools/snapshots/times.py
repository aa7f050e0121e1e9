"""What a snapshot remembers of the steps that made it, and how long a replay will take therefore.

Every built snapshot keeps, for each step that led to it, the digest and the place of its source and the
seconds that it took when it last ran on this kind of server. From there the next one takes the seconds of
the steps that it did not have to run, so nothing is forgotten when an old snapshot is deleted, and they
travel with the snapshot to other machines.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from iris_devtools.snapshots.manifest import Manifest
from iris_devtools.snapshots.plan import Step
from iris_devtools.snapshots.snapshot import Snapshot

__all__ = [
    "STEPS_FEATURE",
    "UNKNOWN_STEP_S",
    "UNSEEDED_FEATURE",
    "Estimate",
    "Times",
    "is_unseeded",
    "record",
    "recorded_steps",
]

STEPS_FEATURE = "steps"
"""The feature of a manifest that holds it: by name of the step, ``digest``, ``place`` and ``seconds``."""

UNSEEDED_FEATURE = "unseeded"
"""The feature of a manifest that tells: taken on the way to another snapshot, before its seed ran."""

_LONGEST_S = 1e9

UNKNOWN_STEP_S = 0.05
"""What a step is expected to take as long as none was ever measured."""


@dataclass(frozen=True)
class Estimate:
    """Seconds that steps may take; ``measured`` of the ``total`` steps have run before."""

    seconds: float
    measured: int
    total: int


class Times:
    """How long each step took, by the digest of its source: an edited step is a step that never ran."""

    def __init__(self, seconds: Mapping[str, float] | None = None) -> None:
        self._seconds = dict(seconds or {})
        # A single slow step (an import of data, an index over it) says nothing about the next one.
        self._usual_s = statistics.median(self._seconds.values()) if self._seconds else UNKNOWN_STEP_S

    @classmethod
    def of(cls, snapshots: Iterable[Snapshot], *, engine: str) -> Times:
        """Collect what the snapshots of one engine remember; of several measurements the newest counts."""
        seconds: dict[str, float] = {}
        fitting = (one.manifest for one in snapshots if one.manifest.engine == engine)
        for manifest in sorted(fitting, key=lambda manifest: manifest.created_at):
            for step, took_s in _records(manifest):
                if took_s is not None:
                    seconds[step.digest] = took_s
        return cls(seconds)

    def get(self, step: Step) -> float | None:
        """Return the seconds that the step took when it last ran; None when it never ran."""
        return self._seconds.get(step.digest)

    def estimate(self, steps: Sequence[Step]) -> Estimate:
        """Return what the steps may take; the usual time stands for one that never ran."""
        known = [self._seconds[step.digest] for step in steps if step.digest in self._seconds]
        unknown = len(steps) - len(known)
        return Estimate(round(sum(known) + unknown * self._usual_s, 6), len(known), len(steps))


def record(steps: Sequence[Step], ran: Mapping[str, float], before: Times) -> dict[str, JsonValue]:
    """Return the feature of a snapshot that these steps led to; ``ran`` are seconds by name of the step."""
    return {
        step.name: {
            "digest": step.digest,
            "place": step.place,
            "seconds": round(ran[step.name], 6) if step.name in ran else before.get(step),
        }
        for step in steps
    }


def recorded_steps(manifest: Manifest) -> tuple[Step, ...] | None:
    """Return the steps that led to a snapshot, in their order; None when it does not tell."""
    if STEPS_FEATURE not in manifest.features:
        return None
    return tuple(step for step, _ in _records(manifest))


def is_unseeded(snapshot: Snapshot) -> bool:
    """Tell whether the snapshot was kept on the way to a seeded one, as a start for later builds."""
    return snapshot.manifest.features.get(UNSEEDED_FEATURE) is True


def _records(manifest: Manifest) -> list[tuple[Step, float | None]]:
    # Somebody else may have written the manifest: what has not the right form is passed over.
    feature = manifest.features.get(STEPS_FEATURE)
    found: list[tuple[Step, float | None]] = []
    for name, entry in feature.items() if isinstance(feature, dict) else ():
        if not isinstance(entry, dict):
            continue
        digest, place, seconds = entry.get("digest"), entry.get("place"), entry.get("seconds")
        if not isinstance(digest, str) or not isinstance(place, str):
            continue
        usable = isinstance(seconds, float) or (isinstance(seconds, int) and not isinstance(seconds, bool))
        took_s = float(str(seconds)) if usable else -1.0
        found.append((Step(name, digest, place), took_s if 0 <= took_s < _LONGEST_S else None))
    return found
