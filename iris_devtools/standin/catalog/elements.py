"""Read what CREATE TABLE and ALTER TABLE share: names, columns and constraints (iris-sql.md 8.1)."""

from __future__ import annotations

import dataclasses

from iris_devtools.standin.catalog.datatypes import read_type
from iris_devtools.standin.catalog.definitions import (
    ColumnDefinition,
    Element,
    ForeignKeyDefinition,
    KeyDefinition,
    ObjectName,
)
from iris_devtools.standin.catalog.model import Counter, Default
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.types import BIGINT, Code, SqlType

__all__ = [
    "COLLATIONS",
    "at_table_element",
    "read_class_parameter",
    "read_collation",
    "read_column",
    "read_columns",
    "read_default",
    "read_description",
    "read_element",
    "read_object_name",
    "unsupported",
]

COLLATIONS = frozenset({"EXACT", "SQLUPPER", "SQLSTRING"})
"""The collations that the stand-in keeps; with a length, or of another name, a collation is refused."""

_OTHER_COLLATIONS = frozenset({"UPPER", "ALPHAUP", "STRING", "TRUNCATE", "PLUS", "MINUS", "MVR", "SPACE"})
_DEFAULT_WORDS = frozenset(
    {
        "NULL",
        "USER",
        "CURRENT_USER",
        "SESSION_USER",
        "SYSTEM_USER",
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIMESTAMP",
        "SYSDATE",
        "CURDATE",
        "CURTIME",
        "NOW",
        "GETDATE",
        "GETUTCDATE",
        "TO_DATE",
        "TO_TIMESTAMP",
    }
)


def unsupported(feature: str) -> SQLError:
    """Return the refusal of what IRIS has and the stand-in has not."""
    return SQLError(-400, f"The stand-in does not have {feature}: this needs a real IRIS server")


def read_object_name(reader: Reader) -> ObjectName:
    """Read ``[schema.]name``; of a longer path IRIS keeps the last two parts (iris-sql.md 1.2)."""
    parts = reader.qualified_name()
    if len(parts) == 1:
        return ObjectName(parts[0])
    schema = parts[-2]
    return ObjectName(parts[-1], None if schema.upper() == "_CURRENT_USER" else schema)


def read_columns(reader: Reader) -> tuple[str, ...]:
    """Read a list of column names in brackets."""
    reader.expect("(")
    names = [reader.name()]
    while reader.accept(","):
        names.append(reader.name())
    reader.expect(")")
    return tuple(names)


def read_description(reader: Reader) -> str:
    """Read the text of %DESCRIPTION as IRIS keeps it: a line feed becomes a blank and three tabs.

    No paper says so, but sqlalchemy-iris turns exactly this back into a line feed when it reads comments.
    """
    return reader.string().replace("\n", " \t\t\t")


def read_class_parameter(reader: Reader) -> tuple[str, str]:
    """Read ``P [=] value``."""
    token = reader.next()
    if token.kind not in (Kind.WORD, Kind.QUOTED):
        reader.position -= 1
        reader.fail("IDENTIFIER")
    reader.accept("=")
    sign = "-" if reader.accept("-") else ""
    value = reader.next()
    if value.kind not in (Kind.WORD, Kind.STRING, Kind.NUMBER):
        reader.position -= 1
        reader.fail("LITERAL")
    return token.text, sign + value.text


def at_table_element(reader: Reader) -> bool:
    """Tell whether a constraint of the table comes next, and not a column."""
    return reader.at_any("CONSTRAINT", "UNIQUE", "PRIMARY", "FOREIGN", "CHECK")


def read_element(reader: Reader) -> Element:
    """Read one column or one constraint of the table."""
    if not at_table_element(reader):
        return read_column(reader)
    name: str | None = None
    if reader.accept("CONSTRAINT"):
        name = reader.name()
    if reader.accept("UNIQUE"):
        _ignore_clustering(reader)
        return KeyDefinition(read_columns(reader), name=name)
    if reader.accept("PRIMARY"):
        reader.expect("KEY")
        _ignore_clustering(reader)
        return KeyDefinition(read_columns(reader), primary=True, name=name)
    if reader.accept("FOREIGN"):
        reader.expect("KEY")
        if reader.token.is_name:
            name = reader.name()
        columns = read_columns(reader)
        return dataclasses.replace(_references(reader, columns), name=name)
    return reader.fail("UNIQUE, PRIMARY or FOREIGN")


