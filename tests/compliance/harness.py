"""What runs inside a process of the compliance suite: SQLAlchemy's pytest plugin, and a record of each test.

The record is written before a test starts and after it ends, so that a process which crashes or hangs has
said which test it was in; the next process goes on behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *  # noqa: E402, F403
from sqlalchemy.testing.plugin.pytestplugin import (  # noqa: E402
    pytest_addoption as _sqlalchemy_options,
)
from sqlalchemy.testing.plugin.pytestplugin import (  # noqa: E402
    pytest_collection_modifyitems as _sqlalchemy_items,
)

_BACKEND = re.compile(r"_iris\+\w+$")
DETAIL_CHARACTERS = 6000


def pytest_addoption(parser: pytest.Parser) -> None:
    _sqlalchemy_options(parser)
    group = parser.getgroup("compliance")
    group.addoption("--record", required=True, type=Path)
    group.addoption("--suite-class", default=None)


def name_of(item: pytest.Item) -> str:
    """Name a test without the backend and its version, which SQLAlchemy puts behind the class."""
    parent = item.getparent(pytest.Class)
    assert parent is not None
    return f"{_BACKEND.sub('', parent.name)}::{item.name}"


def read_record(path: Path) -> Iterable[dict[str, Any]]:
    """Yield the lines of a record; a last line that was cut off is left out."""
    if not path.exists():
        return
    for line in path.read_text().splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    _sqlalchemy_items(session, config, items)
    path = config.getoption("--record")
    begun = {line["test"] for line in read_record(path) if "started" in line}
    wanted = config.getoption("--suite-class")
    items[:] = [
        item
        for item in items
        if (wanted is None or name_of(item).partition("::")[0] == wanted) and name_of(item) not in begun
    ]
    if config.option.collectonly:
        for item in items:
            write_record(path, {"test": name_of(item)})
    else:
        config.pluginmanager.register(Recorder(path), "compliance-recorder")


class Recorder:
    """Write one line when a test starts and one when it has ended."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterable[None]:
        self._reports: list[pytest.TestReport] = []
        write_record(self._path, {"test": name_of(item), "started": True})
        yield
        outcome, detail = _outcome(self._reports)
        write_record(self._path, {"test": name_of(item), "outcome": outcome, "detail": detail})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reports.append(report)


def _outcome(reports: list[pytest.TestReport]) -> tuple[str, str]:
    for report in reports:
        if report.failed:
            return "failed", f"[{report.when}] {report.longreprtext}"[-DETAIL_CHARACTERS:]
    if any(report.skipped for report in reports):
        return "skipped", next(str(report.longrepr) for report in reports if report.skipped)[-300:]
    return "passed", ""


def write_record(path: Path, line: dict[str, Any]) -> None:
    """Put one line behind a record."""
    with path.open("a") as file:
        file.write(json.dumps(line) + "\n")
