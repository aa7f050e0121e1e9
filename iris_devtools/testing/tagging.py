"""Rows that tests may make on a server that others use, each with the mark of the run that made it.

For people who cannot have a database of their own: no namespace is made, restored or dropped. Every table
that tests write to has a column for the mark (``test_run_id``). Through the engine of a :class:`TaggedData`
an INSERT gets the mark, UPDATE and DELETE reach rows with it alone, and what cannot be held to that is
refused.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Delete,
    Engine,
    Insert,
    MetaData,
    Table,
    TextClause,
    Update,
    event,
    func,
    select,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.ddl import ExecutableDDLElement

from iris_devtools.errors import LeftoverRowsError, UnsupportedError

if TYPE_CHECKING:
    from types import TracebackType

    from sqlalchemy import Connection

__all__ = ["DEFAULT_TAG_COLUMN", "LeftoverRowsError", "TaggedData"]

DEFAULT_TAG_COLUMN = "test_run_id"

_READS = ("select", "with")


class TaggedData:
    """Guard ``engine`` for the block, and take away at its end what was written through it.

    While it is open, every statement of the engine is looked at: rows are made with the mark, changed and
    deleted only where they have it, and only in tables that have the column. SQL as text may read, nothing
    else. What other clients and other engines do is not seen. Two of them may work on one database at once:
    each has a mark of its own.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        schema: str | None = None,
        column: str = DEFAULT_TAG_COLUMN,
        run_id: str | None = None,
    ) -> None:
        self.engine = engine
        self.column = column
        self.run_id = run_id or f"run-{secrets.token_hex(8)}"
        self._schema = schema
        self._tables: tuple[Table, ...] = ()
        self._guarding = ExitStack()

    def open(self) -> TaggedData:
        """Find the tables that have the column, and begin to guard.

        Raises:
            UnsupportedError: no table has it.
        """
        found = MetaData()
        found.reflect(self.engine, schema=self._schema)
        self._tables = tuple(table for table in found.sorted_tables if self._tag(table) is not None)
        if not self._tables:
            raise UnsupportedError(
                f"No table of {self.engine.url.database} has a column {self.column}, so no row could be told "
                "from those of others.",
                hint=f"Add it to the tables that tests write to: {self.column} VARCHAR(40), nullable.",
                column=self.column,
            )
        event.listen(self.engine, "before_execute", self._guard, retval=True)
        self._guarding.callback(event.remove, self.engine, "before_execute", self._guard)
        event.listen(self.engine, "before_cursor_execute", self._guard_text)
        self._guarding.callback(event.remove, self.engine, "before_cursor_execute", self._guard_text)
        return self

    def clean(self) -> dict[str, int]:
        """Delete every row with the mark, children first, see that none is left, and return what was deleted.

        Raises:
            LeftoverRowsError: some are left.
        """
        deleted: dict[str, int] = {}
        failure: SQLAlchemyError | None = None
        for table in reversed(self._tables):
            try:
                with self.engine.begin() as connection:
                    gone = connection.execute(table.delete()).rowcount
            except SQLAlchemyError as error:  # what can go goes, and the rest is counted below
                failure = error
                continue
            if gone:
                deleted[table.fullname] = gone
        left = self.rows()
        if left:
            counts = ", ".join(f"{table}: {number}" for table, number in left.items())
            why = f" ({getattr(failure, 'orig', failure)})" if failure else ""
            raise LeftoverRowsError(
                f"Rows of {self.run_id} are left in {self.engine.url.database}: {counts}{why}.",
                hint=f"Delete them by hand: DELETE FROM ... WHERE {self.column} = '{self.run_id}'.",
                rows=left,
                run_id=self.run_id,
            ) from failure
        return deleted

    def rows(self) -> dict[str, int]:
        """Return how many rows with the mark there are, by table, without the tables that have none."""
        found = {}
        with self.engine.connect() as connection:
            for table in self._tables:
                tag = self._tag(table)
                assert tag is not None
                counted = select(func.count()).select_from(table).where(tag == self.run_id)
                number = connection.scalar(counted)
                if number:
                    found[table.fullname] = number
        return found

    def close(self) -> None:
        """Clean, and guard no longer, also when cleaning fails."""
        try:
            self.clean()
        finally:
            self._guarding.close()

    def __enter__(self) -> TaggedData:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _tag(self, table: Any) -> Any:
        wanted = self.column.casefold()
        return next((column for column in table.columns if column.name.casefold() == wanted), None)

    def _guard(
        self, _connection: Connection, statement: Any, many: Any, parameters: Any, _options: Any
    ) -> tuple[Any, Any, Any]:
        if isinstance(statement, (Insert, Update, Delete)):
            tag = self._tag(statement.table)
            if tag is None:
                raise self._refused(f"{statement.table}, as it is declared here, has no column {self.column}")
            if isinstance(statement, Insert):
                return self._tagged(statement, tag, many, parameters)
            if isinstance(statement, Update):
                self._keeps_the_mark(statement, many, parameters)
            return statement.where(tag == self.run_id), many, parameters
        statement_read = getattr(statement, "element", statement)  # select(...).from_statement(text(...))
        if isinstance(statement_read, TextClause):
            self._only_reads(statement_read.text)
        elif isinstance(statement, ExecutableDDLElement):
            raise self._refused("it changes the schema")
        return statement, many, parameters

    def _guard_text(
        self, _connection: Connection, _cursor: Any, text: str, _parameters: Any, context: Any, _many: Any
    ) -> None:
        # exec_driver_sql() hands its text to the driver without asking the other listener.
        if context is None or context.compiled is None:
            self._only_reads(text)

    def _only_reads(self, text: str) -> None:
        words = text.split(None, 1)
        if not words or words[0].casefold() not in _READS:
            raise self._refused(f"SQL as text may only read: {text[:80]}")

    def _tagged(self, statement: Insert, tag: Any, many: Any, parameters: Any) -> tuple[Any, Any, Any]:
        if statement.select is not None:
            raise self._refused("INSERT ... SELECT cannot be given the mark")
        for row in _rows(statement, many, parameters):
            given = next((value for name, value in row.items() if _named(name, tag)), None)
            if given not in (None, self.run_id):
                raise self._refused(f"a row is to have the mark {given!r}")
        if statement._multi_values:  # insert().values([{...}, {...}]): each row by itself, as parameters
            rows = [{**row, tag.name: self.run_id} for row in _rows(statement, many, parameters)]
            return statement.table.insert(), rows, {}
        if many or parameters:
            marked = [{**row, tag.name: self.run_id} for row in (many or [parameters])]
            return (statement, marked, {}) if many else (statement, many, marked[0])
        return statement.values({tag.name: self.run_id}), many, parameters

    def _keeps_the_mark(self, statement: Update, many: Any, parameters: Any) -> None:
        for row in _rows(statement, many, parameters):
            if any(name.casefold() == self.column.casefold() for name in row):
                raise self._refused(f"an UPDATE may not change {self.column}")

    def _refused(self, why: str) -> UnsupportedError:
        return UnsupportedError(
            f"Refused on a database that others use: {why}.",
            hint="Write rows with insert(), update() and delete(), or the ORM, in tables that have "
            f"{self.column}; use a namespace of your own for the rest.",
            run_id=self.run_id,
        )


def _named(name: str, tag: Any) -> bool:
    return name.casefold() in (tag.name.casefold(), tag.key.casefold())


def _rows(statement: Any, many: Any, parameters: Any) -> list[dict[str, Any]]:
    """Return the values that a statement writes, by column; those of expressions as they are."""
    rows: list[Mapping[Any, Any]] = [*many] if many else ([parameters] if parameters else [])
    if statement._values:
        rows.append(statement._values)
    for values in getattr(statement, "_multi_values", ()):
        rows.extend(values)
    return [{_name(column): _value(value) for column, value in row.items()} for row in rows]


def _name(column: Any) -> str:
    return column if isinstance(column, str) else str(column.name)


def _value(value: Any) -> Any:
    return getattr(value, "value", value)
