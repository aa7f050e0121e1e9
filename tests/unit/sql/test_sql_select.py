"""Queries: names, joins, grouping, limits, set operations, windows (iris-sql.md 5)."""

from __future__ import annotations

import sqlite3
import sys

import pytest

FULL_JOIN = sqlite3.sqlite_version_info >= (3, 39)


def test_names_ignore_case_and_labels_take_the_case_of_the_definition(people):
    assert people.names('SELECT NAME, "name", person.AGE, age AS Years FROM person') == [
        "Name",
        "Name",
        "Age",
        "Years",
    ]


def test_automatic_names_carry_the_position(people):
    text = (
        "SELECT Name, COUNT(*), :%qpar(1), Age + 1, (SELECT 1), ROW_NUMBER() OVER (ORDER BY id) FROM Person"
    )
    assert people.names(text, 1)[1:] == ["Aggregate_2", "HostVar_3", "Expression_4", "Subquery_5", "Window_6"]
    assert people.names("SELECT 'x', -1, :%qpar(1)", 1) == ["Literal_1", "Literal_2", "HostVar_3"]


def test_star_shows_all_columns_and_the_row_id_only_when_it_has_a_name(people):
    assert people.names("SELECT * FROM Person") == ["id", "Name", "City", "Age", "Salary", "Dob"]
    people.define("CREATE TABLE plain (a INTEGER)")
    assert people.names("SELECT * FROM plain") == ["a"]
    people.write("INSERT INTO plain (a) VALUES (5)")
    assert people.rows("SELECT ID, %ID, plain.%ID, a FROM plain") == [(1, 1, 1, 5)]
    assert people.names("SELECT p.*, Pet.kind FROM Person p, Pet")[-1] == "kind"


def test_no_table_is_needed(sql):
    assert sql.rows("SELECT 1, 'a', NULL") == [(1, "a", None)]
    assert sql.rows("SELECT 1 WHERE 1 = 2") == []
    assert sql.rows("SELECT TOP 0 1") == []


def test_joins_of_every_kind(people):
    inner = "SELECT p.Name, t.kind FROM Person p JOIN Pet t ON t.owner = p.id ORDER BY t.id"
    assert people.rows(inner) == [("Bob", "dog"), ("Bob", "Cat"), ("alice", "cat")]
    comma = "SELECT p.Name, t.kind FROM Person p, Pet t WHERE t.owner = p.id ORDER BY t.id"
    assert people.rows(comma) == people.rows(inner)
    left = "SELECT p.Name FROM Person p LEFT OUTER JOIN Pet t ON t.owner = p.id WHERE t.id IS NULL"
    assert people.column(left) == ["Carl"]
    assert len(people.rows("SELECT 1 FROM Person CROSS JOIN Pet")) == 9


@pytest.mark.skipif(not FULL_JOIN, reason="SQLite before 3.39 has no RIGHT and FULL JOIN")
def test_right_and_full_joins(people):
    people.write("INSERT INTO Pet (owner, kind) VALUES (99, 'emu')")
    right = "SELECT p.Name, t.kind FROM Person p RIGHT JOIN Pet t ON t.owner = p.id WHERE p.id IS NULL"
    assert people.rows(right) == [(None, "emu")]
    full = (
        "SELECT p.Name, t.kind FROM Person p FULL JOIN Pet t ON t.owner = p.id "
        "WHERE p.id IS NULL OR t.id IS NULL"
    )
    assert sorted(people.rows(full), key=str) == [("Carl", None), (None, "emu")]


def test_join_binds_tighter_than_the_comma_and_on_may_stand_late(people):
    text = "SELECT COUNT(*) FROM Person a, Pet b JOIN Person c ON b.owner = c.id WHERE a.id = c.id"
    assert people.column(text) == [3]
    late = "SELECT COUNT(*) FROM Person a JOIN Pet b JOIN Pet c ON b.id = c.id ON a.id = b.owner"
    assert people.column(late) == [3]


