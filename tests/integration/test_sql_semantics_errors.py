"""Errors: SQLCODE, %msg word for word where iris-sql 11 has it, and the exception class of the driver.

The class is the driver's own choice by the code (wire-protocol 8). A %msg of ``None`` is not documented.
"""

from __future__ import annotations

import iris
import pytest


@pytest.fixture(scope="module")
def tables(sql):
    sql.run(
        "CREATE TABLE T (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(10), code VARCHAR(5))",
        "ALTER TABLE T ADD CONSTRAINT u_code UNIQUE (code)",
        "INSERT INTO T VALUES (1, 'Ann', 'x')",
        "INSERT INTO T VALUES (2, NULL, 'y')",
        "CREATE TABLE Child (pid INTEGER, CONSTRAINT FK FOREIGN KEY (pid) REFERENCES T (id))",
        "INSERT INTO Child VALUES (1)",
        "CREATE INDEX i_name ON T (name)",
        "CREATE VIEW V AS SELECT id FROM T",
    )
    return sql


LONG = "x" * 50

CASES = [
    # Filing
    (
        "INSERT INTO T (id, name) VALUES (9, 'way too long for ten')",
        "DataError",
        -104,
        "Field 'SQLUser.T.name' (value 'way too long for ten') failed validation",
    ),
    (
        f"INSERT INTO T (id, name) VALUES (9, '{LONG}')",
        "DataError",
        -104,
        f"Field 'SQLUser.T.name' (value '{LONG[:40]}...') failed validation",
    ),
    (
        "INSERT INTO T (id) VALUES ('notanint')",
        "DataError",
        -104,
        "Field 'SQLUser.T.id' (value 'notanint') failed validation",
    ),
    (
        "INSERT INTO T (id) VALUES ('')",
        "DataError",
        -104,
        "Field 'SQLUser.T.id' (value <EMPTY STRING>) failed validation",
    ),
    (
        "UPDATE T SET name = 'way too long for ten'",
        "DataError",
        -105,
        "Field 'SQLUser.T.name' (value 'way too long for ten') failed validation",
    ),
    (
        "INSERT INTO T (name) VALUES ('a')",
        "IntegrityError",
        -108,
        "'id' in table 'SQLUser.T' is a required field",
    ),
    (
        "UPDATE T SET id = NULL WHERE id = 2",
        "IntegrityError",
        -108,
        "'id' in table 'SQLUser.T' is a required field",
    ),
    (
        "INSERT INTO T (id) VALUES (1)",
        "IntegrityError",
        -119,
        "Table 'SQLUser.T', Constraint 'T_PKEY2', Field(s) id=1; failed unique check",
    ),
    (
        "INSERT INTO T (id, code) VALUES (9, 'X')",
        "IntegrityError",
        -119,
        "Table 'SQLUser.T', Constraint 'u_code', Field(s) code=\"X\"; failed unique check",
    ),
    (
        "UPDATE T SET code = 'x' WHERE id = 2",
        "IntegrityError",
        -120,
        "Table 'SQLUser.T', Constraint 'u_code', Field(s) code=\"x\"; failed unique check",
    ),
    ("INSERT INTO Child VALUES (77)", "IntegrityError", -121, None),
    ("UPDATE Child SET pid = 77", "IntegrityError", -122, None),
    ("UPDATE T SET id = 77 WHERE id = 1", "IntegrityError", -123, None),
    ("DELETE FROM T WHERE id = 1", "IntegrityError", -124, None),
    ("INSERT INTO T (id, name) VALUES (1)", "ProgrammingError", -62, None),
    ("INSERT INTO T (id) VALUES (1, 'x')", "ProgrammingError", -116, None),
    ("INSERT INTO T (id) VALUES ((SELECT 1))", "ProgrammingError", -144, None),
    ("UPDATE T SET name = 'a', NAME = 'b'", "ProgrammingError", -377, None),
    # Names
    ("SELECT * FROM no_such_table", "ProgrammingError", -30, " Table 'SQLUSER.NO_SUCH_TABLE' not found"),
    (
        "INSERT INTO no_such_table VALUES (1)",
        "ProgrammingError",
        -30,
        " Table 'SQLUSER.NO_SUCH_TABLE' not found",
    ),
    ("SELECT A.B.Deep FROM A.Sub.Deep", "ProgrammingError", -30, " Table 'SUB.DEEP' not found"),
    (
        "SELECT name, value FROM T",
        "ProgrammingError",
        -29,
        " Field 'VALUE' not found in the applicable tables^ SELECT name , value FROM",
    ),
    ('SELECT name FROM T WHERE name = "hello"', "ProgrammingError", -29, None),
    ("SELECT x.id FROM T", "ProgrammingError", -23, None),
    ("SELECT id FROM T a, T b", "ProgrammingError", -27, None),
    (
        "SELECT VERSION()",
        "ProgrammingError",
        -359,
        " User defined SQL function 'SQLUSER.VERSION' does not exist",
    ),
    ("CALL no_such_thing()", "ProgrammingError", -428, None),
    # Syntax
    (
        "INSERT OR IGNORE INTO T (id) VALUES (9)",
        "ProgrammingError",
        -1,
        " UPDATE expected, IDENTIFIER (IGNORE) found^INSERT OR IGNORE",
    ),
    ("INSERT IGNORE INTO T (id) VALUES (9)", "ProgrammingError", -30, " Table 'SQLUSER.IGNORE' not found"),
    (
        "CREATE INDEX IF NOT EXISTS i ON T (id)",
        "ProgrammingError",
        -1,
        " ON expected, NOT found^CREATE INDEX IF NOT",
    ),
    ("SELECT id AS Level FROM T", "ProgrammingError", -1, None),
    ("WRITE 1", "ProgrammingError", -51, " An SQL statement expected, WRITE found"),
    ("SELECT id FROM T WHERE COUNT(*) > 1", "ProgrammingError", -19, None),
    ("SELECT id FROM T ORDER BY 7", "ProgrammingError", -5, None),
    ("SELECT id FROM T UNION SELECT id, name FROM T", "ProgrammingError", -9, None),
    ("SELECT id FROM T WHERE id IN (SELECT id, name FROM T)", "ProgrammingError", -10, None),
    ("SELECT TOP 1 id FROM T LIMIT 1", "ProgrammingError", -386, None),
    ("WITH a AS (SELECT 1), a AS (SELECT 2) SELECT * FROM a", "ProgrammingError", -382, None),
    ("SELECT DATEADD('fortnight', 1, '2024-01-01')", "ProgrammingError", -8, None),
    ("SELECT SUBSTRING('abc', 1, -1)", "DataError", -140, None),
    ("SELECT CAST('a' AS nonsense)", "ProgrammingError", -376, None),
    # Definitions
    ("CREATE TABLE t (a INTEGER)", "ProgrammingError", -201, "Table 'SQLUser.T' already exists"),
    ("CREATE VIEW v AS SELECT 1 AS a", "ProgrammingError", -201, None),
    ("CREATE TABLE two (a INTEGER, A INTEGER)", "ProgrammingError", -306, None),
    ("CREATE TABLE two (a INTEGER PRIMARY KEY, b INTEGER PRIMARY KEY)", "ProgrammingError", -307, None),
    ("CREATE TABLE two (a INTEGER IDENTITY, b INTEGER IDENTITY)", "ProgrammingError", -308, None),
    ("CREATE TABLE two (a INTEGER, FOREIGN KEY (a) REFERENCES nowhere (a))", "IntegrityError", -310, None),
    ("CREATE TABLE two (a INTEGER, FOREIGN KEY (a) REFERENCES T (name))", "IntegrityError", -314, None),
    ("CREATE TABLE two (a INTEGER, FOREIGN KEY (a) REFERENCES T (nothing))", "IntegrityError", -316, None),
    ("CREATE TABLE two (a INTEGER, CHECK (a > 0))", "ProgrammingError", -1, None),
    ("ALTER TABLE T ADD COLUMN name INTEGER", "ProgrammingError", -306, None),
    ("ALTER TABLE T ADD COLUMN n INTEGER NOT NULL", "IntegrityError", -304, None),
    ("ALTER TABLE T ALTER COLUMN name NOT NULL", "IntegrityError", -305, None),
    ("ALTER TABLE T ADD PRIMARY KEY (code)", "ProgrammingError", -307, None),
    ("ALTER TABLE Child ADD UNIQUE (nothing)", "ProgrammingError", -31, None),
    ("ALTER TABLE T DROP COLUMN code", "IntegrityError", -322, None),
    ("ALTER TABLE T DROP CONSTRAINT nothing", "ProgrammingError", -315, None),
    ("ALTER TABLE T DROP CONSTRAINT T_PKEY2", "IntegrityError", -317, None),
    ("CREATE INDEX i_name ON T (code)", "ProgrammingError", -324, None),
    ("CREATE INDEX i ON MyTable (a)", "ProgrammingError", -30, " Table 'SQLUSER.MYTABLE' does not exist"),
    ("CREATE INDEX i ON T (nothing)", "ProgrammingError", -31, None),
    (
        "DROP INDEX nothing ON T",
        "ProgrammingError",
        -333,
        "Attempt to DROP INDEX 'nothing' on table SQLUSER.T failed - index not found",
    ),
    ("DROP TABLE nothing", "ProgrammingError", -30, None),
    ("DROP TABLE T", "IntegrityError", -320, None),
    ("DROP TABLE T CASCADE", "IntegrityError", -320, None),
    ("DROP SCHEMA nothing", "ProgrammingError", -473, "Schema 'nothing' not found"),
    # Transactions
    (
        "ROLLBACK TO SAVEPOINT nothing",
        "ProgrammingError",
        -375,
        "Cannot ROLLBACK to unestablished savepoint 'nothing'",
    ),
    ("SAVEPOINT SYSmine", "ProgrammingError", -302, None),
]


