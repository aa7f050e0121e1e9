"""From a snapshot to a namespace: stage the files once, then put copies of them in (iris-facts 12.3).

*Staging* verifies the checksums and puts the files on the server's own disk, below its manager directory,
under names that tell the key and the content. *Instantiating* copies them from there, on that disk, and
exchanges the files of a namespace. A reset between tests is the second alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iris_devtools.admin import DATABASE_FILE, Admin, Database
from iris_devtools.admin.databases import as_directory
from iris_devtools.errors import (
    AdministrationError,
    ChecksumError,
    EngineMismatchError,
    IrisDevtoolsError,
    SnapshotError,
)
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.inspection import Thoroughness, verify_namespace
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest, Role
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.stopwatch import Stopwatch

__all__ = [
    "STAGING_DIRECTORY",
    "Restored",
    "Staged",
    "StagedFile",
    "instantiate",
    "restore",
    "stage",
    "unstage",
]

STAGING_DIRECTORY = "iris-devtools-staged"
"""Below the manager directory of the server: files of snapshots, ready to be copied."""

_NEXT = "next.DAT"
_PREVIOUS = "previous.DAT"


@dataclass(frozen=True)
class StagedFile:
    """One file of a snapshot on the server's disk."""

    role: Role
    directory: str
    name: str
    size: int

    @property
    def path(self) -> str:
        """Return where it is on the server."""
        return self.directory + self.name


@dataclass(frozen=True)
class Staged:
    """A snapshot on the server's disk: keep it, and pass it to :func:`instantiate` as often as you like."""

    manifest: Manifest
    files: tuple[StagedFile, ...]
    seconds: float

    @property
    def key(self) -> RevisionKey:
        """Return the key of the snapshot."""
        return self.manifest.key


@dataclass(frozen=True)
class Restored:
    """A namespace that holds a snapshot; ``purged`` tells whether its cached queries were thrown away."""

    namespace: str
    key: RevisionKey
    purged: bool
    seconds: float
    timings: Mapping[str, float]


def restore(
    admin: Admin,
    snapshot: Snapshot,
    *,
    namespace: str,
    held: RevisionKey | None = None,
    thoroughness: Thoroughness = "tables",
    terminate_others: bool = False,
    wait_s: float = 2.0,
    reporter: Reporter = SILENT,
) -> Restored:
    """Put ``snapshot`` into ``namespace``: :func:`stage`, then :func:`instantiate`; see there for both."""
    staged = stage(admin, snapshot, reporter=reporter)
    return instantiate(
        admin,
        staged,
        namespace=namespace,
        held=held,
        thoroughness=thoroughness,
        terminate_others=terminate_others,
        wait_s=wait_s,
        reporter=reporter,
    )


def stage(admin: Admin, snapshot: Snapshot, *, reporter: Reporter = SILENT) -> Staged:
    """Verify the files of ``snapshot`` and bring them to the server's disk, unless they are there.

    Processes of one machine that stage the same snapshot do it once. A file on the server under its final
    name is always complete.

    Raises:
        ChecksumError: a file is not the one that was published; the server was not touched.
        EngineMismatchError: another engine wrote the files; the server was not touched.
        AdministrationError: the server cannot keep the files.

    """
    watch = Stopwatch()
    _require_engine(admin, snapshot.manifest)
    snapshot.verify(reporter=reporter)
    files = tuple(_staged_file(admin, snapshot.key, file) for file in snapshot.manifest.files)
    for file, staged in zip(snapshot.manifest.files, files, strict=True):
        if not _is_there(admin, staged):
            with server_lock(admin, f"stage {staged.name}", reporter=reporter):
                _upload(admin, snapshot, file, staged, reporter)
    return Staged(snapshot.manifest, files, watch.seconds)


def unstage(admin: Admin, snapshot: Snapshot) -> bool:
    """Delete the files of ``snapshot`` from the server's disk; False when none was there.

    Namespaces that hold copies are not touched.
    """
    files = (_staged_file(admin, snapshot.key, file) for file in snapshot.manifest.files)
    deleted = [admin.delete(file.path) for file in files]
    return any(deleted)


