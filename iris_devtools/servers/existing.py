"""A server of someone else: connect to it, leave it running."""

from __future__ import annotations

from iris_devtools.config import Settings
from iris_devtools.errors import ConfigurationError
from iris_devtools.servers.readiness import wait_until_ready
from iris_devtools.servers.server import Server, ServerHandle

__all__ = ["existing_server", "host_of"]


def host_of(settings: Settings) -> str:
    """Return the host of the existing server.

    Raises:
        ConfigurationError: none is set.

    """
    if not settings.host:
        raise ConfigurationError(
            "An existing server is wanted, and no host is set.",
            hint="Set IRIS_HOST (and IRIS_PORT, IRIS_USERNAME, IRIS_PASSWORD), or IRIS_DEVTOOLS_URL.",
            key="host",
        )
    return settings.host


def existing_server(settings: Settings, *, wait: bool = True) -> ServerHandle:
    """Return the server that the settings name.

    With ``wait_s`` set (and ``wait``) it is waited for until it accepts a login; without, nothing is sent to
    it here.
    Closing the handle leaves it as it is.

    Raises:
        ConfigurationError: no host is set.
        ServerError: it was waited for in vain, or refuses the account.

    """
    server = Server(
        kind="existing",
        host=host_of(settings),
        port=settings.port,
        username=settings.username,
        password=settings.password.get_secret_value(),
    )
    if settings.wait_s and wait:
        wait_until_ready(server, timeout_s=settings.wait_s, connect_timeout_s=settings.connect_timeout_s)
    origin = settings.origins["host"]
    return ServerHandle(
        server, reason=f"existing server {server.host}:{server.port}, because a host is set ({origin})"
    )
