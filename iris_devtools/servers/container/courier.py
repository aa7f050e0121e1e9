"""What carries files into and out of a container: archives, past the server's connection."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from iris_devtools.admin.courier import SharedDirectory
from iris_devtools.servers.container.archive import read_archive, send_archive
from iris_devtools.servers.container.engine import connect_engine, translated
from iris_devtools.servers.docker_socket import engine_address, engine_says

__all__ = ["ArchiveCourier"]

_WORTH_BYTES = 32_000_000
"""Below that the connection is faster than what it takes to begin an archive, and to verify it."""
_ASK_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class ArchiveCourier:
    """Carry files of a container through the engine, which writes them as the server's own user.

    It holds no connection: threads and forked processes may share it.
    """

    container_id: str
    shared: SharedDirectory | None = None

    def takes(self, size: int) -> bool:
        """Tell whether a file of that size is worth an archive, and the engine has the container."""
        address = engine_address()
        if size < _WORTH_BYTES or address is None:
            return False
        try:
            path = f"/containers/{self.container_id}/json"
            status, _ = engine_says(address, path, timeout_s=_ASK_TIMEOUT_S)
        except OSError:
            return False
        return status == http.client.OK

    def send(self, remote: str, pieces: Iterable[bytes], *, size: int) -> None:
        """Write a file, as :func:`~iris_devtools.servers.container.archive.send_archive` does."""
        client = connect_engine()
        try:
            with translated("find the container", container=self.container_id):
                container = client.containers.get(self.container_id)
            send_archive(container, remote, pieces, size=size)
        finally:
            client.close()

    def fetch(self, remote: str) -> Iterator[bytes]:
        """Yield a file, as :func:`~iris_devtools.servers.container.archive.read_archive` does."""
        client = connect_engine()
        try:
            with translated("find the container", container=self.container_id):
                container = client.containers.get(self.container_id)
            yield from read_archive(container, remote)
        finally:
            client.close()
