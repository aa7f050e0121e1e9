"""The command line's root: finds the module of a command by its name, and imports only that one."""

from __future__ import annotations

from importlib import import_module

import click

__all__ = ["main"]

_COMMANDS = {
    "config": "iris_devtools.cli.config",
    "diff": "iris_devtools.cli.diff",
    "doctor": "iris_devtools.cli.doctor",
    "down": "iris_devtools.cli.down",
    "drop": "iris_devtools.cli.drop",
    "exec": "iris_devtools.cli.exec",
    "fixture": "iris_devtools.cli.fixture",
    "logs": "iris_devtools.cli.logs",
    "open": "iris_devtools.cli.open",
    "standin": "iris_devtools.cli.standin",
    "status": "iris_devtools.cli.status",
    "up": "iris_devtools.cli.up",
    "url": "iris_devtools.cli.url",
}
"""Command name -> module that holds a click command of the same name (``-`` becomes ``_``)."""


class _LazyGroup(click.Group):
    """A group that imports a command's module when the command is used, and every module only for
    ``--help``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _COMMANDS.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(module), cmd_name.replace("-", "_"))
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="iris-devtools", prog_name="iris-devtools")
def main() -> None:
    """Run your migrations once, keep the database file, and give every test a real copy of it."""
