"""A snapshot after each successful ``alembic upgrade``, where the settings ask for it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from alembic import util

from alembic_ext import printing
from iris_devtools.errors import IrisDevtoolsError

if TYPE_CHECKING:
    from argparse import Namespace

    from alembic.config import Config

__all__ = ["leave_snapshot"]


def leave_snapshot(config: Config, options: Namespace) -> None:
    """Make sure that the store has the built snapshot of what the configured database is at now.

    Does nothing unless ``snapshot_on_upgrade`` is set and ``sqlalchemy.url`` is one of IRIS. The database
    itself is left alone: the snapshot is built beside it, and of the migrations only the new ones run. A
    failure is a warning on standard error: the upgrade was successful.
    """
    url = config.get_alembic_option("sqlalchemy.url")
    if not isinstance(url, str) or not url.startswith("iris"):
        return
    try:
        _leave(config, options)
    except Exception as error:  # noqa: BLE001 - whatever it is, the migration is done and must not fail
        message = (
            error.message if isinstance(error, IrisDevtoolsError) else f"{type(error).__name__}: {error}"
        )
        hint = "\n  " + error.hint if isinstance(error, IrisDevtoolsError) and error.hint else ""
        sys.stderr.write(f"WARNING: The upgrade is done, but no snapshot was left: {message}{hint}\n")


def _leave(config: Config, options: Namespace) -> None:
    from alembic_ext.project import open_project
    from alembic_ext.prune import tidy
    from iris_devtools.provision import ensure_snapshot

    project = open_project(config)
    if not project.settings.snapshot_on_upgrade:
        return
    with project.open_server() as opened:
        revisions = project.current(opened)
        if not revisions:  # env.py migrated something else
            return
        made = ensure_snapshot(
            opened.admin,
            project.source,
            project.store,
            revisions=revisions,
            keep_unseeded=project.settings.keep_unseeded,
            reporter=printing.reporter(config, quiet=False),
        )
        if made.built:
            tidy(project, opened)
    if not options.quiet:
        how = f"built in {printing.seconds(made.seconds)}" if made.built else "the store had it"
        util.msg(f"Snapshot {made.snapshot.name} ({how})")
