"""``alembic iris-snapshots``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import Config

    from alembic_ext.results import SnapshotsResult
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["COMMAND"]


def _run(config: Config, options: Namespace) -> SnapshotsResult:
    from alembic_ext import commands

    del options
    return commands.snapshots(config)


def _show(config: Config, result: SnapshotsResult) -> None:
    """Print the store, newest first; the snapshots of today's heads are marked."""
    if not result.snapshots and not result.broken:
        config.print_stdout("No snapshots in %s. `alembic iris-snapshot` takes the first.", result.store)
        return
    rows = [
        (
            "*" if one.manifest.revisions == result.heads else " ",
            ", ".join(one.manifest.revisions) or "base",
            one.manifest.engine,
            printing.size(one.manifest.size),
            printing.count(sum(table.rows for table in one.manifest.tables), "row"),
            f"{one.manifest.created_at:%Y-%m-%d %H:%M}",
            one.name + _note(one),
        )
        for one in result.snapshots
    ]
    printing.table(config, rows)
    for broken in result.broken:
        config.print_stdout("%s", f"!  {broken.error.message}")
    config.print_stdout(
        "%s", f"{printing.count(len(rows), 'snapshot')} in {result.store} (* = at today's heads)"
    )


def _note(snapshot: Snapshot) -> str:
    from iris_devtools.snapshots.retention import CAPTURED_FROM, is_captured
    from iris_devtools.snapshots.times import is_unseeded

    if is_captured(snapshot):
        return f" (captured from {snapshot.manifest.features[CAPTURED_FROM]})"
    return " (before the seed)" if is_unseeded(snapshot) else ""


COMMAND = Command(
    name="iris-snapshots",
    help="List the snapshots in the store.",
    run=_run,
    show=_show,
)
