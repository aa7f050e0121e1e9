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
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iris_devtools.errors import IrisDevtoolsError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine
    from sqlalchemy.orm import Session

    from iris_devtools.admin import Admin
    from iris_devtools.servers.server import Server
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.testing.climbing import Ladder
    from iris_devtools.testing.lending import Lent
    from iris_devtools.testing.run import TestRun
    from iris_devtools.urls import IrisUrl

pytest_plugins = ("iris_devtools.testing.extras",)

_SERVER_FIXTURES = frozenset({"iris_server"})
_SNAPSHOT_FIXTURES = frozenset({"iris_snapshot", "iris_random"})
_LENT_FIXTURES = frozenset(
    {"iris_admin", "iris_connection", "iris_engine", "iris_namespace", "iris_session", "iris_url"}
)
_SERVERS = ("auto", "standin", "existing", "container")
_OPTIONS = {
    "iris_server": "which server: auto, standin, existing or container (default: the settings)",
    "iris_store": "the directory that holds the snapshots (default: the settings)",
    "iris_isolation": "what tests get: auto, rollback, restore, namespace or container (default: settings)",
    "iris_alembic_ini": "the alembic.ini of the migrations, seen from the root directory (default: settings)",
}
_MARKERS = (
    "iris(isolation, revision): auto, rollback, restore, namespace or container; an older revision",
    "dat_fixture(path, scope='function'): the fixture directory that dat_fixture_connection is loaded from",
)
_CACHE = "iris-devtools/rungs"
_SAYS = "iris-devtools: "
_LOOKING_ONLY = ("collectonly", "setupplan", "show_fixtures_per_test", "showfixtures")

_run_key = pytest.StashKey["TestRun"]()
_workers_key = pytest.StashKey[dict[str, dict[str, Any]]]()
_ladder_key = pytest.StashKey["Ladder"]()
_lent_key = pytest.StashKey["Lent"]()
_climbed_key = pytest.StashKey[dict[str, tuple[str, str]]]()
_climb_key = pytest.StashKey[bool]()
_gone_key = pytest.StashKey[tuple[str, ...]]()
_said_key = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and their twins in the ini file; an option wins over the ini file."""
    group = parser.getgroup("iris-devtools", "databases of InterSystems IRIS")
    group.addoption("--iris-server", choices=_SERVERS, help=_help("iris_server"))
    group.addoption("--iris-store", metavar="DIRECTORY", help=_help("iris_store"))
    group.addoption("--iris-isolation", metavar="KIND", help=_help("iris_isolation"))
    for name, text in _OPTIONS.items():
        parser.addini(name, text)
    parser.addini(
        "iris_isolation_directories",
        "what the tests below a directory get, in lines such as: tests/migrations = namespace",
        type="linelist",
        default=[],
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers, and refuse a kind of isolation that there is not."""
    for marker in _MARKERS:
        config.addinivalue_line("markers", marker)
    if _choice(config, "iris_isolation") or config.getini("iris_isolation_directories"):
        try:
            _ladder(config)
        except IrisDevtoolsError as error:
            raise pytest.UsageError(f"iris-isolation: {error}") from None


