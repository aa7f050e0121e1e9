"""A database that runs IRIS SQL on SQLite: what the translator's tests share."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest

from iris_devtools.standin.catalog import ddl
from iris_devtools.standin.catalog.connection import prepare_connection
from iris_devtools.standin.catalog.dictionary import Dictionary, SharedCatalog
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.functions import register_functions
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.translation import Bind, Control, Ddl, Select, Translation, Write
from iris_devtools.standin.sql.values import plain
from iris_devtools.standin.values import Scalar

Rows = list[tuple[Scalar, ...]]


class Facts:
    """What SQL functions ask of a session."""

    namespace = "USER"
    username = "_SYSTEM"
    process_id = 4711
    version_text = "stand-in"
    transaction_level = 0

    def __init__(self) -> None:
        self.error: SQLError | None = None
        self.last_identity: int | None = None

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 9, 30, 15, 123456)

    def utc_now(self) -> datetime:
        return datetime(2026, 11, 21, 8, 30, 15, 123456)

    def option(self, name: str) -> Scalar:
        return {"ISOLATIONMODE": 0}.get(name.upper(), "")

    def fire(self, arguments: Sequence[Scalar]) -> None:
        raise AssertionError(arguments)

    def query_plan(self, text: str) -> str:
        return text

    def set_error(self, error: SQLError) -> None:
        self.error = error


class Sql:
    """Runs statements as a session does, without a server."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        prepare_connection(self.connection, code_schema="main")
        self.facts = Facts()
        register_functions(self.connection, self.facts)
        self.dictionary = Dictionary(self.connection, code_schema="main", shared=SharedCatalog())

    def translate(self, text: str, markers: Sequence[str | int] = (), **options: Any) -> Translation:
        return translate(text, catalog=self.dictionary, markers=markers, **options)

    def define(self, *texts: str) -> None:
        for text in texts:
            translation = self.translate(text)
            assert isinstance(translation, Ddl)
            ddl.apply(
                translation.statement,
                connection=self.connection,
                dictionary=self.dictionary,
                translate=translate,
            )

    def rows(self, text: str, *values: Scalar, markers: Sequence[str | int] | None = None) -> Rows:
        """Run a query and return its rows as the client gets them."""
        select = self.translate(text, ("?",) * len(values) if markers is None else markers)
        assert isinstance(select, Select)
        fetched = self._execute(select.sql, select.binds, values).fetchall()
        return [
            tuple(c.fetch(v) if c.fetch else v for c, v in zip(select.columns, row, strict=True))
            for row in fetched
        ]

    def column(self, text: str, *values: Scalar, markers: Sequence[str | int] | None = None) -> list[Scalar]:
        """Run a query of one column and return its values."""
        return [value for (value,) in self.rows(text, *values, markers=markers)]

    def value(self, expression: str, *values: Scalar, markers: Sequence[str | int] | None = None) -> Scalar:
        """Return what an expression is worth."""
        ((value,),) = self.rows(f"SELECT {expression}", *values, markers=markers)
        return value

    def names(self, text: str, count: int = 0) -> list[str]:
        """Return the column names of a query."""
        select = self.translate(text, ("?",) * count)
        assert isinstance(select, Select)
        return [column.name for column in select.columns]

    def types(self, text: str, markers: Sequence[str | int] = ()) -> list[str]:
        """Return the column types of a query."""
        select = self.translate(text, markers)
        assert isinstance(select, Select)
        return [column.type.name for column in select.columns]

    def write(self, text: str, *values: Scalar, markers: Sequence[str | int] | None = None) -> int:
        """Run INSERT, UPDATE, DELETE or TRUNCATE and return the row count."""
        write = self.translate(text, ("?",) * len(values) if markers is None else markers)
        assert isinstance(write, Write)
        count = 0
        self.connection.execute("BEGIN")
        try:
            for index, (sql, binds) in enumerate(write.steps):
                cursor = self._execute(sql, binds, values)
                if write.counted is None or index in write.counted:
                    count += cursor.rowcount
                    self.facts.last_identity = cursor.lastrowid
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return count

    def control(self, text: str) -> Control:
        control = self.translate(text)
        assert isinstance(control, Control)
        return control

    def refusal(self, text: str, *values: Scalar, markers: Sequence[str | int] | None = None) -> SQLError:
        """Return the error that a statement fails with."""
        marks = ("?",) * len(values) if markers is None else markers
        with pytest.raises(SQLError) as caught:
            translation = self.translate(text, marks)
            if isinstance(translation, Select):
                self.rows(text, *values, markers=marks)
            elif isinstance(translation, Write):
                self.write(text, *values, markers=marks)
        return caught.value

    def _execute(self, sql: str, binds: tuple[Bind, ...], values: Sequence[Scalar]) -> sqlite3.Cursor:
        parameters = [(bind.convert or plain)(values[bind.source - 1]) for bind in binds]
        self.facts.error = None
        try:
            return self.connection.execute(sql, parameters)
        except sqlite3.OperationalError:
            if self.facts.error is not None:
                raise self.facts.error from None
            raise


@pytest.fixture
def sql() -> Iterator[Sql]:
    database = Sql()
    yield database
    database.connection.close()


@pytest.fixture
def people(sql: Sql) -> Sql:
    """A table of three people and one of their pets."""
    sql.define(
        "CREATE TABLE Person (id IDENTITY NOT NULL, Name VARCHAR(20) NOT NULL, City VARCHAR(30), "
        "Age INTEGER, "
        "Salary NUMERIC(10,2), Dob DATE, PRIMARY KEY (id)) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1",
        "CREATE TABLE Pet (id IDENTITY NOT NULL, owner INTEGER, kind VARCHAR(10))",
    )
    for row in (
        ("Bob", "New York", 40, "1000.50", "2000-01-02"),
        ("alice", "new york  ", 30, "2000.25", "1990-05-06"),
        ("Carl", "Boston", None, None, None),
    ):
        sql.write("INSERT INTO Person (Name, City, Age, Salary, Dob) VALUES (?, ?, ?, ?, ?)", *row)
    for owner, kind in ((1, "dog"), (1, "Cat"), (2, "cat")):
        sql.write("INSERT INTO Pet (owner, kind) VALUES (?, ?)", owner, kind)
    return sql
