"""Where a schema comes from: a migration chain, models, anything with a key and an ``upgrade``.

A schema source is found by name through the entry-point group ``iris_devtools.schema_sources``; this
package brings ``metadata``, its sister ``alembic_ext`` brings ``alembic``, and any installed package may
bring more.
"""

from __future__ import annotations

import contextlib
import difflib
import importlib
import inspect
import json
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from iris_devtools.blame import line_of
from iris_devtools.errors import (
    ConfigurationError,
    MigrationError,
    SchemaSourceError,
    UnknownRevisionError,
)
from iris_devtools.snapshots.key import RevisionKey, combine, revision_key, source_digest, text_digest
from iris_devtools.snapshots.keyfiles import key_files_digest, read_key_files
from iris_devtools.snapshots.manifest import SeedInfo
from iris_devtools.snapshots.plan import Ancestor, Step
from iris_devtools.urls import IrisUrl

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, MetaData, Table

    from iris_devtools.config import Settings

__all__ = [
    "ENTRY_POINT_GROUP",
    "MetadataSource",
    "SchemaSource",
    "Seed",
    "SteppedSource",
    "load_object",
    "load_schema_source",
    "metadata_digest",
    "schema_source_names",
    "source_from_settings",
    "source_options",
]

ENTRY_POINT_GROUP = "iris_devtools.schema_sources"


@runtime_checkable
class SchemaSource(Protocol):
    """What provisioning asks of a schema source. Every method may be called by several processes at once."""

    @property
    def name(self) -> str:
        """Return the kind of source in one word (``alembic``, ``metadata``)."""

    @property
    def revision_table(self) -> str | None:
        """Return the ``schema.table`` (or ``table``, for SQLUser) that holds the revisions; None where none
        does.

        Its column ``version_num`` is read after every restore, to prove that the right file came back.
        """

    @property
    def seeding(self) -> SeedInfo | None:
        """Return what :meth:`seed` will run, or None when it does nothing."""

    def key(self, engine: str, revisions: Sequence[str] | None = None) -> RevisionKey:
        """Return the key of the *seeded* state at ``revisions`` (None: the heads) on ``engine``.

        Needs no server. Raises UnknownRevisionError for a revision that the source does not have.
        """

    def ancestors(self, key: RevisionKey) -> Sequence[Ancestor]:
        """Return the states from which :meth:`upgrade` can go on to ``key``, in any order, without ``key``
        itself.

        They are *unseeded* states: a seed expects the finished schema, so only the state that was asked for
        has it. The same revisions without their seed are listed with 0 seconds.
        """

    def upgrade(self, url: IrisUrl, *, to: RevisionKey) -> Mapping[str, float] | None:
        """Bring the namespace behind ``url`` (empty, or at one of the ancestors) to the revisions of ``to``.

        Returns the seconds of each step that ran, by its name, where the source measures them. No connection
        is left open. Raises MigrationError; the namespace is then of no more use.
        """

    def seed(self, url: IrisUrl) -> None:
        """Fill the upgraded namespace behind ``url``, where there is a seed; leave no connection open."""

    def current(self, connection: Connection) -> tuple[str, ...]:
        """Return the revisions that the database is at, sorted; none for an empty database."""


@runtime_checkable
class SteppedSource(SchemaSource, Protocol):
    """A schema source that knows its steps: plans then go by measured seconds and start from any state."""

    @property
    def key_files(self) -> Mapping[str, str]:
        """Return the digests of files that its steps or its seed read, by place; they are in every key."""

    def replay(self, start: RevisionKey | None, to: RevisionKey) -> tuple[Step, ...] | None:
        """Return what an upgrade from ``start`` (None: from nothing) to ``to`` runs, in an order that works.

        None when ``start`` is no unseeded state on the way to ``to``: of other revisions, or of the same ones
        when their sources were others.
        """


