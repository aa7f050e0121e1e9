"""A snapshot on this machine's disk: a manifest, and database files that are the ones it describes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from iris_devtools.errors import ChecksumError, ManifestError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots import verified
from iris_devtools.snapshots.compression import DamagedFileError, read_pieces
from iris_devtools.snapshots.delta import read_delta
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest

__all__ = ["Snapshot", "open_snapshot"]


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
        """Raise ChecksumError when a database file is missing or of another size; cheap, it reads no file.

        Of a file that is a difference, that counts for what it is the difference from, too.
        """
        for file in self.manifest.files:
            path = self.path(file)
            try:
                size = path.stat().st_size
            except OSError as exc:
                raise _damaged(self, file, f"cannot be read: {exc.strerror}", found=None) from exc
            if size != file.bytes_on_disk:
                raise _damaged(self, file, f"has {size} bytes instead of {file.bytes_on_disk}", found=size)
            if (base := self._base(file)) is not None:
                base[0].require_sizes()

    def verify(self, *, reporter: Reporter = SILENT) -> None:
        """Raise ChecksumError unless the data of every database file have the size and the SHA-256 that the
        manifest gives.

        A file that any process verified once is not read again as long as it is the same one, see
        :mod:`iris_devtools.snapshots.verified`.
        """
        self.require_sizes()
        for file in self.manifest.files:
            path = self.path(file)
            if (base := self._base(file)) is not None:
                base[0].verify(reporter=reporter)
            try:
                found = verified.known_digest(path)
            except OSError as exc:
                raise _damaged(self, file, f"cannot be read: {exc.strerror}", found=None) from exc
            if found is None:
                digest = hashlib.sha256()
                with reporter.step(f"Checking {file.name}", total=file.size, unit="bytes") as step:
                    for piece in self.pieces(file):
                        digest.update(piece)
                        step.advance(len(piece))
                found = digest.hexdigest()
                verified.remember(path, found)
            if found != file.sha256:
                problem = f"has the checksum {found[:12]}... instead of {file.sha256[:12]}..."
                raise _damaged(self, file, problem, found=found)

    def pieces(self, file: DatabaseFile) -> Iterator[bytes]:
        """Yield the data of a file of the manifest, decompressed; raise ChecksumError when they cannot be
        what was published.
        """
        base = self._base(file)
        try:
            if base is not None:
                snapshot, below = base
                yield from read_delta(self.path(file), snapshot.pieces(below), size=file.size)
            else:
                yield from read_pieces(self.path(file), compression=file.compression, size=file.size)
        except DamagedFileError as exc:
            raise _damaged(self, file, str(exc), found=None) from exc
        except OSError as exc:
            raise _damaged(self, file, f"cannot be read: {exc.strerror}", found=None) from exc

    def _base(self, file: DatabaseFile) -> tuple[Snapshot, DatabaseFile] | None:
        """Return what a file is the difference from, None for a whole one; raise ChecksumError when it is
        gone.
        """
        base = file.base
        if base is None:
            return None
        try:
            snapshot = open_snapshot(self.directory.parent / base.snapshot)
        except ManifestError as exc:
            problem = f"is the difference from {base.snapshot}, which is not there"
            raise _damaged(self, file, problem, found=None) from exc
        for below in snapshot.manifest.files:
            depth = below.base.depth if below.base is not None else 0
            # The depth falls at each step, so that no circle of manifests goes on for ever.
            if (below.role, below.sha256, depth) == (file.role, base.sha256, base.depth - 1):
                return snapshot, below
        problem = f"is the difference from another {base.snapshot} than the one that is there"
        raise _damaged(self, file, problem, found=None)


def open_snapshot(directory: Path) -> Snapshot:
    """Return the snapshot in ``directory``, wherever that is; raise ManifestError when there is none.

    The manifest is read and checked, the database files are not (see :meth:`Snapshot.verify`).
    """
    return Snapshot(directory=directory, manifest=Manifest.read(directory))


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
