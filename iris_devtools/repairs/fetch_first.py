"""FETCH FIRST and FETCH NEXT, which end the process.

The driver's own parser crashes on them before anything is sent (wire-protocol 6, drivers 5.1.2 and 5.3.2;
5.4.1 is cured). ``select().fetch(n)`` is therefore written as LIMIT or TOP, and text that says FETCH FIRST is
refused.
"""

from __future__ import annotations

import re
from typing import Any

from iris_devtools.errors import UnsupportedError
from iris_devtools.repairs.model import Cure, DialectCure, Repair

__all__ = ["FETCH_FIRST", "says_fetch_first"]

# What is quoted or commented is no keyword; an unclosed quote reaches to the end, as it does for the driver.
_SILENT = re.compile(r"'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|--[^\n]*|/\*.*?(?:\*/|\Z)", re.DOTALL)
_FETCH = re.compile(r"\bFETCH\s+(?:FIRST|NEXT)\b", re.IGNORECASE)


def says_fetch_first(statement: str) -> bool:
    """Tell whether a statement uses FETCH FIRST or FETCH NEXT outside quotes and comments."""
    return "fetch" in statement.lower() and _FETCH.search(_SILENT.sub(" ", statement)) is not None


def _refuse(statement: str) -> None:
    if says_fetch_first(statement):
        raise UnsupportedError(
            "FETCH FIRST and FETCH NEXT crash the process in this version of intersystems-irispython.",
            hint="Write LIMIT n [OFFSET m] (IRIS 2025.1 and later) or SELECT TOP n.",
            statement=statement,
        )


class _GuardedExecution(DialectCure):  # type: ignore[misc]
    def do_execute(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> Any:
        _refuse(statement)
        return super().do_execute(cursor, statement, parameters, context)

    def do_executemany(self, cursor: Any, statement: str, parameters: Any, context: Any = None) -> Any:
        _refuse(statement)
        return super().do_executemany(cursor, statement, parameters, context)

    def do_execute_no_params(self, cursor: Any, statement: str, context: Any = None) -> Any:
        _refuse(statement)
        return super().do_execute_no_params(cursor, statement, context)


class _FetchAsLimit(Cure):  # type: ignore[misc]
    def translate_select_structure(self, select_stmt: Any, **kwargs: Any) -> Any:
        _refuse_options(select_stmt)
        return super().translate_select_structure(select_stmt, **kwargs)

    def fetch_clause(self, select: Any, **kw: Any) -> str:
        _refuse_options(select)
        text: str = self.limit_clause(select, **kw)
        return text


def _refuse_options(statement: Any) -> None:
    options = statement._fetch_clause_options or {}
    if options.get("percent") or options.get("with_ties"):
        raise UnsupportedError(
            "IRIS has neither FETCH ... PERCENT nor FETCH ... WITH TIES.",
            hint="Use limit(n), or filter by a window function such as func.rank().over(...).",
        )


FETCH_FIRST = Repair(
    name="fetch-first",
    mends="FETCH FIRST and FETCH NEXT crash the Python process inside the driver",
    requires=("sqlalchemy-iris==0.20.*", "intersystems-irispython>=5.1.2,<5.4"),
    dialect=_GuardedExecution,
    statements=_FetchAsLimit,
)
