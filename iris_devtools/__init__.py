"""Run your migrations once, keep the database file, and give every test a real copy of it.

The names below are imported on first use, so that ``import iris_devtools`` stays cheap:
neither SQLAlchemy nor Docker is loaded before something needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_devtools.admin import Admin
    from iris_devtools.config import Settings, load_settings
    from iris_devtools.engine import create_engine
    from iris_devtools.errors import IrisDevtoolsError
    from iris_devtools.provision import ensure_snapshot, ready_namespace, restore_namespace
    from iris_devtools.schema import MetadataSource, SchemaSource
    from iris_devtools.servers.choose import choose_server
    from iris_devtools.servers.container import IRISContainer
    from iris_devtools.servers.server import Server, ServerHandle
    from iris_devtools.snapshots.key import RevisionKey
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.snapshots.store import Store
    from iris_devtools.urls import IrisUrl, parse_url

    __version__: str

__all__ = [
    "Admin",
    "IRISContainer",
    "IrisDevtoolsError",
    "IrisUrl",
    "MetadataSource",
    "RevisionKey",
    "SchemaSource",
    "Server",
    "ServerHandle",
    "Settings",
    "Snapshot",
    "Store",
    "__version__",
    "choose_server",
    "create_engine",
    "ensure_snapshot",
    "load_settings",
    "parse_url",
    "ready_namespace",
    "restore_namespace",
]

_HOMES = {
    "Admin": "admin",
    "IRISContainer": "servers.container",
    "IrisDevtoolsError": "errors",
    "IrisUrl": "urls",
    "MetadataSource": "schema",
    "RevisionKey": "snapshots.key",
    "SchemaSource": "schema",
    "Server": "servers.server",
    "ServerHandle": "servers.server",
    "Settings": "config",
    "Snapshot": "snapshots.snapshot",
    "Store": "snapshots.store",
    "choose_server": "servers.choose",
    "create_engine": "engine",
    "ensure_snapshot": "provision",
    "load_settings": "config",
    "parse_url": "urls",
    "ready_namespace": "provision",
    "restore_namespace": "provision",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        value: Any = version("iris-devtools")
    elif name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
