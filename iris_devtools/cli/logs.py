"""``iris-devtools logs``: what the project's container has logged."""

from __future__ import annotations

from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["logs"]


@click.command()
@project_option
@click.option("--follow", "-f", is_flag=True, help="Go on with what is logged from now on.")
@click.option("--tail", "-n", type=click.IntRange(min=0), help="Only that many lines from the end.")
def logs(*, project: Path | None, follow: bool, tail: int | None) -> None:
    """Print what the running container of the project has logged."""
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.servers.container.engine import connect_engine, translated
        from iris_devtools.servers.discovery import running_container

        settings = load_settings(project)
        client = connect_engine()
        try:
            found = running_container(client, settings)
            with translated(f"read the log of {found.name}"):
                lines = "all" if tail is None else tail
                for piece in found.container.logs(stream=True, follow=follow, tail=lines):
                    click.echo(piece, nl=False)
        finally:
            client.close()
