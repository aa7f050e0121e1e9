"""Keys are kept with IRIS's collations, and a violation is told in IRIS's words (iris-sql.md 11)."""

from __future__ import annotations

import pytest

from iris_devtools.standin.errors import SQLError


def failure(database, text: str, *values: object) -> tuple[int, str]:
    with pytest.raises(SQLError) as info:
        database.write(text, *values)
    return info.value.sqlcode, info.value.message


class TestUnique:
    def test_case_and_trailing_blanks_do_not_count(self, database):
        database.define("CREATE TABLE t (n VARCHAR(20), CONSTRAINT u UNIQUE (n))")
        database.write("INSERT INTO t VALUES (?)", "Bob")

        assert failure(database, "INSERT INTO t VALUES (?)", "BOB  ") == (
            -119,
            "Table 'SQLUser.t', Constraint 'u', Field(s) n=\"BOB  \"; failed unique check",
        )

    def test_the_values_of_the_failing_row_are_told(self, database):
        database.define(
            'CREATE TABLE g.e (s VARCHAR(9), "p x" INT, d DATE, g VARCHAR(9), '
            'CONSTRAINT k UNIQUE (s, "p x", d, g))'
        )
        database.write("INSERT INTO g.e VALUES (?, ?, ?, ?)", "a", 1, "1840-12-31", "")

        assert failure(database, "INSERT INTO g.e VALUES (?, ?, ?, ?)", "A", 1, "1840-12-31", "") == (
            -119,
            "Table 'g.e', Constraint 'k', Field(s) s=\"A\",p x=1,d=0,g=$c(0); failed unique check",
        )

    def test_an_update_has_a_code_of_its_own(self, database):
        database.define("CREATE TABLE t (id INT PRIMARY KEY, n VARCHAR(9) UNIQUE)")
        database.write("INSERT INTO t VALUES (?, ?)", 1, "a")
        database.write("INSERT INTO t VALUES (?, ?)", 2, "b")

        assert failure(database, "UPDATE t SET n = ? WHERE id = ?", "A", 2) == (
            -120,
            "Table 'SQLUser.t', Constraint 'T_N_UNIQUE3', Field(s) n=\"A\"; failed unique check",
        )

    def test_the_primary_key_is_told_first(self, database):
        database.define("CREATE TABLE t (id INT, CONSTRAINT u UNIQUE (id), CONSTRAINT p PRIMARY KEY (id))")
        database.write("INSERT INTO t VALUES (?)", 1)

        assert "Constraint 'p', Field(s) id=1" in failure(database, "INSERT INTO t VALUES (?)", 1)[1]

    def test_an_identity_value_is_there_once(self, database):
        database.define(
            "CREATE TABLE t (id IDENTITY, n INT, CONSTRAINT k PRIMARY KEY (id)) "
            "WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1"
        )
        database.write("INSERT INTO t (id, n) VALUES (?, ?)", 5, 1)

        assert failure(database, "INSERT INTO t (id, n) VALUES (?, ?)", 5, 1) == (
            -119,
            "Table 'SQLUser.t', Constraint 'k', Field(s) id=5; failed unique check",
        )

    def test_many_nulls_are_allowed_and_one_empty_string(self, database):
        database.define("CREATE TABLE t (n VARCHAR(9) UNIQUE)")
        for value in (None, None, ""):
            database.write("INSERT INTO t VALUES (?)", value)

        assert failure(database, "INSERT INTO t VALUES (?)", "  ")[0] == -119

    def test_a_key_of_a_table_that_was_altered_is_told_by_its_new_names(self, database):
        database.define(
            "CREATE TABLE t (a INT, b VARCHAR(9), CONSTRAINT u UNIQUE (b))",
            "ALTER TABLE t RENAME TO t2",
            "ALTER TABLE t2 ALTER COLUMN b RENAME c",
        )
        database.write("INSERT INTO t2 (c) VALUES (?)", "x")

        assert failure(database, "INSERT INTO t2 (c) VALUES (?)", "x") == (
            -119,
            "Table 'SQLUser.t2', Constraint 'u', Field(s) c=\"x\"; failed unique check",
        )


