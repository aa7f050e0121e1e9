"""What a server is to everything that connects to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

from iris_devtools.admin.courier import Courier
from iris_devtools.urls import DEFAULT_NAMESPACE, IrisUrl

__all__ = ["Server", "ServerHandle", "ServerKind"]

ServerKind = Literal["standin", "container", "existing"]


@dataclass(frozen=True)
class Server:
    """Say where a server is and how to log in there.

    ``local_files`` is true when the server reads and writes the same file system as this process under the
    same paths, so that a file need not travel over the wire. ``courier`` carries files past the wire.
    """

    kind: ServerKind
    host: str
    port: int
    username: str
    password: str = field(repr=False)
    local_files: bool = False
    courier: Courier | None = field(default=None, repr=False, compare=False)

    def url(self, namespace: str = DEFAULT_NAMESPACE) -> IrisUrl:
        """Return the URL of a namespace on this server."""
        return IrisUrl(
            host=self.host,
            port=self.port,
            namespace=namespace,
            username=self.username,
            password=self.password,
        )

    def __str__(self) -> str:
        return f"{self.kind} server at {self.host}:{self.port}"


class ServerHandle:
    """Hold a chosen server for as long as it is needed.

    ``reason`` says in one line why this server was chosen. :meth:`close` lets it go: it stops what was
    started for this handle alone and leaves everything else running. It may be called twice.
    """

    def __init__(self, server: Server, *, reason: str, close: Callable[[], None] | None = None) -> None:
        self.server = server
        self.reason = reason
        self._close = close

    def close(self) -> None:
        """Let the server go."""
        close, self._close = self._close, None
        if close is not None:
            close()

    def __enter__(self) -> ServerHandle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"ServerHandle({self.server!r}, reason={self.reason!r})"
