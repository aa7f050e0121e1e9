"""Translates queries: select lists, grouping, set operations, ordering and limits (iris-sql.md 5)."""

from __future__ import annotations

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes, values
from iris_devtools.standin.sql.coercion import as_text, coerced, grouping, sort_key
from iris_devtools.standin.sql.compile_sources import compile_source
from iris_devtools.standin.sql.environment import Env, OutColumn, QueryText, Value, query_of
from iris_devtools.standin.sql.inference import highest_of_union, is_wide
from iris_devtools.standin.sql.scope import EXACT, SQLUPPER, Ambiguous, Scope
from iris_devtools.standin.sql.translation import Convert
from iris_devtools.standin.values import Scalar

__all__ = ["compile_query"]

_AUTOMATIC = {
    nodes.Aggregate: "Aggregate",
    nodes.Window: "Window",
    nodes.ScalarQuery: "Subquery",
    nodes.Parameter: "HostVar",
    nodes.Text: "Literal",
    nodes.Number: "Literal",
}


@query_of
def compile_query(env: Env, query: nodes.Query) -> QueryText:
    """Translate a query whose outer scope is that of ``env``."""
    if query.ctes:
        known = dict(env.ctes)
        for cte in query.ctes:
            known[cte.name.upper()] = (cte, Env(env.statement, Scope(), ctes=dict(known)))
        env = Env(env.statement, env.scope, ctes=known)
    limits = _limits(env, query)
    if isinstance(query.body, nodes.Compound):
        return _ordered_compound(env, query, query.body, limits)
    return _select(env, query, query.body, limits)


# -- limits ----------------------------------------------------------------------------------------


def _limits(env: Env, query: nodes.Query) -> str:
    limit = query.limit
    if isinstance(query.body, nodes.Select) and query.body.top is not None:
        limit = query.body.top
    if limit is None and query.offset is None:
        return ""
    text = f" LIMIT {'-1' if limit is None else _count(env, limit)}"
    return text if query.offset is None else f"{text} OFFSET {_count(env, query.offset)}"


def _count(env: Env, node: nodes.Expression) -> str:
    if isinstance(node, nodes.Parameter):
        return env.text(env.value(node), _row_count)
    if isinstance(node, nodes.Number):
        return str(_row_count(node.text))
    raise env.statement.error(-1, " LITERAL expected")


def _row_count(value: Scalar) -> Scalar:
    """Return a number of rows: fractions are cut, negative and non-numeric ones count as 0."""
    number = values.integer_literal(value) if isinstance(value, str) else value
    if number is None or isinstance(number, (str, bytes)):
        return 0
    return max(int(number), 0)


# -- one SELECT ------------------------------------------------------------------------------------


def _select(env: Env, query: nodes.Query, select: nodes.Select, limits: str) -> QueryText:
    inner = Env(env.statement, Scope(env.scope), ctes=env.ctes)
    render = compile_source(inner, select.source) if select.source is not None else None
    conditions = []
    if select.where is not None:
        conditions.append(inner.within("where").condition(select.where))
    groups = [_group(inner.within("group"), item, select) for item in select.group_by]
    if _shows_rows_beside_aggregates(inner, query, select):
        inner = Env(env.statement, inner.scope, "select", env.ctes, overall=select)
    having = None
    if select.having is not None:
        having = inner.within("having").condition(select.having)
        if inner.overall is not None or not (groups or _has_aggregate(select.having, *select.items)):
            conditions.append(having)
            having = None
    columns = _columns(inner, select)
    order = _order(inner, query, columns)
    distinct = "DISTINCT " if select.distinct and not select.distinct_by else ""
    shown = [_shown(inner, column, select, groups) for column in columns]
    text = f"SELECT {distinct}" + ", ".join(f"{sql} AS c{n}" for n, sql in enumerate(shown, 1))
    if render is not None:
        text += f" FROM {render()}"
    if conditions:
        text += " WHERE " + (
            conditions[0] if len(conditions) == 1 else " AND ".join(f"({c})" for c in conditions)
        )
    keys = [sort_key(inner, group) for group in groups]
    keys += [sort_key(inner, inner.within("group").value(item)) for item in select.distinct_by]
    if keys:
        # a constant would be taken for a column's position; GROUP BY 2 means one group
        text += " GROUP BY " + ", ".join(
            f"({key})||''" if group is not None and group.constant else key
            for key, group in zip(keys, [*groups, *([None] * len(select.distinct_by))], strict=True)
        )
    if having is not None:
        text += f" HAVING {having}"
    return QueryText(text + order + limits, tuple(columns))


