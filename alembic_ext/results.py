"""What the commands return: frozen facts, which one printer shows as text and another as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.plan import Plan
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import BrokenEntry
from iris_devtools.snapshots.times import is_unseeded

__all__ = ["RestoreResult", "Result", "SnapshotResult", "SnapshotsResult", "StatusResult"]


class Result(Protocol):
    """What every command returns can be shown as one JSON object."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values; the names are those that the reference documents."""
        ...


@dataclass(frozen=True)
class SnapshotResult:
    """The store has the snapshot. ``built`` tells whether this call made it; ``way`` says how (``None``.

    Captured).
    """

    snapshot: Snapshot
    built: bool
    way: Plan | None
    seconds: float
    server: str

    def to_json(self) -> dict[str, Any]:
        """Return the snapshot and how it came to be."""
        return {
            **_snapshot_json(self.snapshot),
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
            **_snapshot_json(self.snapshot),
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
            "snapshots": [_snapshot_json(snapshot) for snapshot in self.snapshots],
            "broken": [{"path": str(one.directory), "reason": one.error.message} for one in self.broken],
        }


@dataclass(frozen=True)
class StatusResult:
    """Where the project stands. ``database`` is ``None`` when the configured namespace does not exist."""

    heads: tuple[str, ...]
    database: tuple[str, ...] | None
    namespace: str
    key: RevisionKey
    way: Plan
    snapshot: Snapshot | None
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
            "snapshot": _snapshot_json(self.snapshot) if self.snapshot else None,
            "store": self.store,
            "server": self.server,
        }


def _snapshot_json(snapshot: Snapshot) -> dict[str, Any]:
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
