"""``iris-devtools up``: start the container of the project, and let it stay."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from iris_devtools.cli.exits import ended

__all__ = ["project_option", "up"]

project_option = click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    help="A directory of the project whose settings apply.  [default: the working directory]",
)


@click.command(short_help="Start the container of the project, to stay.")
@project_option
@click.option("--image", help="The image.  [default: that of the settings]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def up(*, project: Path | None, image: str | None, as_json: bool) -> None:
    """Start the container of the project, and let it stay until `down`.

    One that was started from the same settings is found again. Tests and commands of the project whose
    settings choose a container use it.
    """
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.servers.container.managed import container_of

        settings = load_settings(project, reuse=True, image=image)
        container = container_of(settings).start()
        name, server = container.name, container.server
        # It stays: what ends here is this command's use of it.
        container.stop()
    if as_json:
        click.echo(json.dumps({"name": name, "host": server.host, "port": server.port}))
        return
    click.echo(f"{name} is ready at {server.host}:{server.port}.")
    if sys.stdout.isatty():
        click.echo("Its URL: iris-devtools url --with-password")
