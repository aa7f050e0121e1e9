"""The witness of the stand-in looks at files that a server is at work on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.testing.witness import Witness


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "IRIS.DAT"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    return path


def written(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO t VALUES (1)")
    connection.commit()
    return connection


def test_a_rollback_is_no_write(file: Path) -> None:
    witness = Witness((file,))
    before = witness.look()
    connection = sqlite3.connect(file)
    connection.execute("INSERT INTO t VALUES (1)")
    connection.rollback()
    assert witness.look() == before
    connection.close()
    assert witness.look() == before


def test_a_commit_is_seen_while_its_connection_is_open_and_after(file: Path) -> None:
    witness = Witness((file,))
    before = witness.look()
    connection = written(file)
    assert witness.look() != before
    connection.close()
    assert witness.look() != before


@pytest.mark.parametrize("after", ["stat", "open"])
def test_a_commit_is_seen_when_its_connection_closes_at_this_very_moment(
    file: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    """The log goes into the file, and then it goes, between two steps of the look."""
    witness = Witness((file,))
    before = witness.look()
    connection = written(file)
    plain: Callable[..., Any] = getattr(Path, after)

    def and_then_closed(path: Path, *arguments: Any, **options: Any) -> Any:
        found = plain(path, *arguments, **options)
        if path.name.startswith(file.name):
            connection.close()
        return found

    monkeypatch.setattr(Path, after, and_then_closed)
    assert witness.look() != before


def test_a_file_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    assert Witness((tmp_path / "IRIS.DAT",)).look() is None
