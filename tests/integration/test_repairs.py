"""The repairs against a running server: the fault without the repair, the cure with it."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.orm.exc import FlushError, StaleDataError

from iris_devtools.engine import create_engine
from iris_devtools.errors import UnsupportedError

Make = Callable[[Any], sa.Engine]


@pytest.fixture
def make(standin: Any) -> Iterator[Make]:
    """Make an engine with the given repairs and no others."""
    made: list[sa.Engine] = []

    def make(repairs: Any) -> sa.Engine:
        # Every connection takes one of few places on the server.
        engine = create_engine(standin.server.url("USER"), repairs=repairs, poolclass=sa.NullPool)
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.dispose()


@pytest.fixture
def table(make: Make, unique: str) -> Iterator[sa.Table]:
    """A table of 150 rows, whose order by name is not the order of the rows."""
    table = sa.Table(
        f"repair_{unique}",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(20)),
    )
    engine = make("all")
    table.create(engine)
    with engine.begin() as connection:
        rows = [{"id": number, "name": f"Name {(number * 7) % 150:03}"} for number in range(1, 151)]
        connection.execute(table.insert(), rows)
    yield table
    table.drop(engine)


def fetch(engine: sa.Engine, statement: sa.sql.Executable) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) if len(row) > 1 else row[0] for row in connection.execute(statement)]


def names(*numbers: int) -> list[str]:
    return [f"Name {number:03}" for number in numbers]


def test_a_page_is_ordered(make: Make, table: sa.Table) -> None:
    first = sa.select(table.c.name).order_by(table.c.name).limit(3)
    assert fetch(make("none"), first) != names(0, 1, 2)
    page = sa.select(table.c.name).order_by(table.c.name).limit(3)
    assert fetch(make("ordered-pages"), page) == names(0, 1, 2)
    assert fetch(make("ordered-pages"), page.offset(3)) == names(3, 4, 5)
    assert fetch(make("ordered-pages"), page.order_by(None).order_by(table.c.name.desc())) == names(
        149, 148, 147
    )


def test_offset_alone_returns_all_the_rest(make: Make, table: sa.Table) -> None:
    assert len(fetch(make("none"), sa.select(table.c.id).offset(10))) == 100
    assert len(fetch(make("ordered-pages"), sa.select(table.c.id).offset(10))) == 140


def test_a_column_that_orders_keeps_its_name(make: Make, table: sa.Table) -> None:
    for repairs, found in (("none", f"{table.name}_name"), ("ordered-pages", "name")):
        with make(repairs).connect() as connection:
            row = connection.execute(sa.select(table.c.name).order_by(table.c.name)).first()
            assert row is not None and list(row._mapping) == [found]


def test_a_subquery_takes_its_own_page(make: Make, table: sa.Table) -> None:
    inner = sa.select(table.c.id, table.c.name).order_by(table.c.name).limit(4).subquery()
    outer = sa.select(inner.c.name).order_by(inner.c.name.desc())
    assert fetch(make("ordered-pages"), outer) == names(3, 2, 1, 0)
    inner = sa.select(table.c.id, table.c.name).order_by(table.c.name).limit(4).offset(2).subquery()
    outer = sa.select(inner.c.name).order_by(inner.c.name.desc())
    assert fetch(make("ordered-pages"), outer) == names(5, 4, 3, 2)


def test_a_page_of_a_union_is_ordered(make: Make, table: sa.Table) -> None:
    legs = (sa.select(table.c.id).where(table.c.id > 140), sa.select(table.c.id).where(table.c.id < 10))
    union = sa.union_all(*legs).order_by("id").limit(3)
    assert fetch(make("ordered-pages"), union) == [1, 2, 3]


def test_fetch_is_a_page_and_not_the_end_of_the_process(make: Make, table: sa.Table) -> None:
    page = sa.select(table.c.name).order_by(table.c.name).fetch(2).offset(1)
    assert fetch(make("all"), page) == names(1, 2)


def test_fetch_first_crashes_the_process_without_the_repair(run_python: Any, standin: Any) -> None:
    result = run_python(
        """
        import sys
        import sqlalchemy as sa
        from iris_devtools.engine import create_engine

        engine = create_engine(sys.argv[1], repairs="none")
        with engine.connect() as connection:
            connection.execute(sa.text("SELECT 1 FETCH FIRST 1 ROWS ONLY"))
        """,
        standin.url,
    )
    assert result.returncode < 0, "the driver is cured: narrow the repair's range"


@pytest.mark.parametrize("how", ["text", "driver", "no_parameters"])
def test_fetch_first_in_text_is_refused_and_the_connection_goes_on(make: Make, how: str) -> None:
    statement = "SELECT 1 FETCH NEXT 1 ROWS ONLY"
    with make("fetch-first").connect() as connection:
        with pytest.raises(UnsupportedError, match="FETCH FIRST and FETCH NEXT crash"):
            if how == "text":
                connection.execute(sa.text(statement))
            elif how == "driver":
                connection.exec_driver_sql(statement)
            else:
                connection.execution_options(no_parameters=True).exec_driver_sql(statement)
        assert connection.scalar(sa.text("SELECT 'FETCH FIRST'")) == "FETCH FIRST"


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "repair_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    tag: Mapped[uuid.UUID | None]
    data: Mapped[dict[str, Any] | None] = mapped_column(sa.JSON)
    version: Mapped[int] = mapped_column(default=1)
    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


@pytest.fixture
def notes(make: Make) -> Iterator[type[Note]]:
    engine = make("all")
    Base.metadata.create_all(engine)
    yield Note
    Base.metadata.drop_all(engine)


def test_several_new_rows_are_flushed_at_once(make: Make, notes: type[Note]) -> None:
    with Session(make("-batch-inserts")) as session, pytest.raises(FlushError, match="NULL identity key"):
        session.add_all([notes(text="a"), notes(text="b")])
        session.flush()
    with Session(make("all")) as session:
        added = [notes(text=text) for text in "abc"]
        session.add_all(added)
        session.commit()
        assert [session.get_one(notes, note.id).text for note in added] == ["a", "b", "c"]
        assert len({note.id for note in added}) == 3


def test_text_uuid_and_json_come_back_as_they_were(make: Make, notes: type[Note]) -> None:
    tag, data = uuid.uuid4(), {"a": [1, 2.5, None, "ä"], "b": {"c": True}}
    with Session(make("all")) as session:
        note = notes(text="more than one character", tag=tag, data=data)
        session.add(note)
        session.commit()
        session.expire_all()
        assert (note.text, note.tag, note.data) == ("more than one character", tag, data)
        found = sa.select(notes.id).where(notes.tag == tag)
        assert session.scalars(found).all() == [note.id]
        raw = session.scalar(sa.select(sa.type_coerce(notes.data, sa.String)))
        assert json.loads(raw) == data


def test_a_string_without_length_holds_one_character_without_the_repair(make: Make, unique: str) -> None:
    engine = make("none")
    table = sa.Table(f"one_{unique}", sa.MetaData(), sa.Column("c", sa.String))
    table.create(engine)
    with engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="SQLCODE: <-104>"):
        connection.execute(table.insert(), {"c": "two"})
    table.drop(engine)


def test_a_case_of_text_is_not_cut(make: Make) -> None:
    long = "x" * 50
    statement = sa.select(sa.case((sa.literal(1) == 1, long), else_="no"))
    assert fetch(make("none"), statement) == [long[:30]]
    assert fetch(make("unsized-strings"), statement) == [long]


def test_a_concurrent_update_is_noticed(make: Make, notes: type[Note]) -> None:
    engine = make("all")
    with Session(engine) as first:
        note = notes(text="mine")
        first.add(note)
        first.commit()
        assert (note.version, note.text) == (1, "mine")
        with Session(engine) as second:
            second.get_one(notes, note.id).text = "theirs"
            second.commit()
        note.text = "mine again"
        with pytest.raises(StaleDataError):
            first.commit()


def test_row_counts_of_update_and_delete_are_right(make: Make, table: sa.Table) -> None:
    with make("row-counts").connect() as connection:
        assert connection.execute(table.update().where(table.c.id <= 7).values(name="x")).rowcount == 7
        assert connection.execute(table.update().where(table.c.id <= 7).values(name="x")).rowcount == 7
        assert connection.execute(table.update().where(table.c.id < 0).values(name="x")).rowcount == 0
        assert connection.execute(table.delete().where(table.c.id > 140)).rowcount == 10


def test_deleting_all_rows_that_others_refer_to_fails(make: Make, unique: str) -> None:
    metadata = sa.MetaData()
    a = sa.Table(f"a_{unique}", metadata, sa.Column("id", sa.Integer, primary_key=True))
    b = sa.Table(
        f"b_{unique}",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("a_id", sa.ForeignKey(a.c.id)),
    )
    c = sa.Table(
        f"c_{unique}",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("b_id", sa.ForeignKey(b.c.id)),
    )
    engine = make("all")
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(a.insert(), {"id": 1})
        connection.execute(b.insert(), {"id": 1, "a_id": 1})
        connection.execute(c.insert(), {"id": 1, "b_id": 1})
    with make("none").connect() as connection:
        connection.execute(b.delete())
        orphans = sa.select(sa.func.count()).select_from(c)
        assert connection.scalar(orphans) == 1
        connection.rollback()
    with make("checked-deletes").connect() as connection, pytest.raises(sa.exc.IntegrityError, match="-124"):
        connection.execute(b.delete())
    metadata.drop_all(engine)


def test_an_identity_column_counts_beside_a_key_of_ones_own(make: Make, unique: str) -> None:
    engine = make("all")
    table = sa.Table(
        f"counted_{unique}",
        sa.MetaData(),
        sa.Column("code", sa.String(5), primary_key=True),
        sa.Column("number", sa.Integer, sa.Identity()),
    )
    table.create(engine)
    with engine.begin() as connection:
        for code in ("a", "b"):
            connection.execute(table.insert(), {"code": code})
        assert connection.execute(sa.select(table.c.number).order_by(table.c.number)).scalars().all() == [
            1,
            2,
        ]
    table.drop(engine)


def test_savepoints_are_undone_one_by_one(make: Make, table: sa.Table) -> None:
    with make("all").connect() as connection:
        connection.execute(table.insert(), {"id": 1001, "name": "outer"})
        with pytest.raises(ZeroDivisionError), connection.begin_nested():
            connection.execute(table.insert(), {"id": 1002, "name": "lost"})
            _ = 1 / 0
        with connection.begin_nested():
            connection.execute(table.insert(), {"id": 1003, "name": "kept"})
        found = sa.select(table.c.id).where(table.c.id > 1000).order_by(table.c.id)
        assert connection.scalars(found).all() == [1001, 1003]
        connection.rollback()
        assert connection.scalars(found).all() == []


def test_a_rolled_back_savepoint_gives_its_level_back(make: Make, table: sa.Table) -> None:
    with make("all").connect() as connection:
        connection.execute(table.insert(), {"id": 1001, "name": "outer"})
        for _ in range(300):
            connection.begin_nested().rollback()
        assert connection.scalar(sa.text("SELECT $TLEVEL")) == 1


def test_the_limit_of_savepoints_is_told_plainly(make: Make, table: sa.Table) -> None:
    def exhaust(connection: sa.Connection) -> None:
        for _ in range(300):
            connection.begin_nested().commit()

    with make("none").connect() as connection, pytest.raises(sa.exc.DBAPIError, match="TRANSACTION LEVEL"):
        exhaust(connection)
    with make("savepoint-limit").connect() as connection:
        with pytest.raises(UnsupportedError, match="holds 255 savepoints"):
            exhaust(connection)
        connection.rollback()
        assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 150


def test_a_result_that_is_fetched_in_pieces_ends(make: Make, table: sa.Table) -> None:
    def pieces(connection: sa.Connection) -> list[int]:
        result = connection.execute(sa.select(table.c.id))
        return [len(result.fetchmany(60)) for _ in range(4)]

    with make("none").connect() as connection, pytest.raises(TypeError):
        pieces(connection)
    with make("ended-results").connect() as connection:
        assert pieces(connection) == [60, 60, 30, 0]


def test_a_numeric_is_a_decimal_whatever_the_server_takes_it_for(make: Make, table: sa.Table) -> None:
    total = sa.func.sum(table.c.id, type_=sa.Numeric(12, 2))

    assert [type(value) for value in fetch(make("none"), sa.select(total))] == [int]
    (found,) = fetch(make("whole-decimals"), sa.select(total))
    assert (type(found), found) == (Decimal, Decimal(11325))
    assert fetch(make("whole-decimals"), sa.select(total).where(table.c.id < 0)) == [None]


@pytest.mark.parametrize(
    ("wanted", "kind"),
    [
        (sa.Numeric(12, 2, asdecimal=False), float),
        (sa.Float(), float),
        (sa.Float(asdecimal=True), Decimal),
        (sa.DECIMAL(12, 2), Decimal),
        (sa.NUMERIC(12, 2), Decimal),
    ],
)
def test_only_what_is_to_be_a_decimal_becomes_one(
    make: Make, table: sa.Table, wanted: Any, kind: type
) -> None:
    total = sa.select(sa.type_coerce(sa.func.sum(table.c.id), wanted))

    assert [type(value) for value in fetch(make("whole-decimals"), total)] == [kind]


@pytest.mark.parametrize("kind", [sa.Numeric, sa.NUMERIC, sa.DECIMAL])
def test_numeric_columns_are_declared_as_before(make: Make, unique: str, kind: Any) -> None:
    table = sa.Table(f"declared_{unique}", sa.MetaData(), sa.Column("amount", kind(12, 3)))

    texts = {str(sa.schema.CreateTable(table).compile(make(repairs))) for repairs in ("none", "all")}

    assert len(texts) == 1


def test_a_thread_that_connects_keeps_its_access_to_the_dictionary(make: Make) -> None:
    def disturbed(repairs: Any) -> sa.Engine:
        """An engine in which another thread begins to connect, each time that this one was granted access."""
        engine = make(repairs)
        dialect = type(engine.dialect)

        def note(self: Any, name: str, value: Any) -> None:
            dialect.__setattr__(self, name, value)
            if name == "_dictionary_access" and value:
                other = threading.Thread(target=dialect.__setattr__, args=(self, name, False))
                other.start()
                other.join()

        engine.dialect.__class__ = type("Disturbed", (dialect,), {"__setattr__": note})
        return engine

    with pytest.warns(SAWarning, match="no access to %Dictionary"), disturbed("none").connect():
        pass
    engine = disturbed("concurrent-connects")
    with engine.connect():
        seen: list[bool] = []
        reader = threading.Thread(target=lambda: seen.append(engine.dialect._dictionary_access))
        reader.start()
        reader.join()
    assert seen == [True]
