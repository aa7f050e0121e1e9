"""Pages of all kinds of statement: the same rows with LIMIT as with TOP and row numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    aliased,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)

from iris_devtools.engine import create_engine


class Base(DeclarativeBase):
    pass


class Person(Base):
    __tablename__ = "page_person"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    team: Mapped[int]
    notes: Mapped[list[Note]] = relationship(order_by="Note.id", back_populates="person")


class Note(Base):
    __tablename__ = "page_note"
    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("page_person.id"))
    text: Mapped[str]
    person: Mapped[Person] = relationship(back_populates="notes")


def people() -> list[Person]:
    return [
        Person(
            name=f"n{(number * 7) % 30:02}",
            team=number % 4,
            notes=[Note(text=f"t{number}{turn}") for turn in range(number % 3)],
        )
        for number in range(30)
    ]


@pytest.fixture(scope="module")
def modern(standin: Any) -> Iterator[sa.Engine]:
    engine = create_engine(standin.server.url("USER"))
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(people())
        session.commit()
    yield engine
    Base.metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def legacy(standin: Any, modern: sa.Engine) -> Iterator[sa.Engine]:
    """An engine that writes its statements as for IRIS 2024.1."""
    engine = create_engine(standin.server.url("USER"))
    with engine.connect():
        engine.dialect.supports_modern_pagination = False  # type: ignore[attr-defined]
        engine.dialect.server_version_info = (2024, 1)  # type: ignore[attr-defined]
    yield engine
    engine.dispose()


Other = aliased(Person)
doubled = (Person.id * 2).label("doubled")
busiest = (
    sa.select(Note.person_id, sa.func.count().label("n"))
    .group_by(Note.person_id)
    .order_by(sa.func.count().desc(), Note.person_id)
    .limit(3)
    .offset(1)
    .subquery()
)
everything = sa.union_all(sa.select(Person.id), sa.select(Note.id)).subquery()
first_names = sa.select(Person.name).order_by(Person.name).limit(3).cte("first_names")
last_note = sa.select(Note.text).where(Note.person_id == Person.id).order_by(Note.id.desc()).limit(1)

PAGES: dict[str, tuple[sa.Select[Any], list[tuple[Any, ...]]]] = {
    "column": (sa.select(Person.name).order_by(Person.name).limit(2).offset(3), [("n03",), ("n04",)]),
    "descending": (sa.select(Person.name).order_by(Person.name.desc()).limit(2), [("n29",), ("n28",)]),
    "two terms": (
        sa.select(Person.id).order_by(Person.team.desc(), Person.name).limit(4).offset(3),
        [(16,), (12,), (8,), (4,)],
    ),
    "name of a label": (
        sa.select(Person.id.label("x"), Person.name).order_by("x").limit(2).offset(2),
        [(3, "n14"), (4, "n21")],
    ),
    "name of a label, descending": (
        sa.select(Person.id.label("x")).order_by(sa.desc("x")).limit(2).offset(2),
        [(28,), (27,)],
    ),
    "label of an expression": (
        sa.select(doubled).order_by(doubled.desc()).limit(2).offset(2),
        [(56,), (54,)],
    ),
    "expression": (
        sa.select(Person.id).order_by(sa.case((Person.team == 2, 0), else_=1), Person.id).limit(3).offset(6),
        [(27,), (1,), (2,)],
    ),
    "text": (sa.select(Person.id).order_by(sa.text("name desc")).limit(2).offset(1), [(5,), (22,)]),
    "distinct": (
        sa.select(Person.team).distinct().order_by(Person.team.desc()).limit(2).offset(1),
        [(2,), (1,)],
    ),
    "distinct text": (
        sa.select(Person.name).distinct().order_by(Person.name.desc()).limit(2).offset(1),
        [("n28",), ("n27",)],
    ),
    "distinct expression": (
        sa.select(Person.team).distinct().order_by(Person.team * -1).limit(3).offset(1),
        [(2,), (1,), (0,)],
    ),
    "groups": (
        sa.select(Person.team, sa.func.count())
        .group_by(Person.team)
        .order_by(Person.team.desc())
        .limit(2)
        .offset(1),
        [(2, 7), (1, 8)],
    ),
    "groups by an aggregate": (
        sa.select(Person.team)
        .group_by(Person.team)
        .order_by(sa.func.max(Person.id).desc())
        .limit(2)
        .offset(1),
        [(0,), (3,)],
    ),
    "join with two columns of one name": (
        sa.select(Person.id, Note.id).join(Note).order_by(Note.id * -1).limit(2).offset(1),
        [(30, 29), (29, 28)],
    ),
    "alias": (
        sa.select(Other.name, Person.name).join(Person, Person.id == Other.id).order_by(Other.name).limit(1),
        [("n00", "n00")],
    ),
    "bound limit": (
        sa.select(Person.id).order_by(Person.id).limit(sa.bindparam("n", 2, type_=sa.Integer)).offset(2),
        [(3,), (4,)],
    ),
    "offset alone": (sa.select(Person.id).order_by(Person.id.desc()).offset(28), [(2,), (1,)]),
    "subquery": (sa.select(busiest).order_by(busiest.c.person_id), [(6, 2), (9, 2), (12, 2)]),
    "cte": (
        sa.select(first_names.c.name).order_by(first_names.c.name.desc()),
        [("n02",), ("n01",), ("n00",)],
    ),
    "in": (
        sa.select(Person.id)
        .where(Person.id.in_(sa.select(Note.person_id).order_by(Note.id.desc()).limit(4).offset(2)))
        .order_by(Person.id),
        [(26,), (27,), (29,)],
    ),
    "correlated": (
        sa.select(Person.id, last_note.scalar_subquery()).order_by(Person.id).limit(3),
        [(1, None), (2, "t10"), (3, "t21")],
    ),
    "union in a subquery": (
        sa.select(everything.c.id).order_by(everything.c.id.desc()).limit(3).offset(1),
        [(30,), (29,), (29,)],
    ),
    "no order": (
        sa.select(sa.func.count()).select_from(sa.select(Person.id).limit(7).offset(2).subquery()),
        [(7,)],
    ),
}


@pytest.mark.parametrize("version", ["modern", "legacy"])
@pytest.mark.parametrize("kind", PAGES)
def test_a_page_holds_the_right_rows_in_order(
    kind: str, version: str, request: pytest.FixtureRequest
) -> None:
    statement, expected = PAGES[kind]
    engine: sa.Engine = request.getfixturevalue(version)
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(statement)] == expected


@pytest.mark.parametrize("version", ["modern", "legacy"])
@pytest.mark.parametrize("load", [joinedload, selectinload, subqueryload])
def test_related_rows_are_loaded_for_the_page_only(
    load: Callable[..., Any], version: str, request: pytest.FixtureRequest
) -> None:
    page = sa.select(Person).options(load(Person.notes)).order_by(Person.name.desc()).limit(3).offset(1)
    with Session(request.getfixturevalue(version)) as session:
        found = session.scalars(page).unique().all()
        assert [(person.name, [note.text for note in person.notes]) for person in found] == [
            ("n28", ["t40"]),
            ("n27", []),
            ("n26", ["t80", "t81"]),
        ]


@pytest.mark.parametrize("version", ["modern", "legacy"])
def test_the_queries_of_the_orm_are_paged(version: str, request: pytest.FixtureRequest) -> None:
    with Session(request.getfixturevalue(version)) as session:
        query = session.query(Person).order_by(Person.name)
        first = query.first()
        assert first is not None and first.name == "n00"
        assert query.limit(4).count() == 4
        assert [person.name for person in query[2:4]] == ["n02", "n03"]
