"""``alembic iris-restore``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.results import RestoreResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="*", default=["heads"], help="what to restore (default: heads)")
    parser.add_argument(
        "--snapshot", metavar="NAME", help="restore the snapshot of this name, or beginning of a name"
    )
    parser.add_argument("--namespace", help="restore into this namespace instead of the configured one")
    parser.add_argument(
        "--terminate", action="store_true", help="end the connections of others to the namespace first"
    )


def _run(config: Config, options: Namespace) -> RestoreResult:
    from alembic_ext import commands

    return commands.restore(
        config,
        revisions=tuple(options.revisions),
        name=options.snapshot,
        namespace=options.namespace,
        terminate=options.terminate,
        reporter=printing.reporter(config, quiet=options.json),
    )


def _show(config: Config, result: RestoreResult) -> None:
    """Print what is where now."""
    manifest = result.snapshot.manifest
    printing.facts(
        config,
        f"Restored {', '.join(manifest.revisions) or 'base'} into {result.namespace}",
        ("snapshot", result.snapshot.name),
        ("holds", printing.holdings(manifest)),
        ("took", printing.seconds(result.seconds)),
        ("server", result.server),
    )


COMMAND = Command(
    name="iris-restore",
    help="Bring the database back to a snapshot.",
    run=_run,
    show=_show,
    arguments=_arguments,
)
