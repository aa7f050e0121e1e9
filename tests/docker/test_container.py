"""A container from its start to its end, on a real engine."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.driver import load_driver
from iris_devtools.errors import ServerError, ServerStartError
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.server import Server

Ours = Callable[[], list[Any]]


def _eventually(condition: Callable[[], bool], *, within_s: float = 30.0) -> bool:
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_a_container_lets_us_in_as_an_administrator_of_our_own(iris: IRISContainer) -> None:
    with Admin.connect(iris.server) as admin:
        assert admin.namespace_exists("USER")

    assert iris.server.kind == "container"
    assert iris.server.username.startswith("iris_devtools_")
    assert not iris.server.local_files


def test_predefined_accounts_are_unexpired_without_the_user_noticing(iris: IRISContainer) -> None:
    from dataclasses import replace

    with Admin.connect(replace(iris.server, username="_SYSTEM", password="SYS")) as admin:
        assert admin.namespace_exists("%SYS")


def _raw_login(server: Server) -> Any:
    """Log in by the driver alone, as a program does that knows nothing of us."""
    return load_driver().connect(
        server.host, server.port, "%SYS", server.username, server.password, timeout=10, sharedmemory=False
    )


def test_passwords_that_expire_later_are_mended(iris: IRISContainer) -> None:
    from dataclasses import replace

    account = replace(iris.server, username="SuperUser", password="SYS")

    def expire() -> None:
        with Admin.connect(iris.server) as admin:
            admin._link.value("Security.Users", "ExpireUserPasswords", "SuperUser")

    expire()
    with pytest.raises(RuntimeError, match=r"(?i)password"):
        _raw_login(account)
    iris.unexpire_passwords()
    _raw_login(account).close()

    expire()
    Admin.connect(account).close()


def test_the_password_is_nowhere_to_be_seen(iris: IRISContainer, engine: Any) -> None:
    import json

    inspected = json.dumps(engine.api.inspect_container(iris.container_id))
    command = ["sh", "-c", "cat /proc/[0-9]*/cmdline"]
    processes = engine.containers.get(iris.container_id).exec_run(command, user="root")[1].decode()
    assert "iris-main" in processes

    for text in (inspected, processes, iris.logs(), repr(iris), repr(iris.server), str(iris.url())):
        assert iris.server.password not in text


def test_labels_say_whose_it_is(image: str, engine: Any, tmp_path: Path, ours: Ours) -> None:
    with IRISContainer.image(image, project=tmp_path, directory=tmp_path / "state") as iris:
        (found,) = ours()

        assert found.id == iris.container_id
        assert found.labels["org.iris-devtools.config-hash"] == iris.spec.digest
        assert {"owner-pid", "boot-id", "created", "session"} <= {
            name.removeprefix("org.iris-devtools.") for name in found.labels
        }
    assert ours() == []


def test_an_exception_ends_the_container_too(image: str, tmp_path: Path, ours: Ours) -> None:
    with pytest.raises(RuntimeError, match="on purpose"), IRISContainer.image(image, project=tmp_path):
        raise RuntimeError("on purpose")

    assert ours() == []


_OWNER = """
    import sys, signal
    from pathlib import Path
    from iris_devtools.servers.container import IRISContainer
    project = Path(sys.argv[2])
    with IRISContainer.image(sys.argv[1], project=project, directory=project / "state"):
        print("ready", flush=True)
        sys.stdin.read()
