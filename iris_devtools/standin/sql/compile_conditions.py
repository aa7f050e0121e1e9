"""Translates conditions; collations decide as iris-sql.md 3.2 says."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.coercion import (
    as_text,
    collate,
    common_collation,
    comparable,
    equality,
    is_rowid,
    no_stream,
)
from iris_devtools.standin.sql.environment import Env, Value, condition_of, literal
from iris_devtools.standin.sql.inference import is_wide
from iris_devtools.standin.sql.scope import EXACT, SQLUPPER, Field, Scope, Source
from iris_devtools.standin.types import INTEGER, varchar

__all__: list[str] = []


@condition_of(nodes.Comparison)
def _comparison(env: Env, node: nodes.Comparison) -> str:
    if node.operator == "=":
        return equality(env, env.value(node.left), env.value(node.right))
    left, right, suffix = comparable(env, env.value(node.left), env.value(node.right))
    return f"{left} {node.operator} {right}{suffix}"


@condition_of(nodes.Not)
def _not(env: Env, node: nodes.Not) -> str:
    return f"NOT ({env.condition(node.operand)})"


@condition_of(nodes.And)
def _and(env: Env, node: nodes.And) -> str:
    return " AND ".join(_operand(env, item) for item in node.operands)


@condition_of(nodes.Or)
def _or(env: Env, node: nodes.Or) -> str:
    return " OR ".join(_operand(env, item) for item in node.operands)


def _operand(env: Env, node: nodes.Condition) -> str:
    text = env.condition(node)
    return f"({text})" if isinstance(node, (nodes.And, nodes.Or)) else text


@condition_of(nodes.IsNull)
def _is_null(env: Env, node: nodes.IsNull) -> str:
    return f"{env.text(env.value(node.operand))} IS NULL"


@condition_of(nodes.IsJson)
def _is_json(env: Env, node: nodes.IsJson) -> str:
    return f"iris_is_json({as_text(env, env.value(node.operand))}, {literal(node.kind)})"


@condition_of(nodes.Between)
def _between(env: Env, node: nodes.Between) -> str:
    operand = env.value(node.operand)
    low, high = env.value(node.low), env.value(node.high)
    left, bottom, suffix = comparable(env, operand, low)
    again, top, other = comparable(env, operand, high)
    return f"({left} >= {bottom}{suffix} AND {again} <= {top}{other})"


@condition_of(nodes.InList)
def _in_list(env: Env, node: nodes.InList) -> str:
    operand = env.value(node.operand)
    collation = operand.collation
    pairs = [comparable(env, operand, _collated(env.value(item), collation)) for item in node.items]
    if len({left for left, _, _ in pairs}) == 1 and operand.parameter is None:
        left, _, suffix = pairs[0]
        suffix = next((s for _, _, s in pairs if s), suffix)
        return f"{left}{suffix} IN ({', '.join(right for _, right, _ in pairs)})"
    return "(" + " OR ".join(f"{left} = {right}{suffix}" for left, right, suffix in pairs) + ")"


def _collated(value: Value, collation: str) -> Value:
    """Return a value under the collation of the left side, which decides for IN."""
    return Value(
        value.sql,
        value.type,
        collation,
        value.nullable,
        parameter=value.parameter,
        field=value.field,
        constant=value.constant,
    )


@condition_of(nodes.InQuery)
def _in_query(env: Env, node: nodes.InQuery) -> str:
    operand = env.value(node.operand)
    query = env.query(node.query)
    column = _only_column(env, len(query.columns), query.columns[0].value)
    left, right, suffix = comparable(env, operand, Value("c1", column.type, operand.collation))
    if right == "c1" and is_rowid(column):
        right = "+c1"  # without an affinity, so that an index of the left side serves
    if right == "c1":
        return f"{left}{suffix} IN ({query.sql})"
    return f"{left}{suffix} IN (SELECT {right} FROM ({query.sql}))"


def _only_column(env: Env, count: int, column: Value) -> Value:
    if count != 1:
        raise env.statement.error(-10, " The SELECT list of the subquery must have exactly one item")
    return column


@condition_of(nodes.Quantified)
def _quantified(env: Env, node: nodes.Quantified) -> str:
    operand = env.value(node.left)
    query = env.query(node.query)
    column = _only_column(env, len(query.columns), query.columns[0].value)
    left, right, suffix = comparable(env, operand, Value("q.c1", column.type, column.collation))
    # x op ALL holds unless some row fails or is unknown; x op ANY as soon as one row holds
    test = f"{left} {node.operator} {right}{suffix}"
    rows = f"SELECT ({test}) AS c1 FROM ({query.sql}) AS q"
    if node.every:
        unless = "WHEN COUNT(*) = 0 THEN 1 WHEN MIN(c1) = 0 THEN 0 WHEN COUNT(c1) < COUNT(*) THEN NULL"
        return f"(SELECT CASE {unless} ELSE 1 END FROM ({rows}))"
    return (
        f"(SELECT CASE WHEN MAX(c1) = 1 THEN 1 WHEN COUNT(c1) < COUNT(*) THEN NULL ELSE 0 END FROM ({rows}))"
    )


@condition_of(nodes.Exists)
def _exists(env: Env, node: nodes.Exists) -> str:
    return f"EXISTS ({env.query(node.query).sql})"


@condition_of(nodes.ForSomeElement)
def _for_some_element(env: Env, node: nodes.ForSomeElement) -> str:
    """Search the elements of a list, which compare as the list's own column does."""
    if env.clause in ("having", "on"):
        raise env.statement.error(-1, " FOR SOME %ELEMENT is not allowed here")
    value = env.value(node.operand)
    alias = env.statement.alias()
    labels = frozenset() if node.alias is None else frozenset({(node.alias.upper(),)})
    columns = {
        "%VALUE": Field("%VALUE", f"{alias}.value", varchar(), value.collation),
        "%KEY": Field("%KEY", f"({alias}.key + 1)", INTEGER, nullable=False),
    }
    scope = Scope(env.scope)
    scope.sources.append(Source(alias, labels, (), "", columns))
    condition = Env(env.statement, scope, "where", env.ctes).condition(node.condition)
    return f"EXISTS (SELECT 1 FROM json_each(iris_list_json({env.text(value)})) AS {alias} WHERE {condition})"


