"""The figures of a run, added up."""

from __future__ import annotations

from typing import Any

import pytest

from iris_devtools.testing.report import Report, percentile
from iris_devtools.testing.report_html import render


def figures(**more: Any) -> dict[str, Any]:
    used = {
        "name": "0002-abc",
        "how": "hit",
        "why": "nothing has changed",
        "seconds": 0.1,
        "replay_s": 4.0,
        "timings": {},
    }
    return {
        "worker": "gw0",
        "server": "stand-in at data",
        "snapshot": used,
        "restore_s": 0.5,
        "acquired": [0.001, 0.002],
        "resets": {"done": 0, "skipped": 0},
        "clones": {"ready": 0, "awaited": 0},
        "own_servers": {"started": 0, "seconds": 0.0},
        "tests": [{"test": "a::b", "statements": 2, "seconds": 0.25}],
        **more,
    }


@pytest.mark.parametrize(
    ("values", "p50", "p95"),
    [([], 0, 0), ([3.0], 3, 3), ([1.0, 2.0], 1, 2), (list(range(1, 101)), 50, 95), ([2.0, 1.0, 3.0], 2, 3)],
)
def test_a_percentile_is_one_of_the_values(values: list[float], p50: float, p95: float) -> None:
    assert (percentile(values, 50), percentile(values, 95)) == (p50, p95)


def test_a_run_that_restored_saves_the_replay() -> None:
    assert Report.of([figures(), figures(worker="gw1")]).saved_s == pytest.approx(7.0)


def test_each_reset_saves_another_replay() -> None:
    report = Report.of([figures(resets={"done": 2, "skipped": 5})])
    assert report.saved_s == pytest.approx((4.0 - 0.5) * 3)
    assert (report.resets_done, report.resets_skipped) == (2, 5)


def test_namespaces_of_a_test_s_own_are_reported_and_saved_another_replay_each() -> None:
    report = Report.of([figures(clones={"ready": 3, "awaited": 1})])
    assert ("namespaces of a test's own", "3 were ready, 1 had to be waited for") in report.rows()
    assert report.saved_s == pytest.approx(5 * Report.of([figures()]).saved_s)


def test_servers_of_a_test_s_own_are_reported_and_saved_another_replay_each() -> None:
    report = Report.of([figures(own_servers={"started": 2, "seconds": 1.25})])
    assert ("servers of a test's own", "2 started, in 1.25 s") in report.rows()
    assert report.saved_s == pytest.approx(3 * Report.of([figures()]).saved_s)


def test_a_run_that_built_paid_for_it() -> None:
    built = figures()
    built["snapshot"] |= {"how": "built", "seconds": 6.0}
    report = Report.of([built])
    assert report.saved_s == pytest.approx(4.0 - 0.5 - 6.0)
    assert "against replay: 2.50 s more, spent on snapshots that stay" in report.lines()


def test_without_a_measured_replay_nothing_is_claimed() -> None:
    unknown = figures()
    unknown["snapshot"]["replay_s"] = None
    report = Report.of([unknown])
    assert report.saved_s is None
    assert any("nobody measured" in line for line in report.lines())


def test_the_slowest_tests_come_first_and_are_few() -> None:
    tests = [{"test": f"t{number}", "statements": 1, "seconds": number / 100} for number in range(30)]
    tests.append({"test": "", "statements": 9, "seconds": 9.0})
    report = Report.of([figures(tests=tests)])
    assert [test.test for test in report.slowest] == [f"t{number}" for number in range(29, 19, -1)]
    assert report.statements == 39


def test_workers_that_did_the_same_share_a_line() -> None:
    assert Report.of([figures(), figures()]).uses() == [("0002-abc", "hit, nothing has changed (2 times)")]


def test_a_run_without_figures_has_a_report() -> None:
    assert Report.of([]).lines()


def test_the_page_escapes_and_needs_nothing_beside_it() -> None:
    tests = [{"test": "t[<script>]", "statements": 1, "seconds": 1.0}]
    page = render(Report.of([figures(tests=tests)]), warnings=("slow & steady",))
    assert "t[&lt;script&gt;]" in page
    assert "slow &amp; steady" in page
    assert "<script" not in page
    assert "src=" not in page
    assert "href=" not in page
