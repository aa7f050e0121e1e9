"""Row ids, writes, references, views, transactions: rules of iris-sql 2.4, 7, 8 and 10, one test each."""

from __future__ import annotations

import iris
import pytest


def test_the_row_id_is_hidden_counts_from_1_and_cannot_be_given(sql):
    """iris-sql 2.4."""
    sql.run(
        "CREATE TABLE hidden (n INTEGER)", "INSERT INTO hidden VALUES (7)", "INSERT INTO hidden VALUES (8)"
    )
    assert sql.rows("SELECT %ID, ID, n FROM hidden ORDER BY 1") == [(1, 1, 7), (2, 2, 8)]
    assert sql.failure("INSERT INTO hidden (ID, n) VALUES (5, 1)")[:2] == ("ProgrammingError", -111)
    assert sql.failure("UPDATE hidden SET %ID = 5")[:2] == ("ProgrammingError", -107)


def test_an_identity_value_is_given_only_where_that_is_allowed(sql):
    """-111 without ALLOWIDENTITYINSERT; with it the value moves the counter (iris-sql 2.4, 12.8)."""
    sql.run("CREATE TABLE ident (id INTEGER IDENTITY, n INTEGER)")
    assert sql.failure("INSERT INTO ident (id, n) VALUES (5, 1)")[:2] == ("ProgrammingError", -111)
    sql.run(
        "CREATE TABLE identi (id INTEGER IDENTITY, n INTEGER) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1",
        "INSERT INTO identi (id, n) VALUES (5, 1)",
        "INSERT INTO identi (n) VALUES (2)",
    )
    assert sql.rows("SELECT id, n FROM identi ORDER BY id") == [(5, 1), (6, 2)]
    assert sql.failure("UPDATE identi SET id = 9")[1] == -107


def test_last_identity_is_the_connections_own(sql):
    """NULL at first, then the row id of its last row (iris-sql 6.6)."""
    sql.run("CREATE TABLE lastid (id INTEGER IDENTITY, n INTEGER)")
    other = sql.connect()
    cursor = other.cursor()
    cursor.execute("SELECT LAST_IDENTITY()")
    assert cursor.fetchone()[0] is None
    sql.run("INSERT INTO lastid (n) VALUES (1)", "INSERT INTO lastid (n) VALUES (2)")
    assert sql.value("SELECT LAST_IDENTITY()") == 2
    cursor.execute("SELECT LAST_IDENTITY()")
    assert cursor.fetchone()[0] is None
    cursor.close()
    other.close()


def test_a_serial_counts_what_is_missing_null_or_0(sql):
    """A positive value is kept and moves the counter (iris-sql 2.4)."""
    sql.run("CREATE TABLE serials (s SERIAL, n INTEGER)")
    for text in (
        "(n) VALUES (1)",
        "(s, n) VALUES (NULL, 2)",
        "(s, n) VALUES (0, 3)",
        "(s, n) VALUES (9, 4)",
        "(n) VALUES (5)",
    ):
        sql.run(f"INSERT INTO serials {text}")
    assert sql.rows("SELECT s, n FROM serials ORDER BY n") == [(1, 1), (2, 2), (3, 3), (9, 4), (10, 5)]


def test_counters_go_on_after_delete_and_rollback_and_begin_again_after_truncate(sql):
    """iris-sql 12.9."""
    sql.run("CREATE TABLE counted (id INTEGER IDENTITY, n INTEGER)", "INSERT INTO counted (n) VALUES (1)")
    sql.run("DELETE FROM counted", "INSERT INTO counted (n) VALUES (2)")
    assert sql.column("SELECT id FROM counted") == [2]
    sql.run("TRUNCATE TABLE counted")
    assert sql.cursor.rowcount == -1
    sql.run("INSERT INTO counted (n) VALUES (3)")
    assert sql.column("SELECT id FROM counted") == [1]


def test_insert_or_update_changes_the_row_that_is_there(sql):
    """On a clash in a unique key the given columns are updated (iris-sql 7.1)."""
    sql.run("CREATE TABLE upserts (k VARCHAR(5) PRIMARY KEY, v INTEGER, w INTEGER)")
    sql.run("INSERT INTO upserts VALUES ('a', 1, 1)", "INSERT OR UPDATE upserts (k, v) VALUES ('A', 2)")
    sql.run("INSERT OR UPDATE INTO upserts (k, v) VALUES ('b', 3)")
    assert sql.rows("SELECT v, w FROM upserts ORDER BY v") == [(2, 1), (3, None)]


