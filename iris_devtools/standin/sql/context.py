"""What SQL functions may know of the session that runs them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.values import Scalar

__all__ = ["FunctionContext"]


class FunctionContext(Protocol):
    """The session's side of the SQL functions (``$NAMESPACE``, ``LAST_IDENTITY()``, ...).

    Attributes are read at every call, so they may change while the connection lives.
    """

    @property
    def namespace(self) -> str:
        """The namespace's name in upper case."""
        ...

    @property
    def username(self) -> str:
        """The name of the user that logged in."""
        ...

    @property
    def process_id(self) -> int:
        """``$JOB``."""
        ...

    @property
    def version_text(self) -> str:
        """``$ZVERSION``."""
        ...

    @property
    def last_identity(self) -> int | None:
        """The row id of the row that this process wrote last, ``None`` at the start (iris-sql.md 6.6)."""
        ...

    @property
    def transaction_level(self) -> int:
        """``$TLEVEL``: 0 outside a transaction; every savepoint adds one."""
        ...

    def now(self) -> datetime:
        """Return local time, naive."""
        ...

    def utc_now(self) -> datetime:
        """Return UTC, naive."""
        ...

    def option(self, name: str) -> Scalar:
        """Return ``%SYSTEM_SQL.Util_GetOption(name)``; ``""`` for an option that does not exist."""
        ...

    def query_plan(self, text: str) -> str:
        """Return the plan of a statement as EXPLAIN shows it; raises SQLError."""
        ...

    def fire(self, arguments: Sequence[Scalar]) -> None:
        """Run row triggers: storage, time and event, then the values of the row; raises SQLError."""
        ...

    def set_error(self, error: SQLError) -> None:
        """Keep the error that a callback is about to fail with.

        SQLite only tells that a function failed; whoever runs the statement raises the kept error instead.
        """
        ...
