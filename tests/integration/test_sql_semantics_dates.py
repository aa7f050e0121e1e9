"""Dates and times: rules of iris-sql 2.3 and 6.3, one test each."""

from __future__ import annotations

import datetime as dt
import re

import pytest

EXPRESSIONS = [
    ("DATEADD gives a timestamp", "DATEADD('day', 1, '2024-02-28')", dt.datetime(2024, 2, 29)),
    ("DATEADD of months clamps", "DATEADD('month', 5, '2024-01-31')", dt.datetime(2024, 6, 30)),
    ("DATEADD with a bare part", "DATEADD(yy, -1, '2024-02-29')", dt.datetime(2023, 2, 28)),
    ("DATEADD of hours", "DATEADD(hh, 25, '2024-01-01 00:30:00')", dt.datetime(2024, 1, 2, 1, 30)),
    ("DATEDIFF counts boundaries", "DATEDIFF('year', '2023-12-31', '2024-01-01')", 1),
    ("DATEDIFF of days", "DATEDIFF('day', '2024-02-28', '2024-03-01')", 2),
    ("DATEDIFF backwards", "DATEDIFF(mm, '2024-03-01', '2024-01-31')", -2),
    ("DATEPART", "DATEPART('year', '2024-02-29')", 2024),
    ("DATEPART weekday 1 is Sunday", "DATEPART('weekday', '2024-02-25')", 1),
    ("DATENAME", "DATENAME('month', '2024-02-29')", "February"),
    ("YEAR, MONTH, DAY", "YEAR('2024-02-29') + MONTH('2024-02-29') + DAY('2024-02-29')", 2055),
    ("QUARTER", "{fn QUARTER('2024-05-01')}", 2),
    ("DAYOFWEEK", "{fn DAYOFWEEK('2024-02-25')}", 1),
    ("DAYOFYEAR", "{fn DAYOFYEAR('2024-12-31')}", 366),
    (
        "HOUR, MINUTE, SECOND",
        "{fn HOUR('12:34:56')} + {fn MINUTE('12:34:56')} + {fn SECOND('12:34:56')}",
        102,
    ),
    ("MONTHNAME, DAYNAME", "{fn MONTHNAME('2024-02-29')} || {fn DAYNAME('2024-02-29')}", "FebruaryThursday"),
    ("LAST_DAY", "LAST_DAY('2024-02-10')", "2024-02-29"),
    ("TO_DATE with a format", "TO_DATE('29/02/2024', 'DD/MM/YYYY')", "2024-02-29"),
    ("TO_DATE's default format", "TO_DATE('29 FEB 2024')", "2024-02-29"),
    ("TO_CHAR", "TO_CHAR(TO_DATE('2024-02-29', 'YYYY-MM-DD'), 'DD.MM.YYYY')", "29.02.2024"),
    (
        "TO_TIMESTAMP",
        "TO_TIMESTAMP('2024-02-29 12:34:56', 'YYYY-MM-DD HH24:MI:SS')",
        dt.datetime(2024, 2, 29, 12, 34, 56),
    ),
    ("CAST of ISO text", "CAST('2024-02-29' AS DATE)", "2024-02-29"),
    ("CAST of a day number", "CAST(66899 AS DATE)", "2024-02-29"),
    ("CAST of no date is day 0", "CAST('nonsense' AS DATE)", "1840-12-31"),
    ("CAST of no time is midnight", "CAST('nonsense' AS TIME)", "00:00:00"),
    ("CAST of a date to a number", "CAST(CAST('2024-02-29' AS DATE) AS INTEGER)", 66899),
    ("CAST of a date to text is ISO", "CAST(CAST('2024-02-29' AS DATE) AS VARCHAR(20))", "2024-02-29"),
    (
        "CAST of a date to a timestamp",
        "CAST(CAST('2024-02-29' AS DATE) AS TIMESTAMP)",
        dt.datetime(2024, 2, 29),
    ),
    ("{d}", "{d '2024-02-29'}", "2024-02-29"),
    ("{ts}", "{ts '2024-02-29 12:34:56'}", dt.datetime(2024, 2, 29, 12, 34, 56)),
    ("TIMESTAMPDIFF", "{fn TIMESTAMPDIFF(SQL_TSI_HOUR, '2024-01-01 00:00:00', '2024-01-02 01:00:00')}", 25),
    ("DATE of a timestamp", "DATE('2024-02-29 12:34:56')", "2024-02-29"),
]


