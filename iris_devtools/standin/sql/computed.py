"""Computed columns: COMPUTECODE of the form ``Set {*} = expression`` is run as SQL (iris-sql.md 8.1).

ObjectScript evaluates strictly from left to right; the expression may use other columns (``{Name}``),
numbers, strings, brackets, ``+ - * / \\ # _`` and the ``$`` functions that SQL has, too. Code that does more
cannot be run here, and is refused when it is used. (``$SELECT`` never arrives: the driver does not let a
colon through.)
"""

from __future__ import annotations

import re
from functools import lru_cache

from iris_devtools.standin.catalog.model import ROWID, Column, Table
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.defaults import stored_text
from iris_devtools.standin.sql.dialect import quoted
from iris_devtools.standin.sql.environment import Env, Statement
from iris_devtools.standin.sql.scope import Field, Scope, Source, collation_of, storage_of, table_source

__all__ = ["computed_on_insert", "computed_on_update", "is_virtual", "with_virtual_columns"]

_ASSIGNMENT = re.compile(r"\s*s(?:et)?\s*\{\*\}\s*=\s*(.*?)\s*\Z", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<column>\{[^}*]+\})|(?P<number>\d+(?:\.\d*)?|\.\d+)|\"(?P<text>(?:[^\"]|\"\")*)\""
    r"|(?P<function>\$[A-Za-z]+)|(?P<operator>[-+*/\\#_(),]))"
)


def is_virtual(column: Column) -> bool:
    """Tell whether a column is computed whenever it is read, instead of being stored."""
    return column.computed is not None and (column.calculated or column.transient)


@lru_cache(maxsize=500)
def _expression(code: str) -> nodes.Expression:
    match = _ASSIGNMENT.match(code)
    if match is None:
        raise _refused(code)
    tokens: list[tuple[str, str]] = []
    text, position = match[1], 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or token.lastgroup is None:
            raise _refused(code)
        tokens.append((token.lastgroup, token[token.lastgroup]))
        position = token.end()
    tokens.append(("end", ""))
    expression, used = _left_to_right(tokens, 0, code)
    if tokens[used][0] != "end":
        raise _refused(code)
    return expression


def _left_to_right(tokens: list[tuple[str, str]], at: int, code: str) -> tuple[nodes.Expression, int]:
    left, at = _term(tokens, at, code)
    while tokens[at][0] == "operator" and tokens[at][1] not in "(),":
        operator = tokens[at][1]
        right, at = _term(tokens, at + 1, code)
        left = nodes.Binary("||" if operator == "_" else operator, left, right)
    return left, at


def _term(tokens: list[tuple[str, str]], at: int, code: str) -> tuple[nodes.Expression, int]:
    kind, text = tokens[at]
    if kind == "column":
        return nodes.Name((text[1:-1].strip(),)), at + 1
    if kind == "number":
        return nodes.Number(text), at + 1
    if kind == "text":
        return nodes.Text(text.replace('""', '"')), at + 1
    if kind == "function":
        return _call(tokens, at, code)
    if kind == "operator" and text == "(":
        inside, at = _left_to_right(tokens, at + 1, code)
        if tokens[at] == ("operator", ")"):
            return inside, at + 1
    elif kind == "operator" and text in "+-":
        operand, at = _term(tokens, at + 1, code)
        return (nodes.Unary("-", operand) if text == "-" else nodes.Collate("%PLUS", operand)), at
    raise _refused(code)


_SHORT = {"$L": "$LENGTH", "$P": "$PIECE", "$E": "$EXTRACT", "$F": "$FIND", "$TR": "$TRANSLATE"}
_SHORT |= {"$J": "$JUSTIFY", "$ZCVT": "$ZCONVERT", "$A": "$ASCII", "$C": "$CHAR", "$H": "$HOROLOG"}
_IN_SQL = {name: name for name in ("$LENGTH", "$PIECE", "$EXTRACT", "$FIND", "$TRANSLATE", "$JUSTIFY")}
_IN_SQL |= {"$ASCII": "ASCII", "$CHAR": "CHAR", "$REPLACE": "REPLACE", "$REVERSE": "REVERSE"}
_BARE = ("$HOROLOG", "$NAMESPACE", "$USERNAME", "$ZVERSION", "$JOB")
_CASES = {"U": "UPPER", "L": "LOWER"}


