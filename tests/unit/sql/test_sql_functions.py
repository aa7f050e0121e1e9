"""Scalar functions (iris-sql.md 6)."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("LENGTH('ab  ')", 2),
        ("CHAR_LENGTH('ab  ')", 4),
        ("$LENGTH('ab  ')", 4),
        ("$LENGTH(NULL)", 0),
        ("$LENGTH('a,b,c', ',')", 3),
        ("LENGTH(NULL)", None),
        ("LENGTH('')", 0),
        ("SUBSTRING('abcdef', 2, 3)", "bcd"),
        ("SUBSTRING('abcdef' FROM 2 FOR 3)", "bcd"),
        ("SUBSTRING('abcdef', 0, 3)", "ab"),
        ("SUBSTRING('abc', 9)", ""),
        ("SUBSTRING('abc', 1, 0)", None),
        ("SUBSTR('abc', 9)", None),
        ("SUBSTR('abc', 0, 2)", "ab"),
        ("SUBSTR('abc', -2)", "bc"),
        ("$EXTRACT('abcdef', 2, 4)", "bcd"),
        ("$PIECE('a^b^c', '^', 2)", "b"),
        ("$PIECE('a^b^c', '^', 2, 3)", "b^c"),
        ("LEFT('abc', 2)", "ab"),
        ("{fn RIGHT('abc', 2)}", "bc"),
        ("POSITION('c' IN 'abc')", 3),
        ("POSITION('C' IN 'abc')", 0),
        ("CHARINDEX('b', 'abcb', 3)", 4),
        ("INSTR('abcb', 'b', 1, 2)", 4),
        ("$FIND('abc', 'b')", 3),
        ("REPLACE('banana', 'an', 'x')", "bxxa"),
        ("STUFF('abcdef', 2, 3, 'X')", "aXef"),
        ("$TRANSLATE('abc', 'ac', 'x')", "xb"),
        ("UPPER('aß')", "Aß"),
        ("LOWER('AB')", "ab"),
        ("TRIM('  a ')", "a"),
        ("TRIM(LEADING 'x' FROM 'xxax')", "ax"),
        ("TRIM(BOTH FROM ' a ')", "a"),
        ("LTRIM('  a ')", "a "),
        ("RTRIM('  a ')", "  a"),
        ("LPAD('5', 3, '0')", "005"),
        ("RPAD('abc', 2)", "ab"),
        ("REPEAT('ab', 2)", "abab"),
        ("SPACE(2)", "  "),
        ("REVERSE('abc')", "cba"),
        ("{fn CONCAT('a', 'b')}", "ab"),
        ("ASCII('A')", 65),
        ("ASCII('')", None),
        ("CHAR(65)", "A"),
        ("STR(3.14159, 6, 2)", "  3.14"),
        ("$JUSTIFY('a', 3)", "  a"),
    ],
)
def test_string_functions(sql, expression, result):
    assert sql.value(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("ABS(-1.5)", Decimal("1.5")),
        ("SIGN(-3)", -1),
        ("CEILING(1.2)", 2),
        ("FLOOR(-1.2)", -2),
        ("FLOOR('x')", None),
        ("SQRT(2)", Decimal("1.41421356237309505")),
        ("SQUARE(3)", 9),
        ("POWER(2, 10)", 1024),
        ("POWER(2, -1)", Decimal("0.5")),
        ("ROUND(10.004, 2)", 10),
        ("ROUND(2.5, 0)", 3),
        ("ROUND(-2.5, 0)", -3),
        ("ROUND(1250, -2)", 1300),
        ("ROUND(1.29, 1, 1)", Decimal("1.2")),
        ("{fn TRUNCATE(1.29, 1)}", Decimal("1.2")),
        ("GREATEST(1, 3, 2)", 3),
        ("LEAST('b', 'a')", "a"),
        ("ISNUMERIC('1.5')", 1),
        ("ISNUMERIC('1x')", 0),
        ("TO_NUMBER('12.50')", Decimal("12.5")),
        ("LOG10(100)", 2.0),
        ("{fn COS(0)}", 1.0),
    ],
)
def test_number_functions(sql, expression, result):
    assert sql.value(expression) == result


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("CURRENT_DATE", "2026-11-21"),
        ("CURRENT_TIME", "09:30:15"),
        ("CURRENT_TIME(2)", "09:30:15.12"),
        ("CURRENT_TIMESTAMP", "2026-11-21 09:30:15"),
        ("CURRENT_TIMESTAMP(3)", "2026-11-21 09:30:15.123"),
        ("NOW()", "2026-11-21 09:30:15"),
        ("{fn NOW}", "2026-11-21 09:30:15"),
        ("GETDATE(3)", "2026-11-21 09:30:15.123"),
        ("GETUTCDATE()", "2026-11-21 08:30:15"),
        ("SYSDATE", "2026-11-21 09:30:15"),
        ("DATEADD('month', 5, '2024-01-31')", "2024-06-30 00:00:00"),
        ("DATEADD(dd, -1, CURRENT_DATE)", "2026-11-20 00:00:00"),
        ("DATEADD('hh', 2, '2024-01-31 23:00:00')", "2024-02-01 01:00:00"),
        ("DATEDIFF('yyyy', '2023-12-31', '2024-01-01')", 1),
        ("DATEDIFF('day', '2024-02-28', '2024-03-01')", 2),
        ("DATEDIFF('ss', '2024-01-01 00:00:00', '2024-01-01 00:01:05')", 65),
        ("DATEDIFF('nonsense', '2024-02-28', '2024-03-01')", None),
        ("DATEPART('weekday', '2024-02-29')", 5),
        ("DATEPART(dy, '2024-02-29')", 60),
        ("DATENAME('month', '2024-02-29')", "February"),
        ("DATE_TRUNC('month', '2024-02-29 10:00:00')", "2024-02-01 00:00:00"),
        ("EXTRACT(year FROM CURRENT_DATE)", 2026),
        ("YEAR('2024-02-29')", 2024),
        ("{fn QUARTER('2024-02-29')}", 1),
        ("{fn DAYNAME('2024-02-29')}", "Thursday"),
        ("{fn HOUR('10:20:30')}", 10),
        ("{fn TIMESTAMPADD(SQL_TSI_DAY, 1, '2024-02-28')}", "2024-02-29 00:00:00"),
        ("{fn TIMESTAMPDIFF(SQL_TSI_MONTH, '2024-01-01', '2024-03-01')}", 2),
        ("LAST_DAY('2024-02-01')", "2024-02-29"),
        ("DATE('2024-02-29 10:00:00')", "2024-02-29"),
        ("UNIX_TIMESTAMP('1970-01-02')", 86400),
        ("TO_CHAR(CAST('2024-02-29' AS DATE), 'DD MON YYYY')", "29 FEB 2024"),
        ("TO_CHAR(CAST('2024-02-29' AS DATE))", "66899"),
        (
            "TO_CHAR(CAST('2024-02-29 13:05:09' AS TIMESTAMP), 'YYYY-MM-DD HH12:MI:SS AM')",
            "2024-02-29 01:05:09 PM",
        ),
        ("TO_CHAR(1234.5, '9,999.99')", " 1,234.50"),
        ("TO_DATE('29 FEB 2024')", "2024-02-29"),
        ("TO_DATE('20240229')", "2024-02-29"),
        ("TO_DATE('02/29/2024', 'MM/DD/YYYY')", "2024-02-29"),
        ("TO_DATE('29 FEB 24', 'DD MON RR')", "2024-02-29"),
        ("TO_TIMESTAMP('2024-02-29 13:05:09', 'YYYY-MM-DD HH24:MI:SS')", "2024-02-29 13:05:09"),
        ("$HOROLOG", "67895,34215"),
    ],
)
def test_date_functions(sql, expression, result):
    assert sql.value(expression) == result


def test_functions_on_date_columns_and_parameters(people):
    assert people.rows("SELECT YEAR(Dob), DATEDIFF('dd', Dob, ?) FROM Person WHERE id = 1", "2000-01-05") == [
        (2000, 3)
    ]
    assert people.value("DATEADD('dd', ?, ?)", 1, "2024-02-28") == "2024-02-29 00:00:00"


@pytest.mark.parametrize(
    ("expression", "sqlcode"),
    [
        ("VERSION()", -359),
        ("nosuch.Function(1)", -359),
        ("$ZDATE(1)", -12),
        ("$$mine(1)", -372),
        ("session_user", -12),
        ("DATEADD('fortnight', 1, '2024-01-01')", -8),
        ("TO_DATE('nonsense')", -400),
        ("SUBSTRING('a', 1, -1)", -140),
        ("SQRT(-1)", -400),
        ("CAST(1 AS GEOMETRY)", -376),
        ("LEFT('abc')", -1),
        ("UPPER('a', 'b')", -1),
    ],
)
def test_functions_refuse_in_the_words_of_iris(sql, expression, sqlcode):
    assert sql.refusal(f"SELECT {expression}").sqlcode == sqlcode


def test_an_unknown_function_is_named_with_its_schema(sql):
    assert (
        sql.refusal("SELECT VERSION()").message
        == " User defined SQL function 'SQLUSER.VERSION' does not exist"
    )


def test_json(sql):
    assert sql.value("JSON_OBJECT('a':1, 'b':NULL)") == '{"a":1,"b":null}'
    assert sql.value("JSON_OBJECT('a':1, 'b':NULL ABSENT ON NULL)") == '{"a":1}'
    assert sql.value("JSON_ARRAY(1, 'x')") == '[1,"x"]'


def test_vectors(sql):
    assert sql.value("VECTOR_DOT_PRODUCT(TO_VECTOR('1,2'), TO_VECTOR('[3, 4]'))") == 11.0
    assert sql.value("vector_cosine(to_vector(?), to_vector(?))", "1,0", "2,0") == 1.0
    sql.define("CREATE TABLE v (e VECTOR(FLOAT, 3))")
    sql.write("INSERT INTO v (e) VALUES (TO_VECTOR(?, FLOAT, 3))", "1,2,3")
    assert sql.column("SELECT VECTOR_COSINE(e, TO_VECTOR('1,2,3', FLOAT)) FROM v") == [pytest.approx(1.0)]
    assert sql.refusal("INSERT INTO v (e) VALUES (TO_VECTOR('1,2'))").sqlcode == -104
    assert sql.refusal("INSERT INTO v (e) VALUES (?)", "1,2,3").sqlcode == -104


def test_the_session_answers(sql):
    assert sql.rows("SELECT $NAMESPACE, {fn DATABASE()}, $USERNAME, USER, $JOB, $TLEVEL, $ZVERSION") == [
        ("USER", "USER", "_SYSTEM", "_SYSTEM", 4711, 0, "stand-in")
    ]
    assert sql.value("LAST_IDENTITY()") is None
    assert sql.value("%SYSTEM_SQL . Util_GetOption ( ? )", "IsolationMode") == 0
    assert sql.value("%SYSTEM.SQL_IsReservedWord('select')") == 1


def test_streams_are_refused_by_most_functions(sql):
    sql.define("CREATE TABLE doc (id INTEGER, body LONGVARCHAR)")
    sql.write("INSERT INTO doc (id, body) VALUES (1, 'long text')")
    assert sql.refusal("SELECT UPPER(body) FROM doc").sqlcode == -37
    assert sql.refusal("SELECT MAX(body) FROM doc").sqlcode == -37
    assert sql.refusal("SELECT id FROM doc WHERE body = 'x'").sqlcode == -313
    assert sql.refusal("SELECT id FROM doc ORDER BY body").sqlcode == -72
    assert sql.rows(
        "SELECT SUBSTRING(body, 1, 4), CHAR_LENGTH(body), body FROM doc WHERE body IS NOT NULL"
    ) == [("long", 9, "long text")]
    assert sql.rows("SELECT COUNT(body) FROM doc") == [(1,)]
