"""Servers in a state that only a server of our own can be put into: fresh, full, starting, shared, forked."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.config import load_settings
from iris_devtools.errors import AuthenticationError, ServerConnectionError
from iris_devtools.servers import Server, choose_server
from iris_devtools.servers.readiness import wait_until_ready
from iris_devtools.servers.standin import find_standin

RunPython = Callable[..., CompletedProcess[str]]


def test_a_password_that_must_be_changed_first_is_told_from_a_wrong_one(standin_factory: Any) -> None:
    server: Server = standin_factory(change_password=True).server

    with pytest.raises(AuthenticationError, match="change the password") as caught:
        Admin.connect(server)

    assert "UnExpireUserPasswords" in caught.value.hint


def test_a_full_server_says_that_no_licence_unit_is_left(standin_factory: Any) -> None:
    server: Server = standin_factory(connections=1).server

    with Admin.connect(server), pytest.raises(ServerConnectionError, match="no licence unit left"):
        Admin.connect(server)

    with Admin.connect(server) as admin:
        assert admin.namespace_exists("USER")


def test_a_unit_that_comes_free_in_time_is_taken(
    standin_factory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server: Server = standin_factory(connections=1).server
    first = Admin.connect(server)
    # The pause before the second attempt is when a connection that was closed just now gives its unit back.
    monkeypatch.setattr("iris_devtools.admin.scarcity.time.sleep", lambda _: first.close())

    with Admin.connect(server) as second:
        assert second.namespace_exists("USER")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_still_starts_is_waited_for(standin_factory: Any) -> None:
    port = _free_port()
    starting = threading.Thread(target=standin_factory, kwargs={"port": port})
    starting.start()

    waited_s = wait_until_ready(Server("existing", "127.0.0.1", port, "_SYSTEM", "SYS"), timeout_s=60)

    starting.join()
    assert waited_s > 0


def test_waiting_ends_at_its_limit() -> None:
    server = Server("existing", "127.0.0.1", _free_port(), "_SYSTEM", "SYS")

    with pytest.raises(ServerConnectionError, match=r"No login to the server at .* within 0\.3 s"):
        wait_until_ready(server, timeout_s=0.3)


def test_waiting_does_not_mend_a_password(standin: Any) -> None:
    server = Server("existing", standin.host, standin.port, "_SYSTEM", "wrong")

    with pytest.raises(AuthenticationError):
        wait_until_ready(server, timeout_s=60)


def test_an_existing_server_is_waited_for_when_the_settings_say_so(standin: Any, tmp_path: Path) -> None:
    settings = load_settings(
        tmp_path, environ={}, url=standin.server.url("APP").render(hide_password=False), wait_s=30
    )

    with choose_server(settings) as handle, Admin.connect(handle.server) as admin:
        assert admin.version.is_standin
        assert not handle.server.local_files


_CHOOSE = """
    import sys
    from pathlib import Path
    from iris_devtools.admin import Admin
    from iris_devtools.config import load_settings
    from iris_devtools.servers import choose_server

    settings = load_settings(Path(sys.argv[1]), environ={})
    with choose_server(settings) as first:
        with choose_server(settings) as second:
            assert first.server == second.server
    # Closing the handles leaves the server to everything else here that uses it.
    with Admin.connect(first.server) as admin:
        print(admin.engine)
    print(first.reason)
"""


def test_without_a_host_the_stand_in_of_the_project_is_started(run_python: RunPython, tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")

    ended = run_python(_CHOOSE, tmp_path)

    assert ended.stderr == ""
    engine, reason = ended.stdout.splitlines()
    data = tmp_path / ".iris-devtools" / "standin"
    assert engine.startswith("standin-")
    assert reason.startswith(f"stand-in at {data}, because no host is set and ")


def test_a_stand_in_that_runs_already_is_shared_and_stays(
    standin_factory: Any, run_python: RunPython, tmp_path: Path
) -> None:
    (tmp_path / "alembic.ini").write_text("[alembic]\n", encoding="utf-8")
    data = tmp_path / ".iris-devtools" / "standin"
    running: Server = standin_factory(data=data).server

    ended = run_python(_CHOOSE, tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert find_standin(data) == running
    with Admin.connect(running) as admin:
        assert admin.namespace_exists("USER")


_FORK = """
    import os, sys
    from iris_devtools.admin import Admin
    from iris_devtools.servers import Server

    admin = Admin.connect(Server("existing", sys.argv[1], int(sys.argv[2]), "_SYSTEM", "SYS"))
    before = {process.pid for process in admin.processes("%SYS")}
    child = os.fork()
    if child == 0:
        own = {process.pid for process in admin.processes("%SYS")} - before
        admin.close()
        os._exit(0 if len(own) == 1 else 1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert admin.namespace_exists("USER")
    print("both answered")
"""


def test_after_a_fork_parent_and_child_have_a_connection_each(standin: Any, run_python: RunPython) -> None:
    ended = run_python(_FORK, standin.host, standin.port)

    assert ended.stdout == "both answered\n", ended.stderr
