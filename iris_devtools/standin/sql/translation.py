"""What a statement becomes: the value that the translator hands to whoever runs it.

Every class here is frozen and holds no connection: translations are cached and shared by all sessions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Union

from iris_devtools.standin.catalog.model import Table
from iris_devtools.standin.types import SqlType
from iris_devtools.standin.values import Scalar

__all__ = ["Bind", "Control", "Ddl", "Need", "OutputColumn", "Select", "Translation", "Write"]

Convert = Callable[[Scalar], Scalar]
"""From one form of a value to another; raises SQLError for a bad one."""


Need = tuple[str, str, str]
"""A privilege on an object: privilege, schema, name."""


@dataclass(frozen=True)
class Bind:
    """One parameter of the SQLite text: where its value comes from, and how it is converted first."""

    source: int
    """The ``n`` of ``:%qpar(n)``, from 1."""
    convert: Convert | None = None


@dataclass(frozen=True)
class OutputColumn:
    """One column of a result, as the client is told of it (wire-protocol 7.1)."""

    name: str
    type: SqlType
    nullable: bool = True
    label: str = ""
    table: str = ""
    schema: str = ""
    auto_increment: bool = False
    fetch: Convert | None = None
    """From the SQLite value to the value on the wire; ``None`` where they are the same."""


@dataclass(frozen=True)
class Select:
    """A query: runs as one SQLite statement."""

    sql: str
    binds: tuple[Bind, ...]
    columns: tuple[OutputColumn, ...]
    parameter_count: int
    reads: frozenset[str] = frozenset()
    """Qualified upper-case names of the system tables that it reads (those that are filled on demand)."""
    needs: frozenset[Need] = frozenset()

    @cached_property
    def fetches(self) -> tuple[tuple[int, Convert], ...]:
        """Where the columns are that change on their way out, and how."""
        return tuple((i, column.fetch) for i, column in enumerate(self.columns) if column.fetch is not None)


@dataclass(frozen=True)
class Write:
    """INSERT, UPDATE, DELETE or TRUNCATE: runs as one or more SQLite statements in one savepoint; atomic.

    The row count is the sum over the steps whose index is in ``counted`` (all of them, if it is ``None``).
    """

    verb: str
    """``INSERT``, ``UPDATE``, ``DELETE``, ``TRUNCATE``, ``INSERT OR UPDATE``"""
    table: Table
    steps: tuple[tuple[str, tuple[Bind, ...]], ...]
    parameter_count: int
    no_check: bool = False
    counted: frozenset[int] | None = None
    one_row: bool = False
    """Whether each run inserts exactly one row, or fails."""
    no_trigger: bool = False
    needs: frozenset[Need] = frozenset()


@dataclass(frozen=True)
class Ddl:
    """A definition statement; ``statement`` is one of the dataclasses of ``catalog.definitions``."""

    statement: Any


@dataclass(frozen=True)
class Control:
    """Transactions, options, privileges and the rest that neither reads nor writes rows.

    ``verb`` is its upper-case name: ``START TRANSACTION``, ``COMMIT``, ``ROLLBACK``, ``SAVEPOINT``,
    ``ROLLBACK TO SAVEPOINT``, ``SET TRANSACTION``, ``SET OPTION``, ``%CHECKPRIV``, ``%INTRANSACTION``,
    ``LOCK``, ``UNLOCK``, ``PURGE CACHED QUERIES``, ``CREATE DATABASE``, ``DROP DATABASE``, ``USE DATABASE``,
    ``CALL``, ``TUNE TABLE``, ``BUILD INDEX``, ``CREATE SCHEMA``, ``DROP SCHEMA``, ``GRANT``, ``REVOKE``.
    ``arguments`` are its operands by name; sql/control.py says which names each verb has.
    """

    verb: str
    arguments: dict[str, Any]


Translation = Union[Select, Write, Ddl, Control]  # noqa: UP007 - evaluated on Python 3.10, too
