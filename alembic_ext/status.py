"""Where a project stands, and why: what ``alembic iris-status`` and ``alembic iris-key`` tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic_ext.freshness import changes_since, freshness, last_built
from alembic_ext.project import open_project
from alembic_ext.results import KeyResult, ReplayedStep, StatusResult
from iris_devtools.errors import ConfigurationError
from iris_devtools.provision import choose_plan
from iris_devtools.snapshots.times import Times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config

__all__ = ["key", "status"]


def status(config: Config) -> StatusResult:
    """Tell where the project stands: heads, database, key, and what a snapshot of the heads would need.

    Nothing is changed, neither in the store nor in a database.

    Raises:
        IrisDevtoolsError: the sources cannot be read, or the server does not answer.
    """
    project = open_project(config)
    source = project.source
    with project.open_server() as opened:
        wanted = source.key(opened.admin.engine)
        way = choose_plan(source, project.store, wanted)
        snapshots = project.store.snapshots()
        last = last_built(snapshots, revisions=wanted.revisions, engine=wanted.engine)
        times = Times.of(snapshots, engine=wanted.engine)
        steps = tuple(ReplayedStep(step, times.get(step)) for step in way.steps or ())
        return StatusResult(
            heads=source.chain.heads,
            database=project.current(opened),
            namespace=project.namespace,
            key=wanted,
            way=way,
            snapshot=project.store.find(wanted) if way.kind == "exact" else None,
            compared=last,
            changes=changes_since(source, last.manifest, revisions=wanted.revisions) if last else (),
            stale=tuple(one for one in snapshots if freshness(source, one) in ("stale", "unreachable")),
            replay=steps,
            expected_s=None if steps and all(one.seconds is None for one in steps) else way.replay_s,
            seed=source.seeding.reference if source.seeding else None,
            store=str(project.store.directory),
            server=opened.reason,
        )


def key(config: Config, *, revisions: Sequence[str] = ("heads",), engine: str | None = None) -> KeyResult:
    """Return the key of revisions; with the name of an engine no server is needed.

    Raises:
        UnknownRevisionError: a revision is not in the chain.
        ConfigurationError: the engine is none.
        IrisDevtoolsError: the sources cannot be read, or the server does not answer.
    """
    project = open_project(config)
    if engine is not None:
        try:
            return KeyResult(project.source.key(engine, revisions))
        except ValueError as error:
            raise ConfigurationError(
                f"There is no engine {engine!r}: {error}.",
                hint="`alembic iris-status` names the engine of the server.",
                engine=engine,
            ) from error
    with project.open_server() as opened:
        return KeyResult(project.source.key(opened.admin.engine, revisions))
