"""INSERT, UPDATE, DELETE and TRUNCATE (iris-sql.md 2.2, 2.4, 7, 11)."""

from __future__ import annotations

from decimal import Decimal

import pytest

PERSON = "SQLUser.Person"


def test_values_are_checked_and_never_cut(people):
    error = people.refusal("INSERT INTO Person (Name) VALUES (?)", "much too long for twenty characters")
    assert error.sqlcode == -104
    assert (
        error.message
        == f"Field '{PERSON}.Name' (value 'much too long for twenty characters') failed validation"
    )
    assert people.refusal("UPDATE Person SET Name = ?", "x" * 50).sqlcode == -105
    assert people.refusal("UPDATE Person SET Name = ?", "x" * 50).message.count("x" * 40 + "...") == 1


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("Age", "abc", "'abc'"),
        ("Age", "", "<EMPTY STRING>"),
        ("Age", 2147483648, "'2147483648'"),
        ("Salary", "100000000", "'100000000'"),
        ("Salary", Decimal("-1e9"), "'-1000000000'"),
    ],
)
def test_values_that_do_not_fit_are_named(people, column, value, shown):
    error = people.refusal(f"INSERT INTO Person (Name, {column}) VALUES ('x', ?)", value)
    assert (error.sqlcode, error.message) == (
        -104,
        f"Field '{PERSON}.{column}' (value {shown}) failed validation",
    )


def test_expressions_are_checked_like_parameters(people):
    assert people.refusal("INSERT INTO Person (Name) VALUES (REPEAT('x', 30))").sqlcode == -104
    assert people.refusal("UPDATE Person SET Age = Name WHERE id = 1").sqlcode == -105
    people.write("UPDATE Person SET Salary = Salary / 3, Age = '41', Dob = Dob + 1 WHERE id = 1")
    assert people.rows("SELECT Salary, Age, Dob FROM Person WHERE id = 1") == [
        (Decimal("333.5"), 41, "2000-01-03")
    ]


def test_expressions_are_rounded_to_the_scale_of_their_column(sql):
    sql.define("CREATE TABLE n (a NUMERIC(18,0), b NUMERIC(18,0))")
    sql.write("INSERT INTO n (a) VALUES (1), (2)")
    sql.write("INSERT INTO n (b) SELECT AVG(a) FROM n")
    sql.write("UPDATE n SET b = ROUND(7/2, 1) WHERE a = 1")
    sql.write("UPDATE n SET b = a WHERE a = 2")
    assert sql.rows("SELECT a, b FROM n ORDER BY ID") == [(1, 4), (2, 2), (None, 2)]


def test_numbers_are_rounded_to_their_scale(people):
    people.write(
        "INSERT INTO Person (Name, Age, Salary) VALUES ('r', ?, ?)", Decimal("1.5"), Decimal("2.345")
    )
    assert people.rows("SELECT Age, Salary FROM Person WHERE Name = 'r'") == [(2, Decimal("2.35"))]


def test_a_required_column_refuses_null_and_absence(people):
    for text in ("INSERT INTO Person (Age) VALUES (1)", "INSERT INTO Person (Name) VALUES (NULL)"):
        error = people.refusal(text)
        assert (error.sqlcode, error.message) == (-108, f"'Name' in table '{PERSON}' is a required field")
    assert people.refusal("UPDATE Person SET Name = NULL").sqlcode == -108
    assert people.refusal("UPDATE Person SET Name = ?", None).sqlcode == -108


def test_validation_comes_before_the_required_check(people):
    assert people.refusal("INSERT INTO Person (Name, Age) VALUES (?, ?)", None, "abc").sqlcode == -104


def test_defaults_fill_what_is_left_out(sql):
    sql.define(
        "CREATE TABLE d (a INTEGER DEFAULT 5, b VARCHAR(10) DEFAULT 'new' NOT NULL, "
        "c TIMESTAMP DEFAULT now(), "
        "n NUMERIC(12,2) DEFAULT '0' NOT NULL, u VARCHAR(20) DEFAULT USER, dd DATE DEFAULT CURRENT_DATE)"
    )
    sql.write("INSERT INTO d DEFAULT VALUES")
    assert sql.rows("SELECT * FROM d") == [(5, "new", "2026-11-21 09:30:15", 0, "_SYSTEM", "2026-11-21")]


