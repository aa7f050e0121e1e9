"""What a project's settings and files say of the names of its databases."""

from __future__ import annotations

import configparser

from iris_devtools.config import Settings
from iris_devtools.errors import ConfigurationError
from iris_devtools.urls import DEFAULT_NAMESPACE, parse_url

__all__ = ["namespace_name"]


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
