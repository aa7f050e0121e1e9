"""Say in IRIS's words why SQLite failed."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator

from iris_devtools.standin.catalog.constraints import constraint_error
from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.errors import SQLError, StandinError
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.workplace import Workplace

__all__ = ["reported"]

_MISSING = re.compile(r"no such (?:table|column): |has no column named ")


@contextlib.contextmanager
def reported(
    place: Workplace, state: SessionState, *, verb: str, table: Table | None = None
) -> Iterator[None]:
    """Turn what SQLite raises inside into the error that a client of IRIS would see."""
    state.take_error()
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise _translated(error, place, state, verb, table) from error
    except UnicodeEncodeError as error:
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
