"""Definition statements are read as IRIS reads them, and refused as IRIS refuses them."""

from __future__ import annotations

import pytest

from iris_devtools.standin.catalog.definitions import (
    AddDefault,
    AddElements,
    AlterColumn,
    AlterTable,
    ColumnChange,
    ColumnDefinition,
    CreateIndex,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    DropColumns,
    DropConstraint,
    DropIndex,
    DropPrimaryKey,
    DropSchema,
    DropTable,
    DropView,
    ForeignKeyDefinition,
    KeyDefinition,
    ObjectName,
    RenameTable,
)
from iris_devtools.standin.catalog.model import Counter, Default
from iris_devtools.standin.catalog.parser import parse_ddl
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.types import Code


def column(text: str) -> ColumnDefinition:
    statement = parse_ddl(f"CREATE TABLE t ({text})")
    assert isinstance(statement, CreateTable)
    (element,) = statement.elements
    assert isinstance(element, ColumnDefinition)
    return element


def action(text: str) -> object:
    statement = parse_ddl(f"ALTER TABLE t {text}")
    assert isinstance(statement, AlterTable)
    return statement.action


def refusal(text: str) -> SQLError:
    with pytest.raises(SQLError) as info:
        parse_ddl(text)
    return info.value


@pytest.mark.parametrize(
    ("declared", "name", "length", "precision", "scale"),
    [
        ("BIT", "BIT", None, None, None),
        ("TINYINT", "TINYINT", None, 3, 0),
        ("SMALLINT(4)", "SMALLINT", None, 5, 0),
        ("MEDIUMINT", "INTEGER", None, 7, 0),
        ("INT", "INTEGER", None, 10, 0),
        ("INTEGER", "INTEGER", None, 10, 0),
        ("BIGINT(20)", "BIGINT", None, 19, 0),
        ("NUMERIC", "NUMERIC", None, 15, 0),
        ("DECIMAL(9)", "NUMERIC", None, 9, 0),
        ("NUMERIC(10, 2)", "NUMERIC", None, 10, 2),
        ("NUMBER(60, 30)", "NUMERIC", None, 37, 18),
        ("MONEY", "NUMERIC", None, 19, 4),
        ("DOUBLE PRECISION", "DOUBLE", None, 20, None),
        ("FLOAT(53)", "DOUBLE", None, 20, None),
        ("REAL", "DOUBLE", None, 20, None),
        ("VARCHAR", "VARCHAR", 1, None, None),
        ("CHAR(3)", "VARCHAR", 3, None, None),
        ("CHARACTER VARYING(7)", "VARCHAR", 7, None, None),
        ("NATIONAL CHARACTER VARYING(7)", "VARCHAR", 7, None, None),
        ("VARCHAR('')", "VARCHAR", None, None, None),
        ("VARCHAR2(8)", "VARCHAR", 8, None, None),
        ("SYSNAME", "VARCHAR", 128, None, None),
        ("%String", "VARCHAR", 50, None, None),
        ("%Library.String(MAXLEN=70)", "VARCHAR", 70, None, None),
        ("BINARY", "VARBINARY", 1, None, None),
        ("BINARY VARYING(16)", "VARBINARY", 16, None, None),
        ("LONGVARCHAR", "LONGVARCHAR", 2147483647, None, None),
        ("LONG VARCHAR(5)", "LONGVARCHAR", 2147483647, None, None),
        ("VARCHAR(MAX)", "LONGVARCHAR", 2147483647, None, None),
        ("TEXT", "LONGVARCHAR", 2147483647, None, None),
        ("BLOB", "LONGVARBINARY", 2147483647, None, None),
        ("LONG RAW", "LONGVARBINARY", 2147483647, None, None),
        ("DATE", "DATE", None, None, None),
        ("DATETIME", "TIMESTAMP", None, None, None),
        ("TIMESTAMP", "TIMESTAMP", None, None, None),
        ("UNIQUEIDENTIFIER", "GUID", 36, None, None),
    ],
)
def test_a_type_name_means_what_the_manual_says(declared, name, length, precision, scale):
    type_ = column(f"c {declared}").type

    assert (name, length, precision, scale) == (type_.name, type_.length, type_.precision, type_.scale)


