"""One test process and what it needs: server, snapshot, namespaces of its own, each made on first use."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Engine

from iris_devtools import repairs
from iris_devtools.admin import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.errors import IrisDevtoolsError, ServerError
from iris_devtools.provision import Provisioned, Ready, ensure_snapshot, ready_namespace, restore_namespace
from iris_devtools.schema import SchemaSource, source_from_settings
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.restore import Staged, instantiate
from iris_devtools.snapshots.retention import keep_within
from iris_devtools.snapshots.rewind import Rewinder
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot
from iris_devtools.snapshots.stopwatch import Stopwatch
from iris_devtools.snapshots.store import Store, open_store
from iris_devtools.testing.connections import Connections
from iris_devtools.testing.isolation import engine_for_tests
from iris_devtools.testing.ladder import Wish
from iris_devtools.testing.leftovers import claimed, drop_leftovers
from iris_devtools.testing.lending import Lent, Place
from iris_devtools.testing.names import name_in_run
from iris_devtools.testing.own_server import own_server
from iris_devtools.testing.pool import Pool
from iris_devtools.testing.witness import witness_for
from iris_devtools.urls import IrisUrl

__all__ = ["Prepared", "TestRun"]

T = TypeVar("T")


@dataclass(frozen=True)
class _Namespace:
    url: IrisUrl
    seconds: float
    staged: Staged


@dataclass(frozen=True)
class Prepared:
    """What a run has prepared so far; None for what no test has asked for yet."""

    server: str | None
    provisioned: Provisioned | None
    restore_s: float | None


class TestRun:
    """Prepare what the fixtures hand out, once, and clean up what was made for this run alone.

    A step that failed fails again with the same error, without a second try: a broken migration is reported
    by every test that needs it, and costs its time once.
    """

    __test__ = False  # no class of tests, whatever its name begins with

    def __init__(
        self,
        root: Path,
        *,
        server: str | None = None,
        store: Path | None = None,
        isolation: str | None = None,
        alembic_config: Path | None = None,
        worker: str = "main",
        run_id: str,
        **settings: Any,
    ) -> None:
        self._root = root
        self._choices: dict[str, Any] = {
            "server": server,
            "store": store,
            "isolation": isolation,
            "alembic_config": alembic_config,
            **settings,
        }
        self._worker = worker
        self._run_id = run_id
        self._failures: dict[str, IrisDevtoolsError] = {}
        self._opened = ExitStack()
        self._created: list[str] = []
        self._numbers = itertools.count(1)
        self._engines: dict[str, Engine] = {}
        self._at_revision: dict[str, Place] = {}
        self._announced = 0
        self._places: list[Place] = []
        self._held: dict[str, Snapshot] = {}
        self._own_servers_s: list[float] = []
        self.notes: list[str] = []

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of the project, with what the caller was told on top.

        Raises:
            ConfigurationError: one of them is wrong.
        """
        return load_settings(self._root, **self._choices)

    def server(self) -> Server:
        """Return the server that the settings choose, started if it is ours."""
        return self._connections.server

    def admin(self) -> Admin:
        """Return the connection for administration; the thread that made the run may use it."""
        return self._admin

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the schema source's heads, built if the store has none."""
        return self._once("snapshot", lambda: self._provisioned).snapshot

    def namespace(self) -> IrisUrl:
        """Return the namespace of this process, with a copy of the snapshot in it."""
        return self._once("namespace", lambda: self._namespace).url

    def expect(self, tests: int) -> None:
        """Announce how many tests will want a namespace of their own; none is made before the first one."""
        self._announced += tests
        if "_pool" in self.__dict__:
            self._pool.expect(tests)

    def fill_pool(self) -> None:
        """Begin to make the namespaces that were announced."""
        if self._announced and "_pool" not in self.__dict__:
            self._once("pool", lambda: self._pool)

    def lend(self, wish: Wish) -> Lent:
        """Lend a test the database that it wishes for, clean.

        Raises:
            IrisDevtoolsError: server, snapshot or namespace cannot be had.
        """
        self._connections.make_way()
        lent = self._lend(wish)
        self.spare()
        return lent

    def spare(self) -> None:
        """Keep one connection at the most, where they are scarce: that of an engine."""
        self._connections.spare()

    def _lend(self, wish: Wish) -> Lent:
        if wish.revision is not None:
            place = self._place_at(wish.revision)
        elif wish.rung == "namespace":
            return self._lend_clone(wish)
        elif wish.rung == "container":
            return self._lend_server(wish)
        else:
            place = self._once("namespace", lambda: self._main)
        place.begin()
        return Lent(place, wish)

    def open_place(
        self, *, revision: str | None = None, fixture: Path | None = None, snapshot: Snapshot | None = None
    ) -> Place:
        """Make a further namespace: at the heads, at a revision, or with the snapshot in a directory.

        Nothing of it is seeded at a revision: a seed expects the finished schema. :meth:`close_place` drops
        it, and so does the end of the run.

        Raises:
            UnknownRevisionError: there is no such revision.
            ManifestError: there is no snapshot in the directory.
            IrisDevtoolsError: server, snapshot or namespace cannot be had.
        """
        name = self._new_name()
        if fixture is not None:
            snapshot = open_snapshot(fixture)
        if snapshot is not None:
            ready = restore_namespace(self._admin, snapshot, namespace=name)
        else:
            ready = self._quietly(lambda: self._ready(name, revision))
            snapshot = ready.provisioned.snapshot if ready.provisioned is not None else None
        if snapshot is not None:
            self._held[name] = snapshot
        return self._place(self.server().url(name), ready.staged)

    def close_place(self, place: Place) -> None:
        """Drop a namespace that :meth:`open_place` made."""
        place.close()
        self._engines.pop(place.url.namespace, None)
        if place.url.namespace in self._created:
            self._created.remove(place.url.namespace)
            self._drop(place.url.namespace)

    def snapshot_of(self, place: Place) -> Snapshot:
        """Return the snapshot that a namespace of this run was made from."""
        return self._held.get(place.url.namespace) or self.snapshot()

    def resets(self) -> tuple[int, int]:
        """Return how often a namespace was restored between two tests, and how often it was found clean."""
        return sum(one.restored for one in self._places), sum(one.skipped for one in self._places)

    def clones(self) -> tuple[int, int]:
        """Return how often a test got a namespace of its own that was ready, and how often it had to wait."""
        return (self._pool.hits, self._pool.misses) if "_pool" in self.__dict__ else (0, 0)

    def own_servers(self) -> tuple[int, float]:
        """Return how many tests had a server of their own, and the seconds that these took to be there."""
        return len(self._own_servers_s), sum(self._own_servers_s)

    def prepared(self) -> Prepared:
        """Return what there is by now, without preparing anything."""
        made = self.__dict__
        return Prepared(
            server=self._connections.reason if "_connections" in made else None,
            provisioned=self._provisioned if "_provisioned" in made else None,
            restore_s=self._namespace.seconds if "_namespace" in made else None,
        )

    def report(self) -> list[str]:
        """Say in one line what there is by now; nothing when nothing was asked for."""
        parts = []
        prepared = self.prepared()
        if prepared.server is not None:
            parts.append(prepared.server)
        if prepared.provisioned is not None:
            parts.append(_provisioned_in_words(prepared.provisioned))
        if "_namespace" in self.__dict__:
            namespace = self._namespace
            parts.append(f"namespace {namespace.url.namespace} ready in {namespace.seconds:.2f} s")
            active = [state for state in repairs.states(self.settings.repairs) if state.active]
            parts.append(f"{len(active)} of {len(repairs.REPAIRS)} repairs in force")
        return [f"iris-devtools: {'; '.join(parts)}"] if parts else []

    def close(self) -> None:
        """Drop the namespaces and let the server go. What fails is noted, not raised: the tests are over."""
        if "_pool" in self.__dict__:
            self._pool.close()
        for engine in self._engines.values():
            engine.dispose()
        for place in self._places:
            place.close()
        waited_s = self._connections.waited_s if "_connections" in self.__dict__ else 0.0
        if waited_s >= 1:
            self.notes.append(
                f"waited {waited_s:.1f} s for connections: the server's licence allows "
                "no more at once: take fewer workers (-n)"
            )
        created, self._created = self._created, []
        # Where nobody ever logged in, none was made.
        for name in created if "_connections" in self.__dict__ and self._connections.admitted else ():
            if not self._drop(name):
                break
        self._opened.close()
        try:
            if "_connections" in self.__dict__:
                self._connections.close()
        except IrisDevtoolsError as error:
            self.notes.append(f"the server could not be left cleanly: {error.message}")

    def _drop(self, namespace: str) -> bool:
        try:
            with server_lock(self._admin, "namespaces"):
                self._admin.drop_namespace(namespace, missing_ok=True, terminate=True)
        except ServerError as error:
            self.notes.append(f"the namespace {namespace} could not be dropped: {error.message}")
            return False
        return True

    def _once(self, step: str, make: Callable[[], T]) -> T:
        if step in self._failures:
            raise self._failures[step]
        try:
            return self._quietly(make)
        except IrisDevtoolsError as error:
            self._failures[step] = error
            raise

    @staticmethod
    def _quietly(make: Callable[[], T]) -> T:
        # A project whose tests turn warnings into errors would else find its migrations failing when the
        # snapshot is built, and working when it is found.
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            return make()

    @cached_property
    def _connections(self) -> Connections:
        return Connections(self.settings)

    @property
    def _admin(self) -> Admin:
        return self._connections.admin

    @cached_property
    def _source(self) -> SchemaSource:
        return source_from_settings(self.settings)

    @cached_property
    def _store(self) -> Store:
        return open_store(self.settings)

    @cached_property
    def _provisioned(self) -> Provisioned:
        provisioned = ensure_snapshot(
            self._admin, self._source, self._store, keep_unseeded=self.settings.keep_unseeded
        )
        self._tidy(provisioned)
        return provisioned

    @cached_property
    def _namespace(self) -> _Namespace:
        name = self._new_name(first=True)
        ready = self._ready(name, None)
        if ready.provisioned is not None and (ready.provisioned.built or "_provisioned" not in self.__dict__):
            self.__dict__["_provisioned"] = ready.provisioned
        return _Namespace(self.server().url(name), ready.restored.seconds, ready.staged)

    @cached_property
    def _main(self) -> Place:
        namespace = self._namespace
        return self._place(namespace.url, namespace.staged)

    @cached_property
    def _pool(self) -> Pool:
        staged = self._namespace.staged
        bytes_each = max(1, sum(file.size for file in staged.files))
        size = min(self.settings.pool_size, self.settings.max_pool_bytes // bytes_each)
        if self._connections.scarce:
            size = 0  # a thread that works ahead takes the connection of a test that waits
        snapshot = self.snapshot()
        opened: list[Admin] = []

        def prepare(used: str | None) -> str:
            # The thread of the pool has a connection of its own: no two may use one at a time.
            if not opened:
                opened.append(self._connections.connect())
            if used is None:
                name = self._new_name()
                restore_namespace(opened[0], snapshot, namespace=name, staged=staged)
                return name
            instantiate(opened[0], staged, namespace=used, thoroughness="nothing", terminate_others=True)
            return used

        def rest() -> None:
            for admin in opened:
                admin.rest()

        pool = Pool(prepare, size=size, rest=rest)
        pool.expect(self._announced)
        return pool

    def _lend_clone(self, wish: Wish) -> Lent:
        self._once("namespace", lambda: self._namespace)
        pool = self._once("pool", lambda: self._pool)
        self.spare()
        name = pool.acquire()
        place = self._place(self.server().url(name), self._namespace.staged, witnessed=False)

        def give_back() -> bool:
            place.close()
            pool.release(name)
            return False

        return Lent(place, wish, give_back=give_back)

    def _lend_server(self, wish: Wish) -> Lent:
        snapshot = self.snapshot()
        name = self._first_name
        watch = Stopwatch()
        with ExitStack() as opened:
            server = opened.enter_context(own_server(self.settings, beside=self.server())).server
            with Admin.connect(server, timeout_s=self.settings.connect_timeout_s) as admin:
                restore_namespace(admin, snapshot, namespace=name)
            url = server.url(name)
            engine = engine_for_tests(url, settings=self.settings)
            # Lent once: what becomes of it is nobody's business.
            place = Place(url, engine=engine, server=server, witness=None, restore=_never)
            opened.callback(place.close)
            kept = opened.pop_all()
        self._own_servers_s.append(watch.seconds)

        def give_back() -> bool:
            kept.close()
            return False

        return Lent(place, wish, give_back=give_back)

    def _place_at(self, revision: str) -> Place:
        if revision not in self._at_revision:
            step = f"revision {revision}"
            self._at_revision[revision] = self._once(step, lambda: self.open_place(revision=revision))
        return self._at_revision[revision]

    def _place(self, url: IrisUrl, staged: Staged, *, witnessed: bool = True) -> Place:
        rewinder = Rewinder(
            self._admin, staged, namespace=url.namespace, ahead_bytes=self.settings.max_pool_bytes
        )

        def restore(*, schema_changed: bool) -> None:
            rewinder.rewind(
                held=None if schema_changed else staged.key,
                # The file was verified when it was staged, and the size of its copy is.
                thoroughness="nothing",
                terminate_others=True,
                ahead=not self._connections.scarce,
            )
            self.spare()

        server = self.server()
        engine = self._engines.get(url.namespace)
        if engine is None:
            engine = self._engines[url.namespace] = engine_for_tests(url, settings=self.settings)
        if not witnessed:  # lent once, and made anew in any case
            return Place(url, engine=engine, server=server, witness=None, restore=restore)
        witness = witness_for(self._admin, server, url.namespace)
        place = Place(
            url, engine=engine, server=server, witness=witness, restore=restore, finish=rewinder.close
        )
        self._places.append(place)
        return place

    def _tidy(self, provisioned: Provisioned) -> None:
        """Keep the store within the size that the settings give, after something was added to it."""
        if provisioned.built and self.settings.max_store_bytes is not None:
            keep_within(self._store, self.settings.max_store_bytes, admin=self._admin)

    def _ready(self, name: str, revision: str | None) -> Ready:
        source = self._source
        if revision is not None:
            source = source_from_settings(self.settings.model_copy(update={"seed": None}))
        ready = ready_namespace(
            self._admin,
            source,
            self._store,
            namespace=name,
            revisions=None if revision is None else (revision,),
            keep_unseeded=self.settings.keep_unseeded,
        )
        if ready.provisioned is not None:
            self._tidy(ready.provisioned)
        return ready

    def _new_name(self, *, first: bool = False) -> str:
        fresh = not self._created
        name = self._first_name if first else f"{self._first_name}_{next(self._numbers)}"
        # Before it is there: whatever part of it is left after a failure has to go as well.
        self._created.append(name)
        if self.server().kind == "standin":
            # Only there: a claim is a file of this machine, and says nothing about the runs of others.
            claims = self.settings.data_directory / "test-runs"
            if fresh:
                with server_lock(self._admin, "namespaces"):
                    drop_leftovers(self._admin, directory=claims)
            self._opened.enter_context(claimed(name, directory=claims))
        return name

    @cached_property
    def _first_name(self) -> str:
        return name_in_run(self.settings, worker=self._worker, run_id=self._run_id)


def _never(*, schema_changed: bool) -> None:  # noqa: ARG001 - a Restorer
    raise AssertionError("a namespace that is lent once is not restored")


def _provisioned_in_words(provisioned: Provisioned) -> str:
    name = provisioned.snapshot.name
    if provisioned.built:
        start = f" on top of {provisioned.plan.start}" if provisioned.plan.kind == "nearest" else ""
        return f"snapshot {name} built{start} in {provisioned.seconds:.2f} s"
    if provisioned.plan.kind == "exact":
        return f"snapshot {name} found in the store"
    return f"snapshot {name} built by another process, waited {provisioned.seconds:.2f} s"
