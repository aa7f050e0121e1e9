"""The grammar of SELECT: items, FROM, set operations, WITH, limits (iris-sql.md 5)."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.parse_conditions import ConditionParser

__all__ = ["QueryParser"]

_SELECT_HINTS = ("%NOLOCK", "%NOFPLAN", "%NORUNTIME", "%PROFILE", "%PROFILE_ALL", "%PARALLEL", "%NOPARALLEL")
_FROM_HINTS = (
    "%INORDER",
    "%FULL",
    "%ALLINDEX",
    "%IGNOREINDICES",
    "%NOFLATTEN",
    "%NOMERGE",
    "%NOREDUCE",
    "%NOSVSO",
    "%NOTOPOPT",
    "%NOUNIONOROPT",
    "%PARALLEL",
    "%NOLOCK",
)
_JOIN_WORDS = ("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL")
_NO_ALIAS = frozenset({"LIMIT", "OFFSET", "MINUS", "LATERAL"})


class QueryParser(ConditionParser):
    """Parses queries; ``depth`` counts the brackets around the one that is read."""

    depth = 0

    def subquery(self) -> nodes.Query:
        """Read a query that stands in brackets, of which the opening one is read already."""
        self.depth += 1
        query = self.query()
        self.depth -= 1
        self.reader.expect(")")
        return query

    def query(self) -> nodes.Query:
        """Read a query: WITH, selects joined by set operators, ORDER BY and limits."""
        reader = self.reader
        ctes = self._ctes() if reader.at("WITH") else ()
        query = self._compound()
        if query.ctes or ctes:
            query = nodes.Query(query.body, query.order, query.limit, query.offset, ctes + query.ctes)
        if query.order or query.limit is not None or query.offset is not None:
            if not reader.at_any("ORDER", "LIMIT", "OFFSET", "FETCH"):
                return query
            query = nodes.Query(self._wrapped(query))
        return self._tail(query)

    def _wrapped(self, query: nodes.Query) -> nodes.Select:
        derived = nodes.DerivedTable(query)
        return nodes.Select((nodes.SelectItem(nodes.Star()),), source=derived)

    def _tail(self, query: nodes.Query) -> nodes.Query:
        reader = self.reader
        body = query.body
        top = isinstance(body, nodes.Select) and (body.top is not None or body.top_all)
        order: tuple[nodes.OrderItem, ...] = ()
        if reader.at("ORDER"):
            if self.depth and not top:
                reader.fail(")")
            reader.expect("ORDER", "BY")
            order = self.order_items()
        limit = offset = None
        if reader.at_any("LIMIT", "OFFSET", "FETCH"):
            if top:
                text = " More than one of TOP, LIMIT and FETCH given"
                raise reader.error(-386, f"{text}^{reader.read_so_far()}")
            if self.depth and order:
                reader.fail(")")
            limit, offset = self._limits()
        return nodes.Query(body, order, limit, offset, query.ctes)

    def _limits(self) -> tuple[nodes.Expression | None, nodes.Expression | None]:
        reader = self.reader
        limit = offset = None
        if reader.accept("LIMIT"):
            reader.accept("ALL")
            limit = self._count()
            if reader.accept("OFFSET"):
                offset = self._count()
                reader.accept_any("ROW", "ROWS")
        else:
            if reader.accept("OFFSET"):
                offset = self._count()
                reader.accept_any("ROW", "ROWS")
            if reader.accept("FETCH"):
                if not reader.accept_any("FIRST", "NEXT"):
                    reader.fail("FIRST or NEXT")
                limit = self._count()
                reader.accept_any("ROW", "ROWS")
                reader.accept("ONLY")
            elif reader.accept("LIMIT"):
                limit = self._count()
        if reader.at_any("LIMIT", "FETCH"):
            text = " More than one of TOP, LIMIT and FETCH given"
            raise reader.error(-386, f"{text}^{reader.read_so_far()}")
        return limit, offset

    def _count(self) -> nodes.Expression:
        reader = self.reader
        brackets = 0
        while reader.accept("("):
            brackets += 1
        negative = reader.accept("-")
        token = reader.token
        if token.kind is Kind.PARAMETER:
            reader.next()
            count: nodes.Expression = nodes.Parameter(int(token.text))
            if negative:
                count = nodes.Number("0")
        elif token.kind in (Kind.NUMBER, Kind.STRING):
            reader.next()
            count = nodes.Number("0" if negative else token.text)
        else:
            reader.fail("LITERAL")
        for _ in range(brackets):
            reader.expect(")")
        return count

    def _ctes(self) -> tuple[nodes.Cte, ...]:
        reader = self.reader
        reader.expect("WITH")
        ctes: list[nodes.Cte] = []
        while True:
            name = reader.name()
            if any(cte.name.upper() == name.upper() for cte in ctes):
                raise reader.error(-382, f" CTE '{name}' is defined more than once^{reader.read_so_far()}")
            columns = self._column_list() if reader.at("(") else ()
            reader.expect("AS")
            reader.expect("(")
            ctes.append(nodes.Cte(name, columns, self.subquery()))
            if not reader.accept(","):
                break
        if not reader.at_any("SELECT", "("):
            raise reader.error(-383, f" WITH is supported for SELECT only^{reader.read_so_far()}")
        return tuple(ctes)

    def _column_list(self) -> tuple[str, ...]:
        reader = self.reader
        reader.expect("(")
        names = [reader.name()]
        while reader.accept(","):
            names.append(reader.name())
        reader.expect(")")
        return tuple(names)

    # -- set operations ----------------------------------------------------------------------------

    def _compound(self) -> nodes.Query:
        reader = self.reader
        left = self._intersection()
        while (operator := reader.accept_any("UNION", "EXCEPT")) is not None:
            if reader.accept("ALL"):
                if operator == "EXCEPT":
                    raise reader.error(-1, f" SELECT expected, ALL found^{reader.read_so_far()}")
                operator = "UNION ALL"
            while reader.accept_any(*_SELECT_HINTS):
                pass
            left = nodes.Query(nodes.Compound(operator, left, self._intersection()))
        return left

    def _intersection(self) -> nodes.Query:
        reader = self.reader
        left = self._leg()
        while reader.accept("INTERSECT"):
            if reader.at("ALL"):
                reader.fail("SELECT")
            left = nodes.Query(nodes.Compound("INTERSECT", left, self._leg()))
        return left

    def _leg(self) -> nodes.Query:
        if self.reader.accept("("):
            return self.subquery()
        return nodes.Query(self._select())

    # -- one SELECT --------------------------------------------------------------------------------

    def _select(self) -> nodes.Select:
        reader = self.reader
        if not reader.at("SELECT"):
            reader.fail("SELECT")
        reader.expect("SELECT")
        while reader.accept_any(*_SELECT_HINTS):
            pass
        distinct_by: tuple[nodes.Expression, ...] = ()
        distinct = reader.accept("DISTINCT")
        if distinct and reader.accept("BY"):
            reader.expect("(")
            distinct_by = self.expressions()
            reader.expect(")")
        elif not distinct:
            reader.accept("ALL")
        top, top_all = self._top()
        items = self._items()
        if reader.at("INTO"):
            raise reader.error(-422, f" INTO is for Embedded SQL only^{reader.read_so_far()}")
        source = self._from() if reader.accept("FROM") else None
        where = self.condition() if reader.accept("WHERE") else None
        group_by = self.expressions() if reader.accept("GROUP", "BY") else ()
        having = self.condition() if reader.accept("HAVING") else None
        return nodes.Select(items, distinct, distinct_by, top, top_all, source, where, group_by, having)

    def _top(self) -> tuple[nodes.Expression | None, bool]:
        reader = self.reader
        if not reader.accept("TOP"):
            return None, False
        if reader.accept("ALL"):
            return None, True
        return self._count(), False

    def _items(self) -> tuple[nodes.SelectItem, ...]:
        items = [self._item()]
        while self.reader.accept(","):
            items.append(self._item())
        return tuple(items)

    def _item(self) -> nodes.SelectItem:
        reader = self.reader
        if reader.accept("*"):
            return nodes.SelectItem(nodes.Star(position=reader.position - 1))
        expression = self.expression()
        if isinstance(expression, nodes.Star):
            return nodes.SelectItem(expression)
        return nodes.SelectItem(expression, self._alias())

    def _alias(self) -> str | None:
        reader = self.reader
        if reader.accept("AS"):
            return reader.name()
        token = reader.token
        if token.is_name and token.upper not in _NO_ALIAS and not token.upper.startswith("%"):
            return reader.name()
        return None

    # -- FROM --------------------------------------------------------------------------------------

    def _from(self) -> nodes.TableRef:
        return self.table_list()

    def table_list(self) -> nodes.TableRef:
        """Read the tables of FROM: joins, which bind tighter, separated by commas."""
        reader = self.reader
        self._skip_hints()
        left = self._joined()
        while reader.accept(","):
            left = nodes.Join(",", left, self._joined())
        return left

    def _skip_hints(self) -> None:
        reader = self.reader
        while True:
            if reader.accept_any(*_FROM_HINTS):
                continue
            if reader.accept_any("%FIRSTTABLE", "%STARTTABLE", "%IGNOREINDEX"):
                reader.qualified_name()
                while reader.at(",") and reader.ahead().is_name and reader.ahead(2).upper == ".":
                    reader.next()
                    reader.qualified_name()
                continue
            return

    def _joined(self) -> nodes.TableRef:
        left = self._table()
        while self.reader.at_any(*_JOIN_WORDS):
            left = self._join(left)
        return left

    def _join(self, left: nodes.TableRef) -> nodes.TableRef:
        reader = self.reader
        natural = reader.accept("NATURAL")
        kind = reader.accept_any("INNER", "LEFT", "RIGHT", "FULL", "CROSS") or "INNER"
        if kind in ("LEFT", "RIGHT", "FULL"):
            reader.accept("OUTER")
        reader.expect("JOIN")
        right = self._table()
        if natural or kind == "CROSS":
            return nodes.Join(kind, left, right, natural=natural)
        while reader.at_any(*_JOIN_WORDS):  # a JOIN b JOIN c ON .. ON ..
            right = self._join(right)
        if reader.accept("ON"):
            return nodes.Join(kind, left, right, self._on())
        if not reader.accept("USING"):
            reader.fail("ON")
        return nodes.Join(kind, left, right, using=self._column_list())

    def _on(self) -> nodes.Condition:
        outside, self.in_on = self.in_on, True
        try:
            return self.condition()
        finally:
            self.in_on = outside

    def _table(self) -> nodes.TableRef:
        reader = self.reader
        self._skip_hints()
        if self.at_query():
            reader.expect("(")
            query = self.subquery()
            alias = self._alias()
            columns = self._column_list() if alias is not None and reader.at("(") else ()
            return nodes.DerivedTable(query, alias, columns)
        if reader.accept("("):
            inside = self.table_list()
            reader.expect(")")
            return inside
        if reader.token.kind is Kind.PARAMETER:
            reader.fail("IDENTIFIER")
        table = self.table_name()
        if reader.at("("):
            raise reader.error(
                -1, f" Table-valued function {'.'.join(table.parts)} is not supported^{reader.read_so_far()}"
            )
        self._skip_hints()
        return table

    def table_name(self, *, with_alias: bool = True) -> nodes.NamedTable:
        """Read a table and, unless told otherwise, its alias."""
        parts = self.reader.qualified_name()
        position = self.reader.position - 1
        return nodes.NamedTable(parts, self._alias() if with_alias else None, position)
