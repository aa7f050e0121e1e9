"""Snapshots for tests that look at stores and not into databases: any bytes as a database file."""

from __future__ import annotations

from iris_devtools.snapshots.compression import FileWriter
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
from iris_devtools.snapshots.shrinking import shrink
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

__all__ = ["publish"]


def publish(
    store: Store,
    content: bytes,
    key: RevisionKey,
    *,
    fixture_id: str = "a",
    base: Snapshot | None = None,
    replace: bool = False,
) -> Snapshot:
    """Publish a snapshot of one compressed file: as its difference from ``base`` if the store keeps such."""
    with store.writer(key) as writer:
        with FileWriter(writer.directory / "IRIS.DAT.zst", level=3) as out:
            out.write(content)
        file = DatabaseFile(
            role="both",
            name="IRIS.DAT.zst",
            size=out.size,
            sha256=out.sha256,
            compression="zstd",
            stored_size=out.stored_size,
        )
        if base is not None and writer.delta:
            file = shrink(writer.directory, file, base, level=3)
        manifest = Manifest(
            fixture_id=fixture_id,
            version="1",
            schema_version=3 if file.base else 2,
            created_at="2026-01-02T00:00:00Z",  # type: ignore[arg-type]
            iris_version="x",
            namespace="APP",
            tables=(),
            revisions=key.revisions,
            digest=key.digest,
            engine=key.engine,
            files=(file,),
            tool="a test",
        )
        return writer.publish(manifest, replace=replace, hashed=True).snapshot
