"""Databases for tests: with pytest (:mod:`iris_devtools.testing.plugin`), with unittest, and in scripts.

The names below are imported on first use: pytest imports this package in every run of an environment that
has it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_devtools.testing.factories import iris_engine_factory, iris_session_factory
    from iris_devtools.testing.standalone import Database, database
    from iris_devtools.testing.tagging import TaggedData
    from iris_devtools.testing.testcase import IrisTestCase

__all__ = [
    "Database",
    "IrisTestCase",
    "TaggedData",
    "database",
    "iris_engine_factory",
    "iris_session_factory",
]

_HOMES = {
    "Database": "standalone",
    "IrisTestCase": "testcase",
    "TaggedData": "tagging",
    "database": "standalone",
    "iris_engine_factory": "factories",
    "iris_session_factory": "factories",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
