"""A database for a block of code, without pytest: for unittest, scripts and notebooks."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from iris_devtools.errors import ConfigurationError, ServerError
from iris_devtools.testing.ladder import Wish
from iris_devtools.testing.lending import Lent, Place
from iris_devtools.testing.run import TestRun
from iris_devtools.urls import IrisUrl

__all__ = ["Database", "database"]

_RUNGS = ("rollback", "restore")


class Database:
    """A namespace of one's own that holds a copy of a snapshot, until the block that made it ends."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def url(self) -> IrisUrl:
        """Return where it is."""
        return self._place.url

    @property
    def namespace(self) -> str:
        """Return the name of the namespace."""
        return self._place.url.namespace

    @property
    def engine(self) -> Engine:
        """Return its engine, whose commits are real."""
        return self._place.engine

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Lend a session whose commits are real."""
        with Session(self.engine) as session:
            yield session

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Lend a session whose commits end at savepoints: all is rolled back at the end of the block."""
        lent = self.lent("rollback")
        with lent.connection() as connection, lent.session(connection) as session:
            yield session

    def reset(self) -> bool:
        """Bring the namespace back to its snapshot if it is dirty, and tell whether that was done.

        Connections that are still open are ended. Without a witness on the server (see
        :mod:`iris_devtools.testing.witness`) it counts as dirty.

        Raises:
            ServerError: the server refuses a step.
        """
        return self._place.clean(proof=True)

    def lent(self, rung: str) -> Lent:
        """Return the database as a test on the rung ``rollback`` or ``restore`` has it.

        Raises:
            ConfigurationError: it is neither.
        """
        if rung not in _RUNGS:
            raise ConfigurationError(
                f"There is no isolation {rung!r} for a database that is there already.",
                hint=f"There are: {', '.join(_RUNGS)}.",
                isolation=rung,
            )
        return Lent(self._place, Wish(rung))


@contextmanager
def database(
    root: Path | None = None,
    *,
    revision: str | None = None,
    fixture: Path | None = None,
    **settings: Any,
) -> Iterator[Database]:
    """Lend a namespace of its own for a block: at the heads of the project's migrations, at ``revision``, or
    with the contents of the directory ``fixture``.

    The snapshot is built first if the store has none; the namespace is dropped at the end, whatever happens.
    Any number of them may be open at once, in this process and others.

    Args:
        root: a directory of the project; the working directory when left out.
        revision: an older revision; such a database is not seeded.
        fixture: what ``iris-devtools fixture create`` wrote.
        settings: settings by name, which win over the project's own.

    Raises:
        ConfigurationError: a setting is wrong, or there is nothing to make a database from.
        SchemaSourceError: the migrations or the seed fail, or there is no such revision.
        ServerError: the server does not start, does not answer or refuses a step, or the namespace could not
            be dropped afterwards.
    """
    run = TestRun(
        root or Path.cwd(),
        worker=os.environ.get("PYTEST_XDIST_WORKER", "main"),
        run_id=secrets.token_hex(3),
        **settings,
    )
    try:
        yield Database(run.open_place(revision=revision, fixture=fixture))
    finally:
        run.close()
    if run.notes:
        raise ServerError("; ".join(run.notes), hint="It is dropped by a later test run, or by hand.")
