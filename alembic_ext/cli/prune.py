"""``alembic iris-prune``."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from alembic_ext import printing
from alembic_ext.cli.command import Command
from iris_devtools.amounts import parse_age_s, parse_bytes

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.results import PruneResult

__all__ = ["COMMAND", "show"]

T = TypeVar("T")


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--keep", type=_checked(_count), metavar="N", help="remove all but the N that were used last"
    )
    parser.add_argument(
        "--max-bytes",
        type=_checked(parse_bytes),
        metavar="SIZE",
        help="remove the least recently used until the rest is no larger (500MB, 2GiB)",
    )
    parser.add_argument(
        "--older-than",
        type=_checked(parse_age_s),
        metavar="AGE",
        help="remove what was not used for so long (12h, 30d, 2w)",
    )
    parser.add_argument(
        "--unreachable",
        action="store_true",
        help="remove what no longer fits the migrations and the seed (the default)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be removed, and remove nothing"
    )


def _run(config: Config, options: Namespace) -> PruneResult:
    from alembic_ext import commands

    return commands.prune(
        config,
        keep=options.keep,
        max_bytes=options.max_bytes,
        older_than_s=options.older_than,
        unreachable=options.unreachable,
        dry_run=options.dry_run,
    )


def show(config: Config, result: PruneResult) -> None:
    """Print what went and what is left."""
    verb = "would go" if result.dry_run else "removed"
    rows = [
        (
            "stays" if one.prevented else verb,
            printing.size(one.candidate.size_bytes),
            one.candidate.snapshot.name,
            one.prevented or one.reason,
        )
        for one in result.removals
    ]
    rows += [("removed", "", name, "was no snapshot any more") for name in result.broken]
    if not rows:
        config.print_stdout("Nothing to remove.")
    printing.table(config, rows)
    left = f"{printing.count(result.kept, 'snapshot')}, {printing.size(result.kept_bytes)}"
    freed = printing.size(result.freed_bytes)
    config.print_stdout(
        "%s", f"{freed} {'to free' if result.dry_run else 'freed'}; {left} left in {result.store}"
    )


def _count(text: str) -> int:
    if not text.isdecimal():
        raise ValueError(f"must be a number of snapshots, not {text!r}")
    return int(text)


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    def checked(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from error

    return checked


COMMAND = Command(
    name="iris-prune",
    help="Remove snapshots that nobody needs; never one that is in use.",
    run=_run,
    show=show,
    arguments=_arguments,
)
