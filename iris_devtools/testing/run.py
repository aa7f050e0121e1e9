"""One pytest process and what it needs: server, snapshot, a namespace of its own, each made on first use."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from iris_devtools import repairs
from iris_devtools.admin import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.errors import ConfigurationError, IrisDevtoolsError, ServerError, UnsupportedError
from iris_devtools.provision import Provisioned, ensure_snapshot, ready_namespace
from iris_devtools.schema import SchemaSource, load_schema_source, source_options
from iris_devtools.servers.choose import choose_server
from iris_devtools.servers.server import Server, ServerHandle
from iris_devtools.snapshots.retention import keep_within
from iris_devtools.snapshots.serverlock import server_lock
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store, open_store
from iris_devtools.testing.leftovers import claimed, drop_leftovers
from iris_devtools.urls import IrisUrl

__all__ = ["TestRun", "schema_source"]

T = TypeVar("T")


@dataclass(frozen=True)
class _Namespace:
    url: IrisUrl
    seconds: float


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
    ) -> None:
        self._root = root
        self._choices: dict[str, Any] = {
            "server": server,
            "store": store,
            "isolation": isolation,
            "alembic_config": alembic_config,
        }
        self._worker = worker
        self._run_id = run_id
        self._failures: dict[str, IrisDevtoolsError] = {}
        self._opened = ExitStack()
        self._created: str | None = None
        self.notes: list[str] = []

    @cached_property
    def settings(self) -> Settings:
        """Return the settings of the project, with what pytest was told on top.

        Raises:
            ConfigurationError: one of them is wrong.
            UnsupportedError: they ask for an isolation that this version does not have.
        """
        settings = load_settings(self._root, **self._choices)
        if settings.isolation != "rollback":
            raise UnsupportedError(
                f"isolation is {settings.isolation!r} ({settings.origins['isolation']}), "
                "and this version has only 'rollback'.",
                hint="Leave it out, or set it to 'rollback': each test in a transaction that is rolled back.",
                isolation=settings.isolation,
            )
        return settings

    def server(self) -> Server:
        """Return the server that the settings choose, started if it is ours."""
        return self._handle.server

    def snapshot(self) -> Snapshot:
        """Return the snapshot of the schema source's heads, built if the store has none."""
        return self._once("snapshot", lambda: self._provisioned).snapshot

    def namespace(self) -> IrisUrl:
        """Return the namespace of this process, with a copy of the snapshot in it."""
        return self._once("namespace", lambda: self._namespace).url

    def report(self) -> list[str]:
        """Say in one line what there is by now; nothing when nothing was asked for."""
        parts = []
        if "_handle" in self.__dict__:
            parts.append(self._handle.reason)
        if "_provisioned" in self.__dict__:
            parts.append(_provisioned_in_words(self._provisioned))
        if "_namespace" in self.__dict__:
            namespace = self._namespace
            parts.append(f"namespace {namespace.url.namespace} ready in {namespace.seconds:.2f} s")
            active = [state for state in repairs.states(self.settings.repairs) if state.active]
            parts.append(f"{len(active)} of {len(repairs.REPAIRS)} repairs in force")
        return [f"iris-devtools: {'; '.join(parts)}"] if parts else []

    def close(self) -> None:
        """Drop the namespace and let the server go. What fails is noted, not raised: the tests are over."""
        namespace, self._created = self._created, None
        if namespace is not None:
            try:
                with server_lock(self._admin, "namespaces"):
                    self._admin.drop_namespace(namespace, missing_ok=True, terminate=True)
            except ServerError as error:
                self.notes.append(f"the namespace {namespace} could not be dropped: {error.message}")
        try:
            self._opened.close()
        except IrisDevtoolsError as error:
            self.notes.append(f"the server could not be left cleanly: {error.message}")

    def _once(self, step: str, make: Callable[[], T]) -> T:
        if step in self._failures:
            raise self._failures[step]
        try:
            # A project whose tests turn warnings into errors would else find its migrations failing when the
            # snapshot is built, and working when it is found.
            with warnings.catch_warnings():
                warnings.simplefilter("default")
                return make()
        except IrisDevtoolsError as error:
            self._failures[step] = error
            raise

    @cached_property
    def _handle(self) -> ServerHandle:
        return self._opened.enter_context(choose_server(self.settings))

    @cached_property
    def _admin(self) -> Admin:
        return self._opened.enter_context(
            Admin.connect(self.server(), timeout_s=self.settings.connect_timeout_s)
        )

    @cached_property
    def _source(self) -> SchemaSource:
        return schema_source(self.settings)

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
        name = f"{self.settings.namespace}_{self._worker}_{self._run_id}".upper()
        # Before it is there: whatever part of it is left after a failure has to go as well.
        self._created = name
        if self.server().kind == "standin":
            # Only there: a claim is a file of this machine, and says nothing about the runs of others.
            claims = self.settings.data_directory / "test-runs"
            with server_lock(self._admin, "namespaces"):
                drop_leftovers(self._admin, directory=claims)
                self._opened.enter_context(claimed(name, directory=claims))
        ready = ready_namespace(
            self._admin,
            self._source,
            self._store,
            namespace=name,
            keep_unseeded=self.settings.keep_unseeded,
        )
        if ready.provisioned is not None:
            self._tidy(ready.provisioned)
        if ready.provisioned is not None and (ready.provisioned.built or "_provisioned" not in self.__dict__):
            self.__dict__["_provisioned"] = ready.provisioned
        return _Namespace(self.server().url(name), ready.restored.seconds)

    def _tidy(self, provisioned: Provisioned) -> None:
        """Keep the store within the size that the settings give, after something was added to it."""
        if provisioned.built and self.settings.max_store_bytes is not None:
            keep_within(self._store, self.settings.max_store_bytes, admin=self._admin)


