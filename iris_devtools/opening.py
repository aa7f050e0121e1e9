"""How an engine of ours opens a connection: with the remedies for a refused login, within the licence."""

from __future__ import annotations

import weakref
from typing import Any

from sqlalchemy.engine import Engine

from iris_devtools.admin.driver import connection_error
from iris_devtools.admin.recovery import is_expired_password, is_licence_limit, offer_idle, with_remedies
from iris_devtools.pools import IdleOf, LimitedPool, connection_limit, size_for
from iris_devtools.repairs.model import DialectCure, class_with_repairs
from iris_devtools.servers.server import Server

__all__ = ["open_with_remedies"]

_ENGINE = "_iris_devtools_engine"
_IDLE = "_iris_devtools_idle"
_NO_NAMESPACE = "<NAMESPACE>"


class _Opening(DialectCure):  # type: ignore[misc]
    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        host = str(cparams.get("hostname") or cparams.get("host") or "localhost")
        port = int(cparams.get("port", 1972))

        def connect() -> Any:
            # A cure takes the parameters apart, so every attempt gets its own.
            return super(_Opening, self).connect(*cargs, **dict(cparams))

        try:
            connection = with_remedies(connect, host=host, port=port, failures=(Exception,))
        except Exception as error:
            said = str(error)
            if not (is_expired_password(said) or is_licence_limit(said) or _NO_NAMESPACE in said):
                raise
            account = Server("existing", host, port, str(cparams.get("username", "")), "")
            explained = connection_error(said, account, str(cparams.get("namespace", "")))
            raise self.loaded_dbapi.OperationalError(str(explained)) from error
        engine = getattr(self, _ENGINE)()
        if engine is not None and isinstance(engine.pool, LimitedPool):
            engine.pool.resize(size_for(connection_limit(connection, host=host, port=port)))
        return connection


def open_with_remedies(engine: Engine) -> None:
    """Let the connections of an engine be opened so, and its idle ones be closed when a server is full."""
    dialect = engine.dialect
    if dialect.driver != "intersystems" or hasattr(dialect, _ENGINE):
        return
    # SQLAlchemy looks for the word of the cache in the class itself.
    dialect.__class__ = class_with_repairs(type(dialect), (_Opening,), supports_statement_cache=True)
    setattr(dialect, _ENGINE, weakref.ref(engine))
    # It lives as long as the engine does, and no longer: nothing else holds it.
    holder = IdleOf(engine)
    setattr(dialect, _IDLE, holder)
    offer_idle(holder)
