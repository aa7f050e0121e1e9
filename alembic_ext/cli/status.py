"""``alembic iris-status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import Config

    from alembic_ext.results import StatusResult
    from iris_devtools.snapshots.plan import Plan

__all__ = ["COMMAND"]


def _run(config: Config, options: Namespace) -> StatusResult:
    from alembic_ext import commands

    del options
    return commands.status(config)


def _show(config: Config, result: StatusResult) -> None:
    """Print where the project stands and what a snapshot would need."""
    if result.database is None:
        database = f"{result.namespace} does not exist yet"
    else:
        at = ", ".join(result.database) or "no revision"
        database = f"{result.namespace} is at {at}" + (" (head)" if result.up_to_date else "")
    printing.facts(
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


COMMAND = Command(
    name="iris-status",
    help="Show heads, database, key and what a snapshot would need.",
    run=_run,
    show=_show,
)