@dataclass(frozen=True)
class Seed:
    """A callable that fills a finished schema, and the digest of the module that it is in.

    The callable is called with a SQLAlchemy Session, which is committed when it returns. The digest covers
    the whole module, because a seed calls what stands around it; what it *imports* or reads from files is
    not seen.
    """

    reference: str
    digest: str
    fill: Callable[..., object]
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def load(cls, reference: str, *, parameters: Mapping[str, Any] | None = None) -> Seed:
        """Return the seed at ``module:callable``, which will be called with the parameters as keywords.

        Raises ConfigurationError for text of another form, SchemaSourceError when there is no such callable.
        """
        fill = load_object(reference)
        if not callable(fill):
            raise SchemaSourceError(
                f"The seed {reference} is no function but a {type(fill).__name__}.",
                hint="Name a function that takes a SQLAlchemy Session: def fill(session): ...",
                reference=reference,
            )
        given = dict(parameters or {})
        more = [json.dumps(given, sort_keys=True, ensure_ascii=True)] if given else []
        digest = combine((), source_digest(_source_of(fill, reference)), reference, *more)
        return cls(reference=reference, digest=digest, fill=fill, parameters=given)

    @property
    def info(self) -> SeedInfo:
        """Return what a manifest says of this seed."""
        return SeedInfo(reference=self.reference, digest=self.digest)

    def run(self, url: IrisUrl) -> None:
        """Fill the namespace behind ``url`` in one transaction; raise MigrationError when that fails."""
        from sqlalchemy.orm import Session

        with _engine(url) as engine, Session(engine) as session:
            try:
                self.fill(session, **self.parameters)
                session.commit()
            except Exception as exc:
                place = line_of(exc)
                raise MigrationError(
                    f"The seed {self.reference} failed{f' in {place}' if place else ''}: "
                    f"{type(exc).__name__}: {exc}",
                    hint="Nothing was kept. Mend the seed and run again.",
                    reference=self.reference,
                    place=place,
                ) from exc


class MetadataSource:
    """A schema that ``metadata.create_all`` makes, for projects without migrations.

    Its one revision is called ``metadata``; the key covers the DDL that the iris dialect renders, so a
    changed comment in the models makes no new snapshot and a changed column does.
    """

    name = "metadata"
    revision_table: str | None = None

    def __init__(
        self, metadata: MetaData, *, seed: Seed | None = None, key_files: Mapping[str, str] | None = None
    ) -> None:
        self.metadata = metadata
        self.key_files = dict(key_files or {})
        self._seed = seed

    @classmethod
    def from_reference(
        cls,
        reference: str,
        *,
        seed: str | None = None,
        seed_parameters: Mapping[str, Any] | None = None,
        key_files: Mapping[str, str] | None = None,
    ) -> MetadataSource:
        """Return the source for ``module:object``, a MetaData or anything that has one as ``.metadata``."""
        from sqlalchemy import MetaData

        found = load_object(reference)
        metadata = getattr(found, "metadata", found)
        if not isinstance(metadata, MetaData):
            raise SchemaSourceError(
                f"{reference} is neither a MetaData nor a declarative base but a {type(found).__name__}.",
                hint="Name the object whose tables create_all makes, like app.models:Base.",
                reference=reference,
            )
        loaded = Seed.load(seed, parameters=seed_parameters) if seed else None
        return cls(metadata, seed=loaded, key_files=key_files)

    @property
    def seeding(self) -> SeedInfo | None:
        """Return what :meth:`seed` will run, or None."""
        return self._seed.info if self._seed else None

    def key(self, engine: str, revisions: Sequence[str] | None = None) -> RevisionKey:
        """Return the key of the tables as the models have them now, the only revision that there is."""
        unknown = sorted(set(revisions or ()) - {self.name})
        if unknown:
            raise UnknownRevisionError(
                f"Models have no revision {', '.join(unknown)}; they are only ever what they are now.",
                hint="Leave the revision out, or use a migration chain as the schema source.",
                revisions=tuple(unknown),
            )
        return revision_key(
            (self.name,),
            sources=[
                digest
                for digest in (metadata_digest(self.metadata), key_files_digest(self.key_files))
                if digest is not None
            ],
            seed=self._seed.digest if self._seed else None,
            engine=engine,
        )

    def ancestors(self, key: RevisionKey) -> Sequence[Ancestor]:
        """Return the same tables without the seed, where there is one: there is no other way to build on."""
        unseeded = MetadataSource(self.metadata, key_files=self.key_files).key(key.engine)
        return () if unseeded == key else (Ancestor(unseeded, 0.0),)

    def upgrade(self, url: IrisUrl, *, to: RevisionKey) -> None:
        """Create the tables that are missing; raise MigrationError when the server refuses one."""
        from sqlalchemy.exc import SQLAlchemyError

        with _engine(url) as engine:
            try:
                self.metadata.create_all(engine)
            except SQLAlchemyError as exc:
                raise MigrationError(
                    f"create_all failed for {to}: {exc}",
                    hint="Mend the models; the namespace was dropped.",
                    key=to,
                ) from exc

    def seed(self, url: IrisUrl) -> None:
        """Run the seed, where there is one."""
        if self._seed:
            self._seed.run(url)

    def current(self, connection: Connection) -> tuple[str, ...]:
        """Return ``("metadata",)`` when every table is there, else nothing."""
        from sqlalchemy import inspect as inspect_database

        inspector = inspect_database(connection)
        tables = self.metadata.tables.values()
        complete = bool(tables) and all(
            inspector.has_table(table.name, schema=table.schema) for table in tables
        )
        return (self.name,) if complete else ()


