"""Translates calls of scalar functions: which exist, what they take, what type they have (iris-sql.md 6).

Most functions become a registered SQL function of the name ``iris_...``; sql/functions.py holds their code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.coercion import as_number, as_text, coerced, comparable, no_stream, number_type
from iris_devtools.standin.sql.compile_values import merged, odbc_text
from iris_devtools.standin.sql.dialect import words
from iris_devtools.standin.sql.environment import UNKNOWN_NUMBER, Env, Value, literal, value_of
from iris_devtools.standin.sql.inference import highest, is_wide
from iris_devtools.standin.types import (
    BIGINT,
    BIT,
    DATE,
    DOUBLE,
    INTEGER,
    POSIXTIME,
    SMALLINT,
    TIME,
    TIMESTAMP,
    Code,
    SqlType,
    numeric,
    varbinary,
    varchar,
    vector,
)

__all__ = ["Builder", "define", "texts"]

Builder = Callable[[Env, nodes.Function, list[Value]], Value]
_TEXT = varchar()
_STREAMS_ALLOWED = words(
    "SUBSTRING CHAR_LENGTH CHARACTER_LENGTH DATALENGTH XMLELEMENT XMLFOREST XMLCONCAT XMLATTRIBUTES"
)


@dataclass(frozen=True)
class _Spec:
    build: Builder
    least: int
    most: int


_FUNCTIONS: dict[str, _Spec] = {}


@value_of(nodes.Function)
def _function(env: Env, node: nodes.Function) -> Value:
    name = "$JOB" if node.bare and node.name == "$J" else node.name
    spec = _FUNCTIONS.get(name)
    if spec is None:
        raise _unknown(env, node)
    if not spec.least <= len(node.arguments) <= spec.most:
        expected = ")" if len(node.arguments) > spec.most else ","
        raise env.statement.error(-1, f" {expected} expected in call of {node.name}", node.position)
    arguments = [env.value(argument) for argument in node.arguments]
    if node.name not in _STREAMS_ALLOWED:
        for argument in arguments:
            no_stream(env, argument)
    return spec.build(env, node, arguments)


def _unknown(env: Env, node: nodes.Function) -> Exception:
    if node.name.startswith("$"):
        return env.statement.error(-12, f" A term expected, {node.name} found", node.position)
    name = node.name if "." in node.name else f"{env.statement.default_schema.upper()}.{node.name}"
    return env.statement.error(-359, f" User defined SQL function '{name}' does not exist")


def define(names: str, build: Builder, least: int, most: int | None = None) -> None:
    """Let these names be functions that take so many arguments."""
    for name in names.split():
        _FUNCTIONS[name] = _Spec(build, least, least if most is None else most)


def _nullable(arguments: list[Value]) -> bool:
    return any(argument.nullable for argument in arguments)


# -- builders --------------------------------------------------------------------------------------


def texts(function: str, sql_type: SqlType, *, numbers_from: int = 99, nullable: bool = True) -> Builder:
    """Build a call whose arguments are texts, from the given one on numbers."""

    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = [
            as_text(env, argument) if index < numbers_from else as_number(env, argument)
            for index, argument in enumerate(arguments)
        ]
        return Value(f"{function}({', '.join(parts)})", sql_type, nullable=nullable and _nullable(arguments))

    return build


def _sized(function: str, *, numbers_from: int = 99) -> Builder:
    """Build a call whose result is a text no longer than its first argument."""

    def build(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
        first = arguments[0].type
        length = first.length if first is not None and first.is_text else None
        return texts(function, varchar(length), numbers_from=numbers_from)(env, node, arguments)

    return build


def _numbers(function: str, sql_type: SqlType | None = None) -> Builder:
    """Build a call whose arguments are numbers; without a type the result is DOUBLE or NUMERIC."""

    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = ", ".join(as_number(env, argument) for argument in arguments)
        result = sql_type
        text = f"{function}({parts})"
        if result is None:
            double = any(argument.type == DOUBLE for argument in arguments)
            result = DOUBLE if double else UNKNOWN_NUMBER
            text = f"CAST({text} AS REAL)" if double else text
        return Value(text, result)

    return build


def _same_number(function: str) -> Builder:
    """Build a call whose result has the type of its first argument."""

    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = ", ".join(as_number(env, argument) for argument in arguments)
        sql_type = number_type(arguments[0])
        text = f"{function}({parts})"
        if sql_type.code is Code.DOUBLE:
            text = f"CAST({text} AS REAL)"
        return Value(text, sql_type, nullable=_nullable(arguments))

    return build


def _floor(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    """FLOOR alone tells text that is no number from 0: it answers NULL (iris-sql.md 6.2)."""
    (value,) = arguments
    if value.type is None or value.type.is_text:
        return Value(f"iris_floor({env.text(value)})", UNKNOWN_NUMBER)
    return _numbers("iris_floor")(env, node, arguments)


def _constant(text: str, sql_type: SqlType, *, nullable: bool = False) -> Builder:
    def build(_env: Env, _node: nodes.Function, _arguments: list[Value]) -> Value:
        return Value(text, sql_type, nullable=nullable)

    return build


def moment(env: Env, value: Value) -> str:
    """Return a date or time as the functions on dates take it: ISO text, or a day number from a parameter."""
    if value.parameter is not None:
        return env.text(value)
    return odbc_text(env, value) if value.type is not None and not value.type.is_number else env.text(value)


def _moments(function: str, sql_type: SqlType, *dates: int, part: int | None = None) -> Builder:
    """Build a call on dates; ``dates`` are the places of its dates, ``part`` that of its date part."""

    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = []
        for index, argument in enumerate(arguments):
            if index in dates:
                parts.append(moment(env, argument))
            elif index == part:
                parts.append(as_text(env, argument))
            else:
                parts.append(as_number(env, argument))
        result = sql_type
        if sql_type is TIMESTAMP and any(arguments[i].type == POSIXTIME for i in dates):
            return Value(f"iris_posix({function}({', '.join(parts)}))", POSIXTIME)
        return Value(f"{function}({', '.join(parts)})", result, nullable=_nullable(arguments))

    return build


def _part_of(part: str, sql_type: SqlType = INTEGER) -> Builder:
    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        function = "iris_datename" if sql_type.is_text else "iris_datepart"
        return Value(f"{function}({literal(part)}, {moment(env, arguments[0])})", sql_type)

    return build


# -- conditional -----------------------------------------------------------------------------------


def _coalesce(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    sql_type, parts = merged(env, arguments)
    if len(parts) == 1:
        return arguments[0]
    return Value(f"COALESCE({', '.join(parts)})", sql_type, nullable=all(a.nullable for a in arguments))


def _nvl(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    first, second = arguments
    sql_type = first.type if first.type is not None else second.type
    if first.constant and sql_type is not None:
        sql_type = varchar()
    text = f"COALESCE({coerced(env, first, sql_type)}, {coerced(env, second, sql_type)})"
    return Value(text, sql_type, nullable=second.nullable)


def _ifnull(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    if node.escape and len(arguments) == 2:
        return _nvl(env, node, arguments)
    sql_type, parts = merged(env, arguments[1:])
    test = env.text(arguments[0])
    otherwise = parts[1] if len(parts) > 1 else "NULL"
    return Value(f"(CASE WHEN {test} IS NULL THEN {parts[0]} ELSE {otherwise} END)", sql_type)


def _nullif(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    left, right, suffix = comparable(env, *arguments)
    first = arguments[0]
    shown = env.text(first)
    return Value(f"(CASE WHEN {left} = {right}{suffix} THEN NULL ELSE {shown} END)", first.type)


def _decode(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    operand, *rest = arguments
    pairs = [(rest[i], rest[i + 1]) for i in range(0, len(rest) - 1, 2)]
    default = rest[-1] if len(rest) % 2 else None
    sql_type = pairs[0][1].type
    parts = ["CASE"]
    for search, result in pairs:
        if search.is_null:
            condition = f"{env.text(operand)} IS NULL"
        else:
            left, right, suffix = comparable(env, operand, search)
            condition = f"{left} = {right}{suffix}"
        parts.append(f"WHEN {condition} THEN {coerced(env, result, sql_type)}")
    if default is not None:
        parts.append(f"ELSE {coerced(env, default, sql_type)}")
    return Value(f"({' '.join(parts)} END)", sql_type)


def _greatest(function: str) -> Builder:
    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        sql_type, parts = merged(env, arguments)
        if len(parts) == 1:
            return arguments[0]
        if is_wide(sql_type):
            return Value(f"iris_{'greatest' if function == 'MAX' else 'least'}({', '.join(parts)})", sql_type)
        return Value(f"{function}({', '.join(parts)})", sql_type)

    return build


def _string(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = [as_text(env, argument) for argument in arguments]
    return Value(f"iris_string({', '.join(parts)})", _TEXT, nullable=all(a.nullable for a in arguments))


def _concat(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(f"({as_text(env, arguments[0])} || {as_text(env, arguments[1])})", _TEXT)


# -- dates -----------------------------------------------------------------------------------------


def _current(function: str, sql_type: SqlType) -> Builder:
    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        digits = as_number(env, arguments[0]) if arguments else "0"
        return Value(f"{function}({digits})", sql_type, nullable=False)

    return build


def _to_char(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    value = arguments[0]
    if len(arguments) == 1:
        return Value(as_text(env, value), _TEXT, nullable=value.nullable)
    form = as_text(env, arguments[1])
    kind = "number" if value.type is not None and value.type.is_number else "moment"
    shown = env.text(value) if kind == "number" else moment(env, value)
    return Value(f"iris_to_char({shown}, {form}, {literal(kind)})", _TEXT, nullable=_nullable(arguments))


def _to_posixtime(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    moment = texts("iris_parse_timestamp", TIMESTAMP)(env, node, arguments)
    return Value(f"iris_posix({moment.sql})", POSIXTIME, nullable=moment.nullable)


def _escape_date(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(f"iris_date_in({as_text(env, arguments[0])})", DATE, nullable=arguments[0].nullable)


def _escape_time(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(f"iris_time_in({as_text(env, arguments[0])})", TIME, nullable=arguments[0].nullable)


def _escape_timestamp(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(f"iris_timestamp_or_error({as_text(env, arguments[0])})", TIMESTAMP)


def _extract(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(f"iris_datepart({as_text(env, arguments[0])}, {moment(env, arguments[1])})", INTEGER)


# -- vectors, system -------------------------------------------------------------------------


def _to_vector(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    element = "FLOAT"
    if len(node.arguments) > 1 and isinstance(node.arguments[1], nodes.Text):
        element = node.arguments[1].value.upper()
        if element not in ("DOUBLE", "DECIMAL", "FLOAT", "INTEGER", "INT", "TIMESTAMP"):
            raise env.statement.error(-1, f" Vector type {element} is unknown", node.position)
    dimension = "NULL" if len(arguments) < 3 else as_number(env, arguments[2])
    size = None
    if len(node.arguments) > 2 and isinstance(node.arguments[2], nodes.Number):
        size = int(node.arguments[2].text)
    text = f"iris_to_vector({as_text(env, arguments[0])}, {literal(element)}, {dimension})"
    return Value(text, vector(element, size), nullable=arguments[0].nullable)


def _system(function: str, sql_type: SqlType) -> Builder:
    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = ", ".join(as_text(env, argument) for argument in arguments)
        return Value(f"{function}({parts})", sql_type)

    return build


def _odbc_out(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    return Value(odbc_text(env, arguments[0]), _TEXT, nullable=arguments[0].nullable)


def _plain(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    value = arguments[0]
    return Value(env.text(value), highest([value.type]), nullable=value.nullable)


# -- the table -------------------------------------------------------------------------------------

define("LENGTH", texts("iris_length", INTEGER), 1)
define("CHAR_LENGTH CHARACTER_LENGTH DATALENGTH LEN", texts("iris_char_length", INTEGER), 1)
define("$LENGTH", texts("iris_dollar_length", SMALLINT, nullable=False), 1, 2)
define("SUBSTRING", _sized("iris_substring", numbers_from=1), 2, 3)
define("SUBSTR", _sized("iris_substr", numbers_from=1), 2, 3)
define("$EXTRACT $E", _sized("iris_extract", numbers_from=1), 1, 3)
define("$PIECE $P", _sized("iris_piece", numbers_from=2), 2, 4)
define("LEFT", _sized("iris_left", numbers_from=1), 2)
define("RIGHT", _sized("iris_right", numbers_from=1), 2)
define("POSITION", texts("iris_position", INTEGER), 2)
define("CHARINDEX", texts("iris_position", INTEGER, numbers_from=2), 2, 3)
define("INSTR", texts("iris_instr", INTEGER, numbers_from=2), 2, 4)
define("$FIND $F", texts("iris_find", INTEGER, numbers_from=2), 2, 3)
define("REPLACE", texts("iris_replace", _TEXT), 3)
define("$TRANSLATE $TR", texts("iris_translate", _TEXT), 2, 3)
define("UPPER UCASE", _sized("iris_uppercase"), 1)
define("LOWER LCASE", _sized("iris_lowercase"), 1)
define("TRIM", _sized("iris_trim"), 2, 3)
define("LTRIM", _sized("iris_ltrim"), 1)
define("RTRIM", _sized("iris_rtrim"), 1)
define("REPEAT REPLICATE", texts("iris_repeat", _TEXT, numbers_from=1), 2)
define("SPACE", _numbers("iris_space", _TEXT), 1)
define("REVERSE", _sized("iris_reverse"), 1)
define("CONCAT", _concat, 2)
define("STRING", _string, 1, 100)
define("ASCII", texts("iris_ascii", INTEGER), 1)
define("CHAR", _numbers("iris_char", varchar(1)), 1)
define("STR", _numbers("iris_str", _TEXT), 1, 3)
define("$JUSTIFY $J", texts("iris_justify", _TEXT, numbers_from=1), 2, 3)
define("HASHBYTES", texts("iris_hashbytes", varbinary(64)), 2)


def _pad(function: str) -> Builder:
    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = [as_text(env, arguments[0]), as_number(env, arguments[1])]
        parts += [as_text(env, argument) for argument in arguments[2:]]
        return Value(f"{function}({', '.join(parts)})", _TEXT, nullable=_nullable(arguments))

    return build


def _stuff(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = [as_text(env, arguments[0])]
    parts += [as_number(env, argument) for argument in arguments[1:3]]
    parts.append(as_text(env, arguments[3]))
    return Value(f"iris_stuff({', '.join(parts)})", _TEXT, nullable=_nullable(arguments))


define("LPAD", _pad("iris_lpad"), 2, 3)
define("RPAD", _pad("iris_rpad"), 2, 3)
define("STUFF", _stuff, 4)

define("ABS", _same_number("iris_abs"), 1)
define("SIGN", _numbers("iris_sign", INTEGER), 1)
define("CEILING", _numbers("iris_ceiling"), 1)
define("FLOOR", _floor, 1)
define("SQRT", _numbers("iris_sqrt"), 1)
define("SQUARE", _numbers("iris_square"), 1)
define("POWER", _numbers("iris_power"), 2)
define("ROUND", _same_number("iris_round"), 2, 3)
define("TRUNCATE", _same_number("iris_truncate"), 2)
define("MOD", _same_number("iris_modulo"), 2)
define("EXP", _numbers("iris_exp", DOUBLE), 1)
define("LOG", _numbers("iris_log", DOUBLE), 1)
define("LOG10", _numbers("iris_log10", DOUBLE), 1)
for _name in ("SIN", "COS", "TAN", "COT", "ASIN", "ACOS", "ATAN", "DEGREES", "RADIANS"):
    define(_name, _numbers(f"iris_{_name.lower()}", DOUBLE), 1)
define("ATAN2", _numbers("iris_atan2", DOUBLE), 2)
define("PI", _constant("3.14159265358979323846", DOUBLE), 0)
define("GREATEST", _greatest("MAX"), 1, 100)
define("LEAST", _greatest("MIN"), 1, 100)
define("ISNUMERIC", texts("iris_isnumeric", INTEGER, nullable=False), 1)
define("TO_NUMBER", _numbers("iris_plain", numeric(18, 0)), 1)

define("CURRENT_DATE CURDATE", _current("iris_current_date", DATE), 0)
define("CURRENT_TIME CURTIME", _current("iris_current_time", TIME), 0, 1)
define("CURRENT_TIMESTAMP NOW SYSDATE GETDATE", _current("iris_current_timestamp", TIMESTAMP), 0, 1)
define("GETUTCDATE", _current("iris_current_utc", TIMESTAMP), 0, 1)
define("DATEADD", _moments("iris_dateadd", TIMESTAMP, 2, part=0), 3)
define("TIMESTAMPADD", _moments("iris_dateadd", TIMESTAMP, 2, part=0), 3)
define("DATEDIFF TIMESTAMPDIFF", _moments("iris_datediff", INTEGER, 1, 2, part=0), 3)
define("DATEPART", _moments("iris_datepart", INTEGER, 1, part=0), 2)
define("DATENAME", _moments("iris_datename", varchar(20), 1, part=0), 2)
define("DATE_TRUNC", _moments("iris_date_trunc", TIMESTAMP, 1, part=0), 2)
define("EXTRACT", _extract, 2)
for _name in ("YEAR", "MONTH", "DAY", "QUARTER", "WEEK", "HOUR", "MINUTE", "SECOND"):
    define(_name, _part_of(_name.lower()), 1)
define("DAYOFMONTH", _part_of("day"), 1)
define("DAYOFWEEK", _part_of("weekday"), 1)
define("DAYOFYEAR", _part_of("dayofyear"), 1)
define("DAYNAME", _part_of("weekday", varchar(20)), 1)
define("MONTHNAME", _part_of("month", varchar(20)), 1)
define("LAST_DAY", _moments("iris_last_day", DATE, 0), 1)
define("DATE", _moments("iris_date_of", DATE, 0), 1)
define("UNIX_TIMESTAMP", _moments("iris_unix_timestamp", numeric(18, 6), 0), 0, 1)
define("TO_CHAR", _to_char, 1, 2)
define("TO_DATE", texts("iris_to_date", DATE), 1, 2)
define("TO_TIMESTAMP", texts("iris_parse_timestamp", TIMESTAMP), 1, 2)
define("TO_POSIXTIME", _to_posixtime, 1, 2)
define("{D}", _escape_date, 1)
define("{T}", _escape_time, 1)
define("{TS}", _escape_timestamp, 1)
define("$HOROLOG $H", _constant("iris_horolog()", varchar(20)), 0)
define("$ZTIMESTAMP $ZTS", _constant("iris_ztimestamp()", varchar(30)), 0)

define("COALESCE", _coalesce, 1, 100)
define("NVL ISNULL", _nvl, 2)
define("IFNULL", _ifnull, 2, 3)
define("NULLIF", _nullif, 2)
define("DECODE", _decode, 3, 100)

define("TO_VECTOR", _to_vector, 1, 3)
define("VECTOR_COSINE", texts("iris_vector_cosine", DOUBLE), 2)
define("VECTOR_DOT_PRODUCT", texts("iris_vector_dot_product", DOUBLE), 2)

define("%EXTERNAL %ODBCOUT", _odbc_out, 1)
define("%INTERNAL", _plain, 1)

define("LAST_IDENTITY", _constant("iris_last_identity()", BIGINT, nullable=True), 0)
define("USER $USERNAME", _constant("iris_username()", varchar(128)), 0)
define("DATABASE $NAMESPACE $ZNSPACE", _constant("iris_namespace()", varchar(128)), 0)
define("$JOB", _constant("iris_job()", INTEGER), 0)
define("$TLEVEL $TL", _constant("iris_tlevel()", INTEGER), 0)
define("$ZVERSION $ZV", _constant("iris_zversion()", varchar(256)), 0)
define("$ZPI", _constant("3.14159265358979323846", DOUBLE), 0)
define("$ZTIMEZONE", _constant("iris_ztimezone()", INTEGER), 0)
define("$ZHOROLOG $ZH", _constant("iris_zhorolog()", DOUBLE), 0)
define("$TSQL_NEWID %SYSTEM.UTIL_CREATEGUID", _constant("iris_guid()", varchar(36)), 0)
define("%SYSTEM_SQL.UTIL_GETOPTION", _system("iris_option", _TEXT), 1)
define(
    "%SYSTEM.SQL_DEFAULTSCHEMA %SYSTEM_SQL.DEFAULTSCHEMA", _constant("iris_option('DefaultSchema')", _TEXT), 0
)
define("%SYSTEM.SQL_ISRESERVEDWORD %SYSTEM_SQL.ISRESERVEDWORD", _system("iris_is_reserved", BIT), 1)
define("%SYSTEM.QUERY_PLAN", _system("iris_query_plan", _TEXT), 1, 4)
define("%SYSTEM.VERSION_GETVERSION", _constant("iris_zversion()", varchar(256)), 0)
