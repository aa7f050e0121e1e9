"""The whole road on a server of somebody else: no Docker, and no file of the server's within reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.files import PIECE_BYTES
from iris_devtools.snapshots.restore import STAGING_DIRECTORY

pytest_plugins = ("pytester",)

# The server is on this machine, and its disk must not be used: whoever tries is stopped.
_FENCE = """
import os, sys

_fenced = os.environ["FENCED"]

def _watch(event, arguments):
    if event == "open" or event.startswith(("os.", "shutil.", "pathlib.")):
        for argument in arguments:
            if isinstance(argument, (str, bytes)) and os.fsdecode(argument).startswith(_fenced):
                raise AssertionError(f"{event} of {argument!r}, which is on the server's disk")

sys.addaudithook(_watch)
"""


class Somebodys:
    """A stand-in that counts as an existing server, and a project that uses it."""

    def __init__(self, pytester: pytest.Pytester, standin: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = pytester.path
        self.standin = standin
        pytester.copy_example("library")
        fence = self.path / "fence"
        fence.mkdir()
        (fence / "sitecustomize.py").write_text(_FENCE, encoding="utf-8")
        monkeypatch.setenv("FENCED", str(standin.data))
        monkeypatch.setenv("PYTHONPATH", f"{fence}{os.pathsep}{self.path}")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{self.path}/no.sock")
        monkeypatch.setenv("IRIS_HOST", standin.host)
        monkeypatch.setenv("IRIS_PORT", str(standin.port))
        monkeypatch.setenv("IRIS_USERNAME", "_SYSTEM")
        monkeypatch.setenv("IRIS_PASSWORD", "SYS")
        for variable in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
            monkeypatch.delenv(variable, raising=False)
        pytester.makeini("[pytest]\n")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    def alembic(self, *arguments: str) -> str:
        done = self.run("alembic", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def pytest(self, *arguments: str) -> str:
        done = self.run("pytest", "-p", "no:cacheprovider", *arguments)
        return done.stdout + done.stderr


@pytest.fixture
def somebodys(pytester: pytest.Pytester, standin_factory: Any, monkeypatch: pytest.MonkeyPatch) -> Somebodys:
    return Somebodys(pytester, standin_factory(connections=8), monkeypatch)


def test_the_fence_holds(somebodys: Somebodys) -> None:
    done = somebodys.run("timeit", "-n1", "-r1", f"open({str(somebodys.standin.data / 'iris.cpf')!r})")

    assert "which is on the server's disk" in done.stderr


def test_alembic_builds_keeps_and_restores_over_the_wire(somebodys: Somebodys) -> None:
    with Admin.connect(somebodys.standin.server) as admin:
        admin.create_namespace("LIBRARY")
        manager = admin.manager_directory
        before = admin.namespaces()

    somebodys.alembic("upgrade", "0001")
    somebodys.alembic("iris-snapshot")
    manifests = list((somebodys.path / ".iris-snapshots").glob("*/manifest.json"))
    assert [json.loads(path.read_text())["revisions"] for path in manifests] == [["0002"]]

    somebodys.alembic("iris-restore")
    assert "0002" in somebodys.alembic("current")

    with Admin.connect(somebodys.standin.server) as admin:
        assert admin.namespaces() == before
        # What was staged lies on the server, written there by the server.
        assert admin.directory_exists(f"{manager}{STAGING_DIRECTORY}")


@pytest.mark.parametrize("isolation", ["restore", "namespace"])
def test_a_pytest_session_runs_on_it(somebodys: Somebodys, isolation: str) -> None:
    (somebodys.path / "test_library.py").write_text(
        """
from library_models import Author
from sqlalchemy import func, select

def test_one(iris_session):
    iris_session.add(Author(name="Ursula"))
    iris_session.flush()
    assert iris_session.scalar(select(func.count()).select_from(Author)) == 1

def test_two(iris_session):
    assert iris_session.scalar(select(func.count()).select_from(Author)) == 0
""",
        encoding="utf-8",
    )
    with Admin.connect(somebodys.standin.server) as admin:
        before = admin.namespaces()

    said = somebodys.pytest(f"--iris-isolation={isolation}")

    assert "2 passed" in said, said
    assert "because a host is set (environment IRIS_HOST)" in said
    with Admin.connect(somebodys.standin.server) as admin:
        assert admin.namespaces() == before
        assert len(admin.processes("%SYS")) == 1, "our own"


def test_connections_of_failing_tests_are_closed(somebodys: Somebodys) -> None:
    """Every test leaks one; eight would be all that the server has."""
    (somebodys.path / "test_failing.py").write_text(
        """
import pytest
from sqlalchemy import text

leaked = []

@pytest.mark.parametrize("number", range(12))
def test_it(iris_engine, number):
    connection = iris_engine.connect()
    connection.execute(text("SELECT 1"))
    leaked.append(connection)
    assert number < 0
""",
        encoding="utf-8",
    )

    said = somebodys.pytest("--iris-isolation=rollback", "-q", "--tb=line")

    assert "12 failed" in said, said
    assert "LICENSE" not in said
    assert "Error: All" not in said
    with Admin.connect(somebodys.standin.server) as admin:
        assert len(admin.processes("%SYS")) == 1


def test_large_files_travel_in_pieces_of_a_megabyte(standin: Any, tmp_path: Path, unique: str) -> None:
    """Fewer and larger messages: a file of some megabytes takes as many calls as it has megabytes."""
    size = 3 * PIECE_BYTES + 17
    source = tmp_path / "large"
    source.write_bytes(os.urandom(size))
    moved: list[int] = []
    server = type(standin.server)("existing", standin.host, standin.port, "_SYSTEM", "SYS")

    with Admin.connect(server) as admin:
        remote = f"{admin.manager_directory}{unique}.large"
        up = admin.upload(source, remote, progress=moved.append)
        down = admin.download(remote, tmp_path / "back")
        admin.delete(remote)

    assert moved == [PIECE_BYTES, PIECE_BYTES, PIECE_BYTES, 17]
    assert up.sha256 == down.sha256
    assert (tmp_path / "back").read_bytes() == source.read_bytes()
