"""What ``import iris_devtools`` offers, and what it costs."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import iris_devtools

HEAVY = ("alembic", "docker", "iris", "pydantic", "rich", "sqlalchemy", "sqlglot")


def modules_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_every_public_name_is_there() -> None:
    for name in iris_devtools.__all__:
        assert getattr(iris_devtools, name) is not None
    assert set(iris_devtools.__all__) <= set(dir(iris_devtools))


def test_the_version_is_that_of_the_distribution() -> None:
    assert iris_devtools.__version__ == version("iris-devtools")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        iris_devtools.no_such_name  # noqa: B018


def test_every_lazy_name_is_also_known_to_type_checkers() -> None:
    tree = ast.parse(Path(iris_devtools.__file__).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {alias.name for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert typed == set(iris_devtools.__all__) - {"__version__"} == set(iris_devtools._HOMES)


def test_importing_the_package_loads_nothing_heavy() -> None:
    assert modules_after("import iris_devtools") & set(HEAVY) == set()


def test_importing_the_pytest_plugin_loads_nothing_heavy() -> None:
    loaded = modules_after("import iris_devtools.testing.plugin")
    assert loaded & set(HEAVY) == set()
    ours = {name for name in loaded if name.startswith("iris_devtools.")}
    assert ours == {"iris_devtools.errors", "iris_devtools.testing", "iris_devtools.testing.plugin"}


def test_every_name_in_all_is_defined() -> None:
    for found in pkgutil.walk_packages(iris_devtools.__path__, "iris_devtools."):
        if found.name.startswith("iris_devtools.standin") or found.name.endswith("__main__"):
            continue
        module = importlib.import_module(found.name)
        for name in getattr(module, "__all__", ()):
            assert hasattr(module, name), f"{found.name}.{name}"
