"""A database with its dictionary on a plain SQLite connection: what the tests of the catalogue share."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest

from iris_devtools.standin.catalog import ddl
from iris_devtools.standin.catalog.connection import prepare_connection
from iris_devtools.standin.catalog.constraints import constraint_error, unchecked
from iris_devtools.standin.catalog.dictionary import Dictionary, SharedCatalog
from iris_devtools.standin.catalog.live import LiveSource
from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.catalog.parser import parse_ddl
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.functions import register_functions
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.translation import Ddl, Select, Write
from iris_devtools.standin.values import Scalar


class SessionFacts:
    """What SQL functions ask of a session."""

    namespace = "USER"
    username = "_SYSTEM"
    process_id = 1
    version_text = "stand-in"
    last_identity: int | None = None
    transaction_level = 0

    def __init__(self) -> None:
        self.error: SQLError | None = None

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 9, 0)

    def utc_now(self) -> datetime:
        return datetime(2026, 11, 21, 8, 0, tzinfo=timezone.utc).replace(tzinfo=None)

    def option(self, name: str) -> Scalar:
        return ""

    def set_error(self, error: SQLError) -> None:
        self.error = error


class CatalogDatabase:
    """One session's connection to one database, or to a globals and a routines database."""

    def __init__(
        self,
        data: Path | str = ":memory:",
        *,
        code: Path | None = None,
        shared: SharedCatalog | None = None,
        live: LiveSource | None = None,
        namespace: str = "USER",
    ) -> None:
        self.connection = sqlite3.connect(data, isolation_level=None, timeout=0)
        code_schema = "main" if code is None else "code"
        try:
            if code is not None:
                self.connection.execute("ATTACH DATABASE ? AS code", (str(code),))
            prepare_connection(self.connection, code_schema=code_schema, live=live)
            register_functions(self.connection, SessionFacts())
            self.dictionary = Dictionary(
                self.connection,
                code_schema=code_schema,
                shared=shared or SharedCatalog(),
                namespace=namespace,
            )
        except Exception:
            self.connection.close()
            raise

    def close(self) -> None:
        self.connection.close()

    def define(self, *texts: str) -> None:
        """Run definition statements, each undone as a whole when it fails."""
        for text in texts:
            with self.statement():
                self.apply(text)

    def apply(self, text: str) -> None:
        ddl.apply(
            parse_ddl(text), connection=self.connection, dictionary=self.dictionary, translate=translate
        )

    def statement(self) -> _Statement:
        return _Statement(self.dictionary)

    def write(self, text: str, *values: Scalar) -> int:
        """Run INSERT, UPDATE or DELETE; errors as a client sees them."""
        translation = self._translated(text, len(values))
        assert isinstance(translation, Write)
        count = 0
        try:
            with self.statement():
                for sql, binds in translation.steps:
                    parameters = [
                        b.convert(values[b.source - 1]) if b.convert else values[b.source - 1] for b in binds
                    ]
                    if translation.no_check:
                        with unchecked(self.connection):
                            count += self.connection.execute(sql, parameters).rowcount
                    else:
                        count += self.connection.execute(sql, parameters).rowcount
        except sqlite3.Error as exc:
            error = constraint_error(
                exc, verb=translation.verb, table=translation.table, dictionary=self.dictionary
            )
            if error is None:
                raise
            raise error from exc
        return count

    def rows(self, text: str, *values: Scalar) -> list[tuple[Scalar, ...]]:
        """Run a query and return its rows as they go to the client."""
        translation = self._translated(text, len(values))
        assert isinstance(translation, Select)
        parameters = [
            b.convert(values[b.source - 1]) if b.convert else values[b.source - 1] for b in translation.binds
        ]
        fetched = self.connection.execute(translation.sql, parameters).fetchall()
        return [
            tuple(c.fetch(v) if c.fetch else v for c, v in zip(translation.columns, row, strict=True))
            for row in fetched
        ]

    def table(self, name: str, schema: str = "SQLUser") -> Table:
        table = self.dictionary.find(schema, name)
        assert table is not None, f"no table {schema}.{name}"
        return table

    def _translated(self, text: str, count: int) -> Select | Write | Ddl:
        return translate(text, catalog=self.dictionary, markers=("?",) * count)  # type: ignore[return-value]


class _Statement:
    """A transaction of its own, or a savepoint inside one."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.dictionary = dictionary
        self.connection = dictionary.connection

    def __enter__(self) -> None:
        self.nested = self.connection.in_transaction
        self.connection.execute("SAVEPOINT statement" if self.nested else "BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self.connection.execute("RELEASE statement" if self.nested else "COMMIT")
            if not self.nested:
                self.dictionary.committed()
        elif self.nested:
            self.connection.execute("ROLLBACK TO statement")
            self.connection.execute("RELEASE statement")
        else:
            self.connection.execute("ROLLBACK")


@pytest.fixture
def database() -> Iterator[CatalogDatabase]:
    """A database of its own, in memory."""
    database = CatalogDatabase()
    yield database
    database.close()


@pytest.fixture
def open_database() -> Iterator[Callable[..., CatalogDatabase]]:
    """Open databases as wanted: ``open_database(path, code=..., shared=...)``."""
    opened: list[CatalogDatabase] = []

    def open_one(*args: object, **options: object) -> CatalogDatabase:
        database = CatalogDatabase(*args, **options)  # type: ignore[arg-type]
        opened.append(database)
        return database

    yield open_one
    for database in opened:
        database.close()
