"""Prepare and run statements on a workplace (wire-protocol 7, iris-sql 7.3)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial

from iris_devtools.standin.catalog import ddl
from iris_devtools.standin.catalog.constraints import unchecked
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.session.controls import Controls
from iris_devtools.standin.session.failures import reported
from iris_devtools.standin.session.plans import explained
from iris_devtools.standin.session.row_triggers import RowTriggers
from iris_devtools.standin.session.state import SessionState
from iris_devtools.standin.session.transactions import Transactions
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.translation import (
    Bind,
    Control,
    Ddl,
    OutputColumn,
    Select,
    Translation,
    Write,
)
from iris_devtools.standin.sql.values import plain
from iris_devtools.standin.types import Code, SqlType
from iris_devtools.standin.values import Scalar
from iris_devtools.standin.wire.handler import Column, Marker, PrepareAgain, Prepared
from iris_devtools.standin.wire.messages import is_query

__all__ = ["Statements"]

_INTEGER_LITERAL, _NUMBER_LITERAL = 10, 11
_STREAM_SIZE = 2_147_483_647
_UNCOUNTED = -1
"""The row count of TRUNCATE TABLE (iris-sql 7.2)."""
_PRECISION = {
    Code.BIT: 1,
    Code.TINYINT: 3,
    Code.SMALLINT: 5,
    Code.INTEGER: 10,
    Code.BIGINT: 19,
    Code.NUMERIC: 15,
    Code.DOUBLE: 15,
    Code.DATE: 10,
    Code.TIME: 8,
    Code.TIMESTAMP: 29,
    Code.GUID: 36,
    Code.LONGVARCHAR: _STREAM_SIZE,
    Code.LONGVARBINARY: _STREAM_SIZE,
    Code.VARCHAR: 32749,
    Code.VARBINARY: 32749,
}


@dataclass
class _Statement:
    """A prepared statement; its translation is renewed when definitions have changed."""

    text: str
    markers: tuple[Marker, ...]
    translation: Translation
    generation: int
    columns: tuple[Column, ...] | None = None
    """What the client was told of the result, and still holds for ``translation``."""


class Statements:
    """The statements of one session. All methods want the lease's lock held."""

    def __init__(self, state: SessionState, transactions: Transactions, controls: Controls) -> None:
        self._state = state
        self._transactions = transactions
        self._controls = controls
        self._triggers = RowTriggers(state)
        self._restricted = False

    def prepare(self, place: Workplace, text: str, markers: tuple[Marker, ...]) -> Prepared:
        """Make a statement ready to run; raises SQLError."""
        translation = self._translate(place, text, markers)
        _check_markers(translation, markers)
        if isinstance(translation, Control) and translation.verb == "CALL":
            # There are no procedures; the driver asks for nothing more when a name was found.
            name = translation.arguments["name"]
            raise SQLError(-428, f"Stored procedure '{name}' not found", location="Prepare")
        self._restricted = self._controls.privileges.check(place, translation)
        columns = None
        if is_query(text):
            if not isinstance(translation, Select):
                raise SQLError(
                    -400, "A statement that begins like a query returns no rows", location="Prepare"
                )
            columns = _describe(translation)
        statement = _Statement(text, markers, translation, place.dictionary.generation, columns)
        return Prepared(columns, len(markers), kept=_may_be_kept(markers, columns), statement=statement)

    def query(
        self, place: Workplace, prepared: Prepared, values: Sequence[Scalar]
    ) -> Sequence[Sequence[Scalar]]:
        """Run a query and return its rows, as the wire wants them."""
        translation = self._current(place, prepared)
        if not isinstance(translation, Select):
            raise PrepareAgain
        self._transactions.check(place)
        _check_count(prepared, values)
        return self._select(place, translation, values)

    def update(self, place: Workplace, prepared: Prepared, sets: Sequence[Sequence[Scalar]]) -> Sequence[int]:
        """Run anything once for each set of values, all or nothing; return the row counts."""
        translation = self._current(place, prepared)
        for values in sets:
            _check_count(prepared, values)
        if isinstance(translation, Control):
            return [self._controls.run(place, translation, values) for values in sets]
        self._transactions.check(place)
        if isinstance(translation, Write):
            return self._write(place, translation, sets)
        if isinstance(translation, Ddl):
            return [self._define(place, translation) for _ in sets]
        for values in sets:
            self._select(place, translation, values)
        return [0] * len(sets)

    def _translate(self, place: Workplace, text: str, markers: tuple[Marker, ...]) -> Translation:
        schema, exact = self._state.default_schema, self._state.exact_distinct
        key = (text, markers, schema, exact, place.dictionary.code_schema)
        token = place.queries.token(place.dictionary.generation, mount=place.mount)
        known: Translation | None = place.queries.get(token, key)
        if known is None:
            known = translate(
                text, catalog=place.dictionary, default_schema=schema, markers=markers, exact_distinct=exact
            )
            place.queries.put(token, key, known)
        return known

    def _current(self, place: Workplace, prepared: Prepared) -> Translation:
        statement: _Statement = prepared.statement
        generation = place.dictionary.generation
        if statement.generation != generation:
            translation = self._translate(place, statement.text, statement.markers)
            if statement.columns is not None and not (
                isinstance(translation, Select) and _describe(translation) == statement.columns
            ):
                raise PrepareAgain
            statement.translation = translation
            statement.generation = generation
        if self._restricted:
            self._controls.privileges.check(place, statement.translation)
        return statement.translation

    def _select(
        self, place: Workplace, select: Select, values: Sequence[Scalar]
    ) -> Sequence[Sequence[Scalar]]:
        parameters = _bind(select.binds, values)
        self._state.planner = partial(explained, place, default_schema=self._state.default_schema)
        with reported(place, self._state, verb="SELECT"):
            rows = place.cursor.execute(select.sql, parameters).fetchall()
            if rows and select.fetches:
                columns: list[Sequence[Scalar]] = list(zip(*rows, strict=True))
                for index, fetch in select.fetches:
                    columns[index] = list(map(fetch, columns[index]))
                return list(zip(*columns, strict=True))
        return rows

    def _write(self, place: Workplace, write: Write, sets: Sequence[Sequence[Scalar]]) -> Sequence[int]:
        counts = []
        what = f"{write.verb} of table '{write.table.qualified_name}'"
        self._controls.check_lock(place, write.table, write.verb)
        self._state.firing = None if write.no_trigger else partial(self._triggers.fire, place)
        with (
            reported(place, self._state, verb=write.verb, table=write.table),
            self._transactions.writing(place, what=what, steps=len(write.steps) * len(sets)),
            unchecked(place.connection) if write.no_check else nullcontext(),
        ):
            if write.one_row and len(sets) > 1:
                return self._insert(place, write, sets)
            cursor = place.cursor
            for values in sets:
                count = 0
                for index, (sql, binds) in enumerate(write.steps):
                    cursor.execute(sql, _bind(binds, values))
                    if write.counted is None or index in write.counted:
                        count += max(cursor.rowcount, 0)
                        if cursor.rowcount > 0 and write.verb.startswith("INSERT"):
                            self._state.last_identity = cursor.lastrowid
                counts.append(_UNCOUNTED if write.verb == "TRUNCATE" else count)
        return counts

    def _insert(self, place: Workplace, write: Write, sets: Sequence[Sequence[Scalar]]) -> Sequence[int]:
        """Insert one row for each set, by one call of SQLite."""
        ((sql, binds),) = write.steps
        cursor = place.cursor.executemany(sql, _bind_all(binds, sets))
        self._state.last_identity = cursor.execute("SELECT last_insert_rowid()").fetchone()[0]
        return [1] * len(sets)

    def _define(self, place: Workplace, definition: Ddl) -> int:
        with (
            reported(place, self._state, verb="DDL"),
            self._transactions.writing(place, what="the data dictionary", steps=2),
        ):
            ddl.apply(
                definition.statement,
                connection=place.connection,
                dictionary=place.dictionary,
                default_schema=self._state.default_schema,
                username=self._state.username,
                translate=translate,
            )
            self._controls.privileges.defined(place, definition.statement)
        return 0


