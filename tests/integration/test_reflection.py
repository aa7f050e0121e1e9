"""The real dialect reads definitions back: Inspector, Table reflection and Alembic's comparison."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy_iris import BIT, DOUBLE, LONGVARBINARY, LONGVARCHAR, TINYINT
from sqlalchemy_iris.types import IRISTime


@pytest.fixture(scope="module")
def engine(standin) -> Iterator[sa.Engine]:
    engine = sa.create_engine(standin.url)
    yield engine
    engine.dispose()


@pytest.fixture
def schema(engine) -> Iterator[str]:
    """A schema of its own for each test."""
    name = "r" + uuid.uuid4().hex[:10]
    yield name
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture
def metadata(schema) -> sa.MetaData:
    return sa.MetaData(schema=schema)


def differences(engine: sa.Engine, metadata: sa.MetaData) -> list[object]:
    """Return what Alembic would write into a migration."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "compare_server_default": True,
                "include_schemas": True,
                "include_name": lambda name, kind, parents: kind != "schema" or name == metadata.schema,
            },
        )
        return list(compare_metadata(context, metadata))


def library(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    author = sa.Table(
        "author",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, comment="who wrote it"),
        sa.Column("active", sa.Boolean, nullable=False, server_default="1"),
        sa.UniqueConstraint("name"),
        comment="all authors",
    )
    book = sa.Table(
        "book",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("title", sa.String(80), nullable=False, index=True),
        sa.Column("status", sa.String(20), server_default="new", nullable=False),
        sa.Column("price", sa.Numeric(10, 2)),
        sa.Column("created", sa.DateTime, server_default=sa.func.now()),
        sa.Column("author_id", sa.Integer, sa.ForeignKey(author.c.id, ondelete="CASCADE"), nullable=False),
        sa.UniqueConstraint("author_id", "title", name="uq_book"),
    )
    return author, book


TYPES = [
    (sa.Integer(), sa.INTEGER, {}),
    (sa.SmallInteger(), sa.SMALLINT, {}),
    (sa.BigInteger(), sa.BIGINT, {}),
    (TINYINT(), TINYINT, {}),
    (sa.Boolean(), BIT, {}),
    (sa.Numeric(10, 2), sa.NUMERIC, {"precision": 10, "scale": 2}),
    (sa.Numeric(), sa.NUMERIC, {"precision": 15, "scale": 0}),
    (sa.Float(), DOUBLE, {}),
    (sa.Double(), DOUBLE, {}),
    (sa.String(50), sa.VARCHAR, {"length": 50}),
    (sa.Unicode(7), sa.VARCHAR, {"length": 7}),
    (sa.CHAR(3), sa.VARCHAR, {"length": 3}),
    (sa.CHAR(1), sa.CHAR, {}),
    (sa.Text(), sa.VARCHAR, {"length": 65535}),
    (sa.Enum("one", "three"), sa.VARCHAR, {"length": 5}),
    (sa.LargeBinary(), LONGVARBINARY, {}),
    (sa.VARBINARY(16), sa.VARBINARY, {"length": 16}),
    (LONGVARCHAR(), LONGVARCHAR, {}),
    (sa.Date(), sa.DATE, {}),
    (sa.Time(), IRISTime, {}),
    (sa.DateTime(), sa.DateTime, {}),
    (sa.TIMESTAMP(), sa.DateTime, {}),
]


@pytest.mark.parametrize(("declared", "reflected", "sizes"), TYPES, ids=lambda v: repr(v)[:30])
def test_every_column_type_comes_back(engine, metadata, declared, reflected, sizes):
    sa.Table("t", metadata, sa.Column("k", sa.String(9), primary_key=True), sa.Column("c", declared))
    metadata.create_all(engine)

    column = sa.inspect(engine).get_columns("t", schema=metadata.schema)[1]
    assert isinstance(column["type"], reflected)
    assert {name: getattr(column["type"], name) for name in sizes} == sizes
    assert column["nullable"]


def test_keys_indexes_comments_and_defaults_come_back(engine, metadata, schema):
    library(metadata)
    metadata.create_all(engine)
    inspector = sa.inspect(engine)

    assert inspector.get_table_names(schema=schema) == ["author", "book"]
    assert inspector.get_pk_constraint("book", schema=schema) == {
        "name": "BOOKPKey2",
        "constrained_columns": ["id"],
    }
    assert inspector.get_foreign_keys("book", schema=schema) == [
        {
            "name": "BOOKFKey7",
            "constrained_columns": ["author_id"],
            "referred_schema": schema,
            "referred_table": "author",
            "referred_columns": ["id"],
            "options": {"ondelete": "CASCADE"},
        }
    ]
    assert [c["name"] for c in inspector.get_unique_constraints("book", schema=schema)] == ["uq_book"]
    indexes = {i["name"]: i for i in inspector.get_indexes("book", schema=schema)}
    assert indexes[f"ix_{schema}_book_title"]["column_names"] == ["title"]
    assert not indexes[f"ix_{schema}_book_title"]["unique"]
    assert indexes["uq_book"]["column_names"] == ["author_id", "title"]
    assert inspector.get_table_comment("author", schema=schema) == {"text": "all authors"}
    columns = {c["name"]: c for c in inspector.get_columns("book", schema=schema)}
    assert (columns["status"]["default"], columns["created"]["default"]) == ("'new'", "now()")
    assert (columns["id"]["autoincrement"], columns["title"]["autoincrement"]) == (True, False)
    assert inspector.get_columns("author", schema=schema)[1]["comment"] == "who wrote it"


