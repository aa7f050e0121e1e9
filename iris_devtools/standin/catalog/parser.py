"""Read CREATE, ALTER and DROP of tables, indexes, views and schemas (iris-sql.md 8)."""

from __future__ import annotations

from collections.abc import Callable

from iris_devtools.standin.catalog.alter_parser import read_alter_table
from iris_devtools.standin.catalog.definitions import (
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    DropIndex,
    DropSchema,
    DropTable,
    DropView,
    Element,
    ObjectName,
    Statement,
)
from iris_devtools.standin.catalog.elements import (
    read_class_parameter,
    read_columns,
    read_description,
    read_element,
    read_object_name,
    unsupported,
)
from iris_devtools.standin.catalog.trigger_parser import (
    create_or_replace_trigger,
    create_trigger,
    drop_trigger,
)
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader

__all__ = ["parse_ddl"]


def parse_ddl(text: str) -> Statement:
    """Read one definition statement.

    Raises SQLError: -1 and its kin where IRIS refuses the text (iris-sql.md 1.3 has the shapes), -25 for
    anything after the end, also a semicolon, and -400 for what IRIS has and the stand-in has not, with a text
    that says so.
    """
    reader = Reader(text, location="ServerLoop")
    for words, read in _STATEMENTS:
        if reader.accept(*words):
            statement = read(reader)
            reader.finish()
            return statement
    for words, feature in _REFUSED:
        if reader.at(*words):
            raise unsupported(feature)
    if reader.accept_any("CREATE", "ALTER", "DROP") is None:
        raise reader.error(-51, f" An SQL statement expected, {reader.found()} found")
    raise reader.error(
        -1, f" TABLE, VIEW, INDEX or SCHEMA expected, {reader.found()} found^{reader.read_so_far()}"
    )


def _create_table(reader: Reader) -> Statement:
    return _table(reader, temporary=False)


def _create_temporary_table(reader: Reader) -> Statement:
    return _table(reader, temporary=True)


def _table(reader: Reader, *, temporary: bool) -> Statement:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    name = read_object_name(reader)
    if reader.accept("AS"):
        query, parameters = _query_with_options(reader)
        return CreateTableAs(name, query, if_not_exists, parameters)
    reader.expect("(")
    elements: list[Element] = []
    description: str | None = None
    parameters_list: list[tuple[str, str]] = []
    while True:
        if reader.accept("%DESCRIPTION"):
            if description is not None:
                raise reader.error(-82, f" %DESCRIPTION found twice^{reader.read_so_far()}")
            description = read_description(reader)
        elif reader.accept("%CLASSPARAMETER"):
            parameters_list.append(read_class_parameter(reader))
        elif reader.accept("%PUBLICROWID"):
            parameters_list.append(("%PUBLICROWID", "1"))
        elif reader.accept_any("%EXTENTSIZE", "%NUMROWS", "%FILE", "%ROUTINE"):
            reader.next()
        else:
            elements.append(read_element(reader))
        if not reader.accept(","):
            break
    reader.expect(")")
    parameters_list.extend(_table_options(reader))
    return CreateTable(
        name,
        tuple(elements),
        if_not_exists,
        temporary,
        description,
        tuple(parameters_list),
    )


def _table_options(reader: Reader) -> list[tuple[str, str]]:
    parameters: list[tuple[str, str]] = []
    if reader.at("SHARD"):
        raise unsupported("sharded tables (SHARD)")
    if reader.at("PARTITION"):
        raise unsupported("partitioned tables (PARTITION BY)")
    if reader.accept_any("ON", "IN"):
        reader.name()  # a dbspace name, which IRIS reads and ignores
    if reader.accept("WITH"):
        while True:
            if reader.accept("%CLASSPARAMETER"):
                parameters.append(read_class_parameter(reader))
            elif reader.accept("STORAGETYPE"):
                reader.accept("=")
                if reader.accept_any("ROW", "COLUMNAR") is None:
                    reader.fail("ROW or COLUMNAR")
            else:
                reader.fail("%CLASSPARAMETER or STORAGETYPE")
            if not reader.accept(","):
                break
    return parameters


