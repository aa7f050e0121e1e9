"""What must hold for any text, any value and any definition."""

from __future__ import annotations

import json
import sqlite3

from hypothesis import example, given, settings
from hypothesis import strategies as st

from iris_devtools.standin.catalog.definitions import ColumnDefinition, CreateTable
from iris_devtools.standin.catalog.encoding import decode, encode
from iris_devtools.standin.catalog.model import (
    Column,
    Counter,
    Default,
    ForeignKey,
    Index,
    IndexKind,
    Table,
    TableKind,
)
from iris_devtools.standin.catalog.names import class_name, constraint_name, distinct, property_name
from iris_devtools.standin.catalog.parser import parse_ddl
from iris_devtools.standin.collation import register_collations, sqlstring, sqlupper
from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.types import Code, SqlType

WORDS = st.sampled_from(
    """
    CREATE ALTER DROP TABLE VIEW INDEX SCHEMA UNIQUE PRIMARY KEY FOREIGN REFERENCES CONSTRAINT ADD
    COLUMN RENAME TO IF NOT EXISTS NULL DEFAULT IDENTITY VARCHAR INT NUMERIC DOUBLE %DESCRIPTION
    %CLASSPARAMETER WITH DATA ON DELETE UPDATE CASCADE SET COMPUTECODE COLLATE EXACT AS SELECT a t b
    'x' 5 1.5 ( ) , . = { } ; " ' - AND
    """.split()  # noqa: SIM905 - one list of words is easier to read
)
PLAIN_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
NAMES = st.text(min_size=1, max_size=12).filter(lambda s: any(c.isalnum() for c in s))


@given(st.lists(WORDS, max_size=25).map(" ".join))
@example("CREATE TABLE t AS")
@example("CREATE VIEW v AS SELECT 1 WITH")
@example("DROP TABLE")
def test_any_text_is_read_or_refused(text):
    try:
        parse_ddl(text)
    except SQLError as error:
        assert error.sqlcode < 0


@given(st.text(max_size=60))
def test_any_text_at_all_is_read_or_refused(text):
    try:
        parse_ddl("CREATE TABLE t (" + text)
    except SQLError as error:
        assert error.sqlcode < 0


@given(
    st.permutations(
        [
            "NOT NULL",
            "DEFAULT 'it''s'",
            "UNIQUE",
            "%DESCRIPTION 'd'",
            "COLLATE EXACT",
            "REFERENCES p (k) ON DELETE CASCADE",
            "COMPUTECODE {s {*}=1} COMPUTEONCHANGE (b)",
        ]
    )
)
def test_the_order_of_column_constraints_does_not_matter(constraints):
    def parsed(parts):
        return parse_ddl(f"CREATE TABLE t (a VARCHAR(9) {' '.join(parts)})")

    assert parsed(constraints) == parsed(sorted(constraints))


@given(st.lists(st.sampled_from(["a", "B", "c d", "%x", "order"]), min_size=1, unique=True))
def test_quoted_names_come_back_as_written(names):
    columns = ", ".join(f'"{name}" INT' for name in names)
    statement = parse_ddl(f'CREATE TABLE "s"."t t" ({columns})')

    assert isinstance(statement, CreateTable)
    assert [e.name for e in statement.elements if isinstance(e, ColumnDefinition)] == names


