"""What INFORMATION_SCHEMA and %Dictionary say of a definition (iris-sql.md 9)."""

from __future__ import annotations

import pytest

from iris_devtools.standin.catalog.system_tables import SYSTEM_TABLES

KEYS = "INFORMATION_SCHEMA.KEY_COLUMN_USAGE"


def test_tables_lists_what_there_is(database):
    database.define(
        "CREATE TABLE my_app.t (a INT, %DESCRIPTION 'all of them')",
        "CREATE VIEW my_app.v AS SELECT a FROM my_app.t WITH READ ONLY",
        "CREATE GLOBAL TEMPORARY TABLE my_app.g (a INT)",
    )

    assert database.rows(
        "SELECT TABLE_NAME, TABLE_TYPE, CLASSNAME, DESCRIPTION, OWNER, IS_INSERTABLE_INTO, TABLE_CATALOG "
        "FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = ? ORDER BY TABLE_NAME",
        "MY_APP",
    ) == [
        ("g", "GLOBAL TEMPORARY", "my.app.g", None, "_SYSTEM", "YES", None),
        ("t", "BASE TABLE", "my.app.t", "all of them", "_SYSTEM", "YES", None),
        ("v", "VIEW", "my.app.v", None, "_SYSTEM", "NO", None),
    ]


def test_names_are_compared_in_any_case_and_shown_as_defined(database):
    database.define("CREATE TABLE Big (Name INT)")

    assert database.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.COLUMNS "
        "WHERE table_schema = 'sqluser' AND table_name IN ('BIG', 'x')"
    ) == [("SQLUser", "Big", "Name")]


@pytest.mark.parametrize(
    ("declared", "shown"),
    [
        ("BIT", ("BIT", None, None, None, None)),
        ("TINYINT", ("TINYINT", None, 3, 10, 0)),
        ("INTEGER", ("INTEGER", None, 10, 10, 0)),
        ("BIGINT", ("BIGINT", None, 19, 10, 0)),
        ("NUMERIC(10,2)", ("NUMERIC", None, 10, 10, 2)),
        ("NUMERIC", ("NUMERIC", None, 15, 10, 0)),
        ("DOUBLE", ("DOUBLE", None, 20, 10, 0)),
        ("VARCHAR(30)", ("VARCHAR", 30, None, None, None)),
        ("VARCHAR('')", ("VARCHAR", 4096, None, None, None)),
        ("VARBINARY(8)", ("VARBINARY", 8, None, None, None)),
        ("LONGVARCHAR", ("LONGVARCHAR", 2147483647, None, None, None)),
        ("BLOB", ("LONGVARBINARY", 2147483647, None, None, None)),
        ("DATE", ("DATE", None, None, None, None)),
        ("TIME(3)", ("TIME", None, None, None, None)),
        ("DATETIME", ("TIMESTAMP", None, None, None, None)),
        ("UNIQUEIDENTIFIER", ("GUID", None, None, None, None)),
        ("VECTOR(DOUBLE, 3)", ("VARCHAR", 4096, None, None, None)),
    ],
)
def test_types_and_sizes(database, declared, shown):
    database.define(f"CREATE TABLE t (c {declared})")

    assert database.rows(
        "SELECT DATA_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_PRECISION_RADIX, "
        "NUMERIC_SCALE FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 't'"
    ) == [shown]


@pytest.mark.parametrize(
    ("default", "shown"),
    [
        ("'new'", '"new"'),
        ("'say \"x\"'", '"say ""x"""'),
        ("''", "$c(0)"),
        ("0", "0"),
        ("-1.50", "-1.50"),
        ("+ 2", "2"),
        ("now()", "now()"),
        ("CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP"),
        ("NULL", None),
    ],
)
def test_defaults_are_shown_as_expressions(database, default, shown):
    database.define(f"CREATE TABLE t (c VARCHAR(30) DEFAULT {default})")

    assert database.rows("SELECT COLUMN_DEFAULT FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 't'") == [
        (shown,)
    ]


def test_columns_tell_what_fills_and_keys_them(database):
    database.define(
        "CREATE TABLE t (id IDENTITY, k INT UNIQUE, a INT, b INT NOT NULL, s SERIAL, v ROWVERSION, "
        "c INT COMPUTECODE {set {*} = 1} CALCULATED, UNIQUE (a, b))"
    )

    rows = database.rows(
        "SELECT COLUMN_NAME, ORDINAL_POSITION, IS_NULLABLE, IS_IDENTITY, AUTO_INCREMENT, IS_GENERATED, "
        "UNIQUE_COLUMN, PRIMARY_KEY, IS_PERSISTED FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_NAME = 't' "
        "ORDER BY ORDINAL_POSITION"
    )
    yes, no = "YES", "NO"
    assert rows == [
        ("id", 1, no, yes, yes, no, yes, yes, yes),
        ("k", 2, yes, no, no, no, yes, no, yes),
        ("a", 3, yes, no, no, no, no, no, yes),
        ("b", 4, no, no, no, no, no, no, yes),
        ("s", 5, yes, no, yes, no, no, no, yes),
        ("v", 6, yes, no, no, yes, no, no, yes),
        ("c", 7, yes, no, no, yes, no, no, no),
    ]


