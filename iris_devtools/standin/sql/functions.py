"""Registers the SQL functions that translated texts call with a SQLite connection."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import dates, numbers
from iris_devtools.standin.sql.aggregates import AGGREGATES, Aggregate
from iris_devtools.standin.sql.context import FunctionContext
from iris_devtools.standin.sql.defaults import type_of_spec
from iris_devtools.standin.sql.dialect import RESERVED_WORDS
from iris_devtools.standin.sql.functions_dates import DATE_FUNCTIONS
from iris_devtools.standin.sql.functions_numbers import NULL_TAKING_NUMBER_FUNCTIONS, NUMBER_FUNCTIONS
from iris_devtools.standin.sql.functions_text import NULL_TAKING_TEXT_FUNCTIONS, TEXT_FUNCTIONS
from iris_devtools.standin.sql.lists import LIST_FUNCTIONS, NULL_TAKING_LIST_FUNCTIONS
from iris_devtools.standin.sql.translation import Convert
from iris_devtools.standin.sql.values import store
from iris_devtools.standin.values import Scalar

__all__ = ["register_functions"]

Code = Callable[..., Any]


def register_functions(connection: sqlite3.Connection, context: FunctionContext) -> None:
    """Register everything that the translator's texts may call.

    An SQLError raised inside a function is handed to ``context.set_error`` before SQLite reports a failure.
    """
    for functions in _NULL_FOR_NULL:
        for name, code in functions.items():
            _register(connection, context, name, _null_for_null(code), deterministic=True)
    for functions in _NULL_TAKING:
        for name, code in functions.items():
            _register(connection, context, name, code, deterministic=True)
    for name, code in _session_functions(connection, context).items():
        _register(connection, context, name, code, deterministic=False)
    for name, aggregate in AGGREGATES.items():
        _register_aggregate(connection, context, name, aggregate)


def _register(
    connection: sqlite3.Connection, context: FunctionContext, name: str, code: Code, *, deterministic: bool
) -> None:
    def guarded(*arguments: Scalar) -> Any:
        try:
            result = code(*arguments)
        except SQLError as error:
            context.set_error(error)
            raise
        except (ArithmeticError, ValueError, TypeError, IndexError, MemoryError) as error:
            context.set_error(SQLError(-400, f"Unexpected error occurred:  <FUNCTION> {name}: {error}"))
            raise
        return result

    connection.create_function(name, -1, guarded, deterministic=deterministic)


def _null_for_null(code: Code) -> Code:
    def answer(*arguments: Scalar) -> Scalar:
        if None in arguments:
            return None
        result: Scalar = code(*arguments)
        return result

    return answer


def _register_aggregate(
    connection: sqlite3.Connection, context: FunctionContext, name: str, aggregate: type[Aggregate]
) -> None:
    class Guarded(aggregate):  # type: ignore[misc, valid-type]
        def step(self, value: Scalar) -> None:
            try:
                super().step(value)
            except SQLError as error:
                context.set_error(error)
                raise

    # Python 3.10 has no window functions: there, these aggregates cannot be used with OVER
    register = getattr(connection, "create_window_function", None) or connection.create_aggregate
    register(name, 1, Guarded)


# -- filing values ---------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _codec(spec: str) -> Convert:
    sql_type, label, verb = type_of_spec(spec)
    return store(sql_type, label, verb)


def _store(value: Scalar, spec: str) -> Scalar:
    return _codec(spec)(value)


def _store_default(value: Scalar, spec: str) -> Scalar:
    with contextlib.suppress(SQLError):
        return _codec(spec)(value)
    return value


_STORING: dict[str, Code] = {"iris_store": _store, "iris_store_default": _store_default}


_NULL_FOR_NULL: tuple[Mapping[str, Code], ...] = (
    TEXT_FUNCTIONS,
    NUMBER_FUNCTIONS,
    DATE_FUNCTIONS,
    LIST_FUNCTIONS,
)
_NULL_TAKING: tuple[Mapping[str, Code], ...] = (
    NULL_TAKING_TEXT_FUNCTIONS,
    NULL_TAKING_NUMBER_FUNCTIONS,
    NULL_TAKING_LIST_FUNCTIONS,
    _STORING,
)


def _missing(column: Scalar, table: Scalar) -> Scalar:
    raise SQLError(-108, f"'{column!s}' in table '{table!s}' is a required field")


def _outside_view(sqlcode: int, view: Scalar) -> Scalar:
    raise SQLError(sqlcode, f"The row would not be in view '{view!s}', which is made WITH CHECK OPTION")


def _counter(connection: sqlite3.Connection) -> Code:
    def count(storage: str, name: str, given: Scalar, moves: int) -> int:
        """Return the value of a SERIAL, AUTO_INCREMENT or ROWVERSION column (iris-sql.md 2.4)."""
        key = (storage, name)
        row = connection.execute(
            'SELECT value FROM main."%counters" WHERE storage = ? AND name = ?', key
        ).fetchone()
        last = row[0] if row is not None else 0
        own = int(numbers.exact_decimal(given) or 0) if given is not None else 0
        value = own or last + 1
        if not own or (moves and own > last):
            connection.execute('INSERT OR REPLACE INTO main."%counters" VALUES (?, ?, ?)', (*key, value))
        return value

    return count


# -- the session -----------------------------------------------------------------------------------


def _session_functions(connection: sqlite3.Connection, context: FunctionContext) -> dict[str, Code]:
    def seconds(digits: Scalar) -> Scalar:
        moment = context.now()
        whole = moment.hour * 3600 + moment.minute * 60 + moment.second
        fraction = f"{moment.microsecond:06d}"[: _digits(digits)].rstrip("0")
        return float(f"{whole}.{fraction}") if fraction else whole

    def horolog(moment: datetime) -> str:
        return f"{dates.day_number(moment.date())},{moment.hour * 3600 + moment.minute * 60 + moment.second}"

    return {
        "iris_missing": _missing,
        "iris_outside_view": _outside_view,
        "iris_counter": _counter(connection),
        "iris_current_date": lambda _digits: dates.day_number(context.now().date()),
        "iris_current_time": seconds,
        "iris_current_timestamp": lambda digits: dates.timestamp_text(context.now(), digits=_digits(digits)),
        "iris_current_utc": lambda digits: dates.timestamp_text(context.utc_now(), digits=_digits(digits)),
        "iris_horolog": lambda: horolog(context.now()),
        "iris_ztimestamp": lambda: (
            f"{horolog(context.utc_now())}.{context.utc_now().microsecond // 1000:03d}"
        ),
        "iris_zhorolog": time.monotonic,
        "iris_ztimezone": lambda: time.timezone // 60,
        "iris_unix_timestamp": lambda value=None: _unix_timestamp(context, value),
        "iris_namespace": lambda: context.namespace,
        "iris_username": lambda: context.username,
        "iris_job": lambda: context.process_id,
        "iris_tlevel": lambda: context.transaction_level,
        "iris_zversion": lambda: context.version_text,
        "iris_last_identity": lambda: context.last_identity,
        "iris_option": lambda name: context.option(str(name)),
        "iris_is_reserved": lambda word: int(str(word).upper() in RESERVED_WORDS),
        "iris_fire": lambda *arguments: context.fire(arguments),
        "iris_query_plan": lambda text, *_options: context.query_plan(str(text)),
        "iris_guid": lambda: str(uuid.uuid4()).upper(),
    }


def _digits(value: Scalar) -> int:
    return min(max(int(value), 0), 6) if isinstance(value, (int, float)) else 0


def _unix_timestamp(context: FunctionContext, value: Scalar) -> Scalar:
    if value is None:
        value = dates.timestamp_text(context.now())
    result: Scalar = DATE_FUNCTIONS["iris_unix_timestamp"](value)
    return result
