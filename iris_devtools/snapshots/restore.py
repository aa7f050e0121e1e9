"""From a snapshot to a namespace: stage the files once, then put copies of them in (iris-facts 12.3).

*Staging* verifies the checksums and puts the files on the server's own disk, below its manager directory,
under names that tell the key and the content. *Instantiating* copies them from there, on that disk, and
exchanges the files of a namespace. A reset between tests is the second alone.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from iris_devtools.admin import Admin
from iris_devtools.admin.databases import as_directory
from iris_devtools.admin.privileges import OPERATE
from iris_devtools.errors import ChecksumError, EngineMismatchError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.exchange import Exchange, Staged, StagedFile
from iris_devtools.snapshots.inspection import Thoroughness, verify_namespace
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
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
"""Below the manager directory of the server: files of snapshots, ready to be copied.

A container with a shared directory has them there instead.
"""


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
        PrivilegeError: the account on a server of somebody else may not restore; nothing was changed.
        AdministrationError: the server cannot keep the files.

    """
    watch = Stopwatch()
    _require_engine(admin, snapshot.manifest)
    admin.require_privileges(OPERATE)
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
    prepared: Exchange | None = None,
    reporter: Reporter = SILENT,
) -> Restored:
    """Exchange the database files of ``namespace`` for copies of the staged ones.

    The caller closes its own connections to the namespace first. The copies are made while the old databases
    are still mounted; only the exchange happens dismounted. When a step of it fails, the old files are put
    back and mounted.

    ``held`` is the key of what the namespace holds, for callers who know that no DDL has run there since.
    When it is the key that is restored, the server's cached queries fit and are kept; otherwise they are
    thrown away (iris-facts 9). ``prepared`` is an exchange of the same files whose copies were made
    beforehand; it is used up.

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
    exchange = prepared or Exchange(admin, staged, namespace=namespace)
    with reporter.step(f"Restoring {staged.key.name} into {namespace}"):
        with watch.step("wait"):
            admin.require_idle(namespace, terminate=terminate_others, wait_s=wait_s)
        if prepared is None:
            with watch.step("copy"):
                exchange.prepare()
        with watch.step("exchange"):
            exchange.carry_out()
        purged = held != staged.key
        if purged:
            with watch.step("purge"):
                admin.purge_cached_queries(namespace)
        with watch.step("verify"):
            verify_namespace(admin, staged.manifest, namespace=namespace, thoroughness=thoroughness)
    return Restored(namespace, staged.key, purged, watch.seconds, watch.timings)


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
    directory = as_directory(admin.shared_directory or admin.manager_directory + STAGING_DIRECTORY)
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
            temporary,
            snapshot.pieces(file),
            source=snapshot.path(file),
            size=file.size,
            progress=step.advance,
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
