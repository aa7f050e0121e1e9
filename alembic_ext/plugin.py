"""Makes the commands of this package commands of the stock ``alembic`` program.

Alembic loads this module (entry point ``alembic.plugins``) while ``alembic`` itself is still being imported.
So nothing here may import ``alembic.config``: the commands are registered when that module has been
imported, by a hook around ``CommandLine._generate_args``, the method that gives the parser its sub-commands.
Another one, around ``CommandLine.run_cmd``, notices that an upgrade was successful, or failed with an
error of ours.

Up to Alembic 1.19 an entry point had to name an *iterable of modules*, from 1.20 on a module, and the older
shape warns. This module is both: a module whose class can be iterated and yields the module itself.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import wrapt

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import CommandLine, Config
    from alembic.runtime.plugins import Plugin

__all__ = ["setup"]


def setup(plugin: Plugin) -> None:
    """Register the commands as soon as ``alembic.config`` has been imported.

    Alembic calls this once per process.
    """
    del plugin  # Alembic hands over a registry for autogenerate comparators, of which this plugin has none.
    wrapt.register_post_import_hook(_extend_command_line, "alembic.config")


def _extend_command_line(config_module: ModuleType) -> None:
    wrapt.wrap_function_wrapper(config_module, "CommandLine._generate_args", _generate_args)
    wrapt.wrap_function_wrapper(config_module, "CommandLine.run_cmd", _run_cmd)


def _generate_args(
    wrapped: Callable[..., None], instance: CommandLine, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    from alembic_ext.commandline import add_commands

    wrapped(*args, **kwargs)
    add_commands(instance)


def _run_cmd(
    wrapped: Callable[..., None], instance: CommandLine, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    del instance
    config, options = _command(*args, **kwargs)
    # An error ends the process here, or is raised: what comes after is for a command that was successful.
    try:
        wrapped(*args, **kwargs)
    except Exception as error:
        _end_plainly(config, options, error)
        raise
    if getattr(options.cmd[0], "__name__", "") == "upgrade" and not getattr(options, "sql", False):
        from alembic_ext.upgraded import leave_snapshot

        leave_snapshot(config, options)


def _end_plainly(config: Config, options: Namespace, error: Exception) -> None:
    """End with the message of an error of ours that ``env.py`` came upon, as our own commands do."""
    from iris_devtools.errors import IrisDevtoolsError

    if isinstance(error, IrisDevtoolsError) and not options.raiseerr:
        from alembic_ext.cli.command import end

        end(config, error)


def _command(config: Config, options: Namespace) -> tuple[Config, Namespace]:
    return config, options


class _IterablePluginModule(ModuleType):
    """What Alembic before 1.20 takes for a collection of plugin modules."""

    def __iter__(self) -> Iterator[ModuleType]:
        yield self


sys.modules[__name__].__class__ = _IterablePluginModule
