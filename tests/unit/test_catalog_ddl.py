"""Definition statements change the dictionary and the rows, and fail with IRIS's codes."""

from __future__ import annotations

import pytest

from iris_devtools.standin.catalog.model import Counter, IndexKind, TableKind
from iris_devtools.standin.errors import SQLError


def refused(database, text: str) -> SQLError:
    """Run a statement that must fail, and see that it left nothing behind."""
    before = list(database.connection.iterdump())
    with pytest.raises(SQLError) as info:
        database.define(text)
    assert before == list(database.connection.iterdump())
    return info.value


class TestCreateTable:
    def test_names_are_found_in_any_case_and_keep_their_own(self, database):
        database.define('CREATE TABLE app."Big Table" (Id INT, "Name" VARCHAR(9))')

        table = database.table("BIG table", "APP")
        assert (
            table.schema,
            table.name,
            [c.name for c in table.columns],
        ) == ("app", "Big Table", ["Id", "Name"])

    def test_a_table_is_there_once(self, database):
        database.define("CREATE TABLE t (a INT)", "CREATE TABLE IF NOT EXISTS T (b INT)")

        error = refused(database, "CREATE TABLE T (a INT)")
        assert (error.sqlcode, error.message) == (-201, "Table 'SQLUser.t' already exists")
        assert [c.name for c in database.table("t").columns] == ["a"]

    def test_class_and_property_names_lose_punctuation(self, database):
        database.define(
            "CREATE TABLE my_app.book_tag (a_b INT, ab INT)", "CREATE TABLE my_app.booktag (x INT)"
        )

        table = database.table("book_tag", "my_app")
        assert table.class_name == "my.app.booktag"
        assert [c.property_name for c in table.columns] == ["ab", "a0"]
        assert database.table("booktag", "my_app").class_name == "my.app.bookta0"
        database.define("CREATE TABLE t (a INT)")
        assert database.table("t").class_name == "User.t"

    def test_an_identity_column_is_the_row_id(self, database):
        database.define("CREATE TABLE t (id IDENTITY NOT NULL, n VARCHAR(9), PRIMARY KEY (id))")

        identity = database.table("t").identity
        assert identity is not None
        assert (
            identity.storage_name,
            identity.nullable,
            identity.counter,
        ) == ("%ID", False, Counter.IDENTITY)
        database.write("INSERT INTO t (n) VALUES (?)", "a")
        assert database.rows("SELECT id, n FROM t") == [(1, "a")]

    @pytest.mark.parametrize(
        ("text", "sqlcode"),
        [
            ("CREATE TABLE t (a INT, A INT)", -306),
            ("CREATE TABLE t (a IDENTITY, b IDENTITY)", -308),
            ("CREATE TABLE t (a INT PRIMARY KEY, b INT, PRIMARY KEY (b))", -307),
            ("CREATE TABLE t (a INT, UNIQUE (b))", -31),
            ("CREATE TABLE t (a INT, b INT, CONSTRAINT u UNIQUE (a), CONSTRAINT U UNIQUE (b))", -400),
            ("CREATE TABLE t (a LONGVARCHAR UNIQUE)", -400),
            ("CREATE TABLE t (a INT REFERENCES nothing)", -310),
            ("CREATE TABLE t (a INT REFERENCES parent (nothing))", -316),
            ("CREATE TABLE t (a INT REFERENCES parent (n))", -314),
            ("CREATE TABLE t (a INT REFERENCES keyless)", -315),
            (
                (
                    "CREATE TABLE t (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES parent, "
                    "CONSTRAINT F FOREIGN KEY (a) REFERENCES parent)"
                ),
                -311,
            ),
            ("CREATE TABLE t (a INT REFERENCES view_)", -310),
            ('CREATE TABLE "a.b" (a INT)', -1),
            ('CREATE TABLE t ("a,b" INT)', -1),
            ('CREATE TABLE t ("--" INT)', -1),
        ],
    )
    def test_what_does_not_fit_together_is_refused(self, database, text, sqlcode):
        database.define(
            "CREATE TABLE parent (id INT PRIMARY KEY, n INT)",
            "CREATE TABLE keyless (n INT)",
            "CREATE VIEW view_ AS SELECT id FROM parent",
        )

        assert sqlcode == refused(database, text).sqlcode

    def test_unnamed_constraints_get_the_names_that_iris_gives(self, database):
        database.define(
            "CREATE TABLE T015Parent (id INT NOT NULL PRIMARY KEY, code VARCHAR(10) UNIQUE, n VARCHAR(50))",
            "CREATE TABLE c (a INT, b INT REFERENCES T015Parent, PRIMARY KEY (a), UNIQUE (b, a), UNIQUE (b), "
            "FOREIGN KEY (a) REFERENCES T015Parent)",
        )

        assert [i.name for i in database.table("T015Parent").indexes] == [
            "T015PARENT_PKEY2",
            "T015PARENT_CODE_UNIQUE3",
        ]
        child = database.table("c")
        assert [i.name for i in child.indexes] == ["CPKey2", "CUnique3", "CUnique4"]
        assert [k.name for k in child.foreign_keys] == ["C_FKEY3", "CFKey2"]

    def test_primary_key_columns_are_required(self, database):
        database.define("CREATE TABLE t (a INT, b INT, PRIMARY KEY (a))")

        assert [c.nullable for c in database.table("t").columns] == [False, True]

    def test_a_table_from_a_query_has_its_columns_and_rows(self, database):
        database.define("CREATE TABLE t (a INT, d DATE, n NUMERIC(9,2), s VARCHAR(7))")
        database.write("INSERT INTO t VALUES (?, ?, ?, ?)", 1, "2024-02-29", "1.50", "Bob")
        database.define("CREATE TABLE copy AS SELECT s AS name, d, n, a + 1 AS more FROM t")

        copy = database.table("copy")
        assert [c.name for c in copy.columns] == ["name", "d", "n", "more"]
        assert database.rows("SELECT s, d, n, 2 FROM t") == database.rows("SELECT * FROM copy")

    def test_temporary_rows_belong_to_their_connection(self, open_database, tmp_path):
        one = open_database(tmp_path / "IRIS.DAT")
        two = open_database(tmp_path / "IRIS.DAT")
        one.define("CREATE GLOBAL TEMPORARY TABLE t (a INT UNIQUE, b INT)")
        one.write("INSERT INTO t VALUES (?, ?)", 1, 1)

        assert TableKind.TEMPORARY is two.table("t").kind
        assert two.rows("SELECT a FROM t") == []
        two.write("INSERT INTO t VALUES (?, ?)", 1, 2)
        two.define("ALTER TABLE t ADD COLUMN c INT", "ALTER TABLE t DROP COLUMN b")
        assert one.rows("SELECT a, c FROM t") == [(1, None)]
        with pytest.raises(SQLError, match="-119"):
            one.write("INSERT INTO t (a) VALUES (?)", 1)
        two.define("DROP TABLE t")
        assert one.dictionary.find("SQLUser", "t") is None

    def test_a_key_that_another_process_adds_reaches_all_temporary_rows(self, open_database, tmp_path):
        one = open_database(tmp_path / "IRIS.DAT")
        two = open_database(tmp_path / "IRIS.DAT")
        one.define("CREATE GLOBAL TEMPORARY TABLE t (a INT)")
        for value in (1, 1):
            one.write("INSERT INTO t VALUES (?)", value)
        two.define("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a)")

        assert one.rows("SELECT a FROM t") == []
        one.write("INSERT INTO t VALUES (?)", 1)
        with pytest.raises(SQLError, match="-119"):
            one.write("INSERT INTO t VALUES (?)", 1)
        two.define("ALTER TABLE t DROP CONSTRAINT u")
        one.write("INSERT INTO t VALUES (?)", 1)
        assert one.rows("SELECT a FROM t") == [(1,), (1,)]

    def test_a_private_column_is_there_for_those_who_know_it(self, database):
        database.define("CREATE TABLE t (a INT, b INT PRIVATE)")
        database.write("INSERT INTO t (a, b) VALUES (?, ?)", 1, 2)

        assert database.rows("SELECT * FROM t") == [(1,)]
        assert database.rows("SELECT b FROM t") == [(2,)]


