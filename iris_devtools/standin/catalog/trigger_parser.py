"""Read CREATE TRIGGER and DROP TRIGGER (iris-sql.md 8.4)."""

from __future__ import annotations

from iris_devtools.standin.catalog.definitions import CreateTrigger, DropTrigger, Statement
from iris_devtools.standin.catalog.elements import read_object_name, unsupported
from iris_devtools.standin.catalog.model import Trigger
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader

__all__ = ["create_or_replace_trigger", "create_trigger", "drop_trigger", "statements_of"]

_EVENTS = ("INSERT", "UPDATE", "DELETE")


def create_trigger(reader: Reader) -> Statement:
    """Read what follows CREATE TRIGGER."""
    return _trigger(reader, or_replace=False)


def create_or_replace_trigger(reader: Reader) -> Statement:
    """Read what follows CREATE OR REPLACE TRIGGER."""
    return _trigger(reader, or_replace=True)


def drop_trigger(reader: Reader) -> Statement:
    """Read what follows DROP TRIGGER."""
    if_exists = reader.accept("IF", "EXISTS")
    name = read_object_name(reader)
    table = None
    if reader.accept("FROM"):
        reader.accept("TABLE")
        table = read_object_name(reader)
    return DropTrigger(name, table, if_exists)


def _trigger(reader: Reader, *, or_replace: bool) -> Statement:
    name = read_object_name(reader)
    time = reader.accept_any("BEFORE", "AFTER")
    if time is None:
        reader.fail("BEFORE or AFTER")
    events, columns = _events(reader)
    order = reader.integer() if reader.accept("ORDER") else 0
    reader.expect("ON")
    table = read_object_name(reader)
    old, new = _referencing(reader) if reader.accept("REFERENCING") else (None, None)
    by_statement = False
    if reader.accept("FOR", "EACH"):
        by_statement = _each(reader) == "STATEMENT"
    condition = _condition(reader) if reader.accept("WHEN") else None
    _language(reader, columns=columns, referencing=bool(old or new), condition=condition)
    if by_statement:
        raise unsupported("statement triggers (FOR EACH STATEMENT)")
    code = _code(reader)
    for row, without in ((old, "INSERT"), (new, "DELETE")):
        if row is not None and without in events:
            raise reader.error(-48, f" '{row}' is no row of {without}")
    trigger = Trigger(name.name, time, events, code, columns, order, old, new, condition)
    return CreateTrigger(name, table, trigger, or_replace)


def _events(reader: Reader) -> tuple[tuple[str, ...], tuple[str, ...]]:
    events: list[str] = []
    while True:
        event = reader.accept_any(*_EVENTS)
        if event is None:
            reader.fail("INSERT, UPDATE or DELETE")
        events.append(event)
        if event == "UPDATE" and reader.at("OF"):
            if len(events) > 1:
                reader.fail("ON")
            reader.next()
            return ("UPDATE",), _columns(reader)
        if not reader.accept(","):
            return tuple(dict.fromkeys(events)), ()


def _columns(reader: Reader) -> tuple[str, ...]:
    brackets = reader.accept("(")
    names = [reader.name()]
    while reader.accept(","):
        name = reader.name()
        if name.upper() in (known.upper() for known in names):
            raise reader.error(-58, f" Field '{name}' found twice")
        names.append(name)
    if brackets:
        reader.expect(")")
    return tuple(names)


def _referencing(reader: Reader) -> tuple[str | None, str | None]:
    aliases: dict[str, str] = {}
    while (row := reader.accept_any("OLD", "NEW")) is not None:
        if row in aliases:
            raise reader.error(-48, f" {row} found twice")
        if reader.token.upper == "ROW" and reader.ahead().upper != "NEW":
            reader.next()
        reader.accept("AS")
        aliases[row] = reader.name()
    if not aliases:
        reader.fail("OLD or NEW")
    return aliases.get("OLD"), aliases.get("NEW")


def _each(reader: Reader) -> str:
    word = reader.any_word()
    if word == "ROW" and reader.accept("_AND_OBJECT"):
        return "ROW_AND_OBJECT"
    if word not in ("ROW", "ROW_AND_OBJECT", "STATEMENT"):
        reader.fail("ROW or STATEMENT")
    return word


def _condition(reader: Reader) -> str:
    """Return the condition of WHEN, which stands in brackets, as it is written."""
    start = reader.token.start
    if not reader.at("("):
        reader.fail("(")
    depth = 0
    while True:
        token = reader.next()
        if token.kind is Kind.END:
            reader.fail(")")
        depth += {"(": 1, ")": -1}.get(token.upper, 0)
        if depth == 0:
            return reader.raw(start, token.end)


def _language(reader: Reader, *, columns: tuple[str, ...], referencing: bool, condition: str | None) -> None:
    language = reader.any_word() if reader.accept("LANGUAGE") else "SQL"
    if language not in ("SQL", "OBJECTSCRIPT", "COS", "TSQL"):
        reader.fail("SQL or OBJECTSCRIPT")
    if language == "SQL" and reader.token.kind is not Kind.BLOCK:
        return
    for present, sqlcode in ((referencing, -49), (columns, -50), (condition, -57)):
        if present:
            raise reader.error(sqlcode, "")
    raise unsupported("triggers in ObjectScript (LANGUAGE OBJECTSCRIPT)")


def _code(reader: Reader) -> str:
    """Return the statements without BEGIN and END."""
    last = len(reader.tokens) - 2
    first = reader.position
    if reader.accept("BEGIN"):
        reader.accept("ATOMIC")
        first = reader.position
        if last < first or reader.tokens[last].upper != "END":
            reader.position = last + 1
            reader.fail("END")
        last -= 1
    if last < first:
        reader.fail("INSERT, UPDATE or DELETE")
    reader.position = len(reader.tokens) - 1
    code = reader.raw(reader.tokens[first].start, reader.tokens[last].end)
    for text in statements_of(code):
        word = Reader(text).token.upper
        if word not in _EVENTS:
            raise unsupported(f"{word or 'this'} in the code of a trigger")
    return code


def statements_of(code: str) -> list[str]:
    """Return the statements of a trigger's code, which semicolons separate."""
    texts: list[str] = []
    reader = Reader(code)
    start: int | None = None
    for token in reader.tokens:
        if token.upper == ";" or token.kind is Kind.END:
            if start is not None:
                texts.append(code[start : token.start].strip())
            start = None
        elif start is None:
            start = token.start
    return texts