def instantiate(
    admin: Admin,
    staged: Staged,
    *,
    namespace: str,
    held: RevisionKey | None = None,
    thoroughness: Thoroughness = "tables",
    terminate_others: bool = False,
    wait_s: float = 2.0,
    reporter: Reporter = SILENT,
) -> Restored:
    """Exchange the database files of ``namespace`` for copies of the staged ones.

    The caller closes its own connections to the namespace first. The copies are made while the old databases
    are still mounted; only the exchange happens dismounted. When a step of it fails, the old files are put
    back and mounted.

    ``held`` is the key of what the namespace holds, for callers who know that no DDL has run there since.
    When it is the key that is restored, the server's cached queries fit and are kept; otherwise they are
    thrown away (iris-facts 9).

    Raises:
        EngineMismatchError: another engine wrote the files.
        SnapshotError: the namespace has another number of databases than the snapshot.
        NamespaceInUseError: others are connected; with ``terminate_others`` they are ended instead.
        AdministrationError: the server refuses a step. The namespace holds what it held, or the message says
            how to mend it.
        RevisionMismatchError: the namespace does not hold the snapshot after all (see ``thoroughness`` in
            :func:`iris_devtools.snapshots.inspection.verify_namespace`).

    """
    watch = Stopwatch()
    _require_engine(admin, staged.manifest)
    swaps = [_Swap(admin, *pair) for pair in _pair(admin.databases(namespace), staged, namespace)]
    with reporter.step(f"Restoring {staged.key.name} into {namespace}"):
        with watch.step("wait"):
            admin.require_idle(namespace, terminate=terminate_others, wait_s=wait_s)
        with watch.step("copy"):
            for swap in swaps:
                swap.prepare()
        with watch.step("exchange"):
            _exchange(admin, swaps, namespace)
        purged = held != staged.key
        if purged:
            with watch.step("purge"):
                admin.purge_cached_queries(namespace)
        with watch.step("verify"):
            verify_namespace(admin, staged.manifest, namespace=namespace, thoroughness=thoroughness)
    return Restored(namespace, staged.key, purged, watch.seconds, watch.timings)


class _Swap:
    """The exchange of one database's file, step by step, each of which can be taken back."""

    def __init__(self, admin: Admin, database: Database, file: StagedFile) -> None:
        self._admin = admin
        self._file = file
        self.directory = database.directory
        self._current = database.directory + DATABASE_FILE
        self._next = database.directory + _NEXT
        self._previous = database.directory + _PREVIOUS
        self.has_old_file = True

    def prepare(self) -> None:
        """Put the copy beside the database, and mend what a restore that was killed left behind."""
        if not self._admin.file_exists(self._current):
            self.has_old_file = self._admin.file_exists(self._previous)
            if self.has_old_file:
                self._admin.rename(self._previous, self._current)
        self._admin.copy(self._file.path, self._next)
        size = self._admin.file_size(self._next)
        if size != self._file.size:
            self._admin.delete(self._next)
            raise ChecksumError(
                f"Only {size} of {self._file.size} bytes of {self._file.path} were copied; "
                "nothing was exchanged.",
                hint="Check the free space of the server's disk.",
                path=self._next,
                expected=self._file.size,
                found=size,
            )

    def dismount(self) -> None:
        if self.has_old_file:
            self._admin.dismount(self.directory)

    def exchange(self) -> None:
        if self.has_old_file:
            self._admin.rename(self._current, self._previous)
        self._admin.rename(self._next, self._current)

    def put_back(self) -> None:
        """Return to the old file, from wherever the exchange stopped, and mount it."""
        if self.has_old_file and self._admin.file_exists(self._previous):
            if self._admin.file_exists(self._current):
                self._admin.dismount(self.directory)
            self._admin.rename(self._previous, self._current)
        if self.has_old_file:
            self._admin.mount(self.directory)
        self._admin.delete(self._next)

    def finish(self) -> None:
        if self.has_old_file:
            self._admin.delete(self._previous)


def _exchange(admin: Admin, swaps: Sequence[_Swap], namespace: str) -> None:
    try:
        for swap in swaps:
            swap.dismount()
        for swap in swaps:
            swap.exchange()
        for swap in swaps:
            admin.mount(swap.directory)
    except BaseException as error:
        _put_back(swaps, namespace, error)
        raise
    for swap in swaps:
        swap.finish()


