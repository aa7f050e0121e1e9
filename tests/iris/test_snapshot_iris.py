"""The tests of snapshots that the stand-in passes, on an IRIS server.

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

_SOURCE = Path(__file__).parents[1] / "integration" / "test_snapshot.py"


def _load() -> ModuleType:
    name = "iris_snapshot_tests"
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