FORMS = [
    ("INSERT t SET", "INSERT forms SET a = 1, b = 2", [(1, 2)]),
    ("without INTO", "INSERT forms (a, b) VALUES (3, 4)", [(3, 4)]),
    ("DEFAULT VALUES", "INSERT INTO forms DEFAULT VALUES", [(None, 7)]),
    ("SELECT", "INSERT INTO forms (a, b) SELECT 5, 6", [(5, 6)]),
    ("all columns in order", "INSERT INTO forms VALUES (8, 9)", [(8, 9)]),
    ("several rows", "INSERT INTO forms (a, b) VALUES (1, 1), (2, 2)", [(1, 1), (2, 2)]),
]


@pytest.mark.parametrize(("rule", "text", "found"), FORMS, ids=[case[0] for case in FORMS])
def test_a_form_of_insert(sql, rule, text, found):
    """iris-sql 7.1."""
    sql.run("CREATE TABLE IF NOT EXISTS forms (a INTEGER, b INTEGER DEFAULT 7)", "DELETE FROM forms", text)
    assert sql.rows("SELECT a, b FROM forms ORDER BY a") == found


def test_null_takes_the_default_of_a_not_null_column_only(sql):
    """iris-sql 4."""
    sql.run("CREATE TABLE defaults (a INTEGER DEFAULT 1, b INTEGER DEFAULT 2 NOT NULL)")
    sql.run("INSERT INTO defaults VALUES (NULL, NULL)")
    assert sql.rows("SELECT a, b FROM defaults") == [(None, 2)]


def test_an_update_sees_the_old_values_and_counts_the_rows(sql):
    """iris-sql 7.2 and 7.3."""
    sql.run("CREATE TABLE swapped (a INTEGER, b INTEGER)", "INSERT INTO swapped VALUES (1, 2)")
    sql.run("UPDATE swapped SET a = b, b = a")
    assert sql.cursor.rowcount == 1
    assert sql.rows("SELECT a, b FROM swapped") == [(2, 1)]
    sql.run("UPDATE swapped SET a = 9 WHERE a = 77")
    assert sql.cursor.rowcount == 0


def test_a_statement_is_atomic_and_leaves_the_transaction_open(sql):
    """One bad row undoes its statement alone (iris-sql 7.3, 12.6)."""
    sql.run("CREATE TABLE atomic (a INTEGER PRIMARY KEY)", "CREATE TABLE source (a INTEGER)")
    for value in (1, 2, 2):
        sql.rows("INSERT INTO source VALUES (?)", value)
    connection = sql.connect(autocommit=False)
    cursor = connection.cursor()
    cursor.execute("INSERT INTO atomic VALUES (9)")
    with pytest.raises(iris.dbapi.IntegrityError):
        cursor.execute("INSERT INTO atomic SELECT a FROM source")
    connection.commit()
    cursor.close()
    connection.close()
    assert sql.column("SELECT a FROM atomic") == [9]


COMPUTED = [
    ("calculated when read", "s INTEGER COMPUTECODE {Set {*} = {a} + {b}} CALCULATED", [(1, 2, 3)]),
    (
        "stored and changed with its columns",
        "s INTEGER COMPUTECODE {Set {*} = {a} * {b}} COMPUTEONCHANGE (a, b)",
        [(1, 2, 2)],
    ),
    ("text", 's VARCHAR(20) COMPUTECODE {Set {*} = {a}_"-"_{b}} CALCULATED', [(1, 2, "1-2")]),
    ("strictly from left to right", "s INTEGER COMPUTECODE {S {*}={a}+{b}*3}", [(1, 2, 9)]),
    ("functions of text", 's VARCHAR(9) COMPUTECODE {Set {*} = $P({a}_","_{b},",",2)_"!"}', [(1, 2, "2!")]),
    ("upper case", 's VARCHAR(9) COMPUTECODE {Set {*} = $ZCVT("x"_{a},"U")_$L({b})}', [(1, 2, "X11")]),
    ("a plus makes a number", 's INTEGER COMPUTECODE {Set {*} = +("12abc"_{a})}', [(1, 2, 12)]),
]


@pytest.mark.parametrize(("rule", "column", "found"), COMPUTED, ids=[case[0] for case in COMPUTED])
def test_a_computed_column(sql, unique, rule, column, found):
    """COMPUTECODE in the simple forms that the dialect sends (iris-sql 8.1)."""
    sql.run(
        f"CREATE TABLE {unique} (a INTEGER, b INTEGER, {column})",
        f"INSERT INTO {unique} (a, b) VALUES (1, 2)",
    )
    assert sql.rows(f"SELECT a, b, s FROM {unique}") == found


