"""The administrator: every subject over one kept connection."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Any

from iris_devtools.admin.databases import DATABASE_FILE
from iris_devtools.admin.driver import Target, login
from iris_devtools.admin.link import Link
from iris_devtools.admin.namespaces import Namespaces
from iris_devtools.admin.version import ServerVersion
from iris_devtools.errors import AdministrationError, ServerError

__all__ = ["Admin"]


class Admin(Namespaces):
    """Administer a server over one kept connection to %SYS.

    The account needs ``%All``, or at least %Admin_Manage, %Admin_Operate and the resources of the Native API
    (iris-facts 2.1). Threads may share an Admin; their calls wait for each other. A connection that was lost
    is opened again by the next call, see :class:`iris_devtools.admin.link.Link`.
    """

    def __init__(self, link: Link, *, timeout_s: float = 10.0) -> None:
        super().__init__(link)
        self._timeout_s = timeout_s

    @classmethod
    def connect(cls, server: Target, *, timeout_s: float = 10.0) -> Admin:
        """Log in to %SYS.

        Raises:
            AuthenticationError: the server refuses the account.
            ServerConnectionError: it does not answer within ``timeout_s``, or not at all.

        """
        link = Link(server, timeout_s=timeout_s)
        link.open()
        return cls(link, timeout_s=timeout_s)

    def close(self) -> None:
        """Log out. It may be called twice."""
        self._link.close()

    def rest(self) -> None:
        """Give the connection back for as long as it is not needed; the next call opens another."""
        self._link.close()

    @property
    def server(self) -> Target:
        """Return the server that is administered."""
        return self._link.target

    @cached_property
    def version(self) -> ServerVersion:
        """Return what the server says about itself, asked once (wire-protocol 10; iris-facts 8.2)."""
        text = self._link.value("%SYSTEM.Version", "GetVersion", repeatable=True)
        number = self._link.value("%SYSTEM.Version", "GetNumber", repeatable=True)
        return ServerVersion(str(text), str(number))

    @property
    def engine(self) -> str:
        """Return the name of the engine that writes the files: ``iris-2025.1``, ``standin-1``."""
        return self.version.engine

    def licence_units(self) -> tuple[int | None, int | None]:
        """Return how many connections the server's licence allows, and how many of them are free.

        That is the smaller of ``KeyLicenseUnits()`` and ``MaxConnections()``, and ``LUAvailable()``, of
        ``%SYSTEM.License`` (iris-facts 7); None for what the server does not tell.
        """
        limits = [self._licence("KeyLicenseUnits"), self._licence("MaxConnections")]
        return min((limit for limit in limits if limit), default=None), self._licence("LUAvailable")

    def _licence(self, method: str) -> int | None:
        try:
            return int(self._link.value("%SYSTEM.License", method, repeatable=True))
        except (AdministrationError, TypeError, ValueError):
            return None

    @contextmanager
    def connection(self, namespace: str) -> Iterator[Any]:
        """Open a connection of the driver to ``namespace`` for the block, in autocommit mode.

        Raises:
            AdministrationError: there is no such namespace, or its database cannot be entered. If that is
                because it is dismounted, as a process that was killed may leave it, the hint names the call
                that mounts it.

        """
        try:
            connection = login(self._link.target, namespace, timeout_s=self._timeout_s)
        except ServerError as error:
            self._add_remedy(error, namespace)
            raise
        try:
            yield connection
        finally:
            connection.close()

    def _add_remedy(self, error: ServerError, namespace: str) -> None:
        with contextlib.suppress(ServerError):  # a second failure must not hide the first
            down = [each.directory for each in self.databases(namespace) if self._is_down(each.directory)]
            if down:
                calls = "; ".join(f'##class(SYS.Database).MountDatabase("{directory}")' for directory in down)
                error.hint = (
                    f"{error.hint} It is not mounted. Restore a snapshot; or see that its {DATABASE_FILE} is "
                    f"there, and in %SYS run: {calls}"
                ).strip()

    def _is_down(self, directory: str) -> bool:
        try:
            return not self.is_mounted(directory)
        except AdministrationError:  # not even a file, which a restore that was killed may have renamed
            return True

    def purge_cached_queries(self, namespace: str) -> None:
        """Throw away the compiled queries of a namespace (iris-facts 9).

        They lie outside its database and are kept by the namespace's name, so exchanging the file does not
        touch them: purge when the schema behind the name has changed. The server takes a lock for it that
        everybody shares; with the schema unchanged there is no need.
        """
        link = Link(self._link.target, namespace=namespace, timeout_s=self._timeout_s)
        try:
            link.execute("PURGE CACHED QUERIES")
        finally:
            link.close()

    def execute(self, sql: str) -> None:
        """Run a statement in %SYS, in autocommit mode: ``CREATE DATABASE`` and the like (iris-facts 1.1)."""
        self._link.execute(sql)

    def __enter__(self) -> Admin:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
