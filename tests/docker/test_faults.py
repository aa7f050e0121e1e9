"""What goes wrong with containers, made to go wrong on a real engine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import AdministrationError, ServerConnectionError, ServerError, ServerStartError
from iris_devtools.progress import Reporter, Step
from iris_devtools.provision import restore_namespace
from iris_devtools.servers.container import IRISContainer
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

Ours = Callable[[], list[Any]]
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


@pytest.fixture
def own(image: str, tmp_path: Path, ours: Ours) -> Iterator[IRISContainer]:
    """A container of the test's own, which outlives being stopped."""
    with IRISContainer.image(
        image, project=tmp_path, directory=tmp_path / "state", reuse=True, port=_free_port()
    ) as iris:
        yield iris


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _snapshot(admin: Admin, store: Path, namespace: str) -> Snapshot:
    admin.create_namespace(namespace)
    return _capture(admin, store, namespace)


def _capture(admin: Admin, store: Path, namespace: str) -> Snapshot:
    key = RevisionKey(revisions=("r1",), digest="d" * 64, engine=admin.engine)
    return capture(admin, namespace=namespace, store=Store(store), key=key).snapshot


def test_a_container_that_is_stopped_during_a_restore_is_an_error_and_the_next_restore_mends_it(
    own: IRISContainer, engine: Any, tmp_path: Path
) -> None:
    class StopAtTheFirstStep(Reporter):
        @contextmanager
        def _step(self, step: Step) -> Iterator[Step]:
            engine.containers.get(own.container_id).kill()
            yield step

    with Admin.connect(own.server) as admin:
        snapshot = _snapshot(admin, tmp_path / "store", "HALFWAY")
        with pytest.raises(ServerError):
            restore_namespace(
                admin,
                snapshot,
                namespace="HALFWAY",
                thoroughness="nothing",
                reporter=StopAtTheFirstStep(),
            )

    own.start()
    with Admin.connect(own.server) as admin:
        restore_namespace(admin, snapshot, namespace="HALFWAY", thoroughness="nothing")
        assert admin.namespace_exists("HALFWAY")
    own.stop()


def test_a_file_of_the_wrong_owner_is_explained_when_it_is_mounted(
    own: IRISContainer, engine: Any, tmp_path: Path
) -> None:
    container = engine.containers.get(own.container_id)
    with Admin.connect(own.server) as admin:
        admin.create_namespace("FOREIGN")
        (database,) = admin.databases("FOREIGN")
        with pytest.raises(AdministrationError) as caught, admin.dismounted([database.directory]):
            path = f"{database.directory}IRIS.DAT"
            code, output = container.exec_run(
                ["sh", "-c", f"chown root:root {path} && chmod 600 {path}"], user="root"
            )
            assert code == 0, output

        assert "IRIS.DAT" in str(caught.value) or database.directory in str(caught.value)
        assert "51773" in str(caught.value) or "owner" in str(caught.value)


def test_a_registry_that_does_not_answer_is_no_wait_without_end(engine: Any, tmp_path: Path) -> None:
    started = time.monotonic()

    with pytest.raises(ServerStartError, match="Cannot pull"):
        IRISContainer.image("registry.invalid/intersystems/iris:1", project=tmp_path).start()

    assert time.monotonic() - started < 60


def test_a_server_that_never_gets_ready_is_given_up_at_the_deadline_and_removed(
    standin_image: str, tmp_path: Path, ours: Ours
) -> None:
    with pytest.raises(ServerStartError, match="in time") as caught:
        IRISContainer.image(standin_image, project=tmp_path, after="sleep 600", timeout_s=4).start()

    assert "startup_timeout_s" in caught.value.hint
    assert "Enabling logons" in str(caught.value)
    assert ours() == []


