"""Waiting for a container's server: the log line, the port, a login with a query; one deadline, early end."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from iris_devtools.errors import AuthenticationError, ServerStartError
from iris_devtools.servers import Server
from iris_devtools.servers.container.readiness import wait_for_log, wait_for_login

STARTING = "[INFO] Starting InterSystems IRIS instance IRIS...\n"
READY = STARTING + "11/21/26-10:00:00:000 (1) 0 [Generic.Event] Enabling logons\n"
SOON_S, LATER_S = 0.5, 120.0


class Container:
    """What the SDK shows of a container: a state and a log, a step further at every look."""

    name = "iris-1"

    def __init__(self, *looks: tuple[str, str], **state: object) -> None:
        self._looks = list(looks)
        self.status, self._log = self._looks[0]
        self.attrs = {"State": {"StartedAt": "2026-11-21T10:00:00.123456789Z", **state}}
        self.looked = 0

    def reload(self) -> None:
        self.looked += 1
        if self.looked > 1 and len(self._looks) > 1:
            del self._looks[0]
            self.status, self._log = self._looks[0]

    def logs(self, **_options: object) -> bytes:
        return self._log.encode()


def _deadline(seconds: float) -> float:
    return time.monotonic() + seconds


def test_the_log_line_is_waited_for() -> None:
    container = Container(("created", ""), ("running", STARTING), ("running", READY))

    wait_for_log(container, deadline=_deadline(LATER_S))

    assert container.looked == 3


def test_the_command_after_the_start_is_waited_for_too() -> None:
    done = READY + "[INFO] ...executed command touch /tmp/x\n"
    container = Container(("running", READY), ("running", done))

    wait_for_log(container, deadline=_deadline(LATER_S), after="touch /tmp/x")

    assert container.looked == 2


@pytest.mark.parametrize(
    ("log", "state", "hint"),
    [
        (STARTING + "Community License expired.\n", {"ExitCode": 1}, "licence has run out"),
        (
            STARTING + "Error: Invalid Community Edition license, may have exceeded core limit. -\n",
            {},
            "cores",
        ),
        (STARTING + "Durable folder: /dur does not exists, or cannot be created\n", {}, "uid 51773"),
        ("exec /iris-main: exec format error\n", {"ExitCode": 255}, "another processor"),
        ("postgres: could not find the data directory\n", {"ExitCode": 2}, "does the setting image name"),
        (STARTING, {"ExitCode": 137, "OOMKilled": True}, "container_memory"),
        (STARTING + "copyright InterSystems IRIS\n", {"ExitCode": 1}, "The log says why"),
    ],
    ids=["licence expired", "licence cores", "durable", "architecture", "not IRIS", "memory", "unknown"],
)
def test_a_container_that_ends_is_told_at_once_with_its_log_and_what_to_do(
    log: str, state: dict[str, object], hint: str
) -> None:
    container = Container(("running", ""), ("exited", log), **state)

    with pytest.raises(ServerStartError, match="ended with exit code") as caught:
        wait_for_log(container, deadline=_deadline(LATER_S))

    assert container.looked == 2
    assert hint in caught.value.hint
    assert log.strip().splitlines()[-1] in caught.value.message


def test_at_the_deadline_the_log_is_shown() -> None:
    container = Container(("running", STARTING))

    with pytest.raises(ServerStartError, match="did not start in time") as caught:
        wait_for_log(container, deadline=_deadline(0))

    assert "Starting InterSystems IRIS" in caught.value.message
    assert "startup_timeout_s" in caught.value.hint


def _server(port: int, password: str = "SYS") -> Server:
    return Server("container", "127.0.0.1", port, "_SYSTEM", password)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_line_alone_is_not_enough_a_login_must_work(standin_factory: Callable[..., Any]) -> None:
    port = _free_port()
    starting = threading.Thread(target=standin_factory, kwargs={"port": port})
    starting.start()

    wait_for_login(Container(("running", READY)), _server(port), deadline=_deadline(LATER_S))

    starting.join()


def test_a_container_that_dies_after_its_log_line_ends_the_wait_at_once() -> None:
    container = Container(("running", READY), ("exited", READY + "Segmentation fault\n"), ExitCode=139)

    with pytest.raises(ServerStartError, match="ended with exit code 139") as caught:
        wait_for_login(container, _server(_free_port()), deadline=_deadline(LATER_S))

    assert "Segmentation fault" in caught.value.message


def test_a_port_where_nobody_answers_is_given_up_at_the_deadline() -> None:
    container = Container(("running", READY))

    with pytest.raises(
        ServerStartError, match=r"No login to the container iris-1 at 127\.0\.0\.1:\d+ in time"
    ):
        wait_for_login(container, _server(_free_port()), deadline=_deadline(SOON_S))


@contextmanager
def _speaking(answer: bytes) -> Iterator[int]:
    """Listen, and say that to whoever comes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def test_a_port_with_another_protocol_is_no_login() -> None:
    with _speaking(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(ServerStartError):
        wait_for_login(Container(("running", READY)), _server(port), deadline=_deadline(SOON_S))


def test_a_refused_account_is_not_waited_out(standin: Any) -> None:
    with pytest.raises(AuthenticationError, match="refused the user"):
        wait_for_login(
            Container(("running", READY)), _server(standin.port, "wrong"), deadline=_deadline(LATER_S)
        )
