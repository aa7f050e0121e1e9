"""A server that one test has for itself: the rung ``container`` of the ladder."""

from __future__ import annotations

import secrets
import shutil
from contextlib import ExitStack

from iris_devtools.config import Settings
from iris_devtools.errors import UnsupportedError
from iris_devtools.servers.server import Server, ServerHandle
from iris_devtools.testing.leftovers import claimed, remove_leftovers

__all__ = ["own_server"]


def own_server(settings: Settings, *, beside: Server) -> ServerHandle:
    """Start a server of the same kind as ``beside``, fresh and used by nobody else.

    Closing the handle ends it and removes what it stored. It ends with this process, too, however that comes;
    what a killed process leaves of its files, the next call removes. A container is made from the same
    settings, except that its port is Docker's choice and its data are never durable: both are taken.

    Raises:
        UnsupportedError: ``beside`` is somebody's existing server, of which there is only the one.
        ServerNotFoundError: no Docker engine answers.
        ServerError: the server did not start.
        StoreError: the directory for its files cannot be written.
    """
    if beside.kind == "existing":
        raise UnsupportedError(
            f"isolation 'container' starts a server for one test, and the {beside} is not ours to double.",
            hint="Use 'namespace' there, which gives each test databases of its own, or choose "
            "--iris-server=standin or --iris-server=container.",
            isolation="container",
        )
    return _container(settings) if beside.kind == "container" else _standin(settings)


def _container(settings: Settings) -> ServerHandle:
    # Imported here: nothing else needs the Docker SDK.
    from iris_devtools.servers.container.managed import container_of

    container = container_of(settings, private=True).start()
    return ServerHandle(
        container.server, reason=f"container {container.name} of one test", close=container.stop
    )


def _standin(settings: Settings) -> ServerHandle:
    # Imported here, as for the run's own server.
    from iris_devtools.servers.standin import start_standin

    home = settings.data_directory / "own-servers"
    remove_leftovers(directory=home)
    name = secrets.token_hex(6)
    with ExitStack() as opened:
        opened.enter_context(claimed(name, directory=home))
        opened.callback(shutil.rmtree, home / name, ignore_errors=True)
        process = opened.enter_context(start_standin(data=home / name, timeout_s=settings.startup_timeout_s))
        held = opened.pop_all()
    return ServerHandle(process.server, reason=f"stand-in of one test at {home / name}", close=held.close)
