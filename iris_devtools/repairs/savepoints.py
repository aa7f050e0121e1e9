"""Savepoints, which IRIS cannot release."""

from __future__ import annotations

from typing import Any

from iris_devtools.errors import UnsupportedError
from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["SAVEPOINTS"]


class _CountedSavepoints(DialectCure):  # type: ignore[misc]
    """Say plainly what a transaction ran out of.

    Every savepoint raises the transaction level until the transaction ends, because there is no RELEASE
    SAVEPOINT, and the level ends at 255 (iris-sql 10). A rolled back savepoint gives its level back.
    """

    def do_savepoint(self, connection: Any, name: str) -> None:
        try:
            super().do_savepoint(connection, name)
        except Exception as error:
            if "<TRANSACTION LEVEL>" not in str(error):
                raise
            raise UnsupportedError(
                "A transaction of IRIS holds 255 savepoints, and this one has used them up.",
                hint="It has no RELEASE SAVEPOINT: each begin_nested() that succeeds, and each commit() of a "
                "session inside an outer transaction, keeps one to the end. Use fewer per transaction.",
                savepoint=name,
            ) from error


SAVEPOINTS = Repair(
    name="savepoint-limit",
    mends="the 256th savepoint of a transaction fails with a fatal error that does not name savepoints",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_CountedSavepoints,
)
