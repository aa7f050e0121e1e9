"""A place to connect to: container, existing server or stand-in."""

from __future__ import annotations

from iris_devtools.admin.recovery import when_password_expired
from iris_devtools.servers.choose import choose_server
from iris_devtools.servers.password import mend_password
from iris_devtools.servers.server import Server, ServerHandle

__all__ = ["Server", "ServerHandle", "choose_server"]

when_password_expired(mend_password)