def pytest_report_collectionfinish(config: pytest.Config, items: list[pytest.Item]) -> list[str]:
    """Prepare the database when a collected test needs it, and say in one line what came of it."""
    wanted = {name for item in items for name in getattr(item, "fixturenames", ())}
    every = _SERVER_FIXTURES | _SNAPSHOT_FIXTURES | _LENT_FIXTURES
    if _runs_no_test(config) or not wanted & every:
        return []
    run = _run(config)
    try:
        if wanted & _LENT_FIXTURES:
            run.namespace()
        elif wanted & _SNAPSHOT_FIXTURES:
            run.snapshot()
        else:
            run.server()
        run.spare()
    except IrisDevtoolsError as error:
        # The tests that need it fail with the whole message; the others are none of our business.
        return [f"iris-devtools: {error.message.splitlines()[0]}"]
    return run.report() if config.get_verbosity() >= 0 else []


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, object, object]:
    """Look which of the remembered tests are gone, before -k, -m and others choose among the rest."""
    cache = getattr(config, "cache", None)
    if cache is not None and cache.get(_CACHE, {}) and not config.getoption("lf", default=False):
        chosen = [argument.partition("::")[0] for argument in config.args if "::" in argument]
        chosen = [str(config.invocation_params.dir / path) for path in chosen]
        gone = _ladder(config).gone(
            [item.nodeid for item in items], whole=lambda file: str(session.path / file) not in chosen
        )
        if gone:
            config.stash[_gone_key] = gone
    return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    """Begin to make namespaces for the tests that are known to want one of their own."""
    config = session.config
    if _runs_no_test(config) or getattr(config.option, "dist", "no") != "no":
        return
    items = [item for item in session.items if _LENT_FIXTURES & set(getattr(item, "fixturenames", ()))]
    if not items:
        return
    try:
        ladder = _ladder(config)
        number = sum(ladder.wants_a_namespace(item) for item in items)
        if number:
            run = _run(config)
            run.expect(number)
            run.fill_pool()
    except IrisDevtoolsError:
        # Said by the tests that need it.
        return


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    """Run a test once more, one rung higher, when it turned out to need more than it had."""
    result = yield
    if item.stash.get(_climb_key, False):
        del item.stash[_climb_key]
        item._initrequest()  # type: ignore[attr-defined]
        item.ihook.pytest_runtest_protocol(item=item, nextitem=nextitem)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Look at what the test did to its database, while its fixtures are still there."""
    report = yield
    if call.excinfo is not None and isinstance(call.excinfo.value, pytest.fail.Exception):
        _shorten(item.config, report, call.excinfo.value.msg or "")
    lent = item.stash.get(_lent_key, None)
    if lent is None or call.when != "call" or (report.skipped and not hasattr(report, "wasxfail")):
        return report
    climb = lent.climb()
    if climb is not None:
        again = _ladder(item.config).judge(item, lent, climb, report)
        if again:
            item.stash[_climb_key] = True
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Show a test that is run again on a higher rung."""
    if report.outcome == "climbed":
        return "climbed", "C", ("CLIMBED", {"yellow": True})
    return None


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Drop the namespaces of this run after all fixtures are gone, and remember who climbed."""
    ladder = session.config.stash.get(_ladder_key, None)
    output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    climbed = ladder.climbed if ladder is not None else {}
    gone = session.config.stash.get(_gone_key, ())
    if output is None:
        _remember(session.config, climbed, gone)
    else:
        output["iris_devtools_climbed"] = climbed
        output["iris_devtools_gone"] = gone
    run = session.config.stash.get(_run_key, None)
    if run is None:
        return
    run.close()
    if output is not None:
        output["iris_devtools"] = {"report": run.report(), "notes": run.notes}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Take over from a worker of pytest-xdist what it has to say."""
    output = getattr(node, "workeroutput", {})
    _remember(node.config, output.get("iris_devtools_climbed", {}), output.get("iris_devtools_gone", ()))
    said = output.get("iris_devtools")
    if said:
        node.config.stash.setdefault(_workers_key, {})[node.gateway.id] = said


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print what the workers said, and what could not be cleaned up."""
    run = config.stash.get(_run_key, None)
    workers = config.stash.get(_workers_key, {})
    said_by = [(worker, line) for worker, said in sorted(workers.items()) for line in said["report"]]
    lines = [f"{worker}: {line.removeprefix('iris-devtools: ')}" for worker, line in said_by]
    climbed = config.stash.get(_climbed_key, {})
    notes = [*(run.notes if run else ()), *(note for said in workers.values() for note in said["notes"])]
    if config.get_verbosity() < 0:
        lines = []
    for test, (rung, reason) in sorted(climbed.items()):
        lines.append(f"{test} was moved up to isolation {rung!r}: {reason}")
    if climbed:
        lines.append('To keep it there without the cache, write @pytest.mark.iris(isolation="...") over it.')
    if lines or notes:
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


@pytest.fixture
def _iris_lent(request: pytest.FixtureRequest) -> Iterator[Lent]:
    """Lend the database of the rung that the test is on, and leave it clean."""
    config = request.config
    with _plainly():
        lent = _run(config).lend(_ladder(config).wish(request.node))
    request.node.stash[_lent_key] = lent
    yield lent
    del request.node.stash[_lent_key]
    with _plainly():
        lent.give_back()


@pytest.fixture
def iris_url(_iris_lent: Lent) -> IrisUrl:
    """Return the URL of the namespace that the test has: its worker's, or one of its own."""
    return _iris_lent.url


@pytest.fixture
def iris_namespace(iris_url: IrisUrl) -> str:
    """Return the name of the namespace that the test has: its worker's, or one of its own."""
    return iris_url.namespace