def test_an_identity_without_a_key_shows_the_implicit_one(database):
    database.define("CREATE TABLE t (id IDENTITY, a INT)", "CREATE TABLE n (a INT)")

    assert database.rows(
        "SELECT TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS "
        "WHERE TABLE_SCHEMA = 'SQLUser'"
    ) == [("t", "RowIDField_As_PKey", "PRIMARY KEY")]
    assert database.rows(f"SELECT COLUMN_NAME FROM {KEYS} WHERE TABLE_NAME = 't'") == [("id",)]
    assert database.rows("SELECT * FROM INFORMATION_SCHEMA.INDEXES WHERE TABLE_NAME = 't'") == []


def test_a_declared_key_of_an_identity_is_listed_under_its_own_name(database):
    database.define("CREATE TABLE t (id IDENTITY, CONSTRAINT mine PRIMARY KEY (id))")

    assert database.rows(
        "SELECT CONSTRAINT_NAME FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS WHERE TABLE_NAME = 't'"
    ) == [("mine",)]


def test_a_foreign_key_is_listed_in_the_order_of_the_key_that_it_references(database):
    database.define(
        "CREATE TABLE p (a INT, b INT, CONSTRAINT pk PRIMARY KEY (a, b))",
        "CREATE TABLE c (x INT, y INT, "
        "CONSTRAINT fk FOREIGN KEY (y, x) REFERENCES p (b, a) ON DELETE CASCADE)",
    )

    assert database.rows(
        "SELECT CONSTRAINT_TABLE_NAME, UNIQUE_CONSTRAINT_SCHEMA, UNIQUE_CONSTRAINT_TABLE, "
        "UNIQUE_CONSTRAINT_NAME, MATCH_OPTION, UPDATE_RULE, DELETE_RULE "
        "FROM INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_NAME = 'fk'"
    ) == [("c", "SQLUser", "p", "pk", "NONE", "NO ACTION", "CASCADE")]
    assert database.rows(
        "SELECT COLUMN_NAME, ORDINAL_POSITION, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME, "
        f"CONSTRAINT_TYPE FROM {KEYS} WHERE CONSTRAINT_NAME = 'fk' ORDER BY ORDINAL_POSITION"
    ) == [("x", 1, "p", "a", "FOREIGN KEY"), ("y", 2, "p", "b", "FOREIGN KEY")]


def test_a_renamed_parent_shows_in_its_children(database):
    database.define(
        "CREATE TABLE p (id IDENTITY, CONSTRAINT pk PRIMARY KEY (id))",
        "CREATE TABLE c (x INT, CONSTRAINT fk FOREIGN KEY (x) REFERENCES p)",
        "ALTER TABLE p RENAME TO q",
        "ALTER TABLE q ALTER COLUMN id RENAME number",
    )

    assert database.rows(
        f"SELECT REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM {KEYS} WHERE CONSTRAINT_NAME = 'fk'"
    ) == [("q", "number")]
    assert database.rows(
        "SELECT UNIQUE_CONSTRAINT_TABLE, UNIQUE_CONSTRAINT_NAME "
        "FROM INFORMATION_SCHEMA.REFERENTIAL_CONSTRAINTS"
    ) == [("q", "pk")]


def test_indexes_have_a_row_for_each_column(database):
    database.define(
        "CREATE TABLE t (a INT, b_c INT, d INT, CONSTRAINT pk PRIMARY KEY (d))",
        "CREATE INDEX i ON t (b_c, a) WITH DATA (d, b_c)",
    )

    assert database.rows(
        "SELECT INDEX_NAME, COLUMN_NAME, ORDINAL_POSITION, NON_UNIQUE, PRIMARY_KEY, ASC_OR_DESC, DATA_FIELDS "
        "FROM INFORMATION_SCHEMA.INDEXES WHERE TABLE_NAME = 't' ORDER BY INDEX_NAME, ORDINAL_POSITION"
    ) == [
        ("i", "b_c", 1, 1, 0, "A", '"d","b_c"'),
        ("i", "a", 2, 1, 0, "A", '"d","b_c"'),
        ("pk", "d", 1, 0, 1, "A", None),
    ]
    assert database.rows(
        "SELECT SqlName, Properties, Data FROM %Dictionary.IndexDefinition "
        "WHERE parent = 'User.t' ORDER BY Name"
    ) == [("i", "bc,a", "d,bc"), ("pk", "d", None)]


def test_properties_carry_the_sql_name_where_it_differs(database):
    database.define("CREATE TABLE t (plain INT, b_c INT COMPUTECODE {Set {*} = {plain}} CALCULATED)")

    assert database.rows(
        "SELECT Name, SqlFieldName, SqlComputeCode, SqlComputed, Calculated, Transient, Type "
        "FROM %Dictionary.PropertyDefinition WHERE parent = 'User.t' ORDER BY SqlColumnNumber"
    ) == [
        ("plain", None, None, 0, 0, 0, "%Library.Integer"),
        ("bc", "b_c", "Set {*} = {plain}", 1, 1, 0, "%Library.Integer"),
    ]
    assert database.rows("SELECT Name FROM %Dictionary.ClassDefinition WHERE SqlTableName = 't'") == [
        ("User.t",)
    ]


