"""``iris-devtools config``: every setting, its value, and where it came from."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from iris_devtools.cli.exits import ended

__all__ = ["config"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object for each setting, by its name.")
@click.option(
    "--project",
    type=click.Path(exists=True, path_type=Path),
    help="A directory of the project.  [default: the working directory]",
)
def config(*, as_json: bool, project: Path | None) -> None:
    """Show every setting, its value and where it came from. A password is shown as ***."""
    from iris_devtools.config import load_settings

    with ended():
        settings = load_settings(project)
    if as_json:
        shown = {setting.name: dataclasses.asdict(setting) for setting in settings.settings()}
        click.echo(json.dumps({"root": str(settings.root), "settings": shown}, indent=2))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, title=f"Settings of {settings.root}", title_justify="left")
    for heading in ("setting", "value", "origin"):
        table.add_column(heading, overflow="fold")
    for setting in settings.settings():
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
