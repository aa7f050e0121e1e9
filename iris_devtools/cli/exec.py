"""``iris-devtools exec``: run a program in the project's container."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["exec"]


@click.command(
    short_help="Run a program in the container of the project.",
    context_settings={"ignore_unknown_options": True},
)
@project_option
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def exec(*, project: Path | None, command: tuple[str, ...]) -> None:  # noqa: A001 - the command's name
    """Run COMMAND in the running container of the project, and exit with its exit code.

    For example: iris-devtools exec iris session IRIS -U %SYS '##class(%SYSTEM.Process).CurrentDirectory()'
    """
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.servers.container.engine import connect_engine, translated
        from iris_devtools.servers.discovery import running_container

        settings = load_settings(project)
        client = connect_engine()
        try:
            found = running_container(client, settings)
            with translated(f"run {command[0]} in {found.name}"):
                started = client.api.exec_create(found.container.id, list(command))["Id"]
                for out, err in client.api.exec_start(started, stream=True, demux=True):
                    click.echo(out or b"", nl=False)
                    click.echo(err or b"", nl=False, err=True)
                code = client.api.exec_inspect(started)["ExitCode"]
        finally:
            client.close()
    sys.exit(code)
