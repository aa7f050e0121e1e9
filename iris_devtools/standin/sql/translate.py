"""From a text of IRIS SQL to what the stand-in runs.

``translate`` is pure: it reads the catalogue and touches nothing. What it cannot translate it refuses with an
SQLError of IRIS's kind; it never guesses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from iris_devtools.standin.catalog.model import Catalog
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import (
    compile_aggregates,
    compile_conditions,
    compile_functions,
    compile_queries,
    compile_structured,
    nodes,
    values,
)
from iris_devtools.standin.sql.compile_writes import (
    compile_delete,
    compile_insert,
    compile_truncate,
    compile_update,
)
from iris_devtools.standin.sql.control import read_control
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.environment import Env, OutColumn, Statement
from iris_devtools.standin.sql.parse_statements import StatementParser
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.row_alias import RowAlias, row_scope
from iris_devtools.standin.sql.translation import Ddl, OutputColumn, Select, Translation, Write
from iris_devtools.standin.types import varchar

__all__ = ["translate"]

# imported for what they register with the environment
_TRANSLATORS = (
    compile_aggregates,
    compile_conditions,
    compile_functions,
    compile_queries,
    compile_structured,
)
_DEFINING = ("CREATE", "ALTER", "DROP")
_UNKNOWN_TYPE = varchar()


def translate(
    text: str,
    *,
    catalog: Catalog,
    default_schema: str = "SQLUser",
    markers: Sequence[str | int] = (),
    exact_distinct: bool = False,
    row_aliases: Sequence[RowAlias] = (),
) -> Translation:
    """Return what a statement becomes.

    ``markers`` says for each parameter what the driver made it of: ``"?"`` for a value of the caller's, or
    the code of a lifted literal: 10 integer, 11 other number, 4 text, 0 NULL (wire-protocol 7.1).
    ``exact_distinct`` is the option of that name: DISTINCT and GROUP BY keep the case of their values. In the
    code of a trigger ``row_aliases`` are the names of the row that fired it. Raises SQLError.
    """
    try:
        statement = Statement(catalog, default_schema, tuple(markers), Reader(text), exact_distinct)
        if row_aliases:
            statement.outer = row_scope(statement, row_aliases)
        return _translate(text, statement)
    except RecursionError:
        raise SQLError(-400, " The statement is nested too deeply", location="Prepare") from None


def _translate(text: str, statement: Statement) -> Translation:
    reader, markers = statement.reader, statement.markers
    first = _first_word(reader)
    if first in _DEFINING:
        reader.location = "ServerLoop"
        control = None
        if reader.ahead().upper in ("DATABASE", "USER", "ROLE"):
            control = read_control(reader)
        if control is not None:
            return control
        from iris_devtools.standin.catalog.parser import (
            parse_ddl,
        )  # the parser stands on this package's lexer

        return Ddl(parse_ddl(text))
    parser = StatementParser(reader)
    count = max([len(markers), *(int(t.text) for t in reader.tokens if t.kind is Kind.PARAMETER)])
    if first in ("SELECT", "WITH"):
        return _select(statement, parser.select(), count)
    if first in ("INSERT", "UPDATE", "DELETE", "TRUNCATE"):
        write = _write(statement, parser, first)
        silent = parser.no_trigger or first == "TRUNCATE"
        needs = frozenset(statement.needs)
        return replace(write, parameter_count=count, no_trigger=silent, needs=needs)
    control = read_control(reader)
    if control is None:
        raise reader.error(-51, f" An SQL statement expected, {_found(reader)} found")
    return control


def _first_word(reader: Reader) -> str:
    return next((token.upper for token in reader.tokens if token.upper != "("), "")


def _found(reader: Reader) -> str:
    found = reader.found()
    return "IDENTIFIER" if found.startswith("IDENTIFIER") else found


def _select(statement: Statement, query: nodes.Query, count: int) -> Select:
    compiled = Env(statement, statement.root()).query(query)
    sql, binds = statement.finished(compiled.sql)
    columns = tuple(_output(column) for column in compiled.columns)
    return Select(sql, binds, columns, count, frozenset(statement.reads), frozenset(statement.needs))


def _output(column: OutColumn) -> OutputColumn:
    value = column.value
    field = value.field
    table = field.table if field is not None else None
    own = field.column if field is not None else None
    sql_type = value.type
    return OutputColumn(
        column.name,
        sql_type or _UNKNOWN_TYPE,
        nullable=value.nullable,
        label=column.name,
        table=table.name if table is not None else "",
        schema=table.schema if table is not None else "",
        auto_increment=own is not None and own.counter is not None,
        fetch=values.untagged if sql_type is None else values.fetch(sql_type),
    )


def _write(statement: Statement, parser: StatementParser, first: str) -> Write:
    if first == "INSERT":
        return compile_insert(statement, parser.insert())
    if first == "UPDATE":
        return compile_update(statement, parser.update())
    if first == "DELETE":
        return compile_delete(statement, parser.delete())
    return compile_truncate(statement, parser.truncate())
