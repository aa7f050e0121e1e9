"""As many workers as the server's licence allows connections, which is what a community edition has."""

from __future__ import annotations

from typing import Any

import pytest

from iris_devtools.admin import Admin

pytest_plugins = ("pytester",)

SUITE = """
    import pytest
    from library_models import Author
    from sqlalchemy import func, select

    def names(session):
        return session.scalar(select(func.count()).select_from(Author))

    @pytest.mark.parametrize("turn", range(16))
    def test_in_a_transaction(iris_session, turn):
        iris_session.add(Author(name="Ada"))
        iris_session.commit()
        assert names(iris_session) == 1

    @pytest.mark.iris(isolation="restore")
    @pytest.mark.parametrize("turn", range(8))
    def test_real_commit(iris_session, turn):
        iris_session.add(Author(name="Ada"))
        iris_session.commit()
        assert names(iris_session) == 1

    @pytest.mark.iris(isolation="namespace")
    @pytest.mark.parametrize("turn", range(4))
    def test_own(iris_session, turn):
        assert names(iris_session) == 0
"""


@pytest.fixture
def library(pytester: pytest.Pytester, standin_factory: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The example project on a server of somebody's that serves eight connections."""
    pytester.copy_example("library")
    private = standin_factory(connections=8)
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", private.host)
    monkeypatch.setenv("IRIS_PORT", str(private.port))
    monkeypatch.setenv("IRIS_USERNAME", "_SYSTEM")
    monkeypatch.setenv("IRIS_PASSWORD", "SYS")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(pytester.path / "data"))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "PYTEST_XDIST_WORKER_COUNT"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    return pytester, private


def test_eight_workers_are_content_with_eight_connections(library: Any) -> None:
    pytester, private = library
    pytester.makepyfile(SUITE)
    result = pytester.runpytest_subprocess("-n", "8", timeout=200)
    result.assert_outcomes(passed=28)
    with Admin.connect(private.server) as admin:
        assert [name for name in admin.namespaces() if name.startswith("USER_")] == []
        assert admin.processes("USER") == ()
