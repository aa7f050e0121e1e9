"""A schema source in, a ready namespace out: run the migrations once, keep the file, copy it ever after.

:func:`ensure_snapshot` answers from the store, or builds what is missing in a scratch namespace of its own.
:func:`restore_namespace` puts a snapshot into a namespace. :func:`ready_namespace` is both in a row. The
namespace that an application is configured for is touched by none of them unless it is named as the target.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from pydantic import JsonValue

from iris_devtools.admin import Admin
from iris_devtools.admin.namespaces import check_namespace_name
from iris_devtools.admin.privileges import MANAGE, OPERATE
from iris_devtools.errors import ChecksumError, ServerError, SnapshotError, StoreError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.randomness import RANDOM_FEATURE, fixed_random, random_state
from iris_devtools.schema import SchemaSource, SteppedSource
from iris_devtools.snapshots import leases
from iris_devtools.snapshots.capture import Description, capture
from iris_devtools.snapshots.failures import Failures
from iris_devtools.snapshots.inspection import Thoroughness
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.keyfiles import KEY_FILES_FEATURE
from iris_devtools.snapshots.plan import Plan
from iris_devtools.snapshots.restore import Restored, Staged, instantiate, stage
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.stopwatch import Stopwatch
from iris_devtools.snapshots.store import Store
from iris_devtools.snapshots.times import STEPS_FEATURE, UNSEEDED_FEATURE, Times, record
from iris_devtools.starts import base_for, choose_plan, fetch_start, whole
from iris_devtools.urls import IrisUrl

__all__ = [
    "SCRATCH_PREFIX",
    "UNSEEDED_FEATURE",
    "Provisioned",
    "Ready",
    "choose_plan",
    "ensure_snapshot",
    "namespace_url",
    "ready_namespace",
    "restore_namespace",
    "scratch_build",
]

SCRATCH_PREFIX = "SCRATCH_"
"""How the names of the namespaces begin in which snapshots are built."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Provisioned:
    """The snapshot of a state, and how it was come by.

    ``plan`` is what had to be done when the store was first asked, ``built`` whether this process did it
    (another one may have built the snapshot while this one waited). ``timings`` are seconds by step.
    """

    snapshot: Snapshot
    plan: Plan
    built: bool
    seconds: float
    timings: Mapping[str, float]

    @property
    def key(self) -> RevisionKey:
        """Return the key of the snapshot."""
        return self.snapshot.key


@dataclass(frozen=True)
class Ready:
    """A namespace that holds a snapshot; ``staged`` is for further :func:`restore_namespace` calls."""

    namespace: str
    created: bool
    restored: Restored
    staged: Staged
    seconds: float
    provisioned: Provisioned | None = None


