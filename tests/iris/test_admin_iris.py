"""The tests of administration that the stand-in passes, on an IRIS server.

They are the same functions: what holds there and not here is a fault of the stand-in, or of the fact sheet.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

if not {"IRIS_DEVTOOLS_TEST_URL", "IRIS_DEVTOOLS_TEST_IMAGE"} & os.environ.keys():
    pytest.skip(
        "no IRIS server is named in IRIS_DEVTOOLS_TEST_URL, and no image by --iris-image",
        allow_module_level=True,
    )

_SOURCE = Path(__file__).parents[1] / "integration" / "test_admin.py"


def _load() -> ModuleType:
    name = "iris_admin_tests"
    pytest.register_assert_rewrite(name)
    spec = importlib.util.spec_from_file_location(name, _SOURCE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


# All tests and fixtures but the server, which conftest.py finds.
globals().update(
    {
        name: value
        for name, value in vars(_load()).items()
        if name != "server" and not name.startswith("__") and name not in globals()
    }
)


def test_the_server_is_an_iris(admin: object) -> None:
    from iris_devtools.admin import Admin

    assert isinstance(admin, Admin)
    if admin.version.is_standin:
        pytest.skip("the server is the stand-in")
    assert admin.engine.startswith("iris-20")