def _group(env: Env, node: nodes.Expression, select: nodes.Select) -> Value:
    """Return an item of GROUP BY; an alias serves where no column has that name (iris-sql.md 5)."""
    if isinstance(node, nodes.Name) and len(node.parts) == 1 and env.scope.find(node.parts) is None:
        for item in select.items:
            if item.alias is not None and item.alias.upper() == node.parts[0].upper():
                return env.value(item.expression)
    return env.value(node)


def _has_aggregate(*parts: nodes.Node | None) -> bool:
    return any(_bare_aggregates(part) for part in parts if part is not None)


def _bare_aggregates(node: nodes.Node) -> bool:
    """Tell whether a tree holds an aggregate that is not a window function's."""
    windowed = {id(item.function) for item in nodes.walk(node) if isinstance(item, nodes.Window)}
    return any(isinstance(item, nodes.Aggregate) and id(item) not in windowed for item in nodes.walk(node))


def _shows_rows_beside_aggregates(env: Env, query: nodes.Query, select: nodes.Select) -> bool:
    """Tell whether columns stand beside aggregates without GROUP BY: each row is shown (iris-sql.md 5)."""
    if select.group_by or select.source is None:
        return False
    parts: list[nodes.Node] = list(select.items)
    if select.having is not None:
        parts.append(select.having)
    if not _has_aggregate(*parts, *(item.expression for item in query.order)):
        return False
    return any(_own_column(env, part) for part in select.items)


def _own_column(env: Env, node: object) -> bool:
    """Tell whether a tree names a column of this very query outside its aggregates."""
    if isinstance(node, nodes.Aggregate):
        return False
    if isinstance(node, nodes.Star):
        return True
    if isinstance(node, nodes.Name):
        *qualifier, name = (part.upper() for part in node.parts)
        try:
            return env.scope.find_here(tuple(qualifier), name) is not None
        except Ambiguous:
            return True
    if isinstance(node, nodes.Query):
        return False
    if isinstance(node, nodes.Node):
        return any(_own_column(env, getattr(node, name)) for name in node.__dataclass_fields__)
    return isinstance(node, tuple) and any(_own_column(env, item) for item in node)


def _columns(env: Env, select: nodes.Select) -> list[OutColumn]:
    columns: list[OutColumn] = []
    for item in select.items:
        if isinstance(item.expression, nodes.Star):
            columns += _star(env, item.expression)
        else:
            value = env.value(item.expression)
            name = item.alias or _name(item.expression, value, len(columns) + 1)
            columns.append(OutColumn(name, value, aliased=item.alias is not None))
    return columns


def _star(env: Env, star: nodes.Star) -> list[OutColumn]:
    sources = env.scope.sources if not star.qualifier else env.scope.labelled(star.qualifier)
    if not sources:
        label = ".".join(star.qualifier).upper()
        text = f" Label '{label}' is not listed among the applicable tables" if label else " FROM expected"
        raise env.statement.error(-23 if label else -1, text, star.position)
    merged = {} if star.qualifier else env.scope.merged
    return [
        OutColumn(field.name, Value(field.sql, field.type, field.collation, field.nullable, field=field))
        for field in (
            [*merged.values(), *(f for s in sources for f in s.fields if f.name.upper() not in merged)]
        )
    ]


