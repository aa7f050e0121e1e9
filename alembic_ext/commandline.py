"""The commands as sub-commands of ``alembic``: arguments in, lines or JSON out, an exit code at the end.

Each of them is a thin face over the function of the same name in :mod:`alembic_ext.commands`, which is
imported when a command runs: every other Alembic command pays for what this module imports.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from alembic import util

from alembic_ext import printing
from iris_devtools.errors import IrisDevtoolsError

if TYPE_CHECKING:
    from argparse import ArgumentParser

    from alembic.config import CommandLine, Config

    from alembic_ext.results import Result

__all__ = ["add_commands", "main"]

AnyResult = TypeVar("AnyResult", bound="Result")


def add_commands(command_line: CommandLine) -> None:
    """Add ``iris-snapshot``, ``iris-restore``, ``iris-snapshots`` and ``iris-status`` to Alembic's parser."""
    for name, run, arguments in (
        ("iris-snapshot", _snapshot, _snapshot_arguments),
        ("iris-restore", _restore, _restore_arguments),
        ("iris-snapshots", _snapshots, _json_argument),
        ("iris-status", _status, _json_argument),
    ):
        parser = command_line.subparsers.add_parser(name, help=run.__doc__, description=run.__doc__)
        arguments(parser)
        # The shape in which CommandLine.run_cmd expects a command: function, positional and keyword
        # arguments.
        parser.set_defaults(cmd=(run, [], []))


def main(argv: Sequence[str] | None = None) -> None:
    """Run ``alembic`` with these commands, whether or not the entry point of this package is installed."""
    from alembic.config import CommandLine

    command_line = CommandLine(prog="alembic")
    if "iris-snapshot" not in command_line.subparsers.choices:
        add_commands(command_line)
    command_line.main(argv)


def _json_argument(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")


def _snapshot_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="*", default=["heads"], help="what to snapshot (default: heads)")
    parser.add_argument(
        "--from-database",
        action="store_true",
        help="capture the configured database as it stands, instead of building in a scratch namespace",
    )
    parser.add_argument(
        "--rebuild", action="store_true", help="build anew even if the store has the snapshot"
    )
    parser.add_argument("--description", default="", help="a note for the manifest")
    _json_argument(parser)


def _restore_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("revisions", nargs="*", default=["heads"], help="what to restore (default: heads)")
    parser.add_argument(
        "--snapshot", metavar="NAME", help="restore the snapshot of this name, or beginning of a name"
    )
    parser.add_argument("--namespace", help="restore into this namespace instead of the configured one")
    parser.add_argument(
        "--terminate", action="store_true", help="end the connections of others to the namespace first"
    )
    _json_argument(parser)


def _snapshot(config: Config) -> None:
    """Make sure that the store has a snapshot of the head revision(s)."""
    from alembic_ext import commands

    options = _options(config)
    _present(
        config,
        lambda: commands.snapshot(
            config,
            revisions=tuple(options.revisions),
            from_database=options.from_database,
            rebuild=options.rebuild,
            description=options.description,
            reporter=printing.reporter(config, quiet=options.json),
        ),
        printing.snapshot,
    )


def _restore(config: Config) -> None:
    """Bring the database back to a snapshot."""
    from alembic_ext import commands

    options = _options(config)
    _present(
        config,
        lambda: commands.restore(
            config,
            revisions=tuple(options.revisions),
            name=options.snapshot,
            namespace=options.namespace,
            terminate=options.terminate,
            reporter=printing.reporter(config, quiet=options.json),
        ),
        printing.restore,
    )


def _snapshots(config: Config) -> None:
    """List the snapshots in the store."""
    from alembic_ext import commands

    _present(config, lambda: commands.snapshots(config), printing.snapshots)


def _status(config: Config) -> None:
    """Show heads, database, key and what a snapshot would need."""
    from alembic_ext import commands

    _present(config, lambda: commands.status(config), printing.status)


def _present(config: Config, run: Callable[[], AnyResult], show: Callable[[Config, AnyResult], None]) -> None:
    """Run a verb and print its result, or its error with the exit code that the error documents."""
    options = _options(config)
    try:
        result = run()
    except IrisDevtoolsError as error:
        if options.raiseerr:
            raise
        if options.json:
            config.print_stdout("%s", json.dumps(_error(error), indent=2, default=str))
        else:
            util.msg(f"FAILED: {error.message}")
            for line in error.hint.splitlines():
                util.msg(line)
        sys.exit(error.exit_code)
    if options.json:
        config.print_stdout("%s", json.dumps(result.to_json(), indent=2, default=str))
    else:
        show(config, result)


def _error(error: IrisDevtoolsError) -> dict[str, Any]:
    return {"error": type(error).__name__, "message": error.message, "hint": error.hint, "facts": error.facts}


def _options(config: Config) -> Any:
    assert config.cmd_opts is not None, "a command of the command line has options"
    return config.cmd_opts