def test_using_and_natural_merge_their_columns(people):
    people.define("CREATE TABLE l (k INTEGER, a INTEGER)", "CREATE TABLE r (k INTEGER, b INTEGER)")
    people.write("INSERT INTO l (k, a) VALUES (1, 10), (2, 20)")
    people.write("INSERT INTO r (k, b) VALUES (2, 200)")
    assert people.rows("SELECT k, a, b FROM l JOIN r USING (k)") == [(2, 20, 200)]
    assert people.names("SELECT * FROM l NATURAL JOIN r") == ["k", "a", "b"]
    assert people.rows("SELECT * FROM l NATURAL LEFT JOIN r ORDER BY k") == [(1, 10, None), (2, 20, 200)]


def test_subqueries_scalar_in_exists_and_correlated(people):
    assert people.column("SELECT Name FROM Person WHERE id IN (SELECT owner FROM Pet) ORDER BY id") == [
        "Bob",
        "alice",
    ]
    exists = "SELECT Name FROM Person p WHERE NOT EXISTS (SELECT * FROM Pet WHERE Pet.owner = p.id)"
    assert people.column(exists) == ["Carl"]
    scalar = "SELECT Name, (SELECT COUNT(*) FROM Pet WHERE owner = Person.id) FROM Person ORDER BY id"
    assert people.rows(scalar) == [("Bob", 2), ("alice", 1), ("Carl", 0)]
    assert people.column(
        "SELECT id FROM Person WHERE EXISTS ((SELECT * FROM Pet WHERE owner = Person.id))"
    ) == [1, 2]


def test_all_any_and_some(people):
    assert people.column(
        "SELECT Name FROM Person WHERE Age >= ALL (SELECT Age FROM Person WHERE Age IS NOT NULL)"
    ) == ["Bob"]
    assert people.column("SELECT Name FROM Person WHERE Age < ANY (SELECT Age FROM Person)") == ["alice"]
    assert people.column("SELECT Name FROM Person WHERE id = SOME (SELECT owner FROM Pet) ORDER BY id") == [
        "Bob",
        "alice",
    ]
    assert people.column(
        "SELECT COUNT(*) FROM Person WHERE Age > ALL (SELECT Age FROM Person WHERE id > 99)"
    ) == [3]


def test_null_in_a_list_matches_nothing(people):
    assert people.column("SELECT id FROM Person WHERE id IN (NULL)") == []
    assert people.column("SELECT id FROM Person WHERE id NOT IN (1, NULL)") == []
    assert people.column("SELECT id FROM Person WHERE Age = NULL") == []


def test_top_limit_offset_and_fetch(people):
    assert people.column("SELECT TOP 2 id FROM Person ORDER BY id DESC") == [3, 2]
    assert people.column("SELECT TOP :%qpar(1) id FROM Person ORDER BY id", "1") == [1]
    assert people.column("SELECT DISTINCT TOP (2) id FROM Person ORDER BY id") == [1, 2]
    assert people.column("SELECT id FROM Person ORDER BY id LIMIT ? OFFSET ?", 1, 1) == [2]
    assert people.column("SELECT id FROM Person ORDER BY id LIMIT ?", -3) == []
    assert people.column("SELECT id FROM Person ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY") == [2]
    assert people.column("SELECT id FROM Person ORDER BY id OFFSET 2") == [3]


def test_order_by_takes_positions_aliases_and_expressions_nulls_first(people):
    assert people.column("SELECT Age FROM Person ORDER BY 1") == [None, 30, 40]
    assert people.column("SELECT Age FROM Person ORDER BY 1 DESC") == [40, 30, None]
    assert people.column("SELECT id AS n FROM Person ORDER BY n DESC") == [3, 2, 1]
    assert people.column("SELECT id FROM Person ORDER BY 0 - id") == [3, 2, 1]
    assert people.column("SELECT id FROM Person ORDER BY Age") == [3, 2, 1]


