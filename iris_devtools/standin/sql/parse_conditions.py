"""The grammar of conditions (iris-sql.md 1.4)."""

from __future__ import annotations

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.parse_expressions import ADDITIVE, MULTIPLICATIVE, ExpressionParser
from iris_devtools.standin.sql.reader import Reader

__all__ = ["ConditionParser"]

_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_NEGATED = {"=": "<>", "<>": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_CONTAINMENTS = ("[", "]", "%STARTSWITH", "%MATCHES", "%INLIST", "%PATTERN")


class ConditionParser(ExpressionParser):
    """Parses conditions, too: a bracket may open a condition or a value, which only what follows tells."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader)
        self._no_condition: set[int] = set()

    def condition(self) -> nodes.Condition:
        """Read a condition: OR of ANDs of predicates."""
        operands = [self._conjunction()]
        while self.reader.accept_any("OR", "!"):
            operands.append(self._conjunction())
        return operands[0] if len(operands) == 1 else nodes.Or(tuple(operands))

    def _conjunction(self) -> nodes.Condition:
        operands = [self._negation()]
        while self.reader.accept_any("AND", "&"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else nodes.And(tuple(operands))

    def _negation(self) -> nodes.Condition:
        if self.reader.accept("NOT"):
            return nodes.Not(self._negation())
        return self._predicate()

    def _predicate(self) -> nodes.Condition:
        reader = self.reader
        if reader.at("EXISTS"):
            reader.next()
            if not self.at_query():
                reader.fail("( SELECT")
            reader.expect("(")
            return nodes.Exists(self.subquery())
        if reader.accept("FOR", "SOME", "%ELEMENT"):
            return self._for_some_element()
        if reader.at("(") and reader.position not in self._no_condition and not self._query_value():
            start = reader.position
            failure = None
            try:
                reader.expect("(")
                inside = self.condition()
                reader.expect(")")
            except SQLError as error:
                failure, reached = error, reader.position
            else:
                if not self._operator_follows():
                    return inside
            self._no_condition.add(start)
            reader.position = start
            try:
                return self._comparison()
            except SQLError:
                # the reading that got further is the one that was meant
                if failure is not None and reached > reader.position:
                    raise failure from None
                raise
        return self._comparison()

    def _for_some_element(self) -> nodes.Condition:
        reader = self.reader
        reader.expect("(")
        operand = self.expression()
        reader.expect(")")
        alias = reader.name() if reader.accept("AS") or not reader.at("(") else None
        reader.expect("(")
        condition = self.condition()
        reader.expect(")")
        return nodes.ForSomeElement(operand, condition, alias)

    def _query_value(self) -> bool:
        return self.at_query()

    def _operator_follows(self) -> bool:
        return (
            self.reader.at_any(*_COMPARISONS, *ADDITIVE, *MULTIPLICATIVE, *_CONTAINMENTS)
            or self.reader.at_any("IN", "LIKE", "BETWEEN", "IS")
            or (self.reader.at("NOT") and self.reader.ahead().upper in ("IN", "LIKE", "BETWEEN"))
        )

    def _comparison(self) -> nodes.Condition:
        reader = self.reader
        left = self.expression()
        negated = reader.accept("NOT")
        operator = reader.token.upper
        condition: nodes.Condition
        if operator in _COMPARISONS:
            reader.next()
            operator = _COMPARISONS[operator]
            return self._compared(_NEGATED[operator] if negated else operator, left)
        if operator == "IS" and not negated:
            reader.next()
            negated = reader.accept("NOT")
            condition = self._is(left)
        elif operator == "BETWEEN":
            reader.next()
            low = self.expression()
            reader.expect("AND")
            condition = nodes.Between(left, low, self.expression())
        elif operator == "IN":
            reader.next()
            condition = self._in(left)
        elif operator == "LIKE":
            reader.next()
            pattern = self.expression()
            escape = self.expression() if reader.accept("ESCAPE") else None
            condition = nodes.Like(left, pattern, escape)
        elif operator in _CONTAINMENTS:
            reader.next()
            right = self.expression()
            escape = self.expression() if reader.accept("ESCAPE") else None
            if operator == "%INLIST" and reader.accept("SIZE"):
                self.expression()  # an estimate for the optimizer
            condition = nodes.Contains(operator, left, right, escape)
        elif operator in ("=*", "*=") and self.in_on:
            raise reader.error(-68, f" {operator} in ON^{reader.read_so_far()}")
        else:
            raise reader.error(-14, f" A comparison operator is required here^{reader.read_so_far()}")
        return nodes.Not(condition) if negated else condition

    def _is(self, left: nodes.Expression) -> nodes.Condition:
        reader = self.reader
        if reader.accept("JSON"):
            return nodes.IsJson(left, reader.accept_any("VALUE", "SCALAR", "ARRAY", "OBJECT") or "VALUE")
        reader.expect("NULL")
        return nodes.IsNull(left)

    def _compared(self, operator: str, left: nodes.Expression) -> nodes.Condition:
        reader = self.reader
        if reader.at_any("ALL", "ANY", "SOME") and reader.ahead().upper == "(":
            every = reader.next().upper == "ALL"
            if not self.at_query():
                reader.fail("( SELECT")
            reader.expect("(")
            return nodes.Quantified(operator, left, every, self.subquery())
        return nodes.Comparison(operator, left, self.expression())

    def _in(self, left: nodes.Expression) -> nodes.Condition:
        reader = self.reader
        if self.at_query():
            reader.expect("(")
            return nodes.InQuery(left, self.subquery())
        reader.expect("(")
        items = self.expressions()
        reader.expect(")")
        return nodes.InList(left, items)
