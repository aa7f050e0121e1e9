"""Numbers, bits, bytes, vectors and conversions: rules of iris-sql 1.4, 2 and 6.2 to 6.5, one test each."""

from __future__ import annotations

from decimal import Decimal

import pytest

EXPRESSIONS = [
    # 1.4
    ("/ is decimal", "7/2", Decimal("3.5")),
    ("/ has 18 places", "17/7", Decimal("2.428571428571428571")),
    (r"\ truncates", "7\\2", 3),
    (r"\ truncates towards zero", "-7\\2", -3),
    ("# is modulo", "7 # 2", 1),
    ("# of a negative dividend", "-7 # 2", -1),
    ("MOD", "MOD(7, 3)", 1),
    ("precedence is ANSI's", "2 + 3 * 4", 14),
    ("minus binds left to right", "10 - 3 - 2", 5),
    ("two signs need a blank", "- -12", 12),
    ("text is a number as far as it begins like one", "'12abc' + 0", 12),
    ("other text is 0", "'abc' * 1", 0),
    ("NULL in arithmetic", "7 + NULL", None),
    ("addition is exact", "0.1 + 0.2", Decimal("0.3")),
    ("multiplication is exact", "0.1 * 0.1", Decimal("0.01")),
    # 6.2
    ("ABS, SIGN", "ABS(-3) * SIGN(-2)", -3),
    ("CEILING, FLOOR", "CEILING(1.2) + FLOOR(-1.2)", 0),
    ("ROUND half away from zero", "ROUND(2.5, 0)", 3),
    ("ROUND of a negative number", "ROUND(-2.5, 0)", -3),
    ("ROUND drops zeros", "ROUND(10.004, 2)", 10),
    ("ROUND that truncates", "ROUND(2.59, 1, 1)", Decimal("2.5")),
    ("POWER", "POWER(2, 10)", 1024),
    ("SQRT", "SQRT(49)", 7),
    ("GREATEST", "GREATEST(3, 10, 7)", 10),
    ("LEAST", "LEAST(3, 10, 7)", 3),
    ("ISNUMERIC", "ISNUMERIC('1.5') + ISNUMERIC('x')", 1),
    ("TO_NUMBER", "TO_NUMBER('42')", 42),
    # 6.4
    ("CAST to INTEGER cuts", "CAST(2.9 AS INTEGER)", 2),
    ("CAST of no number is 0", "CAST('abc' AS INTEGER)", 0),
    ("CAST to NUMERIC rounds", "CAST(2.345 AS NUMERIC(9,2))", Decimal("2.35")),
    ("CONVERT takes the type first", "CONVERT(INTEGER, '12')", 12),
    ("a decimal has no leading zero as text", "CAST(0.5 AS VARCHAR(9))", ".5"),
    ("LENGTH of a number is that of its canonical text", "LENGTH(0.7)", 2),
    # 6.5
    ("VECTOR_COSINE", "VECTOR_COSINE(TO_VECTOR('1,0'), TO_VECTOR('1,0'))", 1),
    ("VECTOR_COSINE of a right angle", "VECTOR_COSINE(TO_VECTOR('1,0'), TO_VECTOR('0,1'))", 0),
    ("VECTOR_DOT_PRODUCT", "VECTOR_DOT_PRODUCT(TO_VECTOR('[1,2,3]'), TO_VECTOR('[4,5,6]'))", 32),
]


@pytest.mark.parametrize(("rule", "expression", "found"), EXPRESSIONS, ids=[case[0] for case in EXPRESSIONS])
def test_an_expression_of_numbers(sql, rule, expression, found):
    """iris-sql 1.4 and 6.2 to 6.5."""
    assert sql.value(f"SELECT {expression}") == found


def test_numeric_is_exact_in_storage_sum_and_avg(sql):
    """iris-sql 2.1 and 6.5."""
    sql.run("CREATE TABLE money (a NUMERIC(15,2), b NUMERIC(18,4))")
    for cents in range(100):
        sql.rows("INSERT INTO money VALUES (?, ?)", Decimal(cents) / 100, Decimal("0.0001"))
    assert sql.rows("SELECT SUM(a), AVG(a), SUM(b), MAX(a) FROM money") == [
        (Decimal("49.50"), Decimal("0.495"), Decimal("0.0100"), Decimal("0.99"))
    ]
    assert sql.value("SELECT COUNT(*) FROM money WHERE a = 0.07") == 1