def test_a_position_that_the_driver_lifted_still_sorts(people):
    text = "SELECT Name, id FROM Person ORDER BY :%qpar(1)"
    assert [r[1] for r in people.rows(text, "1", markers=(10,))] == [2, 1, 3]
    assert [r[1] for r in people.rows(text, "2", markers=(10,))] == [1, 2, 3]
    assert [r[1] for r in people.rows(text + " DESC", "1", markers=(10,))] == [3, 1, 2]
    assert people.refusal(text, "7", markers=(10,)).sqlcode == -5


def test_columns_beside_aggregates_show_every_row(people):
    assert people.rows("SELECT Name, COUNT(*), AVG(Age) FROM Person ORDER BY id") == [
        ("Bob", 3, 35),
        ("alice", 3, 35),
        ("Carl", 3, 35),
    ]
    assert people.column("SELECT Name FROM Person HAVING Age > AVG(Age)") == ["Bob"]


def test_aggregates_skip_null_and_answer_one_row_for_none(people):
    assert people.rows("SELECT COUNT(Age), SUM(Age), MIN(Age), MAX(Age) FROM Person") == [(2, 70, 30, 40)]
    assert people.rows("SELECT COUNT(*), SUM(Age), MAX(Name) FROM Person WHERE id > 99") == [(0, None, None)]
    assert people.rows("SELECT City, COUNT(*) FROM Person WHERE id > 99 GROUP BY City") == []


def test_group_by_having_and_expressions(people):
    text = "SELECT owner, COUNT(*) FROM Pet GROUP BY owner HAVING COUNT(*) > ? ORDER BY owner"
    assert people.rows(text, 1) == [(1, 2)]
    assert people.rows("SELECT Age / 10, COUNT(*) FROM Person GROUP BY Age / 10 ORDER BY 1") == [
        (None, 1),
        (3, 1),
        (4, 1),
    ]
    assert people.rows("SELECT owner AS o, COUNT(*) FROM Pet GROUP BY o ORDER BY o") == [(1, 2), (2, 1)]


def test_group_by_a_number_is_one_group(people):
    assert people.rows("SELECT COUNT(*) FROM Pet GROUP BY 1") == [(3,)]
    assert people.rows("SELECT COUNT(*) FROM Pet GROUP BY ?", 2) == [(3,)]


def test_sums_and_averages_are_exact(people):
    people.define("CREATE TABLE money (v NUMERIC(18,2))")
    people.write("INSERT INTO money (v) VALUES (0.1), (0.2), (9999999999999999.99)")
    ((total,),) = people.rows("SELECT SUM(v) FROM money")
    assert str(total) == "10000000000000000.29"
    assert str(people.rows("SELECT AVG(v) FROM money WHERE v < 1")[0][0]) == "0.15"


def test_statistics_and_lists(people):
    people.define("CREATE TABLE s (v INTEGER, t VARCHAR(5))")
    people.write("INSERT INTO s (v, t) VALUES (2, 'a'), (4, NULL), (6, 'c')")
    assert people.rows("SELECT VAR_SAMP(v), STDDEV(v), VAR_POP(v) FROM s WHERE v < 5") == [
        (2, people.value("SQRT(2)"), 1)
    ]
    assert people.rows("SELECT LIST(t), XMLAGG(t), JSON_ARRAYAGG(v) FROM s") == [("a,c", "ac", "[2,4,6]")]


def test_set_operations(people):
    assert people.column("SELECT id FROM Person UNION SELECT id FROM Pet ORDER BY id DESC") == [3, 2, 1]
    assert len(people.rows("SELECT id FROM Person UNION ALL SELECT id FROM Pet")) == 6
    assert people.column("SELECT id FROM Person EXCEPT SELECT owner FROM Pet") == [3]
    assert people.column("SELECT id FROM Person INTERSECT SELECT owner FROM Pet ORDER BY 1") == [1, 2]
    mixed = "SELECT 1 AS n UNION SELECT 2 INTERSECT SELECT 3"
    assert people.column(mixed) == [1]
    assert people.column(
        "(SELECT 1 AS n) UNION ALL (SELECT TOP 1 id FROM Person ORDER BY id DESC) ORDER BY n"
    ) == [1, 3]


