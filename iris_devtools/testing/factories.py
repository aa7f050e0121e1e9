"""Factories of fixtures, for projects with several databases or chains, and for fixtures of wider scopes::

billing_engine = iris_engine_factory(alembic_config="billing/alembic.ini", scope="module")
billing_session = iris_session_factory("billing_engine")
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from iris_devtools.testing.ladder import Wish
from iris_devtools.testing.lending import Lent, Place
from iris_devtools.testing.plugin import _plainly, _run
from iris_devtools.testing.run import TestRun

__all__ = ["iris_engine_factory", "iris_session_factory", "place_of"]

Scope = Literal["session", "package", "module", "class", "function"]

_runs_key = pytest.StashKey[dict[str, TestRun]]()
_places: WeakKeyDictionary[Engine, tuple[Place, TestRun]] = WeakKeyDictionary()


def iris_engine_factory(
    *,
    scope: Scope = "session",
    name: str | None = None,
    revision: str | None = None,
    fixture: str | Path | None = None,
    **settings: Any,
) -> Any:
    """Return a fixture: an engine on a namespace of its own.

    It is made for each use of the fixture's scope and dropped afterwards. What is committed stays for all
    tests of the scope; with ``function`` one namespace serves them all, restored after each test that wrote.

    Args:
        scope: as in pytest.
        name: the fixture's name, when the variable is to have another.
        revision: an older revision, not seeded.
        fixture: a fixture directory in the place of a migration chain, seen from pytest's root directory.
        settings: settings by name, which win over the project's own: ``alembic_config``, ``metadata``,
            ``seed``, ``store`` ...; paths are seen from pytest's root directory.
    """

    @pytest.fixture(scope=scope, name=name)
    def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
        config = request.config
        directory = None if fixture is None else config.rootpath / fixture
        with _plainly():
            run = _run_with(config, settings)
            place = kept.get(id(config)) or run.open_place(revision=revision, fixture=directory)
            place.begin()
        if scope == "function":
            kept[id(config)] = place
        _places[place.engine] = place, run
        yield place.engine
        with _plainly():
            if scope == "function":
                place.clean(proof=True)
            else:
                run.close_place(place)

    kept: dict[int, Place] = {}
    return engine


def iris_session_factory(engine_fixture: str, *, name: str | None = None) -> Any:
    """Return a fixture: a session on the engine of another fixture, rolled back after each test.

    ``engine_fixture`` is the name of one that :func:`iris_engine_factory` made.
    """

    @pytest.fixture(name=name)
    def session(request: pytest.FixtureRequest) -> Iterator[Session]:
        place, _ = _places[request.getfixturevalue(engine_fixture)]
        lent = Lent(place, Wish("rollback"))
        with lent.connection() as connection, lent.session(connection) as session:
            yield session

    return session


def place_of(engine: Engine) -> tuple[Place, TestRun] | None:
    """Return the namespace of an engine that a fixture of a factory gives, with its run; None for others."""
    return _places.get(engine)


def _run_with(config: pytest.Config, settings: dict[str, Any]) -> TestRun:
    if not settings:
        return _run(config)
    rooted = {
        key: config.rootpath / value if key in ("alembic_config", "store", "data_directory") else value
        for key, value in settings.items()
    }
    runs = config.stash.setdefault(_runs_key, {})
    known = repr(sorted((key, str(value)) for key, value in rooted.items()))
    if known not in runs:
        run = runs[known] = TestRun(
            config.rootpath,
            worker=os.environ.get("PYTEST_XDIST_WORKER", "main"),
            run_id=secrets.token_hex(3),
            **rooted,
        )
        config.add_cleanup(run.close)
    return runs[known]