class TestDropTable:
    def test_the_table_is_gone_with_its_rows(self, database):
        database.define("CREATE TABLE t (a INT)")
        database.write("INSERT INTO t VALUES (?)", 1)
        database.define("DROP TABLE t", "CREATE TABLE t (a INT)")

        assert database.rows("SELECT a FROM t") == []

    def test_a_missing_one_is_an_error_unless_it_may_be_missing(self, database):
        database.define("DROP TABLE IF EXISTS nothing")

        error = refused(database, "DROP TABLE nothing")
        assert (error.sqlcode, error.message) == (-30, " Table 'SQLUSER.NOTHING' not found")

    def test_a_referenced_one_stays_cascade_or_not(self, database):
        database.define(
            "CREATE TABLE p (id IDENTITY, PRIMARY KEY (id))", "CREATE TABLE c (p INT REFERENCES p)"
        )

        assert refused(database, "DROP TABLE p CASCADE").sqlcode == -320
        database.define("DROP TABLE c", "DROP TABLE p")

    def test_a_self_reference_does_not_hold_it(self, database):
        database.define("CREATE TABLE t (id IDENTITY, p INT REFERENCES t, PRIMARY KEY (id))", "DROP TABLE t")

    def test_a_view_holds_it_unless_it_cascades(self, database):
        database.define(
            "CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t", "CREATE VIEW w AS SELECT a FROM v"
        )

        assert refused(database, "DROP TABLE t").sqlcode == -321
        database.define("DROP TABLE t CASCADE")
        assert database.dictionary.find("SQLUser", "w") is None

    def test_system_tables_stay(self, database):
        assert refused(database, "DROP TABLE INFORMATION_SCHEMA.TABLES").sqlcode == -300
        assert refused(database, "ALTER TABLE INFORMATION_SCHEMA.TABLES ADD COLUMN a INT").sqlcode == -300


