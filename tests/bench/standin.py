"""What the stand-in costs: as ratios to SQLAlchemy on SQLite in the same process, and to a server that
answers the same driver from memory.

All sides of a ratio are measured in turns in one run; the ratio is that of the medians. One figure has a
limit: a statement that was run before may cost twice what it costs SQLite, and one round trip.
``python -m tests.bench standin [--rounds N]``
"""

from __future__ import annotations

import argparse
import contextlib
import sqlite3
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

TRIPS = 1000
REFILLED = 20_000
ONE = "SELECT name FROM bench WHERE id = ?"
Work = Callable[[], None]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench standin")
    parser.add_argument("--rounds", type=int, default=3, help="how often each work is measured")
    rounds = parser.parse_known_args()[0].rounds
    with tempfile.TemporaryDirectory() as place, start_standin(data=Path(place) / "data") as standin:
        url = standin.server.url("USER").render(hide_password=False)
        _engines(create_engine(url), sa.create_engine(f"sqlite:///{place}/bench.db"), rounds)
        with _memory() as port:
            _drivers(standin.server.port, port, rounds)
            _repeated(standin.server.port, port, Path(place) / "bench.db", rounds)


def _engines(standin: sa.Engine, sqlite: sa.Engine, rounds: int) -> None:
    table = sa.table("bench", *(sa.column(name) for name in ("id", "share", "name", "noted", "note")))
    one = sa.select(table.c.name).where(table.c.id == sa.bindparam("wanted"))
    works: list[dict[str, Work]] = []
    for engine in (standin, sqlite):
        with engine.begin() as connection:
            connection.exec_driver_sql(CREATE)
        works.append(
            {
                f"SQLAlchemy: insert {REFILLED // 1000}k x 5": lambda e=engine: _insert(e, table, REFILLED),
                "SQLAlchemy: insert 100k x 5": lambda e=engine: _insert(e, table, COUNT),
                "SQLAlchemy: fetch 100k x 5": lambda e=engine: _fetch(e, table),
                f"SQLAlchemy: {TRIPS} statements": lambda e=engine: _trips(e, one),
            }
        )
    print(f"\n{'':34}{'stand-in':>10}{'SQLite':>10}{'ratio':>8}{'per s':>10}")
    _compare(*works, rounds=rounds)
    for engine in (standin, sqlite):
        engine.dispose()


def _insert(engine: sa.Engine, table: Any, count: int) -> None:
    with engine.begin() as connection:
        connection.execute(table.delete())
        connection.exec_driver_sql(FILL, ROWS[:count])


def _fetch(engine: sa.Engine, table: Any) -> None:
    with engine.connect() as connection:
        assert len(connection.execute(sa.select(table)).all()) == COUNT


def _trips(engine: sa.Engine, one: Any) -> None:
    with engine.connect() as connection:
        for n in range(TRIPS):
            assert connection.execute(one, {"wanted": n}).scalar() is not None


def _drivers(standin: int, memory: int, rounds: int) -> None:
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
    _compare(*works, rounds=rounds)


def _driver_insert(cursor: Any) -> None:
    cursor.execute("DELETE FROM bench")
    cursor.executemany(FILL, ROWS)


def _driver_fetch(cursor: Any) -> None:
    cursor.execute("SELECT id, share, name, noted, note FROM bench")
    assert len([tuple(row) for row in cursor.fetchall()]) == COUNT


def _driver_trips(cursor: Any) -> None:
    for n in range(TRIPS):
        cursor.execute(ONE, [n])
        assert cursor.fetchone() is not None


def _repeated(standin: int, memory: int, file: Path, rounds: int) -> None:
    """Compare a statement that was run before with its limit: twice its SQLite time and one round trip."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        cursors = [
            iris.connect("127.0.0.1", port, "USER", "_SYSTEM", "SYS").cursor() for port in (standin, memory)
        ]
        ours, trip, sqlite = (
            seconds / TRIPS * 1e6
            for seconds in _medians(
                [lambda c=c: _driver_trips(c) for c in cursors] + [lambda: _sqlite_trips(connection)],
                rounds=rounds,
            )
        )
    limit = 2 * sqlite + trip
    print(f"\n{'':34}{'stand-in':>10}{'SQLite':>10}{'trip':>10}{'limit':>10}")
    figures = "".join(f"{figure:>7.0f} us" for figure in (ours, sqlite, trip, limit))
    print(f"{'one statement, run before':34}{figures}{'' if ours <= limit else '  over'}")


def _sqlite_trips(connection: sqlite3.Connection) -> None:
    for n in range(TRIPS):
        assert connection.execute(ONE, [n]).fetchone() is not None


def _compare(ours: dict[str, Work], others: dict[str, Work], *, rounds: int) -> None:
    for name in ours:
        one, other = _medians([ours[name], others[name]], rounds=rounds)
        count = TRIPS if "statements" in name else REFILLED if f"{REFILLED // 1000}k" in name else COUNT
        print(
            f"{name:34}{one * 1e3:>7.0f} ms{other * 1e3:>7.0f} ms{one / other:>8.2f}{count / one:>10.0f}",
            flush=True,
        )


def _medians(works: list[Work], *, rounds: int) -> list[float]:
    """Return the median seconds of each work, done in turns; the first round warms up."""
    seconds: list[list[float]] = [[] for _ in works]
    for number in range(rounds + 1):
        for taken, work in zip(seconds, works, strict=True):
            started = time.perf_counter()
            work()
            if number:
                taken.append(time.perf_counter() - started)
    return [statistics.median(taken) for taken in seconds]


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
