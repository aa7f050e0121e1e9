"""What a project's settings and files say of its databases: what they are made from, and their names."""

from __future__ import annotations

import configparser
from collections.abc import Callable

from iris_devtools.config import Settings
from iris_devtools.errors import ConfigurationError
from iris_devtools.schema import SchemaSource, load_schema_source, source_options
from iris_devtools.urls import DEFAULT_NAMESPACE, parse_url

__all__ = ["namespace_name", "schema_source"]


def namespace_name(settings: Settings) -> str:
    """Return the name of the namespace that a project works in: what the settings say, else alembic.ini."""
    if settings.origins["namespace"] != "default":
        return settings.namespace
    parser = configparser.RawConfigParser()
    try:
        parser.read(settings.alembic_config or settings.root / "alembic.ini", encoding="utf-8")
        url = parse_url(parser.get("alembic", "sqlalchemy.url", fallback=""))
    except (configparser.Error, ConfigurationError, UnicodeDecodeError):
        # It may be built in env.py. The name is for readers only.
        return settings.namespace
    fits = url.namespace != DEFAULT_NAMESPACE and url.namespace.replace("_", "").isalnum()
    return url.namespace if fits else settings.namespace


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