@pytest.mark.parametrize(("text", "kind", "code", "message"), CASES, ids=[case[0][:60] for case in CASES])
def test_an_error(tables, text, kind, code, message):
    """iris-sql 1.3 and 11, iris-facts 8.1."""
    found_kind, found_code, found_message = tables.failure(text)
    assert (found_kind, found_code) == (kind, code), found_message
    if message is not None:
        # The text behind ^ is as far as the statement was read.
        shown = found_message.partition("^")[0] + "^..." if message.endswith("^...") else found_message
        assert shown == message


def test_an_error_changes_nothing(tables):
    assert tables.rows("SELECT id, code FROM T ORDER BY id") == [(1, "x"), (2, "y")]
    assert tables.column("SELECT pid FROM Child") == [1]
    assert tables.value("SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'two'") == 0


def test_the_whole_text_has_the_shape_that_tools_parse(tables):
    """Three parts, each in brackets, on lines of their own (iris-sql 11, wire-protocol 8)."""
    with pytest.raises(iris.dbapi.IntegrityError) as caught:
        tables.run("INSERT INTO T (id) VALUES (1)")
    assert str(caught.value) == (
        "<SQL ERROR>; Details: "
        "[SQLCODE: <-119>:<UNIQUE or PRIMARY KEY constraint failed uniqueness check upon INSERT>]\n"
        "[Location: <ServerLoop>]\n"
        "[%msg: <Table 'SQLUser.T', Constraint 'T_PKEY2', Field(s) id=1; failed unique check>]"
    )


def test_an_insert_is_checked_in_the_order_of_iris(tables):
    """Values, then required fields, then unique keys, then references (iris-sql 11)."""
    tables.run(
        "CREATE TABLE ordered (id INTEGER PRIMARY KEY, must INTEGER NOT NULL, up INTEGER, "
        "FOREIGN KEY (up) REFERENCES T (id))",
        "INSERT INTO ordered VALUES (1, 1, NULL)",
    )
    for row, code in (
        (("bad", None, 77), -104),
        ((1, None, 77), -108),
        ((1, 1, 77), -119),
        ((2, 1, 77), -121),
    ):
        assert tables.failure("INSERT INTO ordered VALUES (?, ?, ?)", *row)[1] == code