def test_a_union_of_unlike_types_takes_the_higher_one(sql):
    assert sql.types("SELECT 1 UNION SELECT 'a'") == ["VARCHAR"]
    assert sorted(sql.column("SELECT 1 UNION ALL SELECT 'a'")) == ["1", "a"]
    assert sql.types("SELECT 1 UNION SELECT 1.5") == ["NUMERIC"]
    assert sql.types("SELECT NULL UNION SELECT 1") == ["INTEGER"]


def test_common_table_expressions(people):
    text = (
        "WITH young AS (SELECT id, Name FROM Person WHERE Age < 35), "
        "pets (who, what) AS (SELECT owner, kind FROM Pet) "
        "SELECT young.Name, pets.what FROM young JOIN pets ON pets.who = young.id"
    )
    assert people.rows(text) == [("alice", "cat")]


def test_derived_tables_and_their_row_numbers(people):
    text = "SELECT n FROM (SELECT Name AS n FROM Person ORDER BY Name) x"
    assert people.refusal(text).sqlcode == -1
    top = (
        "SELECT n, %VID FROM (SELECT TOP ALL Name AS n FROM Person ORDER BY Name) x "
        "WHERE %VID BETWEEN 2 AND 3"
    )
    assert people.rows(top) == [("Bob", 2), ("Carl", 3)]
    assert people.column("SELECT x.b FROM (SELECT id FROM Person) AS x (b) ORDER BY 1") == [1, 2, 3]


def test_window_functions(people):
    ranked = "SELECT Name, ROW_NUMBER() OVER (ORDER BY Age DESC) FROM Person ORDER BY id"
    assert people.rows(ranked) == [("Bob", 1), ("alice", 2), ("Carl", 3)]
    running = "SELECT id, SUM(id) OVER (PARTITION BY owner ORDER BY id) FROM Pet ORDER BY id"
    assert people.rows(running) == [(1, 1), (2, 3), (3, 3)]
    assert people.rows("SELECT LAG(id) OVER (ORDER BY id), LEAD(id, 1, 0) OVER (ORDER BY id) FROM Pet") == [
        (None, 2),
        (1, 3),
        (2, 0),
    ]
    framed = "SELECT SUM(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM Pet"
    assert people.column(framed) == [3, 6, 5]


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="sqlite3 of Python 3.10 has no window functions of ours"
)
def test_exact_sums_move_with_their_window(people):
    people.define("CREATE TABLE w (n INTEGER, v NUMERIC(10,2))")
    people.write("INSERT INTO w (n, v) VALUES (1, 0.1), (2, 0.2), (3, 0.3)")
    text = "SELECT SUM(v) OVER (ORDER BY n ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM w ORDER BY n"
    assert [str(v) for v in people.column(text)] == ["0.1", "0.3", "0.5"]


def test_distinct_by_shows_one_row_for_each_combination(people):
    assert len(people.rows("SELECT DISTINCT BY (City) Name, City FROM Person")) == 2


def test_views_are_expanded_and_hold_their_own_names(people):
    people.define(
        "CREATE VIEW Owners (who, pets) AS SELECT p.Name, COUNT(*) "
        "FROM Person p JOIN Pet t ON t.owner = p.id GROUP BY p.Name"
    )
    assert people.rows("SELECT who, pets FROM Owners ORDER BY who") == [("ALICE", 1), ("BOB", 2)]
    people.define("CREATE VIEW Again AS SELECT who FROM Owners WHERE pets > 1")
    assert people.column("SELECT * FROM Again") == ["BOB"]
    assert people.column("SELECT Owners.pets FROM Owners WHERE Owners.who = 'bob'") == [2]


