"""The report of a run: what its databases cost, as text, JSON and a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

pytest_plugins = ("pytester",)

TESTS = """
    import pytest
    from library_models import Author
    from sqlalchemy import text

    def test_reads(iris_session):
        iris_session.scalars(text("SELECT name FROM author")).all()

    def test_writes(iris_session):
        for number in range(20):
            iris_session.add(Author(name=str(number)))
            iris_session.flush()

    def test_fails_in_the_database(iris_connection):
        with pytest.raises(Exception, match="not found"):
            iris_connection.execute(text("SELECT * FROM nowhere"))

    def test_without_a_database():
        pass
"""


class Standin(Protocol):
    server: Any
    data: Path


@pytest.fixture
def library(pytester: pytest.Pytester, standin: Standin, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """The example project with a store of its own."""
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("IRIS_DEVTOOLS_NAMESPACE", "REPORTED")
    monkeypatch.setenv("IRIS_DEVTOOLS_ISOLATION", "rollback")
    for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    pytester.makepyfile(TESTS)
    return pytester


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    plugin = ("-p", "iris_devtools.testing.extras", "-p", "no:cacheprovider")
    return pytester.runpytest_subprocess(*plugin, *arguments, timeout=120)


def reported(pytester: pytest.Pytester, *arguments: str) -> dict[str, Any]:
    run(pytester, "--iris-report-json", "out/report.json", *arguments).assert_outcomes(passed=4)
    found: dict[str, Any] = json.loads((pytester.path / "out" / "report.json").read_text())
    return found


def test_a_run_says_how_it_came_by_its_snapshot_and_what_tests_cost(library: pytest.Pytester) -> None:
    first = run(library, "--iris-report")
    first.assert_outcomes(passed=4)
    first.stdout.fnmatch_lines(
        [
            "*iris-devtools report*",
            "server: stand-in at *",
            "snapshot 0002*: built, in * s; the store had no state on the way; 2 migrations ran: 0001, 0002",
            "databases restored: 1",
            "acquire: p50 * ms, p95 * ms, over 3 tests",
            "resets: *",
            "statements: * in * s",
            "against replay: * s *",
            "slowest tests by database time:",
            "* statements  test_*::test_writes",
        ]
    )
    assert "test_without_a_database" not in first.stdout.str().split("slowest tests")[1]
    again = run(library, "--iris-report")
    again.stdout.fnmatch_lines(
        ["snapshot 0002*: hit, nothing that leads to it has changed since it was made"]
    )


def test_a_new_migration_is_named_as_what_was_missing(library: pytest.Pytester) -> None:
    run(library).assert_outcomes(passed=4)
    (library.path / "migrations" / "versions" / "0003_more.py").write_text(
        "revision = '0003'\ndown_revision = '0002'\ndef upgrade(): pass\n"
    )
    result = run(library, "--iris-report")
    result.stdout.fnmatch_lines(["snapshot 0003*: nearest, on top of 0002*; the migration 0003 was missing"])


def test_nothing_is_reported_unless_it_is_asked_for(library: pytest.Pytester) -> None:
    assert "iris-devtools report" not in run(library).stdout.str()


def test_the_figures_of_workers_are_added_up(library: pytest.Pytester) -> None:
    pytest.importorskip("xdist")
    report = reported(library, "-n", "2", "--iris-report-html", "out/report.html")
    assert report["databases"] == 2
    assert report["acquired"] == 3
    assert {use["how"] for use in report["snapshots"]} >= {"built"}
    names = {test["test"].split("::")[1] for test in report["slowest"]}
    assert names == {"test_reads", "test_writes", "test_fails_in_the_database"}
    assert "test_writes" in (library.path / "out" / "report.html").read_text()


def test_a_test_that_sends_more_has_more_statements(library: pytest.Pytester) -> None:
    statements = {test["test"].split("::")[1]: test["statements"] for test in reported(library)["slowest"]}
    assert statements["test_writes"] >= 20 > statements["test_reads"] >= 1


def test_a_slow_set_up_is_warned_about_with_its_cause(library: pytest.Pytester) -> None:
    first = run(library, "-o", "iris_slow_setup_s=0.000001")
    first.stdout.fnmatch_lines(
        ["iris-devtools: slow set-up (main): * s; *the snapshot was made in * s*migrate*"]
    )
    run(library, "-o", "iris_slow_setup_s=0.000001").stdout.fnmatch_lines(
        ["iris-devtools: slow set-up (main): * to restore the snapshot*"]
    )
    assert "slow set-up" not in run(library, "-o", "iris_slow_setup_s=0").stdout.str()


def test_resets_are_counted_and_counted_as_saved(library: pytest.Pytester) -> None:
    library.makepyfile(
        """
        import pytest
        from library_models import Author

        @pytest.mark.parametrize("writes", [True, False])
        def test_it(iris_session, writes):
            if writes:
                iris_session.add(Author(name="Ada"))
                iris_session.commit()

        @pytest.mark.iris(isolation="namespace")
        def test_own(iris_engine): pass
        """
    )
    run(library, "--iris-isolation=restore", "--iris-report-json", "report.json").assert_outcomes(passed=3)
    report = json.loads((library.path / "report.json").read_text())
    assert report["resets_done"] == 1
    assert report["resets_skipped"] >= 1
    assert report["acquired"] == 3
    assert report["clones_ready"] + report["clones_awaited"] == 1
    assert report["acquire_p95_s"] >= report["acquire_p50_s"] > 0