def ensure_snapshot(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    *,
    revisions: Sequence[str] | None = None,
    rebuild: bool = False,
    keep_unseeded: bool = True,
    description: Description | None = None,
    reporter: Reporter = SILENT,
    lock_timeout_s: float | None = None,
) -> Provisioned:
    """Return the snapshot of ``source`` at ``revisions`` (None: its heads), building it when there is none.

    What neither the store nor the shared one has is built on the nearest state that either of them has. Of
    several processes that want the same snapshot one builds and the others wait. It is built in a
    scratch namespace that is dropped afterwards, and where its migrations or its seed fail, those who waited
    fail with its error; after a failure there is neither a scratch namespace nor a
    snapshot of that key, and a builder that was killed is no obstacle to the next one. ``rebuild`` builds
    from nothing even if there is a snapshot, and puts the new one in its place once it is complete. An entry
    of the store that is no longer whole counts as missing and is replaced.

    A seed expects the finished schema, so no seeded snapshot can be the start of another. Where there is a
    seed, ``keep_unseeded`` keeps the migrated state before it, too, as a snapshot of its own: the next
    migration then starts from there instead of from nothing.

    Raises:
        UnknownRevisionError: the source has no such revision.
        SchemaSourceError: the source or the seed cannot be read, or fails (MigrationError).
        StoreError: the store cannot be written, or the builder took longer than ``lock_timeout_s``.
        ServerError: the server refuses a step.

    """
    watch = Stopwatch()
    with watch.step("key"):
        key = source.key(admin.engine, revisions)
    found = None if rebuild else whole(store, key)
    chosen = Plan("exact", key, start=key, replay_s=0.0)
    built = False
    if found is None:
        chosen = choose_plan(source, store, key, rebuild=rebuild)
        # Whoever builds may need the licence unit.
        admin.rest()
        failures = Failures(store, key)
        with store.lock(key, doing=f"builds {key.name}", reporter=reporter, timeout_s=lock_timeout_s):
            # Whoever held the lock until now may have built it.
            found = None if rebuild else whole(store, key) or store.fetch(key, reporter=reporter)
            if found is None:
                failures.raise_news()
                chosen = choose_plan(source, store, key, rebuild=rebuild)
                if not rebuild and fetch_start(source, store, chosen, reporter):
                    chosen = choose_plan(source, store, key)
                with failures.noted():
                    found = _build(admin, source, store, chosen, watch, keep_unseeded, description, reporter)
                built = True
    leases.hold(found)
    return Provisioned(found, chosen, built, watch.seconds, watch.timings)


def restore_namespace(
    admin: Admin,
    snapshot: Snapshot,
    *,
    namespace: str,
    staged: Staged | None = None,
    held: RevisionKey | None = None,
    thoroughness: Thoroughness = "tables",
    terminate_others: bool = False,
    wait_s: float = 2.0,
    reporter: Reporter = SILENT,
) -> Ready:
    """Put ``snapshot`` into ``namespace``, which is made first when the server has none of that name.

    ``staged`` is what an earlier call returned for the same snapshot, and saves the checksums. The other
    arguments are those of :func:`iris_devtools.snapshots.restore.instantiate`, as are the errors. A namespace
    that was made here is dropped again when the restore into it fails.
    """
    watch = Stopwatch()
    leases.hold(snapshot)
    if staged is None or staged.manifest != snapshot.manifest:
        staged = stage(admin, snapshot, reporter=reporter)
    created = _make_missing(admin, snapshot, namespace, reporter)
    try:
        restored = instantiate(
            admin,
            staged,
            namespace=namespace,
            held=held,
            thoroughness=thoroughness,
            terminate_others=terminate_others,
            wait_s=wait_s,
            reporter=reporter,
        )
    except BaseException:
        if created:
            _drop(admin, namespace)
        raise
    return Ready(namespace, created, restored, staged, watch.seconds)


def ready_namespace(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    *,
    namespace: str,
    revisions: Sequence[str] | None = None,
    keep_unseeded: bool = True,
    terminate_others: bool = False,
    reporter: Reporter = SILENT,
) -> Ready:
    """Bring ``namespace`` to ``revisions`` of ``source``: :func:`ensure_snapshot`, then
    :func:`restore_namespace`.

    A snapshot whose files turn out to be damaged is built anew, once.
    """
    watch = Stopwatch()
    provisioned = ensure_snapshot(
        admin, source, store, revisions=revisions, keep_unseeded=keep_unseeded, reporter=reporter
    )
    try:
        staged = stage(admin, provisioned.snapshot, reporter=reporter)
    except ChecksumError as error:
        _logger.warning("%s It is built anew.", error.message)
        provisioned = ensure_snapshot(
            admin,
            source,
            store,
            revisions=revisions,
            rebuild=True,
            keep_unseeded=keep_unseeded,
            reporter=reporter,
        )
        staged = stage(admin, provisioned.snapshot, reporter=reporter)
    ready = restore_namespace(
        admin,
        provisioned.snapshot,
        namespace=namespace,
        staged=staged,
        terminate_others=terminate_others,
        reporter=reporter,
    )
    return Ready(namespace, ready.created, ready.restored, staged, watch.seconds, provisioned)


