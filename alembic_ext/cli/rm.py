"""``alembic iris-rm``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext.cli.command import Command
from alembic_ext.cli.prune import show

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.results import PruneResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="KEY", help="name of a snapshot, or the beginning of one")


def _run(config: Config, options: Namespace) -> PruneResult:
    from alembic_ext import commands

    return commands.remove(config, tuple(options.names))


COMMAND = Command(
    name="iris-rm",
    help="Remove the snapshots of these names.",
    run=_run,
    show=show,
    arguments=_arguments,
)