def _ignore_clustering(reader: Reader) -> None:
    reader.accept_any("CLUSTERED", "NONCLUSTERED")


def _references(reader: Reader, columns: tuple[str, ...]) -> ForeignKeyDefinition:
    reader.expect("REFERENCES")
    table = read_object_name(reader)
    referenced = read_columns(reader) if reader.at("(") else ()
    actions = {"DELETE": "NO ACTION", "UPDATE": "NO ACTION"}
    no_check = False
    while True:
        if reader.accept("ON"):
            event = reader.accept_any("DELETE", "UPDATE")
            if event is None:
                reader.fail("DELETE or UPDATE")
            actions[event] = _action(reader)
        elif reader.accept("NOCHECK"):
            no_check = True
        elif reader.accept("MATCH"):
            reader.next()
        elif reader.at("NOT", "FOR"):
            for _ in range(3):
                reader.next()
        else:
            break
    return ForeignKeyDefinition(
        columns, table, referenced, None, actions["DELETE"], actions["UPDATE"], no_check
    )


def _action(reader: Reader) -> str:
    for words in (("NO", "ACTION"), ("CASCADE",), ("SET", "NULL"), ("SET", "DEFAULT")):
        if reader.accept(*words):
            return " ".join(words)
    return reader.fail("NO ACTION, CASCADE, SET NULL or SET DEFAULT")


def read_column(reader: Reader) -> ColumnDefinition:
    """Read one column with its type and constraints, which may come in any order."""
    name = reader.name()
    if _column_ends(reader):
        raise reader.error(-86, f"Field '{name}' has no data type")
    declared = read_type(reader)
    column = ColumnDefinition(name, declared.type, counter=declared.counter)
    if declared.counter is Counter.IDENTITY:
        column = dataclasses.replace(column, nullable=False)
    while not _column_ends(reader):
        column = _constraint(reader, column)
    if column.on_update is not None and column.computed is not None:
        raise reader.error(-1, f" ON UPDATE and COMPUTECODE exclude each other^{reader.read_so_far()}")
    if column.type.is_text and column.collation is None:
        column = dataclasses.replace(column, collation="SQLUPPER")
    return column


def _column_ends(reader: Reader) -> bool:
    return reader.at_any(",", ")") or reader.token.kind is Kind.END


def _constraint(reader: Reader, column: ColumnDefinition) -> ColumnDefinition:
    replace = dataclasses.replace
    if reader.accept("NOT", "NULL"):
        return replace(column, nullable=False)
    if reader.accept("NULL"):
        return replace(column, nullable=True)
    if reader.accept("DEFAULT"):
        return replace(column, default=read_default(reader))
    if reader.accept("IDENTITY"):
        if not column.type.is_integer and column.type.code is not Code.NUMERIC:
            reader.position -= 1
            reader.fail(") or ,")
        _sizes_of_identity(reader)
        type_ = column.type if column.type.is_integer else BIGINT
        return replace(column, counter=Counter.IDENTITY, type=type_, nullable=False)
    if reader.accept("AUTO_INCREMENT"):
        return replace(column, counter=Counter.AUTO_INCREMENT, type=BIGINT)
    if reader.accept("PRIVATE"):
        return replace(column, private=True)
    if reader.accept("%DESCRIPTION"):
        if column.description is not None:
            raise reader.error(-83, "")
        return replace(column, description=read_description(reader))
    if reader.at("CONSTRAINT"):
        return _named_constraint(reader, column)
    if reader.at_any("UNIQUE", "PRIMARY", "REFERENCES"):
        return _key(reader, column, None)
    if reader.accept("COMPUTECODE"):
        return _computed(reader, column)
    if reader.accept("ON", "UPDATE"):
        return replace(column, on_update=read_default(reader))
    if reader.accept("CHARACTER", "SET"):
        reader.next()
        return column
    if reader.accept("WITH"):
        reader.expect("STORAGETYPE")
        reader.accept("=")
        if reader.accept_any("ROW", "COLUMNAR") is None:
            reader.fail("ROW or COLUMNAR")
        return column
    collation = read_collation(reader, column.type)
    if collation is not None:
        return replace(column, collation=collation)
    return column