class TestIndexes:
    def test_an_index_belongs_to_its_table(self, database):
        database.define(
            "CREATE TABLE t (a INT, b VARCHAR(9))",
            "CREATE TABLE u (a INT)",
            "CREATE INDEX i ON t (b) WITH DATA (a)",
            "CREATE INDEX i ON u (a)",
        )

        assert refused(database, "CREATE INDEX I ON t (a)").sqlcode == -324
        assert refused(database, "DROP INDEX i").sqlcode == -334
        database.define("DROP INDEX t.i", "DROP INDEX i")
        error = refused(database, "DROP INDEX i ON t")
        assert (
            error.sqlcode,
            error.message,
        ) == (-333, "Attempt to DROP INDEX 'i' on table SQLUSER.T failed - index not found")
        database.define("DROP INDEX IF EXISTS i ON t", "DROP INDEX IF EXISTS i ON nothing")

    def test_what_an_index_may_not_be_on(self, database):
        database.define("CREATE TABLE t (a INT, s LONGVARCHAR)", "CREATE VIEW v AS SELECT a FROM t")

        assert (
            (e := refused(database, "CREATE INDEX i ON x (a)")).sqlcode,
            e.message,
        ) == (-30, " Table 'SQLUSER.X' does not exist")
        assert refused(database, "CREATE INDEX i ON v (a)").sqlcode == -30
        assert refused(database, "CREATE INDEX i ON t (b)").sqlcode == -31
        assert refused(database, "CREATE INDEX i ON t (s)").sqlcode == -400

    def test_a_unique_index_over_equal_rows_fails(self, database):
        database.define("CREATE TABLE t (a VARCHAR(9))")
        database.write("INSERT INTO t VALUES (?)", "Bob")
        database.write("INSERT INTO t VALUES (?)", "BOB ")

        assert refused(database, "CREATE UNIQUE INDEX i ON t (a)").sqlcode == -125
        assert refused(database, "ALTER TABLE t ADD UNIQUE (a)").sqlcode == -125

    def test_drop_index_drops_constraints_too(self, database):
        database.define("CREATE TABLE t (a INT, CONSTRAINT u UNIQUE (a))", "DROP INDEX u ON t")

        database.write("INSERT INTO t VALUES (?)", 1)
        database.write("INSERT INTO t VALUES (?)", 1)