ACTIONS = [
    ("NO ACTION", "", -124, [(1,)]),
    ("CASCADE", "ON DELETE CASCADE", None, []),
    ("SET NULL", "ON DELETE SET NULL", None, [(None,)]),
    ("SET DEFAULT", "ON DELETE SET DEFAULT", None, [(2,)]),
]


@pytest.mark.parametrize(("action", "clause", "code", "left"), ACTIONS, ids=[case[0] for case in ACTIONS])
def test_what_a_delete_does_to_the_referencing_rows(sql, unique, action, clause, code, left):
    """iris-sql 7.3."""
    sql.run(
        f"CREATE TABLE {unique}p (id INTEGER PRIMARY KEY)",
        f"CREATE TABLE {unique}c (pid INTEGER DEFAULT 2, "
        f"FOREIGN KEY (pid) REFERENCES {unique}p (id) {clause})",
        f"INSERT INTO {unique}p VALUES (1)",
        f"INSERT INTO {unique}p VALUES (2)",
        f"INSERT INTO {unique}c VALUES (1)",
    )
    delete = f"DELETE FROM {unique}p WHERE id = 1"
    if code is None:
        sql.run(delete)
    else:
        assert sql.failure(delete)[:2] == ("IntegrityError", code)
    assert sql.rows(f"SELECT pid FROM {unique}c") == left


def test_an_update_of_the_key_cascades_where_it_is_said(sql):
    sql.run(
        "CREATE TABLE movedp (id INTEGER PRIMARY KEY)",
        "CREATE TABLE movedc (pid INTEGER, FOREIGN KEY (pid) REFERENCES movedp (id) ON UPDATE CASCADE)",
        "INSERT INTO movedp VALUES (1)",
        "INSERT INTO movedc VALUES (1)",
        "UPDATE movedp SET id = 5",
    )
    assert sql.column("SELECT pid FROM movedc") == [5]


def test_nocheck_skips_the_references(sql):
    """iris-sql 2.2 and 7.2."""
    sql.run(
        "CREATE TABLE loosep (id INTEGER PRIMARY KEY)",
        "CREATE TABLE loosec (pid INTEGER, FOREIGN KEY (pid) REFERENCES loosep (id))",
    )
    assert sql.failure("INSERT INTO loosec VALUES (9)")[:2] == ("IntegrityError", -121)
    sql.run("INSERT %NOCHECK INTO loosec VALUES (9)")
    assert sql.column("SELECT pid FROM loosec") == [9]
    sql.run("INSERT INTO loosep VALUES (1)", "UPDATE loosec SET pid = 1", "DELETE %NOCHECK FROM loosep")
    assert sql.column("SELECT id FROM loosep") == []


def test_a_view_shows_its_query_and_guards_its_table(sql):
    """iris-sql 8.4."""
    sql.run("CREATE TABLE viewed (a INTEGER, b VARCHAR(5))", "INSERT INTO viewed VALUES (1, 'x')")
    sql.run("CREATE VIEW shown (one, two) AS SELECT a, b FROM viewed WHERE a < 5")
    assert sql.rows("SELECT TWO, one FROM shown") == [("x", 1)]
    sql.run("CREATE OR REPLACE VIEW shown AS SELECT COUNT(*) AS n FROM viewed")
    assert sql.value("SELECT n FROM shown") == 1
    assert sql.failure("INSERT INTO shown VALUES (1)")[1] == -35
    assert sql.failure("DROP TABLE viewed")[1] == -321
    sql.run("DROP VIEW shown")


def test_rows_of_a_temporary_table_are_the_processs_own(sql):
    """The definition is shared, the rows are not, and they survive a commit (iris-sql 8.1)."""
    sql.run("CREATE GLOBAL TEMPORARY TABLE scratch (a INTEGER)", "INSERT INTO scratch VALUES (1)")
    other = sql.connect()
    cursor = other.cursor()
    cursor.execute("SELECT COUNT(*) FROM scratch")
    assert cursor.fetchone()[0] == 0
    cursor.close()
    other.close()
    assert sql.column("SELECT a FROM scratch") == [1]


def test_descriptions_are_in_the_catalogue(sql):
    """``%DESCRIPTION`` of a table and of a column (iris-sql 8.1 and 9)."""
    sql.run("CREATE TABLE described (%DESCRIPTION 'The table', a INTEGER %DESCRIPTION 'The column')")
    where = "FROM INFORMATION_SCHEMA.{} WHERE TABLE_NAME = 'described'"
    assert sql.value(f"SELECT DESCRIPTION {where.format('TABLES')}") == "The table"
    assert sql.value(f"SELECT DESCRIPTION {where.format('COLUMNS')}") == "The column"


