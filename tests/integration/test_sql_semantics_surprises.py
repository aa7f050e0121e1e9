"""What surprises people who come from other databases: iris-sql 12, item by item, over the real driver.

Item 5 (dirty reads) is what the stand-in has not, and so is a part of 8 (a declared key on an IDENTITY column
is ignored): docs/reference/standin.md. Items 6, 7 and 22 take more than
one statement or connection and are in test_sql_semantics_rows and test_driver_transactions.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from pathlib import Path

import pytest

ELSEWHERE = {
    5: None,
    6: ("test_sql_semantics_rows", "test_a_statement_is_atomic_and_leaves_the_transaction_open"),
    7: ("test_driver_transactions", "SQLCODE: <-110>"),
    22: ("test_sql_semantics_rows", "test_a_savepoint_is_gone_after_it_was_returned_to"),
}
TABLES = [
    "CREATE TABLE p (id INTEGER PRIMARY KEY, name VARCHAR(20) UNIQUE, city VARCHAR(20), dob DATE)",
    "INSERT INTO p VALUES (1, 'Bob', 'New York', '2024-02-29')",
    "INSERT INTO p VALUES (2, 'Ann', 'new york  ', NULL)",
    "CREATE TABLE one (a VARCHAR)",
    "CREATE TABLE counted (id INTEGER IDENTITY, n VARCHAR(5), PRIMARY KEY (id))",
    "INSERT INTO counted (n) VALUES ('a')",
    "INSERT INTO counted (n) VALUES ('b')",
    "DELETE FROM counted",
    "INSERT INTO counted (n) VALUES ('c')",
    "CREATE TABLE emptied (id INTEGER IDENTITY, n VARCHAR(5))",
    "INSERT INTO emptied (n) VALUES ('a')",
    "TRUNCATE TABLE emptied",
    "INSERT INTO emptied (n) VALUES ('b')",
    "CREATE TABLE grown (a INTEGER)",
    "INSERT INTO grown VALUES (1)",
    "ALTER TABLE grown ADD COLUMN s INTEGER DEFAULT 1",
    "ALTER TABLE grown ADD COLUMN t INTEGER DEFAULT 1 NOT NULL",
    "CREATE TABLE kept (k INTEGER PRIMARY KEY, v INTEGER)",
    "INSERT INTO kept VALUES (1, 1)",
    "INSERT OR UPDATE INTO kept (k, v) VALUES (1, 2)",
    "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
    "CREATE TABLE child (pid INTEGER, FOREIGN KEY (pid) REFERENCES parent (id))",
]
SURPRISES = [
    (1, "SELECT COUNT(*) FROM p WHERE name = 'BOB  '", [(1,)]),
    (1, "INSERT INTO p (id, name) VALUES (9, 'BOB')", -119),
    (2, "SELECT DISTINCT city FROM p", [("NEW YORK",)]),
    (2, "SELECT city, COUNT(*) FROM p GROUP BY city", [("NEW YORK", 2)]),
    (2, "SELECT MAX(city) FROM p", [("NEW YORK",)]),
    (2, "SELECT %EXACT(city) FROM p WHERE id = 1", [("New York",)]),
    (3, "INSERT INTO one VALUES ('ab')", -104),
    (4, 'SELECT "ID" FROM p WHERE "Id" = 1', [(1,)]),
    (4, 'SELECT id FROM p WHERE name = "x"', -29),
    (8, "INSERT INTO counted (id, n) VALUES (5, 'x')", -111),
    (
        8,
        "SELECT CONSTRAINT_NAME FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS WHERE TABLE_NAME = 'emptied'",
        [("RowIDField_As_PKey",)],
    ),
    (9, "SELECT id FROM counted", [(3,)]),
    (9, "SELECT id FROM emptied", [(1,)]),
    (10, "SELECT '' + 1, LENGTH(''), CASE WHEN '' IS NULL THEN 1 ELSE 0 END", [(1, 0, 0)]),
    (11, "SELECT 7 / 2, 7 \\ 2, 7 # 2", [(Decimal("3.5"), 3, 1)]),
    (12, "SELECT id > 1 FROM p", -25),
    (12, "SELECT TRUE FROM p", -12),
    (12, "SELECT CASE WHEN id > 1 THEN 1 ELSE 0 END FROM p ORDER BY id", [(0,), (1,)]),
    (13, "SELECT 'on ' || dob FROM p WHERE id = 1", [("on 66899",)]),
    (13, "SELECT %ODBCOUT(dob) FROM p WHERE id = 1", [("2024-02-29",)]),
    (14, "SELECT IFNULL(5, 0), NVL(5, 0), COALESCE(5, 0)", [(None, "5", 5)]),
    (15, "SELECT LENGTH('ab  '), CHAR_LENGTH('ab  ')", [(2, 4)]),
    (15, "SELECT SUBSTR('ab', 9), SUBSTRING('ab', 9)", [(None, "")]),
    (16, "SELECT CAST('abc' AS CHAR), CHAR_LENGTH(CAST(REPEAT('x', 40) AS VARCHAR))", [("a", 30)]),
    (17, "SELECT COUNT(*) FROM p GROUP BY 1", [(2,)]),
    (17, "SELECT id, name FROM p ORDER BY 2", [(2, "Ann"), (1, "Bob")]),
    (17, "SELECT id AS x FROM p WHERE x = 1", -29),
    (18, "SELECT name, COUNT(*) FROM p ORDER BY id", [("Bob", 2), ("Ann", 2)]),
    (19, "SELECT * FROM (SELECT id FROM p ORDER BY id) x", -1),
    (19, "SELECT * FROM (SELECT id FROM p ORDER BY id LIMIT 1) x", -1),
    (19, "SELECT * FROM (SELECT TOP ALL id FROM p ORDER BY id DESC) x", [(2,), (1,)]),
    (19, "SELECT TOP 1 id FROM p LIMIT 1", -386),
    (20, "SELECT a, s, t FROM grown", [(1, None, 1)]),
    (21, "INSERT INTO p (id) VALUES (9) RETURNING id", -25),
    (21, "CREATE TABLE checked (a INTEGER CHECK (a > 1))", -1),
    (21, "CREATE INDEX part ON p (name) WHERE id > 1", -25),
    (21, "SELECT v FROM kept", [(2,)]),
    (23, "SELECT COUNT(*) FROM p WHERE '50%' LIKE '50\\%'", [(0,)]),
    (23, "SELECT COUNT(*) FROM p WHERE '50%' LIKE '50\\%' ESCAPE '\\'", [(2,)]),
    (25, "DROP TABLE parent CASCADE", -320),
]


@pytest.fixture(scope="module")
def tables(sql):
    sql.run(*TABLES)
    return sql


@pytest.mark.parametrize(
    ("item", "text", "found"), SURPRISES, ids=[f"{n}: {t[:50]}" for n, t, _ in SURPRISES]
)
def test_a_surprise(tables, item, text, found):
    if isinstance(found, int):
        assert tables.failure(text)[1] == found, item
    else:
        assert tables.rows(text) == found, item


def test_24_a_timestamp_has_no_fraction_unless_asked_for(sql):
    plain, fine = sql.rows("SELECT CURRENT_TIMESTAMP, CURRENT_TIMESTAMP(6)")[0]
    assert isinstance(plain, datetime.datetime) and plain.microsecond == 0
    # one in a million is a whole second; two are not
    second = sql.value("SELECT CURRENT_TIMESTAMP(6)")
    assert fine.microsecond or second.microsecond


def test_every_item_has_a_test():
    here = {item for item, _, _ in SURPRISES} | {24}
    assert not here & set(ELSEWHERE)
    assert here | set(ELSEWHERE) == set(range(1, 26))
    for place in ELSEWHERE.values():
        if place is not None:
            text = (Path(__file__).parent / f"{place[0]}.py").read_text(encoding="utf-8")
            assert re.search(re.escape(place[1]), text), place


FRAMES = [
    ("from the beginning, also without ORDER BY's help", "", [10, 40, 60, 100]),
    ("the row and the one before", "ROWS 1 PRECEDING", [10, 40, 50, 60]),
    ("one on each side", "ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING", [40, 60, 90, 60]),
    ("all", "ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING", [100, 100, 100, 100]),
    ("the rest", "ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING", [100, 90, 60, 40]),
]


@pytest.mark.parametrize(("rule", "frame", "found"), FRAMES, ids=[f[0] for f in FRAMES])
def test_a_window_has_a_frame_of_rows(sql, unique, rule, frame, found):
    """ROWS only, up to the current row by default (iris-sql 5, window functions)."""
    sql.run(f"CREATE TABLE {unique} (id INTEGER PRIMARY KEY, n INTEGER)")
    for row in ((1, 10), (2, 30), (3, 20), (4, 40)):
        sql.rows(f"INSERT INTO {unique} VALUES (?, ?)", *row)
    text = f"SELECT SUM(n) OVER (ORDER BY id {frame}) FROM {unique} ORDER BY id"
    assert sql.column(text) == found, rule
    assert sql.failure(f"SELECT SUM(n) OVER (ORDER BY id RANGE 1 PRECEDING) FROM {unique}")[1] == -1


def test_the_arrow_does_not_follow_a_foreign_key(tables):
    """References of classes only; "foreign keys do not support arrow syntax" (Use, Implicit Joins)."""
    assert tables.failure("SELECT pid->id FROM child")[1] == -1
    assert tables.failure("SELECT c.pid FROM child c JOIN p ON c.pid->id = p.id")[1] == -67
    assert tables.failure("UPDATE child SET pid->id = 1")[1] == -21
