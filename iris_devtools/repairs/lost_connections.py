"""Connections that are gone, and errors that SQLAlchemy does not know as the driver's.

The dialect takes a single text of a single class for a disconnect, and the driver raises others
(wire-protocol 14), so neither ``pool_pre_ping`` nor the pool's own invalidation ever works. A failed connect
is a bare RuntimeError.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["LOST_CONNECTIONS", "means_disconnected"]

_LOST = (
    "<COMMUNICATION LINK ERROR>",
    "<COMMUNICATION ERROR>",
    "Connection closed",
    "Connection is closed",
    "Server disconnected",
    "Failed to send message",
    "Failed to receive message",
)
# An error that the server reports may quote anything a user typed, so there only the code counts: fatal
# connection error, communication link failure (iris-facts 8.1).
_SQLCODE = re.compile(r"SQLCODE:\s*<-?(\d+)>")
_LOST_CODES = {"401", "461"}


def means_disconnected(message: str) -> bool:
    """Tell whether the text of a driver's error means that the connection is gone."""
    code = _SQLCODE.search(message)
    if code is not None:
        return code.group(1) in _LOST_CODES
    return any(text in message for text in _LOST)


class _NoticedDisconnects(DialectCure):  # type: ignore[misc]
    def is_disconnect(self, e: Any, connection: Any, cursor: Any) -> bool:  # noqa: ARG002
        return means_disconnected(str(e))

    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        with _as_driver_error(self):
            return super().connect(*cargs, **cparams)

    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> Any:
        with _as_driver_error(self):
            return super().do_execute(cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> Any:
        with _as_driver_error(self):
            return super().do_executemany(cursor, statement, parameters, context)


@contextmanager
def _as_driver_error(dialect: Any) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # The dialect turns a RuntimeError of the driver that has no SQLCODE into a plain Exception.
        if type(error) not in (Exception, RuntimeError):
            raise
        raise dialect.loaded_dbapi.OperationalError(str(error)) from error


LOST_CONNECTIONS = Repair(
    name="lost-connections",
    mends="a dropped connection is not noticed, pool_pre_ping fails, a failed connect is a RuntimeError",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_NoticedDisconnects,
)