def test_a_container_that_is_killed_during_a_test_ends_the_run_with_an_error_and_the_next_run_has_a_new_one(
    image: str, tmp_path: Path, ours: Ours
) -> None:
    shutil.copytree(EXAMPLES / "library", tmp_path, dirs_exist_ok=True)
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.iris-devtools]\nserver = "container"\nimage = "{image}"\n', encoding="utf-8"
    )
    (tmp_path / "test_killed.py").write_text(
        """
import os
from docker import DockerClient
from sqlalchemy import text
from iris_devtools.servers.docker_socket import engine_address

def ask(engine):
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1

def test_it(iris_engine):
    ask(iris_engine)
    if "KILL" in os.environ:
        client = DockerClient(base_url=engine_address())
        (container,) = client.containers.list(filters={"label": f"org.iris-devtools.project={os.getcwd()}"})
        container.kill()
        client.close()
        ask(iris_engine)
""",
        encoding="utf-8",
    )

    def run(**variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_killed.py"],
            cwd=tmp_path,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert ours() == []
        return done.stdout

    killed = run(KILL="1")
    assert "FAILED test_killed.py::test_it" in killed
    assert "COMMUNICATION LINK ERROR" in killed
    assert "nobody answers there" in killed, "what could not be cleaned up is said, too"
    assert "1 passed" in run()


def test_a_paused_container_refuses_nobody_and_goes_on_when_it_may(
    own: IRISContainer, engine: Any, tmp_path: Path
) -> None:
    """What a user sees: a login that times out and says so; a statement that waits, and is answered later."""
    container = engine.containers.get(own.container_id)
    with Admin.connect(own.server) as admin:
        container.pause()
        try:
            with pytest.raises(ServerConnectionError) as caught:
                Admin.connect(own.server, timeout_s=1.0)
            assert str(own.server.port) in caught.value.message
            answers: list[bool] = []
            waiting = threading.Thread(target=lambda: answers.append(admin.namespace_exists("USER")))
            waiting.start()
            waiting.join(2.0)
            assert answers == []
        finally:
            container.unpause()
        waiting.join(60)
        assert answers == [True]
    own.stop()


def test_a_container_that_was_left_paused_is_taken_up_again(own: IRISContainer, engine: Any) -> None:
    engine.containers.get(own.container_id).pause()
    own.stop()

    own.start()

    with Admin.connect(own.server) as admin:
        assert admin.namespace_exists("USER")
    own.stop()


@pytest.mark.parametrize("hours", [-36, 36], ids=["behind", "ahead"])
def test_a_clock_that_differs_from_the_engines_does_no_harm(
    image: str, tmp_path: Path, ours: Ours, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The clocks of a machine and of its engine's, which may be another, need not agree."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + hours * 3600)
    (tmp_path / "file").write_bytes(os.urandom(33_000_000))

    with IRISContainer.image(image, project=tmp_path, reuse=True, directory=tmp_path / "state") as iris:
        first = iris.container_id
        with Admin.connect(iris.server) as admin:
            snapshot = _snapshot(admin, tmp_path / "store", "SKEWED")
            admin.upload(tmp_path / "file", "/home/irisowner/file")
            restore_namespace(admin, snapshot, namespace="SKEWED", thoroughness="nothing")
    # The log of this life is told from that of the former one by the engine's clock.
    ours()[0].restart(timeout=30)
    with IRISContainer.image(image, project=tmp_path, reuse=True, directory=tmp_path / "state") as again:
        assert again.container_id == first


def test_a_disk_that_is_full_during_a_restore_leaves_the_namespace_as_it_was(
    standin_image: str, small_volume: str, engine: Any, tmp_path: Path
) -> None:
    with (
        IRISContainer.image(standin_image, volumes=(f"{small_volume}:/small",), project=tmp_path) as iris,
        Admin.connect(iris.server) as admin,
    ):
        admin.create_namespace("FULL", directory="/small/full/")
        with admin.connection("FULL") as connection:
            connection.cursor().execute("CREATE TABLE kept (a INTEGER)")
        snapshot = _capture(admin, tmp_path / "store", "FULL")
        engine.containers.get(iris.container_id).exec_run(
            ["sh", "-c", "cat /dev/zero > /small/filler"], user="irisowner"
        )

        with pytest.raises(ServerError) as caught:
            restore_namespace(admin, snapshot, namespace="FULL", thoroughness="nothing")

        assert "space" in f"{caught.value.message} {caught.value.hint}"
        admin.delete("/small/filler")
        with admin.connection("FULL") as connection:
            connection.cursor().execute("SELECT a FROM kept")
        restore_namespace(admin, snapshot, namespace="FULL", thoroughness="nothing")
