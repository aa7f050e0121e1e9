"""Choosing a server, and saying why."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from iris_devtools.config import load_settings
from iris_devtools.errors import ConfigurationError, ServerNotFoundError
from iris_devtools.servers import Server, ServerHandle, choose_server


def test_a_host_makes_it_an_existing_server(tmp_path: Path) -> None:
    settings = load_settings(
        tmp_path, environ={"IRIS_HOST": "h", "IRIS_PORT": "1973", "IRIS_USERNAME": "u", "IRIS_PASSWORD": "p"}
    )

    with choose_server(settings) as handle:
        assert handle.server == Server("existing", "h", 1973, "u", "p", local_files=False)
        assert handle.reason == "existing server h:1973, because a host is set (environment IRIS_HOST)"


def test_existing_without_a_host_is_a_mistake_of_the_settings(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no host is set"):
        choose_server(load_settings(tmp_path, environ={}, server="existing"))


@pytest.fixture
def no_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    address = f"unix://{tmp_path}/no.sock"
    monkeypatch.setenv("DOCKER_HOST", address)
    return address


def test_a_container_without_an_engine_is_an_error_with_a_remedy(tmp_path: Path, no_engine: str) -> None:
    settings = load_settings(tmp_path, environ={"IRIS_DEVTOOLS_SERVER": "container"})

    with pytest.raises(ServerNotFoundError, match=no_engine) as caught:
        choose_server(settings)

    assert "docker info" in caught.value.hint


# The stand-in that is chosen stays until its process ends, so that process is one of its own.
_CHOOSE = """
    import sys
    from pathlib import Path
    from iris_devtools.config import load_settings
    from iris_devtools.servers import choose_server
    settings = load_settings(Path(sys.argv[1]), environ={}, image="my/iris:1", server=sys.argv[2])
    with choose_server(settings) as handle:
        print(handle.server.kind, handle.reason)
"""


def test_auto_without_an_engine_is_the_stand_in_and_says_why(
    tmp_path: Path, no_engine: str, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(_CHOOSE, tmp_path, "auto")

    assert done.stdout.startswith("standin ")
    assert f"because no host is set and the Docker engine at {no_engine} does not answer" in done.stdout


def test_auto_without_the_image_is_the_stand_in_and_names_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    asked = []

    class Engine(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Engine) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        done = run_python(_CHOOSE, tmp_path, "auto")
        thread.join()

    assert "because no host is set and the Docker engine has no image my/iris:1" in done.stdout
    assert asked == ["/images/my%2Firis%3A1/json"]


def test_a_handle_closes_once() -> None:
    closed: list[int] = []
    handle = ServerHandle(Server("existing", "h", 1, "u", "p"), reason="r", close=lambda: closed.append(1))

    with handle:
        pass
    handle.close()

    assert closed == [1]


def test_a_server_makes_urls_and_hides_its_password() -> None:
    server = Server("existing", "h", 1973, "u", "s3cret")

    assert server.url("APP").render(hide_password=False) == "iris://u:s3cret@h:1973/APP"
    assert "s3cret" not in f"{server} {server!r} {ServerHandle(server, reason='r')!r} {server.url('X')!r}"
