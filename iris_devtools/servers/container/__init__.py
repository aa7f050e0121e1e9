"""Containers: IRIS on a Docker engine, started, found again and removed."""

from __future__ import annotations

from iris_devtools.servers.container.container import IRISContainer
from iris_devtools.servers.container.spec import ContainerSpec

__all__ = ["ContainerSpec", "IRISContainer"]