"""


def _owner(image: str, project: Path) -> subprocess.Popen[str]:
    with (project / "owner.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_OWNER), image, str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


def _ready(process: subprocess.Popen[str], project: Path) -> bool:
    assert process.stdout is not None
    if process.stdout.readline() == "ready\n":
        return True
    process.wait(30)
    raise AssertionError((project / "owner.log").read_text(encoding="utf-8"))


def _close(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        pipe.close()


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGTERM", "SIGINT"])
def test_a_signal_that_ends_the_owner_ends_the_container(
    image: str, tmp_path: Path, ours: Ours, signal: str
) -> None:
    import signal as signals

    owner = _owner(image, tmp_path)
    try:
        assert _ready(owner, tmp_path)
        assert len(ours()) == 1
        owner.send_signal(signals.Signals[signal])
        owner.wait(30)
        assert _eventually(lambda: ours() == [])
    finally:
        _close(owner)


def test_what_owner_and_reaper_left_is_swept_at_the_next_start(
    image: str, tmp_path: Path, ours: Ours
) -> None:
    owner = _owner(image, tmp_path)
    try:
        assert _ready(owner, tmp_path)
        children = Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text(encoding="ascii").split()
        for child in children:
            subprocess.run(["kill", "-9", child], check=True)
    finally:
        _close(owner)
    (left,) = ours()
    (known,) = (tmp_path / "state").rglob("container.json")

    with IRISContainer.image(image, project=tmp_path):
        assert left.id not in [container.id for container in ours()]
    assert not known.exists()


def test_two_sessions_that_start_at_once_share_one_container(image: str, tmp_path: Path, ours: Ours) -> None:
    owners = [_owner(image, tmp_path) for _ in range(2)]
    try:
        for owner in owners:
            assert _ready(owner, tmp_path)
        assert len(ours()) == 1
        owners[0].kill()
        owners[0].wait()
        time.sleep(1.0)
        assert len(ours()) == 1
        owners[1].kill()
        owners[1].wait()
        assert _eventually(lambda: ours() == [])
    finally:
        for owner in owners:
            _close(owner)


def test_a_reused_container_is_found_again_by_its_configuration(
    image: str, tmp_path: Path, ours: Ours
) -> None:
    def start(**options: Any) -> IRISContainer:
        return IRISContainer.image(image, project=tmp_path, directory=tmp_path / "s", reuse=True, **options)

    with start() as first:
        known = (first.container_id, first.server.username)
    with start() as second:
        assert (second.container_id, second.server.username) == known
    with start(environment={"A": "b"}) as other:
        assert other.container_id != known[0]
    assert len(ours()) == 2


def test_a_reused_container_that_was_stopped_is_started_again(image: str, tmp_path: Path, ours: Ours) -> None:
    container = IRISContainer.image(image, project=tmp_path, directory=tmp_path / "s", reuse=True)
    with container as first, Admin.connect(first.server) as admin:
        admin.create_namespace("KEPT")
    (left,) = ours()
    left.stop(timeout=30)

    with container as second, Admin.connect(second.server) as admin:
        assert admin.namespace_exists("KEPT")


def test_a_reused_container_whose_account_was_forgotten_gets_another(
    image: str, tmp_path: Path, ours: Ours
) -> None:
    container = IRISContainer.image(image, project=tmp_path, directory=tmp_path / "s", reuse=True)
    with container as first:
        username = first.server.username
    for path in (tmp_path / "s").rglob("container.json"):
        assert path.stat().st_mode & 0o077 == 0
        path.unlink()

    with container as second:
        assert second.server.username != username
    assert len(ours()) == 1


def test_a_port_that_is_taken_is_named(image: str, iris: IRISContainer, tmp_path: Path, ours: Ours) -> None:
    with pytest.raises(ServerStartError) as caught:
        IRISContainer.image(image, project=tmp_path, port=iris.server.port).start()

    assert "container_port" in caught.value.hint
    assert ours() == []


def test_an_image_that_cannot_be_pulled_is_named_with_a_remedy(engine: Any, tmp_path: Path) -> None:
    name = "127.0.0.1:9/nobody/nothing:1"

    with pytest.raises(ServerStartError, match=name) as caught:
        IRISContainer.image(name, project=tmp_path).start()

    assert "registry" in caught.value.hint
    assert "standin" in caught.value.hint


def test_an_image_of_something_else_is_not_started(
    engine: Any, standin_image: str, tmp_path: Path, ours: Ours
) -> None:
    base = "iris-devtools/debian:bookworm-python3-tini"
    if not engine.images.list(name=base):
        pytest.skip(f"there is no {base}")

    with pytest.raises(ServerStartError, match="not one of IRIS"):
        IRISContainer.image(base, project=tmp_path, pull=False).start()
    assert ours() == []


def test_an_expired_licence_ends_the_wait_at_once_and_says_so(
    standin_image: str, tmp_path: Path, ours: Ours
) -> None:
    key = tmp_path / "iris.key"
    key.write_text("[License]\nCustomerName=Us\nExpirationDate=12/31/2020\n", encoding="utf-8")

    with pytest.raises(ServerStartError, match="License expired") as caught:
        IRISContainer.enterprise(image=standin_image, license_key=key, project=tmp_path).start()

    assert "newer tag" in caught.value.hint
    assert caught.value.facts["exit_code"] == 1
    assert ours() == []


def test_a_valid_licence_key_is_mounted(standin_image: str, tmp_path: Path) -> None:
    key = tmp_path / "iris.key"
    key.write_text("[License]\nCustomerName=The Hospital\nExpirationDate=12/31/2099\n", encoding="utf-8")

    with IRISContainer.enterprise(image=standin_image, license_key=key, project=tmp_path) as iris:
        assert "The Hospital" in iris.logs()


def test_a_command_after_the_start_that_fails_is_shown(
    standin_image: str, tmp_path: Path, ours: Ours
) -> None:
    with pytest.raises(ServerStartError, match="no such thing"):
        IRISContainer.image(
            standin_image, project=tmp_path, after="echo no such thing >&2", timeout_s=20
        ).start()
    assert ours() == []


def test_a_merge_file_and_a_durable_directory_are_used(
    standin_image: str, engine: Any, tmp_path: Path
) -> None:
    merge = tmp_path / "merge.cpf"
    merge.write_text(
        "[Actions]\nCreateDatabase:Name=SHOP,Directory=/durable/iris/mgr/shop\n"
        "CreateNamespace:Name=SHOP,Globals=SHOP,Routines=SHOP\n",
        encoding="utf-8",
    )
    durable = tmp_path / "durable"
    durable.mkdir()
    durable.chmod(0o777)
    with (
        IRISContainer.image(standin_image, merge_file=merge, durable=str(durable), project=tmp_path) as iris,
        Admin.connect(iris.server) as admin,
    ):
        assert admin.namespace_exists("SHOP")
        assert admin.manager_directory == "/durable/iris/mgr/"


def test_a_container_that_is_killed_is_an_error_that_names_it(
    image: str, engine: Any, tmp_path: Path
) -> None:
    with IRISContainer.image(image, project=tmp_path) as iris, Admin.connect(iris.server) as admin:
        assert admin.namespace_exists("USER")
        engine.containers.get(iris.container_id).kill()
        with pytest.raises(ServerError):
            admin.namespace_exists("USER")


def test_a_container_that_is_paused_for_a_while_goes_on(iris: IRISContainer, engine: Any) -> None:
    container = engine.containers.get(iris.container_id)
    with Admin.connect(iris.server) as admin:
        container.pause()
        threading.Timer(3.0, container.unpause).start()
        assert admin.namespace_exists("USER")


def test_no_reaper_is_left_after_a_clean_end(image: str, tmp_path: Path) -> None:
    with IRISContainer.image(image, project=tmp_path) as iris:
        reaper = iris._reaper
        assert reaper is not None
    assert reaper.returncode == 0