class TestForeignKeys:
    @pytest.fixture
    def family(self, database):
        database.define("CREATE TABLE p (id INT, CONSTRAINT pk PRIMARY KEY (id))")
        database.write("INSERT INTO p VALUES (?)", 1)
        database.write("INSERT INTO p VALUES (?)", 2)
        return database

    def child(self, database, actions: str = "", column: str = "INT") -> None:
        database.define(
            f"CREATE TABLE c (a {column}, CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id) {actions})"
        )

    def test_a_reference_must_lead_somewhere(self, family):
        self.child(family)
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("INSERT INTO c VALUES (?)", None)
        message = (
            "Table 'SQLUser.c', Foreign Key Constraint 'fk' (Field 'a') failed referential integrity check"
        )

        assert (-121, message) == failure(family, "INSERT INTO c VALUES (?)", 9)
        assert (-122, message) == failure(family, "UPDATE c SET a = ?", 9)

    def test_what_is_referenced_stays(self, family):
        self.child(family)
        family.write("INSERT INTO c VALUES (?)", 1)
        message = (
            "At least 1 Row exists in table 'SQLUser.c' which references key pk - "
            "Foreign Key Constraint 'fk' (Field(s) 'a') failed on referential action of NO ACTION"
        )

        assert (-124, message) == failure(family, "DELETE FROM p WHERE id = ?", 1)
        assert (-123, message) == failure(family, "UPDATE p SET id = ? WHERE id = ?", 7, 1)
        assert family.write("DELETE FROM p WHERE id = ?", 2) == 1
        assert family.write("UPDATE p SET id = ? WHERE id = ?", 1, 1) == 1

    def test_cascade(self, family):
        self.child(family, "ON DELETE CASCADE ON UPDATE CASCADE")
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("INSERT INTO c VALUES (?)", 2)

        assert family.write("UPDATE p SET id = ? WHERE id = ?", 7, 1) == 1
        assert family.rows("SELECT a FROM c ORDER BY a") == [(2,), (7,)]
        assert family.write("DELETE FROM p WHERE id = ?", 7) == 1
        assert family.rows("SELECT a FROM c") == [(2,)]

    def test_set_null(self, family):
        self.child(family, "ON DELETE SET NULL ON UPDATE SET NULL")
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("INSERT INTO c VALUES (?)", 2)
        family.write("DELETE FROM p WHERE id = ?", 1)
        family.write("UPDATE p SET id = ?", 3)

        assert family.rows("SELECT a FROM c") == [(None,), (None,)]

    def test_set_null_does_not_empty_a_required_column(self, family):
        self.child(family, "ON DELETE SET NULL", "INT NOT NULL")
        family.write("INSERT INTO c VALUES (?)", 1)

        code, message = failure(family, "DELETE FROM p WHERE id = ?", 1)
        assert code == -124
        assert message.endswith("failed on referential action of SET NULL")

    def test_set_default(self, family):
        self.child(family, "ON DELETE SET DEFAULT", "INT DEFAULT '2'")
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("DELETE FROM p WHERE id = ?", 1)

        assert family.rows("SELECT a FROM c") == [(2,)]
        assert failure(family, "DELETE FROM p WHERE id = ?", 2)[0] == -124

    def test_a_changed_default_is_the_one_that_is_set(self, family):
        self.child(family, "ON DELETE SET DEFAULT", "INT DEFAULT 99")
        family.define("ALTER TABLE c ALTER COLUMN a SET DEFAULT 2")
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("DELETE FROM p WHERE id = ?", 1)

        assert family.rows("SELECT a FROM c") == [(2,)]

    def test_a_table_may_reference_itself(self, database):
        database.define("CREATE TABLE t (id INT PRIMARY KEY, up INT REFERENCES t (id) ON DELETE CASCADE)")
        database.write("INSERT INTO t VALUES (?, ?)", 1, 1)
        database.write("INSERT INTO t VALUES (?, ?)", 2, 1)
        database.write("INSERT INTO t VALUES (?, ?)", 3, 2)

        assert failure(database, "INSERT INTO t VALUES (?, ?)", 4, 9)[0] == -121
        assert database.write("DELETE FROM t WHERE id = ?", 1) == 1
        assert database.rows("SELECT id FROM t") == []

    def test_deleting_all_rows_of_a_tree_fails_row_by_row(self, database):
        database.define("CREATE TABLE t (id INT PRIMARY KEY, up INT REFERENCES t)")
        database.write("INSERT INTO t VALUES (?, ?)", 1, None)
        database.write("INSERT INTO t VALUES (?, ?)", 2, 1)

        assert failure(database, "DELETE FROM t")[0] == -124
        assert database.write("DELETE %NOCHECK FROM t") == 2

    def test_nocheck_suspends_the_keys_of_one_statement(self, family):
        self.child(family, "ON DELETE CASCADE")
        family.write("INSERT %NOCHECK INTO c VALUES (?)", 9)
        family.write("INSERT INTO c VALUES (?)", 1)
        family.write("DELETE %NOCHECK FROM p WHERE id = ?", 1)

        assert family.rows("SELECT a FROM c ORDER BY a") == [(1,), (9,)]
        assert failure(family, "INSERT INTO c VALUES (?)", 9)[0] == -121

    def test_a_key_with_nocheck_checks_nothing(self, family):
        self.child(family, "NOCHECK")
        family.write("INSERT INTO c VALUES (?)", 9)

    def test_text_keys_match_without_regard_to_case(self, database):
        database.define(
            "CREATE TABLE p (k VARCHAR(9) PRIMARY KEY)",
            "CREATE TABLE c (k VARCHAR(9) REFERENCES p ON DELETE CASCADE)",
        )
        database.write("INSERT INTO p VALUES (?)", "Abc")
        database.write("INSERT INTO c VALUES (?)", "ABC ")
        database.write("DELETE FROM p")

        assert database.rows("SELECT k FROM c") == []

    def test_composite_keys_are_checked_when_they_are_whole(self, database):
        database.define(
            "CREATE TABLE p (a INT, b INT, PRIMARY KEY (a, b))",
            "CREATE TABLE c (x INT, y INT, CONSTRAINT fk FOREIGN KEY (y, x) REFERENCES p (b, a))",
        )
        database.write("INSERT INTO p VALUES (?, ?)", 1, 2)
        database.write("INSERT INTO c VALUES (?, ?)", 1, 2)
        database.write("INSERT INTO c VALUES (?, ?)", 9, None)

        code, message = failure(database, "INSERT INTO c VALUES (?, ?)", 2, 1)
        assert (code, "(Field(s) 'y,x')" in message) == (-121, True)

    def test_an_error_far_down_a_cascade_names_the_table_that_held(self, database):
        database.define(
            "CREATE TABLE a (id IDENTITY, n INT, PRIMARY KEY (id))",
            "CREATE TABLE b (id IDENTITY, a INT REFERENCES a ON DELETE CASCADE, PRIMARY KEY (id))",
            "CREATE TABLE c (b INT REFERENCES b)",
        )
        database.write("INSERT INTO a (n) VALUES (?)", 1)
        database.write("INSERT INTO b (a) VALUES (?)", 1)
        database.write("INSERT INTO c (b) VALUES (?)", 1)

        code, message = failure(database, "DELETE FROM a")
        assert (code, "exists in table 'SQLUser.c' which references key BPKey2" in message) == (-124, True)
        assert database.rows("SELECT id FROM b") == [(1,)]

    def test_dropped_keys_are_forgotten_by_both_tables(self, family):
        self.child(family)
        family.write("INSERT INTO c VALUES (?)", 1)
        family.define("ALTER TABLE c DROP CONSTRAINT fk")

        family.write("DELETE FROM p")
        family.write("INSERT INTO c VALUES (?)", 9)

    def test_a_dropped_child_is_forgotten_by_its_parent(self, family):
        self.child(family)
        family.define("DROP TABLE c")

        assert family.write("DELETE FROM p") == 2

    def test_a_parent_finds_its_children_by_an_index(self, family):
        self.child(family, "ON DELETE CASCADE")
        (text,) = family.connection.execute(
            "SELECT sql FROM sqlite_master WHERE name LIKE '%|FK|parent DELETE'"
        ).fetchone()
        body = text[text.index("BEGIN") + 5 : text.index(";")].replace('OLD."id"', "?")

        plan = family.connection.execute("EXPLAIN QUERY PLAN " + body, (1,)).fetchall()
        assert [row[3] for row in plan if row[3].startswith("SCAN")] == []
