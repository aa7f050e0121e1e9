"""Containers: IRIS on a Docker engine, started, found again and removed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from iris_devtools.servers.container.container import IRISContainer
    from iris_devtools.servers.container.spec import ContainerSpec

__all__ = ["ContainerSpec", "IRISContainer"]

# Loaded when they are asked for: who looks for a running container needs one room of this storey, not all.
_HOMES = {"ContainerSpec": "spec", "IRISContainer": "container"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