def _name(node: nodes.Expression, value: Value, number: int) -> str:
    """Return a column's own name in the case of its definition, or an automatic one."""
    if isinstance(node, nodes.Collate) and isinstance(node.operand, nodes.Name):
        node = node.operand
    if isinstance(node, nodes.Name):
        return value.field.name if value.field is not None else node.parts[-1]
    return f"{_AUTOMATIC.get(type(node), 'Expression')}_{number}"


def _grouped(column: Value, groups: list[Value]) -> bool:
    return column.field is not None and any(group.sql == column.sql for group in groups)


def _shown(env: Env, column: OutColumn, select: nodes.Select, groups: list[Value]) -> str:
    value = column.value
    if value.parameter is not None:
        if value.type is None:
            return env.text(value, values.tagged)
        return env.text(value)
    if (select.distinct and not select.distinct_by) or _grouped(value, [g for g in groups if not g.explicit]):
        if is_wide(value.type) and select.distinct:
            return f"iris_canonical({value.sql})"
        return grouping(env, value)
    return env.text(value)


# -- ORDER BY --------------------------------------------------------------------------------------


def _order(env: Env, query: nodes.Query, columns: list[OutColumn]) -> str:
    terms = []
    for item in query.order:
        keys = _order_keys(env, item.expression, columns)
        terms += [key + (" DESC" if item.descending else "") for key in keys]
    return f" ORDER BY {', '.join(terms)}" if terms else ""


def _order_keys(env: Env, node: nodes.Expression, columns: list[OutColumn]) -> list[str]:
    """Return the keys of one item of ORDER BY: none for what IRIS ignores, several for a lifted position."""
    if isinstance(node, nodes.Number):
        return [_positioned(env, node.text, columns)]
    if isinstance(node, nodes.Parameter):
        return _lifted_positions(env, node, columns)
    if isinstance(node, (nodes.Text, nodes.ScalarQuery, nodes.Null)):
        return []
    if isinstance(node, nodes.Name) and len(node.parts) == 1:
        wanted = node.parts[0].upper()
        found = [n for n, c in enumerate(columns, 1) if c.aliased and c.name.upper() == wanted]
        if len({columns[n - 1].value.sql for n in found}) > 1:
            raise env.statement.error(-24, f" Ambiguous sort column '{wanted}'", node.position)
        if found:
            return [_output_key(env, found[0], columns)]
    value = env.within("order").value(node)
    if value.type is not None and value.type.is_stream:
        raise env.statement.error(-72, " A stream field cannot be sorted")
    return [sort_key(env, value)]


def _positioned(env: Env, text: str, columns: list[OutColumn]) -> str:
    if not text.isdigit() or not 1 <= int(text) <= len(columns):
        raise env.statement.error(-5, f" Column number {text} does not match the SELECT list")
    return _output_key(env, int(text), columns)


def _lifted_positions(env: Env, node: nodes.Parameter, columns: list[OutColumn]) -> list[str]:
    """Sort by a position that the driver lifted out of the text: it is only known when the query runs."""
    if env.statement.marker(node.number) != 10:
        return []
    count = len(columns)
    position = _position_within(count)
    # the value decides between the columns one by one, so that each keeps its own collation
    terms = []
    for number in range(1, count + 1):
        key = _output_key(env, number, columns, inline=True)
        text, _, collation = key.partition(" COLLATE ")
        chosen = env.text(env.value(node), position)
        terms.append(
            f"CASE WHEN {chosen} = {number} THEN {text} END" + (f" COLLATE {collation}" if collation else "")
        )
    return terms


def _position_within(count: int) -> Convert:
    def convert(value: Scalar) -> Scalar:
        number = values.integer_literal(value)
        if not isinstance(number, int) or not 1 <= number <= count:
            raise SQLError(
                -5, f" Column number {number!r} does not match the SELECT list", location="Prepare"
            )
        return number

    return convert


def _output_key(env: Env, number: int, columns: list[OutColumn], *, inline: bool = False) -> str:
    value = columns[number - 1].value
    if value.type is not None and value.type.is_stream:
        raise env.statement.error(-72, " A stream field cannot be sorted")
    if inline:
        return sort_key(env, value)
    return sort_key(env, Value(f"c{number}", value.type, value.collation))


