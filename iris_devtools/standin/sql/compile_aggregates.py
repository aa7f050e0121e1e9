"""Translates aggregates and window functions (iris-sql.md 5, 6.5)."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.coercion import as_number, as_text, no_stream, number_type, sort_key
from iris_devtools.standin.sql.environment import UNKNOWN_NUMBER, Env, Value, value_of
from iris_devtools.standin.sql.inference import is_wide
from iris_devtools.standin.sql.scope import EXACT, SQLUPPER, Scope
from iris_devtools.standin.types import BIGINT, DOUBLE, INTEGER, Code, SqlType, numeric, varchar

__all__: list[str] = []

_WITHOUT_AGGREGATES = {"where": -19, "group": -19, "on": -19, "set": -19, "values": -19}
_WITHOUT_WINDOWS = ("where", "group", "having", "on", "set", "values", "aggregate")
_RANKING = {
    "ROW_NUMBER": BIGINT,
    "RANK": BIGINT,
    "DENSE_RANK": BIGINT,
    "NTILE": BIGINT,
    "PERCENT_RANK": DOUBLE,
    "CUME_DIST": DOUBLE,
}
_VALUE_FUNCTIONS = {"FIRST_VALUE": 1, "LAST_VALUE": 1, "NTH_VALUE": 2, "LAG": 3, "LEAD": 3}
_STATISTICS = {
    "STDDEV": "iris_stddev",
    "STDDEV_SAMP": "iris_stddev",
    "STDDEV_POP": "iris_stddev_pop",
    "VARIANCE": "iris_variance",
    "VAR_SAMP": "iris_variance",
    "VAR_POP": "iris_variance_pop",
}


@value_of(nodes.Aggregate)
def _aggregate(env: Env, node: nodes.Aggregate) -> Value:
    if env.clause in _WITHOUT_AGGREGATES:
        raise env.statement.error(
            _WITHOUT_AGGREGATES[env.clause],
            " An aggregate function cannot be used in a WHERE or GROUP BY clause",
        )
    if env.clause == "aggregate":
        raise env.statement.error(-1, " An aggregate function cannot be used inside another one")
    if env.overall is not None:
        return _overall(env, env.overall, node)
    return _call(env, node)


def _overall(env: Env, select: nodes.Select, node: nodes.Aggregate) -> Value:
    """Return an aggregate over all rows of a select that shows its rows one by one."""
    alone = nodes.Select((nodes.SelectItem(node),), source=select.source, where=select.where)
    outside = Env(env.statement, env.scope.parent or Scope(), ctes=env.ctes)
    query = outside.query(nodes.Query(alone))
    column = query.columns[0].value
    return Value(f"({query.sql})", column.type, column.collation, column.nullable)


def _call(env: Env, node: nodes.Aggregate) -> Value:
    if node.argument is None:
        return Value("COUNT(*)", BIGINT, nullable=False)
    value = env.within("aggregate").value(node.argument)
    if not (node.name == "COUNT" and not node.distinct):
        no_stream(env, value)
    distinct = "DISTINCT " if node.distinct else ""
    name = node.name
    if name in ("COUNT", "APPROX_COUNT_DISTINCT"):
        if name != "COUNT":
            distinct = "DISTINCT "
        text = sort_key(env, value) if distinct else env.text(value)
        return Value(f"COUNT({distinct}{text})", BIGINT, nullable=False)
    if name in ("MIN", "MAX"):
        return _extreme(env, name, value)
    if name == "SUM":
        return _sum(env, value, distinct)
    if name == "AVG":
        if value.type == DOUBLE:
            return Value(f"AVG({distinct}{value.sql})", DOUBLE)
        return Value(f"iris_avg({distinct}{as_number(env, value)})", UNKNOWN_NUMBER)
    if name in _STATISTICS:
        sql_type = DOUBLE if value.type == DOUBLE else UNKNOWN_NUMBER
        return Value(f"{_STATISTICS[name]}({distinct}{as_number(env, value)})", sql_type)
    if name == "LIST":
        return Value(f"iris_list({distinct}{as_text(env, value)})", varchar())
    if name == "%DLIST":
        return Value(f"iris_encoded_list({distinct}{env.text(value)})", varchar())
    if name == "XMLAGG":
        return Value(f"iris_concatenated({distinct}{as_text(env, value)})", varchar())
    if name == "JSON_ARRAYAGG":
        return Value(f"iris_json_array_agg({distinct}{env.text(value)})", varchar(8192))
    raise env.statement.error(-1, f" Aggregate {name} is not supported")


def _extreme(env: Env, name: str, value: Value) -> Value:
    text = env.text(value)
    if is_wide(value.type):
        return Value(f"iris_{name.lower()}({text})", value.type)
    if value.type is not None and value.type.is_text:
        if value.collation == SQLUPPER and not value.explicit:
            return Value(f"{name}(iris_upper({text}))", value.type, SQLUPPER)
        return Value(f"{name}({text} COLLATE BINARY)", value.type, EXACT, explicit=value.explicit)
    return Value(f"{name}({text})", value.type)


def _sum(env: Env, value: Value, distinct: str) -> Value:
    text = as_number(env, value)
    sql_type = number_type(value)
    if sql_type.is_integer or sql_type.code is Code.BIT:
        result: SqlType = BIGINT if sql_type.code is Code.BIGINT else INTEGER
        return Value(f"SUM({distinct}{text})", result)
    if sql_type.code is Code.DOUBLE:
        return Value(f"SUM({distinct}{text})", DOUBLE)
    scale = sql_type.scale or 0
    if value.type is None or value.type.is_text:
        scale = 0
    return Value(f"iris_sum({distinct}{text})", numeric(18, scale))


# -- windows ---------------------------------------------------------------------------------------


@value_of(nodes.Window)
def _window(env: Env, node: nodes.Window) -> Value:
    if env.clause in _WITHOUT_WINDOWS:
        raise env.statement.error(-367, " A window function is not allowed here")
    inner = Env(env.statement, env.scope, "window", env.ctes)
    partition = ", ".join(sort_key(inner, inner.value(item)) for item in node.partition)
    order = ", ".join(
        sort_key(inner, inner.value(item.expression)) + (" DESC" if item.descending else "")
        for item in node.order
    )
    parts = []
    if partition:
        parts.append(f"PARTITION BY {partition}")
    if order:
        parts.append(f"ORDER BY {order}")
    if isinstance(node.function, nodes.Aggregate):
        if node.function.distinct:
            raise env.statement.error(-1, " DISTINCT is not supported in a window function")
        value = _call(inner, node.function)
        parts.append(_frame(inner, node.frame) or "ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW")
    else:
        value = _window_function(inner, node.function)
        if node.frame is not None:
            parts.append(_frame(inner, node.frame))
    return Value(f"{value.sql} OVER ({' '.join(parts)})", value.type, value.collation, value.nullable)


def _window_function(env: Env, node: nodes.Function) -> Value:
    name = node.name
    count = len(node.arguments)
    if name in _RANKING:
        if count != (1 if name == "NTILE" else 0):
            raise env.statement.error(-1, f" Wrong number of arguments for {name}", node.position)
        arguments = ", ".join(as_number(env, env.value(item)) for item in node.arguments)
        return Value(f"{name}({arguments})", _RANKING[name], nullable=False)
    if name not in _VALUE_FUNCTIONS:
        raise env.statement.error(-1, f" {name} is not a window function", node.position)
    if not 1 <= count <= _VALUE_FUNCTIONS[name]:
        raise env.statement.error(-1, f" Wrong number of arguments for {name}", node.position)
    value = env.value(node.arguments[0])
    no_stream(env, value)
    rest = [as_number(env, env.value(item)) for item in node.arguments[1:2]]
    rest += [env.text(env.value(item)) for item in node.arguments[2:]]
    text = ", ".join([env.text(value), *rest])
    return Value(f"{name}({text})", value.type, value.collation)


def _frame(env: Env, frame: nodes.Frame | None) -> str:
    if frame is None:
        return ""
    bounds = []
    for bound, rows in ((frame.start, frame.start_rows), (frame.end, frame.end_rows)):
        text = bound
        if rows is not None:
            text = bound.replace("ROWS", as_number(env, env.value(rows)))
        bounds.append(text)
    return f"ROWS BETWEEN {bounds[0]} AND {bounds[1]}"
