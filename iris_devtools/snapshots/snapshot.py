"""A snapshot on this machine's disk: a manifest, and database files that are the ones it describes."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

from iris_devtools.errors import ChecksumError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest

__all__ = ["CHUNK_BYTES", "Snapshot", "open_snapshot"]

CHUNK_BYTES = 1024 * 1024

_Identity = tuple[int, int, int, int]

_known_digests: dict[_Identity, str] = {}
_known_digests_lock = threading.Lock()


@dataclass(frozen=True)
class Snapshot:
    """One published snapshot. It never changes: a directory that is there is complete."""

    directory: Path
    manifest: Manifest

    @property
    def key(self) -> RevisionKey:
        """Return the key that the snapshot answers to."""
        return self.manifest.key

    @property
    def name(self) -> str:
        """Return the name of its directory."""
        return self.directory.name

    def path(self, file: DatabaseFile) -> Path:
        """Return where a file of the manifest lies."""
        return self.directory / file.name

    def require_sizes(self) -> None:
        """Raise ChecksumError when a database file is missing or of another size; cheap, it reads no file."""
        for file in self.manifest.files:
            path = self.path(file)
            try:
                size = path.stat().st_size
            except OSError as exc:
                raise _damaged(self, file, f"cannot be read: {exc.strerror}", found=None) from exc
            if size != file.size:
                raise _damaged(self, file, f"has {size} bytes instead of {file.size}", found=size)

    def verify(self, *, reporter: Reporter = SILENT) -> None:
        """Raise ChecksumError unless every database file has the size and the SHA-256 that the manifest
        gives.

        A file that this process read once is not read again as long as its inode, size and time of change
        stay.
        """
        self.require_sizes()
        for file in self.manifest.files:
            path = self.path(file)
            try:
                found = _sha256(path, reporter=reporter)
            except OSError as exc:
                raise _damaged(self, file, f"cannot be read: {exc.strerror}", found=None) from exc
            if found != file.sha256:
                problem = f"has the checksum {found[:12]}... instead of {file.sha256[:12]}..."
                raise _damaged(self, file, problem, found=found)


def open_snapshot(directory: Path) -> Snapshot:
    """Return the snapshot in ``directory``, wherever that is; raise ManifestError when there is none.

    The manifest is read and checked, the database files are not (see :meth:`Snapshot.verify`).
    """
    return Snapshot(directory=directory, manifest=Manifest.read(directory))


def _sha256(path: Path, *, reporter: Reporter) -> str:
    status = path.stat()
    identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
    with _known_digests_lock:
        known = _known_digests.get(identity)
    if known is not None:
        return known
    digest = hashlib.sha256()
    with (
        reporter.step(f"Checking {path.name}", total=status.st_size, unit="bytes") as step,
        path.open("rb") as stream,
    ):
        while piece := stream.read(CHUNK_BYTES):
            digest.update(piece)
            step.advance(len(piece))
    found = digest.hexdigest()
    with _known_digests_lock:
        _known_digests[identity] = found
    return found


def _damaged(snapshot: Snapshot, file: DatabaseFile, problem: str, *, found: object) -> ChecksumError:
    path = snapshot.path(file)
    return ChecksumError(
        f"{path} is not the file that was published: it {problem}.",
        hint=f"Delete {snapshot.directory} and take the snapshot again; nothing was restored.",
        path=path,
        snapshot=snapshot.directory,
        found=found,
        expected=file.sha256,
    )
