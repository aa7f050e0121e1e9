"""Say in IRIS's words why SQLite failed."""

from __future__ import annotations

import re
import sqlite3
from types import TracebackType

from iris_devtools.standin.catalog.constraints import constraint_error
from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.errors import SQLError, StandinError
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.workplace import Workplace

__all__ = ["reported"]

_MISSING = re.compile(r"no such (?:table|column): |has no column named ")


class reported:
    """Turn what SQLite raises inside into the error that a client of IRIS would see.

    A class, used like a function, because each statement pays for it.
    """

    __slots__ = ("_place", "_state", "_table", "_verb")

    def __init__(
        self, place: Workplace, state: SessionState, *, verb: str, table: Table | None = None
    ) -> None:
        self._place = place
        self._state = state
        self._verb = verb
        self._table = table

    def __enter__(self) -> None:
        self._state.take_error()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, (sqlite3.Error, sqlite3.Warning)):
            raise _translated(error, self._place, self._state, self._verb, self._table) from error
        if isinstance(error, UnicodeEncodeError):
            raise SQLError(-400, f"Unexpected error occurred:  <ILLEGAL VALUE> {error}") from error


def _translated(
    error: sqlite3.Error | sqlite3.Warning,
    place: Workplace,
    state: SessionState,
    verb: str,
    table: Table | None,
) -> Exception:
    kept = state.take_error()
    if kept is not None:
        return kept
    try:
        place.lease.check()
    except StandinError as gone:
        return gone
    if isinstance(error, sqlite3.Error) and table is not None:
        constraint = constraint_error(error, verb=verb, table=table, dictionary=place.dictionary)
        if constraint is not None:
            return constraint
    text = str(error)
    directory = place.lease.data.name
    if isinstance(error, sqlite3.OperationalError):
        if text == "interrupted":
            return SQLError(-456, "The statement was interrupted")
        if "locked" in text or "busy" in text:
            return SQLError(-110, f"Unable to acquire lock for {verb}")
        if "readonly" in text:
            return SQLError(-400, f"Unexpected error occurred:  <PROTECT> *{directory}")
        if "full" in text:
            return SQLError(-400, f"Unexpected error occurred:  <FILEFULL> *{directory}")
        if _MISSING.search(text):
            # A table lives in two databases; one of them was exchanged without the other.
            return SQLError(
                -400,
                f"Unexpected error occurred:  <CLASS EDITED> the definitions in {place.lease.code.name} "
                f"do not fit the rows in {directory}: {text}",
            )
    if isinstance(error, sqlite3.DatabaseError) and "malformed" in text:
        return SQLError(-400, f"Unexpected error occurred:  <DATABASE> *{directory}")
    return SQLError(-400, f"Unexpected error occurred:  {text}")
