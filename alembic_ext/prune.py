"""Make room in the store: what ``alembic iris-prune`` and ``alembic iris-rm`` do."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from alembic_ext import freshness
from alembic_ext.project import OpenServer, Project, open_project
from alembic_ext.results import PruneResult
from iris_devtools.errors import ManifestError, ServerError
from iris_devtools.snapshots import retention
from iris_devtools.snapshots.store import BrokenEntry, Store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config

    from iris_devtools.snapshots.retention import Removal
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["prune", "remove", "tidy"]

_logger = logging.getLogger(__name__)


def prune(
    config: Config,
    *,
    keep: int | None = None,
    max_bytes: int | None = None,
    older_than_s: float | None = None,
    unreachable: bool = False,
    dry_run: bool = False,
) -> PruneResult:
    """Remove snapshots that any of the arguments names; without one, those that no longer fit the sources.

    A captured snapshot stays, because it cannot be made again, and so does what a living process uses. The
    staged copies on the server go with their snapshots, if the server answers.

    Raises:
        IrisDevtoolsError: the sources or the store cannot be read.
    """
    project = open_project(config)
    unused = freshness.useless(project.source, project.store.snapshots())
    given = any(value is not None for value in (keep, max_bytes, older_than_s))
    found = retention.candidates(project.store, useless=lambda one: unused.get(one.name, ""))
    policy = retention.Policy(keep, max_bytes, older_than_s, useless=unreachable or not given)
    chosen = retention.choose(found, policy, now=time.time())
    if not dry_run:
        chosen = _remove_all(project, chosen)
        project.store.clean()
    gone = {one.candidate.snapshot.name for one in chosen if not one.prevented}
    kept = [one for one in found if one.snapshot.name not in gone]
    return PruneResult(
        removals=chosen,
        kept=len(kept),
        kept_bytes=sum(one.size_bytes for one in kept),
        dry_run=dry_run,
        store=str(project.store.directory),
    )


def remove(config: Config, names: Sequence[str]) -> PruneResult:
    """Remove the snapshots of these names (or unambiguous beginnings of names), captured ones, too.

    What is no snapshot any more, because its manifest or a file is gone or damaged, can be removed as well.

    Raises:
        SnapshotNotFoundError: a name is none, or several snapshots begin with it; nothing was removed.
        StoreError: a living process uses one of them.
    """
    project = open_project(config)
    found = [_named(project.store, name) for name in dict.fromkeys(names)]
    broken = [one for one in found if isinstance(one, BrokenEntry)]
    wanted = [one for one in found if not isinstance(one, BrokenEntry)]
    # What is a difference goes before what it is one from.
    wanted.sort(key=lambda one: -one.manifest.depth)
    by_name = {one.snapshot.name: one for one in retention.candidates(project.store)}
    removals = [retention.Removal(by_name[one.name], "named") for one in wanted]
    with ExitStack() as stack:
        opened = _server(project, stack) if removals else None
        for one in removals:
            retention.remove(project.store, one.candidate.snapshot, admin=opened.admin if opened else None)
    for entry in broken:
        project.store.delete(entry.directory)
    kept = [one for name, one in by_name.items() if name not in {removed.name for removed in wanted}]
    return PruneResult(
        removals=tuple(removals),
        kept=len(kept),
        kept_bytes=sum(one.size_bytes for one in kept),
        dry_run=False,
        store=str(project.store.directory),
        broken=tuple(entry.directory.name for entry in broken),
    )


def _named(store: Store, name: str) -> Snapshot | BrokenEntry:
    try:
        return store.get(name)
    except ManifestError:
        matches = [one for one in store.survey().broken if one.directory.name.startswith(name)]
        if not matches:
            raise
        return min(matches, key=lambda one: len(one.directory.name))


def tidy(project: Project, opened: OpenServer) -> tuple[Removal, ...]:
    """Keep the store within the size that the settings give, after something was added to it."""
    limit = project.settings.max_store_bytes
    if limit is None:
        return ()
    return retention.keep_within(project.store, limit, admin=opened.admin)


def _remove_all(project: Project, chosen: tuple[Removal, ...]) -> tuple[Removal, ...]:
    with ExitStack() as stack:
        opened = _server(project, stack) if chosen else None
        return retention.remove_all(project.store, chosen, admin=opened.admin if opened else None)


def _server(project: Project, stack: ExitStack) -> OpenServer | None:
    try:
        return stack.enter_context(project.open_server())
    except ServerError as error:
        _logger.warning("Copies of the snapshots may stay on the server: %s", error.message)
        return None
