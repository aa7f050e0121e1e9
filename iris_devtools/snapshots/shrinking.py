"""Keep a file of a snapshot as its difference from another snapshot, and make it whole again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from iris_devtools.errors import ChecksumError
from iris_devtools.progress import SILENT, Reporter, Step
from iris_devtools.snapshots.compression import SUFFIX as COMPRESSED
from iris_devtools.snapshots.compression import FileWriter, read_pieces
from iris_devtools.snapshots.delta import MAX_DEPTH, SUFFIX, write_delta
from iris_devtools.snapshots.manifest import Base, DatabaseFile
from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["expand", "shrink"]


def shrink(
    directory: Path, file: DatabaseFile, base: Snapshot, *, level: int, reporter: Reporter = SILENT
) -> DatabaseFile:
    """Put the difference from ``base`` in the place of a file in ``directory``, if it takes less than half;
    return what is there then.

    A base that is damaged, or that has as many others below it as there may be, changes nothing. Raises
    StoreError when the disk refuses.
    """
    below = next((one for one in base.manifest.files if one.role == file.role), None)
    depth = 1 + (below.base.depth if below is not None and below.base is not None else 0)
    if below is None or depth > MAX_DEPTH:
        return file
    whole = directory / file.name
    name = whole.name.removesuffix(COMPRESSED) + SUFFIX
    try:
        base.verify(reporter=reporter)
        with reporter.step(f"Comparing {file.name} with {base.name}", total=file.size, unit="bytes") as step:
            stored = write_delta(
                directory / name,
                _counted(read_pieces(whole, compression=file.compression, size=file.size), step),
                base.pieces(below),
                level=level,
                limit=file.bytes_on_disk // 2,
            )
    except ChecksumError:
        (directory / name).unlink(missing_ok=True)
        return file
    if stored is None:
        return file
    whole.unlink()
    return DatabaseFile(
        role=file.role,
        name=name,
        size=file.size,
        sha256=file.sha256,
        compression="delta",
        stored_size=stored,
        base=Base(snapshot=base.name, sha256=below.sha256, depth=depth),
    )


def expand(snapshot: Snapshot, directory: Path, *, level: int, reporter: Reporter = SILENT) -> Snapshot:
    """Return the snapshot with whole files: itself, or one in ``directory`` with what had been differences.

    Raises ChecksumError when it is damaged, StoreError when the disk refuses.
    """
    if not snapshot.manifest.bases:
        return snapshot
    snapshot.verify(reporter=reporter)
    files = tuple(_whole(snapshot, file, directory, level, reporter) for file in snapshot.manifest.files)
    manifest = snapshot.manifest.model_copy(update={"files": files, "schema_version": 2})
    return Snapshot(directory, manifest)


def _counted(pieces: Iterator[bytes], step: Step) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        step.advance(len(piece))


def _whole(
    snapshot: Snapshot, file: DatabaseFile, directory: Path, level: int, reporter: Reporter
) -> DatabaseFile:
    name = file.name.removesuffix(SUFFIX).removesuffix(COMPRESSED) + COMPRESSED
    with (
        reporter.step(f"Making {name} whole", total=file.size, unit="bytes") as step,
        FileWriter(directory / name, level=level, size=file.size) as out,
    ):
        for piece in snapshot.pieces(file):
            out.write(piece)
            step.advance(len(piece))
    if out.sha256 != file.sha256:
        raise ChecksumError(
            f"{snapshot.path(file)} makes other data than those that were published.",
            hint=f"Delete {snapshot.directory} and take the snapshot again.",
            path=snapshot.path(file),
            expected=file.sha256,
            found=out.sha256,
        )
    return DatabaseFile(
        role=file.role,
        name=name,
        size=out.size,
        sha256=out.sha256,
        compression="zstd",
        stored_size=out.stored_size,
    )
