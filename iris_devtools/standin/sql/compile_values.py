"""Translates values: columns, literals, parameters, arithmetic, CASE, CAST, collations, subqueries."""

from __future__ import annotations

from collections.abc import Sequence

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes, numbers
from iris_devtools.standin.sql.coercion import (
    as_number,
    as_text,
    coerced,
    comparable,
    no_stream,
    number_type,
    timestamp_text,
)
from iris_devtools.standin.sql.environment import UNKNOWN_NUMBER, Env, Value, literal, value_of
from iris_devtools.standin.sql.inference import arithmetic, by_name, highest, is_wide
from iris_devtools.standin.sql.scope import EXACT, SQLSTRING, SQLUPPER, Ambiguous
from iris_devtools.standin.types import BIGINT, DATE, DOUBLE, INTEGER, TIME, Code, SqlType, numeric, varchar

__all__ = ["cast", "merged", "odbc_text", "resolve", "unknown_field"]

_NATIVE = (Code.BIT, Code.TINYINT, Code.SMALLINT, Code.INTEGER, Code.DATE)
_FUNCTIONS = {
    "+": "iris_add",
    "-": "iris_subtract",
    "*": "iris_multiply",
    "/": "iris_divide",
    "\\": "iris_quotient",
}


def resolve(env: Env, name: nodes.Name) -> Value:
    """Return the column that a name means; raises -23, -27 or -29 (iris-sql.md 11)."""
    statement = env.statement
    try:
        field = env.scope.find(name.parts)
    except Ambiguous:
        shown = name.parts[-1].upper()
        raise statement.error(
            -27, f" Field '{shown}' is ambiguous among the applicable tables", name.position
        ) from None
    if field is None:
        raise unknown_field(env, name)
    return Value(field.sql, field.type, field.collation, field.nullable, field=field)


def unknown_field(env: Env, name: nodes.Name) -> SQLError:
    """Return -23 for an unknown qualifier, else -29."""
    qualifier = name.parts[:-1]
    if qualifier and not env.scope.labelled(qualifier):
        label = ".".join(qualifier).upper()
        return env.statement.error(
            -23, f" Label '{label}' is not listed among the applicable tables", name.position
        )
    shown = ".".join(name.parts).upper()
    return env.statement.error(-29, f" Field '{shown}' not found in the applicable tables", name.position)


@value_of(nodes.Name)
def _name(env: Env, node: nodes.Name) -> Value:
    return resolve(env, node)


@value_of(nodes.Star)
def _star(env: Env, node: nodes.Star) -> Value:
    raise env.statement.error(-12, " A term expected, * found", node.position)


@value_of(nodes.Parameter)
def _parameter(env: Env, node: nodes.Parameter) -> Value:
    if env.statement.views:
        raise env.statement.error(-148, " Parameters are not allowed in a view")
    return env.parameter(node.number)


@value_of(nodes.Text)
def _text(_env: Env, node: nodes.Text) -> Value:
    return Value(literal(node.value), varchar(max(len(node.value), 1)), nullable=False, constant=True)


@value_of(nodes.Number)
def _number(env: Env, node: nodes.Number) -> Value:
    exact = numbers.exact_decimal(node.text)
    if exact is None:
        raise env.statement.error(-7, f" Exponent out of range in {node.text}")
    kept = numbers.fit(exact)
    stored = numbers.stored(kept)
    if isinstance(stored, int):
        sql_type = INTEGER if abs(stored) < 2**31 else BIGINT
    else:
        digits = kept.normalize().as_tuple()
        scale = -digits.exponent if isinstance(digits.exponent, int) and digits.exponent < 0 else 0
        sql_type = numeric(max(len(digits.digits), scale, 1), scale)
    return Value(literal(stored), sql_type, nullable=False, constant=True)


@value_of(nodes.Null)
def _null(_env: Env, _node: nodes.Null) -> Value:
    return Value("NULL", None)


@value_of(nodes.Unary)
def _unary(env: Env, node: nodes.Unary) -> Value:
    value = env.value(node.operand)
    sql_type = number_type(value)
    text = as_number(env, value)
    if sql_type.is_integer or sql_type.code in (Code.BIT, Code.DOUBLE):
        return Value(f"(- {text})", sql_type, nullable=value.nullable, constant=value.constant)
    return Value(f"iris_subtract(0, {text})", sql_type, nullable=value.nullable, constant=value.constant)