def _sizes_of_identity(reader: Reader) -> None:
    if reader.accept("("):
        reader.integer()
        reader.expect(",")
        reader.integer()
        reader.expect(")")


def _named_constraint(reader: Reader, column: ColumnDefinition) -> ColumnDefinition:
    reader.expect("CONSTRAINT")
    name = reader.name()
    if not reader.at_any("UNIQUE", "PRIMARY", "REFERENCES"):
        reader.fail("UNIQUE, PRIMARY or REFERENCES")
    return _key(reader, column, name)


def _key(reader: Reader, column: ColumnDefinition, name: str | None) -> ColumnDefinition:
    replace = dataclasses.replace
    if reader.accept("UNIQUE"):
        return replace(column, keys=(*column.keys, KeyDefinition((), name=name)))
    if reader.accept("PRIMARY"):
        reader.expect("KEY")
        return replace(
            column, keys=(*column.keys, KeyDefinition((), primary=True, name=name)), nullable=False
        )
    return replace(column, references=replace(_references(reader, (column.name,)), name=name))


def _computed(reader: Reader, column: ColumnDefinition) -> ColumnDefinition:
    if reader.at("PYTHON"):
        raise unsupported("computed columns in Python (COMPUTECODE PYTHON)")
    reader.accept("OBJECTSCRIPT")
    if reader.token.kind is not Kind.BLOCK:
        reader.fail("{")
    code = reader.next().text
    on_change: tuple[str, ...] = ()
    if reader.accept("COMPUTEONCHANGE"):
        on_change = read_columns(reader) if reader.at("(") else (reader.name(),)
    kind = reader.accept_any("CALCULATED", "TRANSIENT")
    return dataclasses.replace(
        column,
        computed=code.strip(),
        compute_on_change=on_change,
        calculated=kind == "CALCULATED",
        transient=kind == "TRANSIENT",
    )


def read_collation(reader: Reader, type_: SqlType) -> str | None:
    """Read ``[COLLATE] [%]name [(n)]``; ``None`` for a foreign name, which IRIS reads and ignores."""
    explicit = reader.accept("COLLATE")
    token = reader.token
    name = token.text.upper().removeprefix("%")
    known = name in COLLATIONS or name in _OTHER_COLLATIONS
    if token.kind not in (Kind.WORD, Kind.QUOTED) or not (explicit or (known and token.kind is Kind.WORD)):
        reader.fail(") or ,")
    reader.next()
    length = 0
    if reader.accept("("):
        length = reader.integer()
        reader.expect(")")
    if not known:
        return None
    if type_.is_stream:
        raise SQLError(-400, "ERROR #5480: Property parameter not declared: COLLATION")
    if name not in COLLATIONS:
        raise unsupported(f"the collation {name} (it has {', '.join(sorted(COLLATIONS))})")
    if length:
        raise unsupported(f"collations that cut their values ({name}({length}))")
    return name if type_.is_text else None


def read_default(reader: Reader) -> Default | None:
    """Read a literal or one of the documented functions; ``None`` for ``DEFAULT NULL``."""
    opened = 0
    while reader.accept("("):
        opened += 1
    start = reader.token.start
    word = reader.token.upper
    if word == "OBJECTSCRIPT":
        raise unsupported("defaults in ObjectScript (DEFAULT OBJECTSCRIPT)")
    if word in ("+", "-"):
        while reader.accept_any("+", "-"):
            pass
        if reader.token.kind is not Kind.NUMBER:
            reader.fail("LITERAL")
        reader.next()
    elif reader.token.kind in (Kind.STRING, Kind.NUMBER):
        reader.next()
    elif word in _DEFAULT_WORDS:
        reader.next()
        if reader.at("("):
            _arguments(reader)
    else:
        reader.fail("LITERAL")
    text = reader.raw(start, reader.tokens[reader.position - 1].end)
    for _ in range(opened):
        reader.expect(")")
    return None if word == "NULL" else Default(text)


def _arguments(reader: Reader) -> None:
    depth = 0
    while True:
        token = reader.token
        if token.kind is Kind.END:
            reader.fail(")")
        reader.next()
        if token.upper == "(":
            depth += 1
        elif token.upper == ")":
            depth -= 1
            if depth == 0:
                return
