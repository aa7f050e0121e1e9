"""On a database that others use, tests touch no row but their own, and take those away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.orm.exc import StaleDataError

from iris_devtools.admin import Admin
from iris_devtools.engine import create_engine
from iris_devtools.errors import UnsupportedError
from iris_devtools.testing.tagging import LeftoverRowsError, TaggedData


class Base(DeclarativeBase):
    pass


class Owner(Base):
    __tablename__ = "owner_tagged"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    test_run_id: Mapped[str | None] = mapped_column(String(40))


class Pet(Base):
    __tablename__ = "pet_tagged"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("owner_tagged.id"))
    test_run_id: Mapped[str | None] = mapped_column(String(40))
    owner: Mapped[Owner] = relationship()


plain = Table("plain_untagged", MetaData(), Column("x", Integer, primary_key=True, autoincrement=False))


@pytest.fixture(scope="module")
def shared(standin: Any) -> Iterator[Engine]:
    """A namespace with rows of other people."""
    with Admin.connect(standin.server) as admin:
        admin.create_namespace("TAGGED")
        engine = create_engine(standin.server.url("TAGGED"))
        Base.metadata.create_all(engine)
        plain.metadata.create_all(engine)
        with Session(engine) as session:
            session.add_all([Owner(name="theirs"), Owner(name="also theirs", test_run_id="somebody")])
            session.commit()
        yield engine
        engine.dispose()
        admin.drop_namespace("TAGGED", terminate=True)


@pytest.fixture
def engine(shared: Engine) -> Iterator[Engine]:
    """The engine of a test; what it makes is gone afterwards, and what others have is as it was."""
    mine = create_engine(shared.url)
    before = names(shared)
    yield mine
    mine.dispose()
    assert names(shared) == before


def names(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return [
            tuple(row) for row in connection.execute(select(Owner.name, Owner.test_run_id).order_by(Owner.id))
        ]


def test_rows_get_the_mark_however_they_are_made_and_go(engine: Engine) -> None:
    with TaggedData(engine, run_id="mine") as data:
        with Session(engine) as session:
            owner = Owner(name="orm")
            session.add_all([owner, Pet(owner=owner), Owner(name="orm 2")])
            session.flush()
            session.execute(insert(Owner).values(name="orm insert"))
            session.commit()
        with engine.begin() as connection:
            table = Owner.__table__
            connection.execute(table.insert().values(name="values"))
            connection.execute(table.insert(), {"name": "parameters"})
            connection.execute(table.insert(), [{"name": "many"}, {"name": "more"}])
        assert data.rows() == {"owner_tagged": 7, "pet_tagged": 1}
        assert data.clean() == {"owner_tagged": 7, "pet_tagged": 1}
        assert data.rows() == {}


def test_rows_of_others_are_neither_changed_nor_deleted(engine: Engine) -> None:
    with TaggedData(engine), Session(engine) as session:
        session.add(Owner(name="mine"))
        session.flush()
        session.execute(Owner.__table__.update().values(name="changed"))
        assert session.scalars(select(Owner.name).order_by(Owner.id)).all() == [
            "theirs",
            "also theirs",
            "changed",
        ]
        session.execute(Owner.__table__.delete())
        session.commit()
        assert session.scalar(select(func.count()).select_from(Owner)) == 2


def test_the_orm_notices_that_a_row_is_not_ours(engine: Engine) -> None:
    with TaggedData(engine), Session(engine) as session:
        theirs = session.scalars(select(Owner).where(Owner.name == "theirs")).one()
        theirs.name = "mine now"
        with pytest.raises(StaleDataError):
            session.flush()


@pytest.mark.parametrize(
    "statement",
    [
        text("DELETE FROM owner_tagged"),
        text("UPDATE owner_tagged SET name = 'x'"),
        plain.insert().values(x=1),
        plain.delete(),
        Owner.__table__.insert().values(name="x", test_run_id="somebody"),
        Owner.__table__.update().values(test_run_id=None),
        Owner.__table__.insert().from_select(["name"], select(Owner.name)),
    ],
    ids=str,
)
def test_what_cannot_be_held_to_the_mark_is_refused(engine: Engine, statement: Any) -> None:
    refused = pytest.raises(UnsupportedError, match="Refused on a database that others use")
    with TaggedData(engine), engine.connect() as connection, refused:
        connection.execute(statement)


def test_neither_the_schema_nor_text_for_the_driver_gets_through(engine: Engine) -> None:
    with TaggedData(engine), engine.connect() as connection:
        with pytest.raises(UnsupportedError, match="it changes the schema"):
            plain.drop(connection)
        with pytest.raises(UnsupportedError, match="may only read"):
            connection.exec_driver_sql("DELETE FROM owner_tagged")
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM owner_tagged").scalar() == 2
        assert connection.scalar(text("SELECT COUNT(*) FROM owner_tagged")) == 2
        with connection.begin_nested():
            connection.execute(Owner.__table__.insert().values(name="in a savepoint"))


def test_rows_that_cannot_be_deleted_are_reported(engine: Engine, shared: Engine) -> None:
    data = TaggedData(engine, run_id="held").open()
    with engine.begin() as connection:
        connection.execute(Owner.__table__.insert().values(name="held"))
    with shared.begin() as connection:
        owner = connection.scalar(select(Owner.id).where(Owner.name == "held"))
        connection.execute(Pet.__table__.insert().values(owner_id=owner))
    try:
        with pytest.raises(LeftoverRowsError, match="Rows of held are left in TAGGED: owner_tagged: 1 "):
            data.close()
    finally:
        with shared.begin() as connection:
            connection.execute(Pet.__table__.delete().where(Pet.owner_id == owner))
            connection.execute(Owner.__table__.delete().where(Owner.id == owner))


def test_the_guard_ends_with_the_block(engine: Engine) -> None:
    with TaggedData(engine):
        pass
    with engine.begin() as connection:
        connection.execute(plain.insert().values(x=1))
        connection.execute(plain.delete())


def test_a_database_without_the_column_is_refused(engine: Engine) -> None:
    with pytest.raises(UnsupportedError, match="has a column no_such"):
        TaggedData(engine, column="no_such").open()