def _call(tokens: list[tuple[str, str]], at: int, code: str) -> tuple[nodes.Expression, int]:
    name = tokens[at][1].upper()
    name = _SHORT.get(name, name)
    at += 1
    if tokens[at] != ("operator", "("):
        if name not in _BARE:
            raise _refused(code)
        return nodes.Function(name, bare=True), at
    arguments: list[nodes.Expression] = []
    while tokens[at] in (("operator", "("), ("operator", ",")):
        argument, at = _left_to_right(tokens, at + 1, code)
        arguments.append(argument)
    if tokens[at] != ("operator", ")"):
        raise _refused(code)
    if name == "$ZCONVERT" and len(arguments) == 2 and isinstance(arguments[1], nodes.Text):
        function = _CASES.get(arguments[1].value.upper())
        if function is not None:
            return nodes.Function(function, (arguments[0],)), at + 1
    if name not in _IN_SQL:
        raise _refused(code)
    return nodes.Function(_IN_SQL[name], tuple(arguments)), at + 1


def _refused(code: str) -> SQLError:
    return SQLError(-400, f"The stand-in computes 'Set {{*}} = expression' only, not COMPUTECODE {{{code}}}")


def _value(statement: Statement, table: Table, column: Column, source: Source) -> str:
    scope = Scope()
    scope.sources.append(source)
    env = Env(statement, scope, "set")
    value = env.value(_expression(column.computed or ""))
    return stored_text(env, value, column, table, "INSERT")


def computed_on_insert(statement: Statement, table: Table) -> list[str]:
    """Return the statement that fills the computed columns of newly inserted rows, if there are any.

    It runs after the INSERT, because the row id, too, may be part of the computation.
    """
    columns = [c for c in table.columns if c.computed is not None and not is_virtual(c)]
    if not columns:
        return []
    source = table_source(table, "own", None)
    changes = ", ".join(f"{quoted(c.storage_name)} = {_value(statement, table, c, source)}" for c in columns)
    rows = f"{quoted(ROWID)} > last_insert_rowid() - changes() AND {quoted(ROWID)} <= last_insert_rowid()"
    return [f"UPDATE {storage_of(table)} AS own SET {changes} WHERE {rows}"]


def computed_on_update(
    statement: Statement, table: Table, assigned: dict[str, str], alias: str
) -> dict[str, str]:
    """Return the new texts of the computed columns that an UPDATE of the assigned ones recomputes."""
    changed = {name.upper() for name in assigned}
    result = {}
    for column in table.columns:
        if column.computed is None or is_virtual(column):
            continue
        triggers = {name.strip('"').upper() for name in column.compute_on_change}
        if "%%UPDATE" in triggers or changed & triggers:
            result[column.name] = _value(statement, table, column, _changed_source(table, assigned, alias))
    return result


def _changed_source(table: Table, assigned: dict[str, str], alias: str) -> Source:
    """Return a source whose columns are the new values, where there are some."""
    fields = tuple(
        Field(
            column.name,
            assigned.get(column.name, f"{alias}.{quoted(column.storage_name)}"),
            column.type,
            collation_of(column.collation) if column.type.is_text else "EXACT",
            column.nullable,
        )
        for column in table.columns
    )
    return Source(alias, frozenset(), fields, "")


def with_virtual_columns(statement: Statement, table: Table, source: Source) -> Source:
    """Replace the texts of columns that are computed on reading."""
    if not any(is_virtual(column) for column in table.columns):
        return source
    fields = []
    for field in source.fields:
        column = field.column
        text = field.sql
        if column is not None and is_virtual(column):
            text = _value(statement, table, column, source)
        fields.append(Field(field.name, text, field.type, field.collation, field.nullable, column, table))
    return Source(source.alias, source.labels, tuple(fields), source.rendered, source.hidden, table)
