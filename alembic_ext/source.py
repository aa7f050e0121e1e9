"""The migration chain as a schema source: what provisioning asks for, answered by Alembic."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext

from alembic_ext.chain import Chain
from iris_devtools.blame import line_of
from iris_devtools.errors import ConfigurationError, IrisDevtoolsError, MigrationError
from iris_devtools.schema import Seed
from iris_devtools.snapshots.key import RevisionKey, revision_key
from iris_devtools.snapshots.keyfiles import key_files_digest
from iris_devtools.snapshots.plan import Ancestor, Step

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection

    from iris_devtools.snapshots.manifest import SeedInfo
    from iris_devtools.urls import IrisUrl

__all__ = ["AlembicSource", "environment_for", "require_database"]


class AlembicSource:
    """A project's migration chain, with the seed that follows it.

    The chain is read once, when the source is made; :meth:`upgrade` runs the project's own ``env.py`` in
    this process.
    """

    name = "alembic"

    def __init__(
        self,
        config: Config,
        *,
        seed: str | None = None,
        seed_parameters: Mapping[str, Any] | None = None,
        key_files: Mapping[str, str] | None = None,
    ) -> None:
        self.config = config
        self.key_files = dict(key_files or {})
        self.chain = Chain.from_config(config, data=key_files_digest(self.key_files))
        # After the chain: reading it puts the project's directories (prepend_sys_path) where the seed can be
        # imported.
        self._seed = Seed.load(seed, parameters=seed_parameters) if seed else None

    @classmethod
    def from_reference(
        cls,
        reference: str,
        *,
        seed: str | None = None,
        seed_parameters: Mapping[str, Any] | None = None,
        key_files: Mapping[str, str] | None = None,
    ) -> AlembicSource:
        """Return the source of the project whose ``alembic.ini`` (or ``pyproject.toml``) lies at a path.

        Raises:
            ConfigurationError: there is no such file.
            SchemaSourceError: the migration scripts cannot be read, or the seed cannot be imported.
        """
        path = Path(reference)
        if not path.is_file():
            raise ConfigurationError(
                f"There is no Alembic configuration at {path}.",
                hint="Set alembic-config in [tool.iris-devtools], or run where alembic.ini is.",
                path=path,
            )
        if path.name == "pyproject.toml":
            config = Config(toml_file=path)
        else:
            config = Config(path)
        return cls(config, seed=seed, seed_parameters=seed_parameters, key_files=key_files)

    @property
    def revision_table(self) -> str:
        """Name the table in which Alembic keeps the revisions.

        It is ``version_table`` (and ``version_table_schema``) of the configuration file's options; where
        ``env.py`` names another in ``context.configure``, set the option to the same.
        """
        table = self._option("version_table") or "alembic_version"
        schema = self._option("version_table_schema")
        return f"{schema}.{table}" if schema else table

    @property
    def seeding(self) -> SeedInfo | None:
        """Return what :meth:`seed` will run, or None."""
        return self._seed.info if self._seed else None

    def key(self, engine: str, revisions: Sequence[str] | None = None) -> RevisionKey:
        """Return the key of the seeded state at revisions, by default the heads.

        A revision is whatever Alembic takes as a target.
        """
        heads = self.chain.resolve(["heads"] if revisions is None else revisions)
        return self._key(heads, engine=engine, seed=self._seed.digest if self._seed else None)

    def ancestors(self, key: RevisionKey) -> Sequence[Ancestor]:
        """Return every unseeded state on the way to a key, nearest first.

        The estimate is the number of migrations.
        """
        unseeded = self._key(key.revisions, engine=key.engine, seed=None)
        found = [] if unseeded == key else [Ancestor(unseeded, 0.0)]
        found.extend(
            Ancestor(self._key((revision,), engine=key.engine, seed=None), float(missing))
            for revision, missing in self.chain.missing_from(key.revisions).items()
            if (revision,) != key.revisions
        )
        return sorted(found, key=lambda ancestor: ancestor.replay_s)

    def replay(self, start: RevisionKey | None, to: RevisionKey) -> tuple[Step, ...] | None:
        """Return the migrations between an unseeded state and a key; None when it is not on the way."""
        revisions = start.revisions if start else ()
        missing = self.chain.between(revisions, to.revisions)
        if missing is None or (start and self._key(revisions, engine=to.engine, seed=None) != start):
            return None
        return tuple(Step(one.revision, one.own, one.place) for one in missing)

    def upgrade(self, url: IrisUrl, *, to: RevisionKey) -> Mapping[str, float]:
        """Run the project's ``env.py`` against a namespace, up to the revisions of a key.

        Returns the seconds of each migration that ran, by its revision. Logging is left as it was: the usual
        ``env.py`` configures it, which would silence the loggers of a test run.

        Raises:
            MigrationError: a migration failed, or ``env.py`` connected to another database than it was told
            to.
        """
        # What runs is what the key was made from, also when a script was edited meanwhile.
        script = self.chain.script
        seconds: dict[str, float] = {}
        try:
            with environment_for(self.config, url):
                for revision in to.revisions:
                    self._upgrade_to(revision, script=script, url=url, seconds=seconds)
        except IrisDevtoolsError:
            raise
        except Exception as error:
            wanted = ", ".join(to.revisions)
            place = line_of(error, homes=self.chain.directories)
            raise MigrationError(
                f"The migration to {wanted} failed{f' in {place}' if place else ''}: "
                f"{type(error).__name__}: {error}",
                hint="Mend it and run again; no snapshot was made.",
                revisions=to.revisions,
                place=place,
            ) from error
        return seconds

    def _upgrade_to(
        self, revision: str, *, script: ScriptDirectory, url: IrisUrl, seconds: dict[str, float]
    ) -> None:
        # What alembic.command.upgrade does, with a look at the connection before the first migration runs,
        # and at the clock before and after each: Alembic asks for the next when it is through with one.
        def steps(current: Any, context: MigrationContext) -> Iterator[Any]:
            require_database(context, url)
            for step in script._upgrade_revs(revision, current):
                started = time.perf_counter()
                yield step
                seconds[step.revision.revision] = time.perf_counter() - started

        with EnvironmentContext(self.config, script, fn=steps, destination_rev=revision):
            script.run_env()

    def run_environment(self, url: IrisUrl, steps: Callable[[Any, MigrationContext], Iterable[Any]]) -> None:
        """Run the project's ``env.py`` against a namespace, with ``steps`` in the place of the migrations.

        ``steps`` is called with what the database is at, and returns what is to be run there; logging is left
        as it was. What fails comes out as it is; MigrationError when ``env.py`` connected elsewhere.
        """

        def checked(current: Any, context: MigrationContext) -> Iterable[Any]:
            require_database(context, url)
            return steps(current, context)

        script = self.chain.script
        with environment_for(self.config, url), EnvironmentContext(self.config, script, fn=checked):
            script.run_env()

    def seed(self, url: IrisUrl) -> None:
        """Run the seed, where there is one."""
        if self._seed:
            self._seed.run(url)

    def current(self, connection: Connection) -> tuple[str, ...]:
        """Return what ``alembic_version`` lists, sorted; nothing where the table is not."""
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": self._option("version_table") or "alembic_version",
                "version_table_schema": self._option("version_table_schema"),
            },
        )
        return tuple(sorted(context.get_current_heads()))

    def _key(self, revisions: Sequence[str], *, engine: str, seed: str | None) -> RevisionKey:
        return revision_key(revisions, sources=self.chain.digests(revisions), engine=engine, seed=seed)

    def _option(self, name: str) -> str | None:
        value = self.config.get_alembic_option(name)
        return value if isinstance(value, str) else None


def require_database(context: MigrationContext, url: IrisUrl) -> None:
    """Raise MigrationError unless ``env.py`` connected to the database that it was told to use."""
    if context.connection is None:
        raise MigrationError(
            "env.py runs in offline mode, which migrates nothing.",
            hint="Let env.py call run_migrations_online() unless context.is_offline_mode() says otherwise.",
        )
    used = context.connection.engine.url
    if (used.host, used.port, (used.database or "").upper()) != (url.host, url.port, url.namespace.upper()):
        raise MigrationError(
            f"env.py connected to {used.render_as_string(hide_password=True)}, not to {url.render()}; "
            "nothing was migrated.",
            hint="Let env.py take its URL from the option sqlalchemy.url, as the generated one does.",
            wanted=url.render(),
            used=used.render_as_string(hide_password=True),
        )


@contextmanager
def environment_for(config: Config, url: IrisUrl) -> Iterator[None]:
    """Let the project's ``env.py`` find a namespace as its database for the block, and keep its hands off
    logging.
    """
    with _logging_kept(), _url_in(config, url):
        yield


@contextmanager
def _url_in(config: Config, url: IrisUrl) -> Iterator[None]:
    """Put a URL into the configuration, where ``env.py`` looks for it, and put the old one back."""
    # The plugin, because what the configured engine mends has to be mended for the migrations, too.
    text = replace(url, query=(("plugin", "iris-devtools"),)).render(hide_password=False)
    before = config.file_config.get(config.config_ini_section, "sqlalchemy.url", raw=True, fallback=None)
    config.set_main_option("sqlalchemy.url", text.replace("%", "%%"))
    try:
        yield
    finally:
        if before is None:
            config.remove_main_option("sqlalchemy.url")
        else:
            config.set_main_option("sqlalchemy.url", before)


@contextmanager
def _logging_kept() -> Iterator[None]:
    root = logging.getLogger()
    loggers = [root, *(one for one in root.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    states = [(one, one.level, one.disabled, one.propagate, list(one.handlers)) for one in loggers]
    try:
        yield
    finally:
        for one, level, disabled, propagate, handlers in states:
            one.setLevel(level)
            one.disabled = disabled
            one.propagate = propagate
            one.handlers = handlers
