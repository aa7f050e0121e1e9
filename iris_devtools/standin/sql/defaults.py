"""Column defaults and values that columns make themselves, as SQLite text (iris-sql.md 2.4, 8.1)."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import lru_cache

from iris_devtools.standin.catalog.model import Column, Default, Table
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes, numbers
from iris_devtools.standin.sql.compile_values import odbc_text
from iris_devtools.standin.sql.environment import Env, Statement, Value, literal
from iris_devtools.standin.sql.parse_expressions import ExpressionParser
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.scope import Scope
from iris_devtools.standin.sql.values import store
from iris_devtools.standin.types import Code, SqlType

__all__ = ["default_text", "store_spec", "stored_text", "type_of_spec"]

_USER_WORDS = frozenset({"CURRENT_USER", "SESSION_USER", "SYSTEM_USER"})


class _NoCatalog:
    generation = 0

    def find(self, schema: str, name: str) -> Table | None:  # noqa: ARG002 - the catalogue's protocol
        return None


@lru_cache(maxsize=2000)
def default_text(default: Default, sql_type: SqlType, label: str) -> str:
    """Return a SQLite expression for a DEFAULT, in the stored form of its column.

    A default is not checked for type and length (iris-sql.md 2.2): one that does not fit is filed as it is.
    """
    text = default.sql.strip()
    if text.upper() in _USER_WORDS:
        text = "USER"
    reader = Reader(text, location="ServerLoop")
    node = ExpressionParser(reader).expression()
    reader.finish()
    if isinstance(node, (nodes.Text, nodes.Number)):
        plain = node.value if isinstance(node, nodes.Text) else numbers.canonical_text(_exact(node))
        try:
            return literal(store(sql_type, label)(plain))
        except SQLError:
            return literal(plain)
    env = Env(Statement(_NoCatalog(), "SQLUser", (), reader), Scope(), "values")
    value = env.value(node)
    return f"iris_store_default({odbc_text(env, value)}, {store_spec(sql_type, label, 'INSERT')})"


def _exact(node: nodes.Number) -> Decimal:
    return numbers.exact_decimal(node.text) or Decimal(0)


def store_spec(sql_type: SqlType, label: str, verb: str) -> str:
    """Return the literal that tells ``iris_store`` what a column takes."""
    parts = [
        int(sql_type.code),
        sql_type.name,
        sql_type.length,
        sql_type.precision,
        sql_type.scale,
        sql_type.posix,
        sql_type.element,
        sql_type.dimension,
        sql_type.minimum,
        sql_type.maximum,
    ]
    return literal(json.dumps([parts, label, verb]))


def type_of_spec(spec: str) -> tuple[SqlType, str, str]:
    """Read what :func:`store_spec` wrote: type, label and verb."""
    parts, label, verb = json.loads(spec)
    return SqlType(Code(parts[0]), *parts[1:]), label, verb


def stored_text(env: Env, value: Value, column: Column, table: Table, verb: str) -> str:
    """Return a SQLite expression that files ``value`` into a column, validated (iris-sql.md 2.2).

    A bare parameter is converted before it is bound; anything else goes through a function. Nothing is done
    to a value whose type is the column's own.
    """
    sql_type = column.type
    label = f"{table.qualified_name}.{column.name}"
    if value.parameter is not None:
        convert = store(sql_type, label, verb)
        if sql_type.is_vector:
            convert = store(_NEVER, label, verb)
        return env.text(value, convert)
    if value.is_null or (value.type == sql_type and _is_column(value)):
        return value.sql
    if value.type is not None and value.type.is_stream and not sql_type.is_stream:
        raise env.statement.error(-303, f" Field '{column.name}' cannot take a stream")
    if sql_type.is_vector and not (value.type is not None and value.type.is_vector):
        sql_type = _NEVER
    text = value.sql
    if value.type is not None and value.type.is_temporal:
        text = odbc_text(env, value)
    return f"iris_store({text}, {store_spec(sql_type, label, verb)})"


def _is_column(value: Value) -> bool:
    """Tell whether a value is a column as it is stored: an expression may hold more than its type says."""
    field = value.field
    return field is not None and field.column is not None and field.sql == value.sql


_NEVER = SqlType(Code.VARCHAR, "VARCHAR", element="NONE", dimension=-1)
"""A vector type that no text fits: a VECTOR column takes what TO_VECTOR made and nothing else."""