def test_null_takes_the_default_only_where_null_is_not_allowed(sql):
    sql.define("CREATE TABLE d (a INTEGER DEFAULT 5, b VARCHAR(10) DEFAULT 'new' NOT NULL)")
    sql.write("INSERT INTO d (a, b) VALUES (?, ?)", None, None)
    assert sql.rows("SELECT a, b FROM d") == [(None, "new")]


def test_forms_of_insert(people):
    assert people.write("INSERT INTO Pet (owner, kind) VALUES (3, 'emu'), (3, 'eel')") == 2
    assert people.write("INSERT Pet SET owner = 3, kind = 'owl'") == 1
    assert people.write("INSERT INTO Pet (owner, kind) SELECT id, 'ant' FROM Person WHERE Age IS NULL") == 1
    assert people.column("SELECT kind FROM Pet WHERE owner = 3 ORDER BY id") == ["emu", "eel", "owl", "ant"]


def test_insert_without_columns_takes_them_in_order_without_the_row_id(sql):
    sql.define("CREATE TABLE p (a INTEGER, b VARCHAR(5))")
    sql.write("INSERT INTO p VALUES (1, 'x')")
    assert sql.rows("SELECT ID, a, b FROM p") == [(1, 1, "x")]
    assert sql.refusal("INSERT INTO p VALUES (1)").sqlcode == -62
    assert sql.refusal("INSERT INTO p VALUES (1, 'x', 2)").sqlcode == -116
    assert sql.refusal("INSERT INTO p (a, A) VALUES (1, 2)").sqlcode == -377
    assert sql.refusal("INSERT INTO p (a, b) SELECT 1 FROM p").sqlcode == -64
    assert sql.refusal("INSERT INTO p (a) VALUES ((SELECT 1))").sqlcode == -144


def test_many_rows_are_more_than_one_sqlite_statement(sql):
    sql.define("CREATE TABLE p (a INTEGER, b INTEGER)")
    count = 16000
    text = "INSERT INTO p (a, b) VALUES " + ", ".join(["(?, ?)"] * count)
    assert sql.write(text, *range(2 * count)) == count
    assert sql.rows("SELECT COUNT(*), MAX(b) FROM p") == [(count, 2 * count - 1)]


def test_identity_counts_and_takes_values_only_when_allowed(people):
    people.write("INSERT INTO Person (id, Name) VALUES (?, 'ten')", 10)
    people.write("INSERT INTO Person (Name) VALUES ('next')")
    assert people.column("SELECT id FROM Person WHERE Name = 'next'") == [11]
    assert people.refusal("INSERT INTO Pet (id) VALUES (5)").sqlcode == -111
    assert people.refusal("INSERT INTO Pet (%ID) VALUES (5)").sqlcode == -111
    error = people.refusal("UPDATE Person SET id = 5")
    assert (error.sqlcode, error.message[:22]) == (-107, "Updating any of the Ro")


def test_serial_columns_count_and_move_with_given_values(sql):
    sql.define("CREATE TABLE s (n SERIAL, v INTEGER)")
    sql.write("INSERT INTO s (v) VALUES (1)")
    sql.write("INSERT INTO s (n, v) VALUES (0, 2)")
    sql.write("INSERT INTO s (n, v) VALUES (10, 3), (NULL, 4)")
    assert sql.column("SELECT n FROM s ORDER BY v") == [1, 2, 10, 11]
    assert sql.refusal("UPDATE s SET n = 5").sqlcode == -105
    sql.write("TRUNCATE TABLE s")
    sql.write("INSERT INTO s (v) VALUES (1)")
    assert sql.column("SELECT n FROM s") == [1]


