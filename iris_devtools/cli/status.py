"""``iris-devtools status``: the servers of the project that are there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.up import project_option

__all__ = ["status"]


@click.command(short_help="Show the project's servers, and which one would be taken.")
@project_option
@click.option("--all", "everywhere", is_flag=True, help="The containers of every project on this engine.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(*, project: Path | None, everywhere: bool, as_json: bool) -> None:
    """Show the containers and the stand-in of the project, and which server it would take. Starts nothing."""
    with ended():
        from iris_devtools.config import load_settings
        from iris_devtools.servers.choose import decide
        from iris_devtools.servers.standin import find_standin

        settings = load_settings(project)
        containers, engine = _containers(settings, everywhere=everywhere)
        standin = find_standin(settings.data_directory)
        choice = decide(settings)
    where = f"{standin.host}:{standin.port}" if standin else None
    if as_json:
        taken = {"kind": choice.kind, "what": choice.what(settings), "why": choice.why}
        found = {"containers": containers, "engine": engine, "standin": where, "choice": taken}
        click.echo(json.dumps(found, indent=2))
        return
    for each in containers:
        life = "stays" if each["reuse"] else "goes with its last user"
        use = "in use" if each["in_use"] else "not in use"
        click.echo(f"{each['name']}  {each['state']}  port {each['port']}  {each['image']}  {use}, {life}")
    if not containers:
        click.echo(f"No container ({engine})." if engine else "No container.")
    click.echo(f"Stand-in at {where}." if where else "No stand-in is running.")
    click.echo(f"Tests and commands take {choice.what(settings)}, {choice.why}.")


def _containers(settings: Any, *, everywhere: bool) -> tuple[list[dict[str, Any]], str]:
    """Return what there is, and why nothing can be known."""
    from iris_devtools.errors import ServerNotFoundError
    from iris_devtools.servers.container.engine import connect_engine
    from iris_devtools.servers.discovery import containers_of

    try:
        client = connect_engine()
    except ServerNotFoundError as error:
        return [], error.message
    try:
        return [each.facts() for each in containers_of(client, settings, everywhere=everywhere)], ""
    finally:
        client.close()
