"""Every operation of Alembic through the real dialect, and what the catalogue says after each (iris-facts 8).

The operations run in a row on the same two tables. After each one the reflected table is compared with what
the operation should have made of it, and INFORMATION_SCHEMA with %Dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import CompileError, ProgrammingError

from iris_devtools.admin import Admin

NAMESPACE = "OPERATIONS"
NO_OPERATIONS = {
    "context",
    "create_module_class_proxy",
    "f",
    "get_bind",
    "get_context",
    "implementation_for",
    "inline_literal",
    "invoke",
    "register_operation",
    "run_async",
}


class Recorded:
    """Alembic's ``op`` that remembers what was called."""

    def __init__(self, op: Operations) -> None:
        self.op = op
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.called.add(name)
        return getattr(self.op, name)


@pytest.fixture(scope="module")
def connection(standin: Any) -> Iterator[sa.Connection]:
    with Admin.connect(standin.server) as admin:
        admin.create_namespace(NAMESPACE)
    engine = sa.create_engine(standin.url_of(NAMESPACE))
    with engine.connect() as connection:
        yield connection
    engine.dispose()
    with Admin.connect(standin.server) as admin:
        admin.drop_namespace(NAMESPACE, terminate=True)


@pytest.fixture(scope="module")
def op(connection: sa.Connection) -> Recorded:
    return Recorded(Operations(MigrationContext.configure(connection)))


def columns(connection: sa.Connection, table: str = "book") -> dict[str, str]:
    """Name and type of each column, with a ``!`` where it is NOT NULL."""
    found = sa.inspect(connection).get_columns(table)
    return {one["name"]: f"{one['type']}{'' if one['nullable'] else '!'}" for one in found}


def indexes(connection: sa.Connection, table: str = "book") -> dict[str, list[str]]:
    return {one["name"]: one["column_names"] for one in sa.inspect(connection).get_indexes(table)}


def uniques(connection: sa.Connection, table: str = "book") -> dict[str, list[str]]:
    found = sa.inspect(connection).get_unique_constraints(table)
    return {one["name"]: one["column_names"] for one in found}


def foreign_keys(connection: sa.Connection, table: str = "book") -> dict[str, tuple[str, Any]]:
    found = sa.inspect(connection).get_foreign_keys(table)
    return {one["name"]: (one["referred_table"], one["options"].get("ondelete")) for one in found}


def default(connection: sa.Connection, column: str) -> str | None:
    (found,) = [one for one in sa.inspect(connection).get_columns("book") if one["name"] == column]
    return found["default"]


def comment(connection: sa.Connection, column: str) -> str | None:
    (found,) = [one for one in sa.inspect(connection).get_columns("book") if one["name"] == column]
    return found["comment"]


def first(connection: sa.Connection, column: str) -> Any:
    return connection.execute(sa.text(f"SELECT {column} FROM book WHERE id = 1")).scalar_one()


def tables(connection: sa.Connection) -> list[str]:
    return sorted(sa.inspect(connection).get_table_names())


def batch(op: Recorded) -> None:
    with op.batch_alter_table("book") as table:
        table.add_column(sa.Column("x", sa.Integer))
        table.alter_column("title", type_=sa.String(90), existing_type=sa.String(80))
        table.create_index("i_x", ["x"])
        table.create_unique_constraint("u_x", ["x", "title"])
        table.create_foreign_key("fk_batch", "author", ["author_id"], ["id"])
        table.drop_column("lang")


def batch_copy(op: Recorded) -> None:
    """The way of SQLite: a new table, the rows, the old name."""
    with op.batch_alter_table("book", recreate="always") as table:
        table.add_column(sa.Column("y", sa.Integer, server_default="3"))
        table.drop_constraint("fk_batch", type_="foreignkey")


def create(op: Recorded) -> None:
    author = op.create_table(
        "author",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, comment="who"),
        comment="people",
    )
    book = op.create_table(
        "book",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("author_id", sa.Integer),
        sa.Column("title", sa.String(50)),
        sa.Column("notes", sa.Text),
        sa.UniqueConstraint("title", name="u_title"),
        sa.CheckConstraint("id > 0"),
    )
    op.bulk_insert(author, [{"id": 1, "name": "Ann"}, {"id": 2, "name": "Bob"}])
    op.bulk_insert(
        book,
        [
            {"id": 1, "author_id": 1, "title": "A", "notes": None},
            {"id": 2, "author_id": None, "title": "B", "notes": "n"},
        ],
    )