class TestAlterTable:
    def test_added_columns_leave_old_rows_null_unless_they_are_required(self, database):
        database.define("CREATE TABLE t (a INT)")
        database.write("INSERT INTO t VALUES (?)", 1)
        database.define(
            "ALTER TABLE t ADD COLUMN b INT DEFAULT 1",
            "ALTER TABLE t ADD COLUMN c VARCHAR(9) DEFAULT 'new' NOT NULL",
            "ALTER TABLE t ADD (d NUMERIC(9,2) DEFAULT '2.5' NOT NULL, e TIMESTAMP DEFAULT now() NOT NULL)",
        )

        rows = database.rows("SELECT a, b, c, d, e FROM t")
        assert [(r[0], r[1], r[2], float(r[3]), r[4]) for r in rows] == [
            (1, None, "new", 2.5, "2026-11-21 09:00:00")
        ]
        assert refused(database, "ALTER TABLE t ADD COLUMN x INT NOT NULL").sqlcode == -304
        assert refused(database, "ALTER TABLE t ADD COLUMN B INT").sqlcode == -306

    def test_a_required_column_without_a_default_fits_an_empty_table(self, database):
        database.define("CREATE TABLE t (a INT)", "ALTER TABLE t ADD COLUMN b INT NOT NULL")

        assert not database.table("t").columns[1].nullable

    def test_an_added_identity_takes_the_row_ids(self, database):
        database.define("CREATE TABLE t (a INT)")
        database.write("INSERT INTO t VALUES (?)", 7)
        database.define("ALTER TABLE t ADD COLUMN id IDENTITY")

        assert database.rows("SELECT id, a FROM t") == [(1, 7)]
        assert refused(database, "ALTER TABLE t ADD COLUMN id2 IDENTITY").sqlcode == -308

    def test_a_dropped_column_takes_its_indexes_along_only_when_it_cascades(self, database):
        database.define("CREATE TABLE t (a INT, b INT, c INT UNIQUE)", "CREATE INDEX i ON t (a, b)")
        database.write("INSERT INTO t VALUES (?, ?, ?)", 1, 2, 3)

        assert refused(database, "ALTER TABLE t DROP COLUMN b").sqlcode == -322
        assert refused(database, "ALTER TABLE t DROP COLUMN x").sqlcode == -31
        database.define("ALTER TABLE t DROP COLUMN b CASCADE", "ALTER TABLE t DROP COLUMN c CASCADE")
        assert database.table("t").indexes == ()
        database.define("ALTER TABLE t ADD COLUMN b INT")
        assert database.rows("SELECT * FROM t") == [(1, None)]

    def test_a_column_that_others_need_stays(self, database):
        database.define(
            "CREATE TABLE p (id IDENTITY, k INT UNIQUE, x INT COMPUTECODE {set {*} = {k} + 1} CALCULATED, "
            "PRIMARY KEY (id))",
            "CREATE TABLE c (a INT REFERENCES p (id))",
        )

        assert refused(database, "ALTER TABLE p DROP COLUMN k CASCADE").sqlcode == -400
        assert refused(database, "ALTER TABLE p DROP COLUMN id CASCADE").sqlcode == -317

    def test_a_renamed_column_keeps_its_rows_keys_and_property(self, database):
        database.define(
            "CREATE TABLE p (id INT, CONSTRAINT k PRIMARY KEY (id))",
            "CREATE TABLE c (a INT, CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id))",
        )
        database.write("INSERT INTO p VALUES (?)", 1)
        database.define("ALTER TABLE p ALTER COLUMN id RENAME number", "ALTER TABLE c MODIFY a RENAME b")

        parent, child = database.table("p"), database.table("c")
        assert (parent.indexes[0].columns, parent.columns[0].property_name) == (("number",), "id")
        assert (child.foreign_keys[0].columns, child.foreign_keys[0].referenced) == (("b",), ("number",))
        assert database.rows("SELECT number FROM p") == [(1,)]
        with pytest.raises(SQLError, match="-121"):
            database.write("INSERT INTO c (b) VALUES (?)", 2)
        assert refused(database, "ALTER TABLE p ADD COLUMN Number INT").sqlcode == -306
        database.define("ALTER TABLE p ADD COLUMN id VARCHAR(9)", "ALTER TABLE p ALTER COLUMN id RENAME ID")
        database.write("INSERT INTO p (number, id) VALUES (?, ?)", 2, "two")
        assert database.rows("SELECT number, id FROM p ORDER BY number") == [(1, None), (2, "two")]

    def test_a_changed_type_converts_the_values(self, database):
        database.define("CREATE TABLE t (a VARCHAR(20), b INT, d DATE)")
        database.write("INSERT INTO t VALUES (?, ?, ?)", "12", 5, "2024-02-29")
        database.define(
            "ALTER TABLE t ALTER COLUMN a INTEGER",
            "ALTER TABLE t ALTER COLUMN b VARCHAR(5)",
            "ALTER TABLE t MODIFY d VARCHAR(10) DEFAULT 'x'",
        )

        assert database.rows("SELECT a + 1, b || '!', d FROM t") == [(13, "5!", "2024-02-29")]

    def test_values_that_do_not_fit_the_new_type_forbid_it(self, database):
        database.define("CREATE TABLE t (a VARCHAR(20))")
        database.write("INSERT INTO t VALUES (?)", "much too long")

        error = refused(database, "ALTER TABLE t ALTER COLUMN a VARCHAR(5)")
        assert (
            error.sqlcode,
            error.message,
        ) == (-104, "Field 'SQLUser.t.a' (value 'much too long') failed validation")
        assert refused(database, "ALTER TABLE t ALTER COLUMN a INT").sqlcode == -104
        assert refused(database, "ALTER TABLE t ALTER COLUMN a LONGVARCHAR").sqlcode == -374

    def test_a_changed_type_that_makes_keys_equal_is_refused(self, database):
        database.define("CREATE TABLE t (a VARCHAR(9) UNIQUE)")
        database.write("INSERT INTO t VALUES (?)", "1")
        database.write("INSERT INTO t VALUES (?)", "1.0")

        assert refused(database, "ALTER TABLE t ALTER COLUMN a INTEGER").sqlcode == -125

    def test_a_changed_collation_changes_what_is_equal(self, database):
        database.define("CREATE TABLE t (a VARCHAR(9) COLLATE EXACT, CONSTRAINT u UNIQUE (a))")
        database.write("INSERT INTO t VALUES (?)", "x")
        database.write("INSERT INTO t VALUES (?)", "X")

        assert refused(database, "ALTER TABLE t ALTER COLUMN a COLLATE SQLUPPER").sqlcode == -125
        database.write("DELETE FROM t WHERE a = ?", "X")
        database.define("ALTER TABLE t ALTER COLUMN a COLLATE SQLUPPER")
        with pytest.raises(SQLError, match="-119"):
            database.write("INSERT INTO t VALUES (?)", "X")

    def test_null_and_not_null(self, database):
        database.define("CREATE TABLE t (a INT)")
        database.write("INSERT INTO t VALUES (?)", None)

        assert refused(database, "ALTER TABLE t ALTER COLUMN a NOT NULL").sqlcode == -305
        database.write("UPDATE t SET a = ?", 1)
        database.define("ALTER TABLE t ALTER COLUMN a NOT NULL")
        assert not database.table("t").columns[0].nullable
        database.define("ALTER TABLE t ALTER COLUMN a NULL")
        assert database.table("t").columns[0].nullable

    def test_defaults_come_and_go(self, database):
        database.define("CREATE TABLE t (a INT, b INT)", "ALTER TABLE t ADD DEFAULT (5) FOR a")
        assert database.table("t").columns[0].default.sql == "5"
        database.define("ALTER TABLE t ALTER COLUMN a SET DEFAULT 6")
        assert database.table("t").columns[0].default.sql == "6"
        database.define("ALTER TABLE t ALTER COLUMN a DROP DEFAULT")
        assert database.table("t").columns[0].default is None

    def test_constraints_are_added_and_dropped_by_name(self, database):
        database.define(
            "CREATE TABLE p (id INT)",
            "CREATE TABLE c (a INT, b INT)",
            "ALTER TABLE p ADD CONSTRAINT pk PRIMARY KEY (id)",
            "ALTER TABLE c ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES p (id)",
            "ALTER TABLE c ADD UNIQUE (b)",
            "ALTER TABLE c ADD PRIMARY KEY (a)",
        )

        assert [i.name for i in database.table("c").indexes] == ["C_Unique1", "C_PKEY1"]
        assert refused(database, "ALTER TABLE p ADD PRIMARY KEY (id)").sqlcode == -307
        assert (
            refused(database, "ALTER TABLE c ADD CONSTRAINT FK FOREIGN KEY (b) REFERENCES p").sqlcode == -311
        )
        assert refused(database, "ALTER TABLE c ADD CONSTRAINT c_unique1 UNIQUE (a)").sqlcode == -400
        assert refused(database, "ALTER TABLE p DROP CONSTRAINT pk").sqlcode == -317
        assert refused(database, "DROP INDEX pk ON p").sqlcode == -317
        assert refused(database, "ALTER TABLE p DROP CONSTRAINT nothing").sqlcode == -315
        assert refused(database, "ALTER TABLE c DROP FOREIGN KEY C_Unique1").sqlcode == -315
        database.define(
            "ALTER TABLE c DROP FOREIGN KEY fk",
            "ALTER TABLE p DROP PRIMARY KEY",
            "ALTER TABLE c DROP CONSTRAINT C_Unique1",
        )
        assert refused(database, "ALTER TABLE p DROP PRIMARY KEY").sqlcode == -315
        assert database.table("p").indexes == ()

    def test_a_primary_key_over_nulls_is_refused(self, database):
        database.define("CREATE TABLE t (a INT)")
        database.write("INSERT INTO t VALUES (?)", None)

        assert refused(database, "ALTER TABLE t ADD PRIMARY KEY (a)").sqlcode == -305

    def test_a_foreign_key_over_dangling_rows_is_refused(self, database):
        database.define("CREATE TABLE p (id INT PRIMARY KEY)", "CREATE TABLE c (a INT)")
        database.write("INSERT INTO c VALUES (?)", None)
        database.write("INSERT INTO c VALUES (?)", 3)

        assert refused(database, "ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p").sqlcode == -127
        database.write("INSERT INTO p VALUES (?)", 3)
        database.define("ALTER TABLE c ADD FOREIGN KEY (a) REFERENCES p")

    def test_a_renamed_table_keeps_rows_class_and_references(self, database):
        database.define(
            "CREATE TABLE p (id IDENTITY, q INT REFERENCES p, PRIMARY KEY (id))",
            "CREATE TABLE c (a INT REFERENCES p)",
        )
        database.write("INSERT INTO p (q) VALUES (?)", None)
        database.define("ALTER TABLE p RENAME TO parent", "CREATE TABLE p (x INT)")

        assert database.rows("SELECT id FROM parent") == [(1,)]
        assert database.rows("SELECT x FROM p") == []
        assert database.table("parent").class_name == "User.p"
        assert database.table("c").foreign_keys[0].table == "parent"
        assert database.table("parent").foreign_keys[0].table == "parent"
        with pytest.raises(SQLError, match="-121"):
            database.write("INSERT INTO c VALUES (?)", 2)
        assert refused(database, "ALTER TABLE p RENAME c").sqlcode == -201
        assert refused(database, "DROP TABLE parent").sqlcode == -320

    def test_a_table_with_a_view_is_not_renamed(self, database):
        database.define("CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t")

        assert refused(database, "ALTER TABLE t RENAME u").sqlcode == -30

    def test_what_is_no_table_is_not_altered(self, database):
        database.define("CREATE TABLE t (a INT)", "CREATE VIEW v AS SELECT a FROM t")

        assert refused(database, "ALTER TABLE v ADD COLUMN b INT").sqlcode == -30
        assert refused(database, "ALTER TABLE nothing ADD COLUMN b INT").sqlcode == -30


