"""The second half of the pytest plugin: checks of the migrations, the report, kept failures, the preflight.

The first half, :mod:`iris_devtools.testing.plugin`, loads this module when it is itself loaded, by its
``pytest_plugins``: ``pytest_configure`` would be too late for options, which are parsed before. Until a test
or an option needs more, nothing but pytest is imported here.

The report asks the run (:class:`iris_devtools.testing.run.TestRun`) what it did; see
:class:`iris_devtools.testing.report.Events`.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iris_devtools.testing.plugin import _plainly, _run, _run_key, _runs_no_test

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from iris_devtools.snapshots.manifest import Manifest
    from iris_devtools.snapshots.snapshot import Snapshot
    from iris_devtools.testing.checks import Bench
    from iris_devtools.testing.report import Recorder
    from iris_devtools.testing.tagging import TaggedData

_bench_key: pytest.StashKey[Bench] = pytest.StashKey()
_recorder_key: pytest.StashKey[Recorder] = pytest.StashKey()
_seeded_key: pytest.StashKey[Manifest] = pytest.StashKey()
_figures_key = pytest.StashKey[list[dict[str, Any]]]()

# The names stand here too, so that an unused plugin does not load the checks; a test compares them.
CHECK_NAMES = (
    "single_head",
    "upgrade_from_base",
    "every_revision_restores",
    "models_match",
    "downgrades_come_back",
    "snapshot_is_current",
)
_OUTPUT = "iris_devtools_figures"
_SLOW_SETUP_S = "10"
_NUMBERS = ("iris_keep_failed_count", "iris_keep_failed_days", "iris_slow_setup_s")
_TOO_MUCH = 1e9


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("iris-devtools")
    group.addoption(
        "--iris-checks",
        action="store_true",
        help="add the checks of the migrations to the tests (those that the ini file lists, else all)",
    )
    group.addoption(
        "--iris-report", action="store_true", help="say at the end what the databases of this run cost"
    )
    group.addoption("--iris-report-json", metavar="FILE", help="write the figures of the report as JSON")
    group.addoption("--iris-report-html", metavar="FILE", help="write the report as a page")
    group.addoption(
        "--iris-keep-failed",
        action="store_true",
        help="keep the database of a test that fails as a namespace of its own, to be looked at",
    )
    group.addoption(
        "--iris-preflight",
        action="store_true",
        help="see before the first test that client, server, privileges, disk and migrations are in order",
    )
    parser.addini("iris_preflight", "always do what --iris-preflight does", type="bool", default=False)
    parser.addini("iris_tag_column", "the column that marks rows of iris_tagged", default="test_run_id")
    parser.addini("iris_keep_failed_count", "how many are kept, the newest of them", default="5")
    parser.addini("iris_keep_failed_days", "for how many days they are kept", default="7")
    parser.addini(
        "iris_checks",
        f"checks that every run has: all, or some of {', '.join(CHECK_NAMES)}",
        type="args",
        default=[],
    )
    parser.addini(
        "iris_slow_setup_s",
        "warn with the cause when the first database took longer than that, in seconds (0: never)",
        default=_SLOW_SETUP_S,
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse what is no number, and begin to count and to listen, where that is wanted."""
    for name in _NUMBERS:
        _number(config, name)
    keeps = config.getoption("iris_keep_failed")
    if keeps or _report_wanted(config):
        from iris_devtools.testing.report import Recorder

        recorder = config.stash[_recorder_key] = Recorder(texts=keeps)
        recorder.listen()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop to count."""
    recorder = config.stash.get(_recorder_key, None)
    if recorder is not None:
        recorder.close()


def pytest_sessionstart(session: pytest.Session) -> None:
    """End the run, with all that is wrong, before it begins; with pytest-xdist, before there are workers."""
    config = session.config
    wanted = config.getoption("iris_preflight") or config.getini("iris_preflight")
    if not wanted or hasattr(config, "workerinput") or _runs_no_test(config):
        return
    from iris_devtools.testing.preflight import preflight

    with _plainly():
        run = _run(config)
        found = list(preflight(run.settings, run.server))
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    for one in found if reporter and config.get_verbosity() >= 0 else ():
        reporter.write_line(f"preflight: {one.check}: {one.found}", yellow=one.state == "warning")
    failed = [one for one in found if one.state == "failed"]
    if failed:
        lines = [f"{one.check}: {one.found}\n{one.remedy}".strip() for one in failed]
        pytest.exit("\n".join(["iris-devtools: not ready", *lines]), pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Put the checks behind the tests, before -k and -m choose among them."""
    names = _wanted_checks(config)
    if names:
        collector = _Checks.from_parent(session, name="iris-checks", nodeid="iris-checks", names=names)
        items.extend(collector.collect())


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Tell the recorder which test runs."""
    recorder = item.config.stash.get(_recorder_key, None)
    if recorder is None:
        return (yield)
    recorder.begin(item.nodeid)
    try:
        return (yield)
    finally:
        recorder.begin("")


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """Time the fixtures that a test gets its database by."""
    recorder = request.config.stash.get(_recorder_key, None)
    if (
        recorder is None
        or fixturedef.scope != "function"
        or not fixturedef.argname.startswith(("iris_", "_iris_"))
    ):
        return (yield)
    started = time.perf_counter()
    try:
        return (yield)
    finally:
        recorder.setup(time.perf_counter() - started)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep the database of a test that has failed, while its fixtures are still there."""
    report = yield
    if call.when == "call" and report.failed and item.config.getoption("iris_keep_failed"):
        text = _keep(item)
        if text:
            report.sections.append(("iris-devtools: the database of this test", text))
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let the server of the checks go before the namespaces are dropped, and collect the figures."""
    config = session.config
    bench = config.stash.get(_bench_key, None)
    if bench is not None:
        bench.close()
    figures = _figures(config)
    if figures is None:
        return
    output: dict[str, Any] | None = getattr(config, "workeroutput", None)
    if output is None:
        config.stash.setdefault(_figures_key, []).append(figures)
    else:
        output[_OUTPUT] = json.dumps(figures)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:  # noqa: ARG001
    """Take over the figures of a worker of pytest-xdist."""
    said = getattr(node, "workeroutput", {}).get(_OUTPUT)
    if said:
        node.config.stash.setdefault(_figures_key, []).append(json.loads(said))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print and write the report, and warn where setting up was slow."""
    figures = config.stash.get(_figures_key, [])
    slow = _slow_setup(config, figures)
    for text in slow:
        terminalreporter.line(f"iris-devtools: {text}", yellow=True)
    if not _report_wanted(config):
        return
    from iris_devtools.testing.report import Report

    report = Report.of(figures)
    if config.getoption("iris_report"):
        terminalreporter.section("iris-devtools report", sep="-")
        for line in report.lines():
            terminalreporter.line(line)
    if config.getoption("iris_report_json"):
        _write(config.getoption("iris_report_json"), json.dumps({**report.to_json(), "slow_setup": slow}))
    if config.getoption("iris_report_html"):
        from iris_devtools.testing.report_html import render

        _write(config.getoption("iris_report_html"), render(report, warnings=tuple(slow)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Set the generators back once more for iris_random: other plugins seed them between set-up and test."""
    manifest = pyfuncitem.stash.get(_seeded_key, None)
    if manifest is not None:
        from iris_devtools.testing.determinism import set_back

        set_back(manifest)
    return (yield)


@pytest.fixture
def iris_random(request: pytest.FixtureRequest, iris_snapshot: Snapshot) -> Iterator[tuple[str, ...]]:
    """Let random, numpy, Faker and factory_boy go on in this test from where the seed left off.

    Returns the names of those that were set: none where the snapshot has no seed.
    """
    from iris_devtools.testing.determinism import random_state, set_back, set_random_state

    before = random_state()
    with _plainly():
        names = set_back(iris_snapshot.manifest)
    request.node.stash[_seeded_key] = iris_snapshot.manifest
    try:
        yield names
    finally:
        del request.node.stash[_seeded_key]
        set_random_state(before)


@pytest.fixture
def iris_tagged(pytestconfig: pytest.Config) -> Iterator[TaggedData]:
    """Guard an engine on the namespace of the settings, which others use: see TaggedData; cleaned after."""
    from iris_devtools.testing.isolation import engine_for_tests
    from iris_devtools.testing.tagging import TaggedData

    with _plainly():
        run = _run(pytestconfig)
        engine = engine_for_tests(run.server().url(run.settings.namespace), settings=run.settings)
    try:
        guarded = TaggedData(engine, column=pytestconfig.getini("iris_tag_column"))
        with _plainly():
            guarded.open()
        try:
            yield guarded
        finally:
            with _plainly():
                guarded.close()
    finally:
        engine.dispose()


@pytest.fixture
def iris_tagged_session(iris_tagged: TaggedData) -> Iterator[Session]:
    """Return an ORM session on the guarded engine; its commits are real, and its rows go after the test."""
    from sqlalchemy.orm import Session

    with Session(iris_tagged.engine) as session:
        yield session


class _Checks(pytest.Collector):
    """The checks as pytest's tree shows them."""

    def __init__(self, *, names: tuple[str, ...], **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        self._names = names

    def collect(self) -> Iterator[pytest.Item]:
        for name in self._names:
            yield _Check.from_parent(self, name=name)


class _Check(pytest.Item):
    """One check as a test."""

    def runtest(self) -> None:
        from iris_devtools.testing.checks import CHECKS, CheckFailedError, NotApplicableError

        with _plainly():
            bench = _bench(self.config)
            try:
                CHECKS[self.name](bench)
            except CheckFailedError as error:
                raise pytest.fail.Exception(str(error), pytrace=False) from None
            except NotApplicableError as error:
                pytest.skip(str(error))

    def reportinfo(self) -> tuple[str, None, str]:
        return "iris-checks", None, f"iris-checks::{self.name}"


def _number(config: pytest.Config, name: str) -> float:
    text = config.getini(name)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < _TOO_MUCH:
        raise pytest.UsageError(f"{name} is a number from 0 on, and not {text!r}.")
    return value


def _wanted_checks(config: pytest.Config) -> tuple[str, ...]:
    listed = config.getini("iris_checks")
    if not listed and not config.getoption("iris_checks"):
        return ()
    unknown = sorted(set(listed) - {*CHECK_NAMES, "all"})
    if unknown:
        raise pytest.UsageError(
            f"iris_checks names {', '.join(unknown)}, and there are: all, {', '.join(CHECK_NAMES)}."
        )
    if not listed or "all" in listed:
        return CHECK_NAMES
    return tuple(name for name in CHECK_NAMES if name in listed)


def _bench(config: pytest.Config) -> Bench:
    bench = config.stash.get(_bench_key, None)
    if bench is None:
        from iris_devtools.testing.checks import Bench

        run = _run(config)
        bench = config.stash[_bench_key] = Bench(run.settings, run.server())
    return bench


def _report_wanted(config: pytest.Config) -> bool:
    return any(config.getoption(name) for name in ("iris_report", "iris_report_json", "iris_report_html"))


def _keep(item: pytest.Item) -> str:
    """Keep the databases that the test had, and say where; nothing when it had none."""
    from iris_devtools.errors import IrisDevtoolsError
    from iris_devtools.testing.forensics import keep, kept_directory
    from iris_devtools.testing.held import databases_of

    lines = []
    for one in databases_of(item, _run):
        admin = one.run.admin()
        try:
            with one.seen(admin) as connection:
                kept = keep(
                    admin,
                    one.run.snapshot_of(one.place),
                    connection,
                    test=item.nodeid + one.suffix,
                    directory=kept_directory(one.run.settings.root),
                    statements=item.config.stash[_recorder_key].texts,
                    limit=int(_number(item.config, "iris_keep_failed_count")),
                    max_age_s=_number(item.config, "iris_keep_failed_days") * 86400,
                )
        except IrisDevtoolsError as error:
            lines.append(f"not kept: {error}")
            continue
        changed = ", ".join(kept.copied) or "no table"
        lines.append(f"{kept.url}  ({changed} differs from the snapshot)")
        lines += [f"not as the test saw it: {table}: {why}" for table, why in (kept.not_copied or {}).items()]
        lines += [f"iris-devtools {verb} {kept.namespace}" for verb in ("diff", "open", "drop")]
    return "\n".join(lines)


def _figures(config: pytest.Config) -> dict[str, Any] | None:
    """Return what this process has to report; None where no test asked for a database."""
    run = config.stash.get(_run_key, None)
    if run is None:
        return None
    from iris_devtools.testing import report

    prepared = run.prepared()
    recorder = config.stash.get(_recorder_key, None) or report.Recorder()
    return recorder.figures(
        worker=os.environ.get("PYTEST_XDIST_WORKER", "main"),
        server=prepared.server,
        used=report.snapshot_use(prepared.provisioned) if prepared.provisioned else None,
        restore_s=prepared.restore_s,
        events=run,
    )


def _slow_setup(config: pytest.Config, figures: list[dict[str, Any]]) -> list[str]:
    limit_s = _number(config, "iris_slow_setup_s")
    found = []
    for one in figures if limit_s > 0 else ():
        used, restore_s = one["snapshot"], one["restore_s"] or 0.0
        snapshot_s = used["seconds"] if used else 0.0
        if snapshot_s + restore_s <= limit_s:
            continue
        if restore_s > snapshot_s:
            cause = f"{restore_s:.1f} s of it to restore the snapshot: is the server's disk slow, or full?"
        elif used["how"] == "waited":
            cause = f"{used['why']}; this worker waited"
        else:
            parts = sorted(used["timings"].items(), key=lambda part: -part[1])[:3]
            shown = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in parts)
            cause = f"the snapshot was made {used['why']} ({shown}); the next run finds it in the store"
        found.append(f"slow set-up ({one['worker']}): {snapshot_s + restore_s:.1f} s; {cause}")
    return found


def _write(path: str, text: str) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
