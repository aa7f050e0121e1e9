"""Every command, in the order in which the help lists them."""

from __future__ import annotations

from typing import Any

from alembic_ext.cli import graph, key, prune, pull, push, restore, rm, snapshot, snapshots, status, verify
from alembic_ext.cli.command import Command

__all__ = ["COMMANDS"]

COMMANDS: tuple[Command[Any], ...] = (
    snapshot.COMMAND,
    restore.COMMAND,
    snapshots.COMMAND,
    status.COMMAND,
    key.COMMAND,
    graph.COMMAND,
    prune.COMMAND,
    rm.COMMAND,
    verify.COMMAND,
    push.COMMAND,
    pull.COMMAND,
)
