"""``iris-devtools doctor``: is everything there that is needed, and if not, what to do."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["doctor"]

_MARKS = {"ok": ("ok", "green"), "warning": ("note", "yellow"), "failed": ("FAILED", "red")}


@click.command(short_help="Check that all is there, and say what to do.")
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of findings.")
def doctor(*, project: Path | None, as_json: bool) -> None:
    """Check driver, dialect, store, disk, Docker, image, licence, ports and server; say what to do.

    Of an existing server, or one that is running already, also the password, the privileges of the account,
    and how many connections are free. Exits with 1 when something has failed. Starts and changes nothing.
    """
    with ended():
        from iris_devtools.cli.checks import findings
        from iris_devtools.config import load_settings

        found = list(findings(load_settings(project)))
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(each) for each in found], indent=2))
    else:
        for each in found:
            word, colour = _MARKS[each.state]
            click.echo(f"{click.style(f'{word:<7}', fg=colour)}{each.check:<10}{each.found}")
            if each.remedy:
                click.echo(f"{'':17}{each.remedy}")
    sys.exit(int(any(each.state == "failed" for each in found)))
