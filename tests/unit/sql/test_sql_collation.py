"""Collation decides what is equal (iris-sql.md 3)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("name", ["bob", "BOB", "Bob", "BOB   "])
def test_text_columns_compare_without_regard_to_case_and_trailing_blanks(people, name):
    assert people.column("SELECT id FROM Person WHERE Name = ?", name) == [1]


def test_the_collation_holds_for_in_between_and_inequality(people):
    assert people.column("SELECT id FROM Person WHERE Name IN (?, ?)", "BOB", "CARL") == [1, 3]
    assert people.column("SELECT id FROM Person WHERE Name BETWEEN ? AND ?", "ALICE", "bobby") == [1, 2]
    assert people.column("SELECT id FROM Person WHERE Name <> ?", "BOB") == [2, 3]
    assert people.column("SELECT id FROM Person WHERE Name > 'b' ORDER BY id") == [1, 3]


def test_exact_looks_at_case(people):
    assert people.column("SELECT id FROM Person WHERE %EXACT(Name) = 'BOB'") == []
    assert people.column("SELECT id FROM Person WHERE %EXACT Name = 'Bob'") == [1]


def test_literals_compare_exactly(sql):
    assert sql.value("CASE WHEN 'ma' = 'MA' THEN 1 ELSE 0 END") == 0
    assert sql.value("CASE WHEN ? = ? THEN 1 ELSE 0 END", "ma", "MA") == 0


def test_a_function_makes_text_exact(people):
    assert people.column("SELECT id FROM Person WHERE LOWER(Name) = 'BOB'") == []
    assert people.column("SELECT id FROM Person WHERE LOWER(Name) = 'bob'") == [1]


def test_like_follows_the_columns_collation(people):
    assert people.column("SELECT id FROM Person WHERE Name LIKE 'B%'") == [1]
    assert people.column("SELECT id FROM Person WHERE Name LIKE 'b_B'") == [1]
    assert people.column("SELECT id FROM Person WHERE %EXACT(Name) LIKE 'b%'") == []
    assert people.column("SELECT id FROM Person WHERE Name NOT LIKE '%b%' ORDER BY id") == [2, 3]


def test_like_knows_no_escape_character_unless_given_one(sql):
    assert sql.value(r"CASE WHEN '50%' LIKE '50\%' THEN 1 ELSE 0 END") == 0
    assert sql.value(r"CASE WHEN '50%' LIKE '50\%' ESCAPE '\' THEN 1 ELSE 0 END") == 1
    assert sql.value(r"CASE WHEN '505' LIKE '50\%' ESCAPE '\' THEN 1 ELSE 0 END") == 0


def test_startswith_contains_and_matches(people):
    assert people.column("SELECT id FROM Person WHERE Name %STARTSWITH 'AL'") == [2]
    assert people.column("SELECT id FROM Person WHERE Name [ 'o'") == [1]
    assert people.column("SELECT id FROM Person WHERE Name [ 'O'") == []
    assert people.column("SELECT id FROM Person WHERE NOT Name [ 'o' ORDER BY id") == [2, 3]
    assert people.column("SELECT id FROM Person WHERE Name %MATCHES '[A-C]*'") == [1, 3]
    assert people.column("SELECT id FROM Person WHERE Name ] 'BO' ORDER BY id") == [1, 3]


def test_distinct_shows_one_upper_case_value_for_each_collated_one(people):
    assert people.column("SELECT DISTINCT City FROM Person ORDER BY City") == ["BOSTON", "NEW YORK"]
    assert people.column("SELECT DISTINCT %EXACT(City) FROM Person ORDER BY 1") == [
        "Boston",
        "New York",
        "new york  ",
    ]


def test_the_option_exact_distinct_keeps_the_case(people):
    translation = people.translate("SELECT DISTINCT City FROM Person", exact_distinct=True)
    assert len(people.connection.execute(translation.sql).fetchall()) == 3


def test_group_by_shows_upper_case_unless_asked_for_exact_values(people):
    assert people.rows("SELECT City, COUNT(*) FROM Person GROUP BY City ORDER BY City") == [
        ("BOSTON", 1),
        ("NEW YORK", 2),
    ]
    assert len(people.rows("SELECT City FROM Person GROUP BY %EXACT(City)")) == 3
    ((city, count),) = people.rows("SELECT %EXACT(City), COUNT(*) FROM Person WHERE Age > 0 GROUP BY City")
    assert (city.strip().lower(), count) == ("new york", 2)
    assert city != "NEW YORK"


def test_union_is_distinct_by_collation_and_upper_case(people):
    text = "SELECT Name FROM Person UNION SELECT UPPER(kind) FROM Pet"
    assert len(people.rows(text)) == 5
    assert people.column("SELECT kind FROM Pet UNION SELECT kind FROM Pet ORDER BY kind") == ["CAT", "DOG"]


def test_union_all_keeps_what_is_stored(people):
    assert people.column(
        "SELECT kind FROM Pet WHERE id > 1 UNION ALL SELECT Name FROM Person WHERE id = 2"
    ) == [
        "Cat",
        "cat",
        "alice",
    ]


def test_min_and_max_of_text_are_upper_case(people):
    assert people.rows("SELECT MIN(Name), MAX(Name), MAX(%EXACT(Name)) FROM Person") == [
        ("ALICE", "CARL", "alice")
    ]


def test_count_distinct_counts_collated_values(people):
    assert people.rows("SELECT COUNT(DISTINCT City), COUNT(DISTINCT %EXACT(City)) FROM Person") == [(2, 3)]


def test_order_by_sorts_collated_and_shows_the_stored_case(people):
    assert people.column("SELECT Name FROM Person ORDER BY Name") == ["alice", "Bob", "Carl"]
    assert people.column("SELECT Name FROM Person ORDER BY %EXACT(Name)") == ["Bob", "Carl", "alice"]


def test_joins_on_text_ignore_case(people):
    people.define("CREATE TABLE Kind (name VARCHAR(10), legs INTEGER)")
    people.write("INSERT INTO Kind (name, legs) VALUES ('CAT', 4)")
    assert people.column("SELECT p.id FROM Pet p JOIN Kind k ON p.kind = k.name ORDER BY p.id") == [2, 3]


def test_a_collation_passes_through_subqueries_views_and_ctes(people):
    people.define("CREATE VIEW Towns AS SELECT id, City AS Town FROM Person")
    assert people.column("SELECT id FROM Towns WHERE Town = 'BOSTON'") == [3]
    assert people.column("SELECT s.id FROM (SELECT id, City AS c FROM Person) s WHERE s.c = 'BOSTON'") == [3]
    assert people.column(
        "WITH q AS (SELECT id, City FROM Person) SELECT id FROM q WHERE City = 'BOSTON'"
    ) == [3]


def test_a_column_declared_exact_is_exact(sql):
    sql.define("CREATE TABLE e (c VARCHAR(10) COLLATE %EXACT)")
    sql.write("INSERT INTO e (c) VALUES ('a'), ('A')")
    assert sql.column("SELECT c FROM e WHERE c = 'a'") == ["a"]
    assert len(sql.rows("SELECT DISTINCT c FROM e")) == 2


def test_collation_functions_show_their_leading_blank(sql):
    assert sql.value("%SQLUPPER('Ab ')") == " AB"
    assert sql.value("%SQLSTRING('Ab ')") == " Ab"
    assert sql.value("%SQLUPPER('')") == " \x00"
    assert sql.value("%SQLUPPER(NULL)") == " "
    assert sql.value("%SQLUPPER('abcdef', 3)") == " AB"


def test_empty_text_equals_blanks_but_is_not_null(people):
    people.write("INSERT INTO Person (Name) VALUES ('')")
    assert people.rows("SELECT COUNT(*) FROM Person WHERE Name = '   '") == [(1,)]
    assert people.rows("SELECT COUNT(*) FROM Person WHERE Name IS NULL") == [(0,)]