def test_time_keeps_its_precision_and_a_vector_its_shape():
    assert column("c TIME(3)").type.precision == 3
    vector = column("c VECTOR(DOUBLE, 3)").type
    assert (vector.element, vector.dimension, vector.code) == ("DOUBLE", 3, Code.VARCHAR)


@pytest.mark.parametrize(
    ("text", "counter", "code"),
    [
        ("c IDENTITY", Counter.IDENTITY, Code.BIGINT),
        ("c INTEGER IDENTITY", Counter.IDENTITY, Code.INTEGER),
        ("c SERIAL", Counter.SERIAL, Code.BIGINT),
        ("c INT AUTO_INCREMENT", Counter.AUTO_INCREMENT, Code.BIGINT),
        ("c ROWVERSION", Counter.ROWVERSION, Code.BIGINT),
    ],
)
def test_counters(text, counter, code):
    found = column(text)

    assert (counter, code) == (found.counter, found.type.code)


def test_column_constraints_come_in_any_order():
    one = column("c VARCHAR(9) NOT NULL DEFAULT 'x' %DESCRIPTION 'it''s' COLLATE %EXACT UNIQUE")
    two = column("c VARCHAR(9) UNIQUE %EXACT %DESCRIPTION 'it''s' DEFAULT ('x') NOT NULL")

    assert one == two
    assert ("it's", "EXACT", Default("'x'"), False) == (
        one.description,
        one.collation,
        one.default,
        one.nullable,
    )


def test_text_is_collated_without_regard_to_case_unless_told_otherwise():
    assert column("c VARCHAR(9)").collation == "SQLUPPER"
    assert column("c VARCHAR(9) COLLATE SQLSTRING").collation == "SQLSTRING"
    assert column("c INT").collation is None
    assert column('c VARCHAR(9) COLLATE "de_DE"').collation == "SQLUPPER"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("'it''s'", "'it''s'"),
        ("-1.5", "-1.5"),
        ("((0))", "0"),
        ("now()", "now()"),
        ("CURRENT_TIMESTAMP(3)", "CURRENT_TIMESTAMP(3)"),
        ("USER", "USER"),
        ("TO_DATE('1.2.', 'DD.MM.')", "TO_DATE('1.2.', 'DD.MM.')"),
    ],
)
def test_a_default_is_kept_as_written(written, kept):
    assert Default(kept) == column(f"c VARCHAR(9) DEFAULT {written} NOT NULL").default


def test_default_null_is_no_default():
    assert column("c INT DEFAULT NULL").default is None


@pytest.mark.parametrize("default", ["TRUE", "lower('x')", "a + 1", "OBJECTSCRIPT '1'"])
def test_other_defaults_are_refused(default):
    assert refusal(f"CREATE TABLE t (c INT DEFAULT {default})").sqlcode in (-1, -400)


def test_compute_code_is_taken_whole_whatever_is_in_it():
    code = """ if 'x { set {*} = "}" } """
    found = column(f'c INT COMPUTECODE {{{code}}} COMPUTEONCHANGE ("%%UPDATE")')

    assert code.strip() == found.computed
    assert found.compute_on_change == ("%%UPDATE",)
    assert column("c INT COMPUTECODE { set {*}=1 } CALCULATED").calculated
    assert column("c INT COMPUTECODE OBJECTSCRIPT { set {*}=1 } TRANSIENT").transient


def test_create_table_reads_all_its_elements():
    statement = parse_ddl(
        """CREATE TABLE app."it em" (
            a INT PRIMARY KEY, b INT REFERENCES other ON DELETE SET NULL,
            CONSTRAINT u UNIQUE (a, b), PRIMARY KEY (a),
            CONSTRAINT f FOREIGN KEY (b) REFERENCES s.o (x) ON UPDATE CASCADE ON DELETE NO ACTION NOCHECK,
            %DESCRIPTION 'all', %PUBLICROWID, %NUMROWS 5
        ) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1, STORAGETYPE = ROW"""
    )

    assert isinstance(statement, CreateTable)
    a, b, unique, primary, foreign = statement.elements
    assert ObjectName("it em", "app") == statement.name
    assert isinstance(a, ColumnDefinition)
    assert (KeyDefinition((), primary=True),) == a.keys
    assert isinstance(b, ColumnDefinition)
    assert ForeignKeyDefinition(("b",), ObjectName("other"), on_delete="SET NULL") == b.references
    assert KeyDefinition(("a", "b"), name="u") == unique
    assert KeyDefinition(("a",), primary=True) == primary
    assert (
        ForeignKeyDefinition(("b",), ObjectName("o", "s"), ("x",), "f", "NO ACTION", "CASCADE", no_check=True)
        == foreign
    )
    assert statement.description == "all"
    assert statement.parameters == (("%PUBLICROWID", "1"), ("ALLOWIDENTITYINSERT", "1"))