def schema_source(settings: Settings) -> SchemaSource:
    """Return the schema source that the settings name, or the one that the project's files suggest.

    Without ``source`` it is the models when ``metadata`` is set, else the migrations when there is an
    ``alembic.ini``. A source that others bring is made for the project's root directory.

    Raises:
        ConfigurationError: neither is there, or the named one lacks what it is made from.
        SchemaSourceError: the migrations, the models or the seed cannot be read.
    """
    ini = settings.alembic_config or settings.root / "alembic.ini"
    name = settings.source
    if name is None:
        name = "metadata" if settings.metadata else "alembic"
        if name == "alembic" and not ini.is_file():
            raise ConfigurationError(
                f"There is nothing to make a database from: no {ini}, and no metadata in the settings.",
                hint='Set iris_alembic_ini for pytest, or alembic-config or metadata ("app.models:Base") in '
                "[tool.iris-devtools].",
                looked_at=ini,
            )
    reference = {"alembic": str(ini), "metadata": settings.metadata}.get(name, str(settings.root))
    if reference is None:
        raise ConfigurationError(
            "The schema source is 'metadata', and the setting metadata is missing.",
            hint="Set metadata = 'app.models:Base' in [tool.iris-devtools].",
            source=name,
        )
    kind = load_schema_source(name)
    make: Callable[..., SchemaSource] = getattr(kind, "from_reference", kind)
    return make(reference, seed=settings.seed, **source_options(settings))


def _provisioned_in_words(provisioned: Provisioned) -> str:
    name = provisioned.snapshot.name
    if provisioned.built:
        start = f" on top of {provisioned.plan.start}" if provisioned.plan.kind == "nearest" else ""
        return f"snapshot {name} built{start} in {provisioned.seconds:.2f} s"
    if provisioned.plan.kind == "exact":
        return f"snapshot {name} found in the store"
    return f"snapshot {name} built by another process, waited {provisioned.seconds:.2f} s"
