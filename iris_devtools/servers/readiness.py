"""Waiting for a server that is still starting."""

from __future__ import annotations

import time

from iris_devtools.admin.driver import login
from iris_devtools.errors import ServerConnectionError
from iris_devtools.servers.server import Server

__all__ = ["wait_until_ready"]

_PAUSE_S = 0.2


def wait_until_ready(server: Server, *, timeout_s: float, connect_timeout_s: float = 10.0) -> float:
    """Log in to %SYS again and again until it works, and return the seconds it took (iris-facts 12.1 step 3).

    A login is the only sign that counts: ports open, and health checks pass, before or after logins are let
    in (iris-facts 7). An answer that waiting does not change (a refused account) ends it at once.

    Raises:
        ServerConnectionError: no login within ``timeout_s``.
        AuthenticationError: the server refuses the account.
        AdministrationError: the server cannot enter %SYS.

    """
    started = time.monotonic()
    while True:
        try:
            login(server, "%SYS", timeout_s=connect_timeout_s).close()
        except ServerConnectionError as error:
            waited = time.monotonic() - started
            if waited >= timeout_s:
                if timeout_s <= 0:
                    raise
                raise ServerConnectionError(
                    f"No login to the server at {server.host}:{server.port} within {timeout_s:g} s. "
                    f"{error.message}",
                    hint=error.hint,
                    **error.facts,
                ) from error
        else:
            return time.monotonic() - started
        time.sleep(_PAUSE_S)
