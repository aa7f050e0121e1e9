"""Ways of files to and from a server's disk that are faster than its connection."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Courier", "SharedDirectory"]


@dataclass(frozen=True)
class SharedDirectory:
    """A directory that the server sees as ``remote`` and this process as ``local``.

    The server may delete and rename what is in it, and read what this process puts there.
    """

    remote: str
    local: Path

    def find(self, remote: str) -> Path | None:
        """Return where this process sees a path of the server, ``None`` when it is not in the directory."""
        inside = remote.removeprefix(self.remote)
        if inside == remote or not inside or ".." in inside.split("/"):
            return None
        return self.local / inside


class Courier(Protocol):
    """Carries files between this machine and the server's disk, owner and mode as a database's file has them.

    It verifies nothing; that is for whoever sends it (:class:`iris_devtools.admin.files.Files`).
    """

    @property
    def shared(self) -> SharedDirectory | None:
        """Return the directory where nothing has to be carried."""

    def takes(self, size: int) -> bool:
        """Tell whether a file of that size is worth its way, and the way is open now."""

    def send(self, remote: str, pieces: Iterable[bytes], *, size: int) -> None:
        """Write a file of exactly ``size`` bytes; half of it may be there after a failure.

        Raises:
            ServerError: it cannot be written.
            ChecksumError: there are more or fewer bytes than ``size``.

        """

    def fetch(self, remote: str) -> Iterator[bytes]:
        """Yield the content of a file.

        Raises:
            ServerError: it cannot be read.

        """
