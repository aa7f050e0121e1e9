"""``alembic iris-snapshot``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.results import SnapshotResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="*", default=["heads"], help="what to snapshot (default: heads)")
    parser.add_argument(
        "--from-database",
        action="store_true",
        help="capture the configured database as it stands, instead of building in a scratch namespace",
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="build anew even if the store has the snapshot"
    )
    parser.add_argument("--description", default="", help="a note for the manifest")


def _run(config: Config, options: Namespace) -> SnapshotResult:
    from alembic_ext import commands

    return commands.snapshot(
        config,
        revisions=tuple(options.revisions),
        from_database=options.from_database,
        rebuild=options.rebuild,
        description=options.description,
        reporter=printing.reporter(config, quiet=options.json),
    )


def _show(config: Config, result: SnapshotResult) -> None:
    """Print where the snapshot is and how it came to be."""
    how = {
        None: "captured from the database",
        "scratch": "built: every migration ran, in a scratch namespace",
        "nearest": f"built on {result.way.start}" if result.way else "",
        "exact": "the store had it already",
    }[result.way.kind if result.way else None]
    printing.facts(
        config,
        f"Snapshot {result.snapshot.name}",
        ("", how),
        ("holds", printing.holdings(result.snapshot.manifest)),
        ("at", str(result.snapshot.directory)),
        ("took", printing.seconds(result.seconds)),
        ("server", result.server),
    )


COMMAND = Command(
    name="iris-snapshot",
    help="Make sure that the store has a snapshot of the head revision(s).",
    run=_run,
    show=_show,
    arguments=_arguments,
)