def metadata_digest(metadata: MetaData) -> str:
    """Return the digest of the DDL that makes ``metadata``; the order of definition does not count.

    Columns, types, server defaults, constraints and indexes count; defaults that run in Python and event
    listeners leave no trace in the DDL of a table and do not.
    """
    tables = sorted(metadata.tables.values(), key=lambda table: table.fullname)
    return combine((), text_digest("\n".join(statement for table in tables for statement in _ddl(table))))


def _ddl(table: Table) -> Iterator[str]:
    from sqlalchemy.dialects import registry
    from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable

    from iris_devtools import repairs

    # With the repairs, as the engine that creates the tables: without them a JSON column has no DDL at all.
    dialect = registry.load("iris")()
    repairs.apply(dialect)
    yield str(CreateTable(table).compile(dialect=dialect))
    yield from sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    # A foreign key of a cycle is not part of CREATE TABLE.
    late = (constraint for constraint in table.foreign_key_constraints if constraint.use_alter)
    yield from sorted(str(AddConstraint(constraint).compile(dialect=dialect)) for constraint in late)


def schema_source_names() -> tuple[str, ...]:
    """Return the names of all installed kinds of schema source, sorted."""
    return tuple(sorted({point.name for point in entry_points(group=ENTRY_POINT_GROUP)}))


def load_schema_source(name: str) -> Callable[..., SchemaSource]:
    """Return the class (or factory) that makes schema sources of kind ``name``.

    Raises ConfigurationError, naming the nearest known kind, when none is installed or it cannot be imported.
    """
    for point in entry_points(group=ENTRY_POINT_GROUP, name=name):
        try:
            factory: Callable[..., SchemaSource] = point.load()
        except (ImportError, AttributeError) as exc:
            raise ConfigurationError(
                f"The schema source {name!r} ({point.value}) cannot be loaded: {exc}",
                hint="Install or mend the package that provides it.",
                name=name,
            ) from exc
        return factory
    known = schema_source_names()
    raise ConfigurationError(
        f"There is no schema source {name!r}; installed are {', '.join(known) or 'none'}.",
        hint=_nearest(name, known) or f"Install the package that provides it (group {ENTRY_POINT_GROUP}).",
        name=name,
        known=known,
    )


