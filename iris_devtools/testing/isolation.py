"""Rollback: a test writes what it likes into a transaction that never ends well.

A session joins the transaction by savepoints, so the code under test may commit and roll back as it does in
production. What rollback does not bring back (iris-sql 10): counters of IDENTITY columns, TRUNCATE, and
whatever is done over a connection that the test opened itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

from sqlalchemy import Connection, Engine, QueuePool, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from iris_devtools.config import Settings
from iris_devtools.engine import create_engine
from iris_devtools.errors import ServerConnectionError, UnsupportedError
from iris_devtools.pools import note_loans
from iris_devtools.servers.server import Server
from iris_devtools.testing.traces import Trace
from iris_devtools.urls import IrisUrl

__all__ = ["engine_for_tests", "rolled_back", "session_for_tests"]


def engine_for_tests(url: IrisUrl, *, settings: Settings) -> Engine:
    """Make an engine that keeps one connection and opens few more: each takes a unit of the licence.

    What a test does not give back can be taken back (:func:`~iris_devtools.pools.take_back`).
    """
    engine = create_engine(url, settings=settings, poolclass=QueuePool, pool_size=1, max_overflow=4)
    note_loans(engine)
    return engine


@contextmanager
def rolled_back(engine: Engine, *, server: Server, trace: Trace | None = None) -> Iterator[Connection]:
    """Lend a connection in a transaction, and roll it back at the end, however that comes.

    A real commit on the connection is refused, because it would reach the next test. ``trace`` is told which
    connection it is, and of a refused commit.

    Raises:
        ServerConnectionError: the server does not answer, at the beginning or at the end.
    """
    with _answering(server, engine):
        connection = engine.connect()
    try:
        with _answering(server, engine):
            connection.begin()
        if trace is not None:
            trace.owned_by(connection)
        event.listen(connection, "commit", partial(_refuse_commit, trace))
        yield connection
    finally:
        with _answering(server, engine):
            try:
                _roll_back(connection)
            finally:
                connection.close()


@contextmanager
def session_for_tests(connection: Connection) -> Iterator[Session]:
    """Lend a session inside the connection's transaction; its commits and rollbacks end at savepoints."""
    with Session(bind=connection, join_transaction_mode="create_savepoint") as session:
        yield session


def _roll_back(connection: Connection) -> None:
    if connection.in_transaction():
        connection.rollback()
    elif not connection.closed and not connection.invalidated:
        # SQLAlchemy counts the transaction as ended after a refused commit, and would leave it open.
        connection.dialect.do_rollback(connection.connection)


def _refuse_commit(trace: Trace | None, _connection: Connection) -> NoReturn:
    if trace is not None:
        trace.commit_refused = True
    raise UnsupportedError(
        "commit() on iris_connection would keep the rows of this test for all that follow.",
        hint="Use iris_session, which may commit, or connection.begin_nested(); or have real commits with "
        '@pytest.mark.iris(isolation="restore").',
    )


@contextmanager
def _answering(server: Server, engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise ServerConnectionError(
            f"The {server} does not answer any more (namespace {engine.url.database}): {error.orig}",
            hint="It was stopped, or it died, during this run. Start it and run the tests again.",
            host=server.host,
            port=server.port,
        ) from error
