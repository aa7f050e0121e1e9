"""What the commands return: frozen facts, which one printer shows as text and another as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.plan import Plan, Step
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import BrokenEntry
from iris_devtools.snapshots.times import is_unseeded

if TYPE_CHECKING:
    from alembic_ext.freshness import Change
    from iris_devtools.snapshots.retention import Removal

__all__ = [
    "KeyResult",
    "PruneResult",
    "ReplayedStep",
    "RestoreResult",
    "Result",
    "SnapshotResult",
    "SnapshotsResult",
    "StatusResult",
    "snapshot_json",
]


class Result(Protocol):
    """What every command returns can be shown as one JSON object."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; the names are those that the reference documents."""
        ...


@dataclass(frozen=True)
class SnapshotResult:
    """The store has the snapshot.

    ``built`` tells whether this call made it, ``way`` how; None where a database was captured.
    """

    snapshot: Snapshot
    built: bool
    way: Plan | None
    seconds: float
    server: str

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot and how it came to be."""
        return {
            **snapshot_json(self.snapshot),
            "built": self.built,
            "plan": self.way.kind if self.way else "capture",
            "seconds": round(self.seconds, 3),
            "server": self.server,
        }


@dataclass(frozen=True)
class RestoreResult:
    """The namespace is at the snapshot."""

    snapshot: Snapshot
    namespace: str
    seconds: float
    server: str

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot and where it was restored."""
        return {
            **snapshot_json(self.snapshot),
            "restored_into": self.namespace,
            "seconds": round(self.seconds, 3),
            "server": self.server,
        }


@dataclass(frozen=True)
class SnapshotsResult:
    """What the store holds.

    ``heads`` are the head revisions of today.
    """

    store: str
    snapshots: tuple[Snapshot, ...]
    broken: tuple[BrokenEntry, ...]
    heads: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the list, newest first."""
        return {
            "store": self.store,
            "heads": list(self.heads),
            "snapshots": [snapshot_json(snapshot) for snapshot in self.snapshots],
            "broken": [{"path": str(one.directory), "reason": one.error.message} for one in self.broken],
        }


@dataclass(frozen=True)
class KeyResult:
    """A key, and nothing else."""

    key: RevisionKey

    def to_json(self) -> dict[str, Any]:
        """Return its name and its parts."""
        return {
            "key": self.key.name,
            "revisions": list(self.key.revisions),
            "digest": self.key.digest,
            "engine": self.key.engine,
        }


@dataclass(frozen=True)
class PruneResult:
    """What was removed from the store, or would be (``dry_run``), and what is left.

    ``broken`` names what was removed and was no snapshot any more.
    """

    removals: tuple[Removal, ...]
    kept: int
    kept_bytes: int
    dry_run: bool
    store: str
    broken: tuple[str, ...] = ()

    @property
    def freed_bytes(self) -> int:
        """Return the bytes of all that went."""
        return sum(one.candidate.size_bytes for one in self.removals if not one.prevented)

    def to_json(self) -> dict[str, Any]:
        """Return the list, the least recently used first."""
        return {
            "store": self.store,
            "dry_run": self.dry_run,
            "removed": [
                {
                    "name": one.candidate.snapshot.name,
                    "reason": one.reason,
                    "bytes": one.candidate.size_bytes,
                    "prevented": one.prevented or None,
                }
                for one in self.removals
            ],
            "broken": list(self.broken),
            "freed_bytes": self.freed_bytes,
            "kept": self.kept,
            "kept_bytes": self.kept_bytes,
        }


@dataclass(frozen=True)
class ReplayedStep:
    """A migration that a build would run; ``seconds`` are those of the last time, None if it never ran."""

    step: Step
    seconds: float | None


@dataclass(frozen=True)
class StatusResult:
    """Where the project stands. ``database`` is ``None`` when the configured namespace does not exist.

    ``changes`` are the differences to the sources of ``compared``, the newest snapshot of the heads (or of
    anything, when there is none of the heads). ``stale`` are the snapshots that no longer fit the sources.
    ``replay`` is what a build of the heads would run, ``expected_s`` how long that may take; None when no
    part of it has ever run.
    """

    heads: tuple[str, ...]
    database: tuple[str, ...] | None
    namespace: str
    key: RevisionKey
    way: Plan
    snapshot: Snapshot | None
    compared: Snapshot | None
    changes: tuple[Change, ...]
    stale: tuple[Snapshot, ...]
    replay: tuple[ReplayedStep, ...]
    expected_s: float | None
    seed: str | None
    store: str
    server: str

    @property
    def up_to_date(self) -> bool:
        """Tell whether the database is at the heads."""
        return self.database == self.heads

    def to_json(self) -> dict[str, Any]:
        """Return all of it."""
        return {
            "heads": list(self.heads),
            "namespace": self.namespace,
            "database": None if self.database is None else list(self.database),
            "up_to_date": self.up_to_date,
            "key": self.key.name,
            "digest": self.key.digest,
            "engine": self.key.engine,
            "plan": self.way.kind,
            "plan_start": self.way.start.name if self.way.start else None,
            "snapshot": snapshot_json(self.snapshot) if self.snapshot else None,
            "compared_with": self.compared.name if self.compared else None,
            "changes": [
                {"what": one.what, "kind": one.kind, "name": one.name, "place": one.place}
                for one in self.changes
            ],
            "stale": [one.name for one in self.stale],
            "replay": [
                {"revision": one.step.name, "place": one.step.place, "seconds": one.seconds}
                for one in self.replay
            ],
            "expected_seconds": self.expected_s,
            "seed": self.seed,
            "store": self.store,
            "server": self.server,
        }


def snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
    """Return what every command says of a snapshot."""
    manifest = snapshot.manifest
    return {
        "name": snapshot.name,
        "path": str(snapshot.directory),
        "revisions": list(manifest.revisions),
        "digest": manifest.digest,
        "engine": manifest.engine,
        "created_at": manifest.created_at.isoformat(),
        "description": manifest.description,
        "bytes": manifest.size,
        "tables": len(manifest.tables),
        "rows": sum(table.rows for table in manifest.tables),
        "unseeded": is_unseeded(snapshot),
    }