STORED = [
    ("a NUMERIC is rounded to its scale", "NUMERIC(9,2)", "1.005", Decimal("1.01")),
    ("a fraction in an INTEGER is rounded", "INTEGER", Decimal("2.5"), 3),
    ("a number becomes text", "VARCHAR(9)", 12, "12"),
    ("TINYINT", "TINYINT", -128, -128),
    ("DOUBLE", "DOUBLE", 1e-300, 1e-300),
    ("BIT is a bool", "BIT", 1, True),
    ("BIT may be NULL", "BIT", None, None),
    ("VARBINARY", "VARBINARY(4)", b"\x00\xff\x80\x01", b"\x00\xff\x80\x01"),
    (
        "UNIQUEIDENTIFIER",
        "UNIQUEIDENTIFIER",
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    ),
    ("a stream of megabytes of text", "LONGVARCHAR", "żółw" * 700_000, "żółw" * 700_000),
    ("a stream of megabytes of bytes", "LONGVARBINARY", bytes(range(256)) * 8000, bytes(range(256)) * 8000),
]


@pytest.mark.parametrize(("rule", "declared", "given", "found"), STORED, ids=[case[0] for case in STORED])
def test_a_stored_value(sql, unique, rule, declared, given, found):
    """iris-sql 2.1, 2.2."""
    sql.run(f"CREATE TABLE {unique} (v {declared})")
    sql.rows(f"INSERT INTO {unique} VALUES (?)", given)
    assert sql.value(f"SELECT v FROM {unique}") == found


REFUSED = [
    ("text that is too long is never cut", "VARCHAR(3)", "four"),
    ("VARCHAR alone is one character", "VARCHAR", "ab"),
    ("no number", "INTEGER", "abc"),
    ("'' is no number", "INTEGER", ""),
    ("too big for INTEGER", "INTEGER", 2147483648),
    ("too big for TINYINT", "TINYINT", 128),
    ("too many digits", "NUMERIC(4,2)", 100),
    ("BIT is 0 or 1", "BIT", 2),
    ("too many bytes", "VARBINARY(2)", b"\x00\x01\x02"),
]


@pytest.mark.parametrize(("rule", "declared", "given"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_value_that_is_refused(sql, unique, rule, declared, given):
    """iris-sql 2.2: -104 when inserted, -105 when updated."""
    sql.run(f"CREATE TABLE {unique} (id INTEGER, v {declared})", f"INSERT INTO {unique} (id) VALUES (1)")
    assert sql.failure(f"INSERT INTO {unique} (v) VALUES (?)", given)[:2] == ("DataError", -104)
    assert sql.failure(f"UPDATE {unique} SET v = ?", given)[:2] == ("DataError", -105)
    assert sql.value(f"SELECT COUNT(*) FROM {unique} WHERE v IS NOT NULL") == 0


def test_streams_refuse_comparisons_and_functions(sql):
    """-313, -37 and -72; IS NULL, SUBSTRING and CHAR_LENGTH work (iris-sql 2.5)."""
    sql.run("CREATE TABLE notes (id INTEGER, body LONGVARCHAR)", "INSERT INTO notes VALUES (1, 'some text')")
    assert sql.failure("SELECT id FROM notes WHERE body = 'some text'")[1] == -313
    assert sql.failure("SELECT UPPER(body) FROM notes")[1] == -37
    assert sql.failure("SELECT id FROM notes ORDER BY body")[1] == -72
    assert sql.value("SELECT COUNT(*) FROM notes WHERE body IS NOT NULL") == 1
    assert sql.rows("SELECT SUBSTRING(body, 1, 4), CHAR_LENGTH(body) FROM notes") == [("some", 9)]


def test_vectors_are_stored_and_compared(sql):
    """TO_VECTOR, VECTOR_DOT_PRODUCT; another length than declared is -104 (iris-sql 2.2 and 6.5)."""
    sql.run("CREATE TABLE vectors (id INTEGER, v VECTOR(DOUBLE, 3))")
    for number, text in enumerate(("1,0,0", "0,1,0", "0.6,0.8,0"), 1):
        sql.rows("INSERT INTO vectors VALUES (?, TO_VECTOR(?, DOUBLE))", number, text)
    nearest = "SELECT TOP 2 id FROM vectors ORDER BY VECTOR_COSINE(v, TO_VECTOR(?, DOUBLE)) DESC"
    assert sql.column(nearest, "0,1,0") == [2, 3]
    assert sql.failure("INSERT INTO vectors VALUES (9, TO_VECTOR('1,2', DOUBLE))")[1] == -104


def test_division_by_zero_is_a_fatal_error(sql):
    """-400 with ``<DIVIDE>`` in its %msg (iris-sql 1.4)."""
    sql.run("CREATE TABLE zero (a INTEGER)", "INSERT INTO zero VALUES (0)")
    name, code, message = sql.failure("SELECT 1 / a FROM zero")
    assert (name, code) == ("DatabaseError", -400)
    assert "<DIVIDE>" in message
