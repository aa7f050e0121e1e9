"""The grammar of values (iris-sql.md 1.4, 6)."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.dialect import RESERVED_WORDS, Kind, words
from iris_devtools.standin.sql.reader import Reader

__all__ = ["ADDITIVE", "AGGREGATES", "MULTIPLICATIVE", "ExpressionParser"]

AGGREGATES = words(
    "COUNT SUM AVG MIN MAX STDDEV STDDEV_SAMP STDDEV_POP VARIANCE VAR_SAMP VAR_POP LIST XMLAGG %DLIST "
    "JSON_ARRAYAGG APPROX_COUNT_DISTINCT"
)
_COLLATIONS = frozenset(
    {
        "%EXACT",
        "%SQLUPPER",
        "%SQLSTRING",
        "%TRUNCATE",
        "%PLUS",
        "%MINUS",
        "%MVR",
        "%UPPER",
        "%ALPHAUP",
        "%STRING",
    }
)
_RESERVED_FUNCTIONS = words(
    "LEFT RIGHT CHAR CHAR_LENGTH CHARACTER_LENGTH COALESCE CONVERT CAST LOWER UPPER NULLIF SUBSTRING TRIM "
    "EXTRACT DATE HOUR MINUTE SECOND SPACE USER OCTET_LENGTH CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP "
    "SYSDATE %EXTERNAL %INTERNAL %ODBCIN %ODBCOUT"
)
_BARE_FUNCTIONS = words(
    "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP SYSDATE USER $NAMESPACE $ZNSPACE $USERNAME $JOB $J $TLEVEL "
    "$TL $ZVERSION $ZV $ZPI $ZTIMEZONE $HOROLOG $H $ZTIMESTAMP $ZTS $ZHOROLOG $ZH $TSQL_NEWID "
    "GETDATE GETUTCDATE"
)
_DATE_PART_FUNCTIONS = frozenset(
    {"DATEADD", "DATEDIFF", "DATEPART", "DATENAME", "DATE_TRUNC", "TIMESTAMPADD", "TIMESTAMPDIFF"}
)
ADDITIVE = ("+", "-", "||", "_")
MULTIPLICATIVE = ("*", "/", "\\", "#")


class ExpressionParser:
    """Parses expressions from ``reader``; conditions and queries in them are the subclasses' business."""

    in_on = False
    """Whether the condition of ON is being read."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def subquery(self) -> nodes.Query:
        """Read a query that stands in brackets, of which the opening one is read already."""
        raise self.reader.error(-1, f" A value expected, SELECT found^{self.reader.read_so_far()}")

    def condition(self) -> nodes.Condition:
        """Read a condition."""
        raise self.reader.error(-1, f" A value expected, condition found^{self.reader.read_so_far()}")

    # -- values ------------------------------------------------------------------------------------

    def expression(self) -> nodes.Expression:
        """Read a value: sums and concatenations of terms."""
        left = self._product()
        while (operator := self.reader.accept_any(*ADDITIVE)) is not None:
            left = nodes.Binary("||" if operator == "_" else operator, left, self._product())
        return left

    def expressions(self) -> tuple[nodes.Expression, ...]:
        """Read values separated by commas."""
        items = [self.expression()]
        while self.reader.accept(","):
            items.append(self.expression())
        return tuple(items)

    def _product(self) -> nodes.Expression:
        left = self._signed()
        while (operator := self.reader.accept_any(*MULTIPLICATIVE)) is not None:
            left = nodes.Binary(operator, left, self._signed())
        return left

    def _signed(self) -> nodes.Expression:
        operator = self.reader.accept_any("-", "+")
        if operator is None:
            return self._primary()
        operand = self._signed()
        if operator == "-" and isinstance(operand, nodes.Number) and not operand.text.startswith("-"):
            return nodes.Number("-" + operand.text)
        return operand if operator == "+" else nodes.Unary("-", operand)

    def _primary(self) -> nodes.Expression:
        reader = self.reader
        token = reader.token
        if token.kind is Kind.PARAMETER:
            reader.next()
            return nodes.Parameter(int(token.text))
        if token.kind is Kind.NUMBER:
            reader.next()
            return nodes.Number(token.text)
        if token.kind is Kind.STRING:
            reader.next()
            return nodes.Text(token.text)
        if token.kind is Kind.OPERATOR:
            if token.text == "(":
                return self._bracketed()
            if token.text == "{":
                return self._escape()
        if token.kind is Kind.QUOTED:
            return self._path()
        if token.kind is Kind.WORD:
            return self._word()
        raise reader.no_term()

    def _bracketed(self) -> nodes.Expression:
        reader = self.reader
        if self.at_query():
            reader.expect("(")
            return nodes.ScalarQuery(self.subquery())
        reader.expect("(")
        inside = self.expression()
        reader.expect(")")
        return inside

    def at_query(self) -> bool:
        """Tell whether an opening bracket comes next that holds, within further brackets, a query."""
        offset = 0
        while self.reader.ahead(offset).upper == "(":
            offset += 1
        return offset > 0 and self.reader.ahead(offset).upper in ("SELECT", "WITH")

    def _word(self) -> nodes.Expression:
        reader = self.reader
        word = reader.token.upper
        following = reader.ahead().upper
        if word == "NULL":
            reader.next()
            return nodes.Null()
        if word == "CASE":
            return self._case()
        if word in _COLLATIONS:
            return self._collate()
        if word in AGGREGATES and following == "(":
            return self._over(self._aggregate())
        if word in ("%ID", "%VID", "%TABLENAME", "%CLASSNAME", "%VALUE", "%KEY"):
            return self._path()
        if word.startswith("$$"):
            raise reader.error(-372, f" Extrinsic functions are not enabled^{reader.read_so_far()}")
        if word in _BARE_FUNCTIONS and following not in ("(", "."):
            reader.next()
            return nodes.Function(word, bare=True, position=reader.position - 1)
        if following == "(" and (word not in RESERVED_WORDS or word in _RESERVED_FUNCTIONS):
            reader.next()
            return self._over(self._call(word, written=reader.tokens[reader.position - 1].text))
        if word in ("UPPER", "LOWER") and following not in (".", ","):
            reader.next()
            return nodes.Function(word, (self._primary(),), written=word, position=reader.position - 1)
        if word in RESERVED_WORDS or word.startswith("$"):
            raise reader.no_term()
        return self._path()

    def _path(self) -> nodes.Expression:
        """Read a column with its qualifiers, or the call of a function that has some."""
        reader = self.reader
        parts = [reader.next().text]
        while reader.at(".") and reader.ahead().kind in (Kind.WORD, Kind.QUOTED):
            reader.next()
            parts.append(reader.next().text)
        if reader.at(".", "*"):
            reader.next()
            reader.next()
            return nodes.Star(tuple(parts), reader.position - 1)
        if reader.at("->"):
            text = f"^{reader.read_so_far()}"
            if self.in_on:
                raise reader.error(-67, f" Implicit join (->) in ON{text}")
            raise reader.error(-1, f" Implicit joins (->) need a reference field{text}")
        if reader.at("("):
            written = ".".join(parts)
            return self._call(written.upper(), written=written)
        return nodes.Name(tuple(parts), reader.position - 1)

    def _case(self) -> nodes.Expression:
        reader = self.reader
        reader.expect("CASE")
        operand = None if reader.at("WHEN") else self.expression()
        branches: list[tuple[nodes.Node, nodes.Expression]] = []
        while reader.accept("WHEN"):
            when: nodes.Node = self.condition() if operand is None else self.expression()
            reader.expect("THEN")
            branches.append((when, self.expression()))
        if not branches:
            reader.fail("WHEN")
        default = self.expression() if reader.accept("ELSE") else None
        reader.expect("END")
        return nodes.Case(operand, tuple(branches), default)

    def _collate(self) -> nodes.Expression:
        reader = self.reader
        name = reader.next().upper
        if not reader.accept("("):
            return nodes.Collate(name, self._primary())
        operand = self.expression()
        length = reader.integer() if reader.accept(",") else None
        reader.expect(")")
        return nodes.Collate(name, operand, length)

    def _escape(self) -> nodes.Expression:
        reader = self.reader
        reader.expect("{")
        kind = reader.any_word()
        if kind == "FN":
            word = reader.token
            name = reader.any_word()
            if reader.at("("):
                value = self._call(name, written=word.text, escape=True)
            else:
                value = nodes.Function(name, bare=True, escape=True, written=word.text)
        elif kind in ("D", "T", "TS"):
            value = nodes.Function("{" + kind + "}", (self._primary(),))
        else:
            reader.fail("fn, d, t or ts")
        reader.expect("}")
        return value

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, name: str, *, written: str, escape: bool = False) -> nodes.Expression:
        reader = self.reader
        position = reader.position - 1
        reader.expect("(")
        if name == "CAST":
            operand = self.expression()
            reader.expect("AS")
            value: nodes.Expression = nodes.Cast(operand, self.type_name())
        elif name == "CONVERT":
            value = self._convert_odbc() if escape else self._convert()
        else:
            value = nodes.Function(
                name, self._arguments(name), escape=escape, written=written, position=position
            )
        reader.expect(")")
        return value

    def _convert(self) -> nodes.Expression:
        target = self.type_name()
        self.reader.expect(",")
        operand = self.expression()
        style = self.expression() if self.reader.accept(",") else None
        return nodes.Cast(operand, target, style, convert=True)

    def _convert_odbc(self) -> nodes.Expression:
        operand = self.expression()
        self.reader.expect(",")
        word = self.reader.any_word()
        return nodes.Cast(operand, nodes.TypeName(word.removeprefix("SQL_")), convert=True)

    def _arguments(self, name: str) -> tuple[nodes.Expression, ...]:
        reader = self.reader
        if reader.at(")"):
            return ()
        if name in _DATE_PART_FUNCTIONS and reader.token.kind is Kind.WORD:
            part = nodes.Text(reader.next().text)
            reader.expect(",")
            return (part, *self.expressions())
        if name == "EXTRACT":
            part = nodes.Text(reader.any_word())
            reader.expect("FROM")
            return (part, self.expression())
        if name == "TRIM":
            return self._trim()
        if name == "POSITION":
            needle = self.expression()
            if not reader.accept("IN"):
                reader.expect(",")
            return (needle, self.expression())
        if name == "SUBSTRING":
            return self._substring()
        if name == "TO_VECTOR":
            return self._to_vector()
        if name == "JSON_OBJECT":
            return self._json_object()
        if name == "JSON_ARRAY":
            return self._json_array()
        if name in ("$LISTBUILD", "$LB"):
            return self._list_items()
        if name == "XMLELEMENT":
            return (self._xml_tag(), *self._xml_items())
        if name in ("XMLFOREST", "XMLATTRIBUTES"):
            return self._xml_named()
        return self.expressions()

    def _trim(self) -> tuple[nodes.Expression, ...]:
        reader = self.reader
        where = reader.accept_any("LEADING", "TRAILING", "BOTH")
        if where is not None and reader.accept("FROM"):
            return (self.expression(), nodes.Text(where))
        first = self.expression()
        if reader.accept("FROM"):
            return (self.expression(), nodes.Text(where or "BOTH"), first)
        return (first, nodes.Text(where or "BOTH"))

    def _substring(self) -> tuple[nodes.Expression, ...]:
        reader = self.reader
        text = self.expression()
        if reader.accept("FROM"):
            start = self.expression()
            return (text, start, self.expression()) if reader.accept("FOR") else (text, start)
        reader.expect(",")
        return (text, *self.expressions())

    def _to_vector(self) -> tuple[nodes.Expression, ...]:
        reader = self.reader
        items = [self.expression()]
        if reader.accept(","):
            if reader.token.kind is Kind.WORD:
                items.append(nodes.Text(reader.next().upper))
            else:
                items.append(self.expression())
            if reader.accept(","):
                items.append(self.expression())
        return tuple(items)

    def _json_object(self) -> tuple[nodes.Expression, ...]:
        reader = self.reader
        items: list[nodes.Expression] = []
        while True:
            items.append(self.expression())
            reader.expect(":")
            items.append(self.expression())
            if not reader.accept(","):
                break
        return (self._absent_on_null(), *items)

    def _json_array(self) -> tuple[nodes.Expression, ...]:
        items = () if self.reader.at(")") else self.expressions()
        return (self._absent_on_null(), *items)

    def _list_items(self) -> tuple[nodes.Expression, ...]:
        """Read the elements of a list; one that is left out has no value."""
        items: list[nodes.Expression] = []
        while True:
            items.append(nodes.Null() if self.reader.at_any(",", ")") else self.expression())
            if not self.reader.accept(","):
                return tuple(items)

    def _xml_tag(self) -> nodes.Expression:
        reader = self.reader
        named = reader.accept("NAME")
        if reader.token.kind is Kind.QUOTED:
            return nodes.Text(reader.next().text)
        if not named:
            reader.fail("IDENTIFIER")
        return nodes.Text("Name")

    def _xml_items(self) -> tuple[nodes.Expression, ...]:
        self.reader.expect(",")
        return self.expressions()

    def _xml_named(self) -> tuple[nodes.Expression, ...]:
        """Read values with their names; an empty name is that of the column."""
        reader = self.reader
        items: list[nodes.Expression] = []
        while True:
            value = self.expression()
            name = reader.name() if reader.accept("AS") else ""
            items += [nodes.Text(name), value]
            if not reader.accept(","):
                return tuple(items)

    def _absent_on_null(self) -> nodes.Number:
        """Read what becomes of NULL in JSON: 1 when it is left out; without a word it is ``null``."""
        if self.reader.accept("ABSENT", "ON", "NULL"):
            return nodes.Number("1")
        self.reader.accept("NULL", "ON", "NULL")
        return nodes.Number("0")

    def _aggregate(self) -> nodes.Aggregate:
        reader = self.reader
        name = reader.next().upper
        reader.expect("(")
        if name == "COUNT" and reader.accept("*"):
            reader.expect(")")
            return nodes.Aggregate(name, None)
        distinct = reader.accept("DISTINCT")
        if not distinct:
            reader.accept("ALL")
        elif reader.at("BY"):
            raise reader.error(-1, f" DISTINCT BY in an aggregate is not supported^{reader.read_so_far()}")
        argument = self.expression()
        if reader.at_any("%FOREACH", "%AFTERHAVING"):
            raise reader.error(-1, f" {reader.found()} is not supported^{reader.read_so_far()}")
        reader.expect(")")
        return nodes.Aggregate(name, argument, distinct)

    def _over(self, value: nodes.Expression) -> nodes.Expression:
        reader = self.reader
        if not isinstance(value, (nodes.Function, nodes.Aggregate)) or not reader.at("OVER", "("):
            return value
        reader.expect("OVER", "(")
        partition = self.expressions() if reader.accept("PARTITION", "BY") else ()
        order = self.order_items() if reader.accept("ORDER", "BY") else ()
        frame = self._frame() if reader.accept("ROWS") else None
        reader.expect(")")
        return nodes.Window(value, partition, order, frame)

    def order_items(self) -> tuple[nodes.OrderItem, ...]:
        """Read the items of ORDER BY."""
        items = []
        while True:
            expression = self.expression()
            direction = self.reader.accept_any("ASC", "DESC")
            items.append(nodes.OrderItem(expression, direction == "DESC"))
            if not self.reader.accept(","):
                return tuple(items)

    def _frame(self) -> nodes.Frame:
        if self.reader.accept("BETWEEN"):
            start, start_rows = self._bound()
            self.reader.expect("AND")
            end, end_rows = self._bound()
            return nodes.Frame(start, end, start_rows, end_rows)
        start, rows = self._bound()
        return nodes.Frame(start, "CURRENT ROW", rows)

    def _bound(self) -> tuple[str, nodes.Expression | None]:
        reader = self.reader
        if reader.accept("CURRENT"):
            if reader.any_word() != "ROW":
                reader.fail("ROW")
            return "CURRENT ROW", None
        rows = None
        text = "UNBOUNDED"
        if not reader.accept("UNBOUNDED"):
            text, rows = "ROWS", self._primary()
        direction = reader.accept_any("PRECEDING", "FOLLOWING")
        if direction is None:
            reader.fail("PRECEDING or FOLLOWING")
        return f"{text} {direction}", rows

    def type_name(self) -> nodes.TypeName:
        """Read a type as CAST takes it: one or more words and perhaps sizes."""
        reader = self.reader
        words = [reader.any_word()]
        while reader.at_any("VARYING", "PRECISION", "CHARACTER", "CHAR", "VARCHAR", "BINARY"):
            words.append(reader.any_word())
        sizes: list[int] = []
        if reader.accept("("):
            if reader.token.kind is Kind.STRING or reader.at("MAX"):
                reader.next()
            else:
                sizes.append(reader.integer())
                while reader.accept(","):
                    sizes.append(reader.integer())
            reader.expect(")")
        return nodes.TypeName(" ".join(words), tuple(sizes))