@value_of(nodes.Binary)
def _binary(env: Env, node: nodes.Binary) -> Value:
    left, right = env.value(node.left), env.value(node.right)
    if node.operator == "||":
        no_stream(env, left)
        no_stream(env, right)
        text = f"({as_text(env, left)} || {as_text(env, right)})"
        return Value(text, varchar(_joined_length(left, right)), nullable=left.nullable or right.nullable)
    return _arithmetic(env, node.operator, left, right)


def _joined_length(left: Value, right: Value) -> int | None:
    lengths = [v.type.length if v.type is not None and v.type.is_text else None for v in (left, right)]
    return None if None in lengths else sum(n for n in lengths if n is not None)


def _arithmetic(env: Env, operator: str, left: Value, right: Value) -> Value:
    kinds = _operand_types(left, right)
    a, b = as_number(env, left), as_number(env, right)
    nullable = left.nullable or right.nullable
    sql_type = arithmetic(operator, *kinds)
    known = left.type is not None and right.type is not None
    if operator == "#":
        return Value(f"iris_modulo({a}, {b})", sql_type, nullable=nullable)
    if operator in ("+", "-", "*") and known:
        if all(kind.code in _NATIVE for kind in kinds):
            return Value(f"({a} {operator} {b})", sql_type, nullable=nullable)
        if sql_type is DOUBLE and not any(is_wide(kind) for kind in kinds):
            return Value(f"({a} {operator} {b})", sql_type, nullable=nullable)
    function = _FUNCTIONS[operator]
    if sql_type is DOUBLE:
        function += "_double"
    return Value(f"{function}({a}, {b})", sql_type, nullable=nullable)


def _operand_types(left: Value, right: Value) -> tuple[SqlType, SqlType]:
    """Return both operands' types; a parameter of the caller's takes after the other side."""
    a, b = number_type(left), number_type(right)
    if left.type is None and right.type is not None:
        a = b
    if right.type is None and left.type is not None:
        b = a
    return a, b


@value_of(nodes.Case)
def _case(env: Env, node: nodes.Case) -> Value:
    results = [env.value(result) for _, result in node.branches]
    if node.default is not None:
        results.append(env.value(node.default))
    sql_type = highest(r.type for r in results)
    operand = None if node.operand is None else env.value(node.operand)
    parts = ["CASE"]
    for (when, _), result in zip(node.branches, results, strict=False):
        if operand is None:
            assert isinstance(when, nodes.Condition)
            condition = env.condition(when)
        else:
            assert isinstance(when, nodes.Expression)
            left, right, suffix = comparable(env, operand, env.value(when))
            condition = f"{left} = {right}{suffix}"
        parts.append(f"WHEN {condition} THEN {coerced(env, result, sql_type)}")
    if node.default is not None:
        parts.append(f"ELSE {coerced(env, results[-1], sql_type)}")
    parts.append("END")
    nullable = node.default is None or any(r.nullable for r in results)
    return Value(f"({' '.join(parts)})", sql_type, nullable=nullable)


@value_of(nodes.Collate)
def _collate(env: Env, node: nodes.Collate) -> Value:
    value = env.value(node.operand)
    no_stream(env, value)
    name = node.name
    if name == "%PLUS":
        return Value(as_number(env, value), number_type(value), nullable=value.nullable)
    if name == "%MINUS":
        return Value(f"iris_subtract(0, {as_number(env, value)})", UNKNOWN_NUMBER, nullable=value.nullable)
    if name == "%EXACT":
        return Value(env.text(value), value.type, EXACT, value.nullable, explicit=True, field=value.field)
    text = as_text(env, value)
    if name == "%TRUNCATE":
        cut = f"SUBSTR({text}, 1, {node.length})" if node.length is not None else text
        return Value(cut, varchar(node.length), EXACT, value.nullable, explicit=True)
    collation = SQLSTRING if name in ("%SQLSTRING", "%STRING") else SQLUPPER
    length = "NULL" if node.length is None else str(node.length)
    function = "iris_sqlstring" if collation == SQLSTRING else "iris_sqlupper"
    return Value(f"{function}({text}, {length})", varchar(), EXACT, nullable=False, explicit=True)


