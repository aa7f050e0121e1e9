"""The pytest plugin: a database at the head of the migrations, given back clean after every test.

This module is loaded in every pytest run of an environment that has the package, so it imports nothing but
pytest; the rest is loaded when a test asks for a fixture of ours.

Which server, which snapshot and how long it took is said in one line after the collection, when it is known
whether any test needs it, and not in the header, which pytest prints before. With pytest-xdist the workers
find that out, and the line comes in the summary.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iris_devtools.errors import IrisDevtoolsError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

    from iris_devtools.servers.server import Server
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.testing.run import TestRun
    from iris_devtools.urls import IrisUrl

_SERVER_FIXTURES = frozenset({"iris_server"})
_DATABASE_FIXTURES = frozenset(
    {"iris_connection", "iris_engine", "iris_namespace", "iris_session", "iris_snapshot", "iris_url"}
)
_SERVERS = ("auto", "standin", "existing", "container")
_ISOLATIONS = ("rollback",)
_OPTIONS = {
    "iris_server": "which server: auto, standin or existing (default: the settings)",
    "iris_store": "the directory that holds the snapshots (default: the settings)",
    "iris_isolation": "what every test gets: rollback, a transaction that is rolled back",
    "iris_alembic_ini": "the alembic.ini of the migrations, seen from the root directory (default: settings)",
}

_run_key = pytest.StashKey["TestRun"]()
_workers_key = pytest.StashKey[dict[str, dict[str, Any]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and their twins in the ini file; an option wins over the ini file."""
    group = parser.getgroup("iris-devtools", "databases of InterSystems IRIS")
    group.addoption("--iris-server", choices=_SERVERS, help=_help("iris_server"))
    group.addoption("--iris-store", metavar="DIRECTORY", help=_help("iris_store"))
    group.addoption("--iris-isolation", metavar="KIND", help=_help("iris_isolation"))
    for name, text in _OPTIONS.items():
        parser.addini(name, text)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse a kind of isolation that this version does not have, before any test runs."""
    kind = _choice(config, "iris_isolation")
    if kind is not None and kind not in _ISOLATIONS:
        raise pytest.UsageError(
            f"iris-isolation is {kind!r}, and this version has only: {', '.join(_ISOLATIONS)} "
            "(each test in a transaction that is rolled back)."
        )


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Prepare the database when a collected test needs it, and say in one line what came of it."""
    wanted = {name for item in items for name in getattr(item, "fixturenames", ())}
    if config.getoption("collectonly") or not wanted & (_SERVER_FIXTURES | _DATABASE_FIXTURES):
        return []
    run = _run(config)
    try:
        if wanted & _DATABASE_FIXTURES:
            run.namespace()
        else:
            run.server()
    except IrisDevtoolsError as error:
        # The tests that need it fail with the whole message; the others are none of our business.
        return [f"iris-devtools: {error.message.splitlines()[0]}"]
    return run.report() if config.get_verbosity() >= 0 else []


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the namespace of this run, after all fixtures are gone."""
    run = session.config.stash.get(_run_key, None)
    if run is None:
        return
    run.close()
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["iris_devtools"] = {"report": run.report(), "notes": run.notes}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Take over from a worker of pytest-xdist what it has to say."""
    said = getattr(node, "workeroutput", {}).get("iris_devtools")
    if said:
        node.config.stash.setdefault(_workers_key, {})[node.gateway.id] = said


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the workers said, and what could not be cleaned up."""
    run = config.stash.get(_run_key, None)
    workers = config.stash.get(_workers_key, {})
    said_by = [(worker, line) for worker, said in sorted(workers.items()) for line in said["report"]]
    lines = [f"{worker}: {line.removeprefix('iris-devtools: ')}" for worker, line in said_by]
    notes = [*(run.notes if run else ()), *(note for said in workers.values() for note in said["notes"])]
    if (lines and config.get_verbosity() >= 0) or notes:
        terminalreporter.section("iris-devtools", sep="-")
        for line in [*lines, *dict.fromkeys(notes)]:
            terminalreporter.line(line)


@pytest.fixture(scope="session")
def iris_server(pytestconfig: pytest.Config) -> Server:
    """Return the server of this run, started if it is ours."""
    with _plainly():
        return _run(pytestconfig).server()


@pytest.fixture(scope="session")
def iris_snapshot(pytestconfig: pytest.Config) -> Snapshot:
    """Return the snapshot of the migrations' head, built if the store has none."""
    with _plainly():
        return _run(pytestconfig).snapshot()


@pytest.fixture(scope="session")
def iris_url(pytestconfig: pytest.Config) -> IrisUrl:
    """Return the URL of this run's (or this worker's) own namespace, which holds a copy of the snapshot."""
    with _plainly():
        return _run(pytestconfig).namespace()


@pytest.fixture(scope="session")
def iris_namespace(iris_url: IrisUrl) -> str:
    """Return the name of this run's (or this worker's) own namespace."""
    return iris_url.namespace


@pytest.fixture(scope="session")
def iris_engine(pytestconfig: pytest.Config, iris_url: IrisUrl) -> Iterator[Engine]:
    """Return an engine for this run's own namespace. What is committed through it stays for later tests."""
    from iris_devtools.testing.isolation import engine_for_tests

    with _plainly():
        engine = engine_for_tests(iris_url, settings=_run(pytestconfig).settings)
    yield engine
    engine.dispose()


@pytest.fixture
def iris_connection(pytestconfig: pytest.Config, iris_engine: Engine) -> Iterator[Connection]:
    """Return a connection in a transaction that is rolled back after the test; it refuses ``commit()``."""
    from iris_devtools.testing.isolation import rolled_back

    transaction = rolled_back(iris_engine, server=_run(pytestconfig).server())
    with _plainly():
        connection = transaction.__enter__()
    try:
        yield connection
    finally:
        with _plainly():
            transaction.__exit__(None, None, None)


@pytest.fixture
def iris_session(iris_connection: Connection) -> Iterator[Session]:
    """Return an ORM session whose ``commit()`` and ``rollback()`` end at savepoints, so no row stays."""
    from iris_devtools.testing.isolation import session_for_tests

    with session_for_tests(iris_connection) as session:
        yield session


def _help(name: str) -> str:
    return _OPTIONS[name]


def _choice(config: pytest.Config, name: str) -> str | None:
    option = config.getoption(name, None)
    return option or config.getini(name) or None


def _run(config: pytest.Config) -> TestRun:
    run = config.stash.get(_run_key, None)
    if run is None:
        from iris_devtools.testing.run import TestRun

        ini = _choice(config, "iris_alembic_ini")
        store = config.getoption("iris_store")
        run = config.stash[_run_key] = TestRun(
            config.rootpath,
            server=_choice(config, "iris_server"),
            # An option is read from where it was typed, the ini file from where it lies.
            store=Path(store).absolute() if store else _rooted(config, "iris_store"),
            isolation=_choice(config, "iris_isolation"),
            alembic_config=config.rootpath / ini if ini else None,
            worker=os.environ.get("PYTEST_XDIST_WORKER", "main"),
            run_id=os.environ.get("PYTEST_XDIST_TESTRUNUID", "")[:6] or secrets.token_hex(3),
        )
    return run


def _rooted(config: pytest.Config, name: str) -> Path | None:
    value = config.getini(name)
    return config.rootpath / value if value else None


@contextmanager
def _plainly() -> Iterator[None]:
    """Show an error of ours as its message: its traceback would lead through our rooms, not the user's."""
    try:
        yield
    except IrisDevtoolsError as error:
        raise pytest.fail.Exception(f"iris-devtools: {error}", pytrace=False) from None
