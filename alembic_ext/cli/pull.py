"""``alembic iris-pull``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.sharing import ListResult, ShareResult

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
        "--list", action="store_true", help="list what the shared store has, and pull nothing"
    )


def _run(config: Config, options: Namespace) -> ShareResult | ListResult:
    from alembic_ext import sharing

    if options.list:
        return sharing.listing(config)
    return sharing.pull(config, name=options.snapshot, reporter=printing.reporter(config, quiet=options.json))


def _show(config: Config, result: ShareResult | ListResult) -> None:
    """Print what is where now, or what there is."""
    from alembic_ext.sharing import ListResult

    if isinstance(result, ListResult):
        for name in result.names:
            config.print_stdout("%s", name)
        config.print_stdout("%s", f"{printing.count(len(result.names), 'snapshot')} in {result.url}")
        return
    done = "Pulled" if result.moved else "Already here:"
    printing.facts(
        config,
        f"{done} {result.snapshot.name}",
        ("from", result.url),
        ("path", str(result.snapshot.directory)),
        ("took", printing.seconds(result.seconds)),
    )


COMMAND = Command(
    name="iris-pull",
    help="Bring a snapshot of the shared store into the local one.",
    run=_run,
    show=_show,
    arguments=_arguments,
)
