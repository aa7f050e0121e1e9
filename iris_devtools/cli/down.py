"""``iris-devtools down``: remove the containers of the project."""

from __future__ import annotations

from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["down"]


@click.command(short_help="Remove the containers of the project.")
@project_option
@click.option("--all", "everywhere", is_flag=True, help="Those of every project on this engine.")
@click.option("--force", is_flag=True, help="Those that a process is using, too.")
def down(*, project: Path | None, everywhere: bool, force: bool) -> None:
    """Remove the containers of the project; what they hold is gone, unless the setting durable keeps it."""
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.servers.container.engine import connect_engine, translated
        from iris_devtools.servers.discovery import containers_of
        from iris_devtools.servers.reaper import remove

        settings = load_settings(project)
        client = connect_engine()
        try:
            found = containers_of(client, settings, everywhere=everywhere)
            for each in found:
                if each.in_use and not force:
                    click.echo(f"{each.name} is in use; --force removes it nevertheless.")
                    continue
                with translated(f"remove the container {each.name}"):
                    remove(client, each.container.id)
                click.echo(f"Removed {each.name}.")
        finally:
            client.close()
        if not found:
            click.echo("There is no container to remove.")