def test_views_show_their_query_and_what_they_read(database):
    database.define(
        "CREATE TABLE t (a INT, b INT)",
        "CREATE VIEW v AS SELECT a FROM t",
        "CREATE VIEW w AS SELECT * FROM v",
    )

    assert database.rows(
        "SELECT TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION FROM INFORMATION_SCHEMA.VIEWS ORDER BY TABLE_NAME"
    ) == [("v", "SELECT a FROM t", "NONE"), ("w", "SELECT * FROM v", "NONE")]
    assert database.rows("SELECT VIEW_NAME, TABLE_NAME FROM INFORMATION_SCHEMA.VIEW_TABLE_USAGE") == [
        ("v", "t"),
        ("w", "v"),
    ]
    assert database.rows(
        "SELECT TABLE_NAME, COLUMN_NAME FROM INFORMATION_SCHEMA.VIEW_COLUMN_USAGE WHERE VIEW_NAME = 'v'"
    ) == [("t", "a")]


@pytest.mark.parametrize("table", SYSTEM_TABLES, ids=lambda t: t.qualified_name)
def test_every_system_table_can_be_read(open_database, table):
    database = open_database(namespace="%SYS")
    database.define("CREATE TABLE t (a INT UNIQUE, b INT REFERENCES t (a))")

    for row in database.rows(f"SELECT * FROM {table.qualified_name}"):
        assert len(row) == len([column for column in table.columns if not column.private])


def test_the_catalogue_lists_itself(database):
    listed = database.rows(
        "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = 'INFORMATION_SCHEMA'"
    )

    assert {name for (name,) in listed} == {t.name for t in SYSTEM_TABLES if t.schema == "INFORMATION_SCHEMA"}


def test_a_catalogue_of_another_edition_is_brought_up_to_date(open_database, tmp_path):
    database = open_database(tmp_path / "IRIS.DAT")
    database.define("CREATE TABLE t (a INT)")
    database.connection.execute('UPDATE "%dict.state" SET stamp = 1 WHERE id = 2')
    database.connection.execute("UPDATE \"%dict.tables\" SET TABLE_NAME = 'OLD' WHERE TABLE_NAME = 'VIEWS'")
    database.close()

    again = open_database(tmp_path / "IRIS.DAT")
    names = {name for (name,) in again.rows("SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES")}
    assert {"VIEWS", "t"} < names
    assert "OLD" not in names


class Live:
    """A server with two processes."""

    def rows(self, table):
        if table == "%SYS.ProcessQuery":
            return [{"Pid": 7, "NameSpace": "USER", "InTransaction": 0}, {"Pid": 8, "NameSpace": "%SYS"}]
        return [{"Name": "USER"}]


def test_live_tables_are_filled_when_they_are_read(open_database):
    database = open_database(live=Live())

    assert database.rows(
        "SELECT Pid, InTransaction, UserName FROM %SYS.ProcessQuery WHERE NameSpace = ?", "user"
    ) == [(7, 0, None)]


def test_config_is_a_table_of_the_system_namespace_only(open_database):
    query = "SELECT Name FROM Config.Namespaces"
    assert open_database(live=Live(), namespace="%SYS").rows(query) == [("USER",)]
    with pytest.raises(Exception, match=r"'CONFIG\.NAMESPACES' not found"):
        open_database(live=Live()).rows(query)


def test_reflection_reads_indexes_and_never_a_whole_table_twice(database):
    """The dialect's query for columns would be quadratic if a view of it had no index behind it."""
    plan = database.connection.execute(
        """EXPLAIN QUERY PLAN SELECT c.COLUMN_NAME, p.SqlComputeCode FROM "INFORMATION_SCHEMA.COLUMNS" AS c
           LEFT JOIN "%Dictionary.PropertyDefinition" AS p
           ON (p.Name = c.COLUMN_NAME COLLATE SQLUPPER OR p.SqlFieldName = c.COLUMN_NAME COLLATE SQLUPPER)
           AND p.parent = (SELECT t.CLASSNAME FROM "INFORMATION_SCHEMA.TABLES" AS t
               WHERE c.TABLE_NAME = t.TABLE_NAME COLLATE SQLUPPER
               AND c.TABLE_SCHEMA = t.TABLE_SCHEMA COLLATE SQLUPPER)
               COLLATE SQLUPPER
           WHERE c.TABLE_SCHEMA = ? COLLATE SQLUPPER AND c.TABLE_NAME IN (?)""",
        ("SQLUser", "t"),
    ).fetchall()

    details = [row[3] for row in plan]
    assert not [detail for detail in details if detail.startswith("SCAN")], details
