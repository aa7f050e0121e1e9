"""Does a snapshot hold what it says, and is it still what its sources make?

A cache hides what it caches; these are the audits. Each works in scratch namespaces that are dropped
afterwards, and reports what it found instead of stopping at the first difference.
"""

from __future__ import annotations

import hashlib
import platform
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import NullPool

from iris_devtools.admin import Admin
from iris_devtools.engine import create_engine
from iris_devtools.errors import RevisionMismatchError, SnapshotError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.provision import SCRATCH_PREFIX, namespace_url, restore_namespace, scratch_build
from iris_devtools.schema import SchemaSource
from iris_devtools.snapshots.comparison import RowDrift, compare_rows, describe_schema
from iris_devtools.snapshots.inspection import table_names, verify_namespace
from iris_devtools.snapshots.plan import Plan
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

__all__ = ["Check", "Drift", "check_contents", "scratch_restore", "verify_against_sources"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; ``detail`` says what was found where it is not as it should be."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True)
class Drift:
    """How a snapshot differs from what its sources make today; all empty when it does not.

    ``only_cached`` and ``only_rebuilt`` are facts about the schema that only one of them has.
    """

    only_cached: tuple[str, ...]
    only_rebuilt: tuple[str, ...]
    rows: tuple[RowDrift, ...]

    def __bool__(self) -> bool:
        return bool(self.only_cached or self.only_rebuilt or self.rows)


@contextmanager
def scratch_restore(admin: Admin, snapshot: Snapshot, *, reporter: Reporter = SILENT) -> Iterator[str]:
    """Restore a snapshot into a namespace of its own, and give its name for the block; it is dropped then.

    Processes of one machine that do this with the same snapshot take turns; what a killed one left behind is
    dropped first. Raises what :func:`iris_devtools.provision.restore_namespace` raises.
    """
    place = f"verify\0{platform.node()}\0{snapshot.directory.absolute()}"
    prefix = f"{SCRATCH_PREFIX}{hashlib.sha256(place.encode()).hexdigest()[:12].upper()}_"
    with server_lock(admin, f"verify {prefix}", reporter=reporter):
        for leftover in admin.namespaces():
            if leftover.startswith(prefix):
                admin.drop_namespace(leftover, missing_ok=True, terminate=True)
        namespace = f"{prefix}{secrets.token_hex(2).upper()}"
        try:
            restore_namespace(admin, snapshot, namespace=namespace, thoroughness="nothing", reporter=reporter)
            yield namespace
        finally:
            with server_lock(admin, "namespaces"):
                admin.drop_namespace(namespace, missing_ok=True, terminate=True)


def check_contents(admin: Admin, snapshot: Snapshot, *, namespace: str) -> tuple[Check, ...]:
    """Compare a namespace that the snapshot was restored into with its manifest: revision, tables, rows."""
    try:
        verify_namespace(admin, snapshot.manifest, namespace=namespace, thoroughness="rows")
    except RevisionMismatchError as error:
        what = str(error.facts["what"])
        return (Check(what, ok=False, detail=error.message),)
    found = [Check("tables", ok=True), Check("rows", ok=True)]
    return (Check("revisions", ok=True), *found) if snapshot.manifest.revision_table else tuple(found)


def verify_against_sources(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    snapshot: Snapshot,
    *,
    namespace: str,
    reporter: Reporter = SILENT,
) -> Drift:
    """Build the snapshot's state anew, from nothing, and compare it with ``namespace``, which holds the
    snapshot.

    Raises:
        SnapshotError: the sources make another key today, so there is nothing to compare with.
        SchemaSourceError: a migration or the seed fails.
        ServerError: the server refuses a step.

    """
    key = source.key(admin.engine, snapshot.key.revisions or None)
    if key != snapshot.key:
        raise SnapshotError(
            f"{snapshot.name} was not made from the sources as they are now, so it cannot be rebuilt.",
            hint="It was captured from a database, or before its seed ran, or migrations, seed or engine "
            f"changed since. What today's sources make is named {key.name}.",
            snapshot=snapshot.name,
            key=key.name,
        )
    with (
        store.lock(key, doing=f"builds {key.name} anew to verify it", reporter=reporter),
        scratch_build(admin, source, store, Plan("scratch", key), reporter=reporter) as rebuilt,
        reporter.step(f"Comparing {namespace} with {rebuilt}"),
    ):
        return _compare(admin, namespace, rebuilt)


def _compare(admin: Admin, cached: str, rebuilt: str) -> Drift:
    with admin.connection(cached) as one, admin.connection(rebuilt) as other:
        names, new_names = table_names(one), table_names(other)
        both = sorted(set(names) & set(new_names))
        rows = [drift for name in both if (drift := compare_rows(one, other, *name)) is not None]
    before, after = _schema(admin, cached, names), _schema(admin, rebuilt, new_names)
    return Drift(tuple(sorted(before - after)), tuple(sorted(after - before)), tuple(rows))


def _schema(admin: Admin, namespace: str, names: tuple[tuple[str, str], ...]) -> frozenset[str]:
    engine = create_engine(namespace_url(admin, namespace), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            return describe_schema(connection, names)
    finally:
        engine.dispose()
