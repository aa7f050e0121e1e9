"""The Docker engine is restarted under a running container: an engine of these tests, and theirs alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import ServerError
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.docker_socket import engine_says

_COMES_UP_WITHIN_S = 60.0


class OwnEngine:
    """A ``dockerd`` beside the machine's: nothing of it is shared but the kernel."""

    def __init__(self, directory: Path, bridge: str) -> None:
        self.address = f"unix://{directory}/docker.sock"
        self._directory = directory
        self._command = [
            "dockerd",
            f"--data-root={directory}/data",
            f"--exec-root={directory}/exec",
            f"--pidfile={directory}/docker.pid",
            f"--host={self.address}",
            f"--bridge={bridge}",
            "--iptables=false",
            "--ip-masq=false",
            f"--containerd-namespace={bridge}",
            f"--containerd-plugins-namespace={bridge}-plugins",
        ]
        self.live_restore = False
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, f"--live-restore={str(self.live_restore).lower()}"],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + _COMES_UP_WITHIN_S
        while True:
            with contextlib.suppress(OSError):
                if engine_says(self.address, "/_ping")[0] == 200:
                    return
            if self._process.poll() is not None or time.monotonic() > deadline:
                text = (self._directory / "log").read_text(errors="replace")
                self.stop()
                pytest.skip(f"no Docker engine of the tests' own can be started: {text.splitlines()[-1:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


@pytest.fixture(scope="module")
def new_engine(standin_image: str) -> Iterator[OwnEngine]:
    """An engine that has the image."""
    if os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("ip"):
        pytest.skip("an engine of the tests' own wants root, dockerd and ip")
    bridge = f"idt{os.getpid() % 10**7:07d}"
    # Out of the way of the networks that people have, and of a second run of these tests.
    network = f"172.31.{os.getpid() % 250 + 1}.1/24"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        for command in (
            ["ip", "link", "add", "name", bridge, "type", "bridge"],
            ["ip", "address", "add", network, "dev", bridge],
            ["ip", "link", "set", bridge, "up"],
        ):
            if subprocess.run(command, capture_output=True, check=False).returncode:
                subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)
                pytest.skip("no network bridge can be made here")
        engine = OwnEngine(Path(directory), bridge)
        try:
            engine.start()
            saved = subprocess.Popen(["docker", "save", standin_image], stdout=subprocess.PIPE)
            subprocess.run(
                ["docker", "--host", engine.address, "load", "--quiet"],
                stdin=saved.stdout,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            assert saved.stdout is not None
            saved.stdout.close()
            assert saved.wait() == 0
            yield engine
        finally:
            engine.stop()
            subprocess.run(["ip", "link", "delete", bridge], capture_output=True, check=False)


@pytest.fixture
def own_engine(
    new_engine: OwnEngine, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OwnEngine]:
    """The engine, with or without containers that live through its restart; DOCKER_HOST names it."""
    if new_engine.live_restore != request.param:
        new_engine.stop()
        new_engine.live_restore = request.param
        new_engine.start()
    monkeypatch.setenv("DOCKER_HOST", new_engine.address)
    yield new_engine
    for name in _containers(new_engine):
        subprocess.run(
            ["docker", "--host", new_engine.address, "rm", "--force", "--volumes", name],
            capture_output=True,
            check=False,
        )


def _containers(engine: OwnEngine) -> list[str]:
    _, found = engine_says(engine.address, "/containers/json?all=true")
    return [container["Id"] for container in found]


def _eventually(condition: Callable[[], Any], *, within_s: float = 30.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@pytest.mark.parametrize("own_engine", [True], indirect=True, ids=["live-restore"])
def test_a_container_that_lives_through_a_restart_is_used_on_and_removed_in_the_end(
    own_engine: OwnEngine, standin_image: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(os.urandom(33_000_000))
    with (
        IRISContainer.image(standin_image, project=tmp_path) as iris,
        Admin.connect(iris.server) as admin,
    ):
        first = iris.container_id
        own_engine.stop()
        own_engine.start()
        # The program that published the port was another: the connection is lost, and opened again.
        assert admin.namespace_exists("USER")
        admin.upload(tmp_path / "file", "/home/irisowner/afterwards")
        assert (iris.container_id, iris.is_alive()) == (first, True)
    assert _containers(own_engine) == []

    with IRISContainer.image(standin_image, project=tmp_path):
        own_engine.stop()
    # The end came while the engine was away: the reaper waits for it.
    assert "when the engine answers again" in caplog.text
    own_engine.start()

    assert _eventually(lambda: _containers(own_engine) == [])


@pytest.mark.parametrize("own_engine", [False], indirect=True, ids=["plain"])
def test_a_container_that_ends_with_its_engine_is_an_error_and_one_that_is_kept_starts_again(
    own_engine: OwnEngine, standin_image: str, tmp_path: Path
) -> None:
    container = IRISContainer.image(standin_image, project=tmp_path, reuse=True, directory=tmp_path / "state")
    with container as iris:
        first = iris.container_id
        with Admin.connect(iris.server) as admin:
            admin.create_namespace("KEPT")
            own_engine.stop()
            with pytest.raises(ServerError):
                admin.namespace_exists("KEPT")
            own_engine.start()
            assert not iris.is_alive()

    with container as iris, Admin.connect(iris.server) as admin:
        assert iris.container_id == first
        assert admin.namespace_exists("KEPT")