def test_a_column_added_with_a_default_leaves_old_rows_null_unless_it_is_not_null(sql):
    """iris-sql 8.3 and 12.20."""
    sql.run("CREATE TABLE widened (a INTEGER)", "INSERT INTO widened VALUES (1)")
    sql.run(
        "ALTER TABLE widened ADD COLUMN b INTEGER DEFAULT 1",
        "ALTER TABLE widened ADD COLUMN c INTEGER DEFAULT 2 NOT NULL",
    )
    assert sql.rows("SELECT a, b, c FROM widened") == [(1, None, 2)]


@pytest.fixture
def cursor(sql):
    """A cursor of a connection without autocommit."""
    connection = sql.connect(autocommit=False)
    cursor = connection.cursor()
    yield cursor
    cursor.close()
    connection.close()


def level(cursor) -> int:
    cursor.execute("SELECT $TLEVEL")
    return cursor.fetchone()[0]


def test_the_first_write_opens_a_transaction_and_a_read_does_not(sql, cursor):
    """iris-sql 10."""
    sql.run("CREATE TABLE opened (a INTEGER)")
    cursor.execute("SELECT COUNT(*) FROM opened")
    cursor.fetchall()
    assert level(cursor) == 0
    cursor.execute("INSERT INTO opened VALUES (1)")
    assert level(cursor) == 1
    cursor.execute("START TRANSACTION")
    assert level(cursor) == 1
    cursor.execute("ROLLBACK")
    assert level(cursor) == 0
    assert sql.column("SELECT a FROM opened") == []


def test_a_savepoint_is_gone_after_it_was_returned_to(sql, cursor):
    """A second ROLLBACK TO is -375, and rolls everything back (iris-sql 10, 12.22)."""
    sql.run("CREATE TABLE saved (a INTEGER)")
    for text in ("INSERT INTO saved VALUES (1)", "SAVEPOINT one", "INSERT INTO saved VALUES (2)"):
        cursor.execute(text)
    assert level(cursor) == 2
    cursor.execute("ROLLBACK TO SAVEPOINT ONE")
    assert level(cursor) == 1
    with pytest.raises(iris.dbapi.ProgrammingError, match=r"-375.*\n.*\n.*unestablished savepoint 'one'"):
        cursor.execute("ROLLBACK TO SAVEPOINT one")
    assert level(cursor) == 0
    cursor.execute("COMMIT")
    assert sql.column("SELECT a FROM saved") == []


ISOLATION = [("READ UNCOMMITTED", 0), ("READ COMMITTED", 1), ("READ VERIFIED", 3)]


@pytest.mark.parametrize(("name", "number"), ISOLATION)
def test_the_isolation_level_is_the_connections(cursor, name, number):
    """iris-sql 10, wire-protocol 11."""
    cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {name}")
    cursor.execute("SELECT %SYSTEM_SQL.Util_GetOption('IsolationMode')")
    assert int(cursor.fetchone()[0]) == number


def test_the_commit_mode_can_be_set_by_sql(sql, cursor):
    """iris-sql 10."""
    sql.run("CREATE TABLE modes (a INTEGER)")
    cursor.execute("SET TRANSACTION %COMMITMODE IMPLICIT")
    cursor.execute("INSERT INTO modes VALUES (1)")
    assert level(cursor) == 0
    cursor.execute("SET TRANSACTION %COMMITMODE EXPLICIT")
    cursor.execute("INSERT INTO modes VALUES (2)")
    assert level(cursor) == 1


def test_a_table_lock_is_counted_and_no_part_of_the_transaction(sql, cursor):
    """LOCK TABLE ... UNLOCK TABLE (iris-sql 10)."""
    sql.run("CREATE TABLE locked (a INTEGER)", "SET OPTION LOCK_TIMEOUT = 0")
    for _ in range(2):
        cursor.execute("LOCK TABLE locked IN EXCLUSIVE MODE")
    cursor.execute("COMMIT")
    cursor.execute("UNLOCK TABLE locked IN EXCLUSIVE MODE")
    assert sql.failure("INSERT INTO locked VALUES (1)")[:2] == ("OperationalError", -110)
    assert sql.value("SELECT COUNT(*) FROM locked") == 0
    cursor.execute("UNLOCK TABLE locked IN EXCLUSIVE MODE")
    sql.run("INSERT INTO locked VALUES (1)", "SET OPTION LOCK_TIMEOUT = 10")