def test_auto_increment_does_not_move_with_given_values(sql):
    sql.define("CREATE TABLE a (n INTEGER AUTO_INCREMENT, v INTEGER)")
    sql.write("INSERT INTO a (n, v) VALUES (10, 1)")
    sql.write("INSERT INTO a (v) VALUES (2)")
    assert sql.column("SELECT n FROM a ORDER BY v") == [10, 1]


def test_a_row_version_changes_with_every_write(sql):
    sql.define("CREATE TABLE r (n ROWVERSION, v INTEGER)")
    sql.write("INSERT INTO r (v) VALUES (1)")
    sql.write("INSERT INTO r (v) VALUES (2)")
    sql.write("UPDATE r SET v = 3 WHERE v = 1")
    assert sql.column("SELECT n FROM r ORDER BY v") == [2, 3]
    assert sql.refusal("UPDATE r SET n = 1").sqlcode == -138
    assert sql.refusal("INSERT INTO r (n) VALUES (1)").sqlcode == -138


def test_truncate_starts_the_row_id_again_and_delete_does_not(people):
    people.write("DELETE FROM Pet")
    people.write("INSERT INTO Pet (kind) VALUES ('x')")
    assert people.column("SELECT id FROM Pet") == [4]
    assert people.write("TRUNCATE TABLE Pet") == 1
    people.write("INSERT INTO Pet (kind) VALUES ('x')")
    assert people.column("SELECT id FROM Pet") == [1]


def test_insert_or_update_changes_the_row_that_clashes(sql):
    sql.define("CREATE TABLE u (k VARCHAR(5) NOT NULL, v INTEGER, w INTEGER, PRIMARY KEY (k))")
    sql.write("INSERT INTO u (k, v, w) VALUES ('a', 1, 1)")
    sql.write("INSERT OR UPDATE u (k, v) VALUES (?, ?)", "A", 2)
    sql.write("INSERT OR UPDATE INTO u SET k = 'b', v = 3")
    assert sql.rows("SELECT v, w FROM u ORDER BY k") == [(2, 1), (3, None)]


def test_update_counts_rows_and_sees_old_values(people):
    assert people.write("UPDATE Person SET Age = 5") == 3
    people.write(
        "UPDATE Person SET Age = id, id2 = Age".replace(", id2 = Age", "") + " WHERE Name = ?", "BOB"
    )
    assert people.write("UPDATE Person p SET p.Age = p.Age + ? WHERE p.id = ?", 1, 1) == 1
    assert people.column("SELECT Age FROM Person WHERE id = 1") == [2]
    assert people.write("UPDATE Person SET Age = 1 WHERE id = 99") == 0
    assert people.refusal("UPDATE Person SET Age = 1, age = 2").sqlcode == -377


def test_update_with_values_and_from(people):
    people.write("UPDATE Person (Age, City) VALUES (50, 'Rome') WHERE id = 3")
    assert people.rows("SELECT Age, City FROM Person WHERE id = 3") == [(50, "Rome")]
    people.write("UPDATE Person SET City = Pet.kind FROM Pet WHERE Pet.owner = Person.id AND Pet.id = 3")
    assert people.column("SELECT City FROM Person WHERE id = 2") == ["cat"]
    people.write("UPDATE Person SET Age = t.id FROM Person JOIN Pet t ON t.owner = Person.id WHERE t.id = 1")
    assert people.column("SELECT Age FROM Person ORDER BY id") == [1, 30, 50]


def test_delete_with_aliases_subqueries_and_from(people):
    assert people.write("DELETE FROM Pet p WHERE p.kind = 'DOG'") == 1
    assert people.write("DELETE FROM Pet WHERE owner IN (SELECT id FROM Person WHERE Age = 30)") == 1
    assert (
        people.write("DELETE FROM Pet FROM Person WHERE Person.id = Pet.owner AND Person.Name = 'bob'") == 1
    )
    assert people.column("SELECT COUNT(*) FROM Pet") == [0]


