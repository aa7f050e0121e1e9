"""Values of unlike kinds that meet: in comparisons, branches, unions, windows (iris-sql.md 1.4, 2.3, 2.6)."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.fixture
def kinds(sql):
    sql.define(
        "CREATE TABLE k (n INTEGER, w NUMERIC(19,4), f DOUBLE, t VARCHAR(30), d DATE, m TIME, s TIMESTAMP, "
        "p POSIXTIME, b BIT, y VARBINARY(10), e VARCHAR(10) COLLATE EXACT, r VARCHAR(10) COLLATE SQLSTRING)"
    )
    sql.write(
        "INSERT INTO k VALUES (7, '7.5', 1.5, '7.5', '2024-02-29', '10:20:30', '2024-02-29 10:20:30', "
        "'2024-02-29 10:20:30', 1, 'ab', 'Ab', 'Ab  ')"
    )
    return sql


@pytest.mark.parametrize(
    "condition",
    [
        "w = t",
        "t = w",
        "n < w",
        "w > n",
        "w > f",
        "n < t",
        "d < s",
        "s > d",
        "s = p",
        "p = s",
        "d < p",
        "d = '2024-02-29'",
        "d = CAST('2024-02-29' AS VARCHAR(10))",
        "m = CAST('10:20:30' AS VARCHAR(10))",
        "s = CAST('2024-02-29 10:20:30.0' AS VARCHAR(30))",
        "CAST(d AS VARCHAR(10)) = d",
        "b = 1",
        "b = n - 6",
        "y = 'ab'",
        "e = 'Ab'",
        "e <> 'AB'",
        "r = 'Ab'",
        "r <> 'AB'",
        "r LIKE 'Ab'",
        "NOT r LIKE 'ab'",
        "n = (SELECT ? FROM k x)",
        "(SELECT ? FROM k x) = n",
        "t <> (SELECT NULLIF(?, 7) FROM k x) OR n = 7",
        "n IN (SELECT ? FROM k x)",
        "? IN (n, 1)",
        "? BETWEEN n AND n",
        "? = n",
        "n + ? = 14",
        "n || ? = '77'",
        "w ] 5",
        "t ] '7'",
    ],
)
def test_values_are_equal_across_types(kinds, condition):
    assert kinds.column(f"SELECT 1 FROM k WHERE {condition}", *[7] * condition.count("?")) == [1]


@pytest.mark.parametrize(
    ("expression", "type_", "result"),
    [
        ("CASE WHEN n = 7 THEN n ELSE w END", "NUMERIC", 7),
        ("CASE WHEN n = 7 THEN w ELSE t END", "VARCHAR", "7.5"),
        ("CASE WHEN n = 7 THEN d ELSE s END", "TIMESTAMP", "2024-02-29 00:00:00"),
        ("CASE WHEN n = 7 THEN ? ELSE n END", "INTEGER", 7),
        ("CASE n WHEN ? THEN 'x' END", "VARCHAR", "x"),
        ("CASE WHEN n = 7 THEN NULL ELSE d END", "DATE", None),
        ("CASE WHEN n = 7 THEN y ELSE t END", "VARBINARY", b"ab"),
        ("COALESCE(NULL, ?, n)", "INTEGER", 7),
        ("NVL(NULL, d)", "DATE", "2024-02-29"),
        ("GREATEST(n, w)", "NUMERIC", Decimal("7.5")),
        ("LEAST(w, 3)", "NUMERIC", 3),
        ("GREATEST(n)", "INTEGER", 7),
        ("DECODE(n, 7, w, t)", "NUMERIC", Decimal("7.5")),
        ("n || w", "VARCHAR", "77.5"),
        ("f || ''", "VARCHAR", "1.5"),
        ("w + f", "DOUBLE", 9.0),
        ("f * 2", "DOUBLE", 3.0),
        ("w / f", "DOUBLE", 5.0),
        ("-w", "NUMERIC", Decimal("-7.5")),
        ("-n", "INTEGER", -7),
        ("-f", "DOUBLE", -1.5),
        ("ABS(-f)", "DOUBLE", 1.5),
        ("ROUND(f, 0)", "DOUBLE", 2.0),
        ("s + 1", "NUMERIC", 2025),
        ("%PLUS(t)", "NUMERIC", Decimal("7.5")),
        ("%MINUS(n)", "NUMERIC", -7),
        ("%TRUNCATE(t, 1)", "VARCHAR", "7"),
        ("CAST(p AS VARCHAR(30))", "VARCHAR", "2024-02-29 10:20:30"),
        ("CAST(p AS TIMESTAMP)", "TIMESTAMP", "2024-02-29 10:20:30"),
        ("CAST(s AS POSIXTIME)", "TIMESTAMP", "2024-02-29 10:20:30"),
        ("CAST(s AS DATE)", "DATE", "2024-02-29"),
        ("CAST(s AS TIME)", "TIME", "10:20:30"),
        ("CAST(m AS TIME)", "TIME", "10:20:30"),
        ("CAST(d AS TIMESTAMP)", "TIMESTAMP", "2024-02-29 00:00:00"),
        ("CAST(NULL AS INTEGER)", "INTEGER", None),
        ("CAST(n AS NUMERIC(10,2))", "NUMERIC", 7),
        ("CONVERT(VARCHAR(20), m, 108)", "VARCHAR", "10:20:30"),
        ("CONVERT(TIMESTAMP, '2024-02-29 01:02:03', 120)", "TIMESTAMP", "2024-02-29 01:02:03"),
        ("CONVERT(TIME, '01:02:03', 108)", "TIME", "01:02:03"),
        ("%ODBCOUT(d)", "VARCHAR", "2024-02-29"),
        ("%INTERNAL(n)", "INTEGER", 7),
        ("TO_CHAR(n, '999')", "VARCHAR", "   7"),
        ("TO_CHAR(w)", "VARCHAR", "7.5"),
        ("DATEADD('yy', 1, p)", "TIMESTAMP", "2025-02-28 10:20:30"),
        ("{fn MINUTE(m)}", "INTEGER", 20),
        ("MAX(y)", "VARBINARY", b"ab"),
        ("SUM(t)", "NUMERIC", Decimal("7.5")),
        ("SUM(f)", "DOUBLE", 1.5),
        ("AVG(f)", "DOUBLE", 1.5),
        ("SUM(b)", "INTEGER", 1),
        ("MAX(e)", "VARCHAR", "Ab"),
        ("COUNT(DISTINCT w)", "BIGINT", 1),
        ("APPROX_COUNT_DISTINCT(t)", "BIGINT", 1),
        ("STDDEV_POP(n)", "NUMERIC", 0),
        ("VARIANCE(w)", "NUMERIC", 0),
        ("LIST(DISTINCT t)", "VARCHAR", "7.5"),
    ],
)
def test_expressions_of_mixed_types(kinds, expression, type_, result):
    text = f"SELECT {expression} FROM k"
    assert kinds.types(text, ("?",) * text.count("?")) == [type_]
    assert kinds.column(text, *[7] * text.count("?")) == [result]


def test_unions_of_parameters_take_the_type_of_the_other_leg(kinds):
    text = "SELECT t FROM k UNION ALL SELECT ? UNION ALL SELECT NULL"
    assert kinds.types(text, ("?",)) == ["VARCHAR"]
    assert kinds.column(text, 5) == ["7.5", "5", None]
    assert sorted(kinds.column("SELECT w FROM k UNION SELECT n FROM k")) == [7, Decimal("7.5")]


def test_a_union_is_ordered_by_a_lifted_position_and_limited(kinds):
    text = "SELECT n AS a, 1 AS b FROM k UNION ALL SELECT 3, 2 FROM k ORDER BY :%qpar(1) DESC LIMIT 1"
    assert kinds.rows(text, "1", markers=(10,)) == [(7, 1)]
    assert kinds.rows(text, "2", markers=(10,)) == [(3, 2)]
    exact = "SELECT t FROM k UNION SELECT 'A' ORDER BY %EXACT(t)"
    assert kinds.column(exact) == ["7.5", "A"]


def test_a_bracketed_query_with_its_own_limit_may_be_sorted_again(kinds):
    assert kinds.column("(SELECT n FROM k LIMIT 1) ORDER BY n") == [7]


def test_sorting_by_what_has_no_order_is_ignored(kinds):
    assert kinds.column("SELECT n FROM k ORDER BY ?, 'x', NULL, (SELECT 1)", 1) == [7]


def test_window_frames_and_values(kinds):
    kinds.write("INSERT INTO k (n, w) VALUES (8, 8), (9, 9)")
    frame = "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING"
    assert kinds.column(f"SELECT LAST_VALUE(n) OVER (ORDER BY n {frame}) FROM k") == [9, 9, 9]
    assert kinds.column("SELECT COUNT(*) OVER (ORDER BY w ROWS 1 PRECEDING) FROM k ORDER BY w") == [1, 2, 2]
    assert kinds.column("SELECT NTILE(2) OVER (ORDER BY n) FROM k") == [1, 1, 2]
    for text in (
        "NTILE() OVER (ORDER BY n)",
        "UPPER(t) OVER (ORDER BY n)",
        "LAG() OVER (ORDER BY n)",
        "COUNT(DISTINCT n) OVER (ORDER BY n)",
        "SUM(n) OVER (ORDER BY n ROWS 1)",
        "SUM(n) OVER (ORDER BY n RANGE 1 PRECEDING)",
    ):
        assert kinds.refusal(f"SELECT {text} FROM k").sqlcode == -1


def test_rows_beside_aggregates_inside_a_correlated_subquery(kinds):
    text = "SELECT (SELECT MAX(x.n) FROM k x WHERE x.n = k.n), k.n FROM k"
    assert kinds.rows(text) == [(7, 7)]
    beside = "SELECT a.n, (SELECT TOP 1 COUNT(*) + x.n FROM k x WHERE x.n = a.n) FROM k a"
    assert kinds.rows(beside) == [(7, 8)]


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("DATEADD('quarter', -1, '2024-05-31')", "2024-02-29 00:00:00"),
        ("DATEADD('wk', 1, '2024-02-29')", "2024-03-07 00:00:00"),
        ("DATEADD('ms', 5, '2024-02-29')", "2024-02-29 00:00:00.005"),
        ("DATEADD('ns', 5000, '2024-02-29')", "2024-02-29 00:00:00.000005"),
        ("DATEDIFF('mm', '2023-12-31', '2024-02-01')", 2),
        ("DATEDIFF('wk', '2024-03-02', '2024-03-03')", 1),
        ("DATEDIFF('hh', '2024-02-29 10:59:00', '2024-02-29 11:00:00')", 1),
        ("DATEDIFF('mi', '2024-02-29 10:59:59', '2024-02-29 11:00:00')", 1),
        ("DATEDIFF('ms', '2024-02-29 10:59:59', '2024-02-29 11:00:00')", 1000),
        ("DATEDIFF('ns', '2024-02-29 10:59:59', '2024-02-29 11:00:00')", 1000000000),
        ("DATEDIFF('qq', '2024-01-01', '2024-12-01')", None),
        ("DATEPART('week', '2024-01-07')", 2),
        ("DATEPART('ms', '2024-02-29 10:00:00.25')", 250),
        ("DATEPART('ns', '2024-02-29 10:00:00.25')", 250000000),
        ("DATENAME('dw', '2024-02-29')", "Thursday"),
        ("DATENAME('yy', '2024-02-29')", "2024"),
        ("DATE_TRUNC('year', '2024-02-29')", "2024-01-01 00:00:00"),
        ("DATE_TRUNC('quarter', '2024-05-29')", "2024-04-01 00:00:00"),
        ("DATE_TRUNC('week', '2024-02-29')", "2024-02-26 00:00:00"),
        ("DATE_TRUNC('day', '2024-02-29 10:11:12')", "2024-02-29 00:00:00"),
        ("DATE_TRUNC('hour', '2024-02-29 10:11:12')", "2024-02-29 10:00:00"),
        ("DATE_TRUNC('minute', '2024-02-29 10:11:12')", "2024-02-29 10:11:00"),
        ("DATE_TRUNC('second', '2024-02-29 10:11:12.5')", "2024-02-29 10:11:12"),
        ("DATE_TRUNC('ms', '2024-02-29 10:11:12.1239')", "2024-02-29 10:11:12.123"),
        ("YEAR(66899)", 2024),
        (
            "TO_CHAR('2024-02-29 00:05:00', 'Dy DDD YY Q D J RR SSSSS FF3 a.m.')",
            "Thu 060 24 Q 5 2460370 24 300 000 A.M.",
        ),
        ("TO_CHAR(-1234.5, 'S9999.9')", "-1234.5"),
        ("TO_CHAR(5, '$009.9')", " $005.0"),
        ("TO_CHAR(12345, '99')", "###"),
        ("TO_CHAR(0.5, '9.9')", "  .5"),
        ("TO_DATE('60 2024', 'DDD YYYY')", "2024-02-29"),
        ("TO_DATE('2460370', 'J')", "2024-02-29"),
        ("TO_DATE('29FEB2024', 'DDMONYYYY')", "2024-02-29"),
        ("TO_TIMESTAMP('29 FEB 2024 01:02:03 PM', 'DD MON YYYY HH12:MI:SS PM')", "2024-02-29 13:02:03"),
        ("TO_TIMESTAMP('2024-02-29 3723.5', 'YYYY-MM-DD SSSSS.FF')", "2024-02-29 01:02:03.5"),
        ("LOG(1)", 0.0),
        ("{fn DEGREES({fn ACOS(-1)})}", 180.0),
        ("{fn ATAN2(0, 1)}", 0.0),
        ("POWER(2, 0.5)", Decimal("1.4142135623730951")),
        ("$EXTRACT('abc', 2, -1)", "bc"),
        ("$PIECE('a^b', '', 1)", ""),
        ("$PIECE('a^b^c', '^', 2, -1)", "b^c"),
        ("INSTR('abcabc', 'b', -1)", 5),
        ("INSTR('abc', 'z')", 0),
        ("STUFF('abc', 9, 1, 'x')", None),
        ("RTRIM('a ') || TRIM(TRAILING 'x' FROM 'bxx')", "ab"),
        ("RPAD('a', 3, '')", "a"),
        ("$JUSTIFY(3.14159, 7, 2)", "   3.14"),
        ("STR(12345, 3)", "***"),
        ("CHAR(-1)", None),
        ("HASHBYTES('MD5', 'a')", bytes.fromhex("0cc175b9c0f1b6a831c399e269772661")),
        ("HASHBYTES('NONE', 'a')", None),
        ("CAST('123' AS VARBINARY)", b"123"),
    ],
)
def test_the_less_common_functions(sql, expression, result):
    assert sql.value(expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "POWER(-1, 0.5)",
        "{fn ASIN(2)}",
        "REPEAT('x', 4000000)",
        "DATEADD('year', 9000, '2024-01-01')",
        "YEAR('nonsense')",
        "TO_DATE('31 FEB 2024')",
        "TO_DATE('01 XYZ 2024')",
    ],
)
def test_impossible_arguments_fail(sql, expression):
    assert sql.refusal(f"SELECT {expression}").sqlcode == -400


def test_conversions_with_unknown_styles_or_bad_input_fail(sql):
    assert sql.refusal("SELECT CONVERT(DATE, '1', 999)").sqlcode == -141
    assert sql.refusal("SELECT CONVERT(DATE, 'nonsense', 103)").sqlcode == -141


def test_json_aggregates_and_vectors_refuse_what_is_none(sql):
    assert sql.refusal("SELECT VECTOR_DOT_PRODUCT(TO_VECTOR('1'), TO_VECTOR('1,2'))").sqlcode == -259
    assert sql.refusal("SELECT TO_VECTOR('1,x')").sqlcode == -400
    assert sql.refusal("SELECT TO_VECTOR('1,2', DOUBLE, 3)").sqlcode == -104
    assert sql.refusal("SELECT TO_VECTOR('1', TEXT)").sqlcode == -1
    assert sql.value("TO_VECTOR('[1.9, 2]', INTEGER)") == "1,2"
    assert sql.value("VECTOR_COSINE(TO_VECTOR('0,0'), TO_VECTOR('1,2'))") is None