def test_pseudo_columns_name_the_table(people):
    assert people.rows("SELECT TOP 1 %TABLENAME, %CLASSNAME FROM Person") == [
        ("SQLUser.Person", "User.Person")
    ]


def test_hints_are_read_and_ignored(people):
    text = "SELECT %NOLOCK %NOFPLAN COUNT(*) FROM %IGNOREINDEX Person.x %INORDER Person, Pet"
    assert people.column(text) == [9]


def test_parameters_of_a_select_list_keep_their_nature(sql):
    from decimal import Decimal

    values = (1, "x", 1.25, Decimal("1.10"), None)
    assert sql.rows("SELECT ?, ?, ?, ?, ?", *values) == [values]
    assert [str(v) for v in sql.rows("SELECT ?", Decimal("1.10"))[0]] == ["1.10"]
    assert sql.rows("SELECT a FROM (SELECT ? AS a) x", Decimal("1.10")) == [(Decimal("1.10"),)]


def test_lifted_literals_become_what_they_were(sql):
    text = "SELECT :%qpar(1), :%qpar(2), :%qpar(3), :%qpar(4)"
    markers = (10, 11, 4, 0)
    assert sql.types(text, markers)[:3] == ["INTEGER", "NUMERIC", "VARCHAR"]
    (row,) = sql.rows(text, "5", "1.50", "7", None, markers=markers)
    assert [str(v) for v in row] == ["5", "1.5", "7", "None"]


def test_a_lifted_number_is_canonical_as_text_too(people):
    people.write("INSERT INTO Pet (kind) VALUES (:%qpar(1))", "1.50", markers=(11,))
    assert people.column("SELECT id FROM Pet WHERE kind = :%qpar(1)", "01.5", markers=(11,)) == [4]
    assert people.column("SELECT kind || :%qpar(1) FROM Pet WHERE id = 4", "0.50", markers=(11,)) == ["1.5.5"]


def test_a_translation_tells_which_system_tables_it_reads(people):
    select = people.translate("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES, Person")
    assert select.reads == {"INFORMATION_SCHEMA.TABLES"}


def test_columns_say_where_they_come_from(people):
    select = people.translate("SELECT id, Name AS n, Age + 1 FROM Person")
    assert [(c.name, c.table, c.schema, c.nullable, c.auto_increment) for c in select.columns] == [
        ("id", "Person", "SQLUser", False, True),
        ("n", "Person", "SQLUser", False, False),
        ("Expression_3", "", "", True, False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a.n FROM a LEFT JOIN b ON b.a_id = a.id",
        "SELECT a.n, b.id FROM a JOIN b ON a.id = b.a_id WHERE a.n = ?",
        "SELECT b.id FROM b JOIN a ON a.id = b.a_id WHERE b.id = ?",
        "SELECT n FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id)",
        "SELECT id FROM b WHERE a_id IN (SELECT id FROM a WHERE n = ?)",
        "SELECT id FROM a WHERE n IN (?, ?)",
        "SELECT id FROM a WHERE d BETWEEN ? AND ?",
        "DELETE FROM a WHERE a.id = ?",
    ],
)
def test_indexes_serve_in_spite_of_collations_and_affinities(sql, text):
    sql.define(
        "CREATE TABLE a (id IDENTITY, n VARCHAR(20), d DATE, UNIQUE (n))",
        "CREATE INDEX ia ON a (d)",
        "CREATE TABLE b (id IDENTITY, a_id INTEGER)",
        "CREATE INDEX ib ON b (a_id)",
    )
    count = text.count("?")
    translation = sql.translate(text, ("?",) * count)
    emitted = translation.steps[0][0] if text.startswith("DELETE") else translation.sql
    plan = [row[3] for row in sql.connection.execute(f"EXPLAIN QUERY PLAN {emitted}", [1] * count)]
    scanned = [step for step in plan if step.startswith("SCAN")]
    assert len(scanned) == (1 if "EXISTS" in text or "LEFT" in text else 0)
