"""The driver, found whatever else calls itself iris."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from iris_devtools.admin.driver import load_driver

_SCRIPT = """
from iris_devtools.admin.driver import load_driver
from iris_devtools.errors import UnsupportedError
try:
    load_driver()
except UnsupportedError as error:
    print(error)
else:
    print("found")
"""


def _load_with(path: Path) -> str:
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    return result.stdout


def test_the_driver_is_found_under_the_wrapper() -> None:
    driver = load_driver()

    assert driver.connect.__module__ == "iris._elsdk_"
    assert RuntimeError in driver.errors


def test_a_file_that_hides_the_driver_is_named(tmp_path: Path) -> None:
    (tmp_path / "iris.py").write_text("answer = 42\n", encoding="utf-8")

    told = _load_with(tmp_path)

    assert str(tmp_path / "iris.py") in told
    assert "it has no createIRIS" in told
    assert "--force-reinstall --no-deps intersystems-irispython" in told


def test_a_package_that_cannot_be_imported_is_named(tmp_path: Path) -> None:
    (tmp_path / "iris").mkdir()
    (tmp_path / "iris" / "__init__.py").write_text("import no_such_module_here\n", encoding="utf-8")

    assert "cannot be imported: No module named 'no_such_module_here'" in _load_with(tmp_path)
