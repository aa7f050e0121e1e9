"""A statement and its parameters, where a client counts them in another way than the text does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.instance import ClientInfo, Instance
from iris_devtools.standin.session.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Instance(tmp_path) as instance:
        session = Session(instance, hang_up=lambda: None)
        session.enter("_SYSTEM", namespace="USER", client=ClientInfo())
        session.update(session.prepare("CREATE TABLE t (a INTEGER, b INTEGER)", ()), [[]])
        yield session
        session.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM t WHERE a = ? AND b = ?",
        "INSERT INTO t VALUES (?, ?)",
        "UPDATE t SET a = ? WHERE b = ?",
        "DELETE FROM t WHERE a = ? OR b = ?",
    ],
)
def test_a_text_with_more_parameters_than_were_announced_is_refused(session: Session, text: str) -> None:
    with pytest.raises(SQLError, match="2 parameters are in the statement, 1 were announced") as caught:
        session.prepare(text, (0,))
    assert caught.value.sqlcode == -466
    session.prepare(text, (0, 0))


def test_values_are_as_many_as_were_announced(session: Session) -> None:
    prepared = session.prepare("SELECT a FROM t WHERE a = ? AND b = ?", (0, 0))

    with pytest.raises(SQLError, match="2 parameters expected, 1 given"):
        session.query(prepared, [1])
