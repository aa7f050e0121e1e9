"""The reference page of the Python names has those that there are, and its examples run."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import os
import pkgutil
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import iris_devtools
import iris_devtools.testing
from alembic_ext import commands
from alembic_ext.cli.table import COMMANDS
from iris_devtools.progress import Reporter

ROOT = Path(__file__).parent.parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGE = (REFERENCE / "python.md").read_text(encoding="utf-8")

# Every example in a namespace of its own; those that define tests have them run as well.
RUN = """
import json, sys, unittest
from pathlib import Path

import pytest

for number, text in enumerate(json.loads(Path("examples.json").read_text())):
    names = {"__name__": f"example_{number}"}
    print(f"--- example {number}", flush=True)
    exec(compile(text, f"example {number}", "exec"), names)
    for case in names.values():
        if isinstance(case, type) and case.__module__ == names["__name__"]:
            loaded = unittest.defaultTestLoader.loadTestsFromTestCase(case)
            assert loaded.countTestCases() and unittest.TextTestRunner().run(loaded).wasSuccessful()
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "tests"]))
"""


def examples(page: str) -> list[tuple[str, str]]:
    """What stands before each Python block, and the block."""
    return re.findall(r"(?:^|\n)([^\n]*)\n\n```python\n(.*?)```", page, re.DOTALL)


def sections(title: str) -> dict[str, str]:
    part = PAGE.split(f"\n## `{title}`\n")[1].split("\n## ")[0]
    found = re.split(r"\n### `(\w+)`\n", part)[1:]
    return dict(zip(found[::2], found[1::2], strict=True))


def parts() -> list[tuple[str, str, Any]]:
    modules = (iris_devtools, iris_devtools.testing)
    return [
        (name, text, getattr(module, name))
        for module in modules
        for name, text in sections(module.__name__).items()
    ]


def signature(called: Callable[..., Any]) -> str:
    """How it is called, without types; a default that cannot be written is three dots."""
    written, by_name = [], False
    for parameter in inspect.signature(called).parameters.values():
        if parameter.name in ("self", "cls"):
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            written.append(f"**{parameter.name}")
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            written.append(f"*{parameter.name}")
            by_name = True
            continue
        if parameter.kind is parameter.KEYWORD_ONLY and not by_name:
            written.append("*")
            by_name = True
        written.append(parameter.name + _default(parameter.default))
    return f"({', '.join(written)})"


def _default(value: object) -> str:
    if value is inspect.Parameter.empty:
        return ""
    if type(value) is Reporter:
        return "=SILENT"
    plain = value is None or isinstance(value, (str, int, float, tuple))
    return f"={value!r}" if plain else "=..."


def members(kind: type) -> Iterator[tuple[str, str]]:
    """The public methods and properties that are ours, and how they are called."""
    fields = {field.name for field in dataclasses.fields(kind)} if dataclasses.is_dataclass(kind) else set()
    for name in dir(kind):
        found = inspect.getattr_static(kind, name)
        if name.startswith("_") or name in fields:
            continue
        called = getattr(found, "__func__", None) or getattr(found, "fget", None) or found
        called = found.func if isinstance(found, functools.cached_property) else called
        if inspect.isfunction(called) and called.__module__.startswith("iris_devtools"):
            is_value = isinstance(found, (property, functools.cached_property))
            yield name, "" if is_value else signature(called)


@pytest.mark.parametrize("module", [iris_devtools, iris_devtools.testing], ids=lambda module: module.__name__)
def test_it_has_the_public_names(module: Any) -> None:
    assert sorted(sections(module.__name__)) == sorted(module.__all__)


def test_it_says_how_each_is_called() -> None:
    written = {
        name: match[1]
        for name, text, _ in parts()
        if (match := re.match(r"\n`\w+(\(.*?\))(?: -> .*)?`\n", text))
    }
    unwritten = {"IrisTestCase", "SchemaSource", "Settings", "__version__"}

    assert written == {name: signature(one) for name, _, one in parts() if name not in unwritten}


def test_it_says_what_each_function_returns() -> None:
    written = {
        name: match[1] for name, text, _ in parts() if (match := re.match(r"\n`\w+\(.*\) -> (.*)`\n", text))
    }
    functions = {name: one for name, _, one in parts() if inspect.isfunction(one)}

    told = {name: one.__annotations__["return"] for name, one in functions.items()}
    assert written == {name: returned for name, returned in told.items() if returned != "Any"}


def test_it_has_the_methods_of_each_class() -> None:
    written = {
        name: {row[1]: row[2] or "" for row in re.finditer(r"^\| `(\w+)(\(.*?\))?` \|", text, re.MULTILINE)}
        for name, text, one in parts()
        if isinstance(one, type) and "\n| | |\n" in text
    }
    classes = {name: dict(members(one)) for name, _, one in parts() if isinstance(one, type)}

    assert written == {name: found for name, found in classes.items() if found}


def test_it_has_the_commands_of_alembic_as_they_are_called() -> None:
    part = PAGE.split("\n## `alembic_ext.commands`\n")[1].split("\n## ")[0]
    written = re.findall(r"^\| `(\w+)(\(.*?\))` \| `(.*?)` \|$", part, re.MULTILINE)

    assert {name: called for name, called, _ in written} == {
        name: signature(getattr(commands, name)) for name in commands.__all__
    }
    assert {command.split()[0] for _, _, command in written} == {one.name for one in COMMANDS}


def test_what_it_names_of_other_modules_is_there() -> None:
    part = PAGE.split("\n## Other modules\n")[1]
    rows = re.findall(r"^\| `([\w.]+)(\(.*?\))?` \|", part, re.MULTILINE)

    assert len(rows) == len(re.findall(r"^\| `iris_devtools", part, re.MULTILINE))
    for path, called in rows:
        found = pkgutil.resolve_name(path)
        assert not called or signature(found) == called, path


def test_names_in_the_text_are_there() -> None:
    named = set(re.findall(r"`(iris_devtools(?:\.\w+)+)(?:\(.*?\))?`", PAGE))

    assert [
        path
        for path in sorted(named)
        if path != "iris_devtools.schema_sources" and not pkgutil.resolve_name(path)
    ] == []


def test_its_examples_run(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "tests" / "examples" / "library", project)
    (project / "library.py").write_text("from library_models import *\n")
    mine = examples(PAGE)
    for before, text in mine:
        compile(text, before, "exec")
    running = [text for before, text in mine if "wants Docker" not in before]
    (project / "examples.json").write_text(json.dumps(running))
    (project / "tests").mkdir()
    for number, (_, text) in enumerate(examples((REFERENCE / "pytest.md").read_text(encoding="utf-8"))):
        (project / "tests" / f"test_page_{number}.py").write_text(text)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("IRIS_", "PYTEST_"))}

    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=project,
        env={
            **clean,
            "DOCKER_HOST": "unix:///nowhere/docker.sock",
            "IRIS_DEVTOOLS_SERVER": "standin",
            "PYTHONPATH": str(project),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(mine) - len(running) == 1
    assert f"--- example {len(running) - 1}" in done.stdout