@contextmanager
def scratch_build(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    chosen: Plan,
    *,
    watch: Stopwatch | None = None,
    migrated: Callable[[str, Mapping[str, float]], None] | None = None,
    seeded: Callable[[Mapping[str, JsonValue]], None] | None = None,
    reporter: Reporter = SILENT,
) -> Iterator[str]:
    """Carry out a plan of kind ``nearest`` or ``scratch`` in a namespace of its own; give its name for the
    block.

    ``migrated`` is called between the migrations and the seed, with the namespace and the seconds of each
    step that ran, as far as the source measures them. The seed runs with random generators that its digest
    sets, so that it draws the same rows everywhere; ``seeded`` is called with their state after it. The
    namespace is dropped at the end of the block, whatever happened. The caller holds the store's lock of the
    plan's target: what a killed builder of the same snapshot left behind is dropped first. Nothing is written
    to the store.
    """
    admin.require_privileges(OPERATE, MANAGE)
    watch = watch or Stopwatch()
    prefix = _scratch_prefix(store, chosen.target)
    with watch.step("stage"):
        start = _stage_start(admin, store, chosen, reporter)
    with server_lock(admin, "namespaces", reporter=reporter):
        for leftover in admin.namespaces():
            if leftover.startswith(prefix):
                admin.drop_namespace(leftover, missing_ok=True, terminate=True)
        # Not the same name again: of a namespace that was half made, files may be left.
        namespace = f"{prefix}{secrets.token_hex(2).upper()}"
        with watch.step("create"):
            # That the file is what was published is known, and what it holds is looked at by the migrations.
            admin.create_namespace(namespace, copy_of=start)
    url = namespace_url(admin, namespace)
    try:
        # The migrations connect themselves, and the seed does.
        admin.rest()
        with reporter.step(f"Migrating {namespace} to {chosen.target}"), watch.step("migrate"):
            seconds = source.upgrade(url, to=chosen.target)
        if migrated is not None:
            migrated(namespace, seconds or {})
        if source.seeding is not None:
            with (
                reporter.step(f"Running the seed {source.seeding.reference}"),
                watch.step("seed"),
                fixed_random(int(source.seeding.digest[:16], 16)),
            ):
                source.seed(url)
                if seeded is not None:
                    seeded(random_state())
        yield namespace
    finally:
        with watch.step("drop"):
            _drop(admin, namespace)


def namespace_url(admin: Admin, namespace: str) -> IrisUrl:
    """Return the URL of a namespace on the server that is administered, with the same account."""
    server = admin.server
    return IrisUrl(
        host=server.host,
        port=server.port,
        namespace=namespace,
        username=server.username,
        password=server.password,
    )


def _build(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    chosen: Plan,
    watch: Stopwatch,
    keep_unseeded: bool,  # noqa: FBT001 - private, and named by its only caller
    description: Description | None,
    reporter: Reporter,
) -> Snapshot:
    about = description or Description()
    features = dict(about.features or {})

    def migrated(namespace: str, seconds: Mapping[str, float]) -> None:
        if isinstance(source, SteppedSource):
            steps = source.replay(None, chosen.target) or ()
            before = Times.of(store.snapshots(), engine=admin.engine)
            features[STEPS_FEATURE] = record(steps, seconds, before)
            if source.key_files:
                features[KEY_FILES_FEATURE] = dict(source.key_files)
        if keep_unseeded and source.seeding is not None:
            with watch.step("keep"):
                _keep_unseeded(admin, source, store, chosen, namespace, features, reporter)

    def seeded(state: Mapping[str, JsonValue]) -> None:
        features[RANDOM_FEATURE] = dict(state)

    with scratch_build(
        admin,
        source,
        store,
        chosen,
        watch=watch,
        migrated=migrated,
        seeded=seeded,
        reporter=reporter,
    ) as namespace:
        with watch.step("capture"):
            captured = capture(
                admin,
                namespace=namespace,
                store=store,
                key=chosen.target,
                description=replace(about, features=features),
                seed=source.seeding,
                revision_table=source.revision_table,
                # Under the lock of the key, what is there is damaged, or the caller asked for a new one.
                replace=True,
                base=base_for(source, store, chosen),
                timings=watch.timings,
                reporter=reporter,
            )
        return captured.snapshot


