"""Whatever tests do, one after the other, each begins on the snapshot, and none stands that did not."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from iris_devtools.admin.driver import login
from iris_devtools.errors import UnsupportedError
from iris_devtools.testing.ladder import Climb, Wish
from iris_devtools.testing.lending import Lent
from iris_devtools.testing.run import TestRun

LIBRARY = Path(__file__).parent.parent / "examples" / "library"
ROWS = "SELECT COUNT(*) FROM author"
TABLES = "SELECT COUNT(*) FROM INFORMATION_SCHEMA.TABLES WHERE LOWER(TABLE_NAME) LIKE 'extra%'"

numbers = itertools.count(1)

STEPS = (
    "read",
    "write",
    "commit",
    "roll back",
    "schema",
    "commit on the connection",
    "read beside",
    "write beside and commit",
    "write beside and leave it open",
    "write beside and roll back",
    "schema beside",
    "write past SQLAlchemy",
    "schema past SQLAlchemy",
    "fail",
)
RUNGS = ("auto", "auto", "rollback", "restore", "namespace")
TESTS = st.lists(
    st.tuples(st.sampled_from(RUNGS), st.booleans(), st.lists(st.sampled_from(STEPS), max_size=4).map(tuple)),
    min_size=2,
    max_size=6,
)


@pytest.fixture(scope="module")
def run(standin: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestRun]:
    project = tmp_path_factory.mktemp("ladder") / "library"
    shutil.copytree(LIBRARY, project)
    made = TestRun(project, server="standin", data_directory=standin.data, run_id="ABCDEF")
    yield made
    made.close()
    assert made.notes == []


class FailedError(Exception):
    """What a test of ours fails with."""


class OneTest:
    """A test as the plugin runs it, on what it was lent."""

    def __init__(self, run: TestRun, wish: Wish, *, in_session: bool) -> None:
        self._run = run
        self.lent: Lent = run.lend(wish)
        self._opened = ExitStack()
        self._past: Any = None
        # One transaction at a time can write; another one would wait for it.
        self._writer = ""
        self._connection: Connection | None = None
        self._session: Session | None = None
        if in_session:
            self._connection = self._opened.enter_context(self.lent.connection())
            self._session = self._opened.enter_context(self.lent.session(self._connection))

    def is_on_the_snapshot(self) -> bool:
        """Look past everything that watches."""
        cursor = self._driver().cursor()
        found = []
        for query in (ROWS, TABLES):
            cursor.execute(query)
            found.append(cursor.fetchone()[0])
        cursor.close()
        return found == [0, 0]

    def do(self, step: str) -> None:
        if step == "fail":
            raise FailedError
        if step == "commit on the connection" and self._connection is not None:
            with suppress(UnsupportedError):
                self._connection.commit()
        elif "past" in step:
            if self._may_write("past"):
                cursor = self._driver().cursor()
                cursor.execute(statement(step))
                cursor.close()
        elif "beside" in step:
            self._beside(step)
        elif self._session is not None:
            self._in_session(step)

    def end(self) -> Climb | None:
        climb = self.lent.climb()
        self._opened.close()
        if self._past is not None:
            self._past.close()
        self.lent.give_back()
        return climb

    def _in_session(self, step: str) -> None:
        assert self._session is not None
        if step == "read":
            self._session.execute(text(ROWS)).scalar()
        elif step == "commit":
            self._session.commit()
        elif step == "roll back":
            self._session.rollback()
        elif step in ("write", "schema") and self._may_write("session"):
            self._session.execute(text(statement(step)))
            self._writer = "session"

    def _beside(self, step: str) -> None:
        connection = self.lent.engine.connect()
        self._opened.callback(connection.close)
        if step == "read beside":
            connection.execute(text(ROWS)).scalar()
        elif self._may_write("beside"):
            connection.execute(text(statement(step)))
            if step.endswith("roll back"):
                connection.rollback()
            elif step.endswith("open"):
                self._writer = "beside"
            else:
                connection.commit()

    def _may_write(self, who: str) -> bool:
        return self._writer == "" or self._writer == who == "session"

    def _driver(self) -> Any:
        if self._past is None:
            self._past = login(self._run.server(), self.lent.url.namespace)
        return self._past


def statement(step: str) -> str:
    number = next(numbers)
    if step.startswith("schema"):
        return f"CREATE TABLE extra{number} (x INTEGER)"
    return f"INSERT INTO author (name) VALUES ('author {number}')"


def attempt(run: TestRun, wish: Wish, in_session: bool, steps: tuple[str, ...]) -> Climb | None:
    test = OneTest(run, wish, in_session=in_session)
    began_clean = test.is_on_the_snapshot()
    with suppress(FailedError):
        for step in steps:
            test.do(step)
    climb = test.end()
    assert began_clean, f"{wish} {steps} began on what another test had left"
    return climb


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(tests=TESTS)
def test_every_test_begins_on_the_snapshot_and_a_climber_is_content(
    run: TestRun, tests: list[tuple[str, bool, tuple[str, ...]]]
) -> None:
    for choice, in_session, steps in tests:
        wish = Wish("rollback", automatic=True) if choice == "auto" else Wish(choice)
        climb = attempt(run, wish, in_session, steps)
        if climb is None or not wish.automatic:
            continue
        again = attempt(run, Wish(climb.rung, automatic=True), in_session, steps)
        # On its rung the result stands: one run more, and no third.
        assert again is None or again.valid, f"{steps} climbed to {climb}, and then wanted {again}"


@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(in_session=st.booleans(), steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=4).map(tuple))
def test_what_reaches_the_database_for_good_never_stands_on_rollback(
    run: TestRun, in_session: bool, steps: tuple[str, ...]
) -> None:
    test = OneTest(run, Wish("rollback"), in_session=in_session)
    with suppress(FailedError):
        for step in steps:
            test.do(step)
    climb = test.lent.climb()
    test._opened.close()
    left_something = not test.is_on_the_snapshot()
    test.end()
    assert climb is not None or not left_something, steps