def _check_markers(translation: Translation, markers: tuple[Marker, ...]) -> None:
    """Refuse a statement whose sender knows of fewer parameters than its text has."""
    if isinstance(translation, Select):
        binds: Iterable[Bind] = translation.binds
    elif isinstance(translation, Write):
        binds = (bind for _, binds in translation.steps for bind in binds)
    else:
        return
    found = max((bind.source for bind in binds), default=0)
    if found > len(markers):
        raise SQLError(-466, f"{found} parameters are in the statement, {len(markers)} were announced")


def _check_count(prepared: Prepared, values: Sequence[Scalar]) -> None:
    if len(values) != prepared.parameter_count:
        raise SQLError(-466, f"{prepared.parameter_count} parameters expected, {len(values)} given")


def _may_be_kept(markers: tuple[Marker, ...], columns: tuple[Column, ...] | None) -> bool:
    """Tell whether the client may run the statement again without its text.

    It does so for every text that is the same without its literals, and does not say then which parameters
    are number literals. Stream columns need a statement of their own for each cursor.
    """
    if _INTEGER_LITERAL in markers or _NUMBER_LITERAL in markers:
        return False
    return not any(column.code in (Code.LONGVARCHAR, Code.LONGVARBINARY) for column in columns or ())


def _bind(binds: tuple[Bind, ...], values: Sequence[Scalar]) -> list[Scalar]:
    return [(bind.convert or plain)(values[bind.source - 1]) for bind in binds]


def _bind_all(binds: tuple[Bind, ...], sets: Sequence[Sequence[Scalar]]) -> Iterable[Sequence[Scalar]]:
    """Bind all sets: by column, which takes half the time, unless one cannot be converted.

    Then by row, so that what is wrong with an earlier row is found first.
    """
    if not binds:
        return [()] * len(sets)
    columns = list(zip(*sets, strict=True))
    try:
        converted = [list(map(bind.convert or plain, columns[bind.source - 1])) for bind in binds]
    except SQLError:
        return (_bind(binds, values) for values in sets)
    return zip(*converted, strict=True)


def _describe(select: Select) -> tuple[Column, ...]:
    return tuple(map(_column, select.columns))


def _column(column: OutputColumn) -> Column:
    kind: SqlType = column.type
    precision = kind.precision if kind.precision is not None else kind.length
    return Column(
        name=column.name,
        code=int(kind.code),
        precision=_PRECISION.get(kind.code, 0) if precision is None else precision,
        scale=kind.scale or 0,
        nullable=column.nullable,
        label=column.label,
        table=column.table,
        schema=column.schema,
        auto_increment=column.auto_increment,
    )
