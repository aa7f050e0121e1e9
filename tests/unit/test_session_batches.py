"""Batches: many sets of values for one statement, all of them or none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.instance import ClientInfo, Instance
from iris_devtools.standin.session.session import Session

ROWS = 5000


class Work:
    """A session without a client on the wire."""

    def __init__(self, instance: Instance) -> None:
        self.session = Session(instance, hang_up=lambda: None)
        self.session.enter("_SYSTEM", namespace="USER", client=ClientInfo())
        self.session.set_autocommit(on=False)

    def run(self, text: str, *sets: list[Any]) -> list[int]:
        markers = ("?",) * (len(sets[0]) if sets else 0)
        return list(self.session.update(self.session.prepare(text, markers), sets or [[]]))

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.session.query(self.session.prepare(text, ()), [])]


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Work]:
    with Instance(tmp_path) as instance:
        work = Work(instance)
        yield work
        work.session.close()


def _sets() -> list[list[Any]]:
    return [[n, f"a name that takes some room {n}"] for n in range(ROWS)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_batch_into_freed_pages_does_not_walk_a_log_in_memory_after_each_row(work: Work) -> None:
    work.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40))")
    work.run("INSERT INTO t VALUES (?, ?)", *_sets())
    work.session.commit()
    work.run("DELETE FROM t")
    work.run("INSERT INTO t VALUES (?, ?)", *_sets())

    # SQLite's log for undoing the batch is in a file of its own: there it is not walked from its beginning.
    opened = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()]
    assert any("etilqs" in path for path in opened)
    assert work.rows("SELECT COUNT(*) FROM t") == [(ROWS,)]


def test_the_last_row_of_a_batch_gives_the_last_identity(work: Work) -> None:
    work.run("CREATE TABLE t (name VARCHAR(40))")

    assert work.run("INSERT INTO t VALUES (?)", ["a"], ["b"], ["c"]) == [1, 1, 1]

    assert work.rows("SELECT %ID, name FROM t") == [(1, "a"), (2, "b"), (3, "c")]
    assert work.rows("SELECT LAST_IDENTITY()") == [(3,)]


def test_a_batch_with_a_bad_row_leaves_nothing_and_names_the_first_thing_that_is_wrong(work: Work) -> None:
    work.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(4))")
    work.session.commit()

    with pytest.raises(SQLError, match="failed unique check") as twice:
        work.run("INSERT INTO t VALUES (?, ?)", [1, "a"], [1, "b"], [2, "too long"])
    with pytest.raises(SQLError, match="failed validation") as too_long:
        work.run("INSERT INTO t VALUES (?, ?)", [1, "a"], [2, "too long"], [1, "b"])

    assert (twice.value.sqlcode, too_long.value.sqlcode) == (-119, -104)
    assert work.rows("SELECT COUNT(*) FROM t") == [(0,)]


def test_counts_of_a_batch_are_those_of_its_statements(work: Work) -> None:
    work.run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR(40))")
    work.run("CREATE TABLE u (id INTEGER, n INTEGER)")

    assert work.run("INSERT INTO t VALUES (?, 'a'), (?, 'b')", [1, 2], [3, 4]) == [2, 2]
    assert work.run("INSERT INTO u SELECT id, ? FROM t WHERE id >= ?", [1, 1], [2, 3], [3, 9]) == [4, 2, 0]
    assert work.run("INSERT OR UPDATE t (id, name) VALUES (?, ?)", [1, "c"], [9, "d"]) == [1, 1]
    assert work.run("UPDATE t SET name = 'e' WHERE id >= ?", [4], [99], [1]) == [2, 0, 5]
    assert work.run("DELETE FROM t WHERE id = ?", [1], [1]) == [1, 0]