def test_create_table_variants():
    temporary = parse_ddl("CREATE GLOBAL TEMPORARY TABLE IF NOT EXISTS a.b.c (x INT)")
    assert isinstance(temporary, CreateTable)
    assert (True, True, ObjectName("c", "b")) == (
        temporary.temporary,
        temporary.if_not_exists,
        temporary.name,
    )
    assert CreateTableAs(ObjectName("t"), "SELECT a FROM b", parameters=(("P", "1"),)) == parse_ddl(
        "CREATE TABLE t AS SELECT a FROM b WITH %CLASSPARAMETER P = 1"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ADD DEFAULT 5 FOR c", AddDefault("c", Default("5"))),
        ("ALTER COLUMN c SET DEFAULT 'x'", AlterColumn((ColumnChange("c", default=Default("'x'")),))),
        ("ALTER c DROP DEFAULT", AlterColumn((ColumnChange("c", drop_default=True),))),
        ("ALTER COLUMN c NOT NULL", AlterColumn((ColumnChange("c", nullable=False),))),
        ("ALTER COLUMN c NULL", AlterColumn((ColumnChange("c", nullable=True),))),
        ("ALTER COLUMN c COLLATE EXACT", AlterColumn((ColumnChange("c", collation="EXACT"),))),
        ("ALTER COLUMN c RENAME d", AlterColumn((ColumnChange("c", rename="d"),))),
        ("MODIFY c RENAME d", AlterColumn((ColumnChange("c", rename="d"),))),
        ('DROP COLUMN "old" CASCADE', DropColumns(("old",), cascade=True)),
        ("DELETE c RESTRICT %DELDATA", DropColumns(("c",))),
        ("DROP COLUMN a, COLUMN b", DropColumns(("a", "b"))),
        ("DROP CONSTRAINT k", DropConstraint("k")),
        ("DROP FOREIGN KEY k", DropConstraint("k", foreign_key_only=True)),
        ("DROP PRIMARY KEY", DropPrimaryKey()),
        ("RENAME TO x", RenameTable("x")),
        ("RENAME x", RenameTable("x")),
        ("ADD CONSTRAINT k UNIQUE (a)", AddElements((KeyDefinition(("a",), name="k"),))),
    ],
)
def test_alter_table_actions(text, expected):
    assert expected == action(text)


def test_alter_table_adds_several_things_at_once():
    found = action("ADD (a INT NOT NULL, CONSTRAINT k PRIMARY KEY (a), COLUMN b DATE)")

    assert isinstance(found, AddElements)
    assert [type(e).__name__ for e in found.elements] == [
        "ColumnDefinition",
        "KeyDefinition",
        "ColumnDefinition",
    ]


def test_modify_changes_several_things_of_several_columns():
    found = action("MODIFY a VARCHAR(9) DEFAULT 'x' NOT NULL, b NULL")

    assert isinstance(found, AlterColumn)
    first, second = found.changes
    assert (9, Default("'x'"), False) == (first.type and first.type.length, first.default, first.nullable)
    assert (second.type, second.nullable) == (None, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "CREATE UNIQUE INDEX i ON app.t (a DESC, b) WITH DATA (c, d)",
            CreateIndex("i", ObjectName("t", "app"), ("a", "b"), unique=True, data=("c", "d")),
        ),
        ("CREATE BITMAP INDEX i ON TABLE t (a)", CreateIndex("i", ObjectName("t"), ("a",))),
        (
            "CREATE INDEX i ON t (v) AS HNSW(Distance='Cosine')",
            CreateIndex("i", ObjectName("t"), ("v",), method="HNSW"),
        ),
        ("DROP INDEX i ON t", DropIndex("i", ObjectName("t"))),
        ("DROP INDEX IF EXISTS s.t.i", DropIndex("i", ObjectName("t", "s"), if_exists=True)),
        ("DROP INDEX i", DropIndex("i")),
        (
            "DROP TABLE IF EXISTS s.t CASCADE %NODELDATA",
            DropTable(ObjectName("t", "s"), if_exists=True, cascade=True, keep_data=True),
        ),
        (
            "CREATE OR REPLACE VIEW v (a) AS SELECT x FROM t WITH CHECK OPTION",
            CreateView(ObjectName("v"), "SELECT x FROM t", ("a",), or_replace=True, check_option="CASCADED"),
        ),
        (
            "CREATE VIEW v AS (SELECT x FROM t) WITH READ ONLY",
            CreateView(ObjectName("v"), "(SELECT x FROM t)", read_only=True),
        ),
        ("DROP VIEW IF EXISTS v CASCADE", DropView(ObjectName("v"), if_exists=True, cascade=True)),
        ("CREATE SCHEMA IF NOT EXISTS s", CreateSchema("s", if_not_exists=True)),
        ("DROP SCHEMA s CASCADE", DropSchema("s", cascade=True)),
    ],
)
def test_the_other_statements(text, expected):
    assert expected == parse_ddl(text)


