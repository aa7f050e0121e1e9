"""Queries: rules of iris-sql 5, 7.3 and 12, one test each."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.fixture(scope="module")
def sales(sql):
    sql.run(
        "CREATE TABLE sales (id INTEGER PRIMARY KEY, region VARCHAR(10), amount INTEGER)",
        "CREATE TABLE regions (region VARCHAR(10) PRIMARY KEY, boss VARCHAR(10))",
        "INSERT INTO regions VALUES ('north', 'Ann')",
        "INSERT INTO regions VALUES ('south', 'Bob')",
        "INSERT INTO regions VALUES ('west', NULL)",
    )
    for row in ((1, "north", 10), (2, "north", 30), (3, "south", 20), (4, "south", 40), (5, None, 50)):
        sql.rows("INSERT INTO sales VALUES (?, ?, ?)", *row)
    return sql


CASES = [
    ("no FROM", "SELECT 1", [(1,)]),
    ("TOP", "SELECT TOP 2 id FROM sales ORDER BY id", [(1,), (2,)]),
    ("TOP 0", "SELECT TOP 0 id FROM sales", []),
    (
        "TOP in a subquery with ORDER BY",
        "SELECT * FROM (SELECT TOP ALL id FROM sales ORDER BY id) x WHERE id > 4",
        [(5,)],
    ),
    ("LIMIT", "SELECT id FROM sales ORDER BY id LIMIT 2", [(1,), (2,)]),
    # OFFSET ... FETCH is left out: the parser of driver 5.3 ends its own process on it.
    ("LIMIT OFFSET", "SELECT id FROM sales ORDER BY id LIMIT 2 OFFSET 3", [(4,), (5,)]),
    (
        "%VID numbers the rows of a subquery",
        "SELECT id FROM (SELECT TOP ALL id FROM sales ORDER BY id DESC) WHERE %VID BETWEEN 2 AND 3",
        [(4,), (3,)],
    ),
    (
        "a column beside an aggregate gives all rows",
        "SELECT id, COUNT(*) FROM sales WHERE id < 3 ORDER BY id",
        [(1, 2), (2, 2)],
    ),
    (
        "GROUP BY with HAVING",
        "SELECT region, SUM(amount) FROM sales GROUP BY region HAVING SUM(amount) > 45 ORDER BY 2",
        [(None, 50), ("SOUTH", 60)],
    ),
    ("GROUP BY 1 is one group", "SELECT COUNT(*) FROM sales GROUP BY 1", [(5,)]),
    (
        "an aggregate over nothing is one row",
        "SELECT COUNT(*), SUM(amount) FROM sales WHERE id > 9",
        [(0, None)],
    ),
    ("no group over nothing", "SELECT COUNT(*) FROM sales WHERE id > 9 GROUP BY region", []),
    (
        "AVG is decimal",
        "SELECT AVG(amount) FROM sales WHERE id IN (1, 3, 4)",
        [(Decimal("23.33333333333333333"),)],
    ),
    (
        "ORDER BY an alias",
        "SELECT amount * 2 AS twice FROM sales WHERE id < 3 ORDER BY twice DESC",
        [(60,), (20,)],
    ),
    ("ORDER BY a position", "SELECT id, amount FROM sales WHERE id > 3 ORDER BY 2 DESC", [(5, 50), (4, 40)]),
    (
        "ORDER BY a column that is not selected",
        "SELECT id FROM sales WHERE id > 3 ORDER BY amount DESC",
        [(5,), (4,)],
    ),
    ("LIST", "SELECT LIST(id) FROM sales WHERE id < 4", [("1,2,3",)]),
    (
        "ROW_NUMBER",
        (
            "SELECT id, ROW_NUMBER() OVER (PARTITION BY region ORDER BY amount DESC) FROM sales "
            "WHERE region = 'north' ORDER BY id"
        ),
        [(1, 2), (2, 1)],
    ),
    (
        "RANK and SUM over a window",
        (
            "SELECT id, RANK() OVER (ORDER BY amount), SUM(amount) OVER (ORDER BY id) "
            "FROM sales WHERE id < 3 ORDER BY id"
        ),
        [(1, 1, 10), (2, 2, 40)],
    ),
    (
        "LAG",
        "SELECT id, LAG(amount) OVER (ORDER BY id) FROM sales WHERE id < 3 ORDER BY id",
        [(1, None), (2, 10)],
    ),
    (
        "a CTE",
        "WITH big AS (SELECT id, amount FROM sales WHERE amount > 25) SELECT COUNT(*) FROM big",
        [(3,)],
    ),
    (
        "a CTE uses an earlier one",
        (
            "WITH a AS (SELECT id FROM sales WHERE id < 4), b AS (SELECT id FROM a WHERE id > 1) "
            "SELECT id FROM b ORDER BY id"
        ),
        [(2,), (3,)],
    ),
    ("UNION", "SELECT 1 UNION SELECT 1 UNION SELECT 2 ORDER BY 1", [(1,), (2,)]),
    (
        "UNION ALL",
        "SELECT id FROM sales WHERE id = 1 UNION ALL SELECT id FROM sales WHERE id = 1",
        [(1,), (1,)],
    ),
    (
        "a correlated subquery",
        (
            "SELECT id FROM sales s WHERE amount = "
            "(SELECT MAX(amount) FROM sales i WHERE i.region = s.region) ORDER BY id"
        ),
        [(2,), (4,)],
    ),
    ("a scalar subquery", "SELECT (SELECT COUNT(*) FROM regions), id FROM sales WHERE id = 1", [(3, 1)]),
    (
        "EXISTS",
        "SELECT region FROM regions r WHERE NOT EXISTS (SELECT 1 FROM sales s WHERE s.region = r.region)",
        [("west",)],
    ),
    ("IN a subquery", "SELECT COUNT(*) FROM sales WHERE region IN (SELECT region FROM regions)", [(4,)]),
    (
        "> ALL",
        "SELECT id FROM sales WHERE amount > ALL (SELECT amount FROM sales WHERE id < 4) ORDER BY id",
        [(4,), (5,)],
    ),
    (
        "LEFT JOIN",
        (
            "SELECT s.id, r.boss FROM sales s LEFT JOIN regions r ON s.region = r.region WHERE s.id > 3 "
            "ORDER BY s.id"
        ),
        [(4, "Bob"), (5, None)],
    ),
    ("JOIN USING", "SELECT COUNT(*) FROM sales JOIN regions USING (region)", [(4,)]),
    ("a comma joins", "SELECT COUNT(*) FROM sales, regions", [(15,)]),
    ("FULL JOIN", "SELECT COUNT(*) FROM sales s FULL OUTER JOIN regions r ON s.region = r.region", [(6,)]),
    ("DISTINCT BY", "SELECT DISTINCT BY (region) COUNT(*) FROM sales WHERE id < 3 GROUP BY region", [(2,)]),
    ("%ID is the row id", "SELECT %ID, id FROM sales WHERE id = 3", [(3, 3)]),
    ("$ variables", "SELECT $TLEVEL, CASE WHEN $JOB > 0 THEN 1 ELSE 0 END", [(0, 1)]),
    ("USER", "SELECT USER", [("_SYSTEM",)]),
    ("comments", "SELECT /* one */ 1 -- two\n + 1", [(2,)]),
    ("optimizer words are read over", "SELECT %NOFPLAN id FROM %INORDER sales WHERE id = 1", [(1,)]),
]


@pytest.mark.parametrize(("rule", "text", "found"), CASES, ids=[case[0] for case in CASES])
def test_a_query(sales, rule, text, found):
    """iris-sql 5, 6.5, 6.6 and 12."""
    assert sales.rows(text) == found


def test_automatic_names_tell_the_kind_and_the_position(sales):
    """``Expression_n``, ``Aggregate_n``, ``Literal_n``, ``Window_n`` (iris-sql 5)."""
    sales.rows("SELECT id, id + amount, COUNT(*), id AS x FROM sales")
    names = [column[0] for column in sales.cursor.description]
    assert names == ["id", "Expression_2", "Aggregate_3", "x"]


def test_star_leaves_the_row_id_out(sales):
    sales.rows("SELECT * FROM sales")
    assert [column[0] for column in sales.cursor.description] == ["id", "region", "amount"]


def test_names_are_never_case_sensitive_and_schemas_are_packages(sql):
    """``my_app.t`` is class ``my.app.t``, ``t`` is ``SQLUser.t`` and ``User.t`` (iris-sql 1.1 and 1.2)."""
    sql.run('CREATE TABLE my_app."Book_Tag" (a INTEGER)', "CREATE TABLE plain (a INTEGER)")
    sql.run("INSERT INTO MY_APP.book_tag VALUES (1)")
    assert sql.value('SELECT "A" FROM "my_app"."BOOK_TAG"') == 1
    assert sql.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, CLASSNAME FROM INFORMATION_SCHEMA.TABLES "
        "WHERE TABLE_NAME IN ('book_tag', 'PLAIN') ORDER BY CLASSNAME"
    ) == [("my_app", "Book_Tag", "my.app.BookTag"), ("SQLUser", "plain", "User.plain")]
    sql.run("DROP TABLE my_app.book_tag")
    assert (
        sql.column("SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'my_app'") == []
    )