def _keep_unseeded(
    admin: Admin,
    source: SchemaSource,
    store: Store,
    chosen: Plan,
    namespace: str,
    features: Mapping[str, JsonValue],
    reporter: Reporter,
) -> None:
    """Keep the migrated namespace as a start for later builds; a store that refuses it stops nothing."""
    target = chosen.target
    for ancestor in source.ancestors(target):
        same = ancestor.key.revisions == target.revisions and ancestor.replay_s == 0
        if not same or whole(store, ancestor.key) is not None:
            continue
        doing = f"keeps {ancestor.key.name}"
        try:
            # Not waited for: a process with another seed, or none, makes the very same, and that will do.
            with store.lock(ancestor.key, doing=doing, timeout_s=0.0):
                if whole(store, ancestor.key) is not None:
                    continue
                capture(
                    admin,
                    namespace=namespace,
                    store=store,
                    key=ancestor.key,
                    description=Description(features={**features, UNSEEDED_FEATURE: True}),
                    revision_table=source.revision_table,
                    replace=True,
                    base=base_for(source, store, chosen, before=ancestor.key),
                    reporter=reporter,
                )
        except StoreError as error:
            _logger.warning("The state before the seed was not kept: %s", error.message)


def _stage_start(admin: Admin, store: Store, chosen: Plan, reporter: Reporter) -> str | None:
    """Return where on the server the file is that the migrations start from; None when that is nothing."""
    start = store.find(chosen.start) if chosen.start is not None else None
    if start is None:
        return None
    if len(start.manifest.files) != 1:
        raise SnapshotError(
            f"The snapshot {start.name} has two database files, and what is built has one; "
            "nothing was built.",
            hint="Delete it (`alembic iris-rm`), or build from nothing (`--rebuild`).",
            snapshot=start.directory,
        )
    leases.hold(start)
    try:
        staged = stage(admin, start, reporter=reporter)
    except ChecksumError as error:
        _logger.warning("%s The migrations start from nothing instead.", error.message)
        return None
    return staged.files[0].path


def _make_missing(admin: Admin, snapshot: Snapshot, namespace: str, reporter: Reporter) -> bool:
    if admin.namespace_exists(namespace):
        return False
    admin.require_privileges(MANAGE)
    with server_lock(admin, "namespaces", reporter=reporter):
        if admin.namespace_exists(namespace):
            return False
        with reporter.step(f"Making the namespace {namespace}"):
            if len(snapshot.manifest.files) == 1:
                admin.create_namespace(namespace)
            else:
                # Two files, one for rows and one for classes, are what CREATE DATABASE makes (iris-facts
                # 1.1).
                admin.execute(f"CREATE DATABASE {check_namespace_name(namespace)}")
    return True


def _drop(admin: Admin, namespace: str) -> None:
    """Drop a namespace of ours; a failure neither loses what was built nor hides another failure."""
    try:
        with server_lock(admin, "namespaces"):
            admin.drop_namespace(namespace, missing_ok=True, terminate=True)
    except ServerError as error:
        _logger.warning("The namespace %s is left behind: %s", namespace, error)


def _scratch_prefix(store: Store, key: RevisionKey) -> str:
    # The same for every builder of this snapshot in this store, who exclude each other by the store's lock;
    # different for a store on another machine, whose builder may be alive on the same server.
    place = f"{platform.node()}\0{store.directory.resolve()}\0{key.name}"
    return f"{SCRATCH_PREFIX}{hashlib.sha256(place.encode()).hexdigest()[:12].upper()}_"