@condition_of(nodes.Like)
def _like(env: Env, node: nodes.Like) -> str:
    operand, pattern = env.value(node.operand), env.value(node.pattern)
    collation = common_collation(operand, pattern)
    function = {EXACT: "iris_like", SQLUPPER: "iris_like_upper"}.get(collation, "iris_like_string")
    texts = [as_text(env, operand), as_text(env, pattern)]
    if node.escape is not None:
        texts.append(as_text(env, env.value(node.escape)))
    return f"{function}({', '.join(texts)})"


@condition_of(nodes.Contains)
def _contains(env: Env, node: nodes.Contains) -> str:
    left, right = env.value(node.left), env.value(node.right)
    no_stream(env, left, -313)
    if node.operator == "%INLIST":
        return f"iris_inlist({as_text(env, left)}, {env.text(right)}, {literal(left.collation)})"
    collation = common_collation(left, right)
    a, b = as_text(env, left), as_text(env, right)
    if node.operator == "[":
        return f"INSTR({a}, {b}) > 0"
    if node.operator == "]":
        if is_wide(left.type):
            return f"iris_key({env.text(left)}) > iris_key({env.text(right)})"
        return f"{a} > {b}{collate(collation)}"
    if node.operator == "%STARTSWITH":
        upper = 1 if collation == SQLUPPER else 0
        return f"iris_startswith({a}, {b}, {upper})"
    if node.operator == "%MATCHES":
        escape = as_text(env, env.value(node.escape)) if node.escape is not None else "'\\'"
        return f"iris_matches({a}, {b}, {escape})"
    return f"iris_pattern({a}, {b})"
