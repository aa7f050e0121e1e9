"""``iris-devtools url``: the URL of a namespace on the project's running server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

if TYPE_CHECKING:
    from iris_devtools.config import Settings
    from iris_devtools.servers.server import Server

__all__ = ["url"]


@click.command(short_help="Print the URL of a namespace on the running server.")
@project_option
@click.option("--namespace", "-N", help="The namespace.  [default: that of the settings]")
@click.option("--with-password", is_flag=True, help="Print the password, too, for tools that need it.")
def url(*, project: Path | None, namespace: str | None, with_password: bool) -> None:
    """Print the URL of a namespace on the server that the project uses and that is running.

    That is the existing server of the settings, the container that `up` started, or the stand-in while
    somebody uses it. Starts nothing.
    """
    with ended():
        from iris_devtools.config import load_settings

        settings = load_settings(project)
        server = _running(settings)
        click.echo(server.url(namespace or settings.namespace).render(hide_password=not with_password))


def _running(settings: Settings) -> Server:
    from iris_devtools.errors import ServerNotFoundError
    from iris_devtools.servers.choose import decide
    from iris_devtools.servers.existing import existing_server
    from iris_devtools.servers.standin import find_standin

    choice = decide(settings)
    if choice.kind == "existing":
        return existing_server(settings, wait=False).server
    if choice.adopted is not None:
        return choice.adopted.server
    standin = find_standin(settings.data_directory)
    if choice.kind == "standin" and standin is not None:
        return standin
    if choice.kind == "standin":
        raise ServerNotFoundError(
            f"The project takes the stand-in, {choice.why}, and none is running on "
            f"{settings.data_directory}.",
            hint=f"Start one that stays: iris-devtools standin --data {settings.data_directory}",
            data=str(settings.data_directory),
        )
    return _container(settings)


def _container(settings: Settings) -> Server:
    from iris_devtools.errors import ServerNotFoundError
    from iris_devtools.servers.container.engine import connect_engine
    from iris_devtools.servers.discovery import running_container

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
    return found.server