def test_delete_with_exists_on_the_same_table(people):
    text = (
        "DELETE FROM Pet WHERE EXISTS "
        "(SELECT 1 FROM Pet other WHERE other.owner = Pet.owner AND other.id <> Pet.id)"
    )
    assert people.write(text) == 2


def test_filing_words_are_understood(people):
    assert people.translate("DELETE %NOCHECK FROM Pet").no_check
    assert not people.translate("INSERT %NOLOCK %NOTRIGGER INTO Pet (kind) VALUES ('x')").no_check


def test_bits_take_zero_and_one_only(sql):
    sql.define("CREATE TABLE b (v BIT)")
    sql.write("INSERT INTO b (v) VALUES (?), (?), ('0'), (NULL)", 1, True)
    assert sql.column("SELECT v FROM b ORDER BY ID") == [1, 1, 0, None]
    assert sql.refusal("INSERT INTO b (v) VALUES (2)").sqlcode == -104


def test_bytes_arrive_as_text_and_leave_as_bytes(sql):
    sql.define("CREATE TABLE b (s VARBINARY(4), l LONGVARBINARY)")
    data = bytes(range(256))
    sql.write("INSERT INTO b (s, l) VALUES (?, ?)", "\x00\xff", data.decode("latin-1"))
    assert sql.rows("SELECT s, l FROM b") == [(b"\x00\xff", data)]
    assert sql.column("SELECT 1 FROM b WHERE s = ?", "\x00\xff") == [1]
    assert sql.refusal("INSERT INTO b (s) VALUES (?)", "12345").sqlcode == -104


def test_dates_take_iso_text_and_the_stored_number(sql):
    sql.define("CREATE TABLE d (v DATE, t TIME)")
    sql.write("INSERT INTO d (v, t) VALUES (?, ?)", "66899", "12:34:56.789000")
    sql.write("INSERT INTO d (v, t) VALUES (?, ?)", "2024-02-29", 45296)
    sql.write("INSERT INTO d (v) VALUES (?)", "-41546")
    assert sql.rows("SELECT v, t FROM d") == [
        ("2024-02-29", "12:34:56.789"),
        ("2024-02-29", "12:34:56"),
        ("1727-04-02", None),
    ]
    assert sql.refusal("INSERT INTO d (v) VALUES (?)", "2026-02-31").sqlcode == -146
    assert sql.refusal("INSERT INTO d (t) VALUES (?)", "24:00:00").sqlcode == -147


def test_length_counts_utf16_units(sql):
    sql.define("CREATE TABLE e (v VARCHAR(2))")
    sql.write("INSERT INTO e (v) VALUES (?)", "😀")
    assert sql.refusal("INSERT INTO e (v) VALUES (?)", "😀x").sqlcode == -104


def test_system_tables_and_views_are_not_written(people):
    people.define("CREATE VIEW v AS SELECT DISTINCT id FROM Person")
    assert people.refusal("DELETE FROM v").sqlcode == -35
    assert people.refusal("TRUNCATE TABLE v").sqlcode == -30
    assert people.refusal("DELETE FROM INFORMATION_SCHEMA.TABLES").sqlcode == -115


def test_computed_columns_follow_their_code(sql):
    sql.define(
        "CREATE TABLE c (id IDENTITY, a INTEGER, "
        "x INTEGER COMPUTECODE {Set {*} = {id} + {a} * 2}, "
        'y INTEGER COMPUTECODE {Set {*} = {a} + 1} COMPUTEONCHANGE ("%%UPDATE"), '
        'z VARCHAR(20) COMPUTECODE {s {*} = {a}_"!"} CALCULATED)'
    )
    sql.write("INSERT INTO c (a) VALUES (10), (20)")
    assert sql.rows("SELECT x, y, z FROM c ORDER BY id") == [(22, 11, "10!"), (44, 21, "20!")]
    sql.write("UPDATE c SET a = 30 WHERE id = 1")
    assert sql.rows("SELECT x, y, z FROM c WHERE id = 1") == [(22, 31, "30!")]
    assert sql.refusal("UPDATE c SET x = 1").sqlcode == -138
