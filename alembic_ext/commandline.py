"""The commands as sub-commands of ``alembic``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alembic_ext.cli.command import register
from alembic_ext.cli.table import COMMANDS

if TYPE_CHECKING:
    from alembic.config import CommandLine

__all__ = ["add_commands", "main"]


def add_commands(command_line: CommandLine) -> None:
    """Add every command of this package to Alembic's parser."""
    for command in COMMANDS:
        register(command, command_line)


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``alembic`` with these commands, whether or not the entry point of this package is installed."""
    from alembic.config import CommandLine

    command_line = CommandLine(prog="alembic")
    if COMMANDS[0].name not in command_line.subparsers.choices:
        add_commands(command_line)
    command_line.main(argv)
