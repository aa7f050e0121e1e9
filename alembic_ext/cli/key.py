"""``alembic iris-key``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.results import KeyResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="*", default=["heads"], help="whose key (default: heads)")
    parser.add_argument(
        "--engine", metavar="NAME", help="for this engine (standin-1, iris-2025.1) instead of the server's"
    )


def _run(config: Config, options: Namespace) -> KeyResult:
    from alembic_ext.status import key

    return key(config, revisions=tuple(options.revisions), engine=options.engine)


def _show(config: Config, result: KeyResult) -> None:
    """Print the name of the key, and nothing else: it is the key of a cache in CI."""
    config.print_stdout("%s", result.key.name)


COMMAND = Command(
    name="iris-key",
    help="Print the key of the head revision(s) alone, for the caches of CI.",
    run=_run,
    show=_show,
    arguments=_arguments,
)
