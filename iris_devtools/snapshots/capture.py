"""From a namespace to a snapshot: dismount, stream the files out, mount again (iris-facts 11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version as installed_version

from pydantic import JsonValue

from iris_devtools.admin import DATABASE_FILE, Admin, Database
from iris_devtools.admin.privileges import OPERATE
from iris_devtools.errors import ChecksumError, EngineMismatchError, RevisionMismatchError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.compression import SUFFIX, FileWriter
from iris_devtools.snapshots.inspection import count_rows, find_table, read_revisions
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, KnownQuery, Manifest, Role, SeedInfo, TableRows
from iris_devtools.snapshots.shrinking import shrink
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.stopwatch import Stopwatch
from iris_devtools.snapshots.store import Destination, SnapshotWriter

__all__ = ["Captured", "Description", "capture"]

_FILE_NAMES: dict[Role, str] = {"both": "IRIS.DAT", "data": "IRIS.data.DAT", "code": "IRIS.code.DAT"}


@dataclass(frozen=True)
class Description:
    """What people want to say about a snapshot; nothing here is part of its key.

    ``fixture_id`` is by default the snapshot's name.
    """

    fixture_id: str = ""
    version: str = "1"
    text: str = ""
    features: Mapping[str, JsonValue] | None = None
    known_queries: tuple[KnownQuery, ...] = ()


@dataclass(frozen=True)
class Captured:
    """A snapshot that was taken. ``first`` is false when another process had published the key meanwhile."""

    snapshot: Snapshot
    first: bool
    seconds: float
    timings: Mapping[str, float]


def capture(
    admin: Admin,
    *,
    namespace: str,
    store: Destination,
    key: RevisionKey,
    description: Description | None = None,
    seed: SeedInfo | None = None,
    revision_table: str | None = "alembic_version",
    replace: bool = False,
    base: Snapshot | None = None,
    terminate_others: bool = False,
    wait_s: float = 2.0,
    timings: Mapping[str, float] | None = None,
    reporter: Reporter = SILENT,
) -> Captured:
    """Take a snapshot of every database of ``namespace`` and publish it in ``store`` under ``key``.

    The caller closes its own connections to the namespace first. While the files are read the databases are
    dismounted; they are mounted again whatever happens, Ctrl-C included. After a failure the store is as it
    was. ``revision_table`` (``schema.table``, or ``table``) is read where it exists, and has to agree with
    the key. ``replace`` puts the new snapshot in the place of one that is there. ``base`` is what the
    namespace was made from, a snapshot of the same store: a store with ``delta`` keeps the difference from
    it. ``timings`` of what came before are kept in the manifest.

    Raises:
        EngineMismatchError: the key is of another engine than the server.
        NamespaceInUseError: others are connected; with ``terminate_others`` they are ended instead.
        RevisionMismatchError: the namespace is not at the revisions of the key.
        PrivilegeError: the account on a server of somebody else may not do this; nothing was begun.
        AdministrationError: the server refuses a step.
        StoreError: the store cannot be written.

    """
    if admin.engine != key.engine:
        raise EngineMismatchError(
            f"A snapshot for {key.engine} cannot be taken from a server of {admin.engine}.",
            hint="Make the key with the engine of the server that is captured.",
            expected=key.engine,
            found=admin.engine,
        )
    admin.require_privileges(OPERATE)
    watch = Stopwatch()
    databases = admin.databases(namespace)
    with watch.step("wait"):
        admin.require_idle(namespace, terminate=terminate_others, wait_s=wait_s)
    for database in databases:
        # One that a killed capture left dismounted could not be counted. One that is mounted stays as it is.
        admin.mount(database.directory)
    with watch.step("count"):
        tables, revision_table = _inspect(admin, namespace, key, revision_table)
    with store.writer(key) as writer:
        with watch.step("wait"):
            # Our own connection is among those that have to be gone.
            admin.require_idle(namespace, terminate=terminate_others, wait_s=wait_s)
        with watch.step("copy"), admin.dismounted([database.directory for database in databases]):
            files = tuple(_copy_out(admin, database, writer, reporter) for database in databases)
        if base is not None and writer.delta and writer.compression is not None and base.key != key:
            with watch.step("shrink"):
                files = tuple(
                    shrink(writer.directory, file, base, level=writer.compression, reporter=reporter)
                    for file in files
                )
        about = description or Description()
        manifest = Manifest(
            fixture_id=about.fixture_id or key.name,
            version=about.version,
            schema_version=3 if any(file.base for file in files) else 2,
            description=about.text,
            created_at=datetime.now(timezone.utc),
            iris_version=admin.version.text,
            namespace=namespace.upper(),
            tables=tables,
            features=dict(about.features or {}),
            known_queries=about.known_queries,
            revisions=key.revisions,
            digest=key.digest,
            engine=key.engine,
            files=files,
            revision_table=revision_table,
            seed=seed,
            tool=f"iris-devtools {installed_version('iris-devtools')}",
            timings={**(timings or {}), **watch.timings},
        )
        with watch.step("publish"):
            published = writer.publish(manifest, replace=replace, hashed=True)
    return Captured(published.snapshot, published.first, watch.seconds, watch.timings)


def _inspect(
    admin: Admin, namespace: str, key: RevisionKey, revision_table: str | None
) -> tuple[tuple[TableRows, ...], str | None]:
    with admin.connection(namespace) as connection:
        tables = count_rows(connection)
        names: Iterable[tuple[str, str]] = [(table.schema_name, table.name) for table in tables]
        found = find_table(names, revision_table) if revision_table else None
        if found is None:
            return tables, None
        table = ".".join(found)
        revisions = read_revisions(connection, table)
    if revisions != key.revisions:
        raise RevisionMismatchError(
            f"{namespace} is at {', '.join(revisions) or 'base'}, so it cannot be kept as {key}.",
            hint="Upgrade the namespace first, or take the snapshot for the revision that it is at.",
            namespace=namespace,
            what="revisions",
            expected=key.revisions,
            found=revisions,
        )
    return tables, table


def _copy_out(admin: Admin, database: Database, writer: SnapshotWriter, reporter: Reporter) -> DatabaseFile:
    """Read, hash, compress and write the file in one pass: its database is dismounted all the while."""
    level = writer.compression
    name = _FILE_NAMES[database.role] + (SUFFIX if level is not None else "")
    total = admin.file_size(database.file)
    with (
        reporter.step(f"Reading {DATABASE_FILE} of {database.name}", total=total, unit="bytes") as step,
        FileWriter(writer.directory / name, level=level, size=total) as out,
    ):
        for piece in admin.read(database.file):
            out.write(piece)
            step.advance(len(piece))
        if out.size != total:
            raise ChecksumError(
                f"Only {out.size} of {total} bytes of {database.file} arrived.",
                hint="The file changed or the connection broke; take the snapshot again.",
                path=database.file,
                expected=total,
                found=out.size,
            )
    return DatabaseFile(
        role=database.role,
        name=name,
        size=out.size,
        sha256=out.sha256,
        compression=out.compression,
        stored_size=out.stored_size if level is not None else None,
    )