class TestViews:
    def test_a_view_has_the_columns_of_its_query(self, database):
        database.define(
            "CREATE TABLE t (a INT, s VARCHAR(9))",
            "CREATE VIEW v AS SELECT a, s AS name FROM t",
            "CREATE VIEW w (x, y) AS SELECT name, a FROM v",
        )
        database.write("INSERT INTO t VALUES (?, ?)", 1, "Bob")

        assert [(c.name, c.type.name) for c in database.table("w").columns] == [
            ("x", "VARCHAR"),
            ("y", "INTEGER"),
        ]
        assert database.rows("SELECT * FROM w WHERE x = ?", "BOB") == [("Bob", 1)]
        assert database.table("w").depends_on == (("SQLUser", "v"),)

    def test_views_are_replaced_altered_and_dropped(self, database):
        database.define("CREATE TABLE t (a INT, b INT)", "CREATE VIEW v AS SELECT a FROM t")

        assert refused(database, "CREATE VIEW v AS SELECT b FROM t").sqlcode == -201
        assert refused(database, "CREATE OR REPLACE VIEW t AS SELECT a FROM t").sqlcode == -201
        assert refused(database, "ALTER VIEW w AS SELECT b FROM t").sqlcode == -30
        assert refused(database, "DROP VIEW w").sqlcode == -30
        assert refused(database, "DROP VIEW t").sqlcode == -30
        assert refused(database, "CREATE VIEW w (x, y) AS SELECT a FROM t").sqlcode == -142
        assert refused(database, "CREATE VIEW w AS SELECT a FROM nothing").sqlcode == -30
        assert refused(database, "ALTER VIEW v AS SELECT a FROM v").sqlcode == -400
        database.define("CREATE OR REPLACE VIEW v AS SELECT b FROM t", "CREATE VIEW w AS SELECT b FROM v")
        assert refused(database, "DROP VIEW v").sqlcode == -321
        database.define("DROP VIEW v CASCADE", "DROP VIEW IF EXISTS v")


