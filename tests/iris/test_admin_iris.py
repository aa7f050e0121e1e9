"""Administration, on an IRIS server: the tests that the stand-in passes."""

from __future__ import annotations

import pytest

from tests.iris.borrowing import borrowed

globals().update(borrowed("test_admin"))


def test_the_server_is_an_iris(admin: object) -> None:
    from iris_devtools.admin import Admin

    assert isinstance(admin, Admin)
    if admin.version.is_standin:
        pytest.skip("the server is the stand-in")
    assert admin.engine.startswith("iris-20")