TYPES = st.builds(
    SqlType,
    code=st.sampled_from(Code),
    name=st.sampled_from(["VARCHAR", "INTEGER"]),
    length=st.none() | st.integers(0, 99),
    precision=st.none() | st.integers(1, 37),
    posix=st.booleans(),
    element=st.none() | st.just("DOUBLE"),
)
COLUMNS = st.builds(
    Column,
    name=NAMES,
    type=TYPES,
    storage_name=NAMES,
    nullable=st.booleans(),
    default=st.none() | st.builds(Default, st.text(max_size=5)),
    counter=st.none() | st.sampled_from(Counter),
    collation=st.none() | st.just("EXACT"),
    description=st.none() | st.text(max_size=5),
    computed=st.none() | st.text(max_size=5),
    compute_on_change=st.lists(NAMES, max_size=2).map(tuple),
    on_update=st.none() | st.builds(Default, st.text(max_size=5)),
)
TABLES = st.builds(
    Table,
    schema=NAMES,
    name=NAMES,
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    kind=st.sampled_from(TableKind),
    indexes=st.lists(
        st.builds(
            Index,
            name=NAMES,
            columns=st.lists(NAMES, max_size=2).map(tuple),
            kind=st.sampled_from(IndexKind),
            data=st.lists(NAMES, max_size=2).map(tuple),
        ),
        max_size=2,
    ).map(tuple),
    foreign_keys=st.lists(
        st.builds(
            ForeignKey,
            name=NAMES,
            columns=st.lists(NAMES, max_size=2).map(tuple),
            schema=NAMES,
            table=NAMES,
            referenced=st.lists(NAMES, max_size=2).map(tuple),
            on_delete=st.sampled_from(["NO ACTION", "CASCADE"]),
            no_check=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
    view_definition=st.none() | st.text(max_size=5),
    parameters=st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    depends_on=st.lists(st.tuples(NAMES, NAMES), max_size=2).map(tuple),
    stamp=st.integers(0, 2**62),
)


@settings(max_examples=60)
@given(TABLES)
def test_a_definition_comes_back_from_its_text(table):
    assert decode(encode(table)) == table


@given(st.text(), st.text())
@example("STRASSE", "straße")
@example("a ", "A\t")
@example("ŉ", "ʼN")
def test_sqlupper_is_an_equivalence_that_ignores_case_and_trailing_space(left, right):
    assert sqlupper(sqlupper(left)) == sqlupper(left)
    assert sqlupper(left + "  ") == sqlupper(left)
    if sqlupper(left) == sqlupper(right):
        assert sqlupper(left + "x") == sqlupper(left + "X")
    assert sqlstring(left + "\t ") == sqlstring(left)


def test_sharp_s_is_no_double_s():
    assert sqlupper("straße") == "STRAßE"
    assert sqlupper("straße") != sqlupper("strasse")


@given(st.lists(PLAIN_TEXT, max_size=12))
@example(["b", "A", "a ", "B", "ß", "SS"])
def test_sqlite_sorts_by_the_collated_value(values):
    connection = sqlite3.connect(":memory:")
    register_collations(connection)
    rows = connection.execute(
        "SELECT value FROM json_each(?) ORDER BY value COLLATE SQLUPPER", (json.dumps(values),)
    ).fetchall()
    connection.close()

    assert [sqlupper(value) for (value,) in rows] == sorted(map(sqlupper, values))


@given(st.lists(NAMES, max_size=12))
def test_property_names_of_a_class_never_clash(names):
    taken: set[str] = set()
    for name in names:
        made = property_name(name, taken)
        assert made.upper() not in taken
        assert made.lstrip("%").isalnum()
        taken.add(made.upper())


@given(NAMES, NAMES, st.sets(NAMES, max_size=5))
def test_derived_names_are_new(schema, table, others):
    taken = {other.upper() for other in others} | {class_name(schema, table).upper()}
    assert class_name(schema, table, taken).upper() not in taken
    assert distinct(table, taken).upper() not in taken
    assert constraint_name(table, "{table}_PKEY{n}", 2, others).upper() not in {o.upper() for o in others}


@given(st.lists(PLAIN_TEXT, max_size=12))
def test_a_unique_key_holds_one_of_each_collated_value(values):
    connection = sqlite3.connect(":memory:")
    register_collations(connection)
    connection.execute("CREATE TABLE t (a)")
    connection.execute("CREATE UNIQUE INDEX i ON t (a COLLATE SQLUPPER)")
    for value in values:
        connection.execute("INSERT OR IGNORE INTO t VALUES (?)", (value,))
    (count,) = connection.execute("SELECT COUNT(*) FROM t").fetchone()
    connection.close()

    assert count == len({sqlupper(value) for value in values})
