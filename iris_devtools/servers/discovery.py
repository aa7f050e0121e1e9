"""The servers of a project that are there already: its containers, its stand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_devtools.config import Settings
from iris_devtools.errors import ServerNotFoundError
from iris_devtools.servers.container.container import server_in
from iris_devtools.servers.container.engine import translated
from iris_devtools.servers.container.keep import Keep
from iris_devtools.servers.container.labels import Labels, labelled
from iris_devtools.servers.server import Server

__all__ = ["Found", "containers_of", "running_container"]

_SUPERSERVER = "1972/tcp"


@dataclass(frozen=True)
class Found:
    """A container of ours. ``server`` is there when it runs and this machine knows its account."""

    name: str
    image: str
    state: str
    project: str
    reuse: bool
    in_use: bool
    created: str
    port: int | None
    container: Any
    server: Server | None

    def facts(self) -> dict[str, str | int | bool | None]:
        """Return what can be printed."""
        return {
            "name": self.name,
            "image": self.image,
            "state": self.state,
            "project": self.project,
            "reuse": self.reuse,
            "in_use": self.in_use,
            "created": self.created,
            "port": self.port,
        }


def containers_of(client: Any, settings: Settings, *, everywhere: bool = False) -> list[Found]:
    """Return the containers of the project, newest first; with ``everywhere`` those of all projects."""
    wanted = {} if everywhere else {"project": str(settings.root)}
    with translated("list the containers"):
        found = [_found(container) for container in labelled(client, **wanted)]
    return sorted(found, key=lambda each: each.created, reverse=True)


def running_container(client: Any, settings: Settings) -> Found:
    """Return the newest container of the project that runs.

    Raises:
        ServerNotFoundError: none does.

    """
    for found in containers_of(client, settings):
        if found.state == "running":
            return found
    raise ServerNotFoundError(
        f"No container of {settings.root} is running.",
        hint="Start one that stays: iris-devtools up",
        project=str(settings.root),
    )


def _found(container: Any) -> Found:
    labels = Labels.read(container.labels)
    keep = Keep(Path(labels.directory))
    published = (container.ports or {}).get(_SUPERSERVER) or []
    port = int(published[0]["HostPort"]) if published else None
    kept = keep.read()
    server = None
    if port is not None and kept is not None and kept.container_id == container.id:
        server = server_in(container, kept, shared=keep.shared)
    return Found(
        name=str(container.name),
        image=str(container.attrs["Config"]["Image"]),
        state=str(container.status),
        project=labels.project,
        reuse=labels.reuse,
        in_use=keep.has_owner(),
        created=labels.created,
        port=port,
        container=container,
        server=server,
    )
