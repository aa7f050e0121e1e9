"""The rung ``container``: a test has a server for itself."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.servers.standin import find_standin

pytest_plugins = ("pytester",)

TESTS = """
    import pytest
    from library_models import Author
    from sqlalchemy import func, select
    from sqlalchemy.orm import Session

    def authors(engine):
        with Session(engine) as session:
            return session.scalar(select(func.count()).select_from(Author))

    @pytest.mark.iris(isolation="container")
    @pytest.mark.parametrize("turn", range(2))
    def test_alone(iris_session, iris_engine, iris_admin, iris_server, iris_url, iris_namespace, turn):
        assert iris_url.port != iris_server.port
        assert iris_namespace in iris_admin.namespaces()
        assert "MINE" not in iris_admin.namespaces()
        iris_admin.create_namespace("MINE")
        iris_session.add(Author(name="Ada"))
        iris_session.commit()
        assert authors(iris_engine) == 1

    def test_with_others(iris_session, iris_engine, iris_admin, iris_server, iris_url):
        assert iris_url.port == iris_server.port
        assert "MINE" not in iris_admin.namespaces()
        assert iris_session.scalar(select(func.count()).select_from(Author)) == 0
"""


@pytest.fixture
def library(
    pytester: pytest.Pytester, standin: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> pytest.Pytester:
    pytester.copy_example("library")
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    for variable in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID", "IRIS_DEVTOOLS_NAMESPACE"):
        monkeypatch.delenv(variable, raising=False)
    pytester.makeini("[pytest]\nfilterwarnings = error\npythonpath = .\n")
    return pytester


def own_servers(standin: Any) -> Path:
    return Path(standin.data) / "own-servers"


@pytest.mark.parametrize("arguments", [(), ("-n", "2")], ids=["one process", "workers"])
def test_a_test_has_a_server_that_nobody_else_sees(
    library: pytest.Pytester, standin: Any, arguments: tuple[str, ...]
) -> None:
    library.makepyfile(TESTS)

    result = library.runpytest_subprocess(*arguments, "--iris-report", timeout=120)

    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["servers of a test's own: 2 started, in * s"])
    assert list(own_servers(standin).iterdir()) == []


def test_a_failing_test_leaves_no_server_and_its_rows_can_be_kept(
    library: pytest.Pytester, standin: Any
) -> None:
    library.makepyfile(
        """
        import pytest
        from library_models import Author

        @pytest.mark.iris(isolation="container")
        def test_it(iris_session):
            iris_session.add(Author(name="Ada"))
            iris_session.commit()
            assert False, "on purpose"
        """
    )

    result = library.runpytest_subprocess("--iris-keep-failed", timeout=120)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*KEPT_*"])
    assert list(own_servers(standin).iterdir()) == []
    with Admin.connect(standin.server) as admin:
        (kept,) = (name for name in admin.namespaces() if name.startswith("KEPT_"))
        admin.drop_namespace(kept, terminate=True)


def test_what_a_killed_run_leaves_the_next_one_removes(
    library: pytest.Pytester, standin: Any, tmp_path: Path
) -> None:
    library.makepyfile(
        test_waits="""
        import pathlib, time
        import pytest

        @pytest.mark.iris(isolation="container")
        def test_it(iris_session):
            pathlib.Path("waits").touch()
            time.sleep(100)
        """,
        test_next="""
        import pytest

        @pytest.mark.iris(isolation="container")
        def test_it(iris_session):
            pass
        """,
    )
    run = subprocess.Popen([sys.executable, "-m", "pytest", "-q", "test_waits.py"], cwd=library.path)
    while not (library.path / "waits").exists():
        assert run.poll() is None
        time.sleep(0.05)
    (left,) = (path for path in own_servers(standin).iterdir() if path.is_dir())
    run.send_signal(signal.SIGKILL)
    run.wait()
    while find_standin(left) is not None:
        time.sleep(0.05)

    library.runpytest_subprocess("test_next.py", timeout=120).assert_outcomes(passed=1)

    assert list(own_servers(standin).iterdir()) == []


def test_somebodys_server_is_not_doubled(
    library: pytest.Pytester, standin: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = standin.server
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "existing")
    monkeypatch.setenv("IRIS_HOST", server.host)
    monkeypatch.setenv("IRIS_PORT", str(server.port))
    monkeypatch.setenv("IRIS_USERNAME", server.username)
    monkeypatch.setenv("IRIS_PASSWORD", server.password)
    library.makepyfile(TESTS)

    result = library.runpytest_subprocess("-k", "alone and 0", timeout=120)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*isolation 'container' starts a server for one test*", "*--iris-server=*"])
