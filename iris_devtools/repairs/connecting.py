"""What happens on the way to the server."""

from __future__ import annotations

import threading
from typing import Any

from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["CONCURRENT_CONNECTS", "PLAIN_ACCOUNTS", "URL_HOST"]


class _HostOfTheUrl(DialectCure):  # type: ignore[misc]
    def connect(self, *cargs: Any, **cparams: Any) -> Any:
        # create_connect_args() says "host", connect() reads "hostname" and falls back to localhost.
        if "host" in cparams:
            cparams.setdefault("hostname", cparams.pop("host"))
        return super().connect(*cargs, **cparams)


class _IsolationForPlainAccounts(DialectCure):  # type: ignore[misc]
    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        try:
            return super().get_isolation_level(dbapi_connection)
        except AttributeError as error:
            # The dialect means to catch the refusal (an account without the right to read the option) and to
            # go on with the default, but names the exception through a module that this driver does not have.
            refusal = error.__context__ or error
            if not isinstance(refusal, self.loaded_dbapi.DatabaseError):
                raise refusal from None
            return "READ UNCOMMITTED"


class _Access(threading.local):
    seen: bool | None = None


class _AccessSeenByEachThread(DialectCure):  # type: ignore[misc]
    # While it connects, the dialect notes "no access", then what the server answers, and at once looks at the
    # note again. The note is the engine's, so a thread that connects beside it can find, or leave, the wrong
    # one. Here each thread reads its own, and one that has not connected reads what any was granted.
    @property
    def _dictionary_access(self) -> bool:
        seen = self._access.seen
        return bool(self.__dict__.get("_access_granted")) if seen is None else seen

    @_dictionary_access.setter
    def _dictionary_access(self, access: bool) -> None:
        self._access.seen = access
        if access:
            self.__dict__["_access_granted"] = True

    @property
    def _access(self) -> _Access:
        access: _Access = self.__dict__.setdefault("_access_of_threads", _Access())
        return access


URL_HOST = Repair(
    name="url-host",
    mends="the host of the URL is ignored and localhost is connected to instead",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_HostOfTheUrl,
)

PLAIN_ACCOUNTS = Repair(
    name="plain-accounts",
    mends="an account that may not read the isolation level cannot connect: AttributeError",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_IsolationForPlainAccounts,
)

CONCURRENT_CONNECTS = Repair(
    name="concurrent-connects",
    mends="threads that connect at once are warned of no access to %Dictionary, and reflect less",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_AccessSeenByEachThread,
)
