"""A server with few connections: engines keep within its limit, and give back what they do not use."""

from __future__ import annotations

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from iris_devtools.admin import Admin
from iris_devtools.engine import create_engine
from iris_devtools.pools import (
    COMMUNITY_LIMIT,
    LimitedPool,
    PoolSize,
    connection_limit,
    note_loans,
    size_for,
    take_back,
)


@pytest.fixture(autouse=True)
def no_worker_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The licence is not divided by the workers that run these tests."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER_COUNT", raising=False)


def test_the_pool_takes_the_size_that_the_servers_licence_leaves(standin_factory: Any) -> None:
    engine = create_engine(standin_factory(connections=6).url)

    with engine.connect():
        pool = engine.pool
        assert isinstance(pool, LimitedPool)
        assert (pool.size(), pool._max_overflow) == (2, 2)
    engine.dispose()


def test_a_server_without_a_limit_gets_the_pool_that_sqlalchemy_makes(standin: Any) -> None:
    engine = create_engine(standin.url)

    with engine.connect():
        assert engine.pool.size() == 5
        assert engine.pool._max_overflow == 10
    engine.dispose()


def test_as_many_connections_as_the_size_says_can_be_had_and_no_more(standin_factory: Any) -> None:
    engine = create_engine(standin_factory(connections=6).url, pool_timeout=0.1)

    held = [engine.connect() for _ in range(4)]
    with pytest.raises(PoolTimeout, match="All 4 connections of this engine are in use"):
        engine.connect()
    for connection in held:
        connection.close()

    assert engine.pool.checkedin() == 2
    assert [engine.connect() for _ in range(4)]
    engine.dispose()


def test_sizes_that_are_given_are_kept(standin: Any) -> None:
    engine = create_engine(standin.url, pool_size=1, max_overflow=0)

    with engine.connect():
        assert engine.pool.size() == 1
    assert not isinstance(engine.pool, LimitedPool)
    engine.dispose()


@pytest.mark.parametrize(
    ("limit", "processes", "wanted"),
    [
        (8, 1, PoolSize(3, 3)),
        (8, 4, PoolSize(1, 0)),
        (None, 1, size_for(COMMUNITY_LIMIT, processes=1)),
        (25, 4, PoolSize(2, 2)),
        (9999, 1, PoolSize(5, 10)),
        (9999, 64, PoolSize(5, 10)),
        (1, 1, PoolSize(1, 0)),
        (1, 8, PoolSize(1, 0)),
    ],
)
def test_the_share_of_an_engine(limit: int | None, processes: int, wanted: PoolSize) -> None:
    assert size_for(limit, processes=processes) == wanted


def test_the_workers_of_a_parallel_run_share_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_XDIST_WORKER_COUNT", "2")

    assert size_for(8) == PoolSize(1, 1)


def test_a_full_server_gets_the_idle_connections_of_other_engines_back(standin_factory: Any) -> None:
    standin = standin_factory(connections=2)
    idle, other = create_engine(standin.url, pool_size=2), create_engine(standin.url)
    for connection in [idle.connect(), idle.connect()]:
        connection.close()
    assert idle.pool.checkedin() == 2

    with other.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
        assert idle.pool.checkedin() == 0

    with idle.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    idle.dispose()
    other.dispose()


def test_an_administrator_gets_them_back_too(standin_factory: Any) -> None:
    standin = standin_factory(connections=1)
    engine = create_engine(standin.url)
    engine.connect().close()

    with Admin.connect(standin.server) as admin:
        assert admin.namespace_exists("USER")
    engine.dispose()


def test_a_connection_that_was_dropped_unclosed_is_given_back(standin_factory: Any) -> None:
    standin = standin_factory(connections=1)
    engine = create_engine(standin.url)

    class Careless:
        def __init__(self) -> None:
            self.connection = engine.connect()
            self.itself = self

    gc.disable()
    try:
        Careless()
        with Admin.connect(standin.server) as admin:
            assert admin.namespace_exists("USER")
    finally:
        gc.enable()
    engine.dispose()


def test_when_all_are_in_use_the_error_says_so_and_what_to_do(standin_factory: Any) -> None:
    standin = standin_factory(connections=1)
    engine, other = create_engine(standin.url), create_engine(standin.url)

    with engine.connect(), pytest.raises(OperationalError, match="no licence unit left") as caught:
        other.connect()

    text = str(caught.value)
    assert "<LICENSE LIMIT EXCEEDED>" in text
    assert "engines here have 2 in use or opening" in text
    assert "Close sessions" in text
    with other.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
    other.dispose()


def test_an_expired_password_of_a_server_that_is_not_ours_is_explained(standin_factory: Any) -> None:
    engine = create_engine(standin_factory(change_password=True).url)

    with pytest.raises(OperationalError, match="UnExpireUserPasswords") as caught:
        engine.connect()

    assert "SYS:" not in str(caught.value)
    engine.dispose()


def test_many_threads_wait_for_their_turn_within_the_limit(standin_factory: Any) -> None:
    engine = create_engine(standin_factory(connections=5).url)
    together = threading.Barrier(12)

    def work(number: int) -> Any:
        together.wait(60)
        with engine.connect() as connection:
            return connection.scalar(sa.text("SELECT CAST(:number AS INTEGER)"), {"number": number})

    with ThreadPoolExecutor(12) as workers:
        assert list(workers.map(work, range(12))) == list(range(12))
    engine.dispose()


def test_a_pool_that_was_disposed_of_keeps_its_size(standin_factory: Any) -> None:
    engine = create_engine(standin_factory(connections=6).url)
    engine.connect().close()
    engine.dispose()

    with engine.connect():
        assert (engine.pool.size(), engine.pool._max_overflow) == (2, 2)
    engine.dispose()


def test_a_server_that_does_not_tell_its_limit_is_taken_for_a_community_edition() -> None:
    class Silent:
        """No connection that the driver could ask over."""

    assert connection_limit(Silent(), host="nowhere.example", port=1) == COMMUNITY_LIMIT


def test_what_is_lent_can_be_taken_back(standin: Any) -> None:
    engine = create_engine(standin.url, pool_size=1, max_overflow=1)
    note_loans(engine)
    held = [engine.connect(), engine.connect()]

    assert take_back(engine) == 2

    again = [engine.connect(), engine.connect()]
    assert [connection.scalar(sa.text("SELECT 1")) for connection in again] == [1, 1]
    for connection in again:
        connection.close()
    assert take_back(engine) == 0
    with pytest.raises(sa.exc.DBAPIError):
        held[0].execute(sa.text("SELECT 1"))
    held.clear()
    engine.dispose()