def test_a_comment_keeps_its_line_breaks(engine, metadata, schema):
    comment = "one\ntwo\rthree 'four'"
    sa.Table("t", metadata, sa.Column("k", sa.String(9), primary_key=True, comment=comment), comment=comment)
    metadata.create_all(engine)
    inspector = sa.inspect(engine)

    assert inspector.get_table_comment("t", schema=schema)["text"] == comment
    assert inspector.get_columns("t", schema=schema)[0]["comment"] == comment


def test_a_named_key_of_an_identity_keeps_its_name(engine, metadata, schema):
    sa.Table("t", metadata, sa.Column("id", sa.Integer), sa.PrimaryKeyConstraint("id", name="mine"))
    metadata.create_all(engine)

    assert sa.inspect(engine).get_pk_constraint("t", schema=schema)["name"] == "mine"


def test_composite_and_self_referencing_keys_come_back(engine, metadata, schema):
    sa.Table(
        "parent",
        metadata,
        sa.Column("a", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("b", sa.String(9), primary_key=True),
    )
    sa.Table(
        "child",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("y", sa.String(9)),
        sa.Column("x", sa.Integer),
        sa.Column("up", sa.Integer, sa.ForeignKey(f"{schema}.child.id")),
        sa.ForeignKeyConstraint(
            ["x", "y"], [f"{schema}.parent.a", f"{schema}.parent.b"], name="fk_both", onupdate="SET NULL"
        ),
    )
    metadata.create_all(engine)
    keys = {k["name"]: k for k in sa.inspect(engine).get_foreign_keys("child", schema=schema)}

    both = keys.pop("fk_both")
    assert (both["constrained_columns"], both["referred_columns"]) == (["x", "y"], ["a", "b"])
    assert both["options"] == {"onupdate": "SET NULL"}
    (own,) = keys.values()
    assert (own["referred_table"], own["referred_columns"]) == ("child", ["id"])
    assert sa.inspect(engine).get_pk_constraint("parent", schema=schema)["constrained_columns"] == ["a", "b"]


def test_covering_indexes_and_computed_columns_come_back(engine, metadata, schema):
    table = sa.Table(
        "t",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("number", sa.Integer),
        sa.Column("more", sa.Integer, sa.Computed("number + 1")),
        sa.Column("other", sa.Integer, sa.Computed("number + 2", persisted=False)),
    )
    sa.Index("ix_covering", table.c.number, iris_include=["more"])
    metadata.create_all(engine)
    inspector = sa.inspect(engine)

    (index,) = inspector.get_indexes("t", schema=schema)
    assert (index["column_names"], index["include_columns"]) == (["number"], ["more"])
    columns = {c["name"]: c for c in inspector.get_columns("t", schema=schema)}
    assert columns["more"]["computed"] == {"sqltext": "number + 1", "persisted": True}
    assert columns["other"]["computed"] == {"sqltext": "number + 2", "persisted": False}


def test_views_and_temporary_tables_are_told_apart(engine, metadata, schema):
    library(metadata)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE VIEW {schema}.titles AS SELECT title, price FROM {schema}.book")
        connection.exec_driver_sql(f"CREATE GLOBAL TEMPORARY TABLE {schema}.scratch (a INT)")
    inspector = sa.inspect(engine)

    assert inspector.get_view_names(schema=schema) == ["titles"]
    assert inspector.get_view_definition("titles", schema=schema) == f"SELECT title, price FROM {schema}.book"
    assert [c["name"] for c in inspector.get_columns("titles", schema=schema)] == ["title", "price"]
    assert inspector.get_table_names(schema=schema) == ["author", "book"]
    assert inspector.has_table("scratch", schema=schema)
    assert schema in inspector.get_schema_names()


def test_a_reflected_table_can_be_made_again(engine, metadata, schema):
    library(metadata)
    metadata.create_all(engine)
    reflected = sa.MetaData()
    reflected.reflect(engine, schema=schema)
    metadata.drop_all(engine)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reflected.create_all(engine)

    assert sa.inspect(engine).get_table_names(schema=schema) == ["author", "book"]


def test_alembic_sees_no_difference_to_what_it_made(engine, metadata):
    library(metadata)
    sa.Table(
        "kinds",
        metadata,
        sa.Column("k", sa.String(9), primary_key=True),
        *(
            sa.Column(f"c{n}", kind)
            for n, (kind, _, _) in enumerate(TYPES)
            # the dialect shows CHAR(n) as VARCHAR(n), and one character as CHAR: its own difference
            if not isinstance(kind, sa.CHAR)
        ),
        sa.Column("zero", sa.Integer, server_default="0"),
        sa.Column("empty", sa.String(9), server_default=""),
        sa.Column("text", sa.String(9), server_default="it's"),
        sa.Column("now", sa.DateTime, server_default=sa.text("CURRENT_TIMESTAMP")),
    )
    metadata.create_all(engine)

    assert differences(engine, metadata) == []


def test_alembic_sees_what_is_different(engine, metadata, schema):
    library(metadata)
    metadata.create_all(engine)
    changed = sa.MetaData(schema=schema)
    author, _ = library(changed)
    author.append_column(sa.Column("born", sa.Date))
    author.c.name.type = sa.String(90)

    assert sorted(d[0] if isinstance(d, tuple) else d[0][0] for d in differences(engine, changed)) == [
        "add_column",
        "modify_type",
    ]


def test_operations_of_a_migration_leave_what_they_say(engine, metadata, schema):
    author, book = library(metadata)
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(author.insert().values(name="Bob"))
        connection.execute(book.insert().values(title="One", author_id=1))
        op = Operations(MigrationContext.configure(connection))
        op.add_column(
            "book", sa.Column("pages", sa.Integer, server_default="7", nullable=False), schema=schema
        )
        op.add_column("book", sa.Column("note", sa.Text), schema=schema)
        op.alter_column("book", "title", new_column_name="name", existing_type=sa.String(80), schema=schema)
        op.alter_column("book", "name", type_=sa.String(120), existing_type=sa.String(80), schema=schema)
        op.alter_column("book", "note", nullable=True, existing_type=sa.Text(), schema=schema)
        op.alter_column("book", "status", server_default=None, existing_type=sa.String(20), schema=schema)
        op.drop_column("book", "note", schema=schema)
        op.drop_constraint("uq_book", "book", schema=schema)
        op.create_unique_constraint("uq_name", "book", ["name", "pages"], schema=schema)
        op.drop_index(f"ix_{schema}_book_title", "book", schema=schema)
        op.create_index("ix_name", "book", ["name"], unique=True, schema=schema)
        op.drop_constraint("BOOKFKey7", "book", type_="foreignkey", schema=schema)
        op.create_foreign_key(
            "fk_author", "book", "author", ["author_id"], ["id"], source_schema=schema, referent_schema=schema
        )
        op.execute(f"ALTER TABLE {schema}.book RENAME TO volume")

    inspector = sa.inspect(engine)
    columns = {c["name"]: c for c in inspector.get_columns("volume", schema=schema)}
    assert list(columns) == ["id", "name", "status", "price", "created", "author_id", "pages"]
    assert (columns["name"]["type"].length, columns["status"]["default"]) == (120, None)
    assert {i["name"] for i in inspector.get_indexes("volume", schema=schema)} == {"ix_name", "uq_name"}
    assert [k["name"] for k in inspector.get_foreign_keys("volume", schema=schema)] == ["fk_author"]
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"SELECT name, pages FROM {schema}.volume").fetchall()
        assert [tuple(row) for row in rows] == [("One", 7)]


