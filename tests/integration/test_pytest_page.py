"""The reference page of the pytest plugin has what pytest itself shows of it, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "reference" / "pytest.md").read_text(encoding="utf-8")

# What pytest shows, and what settings come of an ini file beside the environment, in one process.
SHOW = """
import contextlib, io, json, sys
from pathlib import Path

import pytest


class Values:
    def pytest_configure(self, config):
        from iris_devtools.testing.plugin import _run

        self.defaults = {name: config.getini(name) for name in KEYS}
        self.origins = dict(_run(config).settings.origins)


def shown(*arguments):
    with contextlib.redirect_stdout(io.StringIO()) as text:
        pytest.main(["-p", "no:cacheprovider", *arguments])
    return text.getvalue()


KEYS = sys.argv[1:]
said = {name: shown(f"--{name}") for name in ("fixtures", "markers", "help")}
values = Values()
with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["-p", "no:cacheprovider", "--collect-only"], plugins=[values])
said["defaults"] = values.defaults
Path("pytest.ini").write_text("[pytest]\\niris_store = here\\niris_server = standin\\n")
with contextlib.redirect_stdout(io.StringIO()):
    pytest.main(["-p", "no:cacheprovider", "--collect-only", "--iris-server=existing"], plugins=[values])
said["origins"] = values.origins
print(json.dumps(said))
"""


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The rows of the first table of a section."""
    table = re.split(r"\n(?!\|)", section(title)[section(title).index("\n|") + 1 :])[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    return cells[2:]


def code(cell: str) -> str:
    return cell.strip("`")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("IRIS_", "PYTEST_")) and name != "COLUMNS"
    }
    keys = [code(row[0]) for row in rows("Ini file")]
    done = subprocess.run(
        [sys.executable, "-c", SHOW, *keys],
        cwd=tmp_path_factory.mktemp("shown"),
        env={**clean, "COLUMNS": "300", "IRIS_DEVTOOLS_STORE": "there", "IRIS_DEVTOOLS_ISOLATION": "restore"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_has_every_fixture_with_its_scope(shown: dict[str, Any]) -> None:
    ours = re.findall(
        r"^(\w+)(?: \[(\w+) scope\])? -- .*iris_devtools/testing/\w+\.py:\d+$",
        shown["fixtures"].replace(os.sep, "/"),
        re.MULTILINE,
    )

    assert {code(row[0]): row[1] for row in rows("Fixtures")} == {
        name: scope or "function" for name, scope in ours
    }


def test_it_has_every_marker_as_it_is_written(shown: dict[str, Any]) -> None:
    markers = re.findall(r"^@pytest\.mark\.((?:iris|dat_fixture)\(.*?\)):", shown["markers"], re.MULTILINE)

    assert [code(row[0]) for row in rows("Markers")] == markers


def test_it_has_every_option_and_its_twin_in_the_ini_file(shown: dict[str, Any]) -> None:
    options = re.findall(r"^  (--iris-[\w-]+)", shown["help"], re.MULTILINE)
    keys = {code(row[0]) for row in rows("Ini file")}
    twins = {code(row[0]).split()[0]: code(row[2]) for row in rows("Command line")}

    assert sorted(twins) == sorted(options)
    assert twins == {
        option: name if (name := option[2:].replace("-", "_")) in keys else "" for option in twins
    }


def test_it_has_every_ini_key_with_type_and_default(shown: dict[str, Any]) -> None:
    keys = dict(re.findall(r"^  (iris_\w+) \((\w+)\):", shown["help"], re.MULTILINE))
    written = {code(row[0]): (row[1], code(row[2])) for row in rows("Ini file")}

    assert written == {name: (kind, _plain(shown["defaults"][name])) for name, kind in keys.items()}


def test_what_it_says_of_who_wins_is_so(shown: dict[str, Any]) -> None:
    origins = shown["origins"]

    assert origins["server"] == "argument server"
    assert origins["store"] == "argument store"
    assert "IRIS_DEVTOOLS_ISOLATION" in origins["isolation"]


def test_no_page_names_an_option_that_there_is_not(shown: dict[str, Any]) -> None:
    known = set(re.findall(r"--iris-[\w-]+", shown["help"]))
    pages = [DOCS.parent / "README.md", *DOCS.rglob("*.md")]
    named = {page.name: set(re.findall(r"--iris-[\w-]+", page.read_text("utf-8"))) for page in pages}

    assert {page: options - known for page, options in named.items() if options - known} == {}


def test_it_names_nothing_that_there_is_not(shown: dict[str, Any]) -> None:
    names = {code(row[0]) for title in ("Fixtures", "Ini file") for row in rows(title)}
    others = {"iris_devtools", "iris_engine_factory", "iris_session_factory"}

    assert set(re.findall(r"(?<![\w-])(?:iris|dat_fixture)_\w+", PAGE)) <= names | others


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value else ""
