"""What a session knows of itself, as SQL functions and class methods may ask for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.instance import Instance, Process
from iris_devtools.standin.values import Scalar

__all__ = ["DEFAULT_LOCK_TIMEOUT_S", "SessionState"]

DEFAULT_LOCK_TIMEOUT_S = 10.0
"""How long a writer waits for another one (iris-sql 10)."""


class SessionState:
    """The settings of one session; the :class:`~iris_devtools.standin.sql.context.FunctionContext` of its
    functions.

    Used by the session's thread alone.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.process: Process | None = None
        self.autocommit = True
        self.isolation = 0
        self.lock_timeout_s = DEFAULT_LOCK_TIMEOUT_S
        self.default_schema = "SQLUser"
        self.exact_distinct = False
        self.options: dict[str, Scalar] = {}
        self.last_identity: int | None = None
        self.planner: Callable[[str], str] | None = None
        self.firing: Callable[[Sequence[Scalar]], None] | None = None
        self._error: SQLError | None = None

    @property
    def namespace(self) -> str:
        """The namespace's name in upper case."""
        return self.process.namespace.upper() if self.process else ""

    @property
    def username(self) -> str:
        """The name of the user that logged in."""
        return self.process.username if self.process else ""

    @property
    def process_id(self) -> int:
        """``$JOB``."""
        return self.process.pid if self.process else 0

    @property
    def version_text(self) -> str:
        """``$ZVERSION``."""
        return self.instance.version_text

    @property
    def transaction_level(self) -> int:
        """``$TLEVEL``."""
        return self.process.transaction_level if self.process else 0

    def now(self) -> datetime:
        """Return local time, naive."""
        return datetime.now()

    def utc_now(self) -> datetime:
        """Return UTC, naive."""
        return datetime.now(timezone.utc).replace(tzinfo=None)

    def option(self, name: str) -> Scalar:
        """Return what ``%SYSTEM_SQL.Util_GetOption(name)`` answers; ``""`` for an unknown option."""
        known: dict[str, Scalar] = {
            "AUTOCOMMIT": 1 if self.autocommit else 2,
            "DEFAULTSCHEMA": self.default_schema,
            "DELIMITEDIDENTIFIERS": 1,
            "ISOLATIONMODE": self.isolation,
            "LOCKTIMEOUT": int(self.lock_timeout_s),
            "SELECTMODE": 1,
        }
        wanted = name.upper()
        return known[wanted] if wanted in known else self.options.get(wanted, "")

    def query_plan(self, text: str) -> str:
        """Return the plan of a statement as EXPLAIN shows it; raises SQLError."""
        if self.planner is None:
            raise SQLError(-482, " EXPLAIN error: there is no statement")
        return self.planner(text)

    def fire(self, arguments: Sequence[Scalar]) -> None:
        """Run row triggers; nothing where the statement says %NOTRIGGER."""
        if self.firing is not None:
            self.firing(arguments)

    def set_error(self, error: SQLError) -> None:
        """Keep the error of a function that is about to fail."""
        self._error = error

    def take_error(self) -> SQLError | None:
        """Return the kept error, once."""
        error, self._error = self._error, None
        return error
