"""What a command works on: an Alembic project, its settings, its server and its store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic_ext.source import AlembicSource
from iris_devtools.admin.connection import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.errors import ConfigurationError
from iris_devtools.schema import source_options
from iris_devtools.servers.choose import choose_server
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.store import Store, open_store
from iris_devtools.urls import IrisUrl, parse_url

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["OpenServer", "Project", "open_project"]


@dataclass(frozen=True)
class OpenServer:
    """A server that is there, an administrator's connection to it, and why it is this one."""

    admin: Admin
    server: Server
    reason: str


@dataclass(frozen=True)
class Project:
    """One Alembic project. Nothing is connected yet: :meth:`open_server` does that."""

    source: AlembicSource
    settings: Settings
    url: IrisUrl
    store: Store

    @property
    def namespace(self) -> str:
        """Return the namespace that ``sqlalchemy.url`` names."""
        return self.url.namespace

    @contextmanager
    def open_server(self) -> Iterator[OpenServer]:
        """Find or start the server and log in to administer it, for the block."""
        with (
            choose_server(self.settings) as handle,
            Admin.connect(handle.server, timeout_s=self.settings.connect_timeout_s) as admin,
        ):
            yield OpenServer(admin=admin, server=handle.server, reason=handle.reason)

    def current(self, opened: OpenServer) -> tuple[str, ...] | None:
        """Read what the configured database is at; None when there is no such namespace."""
        if not opened.admin.namespace_exists(self.namespace):
            return None
        from sqlalchemy import NullPool

        from iris_devtools.engine import create_engine

        engine = create_engine(opened.server.url(self.namespace), settings=self.settings, poolclass=NullPool)
        try:
            with engine.connect() as connection:
                return self.source.current(connection)
        finally:
            engine.dispose()


def open_project(config: Config) -> Project:
    """Read everything that a command needs to know, without connecting to anything.

    A host in ``sqlalchemy.url`` decides for that server; without one the settings choose.

    Raises:
        ConfigurationError: a setting is wrong, or ``sqlalchemy.url`` is missing or not an ``iris://`` URL.
        SchemaSourceError: the migration scripts or the seed cannot be read.
    """
    here = Path(config.config_file_name or ".").resolve().parent
    url = _configured_url(config)
    given: dict[str, Any] = {} if url.managed else {"server": "existing", "host": url.host, "port": url.port}
    if not url.managed and url.username:
        given |= {"username": url.username, "password": url.password}
    settings = load_settings(here, **given)
    source = AlembicSource(config, seed=settings.seed, **source_options(settings))
    return Project(source=source, settings=settings, url=url, store=open_store(settings))


def _configured_url(config: Config) -> IrisUrl:
    text = config.get_alembic_option("sqlalchemy.url")
    if not isinstance(text, str) or not text:
        file = Path(config.config_file_name or "alembic.ini")
        if not file.exists():
            raise ConfigurationError(
                f"There is no {file.name} in {file.absolute().parent}.",
                hint="Run where the project's alembic.ini is, name it with -c, or make one: "
                "`alembic init migrations`.",
                config_file=str(file),
            )
        raise ConfigurationError(
            f"{config.config_file_name} has no sqlalchemy.url, so there is no namespace to work on.",
            hint="Add: sqlalchemy.url = iris:///APP?plugin=iris-devtools",
            config_file=config.config_file_name,
        )
    return parse_url(text)
