"""pandas through the engine, and reflection of a large schema."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from iris_devtools import create_engine
from iris_devtools.admin import Admin

TABLES = 200


@pytest.fixture
def engine(standin: Any, unique: str) -> Iterator[sa.Engine]:
    namespace = f"PANDAS{unique}".upper()
    with Admin.connect(standin.server) as admin:
        admin.create_namespace(namespace)
    engine = create_engine(standin.url_of(namespace))
    yield engine
    engine.dispose()
    with Admin.connect(standin.server) as admin:
        admin.drop_namespace(namespace, terminate=True)


@pytest.mark.parametrize("method", [None, "multi"])
def test_a_data_frame_goes_there_and_back(engine: sa.Engine, method: str | None) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {
            "number": range(500),
            "share": [n / 7 for n in range(500)],
            "name": [f"name {n}" if n % 3 else None for n in range(500)],
            "born": pandas.date_range("2020-01-01", periods=500, freq="D"),
        }
    )
    types = {"name": sa.String(50), "born": sa.DateTime(), "share": sa.Double(), "number": sa.Integer()}

    frame.to_sql("frame", engine, index=False, dtype=types, method=method, chunksize=100)
    found = pandas.read_sql("SELECT * FROM frame ORDER BY number", engine)

    assert found["number"].tolist() == list(range(500))
    assert found["share"].tolist() == frame["share"].tolist()
    assert [name if isinstance(name, str) else None for name in found["name"]] == [
        f"name {n}" if n % 3 else None for n in range(500)
    ]
    assert pandas.to_datetime(found["born"]).tolist() == frame["born"].tolist()


def test_a_table_that_is_there_is_replaced_or_appended_to(engine: sa.Engine) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2]})

    for how in ("replace", "replace", "append"):
        frame.to_sql("again", engine, index=False, if_exists=how, dtype={"a": sa.Integer()})

    assert pandas.read_sql_table("again", engine)["a"].tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(("rows", "lengths"), [(0, [0]), (5, [2, 2, 1]), (6, [2, 2, 2])])
def test_a_query_is_read_in_chunks(engine: sa.Engine, rows: int, lengths: list[int]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": range(rows)})
    frame.to_sql("chunks", engine, index=False, dtype={"a": sa.Integer()}, chunksize=2)

    chunks = list(pandas.read_sql("SELECT a FROM chunks ORDER BY a", engine, chunksize=2))

    assert [len(chunk) for chunk in chunks] == lengths
    assert [int(value) for chunk in chunks for value in chunk["a"]] == list(range(rows))


def test_a_query_with_parameters_is_read(engine: sa.Engine) -> None:
    pandas = pytest.importorskip("pandas")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE money (id INTEGER PRIMARY KEY, amount NUMERIC(10, 2))")
        connection.execute(
            sa.text("INSERT INTO money (id, amount) VALUES (:id, :amount)"),
            [{"id": n, "amount": Decimal(n) / 4} for n in range(100)],
        )

    found = pandas.read_sql(
        sa.text("SELECT id, amount FROM money WHERE id >= :least ORDER BY id"), engine, params={"least": 10}
    )

    assert found["id"].tolist() == list(range(10, 100))
    assert [Decimal(str(value)) for value in found["amount"]] == [Decimal(n) / 4 for n in range(10, 100)]


def test_two_hundred_tables_are_reflected_whole(engine: sa.Engine) -> None:
    metadata = sa.MetaData()
    for n in range(TABLES):
        sa.Table(
            f"t{n:03}",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("name", sa.String(30), nullable=False, unique=True),
            sa.Column("amount", sa.Numeric(10, 2)),
            sa.Column("parent", sa.Integer, sa.ForeignKey(f"t{n - 1:03}.id") if n else None, index=True),
        )
    metadata.create_all(engine)
    statements = []
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))

    found = sa.MetaData()
    found.reflect(engine)

    assert sorted(found.tables) == sorted(metadata.tables)
    assert [key.target_fullname for key in found.tables["t007"].foreign_keys] == ["t006.id"]
    assert {column.name for table in found.tables.values() for column in table.columns} == {
        "id",
        "name",
        "amount",
        "parent",
    }
    # Definitions come in a few queries for all tables; the dialect asks three small things for each.
    assert len(statements) < 4 * TABLES
