"""Run the compliance suite in processes: one for each class, and one more behind each crash."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server
from tests.compliance.harness import read_record, write_record

__all__ = ["Outcome", "run_suite"]

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TEST_LIMIT_S = 60.0
_LOOK_EVERY_S = 0.1
_PASSED, _FAILED, _NOTHING_LEFT = 0, 1, 5


@dataclass(frozen=True)
class Outcome:
    """What became of one test: passed, skipped, failed, crashed or hung."""

    test: str
    outcome: str
    detail: str = ""


def run_suite(
    server: Server, directory: Path, *, query: str = "", classes: Sequence[str] = (), at_once: int = 2
) -> Iterator[list[Outcome]]:
    """Run the suite, each class in a namespace of its own, and yield the outcomes of class after class."""
    listed = directory / "listed"
    _namespace(server, "LISTED")
    code, output = _pytest(["--collect-only", *_options(server, "LISTED", query, listed)], listed)
    names = list(dict.fromkeys(line["test"].partition("::")[0] for line in read_record(listed)))
    if code != 0 or not names:
        raise RuntimeError(f"The suite could not be collected:\n{output}")
    wanted = [name for name in names if not classes or name in classes]
    with ThreadPoolExecutor(at_once) as pool:
        numbered = enumerate(wanted, start=1)
        yield from pool.map(lambda one: _run_class(server, directory, query, *one), numbered)


def _run_class(server: Server, directory: Path, query: str, number: int, name: str) -> list[Outcome]:
    record = directory / name
    for attempt in itertools.count():
        namespace = f"SUITE{number}X{attempt}"
        _namespace(server, namespace)
        options = ["--suite-class", name, *_options(server, namespace, query, record)]
        code, output = _pytest(options, record)
        cut = _cut_off(record)
        if cut is not None:
            outcome = "hung" if code is None else "crashed"
            write_record(
                record, {"test": cut, "outcome": outcome, "detail": f"exit code {code}\n{output[-2000:]}"}
            )
            continue
        if code not in (_PASSED, _FAILED, _NOTHING_LEFT):
            raise RuntimeError(f"The process of {name} ended with {code} outside a test:\n{output}")
        break
    return [
        Outcome(line["test"], line["outcome"], line["detail"])
        for line in read_record(record)
        if "outcome" in line
    ]


def _cut_off(record: Path) -> str | None:
    """Return the test that was started and did not end."""
    begun: str | None = None
    for line in read_record(record):
        begun = line["test"] if "started" in line else None
    return begun


def _pytest(options: Sequence[str], record: Path) -> tuple[int | None, str]:
    """Run pytest; it is killed, and the code is None, when its record has not grown for the time limit."""
    with (
        tempfile.TemporaryFile("w+") as output,
        subprocess.Popen(
            [
                *(
                    sys.executable,
                    "-m",
                    "pytest",
                    "-q",
                    "-c",
                    str(HERE / "setup.cfg"),
                    "--rootdir",
                    str(HERE),
                ),
                *(*options, str(HERE / "dialect_suite.py")),
            ],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        size, since = -1, time.monotonic()
        while process.poll() is None:
            grown = record.stat().st_size if record.exists() else 0
            if grown != size:
                size, since = grown, time.monotonic()
            elif time.monotonic() - since > TEST_LIMIT_S:
                process.kill()
                process.wait()
                return None, ""
            time.sleep(_LOOK_EVERY_S)
        output.seek(0)
        return process.returncode, output.read()


def _options(server: Server, namespace: str, query: str, record: Path) -> list[str]:
    url = server.url(namespace).render(hide_password=False)
    return ["--dburi", url + query, "--record", str(record)]


def _namespace(server: Server, namespace: str) -> None:
    with Admin.connect(server) as admin:
        admin.create_namespace(namespace)
