"""Arithmetic, NULL, conversion, dates inside expressions (iris-sql.md 1.4, 2.3, 4, 6.4)."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("7/2", "3.5"),
        ("17/7", "2.428571428571428571"),
        (r"7\2", "3"),
        (r"-7\2", "-3"),
        ("7 # 2", "1"),
        ("-7 # 2", "-1"),
        ("7 # -2", "1"),
        ("MOD(7, 2)", "1"),
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("10 - 4 - 3", "3"),
        ("0.1 + 0.2", "0.3"),
        ("1.1 * 1.1", "1.21"),
        ("- -5", "5"),
        ("+5", "5"),
        ("9223372036854775807 + 1", "9223372036854775810"),
        ("'12abc' + 0", "12"),
        ("'abc' * 1", "0"),
        ("'' + 1", "1"),
        ("1.50", "1.5"),
        ("007.0", "7"),
    ],
)
def test_arithmetic_is_decimal(sql, expression, result):
    assert str(sql.value(expression)) == result


@pytest.mark.parametrize("expression", ["1/0", r"1\0", "1 # 0", "1/''", "CAST(1 AS DOUBLE)/0"])
def test_division_by_zero_fails(sql, expression):
    error = sql.refusal(f"SELECT {expression}")
    assert error.sqlcode == -400
    assert "<DIVIDE>" in error.message


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("Age + 1", "BIGINT"),
        ("Age * 2", "NUMERIC"),
        ("Age / 2", "NUMERIC"),
        ("Salary + Age", "NUMERIC"),
        ("CAST(Age AS DOUBLE) + 1", "DOUBLE"),
        ("Name || 'x'", "VARCHAR"),
        ("COUNT(*)", "BIGINT"),
        ("SUM(Age)", "INTEGER"),
        ("SUM(Salary)", "NUMERIC"),
        ("MIN(Dob)", "DATE"),
        ("CASE WHEN 1 = 1 THEN 1 ELSE 1.5 END", "NUMERIC"),
        ("COALESCE(Age, 'x')", "VARCHAR"),
        ("CURRENT_TIMESTAMP", "TIMESTAMP"),
        ("Dob + 1", "NUMERIC"),
    ],
)
def test_results_have_the_documented_types(people, expression, name):
    assert people.types(f"SELECT {expression} FROM Person") == [name]


def test_the_scale_of_a_result_follows_its_operands(people):
    (sum_, product) = people.translate("SELECT Salary + 1.125, Salary * Salary FROM Person").columns
    assert (sum_.type.scale, product.type.scale) == (3, 4)


def test_concatenation_with_null_is_null_and_string_drops_it(sql):
    assert sql.value("'a' || NULL") is None
    assert sql.value("'' || 'a'") == "a"
    assert sql.value("STRING('a', NULL, '', 1.50)") == "a1.5"
    assert sql.value("STRING(NULL, NULL)") is None
    assert sql.value("1 || .5") == "1.5"


def test_numbers_have_no_zero_before_the_point_as_text(sql):
    assert sql.value("0.5 || ''") == ".5"
    assert sql.value("-0.5 || ''") == "-.5"
    assert sql.value("LENGTH(0.7)") == 2


def test_case_simple_and_searched(people):
    text = "SELECT CASE Name WHEN 'BOB' THEN 1 WHEN 'alice' THEN 2 ELSE 3 END FROM Person ORDER BY id"
    assert people.column(text) == [1, 2, 3]
    assert people.column(
        "SELECT CASE WHEN Age > 35 THEN 'old' WHEN Age > 0 THEN 'young' END FROM Person ORDER BY id"
    ) == [
        "old",
        "young",
        None,
    ]


def test_null_functions_differ_from_those_of_others(sql):
    assert sql.value("IFNULL(5, 0)") is None
    assert sql.value("IFNULL(NULL, 0)") == 0
    assert sql.value("IFNULL(5, 0, 1)") == 1
    assert sql.value("{fn IFNULL(5, 0)}") == "5"
    assert sql.value("NVL(NULL, 3)") == 3
    assert sql.value("ISNULL(NULL, 'x')") == "x"
    assert sql.value("COALESCE(NULL, NULL, 7)") == 7
    assert sql.value("NULLIF(1, 1)") is None
    assert sql.value("NULLIF('a', 'A')") == "a"


def test_nullif_uses_the_collation(people):
    assert people.column("SELECT NULLIF(Name, 'BOB') FROM Person ORDER BY id") == [None, "alice", "Carl"]


def test_decode_chooses(sql):
    assert sql.value("DECODE(2, 1, 'one', 2, 'two', 'many')") == "two"
    assert sql.value("DECODE(9, 1, 'one', 'many')") == "many"
    assert sql.value("DECODE(NULL, NULL, 'none', 'some')") == "none"


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("CAST('abc' AS CHAR)", "a"),
        ("CAST('abc' AS VARCHAR(2))", "ab"),
        ("CAST('abc' AS INTEGER)", 0),
        ("CAST(1.9 AS INTEGER)", 1),
        ("CAST('12.7xyz' AS INTEGER)", 12),
        ("CAST(2.345 AS NUMERIC(10,2))", Decimal("2.35")),
        ("CAST(2.9 AS NUMERIC)", 2),
        ("CAST('1.5' AS DOUBLE)", 1.5),
        ("CAST('2024-02-29' AS DATE)", "2024-02-29"),
        ("CAST('nonsense' AS DATE)", "1840-12-31"),
        ("CAST(66899 AS DATE)", "2024-02-29"),
        ("CAST('nonsense' AS TIME)", "00:00:00"),
        ("CAST('2024-02-29' AS TIMESTAMP)", "2024-02-29 00:00:00"),
        ("CAST(CAST('10:20:30' AS TIME) AS TIMESTAMP)", "1841-01-01 10:20:30"),
        ("CAST(CAST('2024-02-29' AS DATE) AS VARCHAR)", "2024-02-29"),
        ("CAST(CAST('2024-02-29' AS DATE) AS INTEGER)", 66899),
        ("CAST(5 AS BIT)", 1),
        ("CAST('ab' AS VARBINARY(1))", b"a"),
        ("CONVERT(INTEGER, '7')", 7),
        ("CONVERT(VARCHAR(10), CAST('2024-02-29' AS DATE), 103)", "29/02/2024"),
        ("CONVERT(DATE, '29/02/2024', 103)", "2024-02-29"),
        ("{fn CONVERT('7', SQL_INTEGER)}", 7),
    ],
)
def test_cast_cuts_and_falls_back_instead_of_failing(sql, expression, result):
    assert sql.value(expression) == result


def test_varchar_without_length_is_cut_at_thirty_by_cast(sql):
    assert sql.value("CAST(? AS VARCHAR)", "x" * 40) == "x" * 30


def test_dates_are_day_numbers_inside_expressions_and_iso_at_the_edge(people):
    assert people.rows("SELECT Dob, 'on ' || Dob, Dob + 1 FROM Person WHERE id = 1") == [
        ("2000-01-02", "on 58075", 58076)
    ]


def test_dates_compare_with_iso_text_and_with_their_number(people):
    assert people.column("SELECT id FROM Person WHERE Dob = ?", "2000-01-02") == [1]
    assert people.column("SELECT id FROM Person WHERE Dob = ?", "58075") == [1]
    assert people.column("SELECT id FROM Person WHERE Dob = ?", 58075) == [1]
    assert people.column("SELECT id FROM Person WHERE Dob BETWEEN '1990-01-01' AND '1999-12-31'") == [2]
    assert people.column("SELECT id FROM Person WHERE Dob = {d '2000-01-02'}") == [1]
    assert people.column("SELECT id FROM Person WHERE Dob = CAST('2000-01-02 00:00:00' AS TIMESTAMP)") == [1]
    assert people.column("SELECT id FROM Person WHERE Dob < CURRENT_DATE ORDER BY id") == [1, 2]


def test_a_bad_date_in_a_comparison_fails(people):
    assert people.refusal("SELECT id FROM Person WHERE Dob = ?", "2026-02-31").sqlcode == -146
    assert people.refusal("SELECT {d '2026-02-31'}").sqlcode == -146
    assert people.refusal("SELECT {t '25:00:00'}").sqlcode == -147
    assert people.value("{ts 'yesterday'}") == "error"


def test_times_and_timestamps_compare(sql):
    sql.define("CREATE TABLE e (t TIME, s TIMESTAMP, p POSIXTIME)")
    sql.write("INSERT INTO e (t, s, p) VALUES ('10:20:30', '2024-02-29 10:20:30.5', '2024-02-29 10:20:30')")
    assert sql.rows("SELECT t, s, p FROM e") == [("10:20:30", "2024-02-29 10:20:30.5", "2024-02-29 10:20:30")]
    assert sql.column(
        "SELECT 1 FROM e WHERE t = '10:20:30' AND s > '2024-02-29' AND p < ?", "2024-03-01"
    ) == [1]
    assert sql.column("SELECT 1 FROM e WHERE p = CAST('2024-02-29 10:20:30' AS TIMESTAMP)") == [1]
    assert sql.refusal("SELECT 1 FROM e WHERE t = ?", "late").sqlcode == -147


def test_numbers_compare_by_value_whatever_they_are_stored_as(sql):
    sql.define("CREATE TABLE n (w NUMERIC(19,5), s NUMERIC(10,2), d DOUBLE, t VARCHAR(20))")
    for value in ("2", "10", "1234567890123.12345", "-5.5"):
        sql.write("INSERT INTO n (w, t) VALUES (?, ?)", value, value)
    assert [str(v) for v in sql.column("SELECT w FROM n ORDER BY w")] == [
        "-5.5",
        "2",
        "10",
        "1234567890123.12345",
    ]
    assert len(sql.rows("SELECT 1 FROM n WHERE w = ?", Decimal("1234567890123.12345"))) == 1
    assert len(sql.rows("SELECT 1 FROM n WHERE w > ?", 2)) == 2
    assert [str(v) for v in sql.rows("SELECT MIN(w), MAX(w) FROM n")[0]] == ["-5.5", "1234567890123.12345"]
    assert len(sql.rows("SELECT DISTINCT w FROM n")) == 4
    assert sql.column("SELECT t FROM n WHERE t = 10") == ["10"]


def test_a_number_column_takes_text_that_is_a_number(people):
    assert people.column("SELECT id FROM Person WHERE Age = ?", "40") == [1]
    assert people.column("SELECT id FROM Person WHERE Age = 'abc'") == []
    assert people.column("SELECT id FROM Person WHERE Salary = ?", Decimal("1000.5")) == [1]
    assert people.column("SELECT id FROM Person WHERE Salary > ?", 1500.0) == [2]


def test_two_parameters_compare_as_numbers_when_they_are(sql):
    assert sql.value("CASE WHEN ? = ? THEN 1 ELSE 0 END", 1, "1") == 1
    assert sql.value("CASE WHEN ? < ? THEN 1 ELSE 0 END", 9, 10) == 1


def test_not_without_a_blank_before_the_operator(people):
    assert people.column("SELECT id FROM Person WHERE Age NOT= 40 ORDER BY id") == [2]
    assert people.column("SELECT id FROM Person WHERE Age NOT> 30") == [2]


def test_conditions_nest_and_brackets_may_hold_values_or_conditions(people):
    assert people.column(
        "SELECT id FROM Person WHERE ((Age) + (1)) = 41 AND (((id)) = 1 OR (Age IS NULL))"
    ) == [1]
    assert people.column("SELECT id FROM Person WHERE NOT (Age = 40 OR Age = 30)") == []
    assert people.column("SELECT id FROM Person WHERE Age = 40 OR Age = 30 AND Name = 'zoe'") == [1]
    assert people.column("SELECT id FROM Person WHERE (Age = 40 & Name = 'BOB') ! id = 3 ORDER BY id") == [
        1,
        3,
    ]


def test_like_on_a_date_sees_the_number(people):
    assert people.column("SELECT id FROM Person WHERE Dob LIKE '580%'") == [1]