INTEGER, STRING = sa.Integer(), sa.String(50)
STEPS: list[tuple[str, Callable[[Any], Any], Callable[[Any], Any], Any]] = [
    ("create_table, bulk_insert", create, tables, ["author", "book"]),
    (
        "add_column",
        lambda op: op.add_column("book", sa.Column("pages", sa.Integer, server_default="7", nullable=False)),
        lambda c: (columns(c)["pages"], first(c, "pages")),
        ("INTEGER!", 7),
    ),
    (
        "add_column with a comment and a key",
        lambda op: op.add_column("book", sa.Column("isbn", sa.String(13), comment="number", unique=True)),
        lambda c: (columns(c)["isbn"], comment(c, "isbn"), ["isbn"] in uniques(c).values()),
        ("VARCHAR(13)", "number", True),
    ),
    (
        "add_column with an index",
        lambda op: op.add_column("book", sa.Column("lang", sa.String(2), index=True)),
        lambda c: indexes(c)["ix_book_lang"],
        ["lang"],
    ),
    (
        "alter_column NOT NULL",
        lambda op: op.alter_column("book", "pages", nullable=True, existing_type=INTEGER),
        lambda c: columns(c)["pages"],
        "INTEGER",
    ),
    (
        "alter_column NULL",
        lambda op: op.alter_column("book", "pages", nullable=False, existing_type=INTEGER),
        lambda c: columns(c)["pages"],
        "INTEGER!",
    ),
    (
        "alter_column type",
        lambda op: op.alter_column("book", "title", type_=sa.String(80), existing_type=STRING),
        lambda c: (columns(c)["title"], first(c, "title")),
        ("VARCHAR(80)", "A"),
    ),
    (
        "alter_column to a larger number",
        lambda op: op.alter_column("book", "author_id", type_=sa.BigInteger(), existing_type=INTEGER),
        lambda c: (columns(c)["author_id"], first(c, "author_id")),
        ("BIGINT", 1),
    ),
    (
        "alter_column default",
        lambda op: op.alter_column("book", "title", server_default="none", existing_type=STRING),
        lambda c: "none" in str(default(c, "title")),
        True,
    ),
    (
        "alter_column without a default",
        lambda op: op.alter_column("book", "title", server_default=None, existing_type=STRING),
        lambda c: default(c, "title"),
        None,
    ),
    (
        "alter_column name",
        lambda op: op.alter_column("book", "pages", new_column_name="sheets", existing_type=INTEGER),
        lambda c: ("pages" in columns(c), first(c, "sheets")),
        (False, 7),
    ),
    (
        "create_foreign_key",
        lambda op: op.create_foreign_key("fk_a", "book", "author", ["author_id"], ["id"], ondelete="CASCADE"),
        foreign_keys,
        {"fk_a": ("author", "CASCADE")},
    ),
    (
        "drop_constraint of a foreign key",
        lambda op: op.drop_constraint("fk_a", "book", type_="foreignkey"),
        foreign_keys,
        {},
    ),
    (
        "create_unique_constraint",
        lambda op: op.create_unique_constraint("u_two", "book", ["isbn", "lang"]),
        lambda c: uniques(c)["u_two"],
        ["isbn", "lang"],
    ),
    (
        "drop_constraint of a unique key",
        lambda op: op.drop_constraint("u_two", "book", type_="unique"),
        lambda c: "u_two" in uniques(c),
        False,
    ),
    (
        "create_check_constraint, which the dialect leaves out",
        lambda op: op.create_check_constraint("c_id", "book", sa.text("id > 0")),
        lambda c: rows(c, "SELECT CONSTRAINT_NAME FROM INFORMATION_SCHEMA.CHECK_CONSTRAINTS"),
        set(),
    ),
    (
        "create_index",
        lambda op: op.create_index("i_t", "book", ["title", "lang"], unique=True),
        lambda c: indexes(c)["i_t"],
        ["title", "lang"],
    ),
    ("drop_index", lambda op: op.drop_index("i_t", table_name="book"), lambda c: "i_t" in indexes(c), False),
    (
        "drop_constraint of the primary key",
        lambda op: op.drop_constraint("bookPKey2", "book", type_="primary"),
        lambda c: sa.inspect(c).get_pk_constraint("book")["constrained_columns"],
        [],
    ),
    (
        "create_primary_key",
        lambda op: op.create_primary_key("pk_book", "book", ["id"]),
        lambda c: sa.inspect(c).get_pk_constraint("book"),
        {"name": "pk_book", "constrained_columns": ["id"]},
    ),
    ("drop_column", lambda op: op.drop_column("book", "notes"), lambda c: "notes" in columns(c), False),
    ("rename_table", lambda op: op.rename_table("book", "volume"), tables, ["author", "volume"]),
    ("rename_table back", lambda op: op.rename_table("volume", "book"), tables, ["author", "book"]),
    (
        "execute",
        lambda op: op.execute(
            sa.update(sa.table("book", sa.column("title")))
            .where(sa.column("id") == op.inline_literal(1))
            .values(title=op.inline_literal("C"))
        ),
        lambda c: first(c, "title"),
        "C",
    ),
    (
        "batch_alter_table",
        batch,
        lambda c: (columns(c)["title"], indexes(c)["i_x"], uniques(c)["u_x"], set(foreign_keys(c))),
        ("VARCHAR(90)", ["x"], ["x", "title"], {"fk_batch"}),
    ),
    (
        "batch_alter_table with a copy",
        batch_copy,
        lambda c: (columns(c)["y"], first(c, "title"), indexes(c)["i_x"], foreign_keys(c), tables(c)),
        ("INTEGER", "C", ["x"], {}, ["author", "book"]),
    ),
    ("drop_table", lambda op: op.drop_table("book"), tables, ["author"]),
    ("drop_table if it exists", lambda op: op.drop_table("book", if_exists=True), tables, ["author"]),
]
REFUSED: list[tuple[str, Callable[[Any], Any], type[Exception], str]] = [
    (
        "a comment of a column that is there, which the dialect cannot compile",
        lambda op: op.alter_column("author", "name", comment="x", existing_type=STRING),
        CompileError,
        "ColumnComment",
    ),
    ("a comment of a table", lambda op: op.create_table_comment("author", "x"), ProgrammingError, "<-51>"),
    ("no comment of a table", lambda op: op.drop_table_comment("author"), ProgrammingError, "<-51>"),
    (
        "EXCLUDE, which is PostgreSQL's",
        lambda op: op.create_exclude_constraint("e", "author", ("id", "=")),
        CompileError,
        "ExcludeConstraint",
    ),
    (
        "CREATE INDEX IF NOT EXISTS",
        lambda op: op.create_index("i_n", "author", ["name"], if_not_exists=True),
        ProgrammingError,
        "<-1>",
    ),
    (
        "DROP INDEX IF EXISTS, of which the dialect leaves IF EXISTS out",
        lambda op: op.drop_index("i_n", table_name="author", if_exists=True),
        ProgrammingError,
        "<-333>",
    ),
]


