"""The labels of our containers: whose they are, and what they were made from. Never a password."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from iris_devtools.servers.container.spec import LABEL, ContainerSpec

__all__ = ["Labels", "boot_id", "labelled"]


@dataclass(frozen=True)
class Labels:
    """What a container of ours says of itself."""

    project: str
    directory: str
    digest: str
    reuse: bool
    owner_pid: int
    boot_id: str
    host: str
    created: str

    @classmethod
    def of(cls, spec: ContainerSpec, *, project: Path, directory: Path, reuse: bool) -> Labels:
        """Return the labels of a container that this process is about to make."""
        return cls(
            project=str(project),
            directory=str(directory),
            digest=spec.digest,
            reuse=reuse,
            owner_pid=os.getpid(),
            boot_id=boot_id(),
            host=socket.gethostname(),
            created=f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
        )

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> Labels:
        """Read them back; what is missing is empty."""
        pid = labels.get(f"{LABEL}owner-pid", "")
        return cls(
            project=labels.get(f"{LABEL}project", ""),
            directory=labels.get(f"{LABEL}session", ""),
            digest=labels.get(f"{LABEL}config-hash", ""),
            reuse=labels.get(f"{LABEL}reuse") == "true",
            owner_pid=int(pid) if pid.isdigit() else 0,
            boot_id=labels.get(f"{LABEL}boot-id", ""),
            host=labels.get(f"{LABEL}host", ""),
            created=labels.get(f"{LABEL}created", ""),
        )

    def written(self) -> dict[str, str]:
        """Return them as Docker keeps them."""
        return {
            f"{LABEL}project": self.project,
            f"{LABEL}session": self.directory,
            f"{LABEL}config-hash": self.digest,
            f"{LABEL}reuse": "true" if self.reuse else "false",
            f"{LABEL}owner-pid": str(self.owner_pid),
            f"{LABEL}boot-id": self.boot_id,
            f"{LABEL}host": self.host,
            f"{LABEL}created": self.created,
        }


def labelled(client: Any, **wanted: str) -> list[Any]:
    """Return our containers, running or not, that have these labels too (``config_hash="..."``)."""
    labels = [
        f"{LABEL}session",
        *(f"{LABEL}{name.replace('_', '-')}={value}" for name, value in wanted.items()),
    ]
    listed: list[Any] = client.containers.list(all=True, filters={"label": labels}, sparse=True)
    return [container for container in listed if _is_still_there(container)]


def _is_still_there(container: Any) -> bool:
    """Look at a container that was listed; it may have been removed meanwhile."""
    import docker.errors

    try:
        container.reload()
    except docker.errors.NotFound:
        return False
    except docker.errors.APIError as error:
        # What podman says of one that is just being removed.
        if "does not exist" in str(error) or "no such container" in str(error):
            return False
        raise
    return True


def boot_id() -> str:
    """Return what names this run of the machine; process numbers mean nothing in another one."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""
