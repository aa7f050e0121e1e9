"""What a test can get for a database, from the cheapest to the most separate.

Most tests need to say nothing: those above use a session whose commits are rolled back.  The marker is for
code that commits on connections of its own, changes tables, runs in several threads, or changes the server.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from iris_devtools import create_engine
from iris_devtools.urls import IrisUrl
from sqlalchemy import Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from clinic.models import MedicationClass


def add(engine: Engine, title: str) -> None:
    """Stand for code of the clinic that makes and commits a transaction of its own."""
    with Session(engine) as session:
        session.add(MedicationClass(title=title))
        session.commit()


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        found = select(func.count()).select_from(MedicationClass).where(MedicationClass.title.like("Test%"))
        return connection.scalar(found) or 0


@pytest.mark.parametrize("time", ["once", "and again"])
def test_rollback_takes_back_what_the_session_commits(iris_session: Session, time: str) -> None:
    iris_session.add(MedicationClass(title="Test"))
    iris_session.commit()

    found = iris_session.scalars(select(MedicationClass.title).where(MedicationClass.title == "Test"))
    assert found.all() == ["Test"]


@pytest.mark.iris(isolation="restore")
@pytest.mark.parametrize("time", ["once", "and again"])
def test_restore_takes_back_what_anybody_commits(iris_engine: Engine, time: str) -> None:
    add(iris_engine, "Test")

    assert count(iris_engine) == 1


@pytest.mark.iris(isolation="namespace")
@pytest.mark.parametrize("time", ["once", "and again"])
def test_a_namespace_of_its_own_bears_threads_and_new_tables(iris_engine: Engine, time: str) -> None:
    with ThreadPoolExecutor(max_workers=2) as threads:
        list(threads.map(lambda number: add(iris_engine, f"Test {number}"), range(4)))
    with iris_engine.begin() as connection:
        connection.execute(text("CREATE TABLE scratch (a INTEGER)"))

    assert count(iris_engine) == 4


@pytest.mark.skipif("IRIS_HOST" in os.environ, reason="somebody's existing server cannot be doubled")
@pytest.mark.iris(isolation="container")
@pytest.mark.parametrize("time", ["once", "and again"])
def test_a_server_of_its_own_bears_new_accounts(iris_engine: Engine, iris_url: IrisUrl, time: str) -> None:
    table = MedicationClass.__tablename__
    with iris_engine.begin() as connection:
        connection.execute(text("CREATE USER reader IDENTIFY BY 'Reads-only-1'"))
        connection.execute(text(f"GRANT SELECT ON {table} TO reader"))
    reader = create_engine(replace(iris_url, username="reader", password="Reads-only-1"))

    with reader.connect() as connection:
        connection.execute(text(f"SELECT title FROM {table}"))
        with pytest.raises(DBAPIError, match="-99"):
            connection.execute(text(f"DELETE FROM {table}"))
    reader.dispose()


@pytest.mark.iris(revision="0001")
def test_an_older_revision_is_restored_and_not_migrated(iris_engine: Engine) -> None:
    with iris_engine.connect() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0001"
    assert "medication_classes" not in inspect(iris_engine).get_table_names()