def _put_back(swaps: Sequence[_Swap], namespace: str, error: BaseException) -> None:
    failed: dict[str, IrisDevtoolsError] = {}
    for swap in swaps:
        try:
            swap.put_back()
        except IrisDevtoolsError as failure:  # noqa: PERF203 - one that fails must not keep the others down
            failed[swap.directory] = failure
    if failed:
        first = next(iter(failed.values()))
        commands = "; ".join(f'##class(SYS.Database).MountDatabase("{directory}")' for directory in failed)
        raise AdministrationError(
            f"The restore into {namespace} failed ({error}), and its old database could not be put back: "
            f"{first.message}",
            hint=f"In each directory rename {_PREVIOUS} to {DATABASE_FILE} if it is there; then run in %SYS: "
            f"{commands}. Or restore again.",
            namespace=namespace,
            directories=tuple(failed),
            call=first.facts.get("call"),
            status=first.facts.get("status", first.message),
            code=first.facts.get("code"),
        ) from error
    if isinstance(error, IrisDevtoolsError):
        held = all(swap.has_old_file for swap in swaps)
        state = (
            f"{namespace} holds its former database again." if held else f"{namespace} has no database now."
        )
        error.hint = f"{error.hint} {state}".strip()


def _pair(databases: Sequence[Database], staged: Staged, namespace: str) -> list[tuple[Database, StagedFile]]:
    files = {file.role: file for file in staged.files}
    if sorted(files) != sorted(database.role for database in databases):
        raise SnapshotError(
            f"The snapshot {staged.key.name} has {_shape(list(files))}, but {namespace} has "
            f"{_shape([database.role for database in databases])}; nothing was changed.",
            hint="Restore it into a namespace that was made the same way: CREATE DATABASE makes two "
            "databases, the namespaces of iris-devtools have one.",
            namespace=namespace,
            snapshot_roles=tuple(files),
            namespace_roles=tuple(database.role for database in databases),
        )
    return [(database, files[database.role]) for database in databases]


def _shape(roles: Sequence[Role]) -> str:
    if len(roles) == 1:
        return "one database for rows and classes"
    return "one database for rows and another for classes"


def _require_engine(admin: Admin, manifest: Manifest) -> None:
    if manifest.engine != admin.engine:
        raise EngineMismatchError(
            f"The snapshot {manifest.key.name} was written by {manifest.engine}, and the server is "
            f"{admin.engine}; nothing was changed.",
            hint="Take the snapshot on a server of the same kind and version: "
            "a database file does not cross engines.",
            expected=manifest.engine,
            found=admin.engine,
        )


def _staged_file(admin: Admin, key: RevisionKey, file: DatabaseFile) -> StagedFile:
    # The content is part of the name: a snapshot that was deleted and taken again has the same key and other
    # bytes.
    name = f"{key.name}.{file.role}.{file.sha256[:16]}.DAT"
    directory = as_directory(admin.manager_directory + STAGING_DIRECTORY)
    return StagedFile(file.role, directory, name, file.size)


def _is_there(admin: Admin, staged: StagedFile) -> bool:
    return admin.file_exists(staged.path) and admin.file_size(staged.path) == staged.size


def _upload(
    admin: Admin, snapshot: Snapshot, file: DatabaseFile, staged: StagedFile, reporter: Reporter
) -> None:
    if _is_there(admin, staged):  # somebody else was faster while we waited
        return
    admin.make_directories(staged.directory)
    # A name of our own, because a process of another machine may upload the same.
    temporary = f"{staged.path}.{secrets.token_hex(4)}"
    with reporter.step(f"Staging {file.name}", total=file.size, unit="bytes") as step:
        moved = admin.write(
            temporary, snapshot.pieces(file), source=snapshot.path(file), progress=step.advance
        )
    if moved.sha256 != file.sha256:
        admin.delete(temporary)
        raise ChecksumError(
            f"{snapshot.path(file)} changed while it was read; nothing was restored.",
            hint="Let nobody write into a snapshot; delete it and take it again.",
            path=snapshot.path(file),
            expected=file.sha256,
            found=moved.sha256,
        )
    admin.rename(temporary, staged.path)