@pytest.mark.parametrize(("rule", "expression", "found"), EXPRESSIONS, ids=[case[0] for case in EXPRESSIONS])
def test_an_expression_of_dates(sql, rule, expression, found):
    """iris-sql 6.3 and 6.4."""
    value = sql.value(f"SELECT {expression}")
    assert (str(value) if isinstance(found, str) else value) == found


NOW = [
    ("CURRENT_DATE", r"\d{4}-\d\d-\d\d"),
    ("CURRENT_TIME", r"\d\d:\d\d:\d\d"),
    ("CAST(CURRENT_TIMESTAMP AS VARCHAR(40))", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("CAST(GETDATE() AS VARCHAR(40))", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("CAST(NOW() AS VARCHAR(40))", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("CAST(SYSDATE AS VARCHAR(40))", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("CAST(CURRENT_TIMESTAMP(3) AS VARCHAR(40))", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?"),
    ("$HOROLOG", r"\d{5},\d{1,5}"),
]


@pytest.mark.parametrize(("expression", "pattern"), NOW, ids=[case[0] for case in NOW])
def test_the_present_time_has_no_fraction_unless_asked_for(sql, expression, pattern):
    """iris-sql 2.3 and 6.3."""
    assert re.fullmatch(pattern, str(sql.value(f"SELECT {expression}")))


@pytest.fixture(scope="module")
def events(sql):
    sql.run(
        "CREATE TABLE events (id INTEGER, d DATE, t TIME, ts TIMESTAMP)",
        "INSERT INTO events VALUES (1, '2024-02-29', '12:34:56', '2024-02-29 12:34:56')",
        "INSERT INTO events VALUES (2, 66900, 3600, '2024-03-01 00:00:00.5')",
        "INSERT INTO events VALUES (3, NULL, NULL, NULL)",
        "INSERT INTO events VALUES (4, '1841-01-01', '00:00:00', '1900-01-01 00:00:00')",
    )
    return sql


DATED = [
    ("ISO text is compared as a date", "d = '2024-02-29'", [1]),
    ("the stored number is accepted too", "d = 66899", [1]),
    ("a parameter", "d = ?", [1]),
    ("dates are ordered", "d > '2024-02-29'", [2]),
    ("BETWEEN", "d BETWEEN '2024-01-01' AND '2024-12-31'", [1, 2]),
    ("a date plus a number is days", "d + 1 = 66900", [1]),
    ("LIKE sees the day number", "d LIKE '668%'", [1]),
    ("times", "t >= '12:00:00'", [1]),
    ("a time is seconds", "t = 3600", [2]),
    ("timestamps", "ts > '2024-02-29 12:34:55'", [1, 2]),
]


@pytest.mark.parametrize(("rule", "condition", "found"), DATED, ids=[case[0] for case in DATED])
def test_a_condition_on_dates(events, rule, condition, found):
    """A client is in ODBC mode: ISO text at the edge, numbers inside (iris-sql 2.3)."""
    values = ["2024-02-29"] if "?" in condition else []
    assert events.column(f"SELECT id FROM events WHERE {condition} ORDER BY id", *values) == found


def test_a_date_inside_an_expression_is_its_number(events):
    """``SELECT 'on '||dob`` gives ``on 66899`` (iris-sql 12.13); %ODBCOUT gives the text."""
    assert events.rows("SELECT 'on ' || d, %ODBCOUT(d) FROM events WHERE id = 1") == [
        ("on 66899", "2024-02-29")
    ]


def test_the_difference_of_dates_is_days(events):
    assert events.value("SELECT b.d - a.d FROM events a, events b WHERE a.id = 1 AND b.id = 2") == 1


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT id FROM events WHERE d = '2026-02-31'", -146),
        ("INSERT INTO events (d) VALUES ('2026-02-31')", -146),
        ("INSERT INTO events (t) VALUES ('25:00:00')", -147),
    ],
)
def test_an_impossible_date_is_refused(events, text, code):
    """iris-sql 2.2, 2.3 and 11."""
    name, found, message = events.failure(text)
    assert (name, found) == ("DataError", code)
    if code == -146:
        assert message == "Error: '2026-02-31' is an invalid ODBC/JDBC Date value"


def test_posixtime_is_a_timestamp_for_the_client(sql):
    sql.run("CREATE TABLE posix (p POSIXTIME)", "INSERT INTO posix VALUES ('2024-02-29 12:34:56.5')")
    assert sql.value("SELECT p FROM posix") == dt.datetime(2024, 2, 29, 12, 34, 56, 500000)
    assert sql.value("SELECT COUNT(*) FROM posix WHERE p > '2024-02-29 12:34:56'") == 1
