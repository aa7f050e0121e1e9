"""``alembic iris-verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.verification import VerifyResult

__all__ = ["COMMAND"]

DIFFERENT = 3
"""Exit code when the snapshot can be read, and is not what it should be."""


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        # Not "name": that is where Alembic keeps its own -n.
        "snapshot",
        metavar="NAME",
        nargs="?",
        help="a snapshot's name, or the beginning of one (default: that of the heads)",
    )
    parser.add_argument(
        "--cold", action="store_true", help="build the same state from nothing, and compare schema and rows"
    )
    parser.add_argument(
        "--models", action="store_true", help="compare it with the models, as autogenerate does"
    )


def _run(config: Config, options: Namespace) -> VerifyResult:
    from alembic_ext import verification

    return verification.verify(
        config,
        name=options.snapshot,
        cold=options.cold,
        models=options.models,
        reporter=printing.reporter(config, quiet=options.json),
    )


def _show(config: Config, result: VerifyResult) -> None:
    """Print every check, and every difference below it."""
    lines = [(check.name, "ok" if check.ok else check.detail) for check in result.checks]
    if result.models is not None:
        differences = result.models or ("as the models say",)
        lines += [("models" if number == 0 else "", text) for number, text in enumerate(differences)]
    if result.drift is not None:
        drift = [
            *(f"only cached: {line}" for line in result.drift.only_cached),
            *(f"only rebuilt: {line}" for line in result.drift.only_rebuilt),
        ]
        for table in result.drift.rows:
            drift.append(
                f"{table.table}: {printing.count(table.only_first, 'row')} only cached, "
                f"{printing.count(table.only_second, 'row')} only rebuilt"
            )
            drift += [f"  cached   {row}" for row in table.first_rows]
            drift += [f"  rebuilt  {row}" for row in table.second_rows]
        drift = drift or ["none: the sources make the same today"]
        lines += [("drift" if number == 0 else "", text) for number, text in enumerate(drift)]
    verdict = "is as it should be" if result.ok else "DIFFERS"
    printing.facts(config, f"{result.snapshot.name} {verdict}", *lines)


def _exit_code(result: VerifyResult) -> int:
    return 0 if result.ok else DIFFERENT


COMMAND = Command(
    name="iris-verify",
    help="Check a snapshot: its files, what is in it, and whether the sources still make it.",
    run=_run,
    show=_show,
    arguments=_arguments,
    exit_code=_exit_code,
)