def source_from_settings(settings: Settings) -> SchemaSource:
    """Return the schema source that the settings name, or the one that the project's files suggest.

    Without ``source`` it is ``alembic`` where ``alembic_config`` is set or an ``alembic.ini`` lies in the
    project's root, else ``metadata``; of these two, the one that was given as an argument comes first. The
    class of any source is made with ``from_reference(reference, seed=...)``; the reference is ``metadata`` or
    the path of the ``alembic.ini``, and the project's root for the sources of third parties.

    Raises:
        ConfigurationError: what the source needs is not set, or there is no such source.
        SchemaSourceError: it cannot be read.

    """
    ini = settings.alembic_config or settings.root / "alembic.ini"
    name = settings.source or _suggested(settings, ini)
    if str(settings.root) not in sys.path:
        # Behind everything else, so that no file of a project hides an installed package.
        sys.path.append(str(settings.root))
    if name == "metadata" and settings.metadata is None:
        raise ConfigurationError(
            "The schema source metadata needs to know where the MetaData is.",
            hint='Set metadata = "app.models:Base" in [tool.iris-devtools].',
            name=name,
        )
    kind = load_schema_source(name)
    make: Callable[..., SchemaSource] = getattr(kind, "from_reference", kind)
    reference = {"alembic": str(ini), "metadata": settings.metadata}.get(name, str(settings.root))
    return make(reference, seed=settings.seed, **source_options(settings))


def _suggested(settings: Settings, ini: Path) -> str:
    if settings.metadata is not None:
        chosen = settings.origins["metadata"].startswith("argument")
        migrated = settings.alembic_config is not None or ini.is_file()
        if not migrated or (chosen and not settings.origins["alembic_config"].startswith("argument")):
            return "metadata"
    elif not ini.is_file():
        raise ConfigurationError(
            f"There is nothing to make a database from: no {ini}, and no metadata in the settings.",
            hint='Set iris_alembic_ini for pytest, or alembic-config or metadata ("app.models:Base") in '
            "[tool.iris-devtools].",
            looked_at=ini,
        )
    return "alembic"


def source_options(settings: Settings) -> dict[str, Any]:
    """Return what ``from_reference`` of a source is given besides the seed: only what the settings have.

    So a source need not take ``seed_parameters`` (a mapping) or ``key_files`` (digests by place) as long as
    nobody sets them. Raises ConfigurationError for a pattern that matches nothing.
    """
    options: dict[str, Any] = {}
    if settings.seed_parameters:
        options["seed_parameters"] = settings.seed_parameters
    if settings.key_files:
        options["key_files"] = read_key_files(settings.root, settings.key_files)
    return options


def load_object(reference: str) -> Any:
    """Return the object at ``module:attribute`` (dots in the attribute lead further in).

    Raises ConfigurationError for text of another form, SchemaSourceError when the module cannot be imported
    or has no such attribute.
    """
    module_name, colon, path = reference.partition(":")
    if not (
        colon and path and all(part.isidentifier() for part in (*module_name.split("."), *path.split(".")))
    ):
        raise ConfigurationError(
            f"{reference!r} does not name an object in a module.",
            hint="Write module:name, like app.seeds:fill.",
            reference=reference,
        )
    try:
        found: Any = importlib.import_module(module_name)
    except ImportError as exc:
        raise SchemaSourceError(
            f"The module of {reference!r} cannot be imported: {exc}",
            hint="Install the project (pip install -e .), or start from the directory that holds the module.",
            reference=reference,
        ) from exc
    for part in path.split("."):
        if not hasattr(found, part):
            raise SchemaSourceError(
                f"{reference!r} names nothing: there is no {part!r}.",
                hint=_nearest(part, dir(found)) or "See what the module defines.",
                reference=reference,
            )
        found = getattr(found, part)
    return found


def _source_of(fill: Callable[..., object], reference: str) -> str:
    module = inspect.getmodule(inspect.unwrap(fill)) or importlib.import_module(reference.partition(":")[0])
    # A module that is built into the interpreter has no file at all.
    path = inspect.getsourcefile(module) if getattr(module, "__file__", None) else None
    if path is None or not Path(path).is_file():
        raise SchemaSourceError(
            f"The seed {reference} has no Python source to make a key from.",
            hint="Put the seed into a .py file.",
            reference=reference,
        )
    with tokenize.open(path) as stream:  # honours the encoding that the file declares
        return stream.read()


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"Did you mean {close[0]!r}?" if close else ""


@contextlib.contextmanager
def _engine(url: IrisUrl) -> Iterator[Engine]:
    from sqlalchemy import NullPool

    from iris_devtools.engine import create_engine

    # No pool: a connection that lingered in the namespace would stop the capture that follows.
    engine = create_engine(url, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()
