"""``alembic iris-push``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.sharing import ShareResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        # Not "name": that is where Alembic keeps its own -n.
        "snapshot",
        metavar="NAME",
        nargs="?",
        help="a snapshot's name, or the beginning of one (default: that of the heads)",
    )
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of one that is there under its name"
    )


def _run(config: Config, options: Namespace) -> ShareResult:
    from alembic_ext import sharing

    return sharing.push(
        config,
        name=options.snapshot,
        replace=options.replace,
        reporter=printing.reporter(config, quiet=options.json),
    )


def _show(config: Config, result: ShareResult) -> None:
    """Print what is where now."""
    done = "Pushed" if result.moved else "Already there:"
    printing.facts(
        config,
        f"{done} {result.snapshot.name}",
        ("to" if result.moved else "at", result.url),
        ("size", printing.size(result.snapshot.manifest.bytes_on_disk)),
        *([("with", result.start.name)] if result.start else []),
        ("took", printing.seconds(result.seconds)),
    )


COMMAND = Command(
    name="iris-push",
    help="Publish a snapshot in the shared store.",
    run=_run,
    show=_show,
    arguments=_arguments,
)
