"""``alembic iris-status``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext import printing
from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import Config

    from alembic_ext.results import StatusResult

__all__ = ["COMMAND"]

_LINES = 10
"""Of a longer list only so many are shown."""


def _run(config: Config, options: Namespace) -> StatusResult:
    from alembic_ext.status import status

    del options
    return status(config)


def _show(config: Config, result: StatusResult) -> None:
    """Print where the project stands, what a snapshot would need, and why."""
    printing.facts(
        config,
        f"Heads {', '.join(result.heads) or 'none'}",
        ("database", _database(result)),
        ("key", result.key.name),
        ("snapshot", str(result.snapshot.directory) if result.snapshot else "none yet"),
        *_changes(result),
        ("plan", _plan(result)),
        *_replay(result),
        ("store", result.store),
        ("server", result.server),
    )


def _database(result: StatusResult) -> str:
    if result.database is None:
        return f"{result.namespace} does not exist yet"
    at = ", ".join(result.database) or "no revision"
    return f"{result.namespace} is at {at}" + (" (head)" if result.up_to_date else "")


def _changes(result: StatusResult) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    if result.compared is not None and result.changes:
        lines.append(("changed", f"since {result.compared.name}:"))
        lines += _indented([str(change) for change in result.changes])
    if result.stale:
        lines.append(("stale", "made from sources that are no more (`alembic iris-prune --unreachable`):"))
        lines += _indented([snapshot.name for snapshot in result.stale])
    return lines


def _plan(result: StatusResult) -> str:
    way = result.way
    if way.kind == "exact":
        return "restore the snapshot"
    steps = []
    if way.start is not None:
        steps.append(f"restore {way.start.name}")
    if result.replay or way.start is None:
        time = "" if result.expected_s is None else f", about {printing.seconds(result.expected_s)}"
        steps.append(f"run {printing.count(len(result.replay), 'migration')}{time}")
    if result.seed:
        steps.append(f"then the seed {result.seed}")
    return ", ".join(steps)


def _replay(result: StatusResult) -> list[tuple[str, str]]:
    shown = [
        f"{one.step.place}  {'never ran' if one.seconds is None else printing.seconds(one.seconds)}"
        for one in result.replay
    ]
    return _indented(shown)


def _indented(lines: list[str]) -> list[tuple[str, str]]:
    more = [f"... and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return [("", f"{'':<9} {line}") for line in [*lines[:_LINES], *more]]


COMMAND = Command(
    name="iris-status",
    help="Explain where the project stands: heads, database, key, plan, and what was changed.",
    run=_run,
    show=_show,
)
