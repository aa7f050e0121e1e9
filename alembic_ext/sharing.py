"""The verbs behind ``alembic iris-push`` and ``alembic iris-pull``: a store that others share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alembic_ext.project import Project, open_project
from iris_devtools.errors import ConfigurationError, SnapshotNotFoundError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.stopwatch import Stopwatch

if TYPE_CHECKING:
    from alembic.config import Config

    from iris_devtools.snapshots.key import RevisionKey
    from iris_devtools.snapshots.sharing import SharedStore
    from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["ListResult", "ShareResult", "listing", "pull", "push"]


@dataclass(frozen=True)
class ShareResult:
    """A snapshot that is on both sides now; ``moved`` tells whether it was not before.

    ``start`` is the state before its seed, from which others build on; it was published along with it.
    """

    snapshot: Snapshot
    url: str
    moved: bool
    seconds: float
    start: Snapshot | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what is where."""
        return {
            "name": self.snapshot.key.name,
            "path": str(self.snapshot.directory),
            "url": self.url,
            "bytes": self.snapshot.manifest.bytes_on_disk,
            "moved": self.moved,
            "start": self.start.key.name if self.start else None,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class ListResult:
    """What the shared store has."""

    url: str
    names: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the names."""
        return {"url": self.url, "names": list(self.names)}


def push(
    config: Config, *, name: str | None = None, replace: bool = False, reporter: Reporter = SILENT
) -> ShareResult:
    """Publish a snapshot of the local store, by default that of the heads, in the shared store.

    No build can go on from a seeded snapshot, so that of the heads takes with it the state before its seed,
    where the local store kept it.

    Raises:
        ConfigurationError: there is no shared store.
        SnapshotNotFoundError: the local store has no such snapshot.
        ChecksumError: the snapshot is damaged; nothing was written.
        StoreError: the shared store is read-only, refuses, or cannot be reached.
    """
    watch = Stopwatch()
    project = open_project(config)
    shared = _shared(project)
    snapshot = project.store.get(name) if name else _of_heads(project)
    start = _start(project, snapshot) if name is None else None
    if start is not None:
        shared.push(start, replace=replace, reporter=reporter)
    pushed = shared.push(snapshot, replace=replace, reporter=reporter)
    return ShareResult(snapshot, pushed.url, pushed.first, watch.seconds, start)


def pull(config: Config, *, name: str | None = None, reporter: Reporter = SILENT) -> ShareResult:
    """Bring a snapshot of the shared store, by default that of the heads, into the local one.

    ``name`` is its name, or the beginning of it where only one begins so.

    Raises:
        ConfigurationError: there is no shared store.
        SnapshotNotFoundError: the shared store has no such snapshot.
        ManifestError: what is there is malformed, or of a newer format.
        ChecksumError: a file is not the one that was published; nothing was stored.
        StoreError: the shared store cannot be reached, or the local one not written.
    """
    watch = Stopwatch()
    project = open_project(config)
    shared = _shared(project)
    wanted = _complete(shared, name) if name else _head_key(project).name
    pulled = shared.pull(wanted, project.store, reporter=reporter)
    return ShareResult(pulled.snapshot, pulled.url, pulled.first, watch.seconds)


def listing(config: Config) -> ListResult:
    """List the shared store. Needs no server."""
    shared = _shared(open_project(config))
    return ListResult(shared.url, shared.names())


def _shared(project: Project) -> SharedStore:
    if project.store.shared is None:
        raise ConfigurationError(
            "There is no shared store.",
            hint='Set shared_store = "s3://bucket/snapshots" in [tool.iris-devtools], '
            "or IRIS_DEVTOOLS_SHARED_STORE.",
        )
    return project.store.shared


def _head_key(project: Project) -> RevisionKey:
    with project.open_server() as opened:
        return project.source.key(opened.admin.engine)


def _of_heads(project: Project) -> Snapshot:
    key = _head_key(project)
    found = project.store.find(key)
    if found is None:
        raise SnapshotNotFoundError(
            f"{project.store.directory} has no snapshot of {key}.",
            hint="`alembic iris-snapshot` makes it; or name one that `alembic iris-snapshots` lists.",
            key=key,
            store=project.store.directory,
        )
    return found


def _start(project: Project, snapshot: Snapshot) -> Snapshot | None:
    """Return the state before the seed of a snapshot, where there is a seed and the store kept it."""
    for ancestor in project.source.ancestors(snapshot.key):
        if ancestor.key.revisions == snapshot.key.revisions:
            return project.store.find(ancestor.key)
    return None


def _complete(shared: SharedStore, name: str) -> str:
    matches = [each for each in shared.names() if each.startswith(name)]
    return matches[0] if len(matches) == 1 else name
