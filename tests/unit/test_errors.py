"""One tree of exceptions."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

from iris_devtools import errors
from iris_devtools.errors import AdministrationError, IrisDevtoolsError


def _classes() -> list[type[IrisDevtoolsError]]:
    return [
        value
        for _, value in inspect.getmembers(errors, inspect.isclass)
        if issubclass(value, IrisDevtoolsError)
    ]


def test_the_picture_shows_every_class_its_exit_code_and_its_parent() -> None:
    assert errors.__doc__ is not None
    drawn: dict[str, tuple[int, str | None]] = {}
    path: list[tuple[int, str]] = []
    for line in errors.__doc__.splitlines():
        match = re.match(r"( *)(?:- )?(\w+Error) +(\d)", line)
        if match is None:
            continue
        depth, name, code = len(match[1]), match[2], int(match[3])
        while path and path[-1][0] >= depth:
            path.pop()
        drawn[name] = (code, path[-1][1] if path else None)
        path.append((depth, name))

    real = {
        error.__name__: (error.exit_code, None if error is IrisDevtoolsError else error.__bases__[0].__name__)
        for error in _classes()
    }
    assert drawn == real


def test_every_class_is_exported() -> None:
    assert sorted(error.__name__ for error in _classes()) == errors.__all__


def test_an_error_holds_its_hint_and_its_facts() -> None:
    error = AdministrationError("It failed.", hint="Do this.", call="X.Y()", code=28)

    assert str(error) == "It failed.\nDo this."
    assert (error.message, error.hint, error.facts) == (
        "It failed.",
        "Do this.",
        {"call": "X.Y()", "code": 28},
    )


def test_an_error_without_a_hint_is_its_message() -> None:
    assert str(IrisDevtoolsError("It failed.")) == "It failed."


@pytest.mark.parametrize("module", ["iris_devtools", "iris_devtools.errors"])
def test_the_first_import_is_cheap(module: str) -> None:
    script = f"import {module}, sys; print(*sorted(name.partition('.')[0] for name in sys.modules))"

    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    heavy = {"sqlalchemy", "docker", "click", "rich", "pydantic", "alembic", "pytest", "sqlglot", "iris"}
    assert not heavy & set(result.stdout.split())


@pytest.mark.parametrize("module", ["iris_devtools.admin", "iris_devtools.servers", "iris_devtools.config"])
def test_administration_needs_no_sqlalchemy_and_nothing_of_the_stand_in(module: str) -> None:
    script = f"import {module}, sys; print(*sys.modules)"

    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = set(result.stdout.split())
    assert not {"sqlalchemy", "docker", "click", "rich", "sqlglot", "iris_devtools.standin"} & loaded
