"""Judge the stand-in by SQLAlchemy's dialect compliance suite (``python -m tests.compliance``).

The plain dialect is the judge: repairs are only applied with ``--repairs``, which counts and compares with
nothing. Exit code 1 when a test fails that is not in ``known_failures.toml``, when one of that list passes,
or when the list names a test that does not exist.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import sqlalchemy

from iris_devtools.servers.standin import start_standin
from tests.compliance.known import FAULTS, read_known
from tests.compliance.processes import Outcome, run_suite

BAD = ("failed", "crashed", "hung")


def main() -> int:
    """Run the suite, or some of its classes, print what came out, and say whether that was expected."""
    parser = argparse.ArgumentParser(prog="python -m tests.compliance", description=__doc__)
    parser.add_argument("classes", nargs="*", help="classes of the suite (default: all)")
    parser.add_argument("--repairs", action="store_true", help="with the repairs of iris-devtools")
    parser.add_argument("--report", type=Path, help="write every outcome with its traceback as JSON")
    options = parser.parse_args()
    began = time.monotonic()
    outcomes = _run(options.classes, query="?plugin=iris-devtools" if options.repairs else "")
    if options.report:
        options.report.write_text(json.dumps([asdict(one) for one in outcomes], indent=1))
    counted = collections.Counter(one.outcome for one in outcomes)
    ran = sum(counted.values()) - counted["skipped"]
    print(f"\nSQLAlchemy {sqlalchemy.__version__}{', with repairs' if options.repairs else ''}:", end=" ")
    print(", ".join(f"{counted[kind]} {kind}" for kind in ("passed", "skipped", *BAD)), end="; ")
    print(f"{counted['passed'] / max(ran, 1):.2%} of {ran} not skipped, {time.monotonic() - began:.0f} s")
    if options.repairs:
        return 0
    return _compare(outcomes, whole=not options.classes)


def _run(classes: list[str], *, query: str) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory() as scratch,
        start_standin(data=Path(scratch) / "data") as standin,
    ):
        for of_class in run_suite(standin.server, Path(scratch), query=query, classes=classes):
            outcomes += of_class
            bad = [one for one in of_class if one.outcome in BAD]
            passed = sum(one.outcome == "passed" for one in of_class)
            skipped = sum(one.outcome == "skipped" for one in of_class)
            name = of_class[0].test.partition("::")[0]
            print(f"{name:35} {passed:5} passed {len(bad):4} failed {skipped:4} skipped", flush=True)
    return outcomes


def _compare(outcomes: list[Outcome], *, whole: bool) -> int:
    known = read_known(sqlalchemy=sqlalchemy.__version__)
    expected = collections.Counter(
        entry.fault for entry in known for one in outcomes if one.outcome in BAD and entry.covers(one.test)
    )
    print("Known failures by fault:", ", ".join(f"{expected[fault]} {fault}" for fault in FAULTS))
    listed = {one.test for one in outcomes if any(entry.covers(one.test) for entry in known)}
    surprises = [
        f"{one.outcome:8} {one.test}\n{_last_line(one.detail)}"
        for one in outcomes
        if one.outcome in BAD and one.test not in listed
    ]
    surprises += [
        f"passes, and known_failures.toml says that it fails: {one.test}"
        for one in outcomes
        if one.outcome == "passed" and one.test in listed
    ]
    if whole:
        seen = {name for one in outcomes for name in (one.test, one.test.partition("[")[0])}
        surprises += [
            f"known_failures.toml names a test that did not run: {test}"
            for entry in known
            for test in entry.tests
            if test not in seen
        ]
    for surprise in surprises:
        print(surprise)
    print(f"{len(surprises)} surprises" if surprises else "As expected.")
    return 1 if surprises else 0


def _last_line(detail: str) -> str:
    errors = [line for line in detail.splitlines() if line.startswith("E ")] or detail.splitlines()[-1:]
    return "         " + " | ".join(line.lstrip("E ").strip() for line in errors)[:400]


if __name__ == "__main__":
    sys.exit(main())
