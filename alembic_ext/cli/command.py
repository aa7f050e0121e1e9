"""What a command is, and how one runs: arguments in, lines or one JSON object out, and an exit code."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar

from alembic import util

from iris_devtools.errors import IrisDevtoolsError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import CommandLine, Config

    from alembic_ext.results import Result

__all__ = ["AnyResult", "Command", "end", "register"]

_INTERRUPTED = 128 + 2
"""The exit code that shells give to what SIGINT ended."""

AnyResult = TypeVar("AnyResult", bound="Result")


def _no_arguments(parser: ArgumentParser) -> None:
    del parser


def _success(result: object) -> int:
    del result
    return 0


@dataclass(frozen=True)
class Command(Generic[AnyResult]):
    """One sub-command of ``alembic``.

    ``run`` is the verb: it takes Alembic's configuration and the parsed options, and imports what it needs
    when it runs, because every other Alembic command pays for what a command's module imports. ``show``
    prints its result for a person; ``exit_code`` is for results that are no success without being an error.
    ``--json`` is added to every command.
    """

    name: str
    help: str
    run: Callable[[Config, Namespace], AnyResult]
    show: Callable[[Config, AnyResult], None]
    arguments: Callable[[ArgumentParser], None] = _no_arguments
    exit_code: Callable[[AnyResult], int] = _success

    def __call__(self, config: Config) -> None:
        """Run the verb and print its result, or its error with the exit code that the error documents."""
        options = config.cmd_opts
        assert options is not None, "a command of the command line has options"
        try:
            result = self.run(config, options)
        except IrisDevtoolsError as error:
            if options.raiseerr:
                raise
            end(config, error, as_json=options.json)
        except KeyboardInterrupt:
            if options.raiseerr:
                raise
            util.msg("FAILED: interrupted.")
            sys.exit(_INTERRUPTED)
        if options.json:
            _print_json(config, result.to_json())
        else:
            self.show(config, result)
        if code := self.exit_code(result):
            sys.exit(code)


def end(config: Config, error: IrisDevtoolsError, *, as_json: bool = False) -> NoReturn:
    """Show an error that ends a command of ``alembic``, and exit with its code."""
    if as_json:
        _print_json(config, _error(error))
    else:
        util.msg(f"FAILED: {error.message}")
        for line in error.hint.splitlines():
            util.msg(line)
    sys.exit(error.exit_code)


def register(command: Command[Any], command_line: CommandLine) -> None:
    """Add a command to Alembic's parser."""
    parser = command_line.subparsers.add_parser(command.name, help=command.help, description=command.help)
    command.arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    # The shape in which CommandLine.run_cmd expects a command: function, positional and keyword arguments.
    parser.set_defaults(cmd=(command, [], []))


def _print_json(config: Config, value: dict[str, Any]) -> None:
    config.print_stdout("%s", json.dumps(value, indent=2, default=str))


def _error(error: IrisDevtoolsError) -> dict[str, Any]:
    return {"error": type(error).__name__, "message": error.message, "hint": error.hint, "facts": error.facts}
