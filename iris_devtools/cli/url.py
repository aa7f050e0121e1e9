"""``iris-devtools url``: the URL of a namespace on the project's running server."""

from __future__ import annotations

from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["url"]


@click.command()
@project_option
@click.option("--namespace", "-N", help="The namespace.  [default: that of the settings]")
@click.option("--with-password", is_flag=True, help="Print the password, too, for tools that need it.")
def url(*, project: Path | None, namespace: str | None, with_password: bool) -> None:
    """Print the URL of a namespace on the container that `up` started."""
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.errors import ServerNotFoundError
        from iris_devtools.servers.container.engine import connect_engine
        from iris_devtools.servers.discovery import running_container

        settings = load_settings(project)
        client = connect_engine()
        try:
            found = running_container(client, settings)
        finally:
            client.close()
        if found.server is None:
            raise ServerNotFoundError(
                f"The account of {found.name} is not known on this machine.",
                hint="Make another one: iris-devtools up",
                container=found.name,
            )
        click.echo(found.server.url(namespace or settings.namespace).render(hide_password=not with_password))