@pytest.fixture
def iris_admin(_iris_lent: Lent) -> Iterator[Admin]:
    """Return a connection for administration to the server that the test's namespace is on.

    What a test changes there outside its namespace stays for others, unless the server is the test's own:
    ``@pytest.mark.iris(isolation="container")``.
    """
    from iris_devtools.admin import Admin

    with _plainly():
        admin = Admin.connect(_iris_lent.place.server)
    with admin:
        yield admin


@pytest.fixture
def iris_engine(_iris_lent: Lent) -> Engine:
    """Return an engine for the test's namespace. Its commits are real, and undone by a restore."""
    return _iris_lent.engine


@pytest.fixture
def iris_connection(_iris_lent: Lent) -> Iterator[Connection]:
    """Return a connection; with ``rollback`` in a transaction, where it refuses ``commit()``."""
    lending = _iris_lent.connection()
    with _plainly():
        connection = lending.__enter__()
    try:
        yield connection
    finally:
        with _plainly():
            lending.__exit__(None, None, None)


@pytest.fixture
def iris_session(_iris_lent: Lent, iris_connection: Connection) -> Iterator[Session]:
    """Return an ORM session; with ``rollback`` its commits end at savepoints, so no row stays."""
    with _iris_lent.session(iris_connection) as session:
        yield session


@pytest.fixture
def dat_fixture_url(request: pytest.FixtureRequest) -> IrisUrl:
    """Return the URL of a namespace that holds the fixture of the marker ``dat_fixture``."""
    from iris_devtools.testing.dat_fixture import loaded

    with _plainly():
        return loaded(request.node, _run(request.config)).url


@pytest.fixture
def dat_fixture_connection(dat_fixture_url: IrisUrl, iris_server: Server) -> Iterator[Any]:
    """Return a connection of the driver to the namespace of ``dat_fixture_url``, in autocommit mode."""
    from iris_devtools.admin import Admin

    with _plainly():
        admin = Admin.connect(iris_server)
    with admin, admin.connection(dat_fixture_url.namespace) as connection:
        yield connection


def lent_to(item: pytest.Item) -> Lent | None:
    """Return what a test was lent, while it has it."""
    return item.stash.get(_lent_key, None)


def _runs_no_test(config: pytest.Config) -> bool:
    """Tell whether somebody only wants to see what there is: then nothing is started or made."""
    return any(config.getoption(name, default=False) for name in _LOOKING_ONLY)


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


def _ladder(config: pytest.Config) -> Ladder:
    ladder = config.stash.get(_ladder_key, None)
    if ladder is None:
        from iris_devtools.testing.climbing import Ladder

        cache = getattr(config, "cache", None)
        ladder = config.stash[_ladder_key] = Ladder(
            choice=_choice(config, "iris_isolation"),
            settings=lambda: _run(config).settings.isolation,
            directories=config.getini("iris_isolation_directories"),
            root=config.rootpath,
            remembered=cache.get(_CACHE, {}) if cache is not None else {},
        )
    return ladder


def _remember(config: pytest.Config, climbed: dict[str, Any], gone: Iterable[str]) -> None:
    known = config.stash.setdefault(_climbed_key, {})
    known.update({test: (rung, reason) for test, (rung, reason) in climbed.items()})
    cache = getattr(config, "cache", None)
    if cache is None:
        return
    before = cache.get(_CACHE, {})
    dropped = set(gone)
    rungs = {test: rung for test, rung in before.items() if test not in dropped}
    rungs.update({test: rung for test, (rung, _) in climbed.items()})
    if rungs != before:
        cache.set(_CACHE, rungs)


def _rooted(config: pytest.Config, name: str) -> Path | None:
    value = config.getini(name)
    return config.rootpath / value if value else None


@contextmanager
def _plainly() -> Iterator[None]:
    """Show an error of ours as its message: its traceback would lead through our rooms, not the user's."""
    try:
        yield
    except IrisDevtoolsError as error:
        raise pytest.fail.Exception(f"{_SAYS}{error}", pytrace=False) from None


def _shorten(config: pytest.Config, report: pytest.TestReport, text: str) -> None:
    """Leave of an error of ours that another test has shown already its first line."""
    if not text.startswith(_SAYS):
        return
    said = config.stash.setdefault(_said_key, set())
    if text in said:
        report.longrepr = f"{text.splitlines()[0]}\n(in full where it came first)"
    said.add(text)
