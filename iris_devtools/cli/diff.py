"""``iris-devtools diff``: what a failed test had done to its database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_devtools.cli.exits import ended
from iris_devtools.cli.kept import connected, kept_in, project_option

if TYPE_CHECKING:
    from iris_devtools.admin import Admin
    from iris_devtools.testing.forensics import Kept, RowChanges

__all__ = ["diff"]


@click.command(short_help="Show what a failed test left in its kept database.")
@click.argument("name")
@click.option("--limit", default=20, show_default=True, help="Rows that are shown of each kind and table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with all rows.")
@project_option
def diff(*, name: str, limit: int, as_json: bool, project: Path | None) -> None:
    """Show the rows of the kept database NAME that its snapshot does not have, or has otherwise.

    NAME is its namespace, the test's node id, or a part of that.
    """
    from iris_devtools.config import load_settings
    from iris_devtools.testing.forensics import find_kept

    with ended():
        kept = find_kept(kept_in(load_settings(project)), name)
        with connected(project) as (admin, _):
            changes = _compare(admin, kept)
    if as_json:
        click.echo(json.dumps(_as_json(kept, changes), indent=2, default=str))
        return
    click.echo(f"{kept.test} against {kept.snapshot}")
    for one in changes:
        _show(one, limit)
    for table, why in (kept.not_copied or {}).items():
        click.echo(f"{table}: not compared: {why}")
    if not changes:
        click.echo("No row differs.")


def _compare(admin: Admin, kept: Kept) -> tuple[RowChanges, ...]:
    from sqlalchemy import NullPool, inspect

    from iris_devtools.engine import create_engine
    from iris_devtools.provision import namespace_url
    from iris_devtools.snapshots.inspection import table_names
    from iris_devtools.snapshots.snapshot import open_snapshot
    from iris_devtools.testing.forensics import row_changes
    from iris_devtools.verification import scratch_restore

    engine = create_engine(namespace_url(admin, kept.namespace), poolclass=NullPool)
    try:
        with admin.connection(kept.namespace) as connection:
            names = table_names(connection)
        with engine.connect() as connected:
            inspector = inspect(connected)
            keys = {
                (schema, table): inspector.get_pk_constraint(table, schema=schema)["constrained_columns"]
                for schema, table in names
            }
    finally:
        engine.dispose()
    with (
        scratch_restore(admin, open_snapshot(Path(kept.snapshot_directory))) as pristine,
        admin.connection(pristine) as before,
        admin.connection(kept.namespace) as after,
    ):
        return row_changes(before, after, keys)


def _as_json(kept: Kept, changes: tuple[RowChanges, ...]) -> dict[str, Any]:
    tables = {
        one.table: {
            "added": one.added,
            "removed": one.removed,
            "changed": [{"before": before, "after": after} for before, after in one.changed],
        }
        for one in changes
    }
    return {
        "test": kept.test,
        "namespace": kept.namespace,
        "snapshot": kept.snapshot,
        "tables": tables,
        "not_compared": kept.not_copied,
    }


def _show(one: RowChanges, limit: int) -> None:
    click.echo(f"{one.table}: {len(one.added)} added, {len(one.removed)} removed, {len(one.changed)} changed")
    lines = [("+", _row(row), "green") for row in one.added[:limit]]
    lines += [("-", _row(row), "red") for row in one.removed[:limit]]
    lines += [("~", _changed(*pair), "yellow") for pair in one.changed[:limit]]
    for sign, text, colour in lines:
        click.echo(f"  {click.style(sign, fg=colour)} {text}")
    hidden = sum(max(len(rows) - limit, 0) for rows in (one.added, one.removed, one.changed))
    if hidden:
        click.echo(f"  ... {hidden} more (--limit)")


def _row(row: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in row.items())


def _changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    same = {name: value for name, value in before.items() if after.get(name) == value}
    changed = [
        f"{name}: {value!r} -> {after.get(name)!r}" for name, value in before.items() if name not in same
    ]
    first = next(iter(same.items()), None)
    return (f"{first[0]}={first[1]!r}  " if first else "") + ", ".join(changed)
