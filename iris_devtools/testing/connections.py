"""The server of a test process, and the connections to it: no more than its licence has to spare."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import ExitStack
from functools import cached_property

from iris_devtools.admin import Admin
from iris_devtools.admin.recovery import close_idle_connections
from iris_devtools.admin.scarcity import Patience, patient
from iris_devtools.config import Settings
from iris_devtools.servers.choose import choose_server
from iris_devtools.servers.server import Server, ServerHandle

__all__ = ["Connections"]

_WAIT_FOR_CONNECTIONS_S = 60.0
_AT_EASE = 3
"""What a process keeps that need not count them: an engine's, the administrator's, the pool's."""

_MAKE_WAY_S = 0.1
"""How long connections are left to others. These try again after 0.01 to 0.25 s (see scarcity), and nothing
tells when one of them got in; the mark that they leave brings another pause before the next test."""


class Connections:
    """Choose the server when it is first asked for, and connect to it.

    Where the server is full, whoever connects waits, and those of the same machine are asked to give up what
    they do not need (see :mod:`iris_devtools.admin.scarcity`). For one thread, but :meth:`connect`.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opened = ExitStack()
        self._admins: dict[int, Admin] = {}

    @property
    def server(self) -> Server:
        """The server that the settings choose, started if it is ours."""
        return self._handle.server

    @property
    def reason(self) -> str | None:
        """Which server it is and why; None before it was asked for."""
        return self._handle.reason if "_handle" in self.__dict__ else None

    @cached_property
    def admin(self) -> Admin:
        """The connection for administration of the thread that asks first."""
        self._opened.enter_context(patient(self._patience))
        return self.connect()

    def connect(self) -> Admin:
        """Return a connection for the calling thread alone, which ends with this object."""
        admin = Admin.connect(self.server, timeout_s=self._settings.connect_timeout_s)
        self._admins[threading.get_ident()] = admin
        return self._opened.enter_context(admin)

    @property
    def admitted(self) -> bool:
        """Whether the server has let this process in at any time."""
        return bool(self._admins)

    @property
    def scarce(self) -> bool:
        """Whether all processes at ease want more connections than the licence allows."""
        return self._crowded or self._patience.scarce

    @property
    def waited_s(self) -> float:
        """The seconds that this process has waited for a place on the server."""
        return self._patience.waited_s if "_patience" in self.__dict__ else 0.0

    def spare(self) -> None:
        """Keep one connection at the most, where they are scarce: that of an engine."""
        if "admin" in self.__dict__ and self.scarce:
            self.admin.rest()

    def make_way(self) -> None:
        """Between two tests: give up all connections for a moment when another process waits for one."""
        if "admin" in self.__dict__ and self._patience.wanted:
            self.admin.rest()
            close_idle_connections()
            time.sleep(_MAKE_WAY_S)

    def close(self) -> None:
        """Close what was opened, and let the server go.

        Raises:
            ServerError: the server could not be left cleanly.
        """
        self._opened.close()

    @cached_property
    def _handle(self) -> ServerHandle:
        return self._opened.enter_context(choose_server(self._settings))

    @cached_property
    def _patience(self) -> Patience:
        name = re.sub(r"[^\w.-]", "_", f"scarce-{self.server.host}-{self.server.port}")
        mark = self._settings.data_directory / "test-runs" / name
        return Patience(self._let_go, mark=mark, wait_s=_WAIT_FOR_CONNECTIONS_S)

    def _let_go(self) -> None:
        """Close what this thread keeps open without using it; engines let go by themselves."""
        admin = self._admins.get(threading.get_ident())
        if admin is not None:
            admin.rest()

    @cached_property
    def _crowded(self) -> bool:
        workers = os.environ.get("PYTEST_XDIST_WORKER_COUNT", "")
        if not workers.isdigit() or int(workers) < 2:
            return False
        limit, _ = self.admin.licence_units()
        # An account that may not ask has to count on the worst.
        return limit is None or int(workers) * _AT_EASE > limit
