"""The end of a result that is fetched in pieces."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy.engine.cursor import CursorFetchStrategy

from iris_devtools.repairs.model import Cure, Repair

__all__ = ["ENDED_RESULTS"]


class _EmptyPieces(CursorFetchStrategy):
    # Behind the last row the driver's fetchmany() is None, where DB-API wants an empty sequence; SQLAlchemy
    # then asks None for its length.
    __slots__ = ()

    def fetchmany(self, result: Any, dbapi_cursor: Any, size: int | None = None) -> Any:
        return super().fetchmany(result, cast(Any, _Pieces(dbapi_cursor)), size)


class _Pieces:
    """A cursor of which only ``fetchmany`` is asked."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def fetchmany(self, *size: int) -> Any:
        return self._cursor.fetchmany(*size) or ()


class _EndedResults(Cure):  # type: ignore[misc]
    cursor_fetch_strategy = _EmptyPieces()


ENDED_RESULTS = Repair(
    name="ended-results",
    mends="fetchmany behind the last row is a TypeError: pandas cannot read in chunks",
    requires=("sqlalchemy-iris==0.20.*", "intersystems-irispython>=5.3,<5.4"),
    execution=_EndedResults,
)