@pytest.mark.parametrize(
    ("text", "sqlcode", "message"),
    [
        ("CREATE INDEX IF NOT EXISTS i ON t (a)", -1, " ON expected, NOT found^CREATE INDEX IF NOT"),
        ("CREATE TABLE t (id INT);", -25, " Input (;) encountered after end of query^"),
        ("CREATE TABLE t (level INT)", -1, " IDENTIFIER expected, reserved word LEVEL found^"),
        ("CREATE TABLE t (a INT, CONSTRAINT c CHECK (a > 1))", -1, "expected, CHECK found^"),
        ("CREATE TABLE t (a INT CHECK (a > 1))", -1, "expected, CHECK found^"),
        ("CREATE TABLE t (a INT REFERENCES u ON DELETE RESTRICT)", -1, "expected, RESTRICT found^"),
        ("CREATE TABLE t (a INT REFERENCES u DEFERRABLE)", -1, "expected, DEFERRABLE found^"),
        ("CREATE INDEX i ON t (LOWER(a))", -1, "IDENTIFIER expected, reserved word LOWER found^"),
        ("CREATE INDEX i ON t (nullif_(a))", -1, " ) expected, ( found^"),
        ("CREATE TABLE t (a)", -86, "Field 'a' has no data type"),
        ("CREATE TABLE t (a NOSUCH)", -400, "ERROR #5373: Class 'User.NOSUCH'"),
        ("CREATE TABLE t (a LONGVARCHAR COLLATE EXACT)", -400, "ERROR #5480"),
        ("CREATE TABLE t (a INT, %DESCRIPTION 'x', %DESCRIPTION 'y')", -82, ""),
        ("CREATE TABLE t (a INT %DESCRIPTION 'x' %DESCRIPTION 'y')", -83, ""),
        ("CREATE VIEW v AS SELECT a FROM t WHERE b = ?", -148, ""),
        ("ALTER TABLE t RENAME s.x", -1, "expected, . found^"),
        ("CREATE SEQUENCE s", -1, "expected"),
        ("SELECT 1", -51, " An SQL statement expected"),
        ("CREATE TABLE t (a INT DEFAULT 'x", -3, "Closing quote (') missing"),
    ],
)
def test_what_iris_refuses_is_refused_in_its_words(text, sqlcode, message):
    error = refusal(text)

    assert sqlcode == error.sqlcode
    assert message in error.message


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TRIGGER x BEFORE INSERT ON t LANGUAGE OBJECTSCRIPT { Write 1 }",
        "CREATE OR REPLACE PROCEDURE p() BEGIN END",
        "CREATE FUNCTION f() RETURNS INT",
        "DROP METHOD x",
        "CREATE TABLE t (a INT) SHARD",
        "ALTER TABLE t CONVERT TO STORAGETYPE = COLUMNAR",
        "CREATE TABLE t (a VARCHAR(9) COLLATE SQLUPPER(5))",
        "CREATE TABLE t (a INT COMPUTECODE PYTHON {x})",
    ],
)
def test_what_only_a_real_server_has_is_refused_and_named(text):
    error = refusal(text)

    assert error.sqlcode == -400
    assert "The stand-in does not have" in error.message
