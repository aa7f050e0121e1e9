"""What a container is made from; two equal specifications make the same container."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from iris_devtools.errors import ConfigurationError

__all__ = ["LABEL", "SHARED_IN_CONTAINER", "ContainerSpec"]

LABEL = "org.iris-devtools."
"""What the names of our labels begin with."""

SHARED_IN_CONTAINER = "/iris-devtools-shared/"
"""Where a container sees the directory that it shares with this machine."""

_KEY_IN_CONTAINER = "/usr/irissys/mgr/iris.key"
_MERGE_IN_CONTAINER = "/tmp/iris-devtools-merge.cpf"


@dataclass(frozen=True)
class ContainerSpec:
    """Say which image runs, and with what.

    ``memory`` is as Docker writes it (``2g``); ``port`` 0 lets the engine choose. ``durable`` is the name of
    a volume, or a directory, that keeps the data when the container is gone. ``platform`` is as Docker writes
    it (``linux/arm64``). With ``share`` files reach the server through a directory of this machine.
    """

    image: str
    license_key: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    volumes: tuple[str, ...] = ()
    merge_file: Path | None = None
    after: str | None = None
    durable: str | None = None
    memory: str | None = None
    cpus: float | None = None
    port: int = 0
    platform: str | None = None
    share: bool = False

    def __post_init__(self) -> None:
        for name, path in (("license_key", self.license_key), ("merge_file", self.merge_file)):
            if path is not None and not path.is_file():
                raise ConfigurationError(
                    f"The setting {name} names {path}, and there is no such file.", key=name, path=str(path)
                )

    @property
    def digest(self) -> str:
        """Return 16 hexadecimal digits that are the same for the same configuration.

        A key or a merge file counts with its contents: changing it makes another container.
        """
        parts = {
            "image": self.image,
            "license_key": _hash(self.license_key),
            "environment": sorted(self.environment.items()),
            "volumes": sorted(self.volumes),
            "merge_file": _hash(self.merge_file),
            "after": self.after,
            "durable": self.durable,
            "memory": self.memory,
            "cpus": self.cpus,
            "port": self.port,
            "platform": self.platform,
            "share": self.share,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def variables(self) -> dict[str, str]:
        """Return the environment of the container."""
        variables = dict(self.environment)
        if self.merge_file is not None:
            variables["ISC_CPF_MERGE_FILE"] = _MERGE_IN_CONTAINER
        if self.durable is not None:
            variables["ISC_DATA_DIRECTORY"] = "/durable/iris"
        return variables

    def binds(self, shared: Path | None = None) -> list[str]:
        """Return the volumes as ``source:target[:mode]``, among them the directory ``shared``."""
        found = list(self.volumes)
        if self.license_key is not None:
            # Into the durable manager directory nothing can be mounted: it is made at the start.
            target = "/iris-key/iris.key" if self.durable else _KEY_IN_CONTAINER
            found.append(f"{self.license_key.resolve()}:{target}:ro")
        if self.merge_file is not None:
            found.append(f"{self.merge_file.resolve()}:{_MERGE_IN_CONTAINER}:ro")
        if self.durable is not None:
            found.append(f"{self.durable}:/durable")
        if shared is not None:
            # The mark is for hosts with SELinux.
            found.append(f"{shared}:{SHARED_IN_CONTAINER.rstrip('/')}:z")
        return found

    def command(self) -> list[str]:
        """Return what follows the image: options of ``iris-main``."""
        key = ["--key", "/iris-key/iris.key"] if self.license_key is not None and self.durable else []
        return [*key, *(["--after", self.after] if self.after else [])]


def _hash(path: Path | None) -> str | None:
    return None if path is None else hashlib.sha256(path.read_bytes()).hexdigest()