# -- set operations --------------------------------------------------------------------------------


def _ordered_compound(env: Env, query: nodes.Query, compound: nodes.Compound, limits: str) -> QueryText:
    text = _compound(env, compound)
    if not query.order and not limits:
        return text
    terms = []
    for item in query.order:
        keys = _compound_keys(env, item.expression, text.columns)
        terms += [key + (" DESC" if item.descending else "") for key in keys]
    order = f" ORDER BY {', '.join(terms)}" if terms else ""
    names = ", ".join(f"c{n}" for n in range(1, len(text.columns) + 1))
    return QueryText(f"SELECT {names} FROM ({text.sql}){order}{limits}", text.columns)


def _compound_keys(env: Env, node: nodes.Expression, columns: tuple[OutColumn, ...]) -> list[str]:
    listed = list(columns)
    if isinstance(node, nodes.Number):
        return [_positioned(env, node.text, listed)]
    if isinstance(node, nodes.Parameter):
        return _lifted_outside(env, node, listed)
    if isinstance(node, nodes.Collate) and isinstance(node.operand, nodes.Name):
        node = node.operand
    if isinstance(node, nodes.Name):
        wanted = node.parts[-1].upper()
        for number, column in enumerate(columns, 1):
            if column.name.upper() == wanted:
                return [_output_key(env, number, listed)]
    raise env.statement.error(-6, " ORDER BY of a UNION takes positions and names of the result only")


def _lifted_outside(env: Env, node: nodes.Parameter, columns: list[OutColumn]) -> list[str]:
    own = [
        OutColumn(c.name, Value(f"c{n}", c.value.type, c.value.collation)) for n, c in enumerate(columns, 1)
    ]
    return _lifted_positions(env, node, own)


def _compound(env: Env, compound: nodes.Compound) -> QueryText:
    left, right = env.query(compound.left), env.query(compound.right)
    if len(left.columns) != len(right.columns):
        raise env.statement.error(-9, " Incompatible SELECT lists used in UNION/INTERSECT/EXCEPT")
    distinct = compound.operator != "UNION ALL"
    columns, lists = [], ([], [])  # type: tuple[list[OutColumn], tuple[list[str], list[str]]]
    for number, (one, two) in enumerate(zip(left.columns, right.columns, strict=True), 1):
        merged = _merged(one.value, two.value, number)
        columns.append(OutColumn(one.name, merged, aliased=True))
        for leg, side in zip((one, two), lists, strict=True):
            own = Value(f"c{number}", leg.value.type, merged.collation, explicit=merged.explicit)
            side.append(_leg_column(env, own, merged, distinct=distinct))
    sides = [_leg(side, items) for side, items in zip((left, right), lists, strict=True)]
    return QueryText(f"{sides[0]} {compound.operator} {sides[1]}", tuple(columns))


def _merged(one: Value, two: Value, number: int) -> Value:
    sql_type = highest_of_union(one.type, two.type)
    collation = one.collation if one.collation == two.collation else EXACT
    return Value(
        f"c{number}",
        sql_type,
        collation,
        one.nullable or two.nullable,
        explicit=one.explicit or two.explicit,
        field=one.field,
    )


def _leg_column(env: Env, own: Value, merged: Value, *, distinct: bool) -> str:
    if own.type is None and merged.type is not None and merged.type.is_text:
        text = f"iris_text({own.sql})"
    elif own.type is not None and merged.type is not None and merged.type.is_text and not own.type.is_text:
        text = as_text(env, own)
    else:
        text = coerced(env, own, merged.type)
    if distinct and is_wide(merged.type):
        return f"iris_canonical({text})"
    if distinct and merged.collation == SQLUPPER:
        return grouping(env, Value(text, merged.type, merged.collation, explicit=merged.explicit))
    return text


def _leg(query: QueryText, items: list[str]) -> str:
    text = ", ".join(f"{item} AS c{n}" for n, item in enumerate(items, 1))
    return f"SELECT {text} FROM ({query.sql})"
