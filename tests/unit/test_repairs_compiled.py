"""What the repairs change in the text of a statement: the fault without the repair, the cure with it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship
from sqlalchemy_iris.intersystems import IRISDialect_intersystems

from iris_devtools import repairs
from iris_devtools.errors import UnsupportedError

metadata = sa.MetaData()
author = sa.Table(
    "author",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(40)),
    sa.Column("born", sa.Integer),
)
book = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("author_id", sa.ForeignKey("author.id")),
)
loan = sa.Table(
    "loan",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("book_id", sa.ForeignKey("book.id")),
)
tree = sa.Table(
    "tree",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("parent_id", sa.ForeignKey("tree.id")),
)


class Base(DeclarativeBase):
    pass


class Parent(Base):
    __tablename__ = "parent"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(20))
    children: Mapped[list[Child]] = relationship()


class Child(Base):
    __tablename__ = "child"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int] = mapped_column(sa.ForeignKey("parent.id"))


def dialect(*names: str, version: tuple[int, int] = (2025, 1)) -> IRISDialect_intersystems:
    made = IRISDialect_intersystems(dbapi=IRISDialect_intersystems.import_dbapi())
    made.server_version_info = version
    made.supports_modern_pagination = version >= (2025, 1)
    repairs.apply(made, repairs=names)
    return made


def text(statement: sa.sql.ClauseElement, *names: str, version: tuple[int, int] = (2025, 1)) -> str:
    return " ".join(str(statement.compile(dialect=dialect(*names, version=version))).split())


def column_type(type_: sa.types.TypeEngine[object], *names: str) -> str:
    table = sa.Table("t", sa.MetaData(), sa.Column("c", type_))
    return text(sa.schema.CreateTable(table), *names).partition("( c ")[2].partition(" )")[0]


def test_order_by_is_lost_beside_limit_without_the_repair() -> None:
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3)
    assert text(statement) == "SELECT author.id FROM author LIMIT ?"
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3)
    assert text(statement, "ordered-pages") == "SELECT author.id FROM author ORDER BY author.born LIMIT ?"


def test_order_by_is_kept_beside_top_on_servers_before_2025() -> None:
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3)
    assert text(statement, version=(2024, 1)) == "SELECT TOP ? author.id FROM author"
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3)
    repaired = text(statement, "ordered-pages", version=(2024, 1))
    assert repaired == "SELECT TOP ? author.id FROM author ORDER BY author.born"


def test_a_page_after_the_first_is_ordered_on_servers_before_2025() -> None:
    statement = sa.select(author.c.id).order_by(author.c.born).offset(5)
    assert not text(statement, version=(2024, 1)).endswith("ORDER BY iris_rn")
    statement = sa.select(author.c.id).order_by(author.c.born).offset(5)
    repaired = text(statement, "ordered-pages", version=(2024, 1))
    assert repaired.endswith("WHERE anon_1.iris_rn > ? ORDER BY anon_1.iris_rn")


def test_distinct_pages_number_the_distinct_rows_on_servers_before_2025() -> None:
    statement = sa.select(author.c.born).distinct().order_by(author.c.born).limit(2).offset(1)
    repaired = text(statement, "ordered-pages", version=(2024, 1))
    assert "OVER (ORDER BY anon_2.born) AS iris_rn FROM (SELECT DISTINCT author.born" in repaired


def test_a_statement_keeps_its_page_when_it_is_compiled_for_a_second_engine() -> None:
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3).offset(4)
    assert text(statement, version=(2024, 1)) != text(statement, version=(2024, 1))
    statement = sa.select(author.c.id).order_by(author.c.born).limit(3).offset(4)
    first, second = (text(statement, "ordered-pages", version=(2024, 1)) for _ in range(2))
    assert first == second


def test_offset_alone_is_cut_at_100_rows_without_the_repair() -> None:
    assert "LIMIT 100 OFFSET ?" in text(sa.select(author.c.id).offset(5))
    assert "LIMIT 2147483647 OFFSET ?" in text(sa.select(author.c.id).offset(5), "ordered-pages")
    repaired = text(sa.select(author.c.id).offset(5), "ordered-pages", version=(2025, 2))
    assert repaired == "SELECT author.id FROM author OFFSET ?"


def test_ordering_by_text_does_not_rename_the_column() -> None:
    statement = sa.select(author.c.name).order_by(author.c.name)
    assert text(statement) == "SELECT %EXACT(author.name) AS author_name FROM author ORDER BY author.name"
    statement = sa.select(author.c.name).order_by(author.c.name)
    repaired = text(statement, "ordered-pages")
    assert repaired == "SELECT %EXACT(author.name) AS name FROM author ORDER BY author.name"


@pytest.mark.parametrize("order", [author.c.name, author.c.name.desc(), author.c.name.asc()])
def test_text_that_orders_a_whole_table_is_exact(order: sa.ColumnElement[str]) -> None:
    repaired = text(sa.select(author).order_by(order), "ordered-pages")
    assert repaired.startswith("SELECT author.id, %EXACT(author.name) AS name, author.born FROM author")


def test_two_columns_of_one_name_keep_their_labels_when_they_order() -> None:
    other = author.alias("other")
    statement = sa.select(author.c.name, other.c.name).order_by(author.c.name, other.c.name)
    repaired = text(statement, "ordered-pages")
    assert "%EXACT(author.name) AS name, %EXACT(other.name) AS name_1" in repaired


def test_an_ordered_subquery_takes_top_because_limit_is_not_allowed_there() -> None:
    inner = sa.select(author.c.id).order_by(author.c.born).limit(3).subquery()
    repaired = text(sa.select(inner.c.id), "ordered-pages")
    assert "(SELECT TOP ? author.id AS id FROM author ORDER BY author.born) AS anon_1" in repaired


def test_an_ordered_subquery_with_offset_numbers_its_rows() -> None:
    inner = sa.select(author.c.id).order_by(author.c.born).limit(3).offset(2).subquery()
    repaired = text(sa.select(inner.c.id), "ordered-pages")
    assert "row_number() OVER (ORDER BY author.born) AS iris_rn" in repaired
    assert repaired.count("ORDER BY") == 1


def test_a_correlated_subquery_with_offset_is_refused() -> None:
    latest = (
        sa.select(book.c.id)
        .where(book.c.author_id == author.c.id)
        .order_by(book.c.id)
        .limit(1)
        .offset(1)
        .scalar_subquery()
    )
    with pytest.raises(UnsupportedError, match="correlated"):
        text(sa.select(author.c.id, latest), "ordered-pages")


def test_a_correlated_subquery_with_limit_takes_top() -> None:
    latest = (
        sa.select(book.c.id)
        .where(book.c.author_id == author.c.id)
        .order_by(book.c.id)
        .limit(1)
        .scalar_subquery()
    )
    repaired = text(sa.select(author.c.id, latest.label("latest")), "ordered-pages")
    assert (
        "(SELECT TOP ? book.id FROM book WHERE book.author_id = author.id ORDER BY book.id) AS latest"
        in repaired
    )


def test_a_page_of_a_union_is_ordered() -> None:
    union = sa.union(sa.select(author.c.id), sa.select(book.c.id)).order_by("id").limit(2)
    assert "ORDER BY" not in text(union)
    assert text(union, "ordered-pages").endswith("ORDER BY id LIMIT ?")


def test_a_page_of_a_union_is_refused_where_it_cannot_be_written() -> None:
    union = sa.union(sa.select(author.c.id), sa.select(book.c.id)).order_by("id").limit(2)
    with pytest.raises(UnsupportedError, match=r"before 2025\.1"):
        text(union, "ordered-pages", version=(2024, 1))
    with pytest.raises(UnsupportedError, match="inside a subquery"):
        text(sa.select(union.subquery().c.id), "ordered-pages")


def test_a_joined_eager_load_pages_its_parents_in_order() -> None:
    statement = sa.select(Parent).options(joinedload(Parent.children)).order_by(Parent.name).limit(2)
    repaired = text(statement, "ordered-pages")
    columns = "parent.id AS id, %EXACT(parent.name) AS name"
    assert f"(SELECT TOP ? {columns} FROM parent ORDER BY parent.name) AS anon_1" in repaired


def test_an_orm_page_is_ordered() -> None:
    repaired = text(sa.select(Parent).order_by(Parent.id.desc()).limit(2), "ordered-pages")
    assert repaired.endswith("FROM parent ORDER BY parent.id DESC LIMIT ?")


def test_fetch_is_written_as_limit() -> None:
    statement = sa.select(author.c.id).order_by(author.c.id).fetch(3).offset(1)
    assert "FETCH FIRST" in text(statement)
    statement = sa.select(author.c.id).order_by(author.c.id).fetch(3).offset(1)
    repaired = text(statement, "fetch-first", "ordered-pages")
    assert repaired == "SELECT author.id FROM author ORDER BY author.id LIMIT ? OFFSET ?"
    assert "FETCH" not in text(sa.select(author.c.id).fetch(3), "fetch-first")


@pytest.mark.parametrize("option", ["percent", "with_ties"])
def test_fetch_options_that_iris_lacks_are_refused(option: str) -> None:
    statement = sa.select(author.c.id).order_by(author.c.id).fetch(3, **{option: True})
    for version in ((2025, 1), (2024, 1)):
        with pytest.raises(UnsupportedError, match="PERCENT"):
            text(statement, "fetch-first", version=version)


def test_delete_without_where_keeps_its_checks() -> None:
    assert text(sa.delete(book)) == "DELETE %NOCHECK FROM book"
    assert text(sa.delete(book), "checked-deletes") == "DELETE FROM book"
    assert text(sa.delete(author), "checked-deletes") == "DELETE FROM author"


def test_emptying_a_table_that_only_refers_to_itself_needs_no_checks() -> None:
    assert text(sa.delete(tree), "checked-deletes") == "DELETE %NOCHECK FROM tree"
    assert (
        text(sa.delete(tree).where(tree.c.id == 1), "checked-deletes") == "DELETE FROM tree WHERE tree.id = ?"
    )


def test_a_self_referencing_table_that_others_refer_to_keeps_its_checks() -> None:
    shared = sa.MetaData()
    node = sa.Table(
        "node",
        shared,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("up", sa.ForeignKey("node.id")),
    )
    sa.Table(
        "leaf", shared, sa.Column("node_id", sa.ForeignKey("node.id")), sa.Column("x", sa.ForeignKey("no.id"))
    )
    assert text(sa.delete(node), "checked-deletes") == "DELETE FROM node"


def test_json_columns_are_long_text() -> None:
    with pytest.raises(sa.exc.CompileError):
        column_type(sa.JSON())
    assert column_type(sa.JSON(), "json-columns") == "VARCHAR(65535)"


def test_uuid_columns_are_text_of_32_digits() -> None:
    assert column_type(sa.Uuid(), "uuid-columns") == "VARCHAR(32)"
    assert column_type(sa.UUID(), "uuid-columns") == "UNIQUEIDENTIFIER"


@pytest.mark.skipif(sa.__version__.startswith("2.0"), reason="SQLAlchemy 2.1 brought the fault")
def test_uuid_columns_cannot_be_compiled_without_the_repair() -> None:
    with pytest.raises(TypeError):
        column_type(sa.Uuid())


@pytest.mark.parametrize("type_", [sa.String(), sa.Unicode(), sa.NVARCHAR()])
def test_a_string_without_length_holds_more_than_one_character(type_: sa.String) -> None:
    assert column_type(type_) in ("VARCHAR", "NVARCHAR")
    assert column_type(type_, "unsized-strings") == "VARCHAR(65535)"
    assert column_type(sa.String(9), "unsized-strings") == "VARCHAR(9)"


def test_a_cast_to_text_is_not_cut_to_30_characters() -> None:
    assert "CAST(author.id AS VARCHAR)" in text(sa.select(sa.cast(author.c.id, sa.String)))
    repaired = text(sa.select(sa.case((author.c.id == 1, "x"), else_="y")), "unsized-strings")
    assert repaired.count("CAST(? AS VARCHAR(65535))") == 2


def identity_table(*columns: sa.Column[int]) -> sa.schema.CreateTable:
    return sa.schema.CreateTable(sa.Table("t", sa.MetaData(), *columns))


def test_identity_is_written_for_a_column_that_is_not_the_key() -> None:
    def create() -> sa.schema.CreateTable:
        return identity_table(
            sa.Column("code", sa.String(3), primary_key=True),
            sa.Column("n", sa.Integer, sa.Identity(), comment="count"),
        )

    assert "n INTEGER NOT NULL %DESCRIPTION 'count'" in text(create())
    assert "n IDENTITY NOT NULL %DESCRIPTION 'count'" in text(create(), "identity-columns")


def test_identity_of_the_key_stays_as_it_was() -> None:
    key = sa.Column("id", sa.Integer, sa.Identity(always=True, start=1), primary_key=True)
    assert "( id IDENTITY NOT NULL, PRIMARY KEY (id) )" in text(identity_table(key), "identity-columns")


@pytest.mark.parametrize("options", [{"start": 5}, {"increment": 2}, {"maxvalue": 9}, {"cycle": True}])
def test_identity_options_that_iris_lacks_are_refused(options: dict[str, int]) -> None:
    key = sa.Column("id", sa.Integer, sa.Identity(**options), primary_key=True)
    with pytest.raises(UnsupportedError, match=f"IRIS has no {next(iter(options))} for an identity column"):
        text(identity_table(key), "identity-columns")
