"""Fixtures: a snapshot in a directory of one's own choice, for those who have no migration chain.

A fixture is what a store holds, too, one flat directory with a manifest; only its name and its place are
its owner's. It may be committed, copied and downloaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import JsonValue

from iris_devtools.admin import Admin
from iris_devtools.admin.driver import load_driver
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import ManifestError, PartialLoadError, StoreError, TableNotFoundError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots.capture import Captured, Description, capture
from iris_devtools.snapshots.inspection import (
    count_rows,
    find_table,
    read_revisions,
    table_names,
)
from iris_devtools.snapshots.key import RevisionKey, revision_key, text_digest
from iris_devtools.snapshots.manifest import MANIFEST_NAME, KnownQuery, Manifest
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot
from iris_devtools.snapshots.store import SnapshotWriter

__all__ = [
    "FixtureDirectory",
    "FixtureListing",
    "ask",
    "check_contents",
    "create_fixture",
    "list_fixtures",
    "require_tables",
]

_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class FixtureListing:
    """The fixtures in a directory, by name; ``broken`` are those whose manifest cannot be read."""

    fixtures: tuple[Snapshot, ...]
    broken: tuple[ManifestError, ...]


class FixtureDirectory:
    """Write one fixture into ``directory``, whole or not at all.

    Nothing but the directory itself appears beside it: no lock, no ``.gitignore``. ``compression`` is the
    zstd level of its files; None leaves them as they are.
    """

    def __init__(self, directory: Path, *, compression: int | None = None) -> None:
        self.directory = directory.absolute()
        self.compression = compression

    @contextlib.contextmanager
    def writer(self, key: RevisionKey) -> Iterator[SnapshotWriter]:
        """Give a private directory beside the fixture's; nothing is left of it without publish.

        What a writer of the same fixture that was killed left behind is removed first. Raises StoreError when
        the directory cannot be written, or another process writes the same fixture.
        """
        del key  # the name is the owner's
        parent, prefix = self.directory.parent, f"{_TEMPORARY}{self.directory.name}-"
        temporary = parent / f"{prefix}{secrets.token_hex(4)}"
        with contextlib.ExitStack() as stack:
            self._lock(stack)
            try:
                parent.mkdir(parents=True, exist_ok=True)
                for leftover in parent.glob(f"{prefix}*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                stack.callback(shutil.rmtree, temporary, ignore_errors=True)
                temporary.mkdir()
            except OSError as exc:
                raise _unwritable(parent, exc) from exc
            yield SnapshotWriter(directory=temporary, final=self.directory, compression=self.compression)

    def _lock(self, stack: contextlib.ExitStack) -> None:
        # In the machine's directory for temporary files: a lock beside the fixture would be committed.
        user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
        locks = Path(tempfile.gettempdir()) / f"iris-devtools-{user}"
        name = hashlib.sha256(f"fixture\0{self.directory.resolve()}".encode()).hexdigest()[:20]
        try:
            locks.mkdir(mode=0o700, exist_ok=True)
            lock = FileLock(locks / f"{name}.lock")
            lock.acquire(timeout=0)
        except Timeout as exc:
            raise StoreError(
                f"Another process writes the fixture {self.directory}.",
                hint="Wait for it to end, and try again.",
                path=self.directory,
            ) from exc
        except OSError as exc:
            raise _unwritable(locks, exc) from exc
        stack.callback(lock.release)


def create_fixture(
    admin: Admin,
    directory: Path,
    *,
    namespace: str,
    description: Description | None = None,
    tables: Iterable[str] = (),
    queries: Mapping[str, str] | None = None,
    revision_table: str = "alembic_version",
    compression: int | None = None,
    replace_existing: bool = False,
    terminate_others: bool = False,
    reporter: Reporter = SILENT,
) -> Captured:
    """Capture ``namespace`` as the fixture ``directory``.

    ``tables`` have to be there; ``queries`` (name -> SQL) are asked now, and their answers are kept as known
    queries. The revisions are those of ``revision_table``, where there is one.

    Raises:
        TableNotFoundError: one of ``tables`` is not in the namespace; nothing was written.
        StoreError: there is something at ``directory`` already (``replace_existing`` takes its place), or it
            cannot be written.
        NamespaceInUseError: others are connected; with ``terminate_others`` they are ended instead.
        AdministrationError: the server refuses a step, or one of the queries.

    """
    if not replace_existing and directory.exists():
        raise StoreError(
            f"There is something at {directory} already; nothing was written.",
            hint="Choose another name, or replace it (--replace).",
            path=directory,
        )
    for database in admin.databases(namespace):
        # One that a killed capture left dismounted could not be asked.
        admin.mount(database.directory)
    with admin.connection(namespace) as connection:
        names = table_names(connection)
        require_tables(tables, names, where=namespace)
        found = find_table(names, revision_table)
        revisions = read_revisions(connection, ".".join(found)) if found else ()
        known = tuple(
            KnownQuery(name=name, sql=sql, expected=ask(connection, sql))
            for name, sql in (queries or {}).items()
        )
    about = description or Description()
    about = replace(
        about,
        fixture_id=about.fixture_id or directory.absolute().name,
        known_queries=(*about.known_queries, *known),
    )
    # Nothing can be said about how the rows came to be, so no two captures share a key.
    key = revision_key(
        revisions, sources=(text_digest(f"captured {uuid.uuid4()}"),), engine=admin.engine, seed=None
    )
    return capture(
        admin,
        namespace=namespace,
        store=FixtureDirectory(directory, compression=compression),
        key=key,
        description=about,
        revision_table=revision_table,
        replace=replace_existing,
        terminate_others=terminate_others,
        reporter=reporter,
    )


def list_fixtures(directory: Path) -> FixtureListing:
    """Return the fixtures that lie directly in ``directory``; other directories are not looked at.

    Raises StoreError when the directory cannot be read; one that is not there holds none.
    """
    fixtures: list[Snapshot] = []
    broken: list[ManifestError] = []
    try:
        places = sorted(path.parent for path in directory.glob(f"*/{MANIFEST_NAME}"))
    except OSError as exc:
        raise StoreError(
            f"Cannot read {directory}: {exc.strerror or exc}.",
            hint="Name a directory that holds fixtures.",
            path=directory,
        ) from exc
    for place in places:
        if place.name.startswith(_TEMPORARY):
            continue
        try:
            fixtures.append(open_snapshot(place))
        except ManifestError as error:
            broken.append(error)
    return FixtureListing(tuple(fixtures), tuple(broken))


def require_tables(wanted: Iterable[str], names: Iterable[tuple[str, str]], *, where: object) -> None:
    """Raise TableNotFoundError unless ``names`` has every table in ``wanted`` (``schema.table``, or
    ``table``).
    """
    names = tuple(names)
    missing = tuple(table for table in wanted if find_table(names, table) is None)
    if missing:
        there = ", ".join(".".join(name) for name in names) or "none"
        raise TableNotFoundError(
            f"{where} has no table {', '.join(missing)}.",
            hint=f"Its tables are: {there}.",
            tables=missing,
            where=str(where),
        )


def check_contents(admin: Admin, manifest: Manifest, *, namespace: str) -> None:
    """See that ``namespace`` holds all that ``manifest`` lists: tables, rows, revisions, answers.

    Raises:
        TableNotFoundError: a table is not there.
        PartialLoadError: tables hold another number of rows, or a known query or the revisions differ.
        AdministrationError: the namespace cannot be entered or asked.

    """
    differences: list[str] = []
    with admin.connection(namespace) as connection:
        names = table_names(connection)
        require_tables((str(table) for table in manifest.tables), names, where=namespace)
        expected = {str(table).casefold(): table.rows for table in manifest.tables}
        for table in count_rows(connection, names):
            rows = expected.get(str(table).casefold())
            if rows is None:
                differences.append(f"{table} is not in the fixture")
            elif rows != table.rows:
                differences.append(f"{table} has {table.rows} rows, not {rows}")
        if manifest.revision_table is not None:
            revisions = read_revisions(connection, manifest.revision_table)
            if revisions != manifest.revisions:
                differences.append(f"revisions are {revisions}, not {manifest.revisions}")
        for query in manifest.known_queries:
            answer = ask(connection, query.sql)
            if answer != query.expected:
                differences.append(f"query {query.name} answers {answer}, not {query.expected}")
    if differences:
        raise PartialLoadError(
            f"{namespace} is not what the fixture {manifest.fixture_id} holds: {'; '.join(differences)}.",
            hint="Load the fixture again; if that does not help, create it anew.",
            namespace=namespace,
            differences=tuple(differences),
        )


def ask(connection: Any, sql: str) -> JsonValue:
    """Return the rows that ``sql`` answers with, as JSON can hold them: what JSON has no form for, as text.

    Raises AdministrationError, with the server's text, when it refuses.
    """
    cursor = connection.cursor()
    try:
        cursor.execute(sql)
        rows = cursor.fetchall() if cursor.description else []
    except load_driver().errors as error:
        raise administration_error("ask a known query", str(error), call=sql) from error
    finally:
        cursor.close()
    return [[_as_json(value) for value in row] for row in rows]


def _as_json(value: Any) -> JsonValue:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else repr(value)
    return value.hex() if isinstance(value, (bytes, bytearray)) else str(value)


def _unwritable(path: Path, error: OSError) -> StoreError:
    return StoreError(
        f"Cannot write {path}: {error.strerror or error}.",
        hint="Make the directory writable and see that the disk has room, or choose another place.",
        path=path,
        errno=error.errno,
    )