class TestSchemas:
    def test_a_schema_comes_with_its_first_table_and_goes_with_the_last(self, database):
        listed = "SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 'App'"
        database.define("CREATE TABLE app.t (a INT)", "CREATE TABLE APP.u (a INT)")

        assert database.rows(listed) == [("app",)]
        assert database.table("u", "app").schema == "app"
        database.define("DROP TABLE app.t", "DROP TABLE app.u")
        assert database.rows(listed) == []

    def test_a_declared_schema_is_not_listed_before_it_has_a_table(self, database):
        database.define("CREATE SCHEMA s", "CREATE SCHEMA IF NOT EXISTS s")

        assert (
            database.rows("SELECT SCHEMA_NAME FROM INFORMATION_SCHEMA.SCHEMATA WHERE SCHEMA_NAME = 's'") == []
        )
        assert refused(database, "CREATE SCHEMA S").sqlcode == -476
        database.define("DROP SCHEMA s", "DROP SCHEMA IF EXISTS s")
        assert refused(database, "DROP SCHEMA s").sqlcode == -473

    def test_a_full_schema_is_dropped_only_when_it_cascades(self, database):
        database.define(
            "CREATE TABLE s.p (id IDENTITY, PRIMARY KEY (id))",
            "CREATE TABLE s.c (a INT REFERENCES s.p)",
            "CREATE VIEW s.v AS SELECT a FROM s.c",
            "CREATE TABLE t (a INT REFERENCES s.p)",
        )

        assert refused(database, "DROP SCHEMA s").sqlcode == -475
        assert refused(database, "DROP SCHEMA s CASCADE").sqlcode == -320
        database.define("DROP TABLE t", "DROP SCHEMA s CASCADE")
        assert [t.qualified_name for t in database.dictionary.tables()] == []


def test_index_kinds_tell_where_an_index_comes_from(database):
    database.define(
        "CREATE TABLE t (a INT PRIMARY KEY, b INT UNIQUE, c INT)", "CREATE UNIQUE INDEX i ON t (c)"
    )

    assert [i.kind for i in database.table("t").indexes] == [
        IndexKind.PRIMARY_KEY,
        IndexKind.UNIQUE_CONSTRAINT,
        IndexKind.UNIQUE,
    ]