def rows(connection: sa.Connection, text: str) -> set[tuple[Any, ...]]:
    return {tuple(row) for row in connection.exec_driver_sql(text)}


def assert_both_catalogues_agree(connection: sa.Connection) -> None:
    """INFORMATION_SCHEMA and %Dictionary list the same columns, keys and indexes."""
    classes = dict(
        rows(
            connection,
            "SELECT %EXACT(CLASSNAME), %EXACT(TABLE_NAME) FROM INFORMATION_SCHEMA.TABLES "
            "WHERE TABLE_SCHEMA = 'SQLUser'",
        )
    )
    own = ", ".join(f"'{name}'" for name in classes)
    defined = f"SELECT %EXACT(Name) FROM %Dictionary.ClassDefinition WHERE Name IN ({own})"
    assert rows(connection, defined) == {(name,) for name in classes}
    listed = rows(
        connection,
        "SELECT %EXACT(TABLE_NAME), %EXACT(COLUMN_NAME), IS_NULLABLE, ORDINAL_POSITION "
        "FROM INFORMATION_SCHEMA.COLUMNS WHERE TABLE_SCHEMA = 'SQLUser'",
    )
    properties = rows(
        connection,
        "SELECT %EXACT(parent), %EXACT(Name), %EXACT(SqlFieldName), Required, SqlColumnNumber "
        f"FROM %Dictionary.PropertyDefinition WHERE parent IN ({own})",
    )
    assert listed == {
        (classes[parent], field or name, "NO" if required else "YES", number - 1)
        for parent, name, field, required, number in properties
    }
    indexed = rows(
        connection,
        "SELECT %EXACT(TABLE_NAME), %EXACT(INDEX_NAME), NON_UNIQUE, PRIMARY_KEY "
        "FROM INFORMATION_SCHEMA.INDEXES WHERE TABLE_SCHEMA = 'SQLUser'",
    )
    defined_indexes = rows(
        connection,
        'SELECT %EXACT(parent), %EXACT(Name), %EXACT(SqlName), "Unique", PrimaryKey '
        f"FROM %Dictionary.IndexDefinition WHERE parent IN ({own})",
    )
    assert {(t, i) for t, i, *_ in indexed} == {
        (classes[parent], sql_name or name) for parent, name, sql_name, *_ in defined_indexes
    }
    keys = rows(
        connection,
        "SELECT %EXACT(TABLE_NAME), %EXACT(CONSTRAINT_NAME) FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS "
        "WHERE TABLE_SCHEMA = 'SQLUser'",
    )
    used = rows(
        connection,
        "SELECT %EXACT(TABLE_NAME), %EXACT(CONSTRAINT_NAME) FROM INFORMATION_SCHEMA.KEY_COLUMN_USAGE "
        "WHERE TABLE_SCHEMA = 'SQLUser'",
    )
    assert keys == used


def test_every_operation_in_a_row(op: Recorded, connection: sa.Connection) -> None:
    """One test, for each step works on what those before it made."""
    for name, step, look, found in STEPS:
        step(op)
        connection.commit()
        assert (name, look(connection)) == (name, found)
        assert_both_catalogues_agree(connection)
        connection.commit()

    for name, step, kind, text in REFUSED:
        before = columns(connection, "author"), indexes(connection, "author")
        with pytest.raises(kind, match=text):
            step(op)
        connection.rollback()
        assert (name, columns(connection, "author"), indexes(connection, "author")) == (name, *before)
        assert_both_catalogues_agree(connection)

    every = {name for name in dir(Operations) if not name.startswith("_")} - NO_OPERATIONS
    assert every - op.called == set()
