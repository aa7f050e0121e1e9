"""Run the code of row triggers, when SQLite reports a row (iris-sql 8.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_devtools.standin.catalog.model import Table, Trigger
from iris_devtools.standin.catalog.row_triggers import row_values, triggers_for
from iris_devtools.standin.catalog.trigger_parser import statements_of
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.session.failures import reported
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.row_alias import RowAlias
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.translation import Bind, Select, Translation, Write
from iris_devtools.standin.sql.values import plain
from iris_devtools.standin.values import Scalar

__all__ = ["RowTriggers"]

_SQLCODES = {
    ("BEFORE", "INSERT"): -130,
    ("AFTER", "INSERT"): -131,
    ("BEFORE", "UPDATE"): -132,
    ("AFTER", "UPDATE"): -133,
    ("BEFORE", "DELETE"): -134,
    ("AFTER", "DELETE"): -135,
}
_DEEPEST = 30


@dataclass(frozen=True)
class _Code:
    """A trigger, ready to run; ``changes`` are the places of the values that UPDATE OF compares."""

    changes: tuple[tuple[int, int], ...]
    condition: Translation | None
    statements: tuple[Translation, ...]


class RowTriggers:
    """The triggers that the statements of one session fire."""

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._depth = 0

    def fire(self, place: Workplace, arguments: Sequence[Scalar]) -> None:
        """Run the triggers of a table, a time and an event on one row.

        Raises SQLError: -415 where the code itself is wrong, -130 to -135 where one of its statements fails.
        """
        storage, time, event = map(str, arguments[:3])
        values = arguments[3:]
        if self._depth >= _DEEPEST:
            raise SQLError(-400, "Unexpected error occurred:  <FRAMESTACK> in triggers that fire each other")
        self._depth += 1
        try:
            for code in self._codes(place, storage, time, event):
                if _wanted(place, code, values):
                    for statement in code.statements:
                        self._run(place, statement, values)
        except SQLError as error:
            if error.sqlcode == -415 or error.sqlcode in _SQLCODES.values():
                raise
            raise SQLError(
                _SQLCODES[time, event], f"SQLCODE={error.sqlcode}: {error.message.strip()}"
            ) from error
        finally:
            self._depth -= 1

    def _codes(self, place: Workplace, storage: str, time: str, event: str) -> tuple[_Code, ...]:
        key = ("trigger", storage, time, event, place.dictionary.code_schema)
        token = place.queries.token(place.dictionary.generation, mount=place.mount)
        known: tuple[_Code, ...] | None = place.queries.get(token, key)
        if known is None:
            table = place.dictionary.by_storage(storage)
            triggers = [] if table is None else triggers_for(table, time, event)
            known = tuple(_code(place, table, t, time, event) for t in triggers if table is not None)
            place.queries.put(token, key, known)
        return known

    def _run(self, place: Workplace, statement: Translation, values: Sequence[Scalar]) -> None:
        assert isinstance(statement, Write)
        with reported(place, self._state, verb=statement.verb, table=statement.table):
            for sql, binds in statement.steps:
                place.connection.execute(sql, _bound(binds, values))


def _code(place: Workplace, table: Table, trigger: Trigger, time: str, event: str) -> _Code:
    places = {(row, name): n for n, (row, name, _) in enumerate(row_values(table, time, event))}
    changes = tuple((places["OLD", name.upper()], places["NEW", name.upper()]) for name in trigger.columns)
    rows = tuple(
        RowAlias(alias, table, {name: n + 1 for (kind, name), n in places.items() if kind == row})
        for row, alias in (("OLD", trigger.old), ("NEW", trigger.new))
        if alias is not None
    )
    try:
        condition = None
        if trigger.condition is not None:
            condition = _translated(place, table, f"SELECT 1 WHERE {trigger.condition}", rows)
        statements = tuple(_translated(place, table, text, rows) for text in statements_of(trigger.code))
    except SQLError as error:
        raise SQLError(
            -415, f"Trigger '{trigger.name}': SQLCODE={error.sqlcode}: {error.message.strip()}"
        ) from error
    return _Code(changes, condition, statements)


def _translated(place: Workplace, table: Table, text: str, rows: tuple[RowAlias, ...]) -> Translation:
    return translate(text, catalog=place.dictionary, default_schema=table.schema, row_aliases=rows)


def _wanted(place: Workplace, code: _Code, values: Sequence[Scalar]) -> bool:
    if code.changes and all(values[old] == values[new] for old, new in code.changes):
        return False
    if not isinstance(code.condition, Select):
        return True
    cursor = place.connection.execute(code.condition.sql, _bound(code.condition.binds, values))
    return cursor.fetchone() is not None


def _bound(binds: tuple[Bind, ...], values: Sequence[Scalar]) -> list[Scalar]:
    return [(bind.convert or plain)(values[bind.source - 1]) for bind in binds]
