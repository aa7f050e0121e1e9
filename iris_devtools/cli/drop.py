"""``iris-devtools drop``: give back the room that kept databases take."""

from __future__ import annotations

from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.kept import connected, kept_in, project_option

__all__ = ["drop"]


@click.command(short_help="Drop kept databases of failed tests.")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Drop every kept database of the project.")
@project_option
def drop(*, names: tuple[str, ...], everything: bool, project: Path | None) -> None:
    """Drop the kept databases NAMES: by namespace, the test's node id, or a part of that."""
    from iris_devtools.config import load_settings
    from iris_devtools.testing.forensics import find_kept, forget, kept_databases

    if bool(names) == everything:
        raise click.UsageError("Name kept databases, or say --all.")
    with ended():
        directory = kept_in(load_settings(project))
        wanted = kept_databases(directory) if everything else [find_kept(directory, name) for name in names]
        if not wanted:
            click.echo("There is no kept database.")
            return
        with connected(project) as (admin, _):
            for kept in wanted:
                forget(admin, kept, directory=directory)
                click.echo(f"dropped {kept.namespace}  {kept.test}")
