"""``iris-devtools open``: look into the database of a failed test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.kept import connected, kept_in, project_option

if TYPE_CHECKING:
    from iris_devtools.testing.forensics import Kept

__all__ = ["open"]


@click.command(name="open", short_help="Look into the kept database of a failed test.")
@click.argument("name", required=False)
@click.option("--statements", is_flag=True, help="Show what the test sent before it failed, and end.")
@click.option("--show-password", is_flag=True, help="Print the URL with its password.")
@project_option
def open(  # noqa: A001 - a command's function has its name
    *, name: str | None, statements: bool, show_password: bool, project: Path | None
) -> None:
    """Open the kept database NAME: its namespace, the test's node id, or a part of that.

    SQL is read from standard input, a statement a line, until it ends; the server runs at least as long.
    Without NAME the kept databases are listed.
    """
    from iris_devtools.config import load_settings
    from iris_devtools.testing.forensics import find_kept, kept_databases

    with ended():
        directory = kept_in(load_settings(project))
        if name is None:
            listed = kept_databases(directory)
            for one in listed:
                click.echo(f"{one.namespace}  {one.kept_at}  {one.test}")
            if not listed:
                click.echo(
                    "No database is kept. pytest --iris-keep-failed keeps those of failing tests.", err=True
                )
            return
        kept = find_kept(directory, name)
        if statements:
            for statement in kept.statements:
                click.echo(statement)
            return
        with connected(project) as (admin, _):
            from iris_devtools.provision import namespace_url

            _introduce(kept)
            url = namespace_url(admin, kept.namespace)
            click.echo(f"{url.render(hide_password=not show_password)}", err=True)
            with admin.connection(kept.namespace) as connection:
                _answer(connection)


def _introduce(kept: Kept) -> None:
    click.echo(f"{kept.test}, failed at {kept.kept_at}, on a copy of {kept.snapshot}", err=True)
    for table, why in (kept.not_copied or {}).items():
        click.echo(f"not as the test saw it: {table}: {why}", err=True)


def _answer(connection: Any) -> None:
    from iris_devtools.admin.driver import load_driver

    asked = sys.stdin.isatty()
    while True:
        if asked:
            click.echo("SQL> ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            return
        sql = line.strip().rstrip(";")
        if not sql:
            continue
        cursor = connection.cursor()
        try:
            cursor.execute(sql)
            if cursor.description:
                click.echo("\t".join(str(column[0]) for column in cursor.description))
                for row in cursor.fetchall():
                    click.echo("\t".join("NULL" if value is None else str(value) for value in row))
        except load_driver().errors as error:
            click.echo(f"{click.style('error:', fg='red', bold=True)} {error}", err=True)
        finally:
            cursor.close()
