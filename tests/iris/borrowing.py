"""Tests of another directory, for a server of this one."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import Any

import pytest

__all__ = ["borrowed"]

_SOURCES = Path(__file__).parents[1] / "integration"


def borrowed(module: str) -> dict[str, Any]:
    """Return the tests and fixtures of a module in tests/integration, but not its ``server``.

    What holds there and not here is a fault of the stand-in, or of what it was made from. Skips the module
    that asks, unless a server is named or an image to start one from.
    """
    if not {"IRIS_DEVTOOLS_TEST_URL", "IRIS_DEVTOOLS_TEST_IMAGE"} & os.environ.keys():
        pytest.skip(
            "no IRIS server is named in IRIS_DEVTOOLS_TEST_URL, and no image by --iris-image",
            allow_module_level=True,
        )
    name = f"{module}_on_iris"
    pytest.register_assert_rewrite(name)
    spec = importlib.util.spec_from_file_location(name, _SOURCES / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    spec.loader.exec_module(loaded)
    return {
        name: value
        for name, value in vars(loaded).items()
        if name not in ("server", "annotations") and not name.startswith("__")
    }