def _query_with_options(reader: Reader) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Read a SELECT up to a WITH that belongs to CREATE TABLE."""
    start = reader.position
    _require_query(reader)
    end = len(reader.tokens) - 1
    for position in range(start, end):
        words = [token.upper for token in reader.tokens[position : position + 2]]
        if words[0] == "WITH" and words[1] in ("%CLASSPARAMETER", "STORAGETYPE"):
            end = position
            break
    query = reader.raw(reader.tokens[start].start, reader.tokens[end - 1].end)
    reader.position = end
    return query, tuple(_table_options(reader))


def _require_query(reader: Reader) -> None:
    ahead = 0
    while reader.ahead(ahead).upper == "(":
        ahead += 1
    if reader.ahead(ahead).upper not in ("SELECT", "WITH"):
        reader.fail("SELECT")


def _drop_table(reader: Reader) -> Statement:
    if_exists = reader.accept("IF", "EXISTS")
    name = read_object_name(reader)
    cascade = False
    keep_data = False
    while (word := reader.accept_any("RESTRICT", "CASCADE", "%DELDATA", "%NODELDATA")) is not None:
        cascade = cascade or word == "CASCADE"
        keep_data = keep_data or word == "%NODELDATA"
    return DropTable(name, if_exists, cascade, keep_data)


def _create_index(reader: Reader) -> Statement:
    return _index(reader, unique=False)


def _create_unique_index(reader: Reader) -> Statement:
    return _index(reader, unique=True)


def _index(reader: Reader, *, unique: bool) -> Statement:
    name = reader.name()
    reader.expect("ON")
    reader.accept("TABLE")
    table = read_object_name(reader)
    reader.expect("(")
    columns: list[str] = []
    while True:
        columns.append(reader.name())
        if reader.at("("):
            raise (
                unsupported("indexes on collections and expressions")
                if reader.ahead().upper
                in (
                    "ELEMENTS",
                    "KEYS",
                )
                else _expression_index(reader)
            )
        reader.accept_any("ASC", "DESC")
        if not reader.accept(","):
            break
    reader.expect(")")
    method: str | None = None
    data: tuple[str, ...] = ()
    if reader.accept("AS"):
        method = ".".join(reader.qualified_name())
        if reader.accept("("):
            while not reader.accept(")"):
                if reader.next().kind is Kind.END:
                    reader.fail(")")
    if reader.accept("WITH"):
        reader.expect("DATA")
        data = read_columns(reader)
    if reader.accept("DEFER"):
        reader.accept("BUILD")
    else:
        reader.accept("IMMEDIATE")
    return CreateIndex(name, table, tuple(columns), unique, data, method)


def _expression_index(reader: Reader) -> SQLError:
    return reader.error(-1, f" ) expected, {reader.found()} found^{reader.read_so_far()}")


def _drop_index(reader: Reader) -> Statement:
    if_exists = reader.accept("IF", "EXISTS")
    parts = reader.qualified_name()
    if len(parts) > 1:
        table = ObjectName(parts[-2], parts[-3] if len(parts) > 2 else None)
        return DropIndex(parts[-1], table, if_exists)
    if reader.accept("ON"):
        reader.accept("TABLE")
        return DropIndex(parts[0], read_object_name(reader), if_exists)
    return DropIndex(parts[0], None, if_exists)


def _create_view(reader: Reader) -> Statement:
    return _view(reader, or_replace=False, alter=False)


def _replace_view(reader: Reader) -> Statement:
    return _view(reader, or_replace=True, alter=False)


def _alter_view(reader: Reader) -> Statement:
    return _view(reader, or_replace=True, alter=True)


def _view(reader: Reader, *, or_replace: bool, alter: bool) -> Statement:
    name = read_object_name(reader)
    columns = read_columns(reader) if reader.at("(") else ()
    reader.expect("AS")
    start = reader.position
    _require_query(reader)
    end = len(reader.tokens) - 1
    tail = [token.upper for token in reader.tokens[start:end]]
    read_only, check_option = False, "NONE"
    for words, size in (
        (["WITH", "READ", "ONLY"], 3),
        (["WITH", "CHECK", "OPTION"], 3),
        (["WITH", "LOCAL", "CHECK", "OPTION"], 4),
        (["WITH", "CASCADED", "CHECK", "OPTION"], 4),
    ):
        if tail[-size:] == words:
            end -= size
            read_only = "READ" in words
            check_option = "NONE" if read_only else "LOCAL" if "LOCAL" in words else "CASCADED"
            break
    if any(token.kind is Kind.PARAMETER for token in reader.tokens[start:end]):
        raise reader.error(-148, "")
    if end == start:
        reader.fail("SELECT")
    if reader.tokens[end - 1].upper == ";":
        reader.position = end - 1
        reader.finish()
    query = reader.raw(reader.tokens[start].start, reader.tokens[end - 1].end)
    reader.position = len(reader.tokens) - 1
    return CreateView(name, query, columns, or_replace, alter, read_only, check_option)


def _drop_view(reader: Reader) -> Statement:
    if_exists = reader.accept("IF", "EXISTS")
    name = read_object_name(reader)
    return DropView(name, if_exists, reader.accept_any("CASCADE", "RESTRICT") == "CASCADE")


def _create_schema(reader: Reader) -> Statement:
    if_not_exists = reader.accept("IF", "NOT", "EXISTS")
    return CreateSchema(reader.name(), if_not_exists)


def _drop_schema(reader: Reader) -> Statement:
    if_exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    return DropSchema(name, if_exists, reader.accept_any("CASCADE", "RESTRICT") == "CASCADE")


_STATEMENTS: tuple[tuple[tuple[str, ...], Callable[[Reader], Statement]], ...] = (
    (("CREATE", "TABLE"), _create_table),
    (("CREATE", "GLOBAL", "TEMPORARY", "TABLE"), _create_temporary_table),
    (("ALTER", "TABLE"), read_alter_table),
    (("DROP", "TABLE"), _drop_table),
    (("CREATE", "INDEX"), _create_index),
    (("CREATE", "BITMAP", "INDEX"), _create_index),
    (("CREATE", "BITSLICE", "INDEX"), _create_index),
    (("CREATE", "COLUMNAR", "INDEX"), _create_index),
    (("CREATE", "UNIQUE", "INDEX"), _create_unique_index),
    (("DROP", "INDEX"), _drop_index),
    (("CREATE", "VIEW"), _create_view),
    (("CREATE", "OR", "REPLACE", "VIEW"), _replace_view),
    (("ALTER", "VIEW"), _alter_view),
    (("DROP", "VIEW"), _drop_view),
    (("CREATE", "SCHEMA"), _create_schema),
    (("DROP", "SCHEMA"), _drop_schema),
    (("CREATE", "TRIGGER"), create_trigger),
    (("CREATE", "OR", "REPLACE", "TRIGGER"), create_or_replace_trigger),
    (("DROP", "TRIGGER"), drop_trigger),
)

_REFUSED: tuple[tuple[tuple[str, ...], str], ...] = (
    *(
        ((*verb, word), f"{plural} ({' '.join(verb)} {word})")
        for verb in (("CREATE",), ("CREATE", "OR", "REPLACE"), ("ALTER",), ("DROP",))
        for word, plural in (
            ("PROCEDURE", "stored procedures"),
            ("FUNCTION", "stored functions"),
            ("METHOD", "class methods"),
            ("QUERY", "class queries"),
            ("AGGREGATE", "user-defined aggregates"),
            ("MODEL", "machine learning models"),
            ("FOREIGN", "foreign tables and servers"),
            ("SERVER", "foreign servers"),
            ("ML", "machine learning configurations"),
        )
    ),
    (("CREATE", "BITMAPEXTENT", "INDEX"), "bitmap extent indexes (CREATE BITMAPEXTENT INDEX)"),
)
