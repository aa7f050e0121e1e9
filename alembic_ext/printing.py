"""Results as a person reads them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from iris_devtools.progress import Reporter, reporter_for

if TYPE_CHECKING:
    from alembic.config import Config

    from alembic_ext.results import RestoreResult, SnapshotResult, SnapshotsResult, StatusResult
    from iris_devtools.snapshots.manifest import Manifest
    from iris_devtools.snapshots.plan import Plan

__all__ = ["reporter", "restore", "snapshot", "snapshots", "status"]


def reporter(config: Config, *, quiet: bool) -> Reporter:
    """Return who shows progress.

    Nobody for ``--json`` and ``--quiet``, else a bar or lines on standard error.
    """
    return reporter_for(sys.stderr, quiet=quiet or bool(getattr(config.cmd_opts, "quiet", False)))


def snapshot(config: Config, result: SnapshotResult) -> None:
    """Print where the snapshot is and how it came to be."""
    manifest = result.snapshot.manifest
    how = {
        None: "captured from the database",
        "scratch": "built: every migration ran, in a scratch namespace",
        "nearest": f"built on {result.way.start}" if result.way else "",
        "exact": "the store had it already",
    }[result.way.kind if result.way else None]
    _print(
        config,
        f"Snapshot {result.snapshot.name}",
        ("", how),
        ("holds", _holdings(manifest)),
        ("at", str(result.snapshot.directory)),
        ("took", _seconds(result.seconds)),
        ("server", result.server),
    )


def restore(config: Config, result: RestoreResult) -> None:
    """Print what is where now."""
    manifest = result.snapshot.manifest
    _print(
        config,
        f"Restored {', '.join(manifest.revisions) or 'base'} into {result.namespace}",
        ("snapshot", result.snapshot.name),
        ("holds", _holdings(manifest)),
        ("took", _seconds(result.seconds)),
        ("server", result.server),
    )


def snapshots(config: Config, result: SnapshotsResult) -> None:
    """Print the store, newest first; the snapshots of today's heads are marked."""
    if not result.snapshots and not result.broken:
        config.print_stdout("No snapshots in %s. `alembic iris-snapshot` takes the first.", result.store)
        return
    rows = [
        (
            "*" if one.manifest.revisions == result.heads else " ",
            ", ".join(one.manifest.revisions) or "base",
            one.manifest.engine,
            _size(one.manifest.size),
            _count(sum(table.rows for table in one.manifest.tables), "row"),
            f"{one.manifest.created_at:%Y-%m-%d %H:%M}",
            one.name,
        )
        for one in result.snapshots
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(6)] if rows else []
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        config.print_stdout("%s", "  ".join([*cells, row[-1]]))
    for broken in result.broken:
        config.print_stdout("%s", f"!  {broken.error.message}")
    config.print_stdout("%s", f"{_count(len(rows), 'snapshot')} in {result.store} (* = at today's heads)")


def status(config: Config, result: StatusResult) -> None:
    """Print where the project stands and what a snapshot would need."""
    if result.database is None:
        database = f"{result.namespace} does not exist yet"
    else:
        at = ", ".join(result.database) or "no revision"
        database = f"{result.namespace} is at {at}" + (" (head)" if result.up_to_date else "")
    _print(
        config,
        f"Heads {', '.join(result.heads) or 'none'}",
        ("database", database),
        ("key", result.key.name),
        ("snapshot", str(result.snapshot.directory) if result.snapshot else "none yet"),
        ("plan", _plan(result.way)),
        ("store", result.store),
        ("server", result.server),
    )


def _plan(way: Plan) -> str:
    if way.kind == "exact":
        return "restore the snapshot"
    if way.kind == "nearest":
        return f"restore {way.start.name if way.start else ''}, then run what is missing"
    return "run every migration"


def _print(config: Config, headline: str, *facts: tuple[str, str]) -> None:
    config.print_stdout("%s", headline)
    for name, value in facts:
        config.print_stdout("%s", f"  {name:<9} {value}" if name else f"  {value}")


def _holdings(manifest: Manifest) -> str:
    rows = sum(table.rows for table in manifest.tables)
    return f"{_count(len(manifest.tables), 'table')}, {_count(rows, 'row')}, {_size(manifest.size)}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"