@value_of(nodes.ScalarQuery)
def _scalar_query(env: Env, node: nodes.ScalarQuery) -> Value:
    query = env.query(node.query)
    if len(query.columns) != 1:
        raise env.statement.error(-10, " The SELECT list of the subquery must have exactly one item")
    column = query.columns[0].value
    return Value(f"({query.sql})", column.type, column.collation, explicit=column.explicit)


# -- CAST ------------------------------------------------------------------------------------------


@value_of(nodes.Cast)
def _cast(env: Env, node: nodes.Cast) -> Value:
    target = by_name(node.type.name, node.type.arguments)
    if target is None:
        raise env.statement.error(-376, f" CAST to {node.type.name} is not supported")
    value = env.value(node.operand)
    if node.style is not None:
        return _styled(env, value, target, env.value(node.style))
    if value.type is not None and value.type.is_stream and not node.convert:
        no_stream(env, value)
    return cast(env, value, target, rounds=bool(node.type.arguments))


def _styled(env: Env, value: Value, target: SqlType, style: Value) -> Value:
    kind = "" if value.type is None else value.type.name
    text = f"iris_convert({env.text(value)}, {literal(kind)}, {literal(target.name)}, {env.text(style)})"
    if target.is_text and target.length is not None:
        text = f"SUBSTR({text}, 1, {target.length})"
    return Value(text, target)


def cast(env: Env, value: Value, target: SqlType, *, rounds: bool = False) -> Value:
    """Convert a value as CAST does: it cuts, rounds or falls back, and hardly fails (iris-sql.md 6.4)."""
    nullable = value.nullable
    code = target.code
    if value.is_null:
        return Value("NULL", target)
    if code in (Code.VARCHAR, Code.LONGVARCHAR, Code.GUID):
        text = _odbc_text(env, value)
        if target.length is not None and code is Code.VARCHAR and not _fits(value, target.length):
            text = f"iris_cut({text}, {target.length})"
        return Value(text, target, nullable=nullable)
    if target.is_binary:
        length = "NULL" if target.length is None else str(target.length)
        return Value(f"iris_bytes({env.text(value)}, {length})", target, nullable=nullable)
    if code is Code.DATE:
        return Value(
            f"iris_cast_date({env.text(value)})" if value.type != DATE else value.sql,
            target,
            nullable=nullable,
        )
    if code is Code.TIME:
        return Value(
            f"iris_cast_time({env.text(value)})" if value.type != TIME else value.sql,
            target,
            nullable=nullable,
        )
    if code is Code.TIMESTAMP:
        text = timestamp_text(env, value)
        if target.posix:
            text = f"iris_posix({text})"
        return Value(text, target, nullable=nullable)
    text = as_number(env, value)
    if code is Code.DOUBLE:
        return Value(f"CAST({text} AS REAL)", target, nullable=nullable)
    if code is Code.NUMERIC:
        if rounds:
            return Value(f"iris_round({text}, {target.scale or 0})", target, nullable=nullable)
        return Value(f"iris_truncate({text}, 0)", target, nullable=nullable)
    if code is Code.BIT:
        return Value(f"({text} <> 0)", target, nullable=nullable)
    if value.type is not None and value.type.is_integer and value.parameter is None:
        return Value(text, target, nullable=nullable)
    return Value(f"iris_truncate({text}, 0)", target, nullable=nullable)


def _fits(value: Value, length: int) -> bool:
    sql_type = value.type
    if sql_type is None or value.parameter is not None:
        return False
    if sql_type.is_text:
        return sql_type.length is not None and sql_type.length <= length
    return sql_type.is_integer and (sql_type.precision or 19) < length


def _odbc_text(env: Env, value: Value) -> str:
    """Return a value as the text that a client would see: dates in ISO form."""
    if value.type == DATE:
        return f"iris_date_text({env.text(value)})"
    if value.type == TIME:
        return f"iris_time_text({env.text(value)})"
    if value.type is not None and value.type.code is Code.TIMESTAMP and value.type.posix:
        return f"iris_timestamp_of_posix({env.text(value)})"
    return as_text(env, value)


def odbc_text(env: Env, value: Value) -> str:
    """Return a value as the text that a client would see: dates in ISO form."""
    return _odbc_text(env, value)


# -- lists -----------------------------------------------------------------------------------------


def merged(env: Env, items: Sequence[Value]) -> tuple[SqlType | None, list[str]]:
    """Return the common type of values and the text of each in that type."""
    sql_type = highest(v.type for v in items)
    return sql_type, [coerced(env, v, sql_type) for v in items]
