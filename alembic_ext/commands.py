"""The verbs of the Alembic extension: functions that take Alembic's ``Config`` and return frozen results.

Everything that the commands of the command line do can be called from Python::

    from alembic.config import Config
    from alembic_ext import commands

    result = commands.snapshot(Config("alembic.ini"))
    print(result.snapshot.directory)

Two kinds of snapshot share one store. A *built* one is what the sources say: migrations, then the seed, in a
scratch namespace; its key depends on nothing else, so a test run may take it from any machine. A *captured*
one is a database as it stood (``from_database``); nothing can be said about how it came to be, so it has a
key of its own and is never taken for a built one.
"""

from __future__ import annotations

import shlex
import uuid
from typing import TYPE_CHECKING

from alembic_ext.picture import graph
from alembic_ext.project import OpenServer, Project, open_project
from alembic_ext.prune import prune, remove, tidy
from alembic_ext.results import RestoreResult, SnapshotResult, SnapshotsResult
from alembic_ext.sharing import listing, pull, push
from alembic_ext.status import key, status
from alembic_ext.verification import verify
from iris_devtools.errors import ConfigurationError, MigrationError, SnapshotNotFoundError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.provision import ensure_snapshot, restore_namespace
from iris_devtools.snapshots.capture import Description, capture
from iris_devtools.snapshots.key import RevisionKey, revision_key, text_digest
from iris_devtools.snapshots.retention import CAPTURED_FROM, is_captured
from iris_devtools.snapshots.stopwatch import Stopwatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alembic.config import Config

    from iris_devtools.admin.connection import Admin
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = [
    "graph",
    "key",
    "listing",
    "prune",
    "pull",
    "push",
    "remove",
    "restore",
    "snapshot",
    "snapshots",
    "status",
    "verify",
]


def snapshot(
    config: Config,
    *,
    revisions: Sequence[str] = ("heads",),
    from_database: bool = False,
    rebuild: bool = False,
    description: str = "",
    reporter: Reporter = SILENT,
) -> SnapshotResult:
    """Make sure that the store has a snapshot of the revisions.

    Without ``from_database`` the configured database is left alone: what is missing is built in a scratch
    namespace, which is dropped afterwards, also after a failure. With it, the configured database is
    captured as it stands, whatever revision it is at.

    Raises:
        UnknownRevisionError: a revision is not in the chain.
        MigrationError: a migration or the seed failed; no snapshot is left behind.
        NamespaceInUseError: ``from_database``, and others are connected.
        IrisDevtoolsError: the server or the store failed.
    """
    project = open_project(config)
    with project.open_server() as opened:
        if from_database:
            return _capture(project, opened, description=description, reporter=reporter)
        provisioned = ensure_snapshot(
            opened.admin,
            project.source,
            project.store,
            revisions=revisions,
            rebuild=rebuild,
            keep_unseeded=project.settings.keep_unseeded,
            description=Description(text=description),
            reporter=reporter,
        )
        if provisioned.built:
            tidy(project, opened)
        return SnapshotResult(
            snapshot=provisioned.snapshot,
            built=provisioned.built,
            way=provisioned.plan,
            seconds=provisioned.seconds,
            server=opened.reason,
        )


def restore(
    config: Config,
    *,
    revisions: Sequence[str] = ("heads",),
    name: str | None = None,
    namespace: str | None = None,
    terminate: bool = False,
    reporter: Reporter = SILENT,
) -> RestoreResult:
    """Bring a namespace to a snapshot: the configured one, or another by name; a missing one is created.

    ``name`` is the snapshot's name or the beginning of it. Without one it is the built snapshot of the
    revisions as the sources have them now or, where there is none, the newest that was captured at these
    revisions.

    Raises:
        SnapshotNotFoundError: there is none.
        ChecksumError: its file is damaged; the server was not touched.
        NamespaceInUseError: others are connected, and ``terminate`` is false.
        IrisDevtoolsError: the server or the store failed.
    """
    project = open_project(config)
    target = namespace or project.namespace
    with project.open_server() as opened:
        found = project.store.get(name) if name else _find(project, opened.admin, revisions)
        restored = restore_namespace(
            opened.admin,
            found,
            namespace=target,
            terminate_others=terminate,
            reporter=reporter,
        )
        return RestoreResult(snapshot=found, namespace=target, seconds=restored.seconds, server=opened.reason)


def snapshots(config: Config) -> SnapshotsResult:
    """List what the store holds. Needs no server."""
    project = open_project(config)
    survey = project.store.survey()
    return SnapshotsResult(
        store=str(project.store.directory),
        snapshots=survey.snapshots,
        broken=survey.broken,
        heads=project.source.chain.heads,
    )


def _capture(project: Project, opened: OpenServer, *, description: str, reporter: Reporter) -> SnapshotResult:
    current = project.current(opened)
    if current is None:
        raise ConfigurationError(
            f"There is no namespace {project.namespace} to capture.",
            hint="Run `alembic upgrade heads` first, or leave out --from-database to build the snapshot.",
            namespace=project.namespace,
        )
    unknown = [revision for revision in current if not project.source.chain.has(revision)]
    if unknown:
        raise MigrationError(
            f"{project.namespace} is at {', '.join(unknown)}, which the migration scripts do not have.",
            hint="Check out the scripts that made the database, or restore a snapshot over it.",
            revisions=current,
        )
    key = revision_key(
        current,
        sources=project.source.chain.digests(current),
        engine=opened.admin.engine,
        seed=text_digest(f"captured {uuid.uuid4()}"),
    )
    watch = Stopwatch()
    captured = capture(
        opened.admin,
        namespace=project.namespace,
        store=project.store,
        key=key,
        description=Description(text=description, features={CAPTURED_FROM: project.namespace}),
        revision_table=project.source.revision_table,
        reporter=reporter,
    )
    return SnapshotResult(
        snapshot=captured.snapshot, built=True, way=None, seconds=watch.seconds, server=opened.reason
    )


def _find(project: Project, admin: Admin, revisions: Sequence[str]) -> Snapshot:
    key = project.source.key(admin.engine, revisions)
    built = project.store.find(key) or project.store.fetch(key)
    if built is not None:
        return built
    for candidate in project.store.snapshots():  # the newest first
        if is_captured(candidate) and _same_revisions(candidate.key, key):
            return candidate
    raise SnapshotNotFoundError(
        f"{project.store.directory} has no snapshot of {key}.",
        hint=f"`{' '.join(['alembic iris-snapshot', *_as_typed(revisions)])}` makes it; "
        "`alembic iris-snapshots` lists what there is.",
        key=key,
        store=project.store.directory,
    )


def _as_typed(revisions: Sequence[str]) -> list[str]:
    return [] if tuple(revisions) == ("heads",) else [shlex.quote(one) for one in revisions]


def _same_revisions(candidate: RevisionKey, key: RevisionKey) -> bool:
    return (candidate.revisions, candidate.engine) == (key.revisions, key.engine)