def test_a_table_is_renamed_within_the_default_schema_only(engine, metadata, schema):
    """Alembic puts the schema before the new name, too, which IRIS refuses (iris-sql.md 8.3)."""
    library(metadata)
    metadata.create_all(engine)
    old, new = f"o_{schema}", f"n_{schema}"
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        with pytest.raises(sa.exc.ProgrammingError, match="SQLCODE: <-1>"):
            op.rename_table("book", "volume", schema=schema)
        connection.exec_driver_sql(f"CREATE TABLE {old} (a INT)")
        op.rename_table(old, new)
        assert sa.inspect(connection).has_table(new)
        connection.exec_driver_sql(f"DROP TABLE {new}")


def test_two_hundred_tables_are_read_back_whole(engine, metadata, schema):
    previous = None
    for number in range(200):
        columns = [sa.Column("id", sa.Integer, primary_key=True)]
        columns += [sa.Column(f"c{n}", sa.String(20)) for n in range(6)]
        if previous is not None:
            columns.append(sa.Column("up", sa.ForeignKey(previous.c.id)))
        previous = sa.Table(
            f"t{number:03}",
            metadata,
            *columns,
            sa.UniqueConstraint("c1", name=f"uq_{number}"),
            sa.Index(f"ix_{number}", "c2", "c3"),
        )
    metadata.create_all(engine)
    reflected = sa.MetaData()
    reflected.reflect(engine, schema=schema)

    assert len(reflected.tables) == 200
    for table in reflected.tables.values():
        expected = metadata.tables[table.key]
        assert [c.name for c in table.columns] == [c.name for c in expected.columns]
        assert [c.name for c in table.primary_key] == ["id"]
        assert {i.name for i in table.indexes} >= {i.name for i in expected.indexes}
        assert len(table.foreign_keys) == len(expected.foreign_keys)
    assert differences(engine, metadata) == []
    metadata.drop_all(engine)
