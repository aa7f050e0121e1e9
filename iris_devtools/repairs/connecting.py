"""What happens on the way to the server."""

from __future__ import annotations

from typing import Any

from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["PLAIN_ACCOUNTS", "URL_HOST"]


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
