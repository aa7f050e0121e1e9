"""What the namespaces of test runs are called, and which names are such."""

from __future__ import annotations

import configparser
import re

from iris_devtools.config import Settings
from iris_devtools.errors import ConfigurationError
from iris_devtools.urls import DEFAULT_NAMESPACE, parse_url

__all__ = ["is_of_a_run", "name_in_run"]

# What name_in_run() appends, and for further namespaces of the same run their own number.
_OF_A_RUN = re.compile(r"\w+_(?:MAIN|GW\d+)_[0-9A-F]{6}(?:_\d+)?")


def name_in_run(settings: Settings, *, worker: str, run_id: str) -> str:
    """Return the name of the first namespace that one worker of one run makes for a project."""
    return f"{_name_of_the_project(settings)}_{worker}_{run_id}".upper()


def is_of_a_run(name: str) -> bool:
    """Tell whether a namespace was named by :func:`name_in_run`, with or without a number behind it."""
    return _OF_A_RUN.fullmatch(name) is not None


def _name_of_the_project(settings: Settings) -> str:
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
