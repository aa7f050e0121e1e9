"""What the stand-in costs: as ratios to SQLAlchemy on SQLite in the same process, and to a server that
answers the same driver from memory.

All sides of a ratio are measured in turns in one run; the ratio is that of the medians.
``python -m tests.bench standin``
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import iris
import sqlalchemy as sa

from iris_devtools import create_engine
from iris_devtools.servers.standin import start_standin
from tests.bench._rows import COUNT, CREATE, FILL, ROWS

ROUNDS = 3
TRIPS = 1000
Work = Callable[[], None]


def main() -> None:
    with tempfile.TemporaryDirectory() as place, start_standin(data=Path(place) / "data") as standin:
        url = standin.server.url("USER").render(hide_password=False)
        _engines(create_engine(url), sa.create_engine(f"sqlite:///{place}/bench.db"))
        with _memory() as port:
            _drivers(standin.server.port, port)


def _engines(standin: sa.Engine, sqlite: sa.Engine) -> None:
    table = sa.table("bench", *(sa.column(name) for name in ("id", "share", "name", "noted", "note")))
    one = sa.select(table.c.name).where(table.c.id == sa.bindparam("wanted"))
    works: list[dict[str, Work]] = []
    for engine in (standin, sqlite):
        with engine.begin() as connection:
            connection.exec_driver_sql(CREATE)
        works.append(
            {
                "SQLAlchemy: insert 100k x 5": lambda e=engine: _insert(e, table),
                "SQLAlchemy: fetch 100k x 5": lambda e=engine: _fetch(e, table),
                f"SQLAlchemy: {TRIPS} statements": lambda e=engine: _trips(e, one),
            }
        )
    print(f"\n{'':34}{'stand-in':>10}{'SQLite':>10}{'ratio':>8}{'per s':>10}")
    _compare(*works)
    for engine in (standin, sqlite):
        engine.dispose()


def _insert(engine: sa.Engine, table: Any) -> None:
    with engine.begin() as connection:
        connection.execute(table.delete())
        connection.exec_driver_sql(FILL, ROWS)


def _fetch(engine: sa.Engine, table: Any) -> None:
    with engine.connect() as connection:
        assert len(connection.execute(sa.select(table)).all()) == COUNT


def _trips(engine: sa.Engine, one: Any) -> None:
    with engine.connect() as connection:
        for n in range(TRIPS):
            assert connection.execute(one, {"wanted": n}).scalar() is not None


def _drivers(standin: int, memory: int) -> None:
    works: list[dict[str, Work]] = []
    for port in (standin, memory):
        cursor = iris.connect("127.0.0.1", port, "USER", "_SYSTEM", "SYS").cursor()
        works.append(
            {
                "driver: insert 100k x 5": lambda c=cursor: _driver_insert(c),
                "driver: fetch 100k x 5": lambda c=cursor: _driver_fetch(c),
                f"driver: {TRIPS} statements": lambda c=cursor: _driver_trips(c),
            }
        )
    print(f"\n{'':34}{'stand-in':>10}{'memory':>10}{'ratio':>8}{'per s':>10}")
    _compare(*works)


def _driver_insert(cursor: Any) -> None:
    cursor.execute("DELETE FROM bench")
    cursor.executemany(FILL, ROWS)


def _driver_fetch(cursor: Any) -> None:
    cursor.execute("SELECT id, share, name, noted, note FROM bench")
    assert len([tuple(row) for row in cursor.fetchall()]) == COUNT


def _driver_trips(cursor: Any) -> None:
    for n in range(TRIPS):
        cursor.execute("SELECT name FROM bench WHERE id = ?", [n])
        assert cursor.fetchone() is not None


def _compare(ours: dict[str, Work], others: dict[str, Work]) -> None:
    for name in ours:
        seconds: tuple[list[float], list[float]] = ([], [])
        for number in range(ROUNDS + 1):
            for taken, work in zip(seconds, (ours[name], others[name]), strict=True):
                started = time.perf_counter()
                work()
                if number:  # the first round warms up
                    taken.append(time.perf_counter() - started)
        one, other = map(statistics.median, seconds)
        rate = (TRIPS if "statements" in name else COUNT) / one
        print(f"{name:34}{one * 1e3:>7.0f} ms{other * 1e3:>7.0f} ms{one / other:>8.2f}{rate:>10.0f}")


@contextlib.contextmanager
def _memory() -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench._memory"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


if __name__ == "__main__":
    main()
