"""What is refused, and in which words (iris-sql.md 1.3, 5, 11)."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("text", "sqlcode", "message"),
    [
        ("SELECT a = 1 FROM Person", -25, " Input (=) encountered after end of query^SELECT a ="),
        ("SELECT (Age = 1) FROM Person", -1, " ) expected, = found^SELECT ( Age ="),
        ("SELECT NOT (Age = 1) FROM Person", -12, None),
        ("SELECT Name FROM Person WHERE Age", -14, None),
        ("SELECT * FROM Nowhere", -30, " Table 'SQLUSER.NOWHERE' not found"),
        ("SELECT * FROM app.Nowhere", -30, " Table 'APP.NOWHERE' not found"),
        ("SELECT * FROM A.Sub.Deep", -30, " Table 'SUB.DEEP' not found"),
        (
            "SELECT Name , Value FROM Person",
            -29,
            " Field 'VALUE' not found in the applicable tables^ SELECT Name , Value FROM",
        ),
        ('SELECT id FROM Person WHERE Name = "hello"', -29, None),
        (
            "SELECT Person.nope FROM Person",
            -29,
            " Field 'PERSON.NOPE' not found in the applicable tables^ SELECT Person . nope FROM",
        ),
        (
            "SELECT Person.id FROM Person p",
            -23,
            " Label 'PERSON' is not listed among the applicable tables^ SELECT Person . id FROM",
        ),
        (
            "SELECT id FROM Person, Pet",
            -27,
            " Field 'ID' is ambiguous among the applicable tables^ SELECT id FROM",
        ),
        ("SELECT id FROM Person p, Pet p", -20, None),
        ("SELECT (SELECT id, Name FROM Person) FROM Person", -10, None),
        ("SELECT id FROM Person WHERE id IN (SELECT id, owner FROM Pet)", -10, None),
        ("SELECT id FROM Person WHERE COUNT(*) > 1", -19, None),
        ("SELECT COUNT(*) FROM Person GROUP BY COUNT(*)", -19, None),
        ("SELECT id FROM Person WHERE ROW_NUMBER() OVER (ORDER BY id) = 1", -367, None),
        ("SELECT id FROM Person UNION SELECT id, owner FROM Pet", -9, None),
        ("SELECT id FROM Person UNION SELECT id FROM Pet ORDER BY id + 1", -6, None),
        ("SELECT id FROM Person ORDER BY 2", -5, None),
        ("SELECT id AS a, Age AS a FROM Person ORDER BY a", -24, None),
        ("SELECT TOP 1 id FROM Person LIMIT 1", -386, None),
        ("SELECT id FROM Person LIMIT 1 FETCH FIRST 1 ROWS ONLY", -386, None),
        ("WITH q AS (SELECT 1), q AS (SELECT 2) SELECT * FROM q", -382, None),
        ("WITH q AS (SELECT 1 AS a) DELETE FROM q", -383, None),
        ("SELECT id INTO x FROM Person", -422, None),
        (
            "SELECT id AS Level FROM Person",
            -1,
            " IDENTIFIER expected, reserved word LEVEL found^SELECT id AS Level",
        ),
        ("SELECT 'open FROM Person", -3, "Closing quote (') missing"),
        ('SELECT "" FROM Person', -1, None),
        ("SELECT 1E309", -7, None),
        ("SELECT id FROM Person WHERE (id, Age) IN ((1, 2))", -1, None),
        ("SELECT id FROM Person p WHERE p->x = 1", -1, None),
        ("SELECT * FROM GenerateSeries(1, 3)", -1, None),
        ("SELECT id FROM Person EXCEPT ALL SELECT id FROM Pet", -1, None),
        ("WRITE 'x'", -51, " An SQL statement expected, WRITE found"),
        ("COMMENT ON TABLE x IS 'y'", -51, " An SQL statement expected, IDENTIFIER found"),
        (
            "INSERT OR IGNORE INTO Pet (id) VALUES (1)",
            -1,
            " UPDATE expected, IDENTIFIER (IGNORE) found^INSERT OR IGNORE",
        ),
        ("INSERT INTO Pet (owner) VALUES (1) ON CONFLICT DO NOTHING", -25, None),
        ("INSERT INTO Pet (nope) VALUES (1)", -29, None),
        ("INSERT INTO Pet (owner) VALUES (1) RETURNING id", -25, None),
        ("UPDATE Pet SET nope = 1", -29, None),
        ("DELETE FROM Pet;", -25, " Input (;) encountered after end of query^DELETE FROM Pet ;"),
        ("SELECT ? ? FROM Person", -25, None),
        ("SELECT SUM(COUNT(*)) FROM Person", -1, None),
        ("SET x = 1", -1, " OPTION expected, IDENTIFIER (x) found^SET x"),
    ],
)
def test_refusals_carry_the_code_and_text_of_iris(people, text, sqlcode, message):
    error = people.refusal(text, *["v"] * text.count("?"))
    assert error.sqlcode == sqlcode
    if message is not None:
        assert error.message == message


def test_errors_of_preparing_name_their_place(people):
    assert people.refusal("SELECT nope FROM Person").location == "Prepare"
    assert people.refusal("INSERT INTO Person (Name) VALUES (NULL)").location == "ServerLoop"


def test_insert_ignore_is_taken_for_a_table(people):
    error = people.refusal("INSERT IGNORE INTO Pet (id) VALUES (1)")
    assert (error.sqlcode, error.message) == (-30, " Table 'SQLUSER.IGNORE' not found")


def test_the_reading_that_got_further_explains_a_failure_in_brackets(people):
    error = people.refusal("SELECT id FROM Person WHERE (Age > 1 AND Name LIKE)")
    assert error.sqlcode == -12


def test_a_closing_semicolon_is_allowed_for_queries_only(people):
    assert people.column("SELECT COUNT(*) FROM Pet;") == [3]
    assert people.refusal("SELECT COUNT(*) FROM Pet; SELECT 1").sqlcode == -25


def test_deep_nesting_is_refused_instead_of_crashing(people):
    text = "SELECT " + "(" * 5000 + "1" + ")" * 5000
    assert people.refusal(text).sqlcode == -400


def test_many_brackets_in_a_condition_are_read_in_reasonable_time(people):
    depth = 40
    text = "SELECT id FROM Person WHERE " + "(" * depth + "id" + ")" * depth + " = 1"
    assert people.column(text) == [1]
