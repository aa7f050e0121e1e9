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
@click.option("--describe", is_flag=True, help="Show what every setting says and its default; read nothing.")
@click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    help="A directory of the project.  [default: the working directory]",
)
def config(*, as_json: bool, describe: bool, project: Path | None) -> None:
    """Show every setting, its value and where it came from. A password is shown as ***.

    Where `server = auto` would use a container that is running already, that container is the origin.
    """
    from iris_devtools.config import load_settings

    if describe:
        _describe(as_json=as_json)
        return
    with ended():
        settings = load_settings(project)
        every = _with_running_server(settings)
    if as_json:
        shown = {setting.name: dataclasses.asdict(setting) for setting in every}
        click.echo(json.dumps({"root": str(settings.root), "settings": shown}, indent=2))
        return
    rows = [
        (setting.name, _shown(setting.value), setting.origin, setting.origin != "default")
        for setting in every
    ]
    _print(f"Settings of {settings.root}", ("setting", "value", "origin"), rows)


def _describe(*, as_json: bool) -> None:
    from iris_devtools.config import Settings

    every = Settings().settings()
    if as_json:
        shown = {one.name: {"default": one.value, "description": one.description} for one in every}
        click.echo(json.dumps(shown, indent=2))
        return
    rows = [(one.name, _shown(one.value), one.description, False) for one in every]
    _print("Settings", ("setting", "default", "says"), rows)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _print(title: str, headings: tuple[str, ...], rows: list[tuple[str, str, str, bool]]) -> None:
    """Print a table; a row that ends with True stands out."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for name, value, origin, given in rows:
        # Paths and URLs may hold brackets, which are markup to rich unless wrapped.
        table.add_row(
            Text(name, style="bold" if given else ""),
            Text(value),
            Text(origin, style="" if given or title == "Settings" else "dim"),
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
