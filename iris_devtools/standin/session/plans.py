"""EXPLAIN: the plan of a statement as IRIS shapes it, with SQLite's steps inside (iris-sql 5)."""

from __future__ import annotations

from xml.sax.saxutils import escape

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.session.workplace import Workplace
from iris_devtools.standin.sql.dialect import Kind, tokenize
from iris_devtools.standin.sql.translate import translate
from iris_devtools.standin.sql.translation import Bind, Select, Write

__all__ = ["explained"]

_EXPLAINED = ("SELECT", "WITH", "UPDATE", "DELETE")


def explained(place: Workplace, text: str, *, default_schema: str) -> str:
    """Return the plan of a query, an UPDATE or a DELETE.

    Raises SQLError: -481 for INSERT, -51 for any other statement, -482 around the error of the statement
    itself. There is no ``<cost>``: SQLite estimates none.
    """
    first = next((token.upper for token in tokenize(text) if token.upper != "("), "")
    if first == "INSERT":
        raise SQLError(-481, "Explain does not support the following SQL statement type: INSERT")
    if first not in _EXPLAINED:
        raise SQLError(-51, f" An SQL statement expected, {first or 'IDENTIFIER'} found")
    try:
        steps = list(_steps(place, text, default_schema))
    except SQLError as error:
        raise SQLError(-482, f" EXPLAIN error: SQLCODE = {error.sqlcode} : {error.message}") from None
    lines = [line for sql, binds in steps for line in _lines(place, sql, binds)]
    shown = "\n".join(escape(line) for line in lines)
    return f"<plans>\n<plan>\n<sql>\n{escape(_normal(text))}\n</sql>\n{shown}\n</plan>\n</plans>"


def _normal(text: str) -> str:
    return " ".join(text[token.start : token.end] for token in tokenize(text) if token.kind is not Kind.END)


def _steps(place: Workplace, text: str, default_schema: str) -> tuple[tuple[str, tuple[Bind, ...]], ...]:
    translation = translate(text, catalog=place.dictionary, default_schema=default_schema, markers=())
    if isinstance(translation, Select):
        return ((translation.sql, translation.binds),)
    return translation.steps if isinstance(translation, Write) else ()


def _lines(place: Workplace, sql: str, binds: tuple[Bind, ...]) -> list[str]:
    """Return SQLite's steps, each indented below the one that it serves."""
    depths = {0: 0}
    lines = []
    for number, parent, _, detail in place.connection.execute(
        f"EXPLAIN QUERY PLAN {sql}", [None] * len(binds)
    ).fetchall():
        depths[number] = depths.get(parent, 0) + 1
        lines.append("  " * (depths[number] - 1) + detail)
    return lines
