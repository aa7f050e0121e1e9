"""``iris-devtools config``: every setting, its value, and where it came from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iris_devtools.cli.exits import ended

if TYPE_CHECKING:
    from iris_devtools.config import Setting, Settings

__all__ = ["config"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object for each setting, by its name.")
@click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    help="A directory of the project.  [default: the working directory]",
)
def config(*, as_json: bool, project: Path | None) -> None:
    """Show every setting, its value and where it came from. A password is shown as ***.

    Where `server = auto` would use a container that is running already, that container is the origin.
    """
    from iris_devtools.config import load_settings

    with ended():
        settings = load_settings(project)
        every = _with_running_server(settings)
    if as_json:
        shown = {setting.name: dataclasses.asdict(setting) for setting in every}
        click.echo(json.dumps({"root": str(settings.root), "settings": shown}, indent=2))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=f"Settings of {settings.root}", title_justify="left")
    for heading in ("setting", "value", "origin"):
        table.add_column(heading, overflow="fold")
    for setting in every:
        value = "" if setting.value is None else str(setting.value)
        given = setting.origin != "default"
        # Paths and URLs may hold brackets, which are markup to rich unless wrapped.
        table.add_row(
            Text(setting.name, style="bold" if given else ""),
            Text(value),
            Text(setting.origin, style="" if given else "dim"),
        )
    console = Console()
    if not console.is_terminal:
        # A pipe has no edge: one line a setting, however long a path is.
        console.width = 10_000
    console.print(table)


def _with_running_server(settings: Settings) -> tuple[Setting, ...]:
    """Return the settings, those of a running server that would be used in place of the defaults."""
    from iris_devtools.servers.choose import running_server

    found = running_server(settings)
    if found is None:
        return settings.settings()
    server = found.server
    told: dict[str, str | int] = {"host": server.host, "port": server.port}
    if server.kind == "container":
        told |= {"username": server.username, "password": "***"}
    return tuple(
        dataclasses.replace(setting, value=told[setting.name], origin=found.origin)
        if setting.name in told
        else setting
        for setting in settings.settings()
    )
