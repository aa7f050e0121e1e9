"""What goes wrong with containers, made to go wrong on a real engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import AdministrationError, ServerError, ServerStartError
from iris_devtools.progress import Reporter, Step
from iris_devtools.provision import restore_namespace
from iris_devtools.servers.container import IRISContainer
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

Ours = Callable[[], list[Any]]


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
