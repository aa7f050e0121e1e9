"""Choosing a server, and saying why."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from iris_devtools.cli.config import config
from iris_devtools.config import load_settings
from iris_devtools.engine import create_engine
from iris_devtools.errors import ConfigurationError, ServerNotFoundError
from iris_devtools.servers import Server, ServerHandle, choose_server
from iris_devtools.servers.choose import running_server
from iris_devtools.servers.container.keep import Keep, Kept
from iris_devtools.servers.docker_socket import engine_address
from iris_devtools.servers.editions import find_licence_key


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


@dataclass
class FakeEngine:
    """What answers as a Docker engine, with these containers and no image."""

    containers: list[dict[str, Any]]
    asked: list[str]


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    engine = FakeEngine([], [])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            engine.asked.append(self.path.partition("?")[0])
            found = self.path.startswith("/containers/json")
            body = json.dumps(engine.containers).encode() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield engine
        server.shutdown()
        thread.join()


def _container(port: int, **more: Any) -> dict[str, Any]:
    return {
        "Id": "c0ffee",
        "Names": ["/somebodys"],
        "Image": "intersystemsdc/iris-community:latest",
        "Labels": {},
        "Created": 1,
        "Ports": [{"IP": "0.0.0.0", "PrivatePort": 1972, "PublicPort": port, "Type": "tcp"}],
        **more,
    }


def test_auto_without_the_image_is_the_stand_in_and_names_it(
    tmp_path: Path, fake_engine: FakeEngine, run_python: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = run_python(_CHOOSE, tmp_path, "auto")

    assert "because no host is set and the Docker engine has no image my/iris:1" in done.stdout
    assert fake_engine.asked == ["/containers/json", "/images/my%2Firis%3A1/json"]


def test_auto_uses_a_running_container_of_somebody_else_and_leaves_it_alone(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    fake_engine.containers.append(_container(standin.port))

    with choose_server(load_settings(tmp_path, environ={})) as handle:
        assert handle.server == Server("existing", "127.0.0.1", standin.port, "_SYSTEM", "SYS")
        assert handle.reason == (
            f"IRIS container somebodys (intersystemsdc/iris-community:latest) at 127.0.0.1:{standin.port}, "
            "because no host is set and it is running; it stays as it is"
        )

    assert set(fake_engine.asked) == {"/containers/json"}, "only looked at"


def test_the_newest_of_several_running_containers_is_used(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    older = _container(standin.port, Names=["/older"], Created=1)
    newer = _container(standin.port, Names=["/newer"], Created=2)
    fake_engine.containers += [older, newer]

    assert "container newer" in choose_server(load_settings(tmp_path, environ={})).reason


@pytest.mark.parametrize(
    "container",
    [
        {"Image": "postgres:17"},
        {"Ports": [{"PrivatePort": 1972, "Type": "tcp"}]},
        {"Ports": [{"PrivatePort": 52773, "PublicPort": 52773}]},
        {"Labels": {"org.iris-devtools.session": "/elsewhere", "org.iris-devtools.project": "/elsewhere"}},
    ],
    ids=["another program", "not published", "another port", "of another project"],
)
def test_other_containers_are_passed_over(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any, container: dict[str, Any]
) -> None:
    fake_engine.containers.append(_container(standin.port, **container))

    assert running_server(load_settings(tmp_path, environ={})) is None


def test_a_label_of_intersystems_tells_an_image_of_any_name(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    labels = {"com.intersystems.platform-version": "2025.1"}
    fake_engine.containers.append(_container(standin.port, Image="our/database:7", Labels=labels))

    assert running_server(load_settings(tmp_path, environ={})) is not None


@pytest.mark.parametrize(
    "settings",
    [
        {"image": "my/iris:1"},
        {"container_memory": "2g"},
        {"edition": "enterprise"},
        {"server": "standin"},
        {"host": "elsewhere"},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_settings_that_ask_for_something_else_win_over_a_running_container(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any, settings: dict[str, str]
) -> None:
    fake_engine.containers.append(_container(standin.port))

    assert running_server(load_settings(tmp_path, environ={}, **settings)) is None


def test_a_container_that_refuses_the_account_is_passed_over_and_named(
    tmp_path: Path,
    fake_engine: FakeEngine,
    standin: Any,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    fake_engine.containers.append(_container(standin.port, Image="my/iris:1"))
    wrong = _CHOOSE.replace("server=sys.argv[2])", "server=sys.argv[2], password='wrong')")

    done = run_python(wrong, tmp_path, "auto")

    assert done.stdout.startswith("standin ")
    assert "the IRIS container somebodys cannot be used: The server at 127.0.0.1" in done.stdout
    assert "wrong" not in done.stdout


def test_a_running_container_of_ours_comes_before_one_of_somebody_else(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    directory = tmp_path / "containers" / "d1"
    keep = Keep(directory)
    directory.mkdir(parents=True)
    keep.write(Kept("f00d", "admin_of_ours", "s3cret"))
    labels = {
        "org.iris-devtools.session": str(directory),
        "org.iris-devtools.project": str(tmp_path),
        "org.iris-devtools.reuse": "true",
    }
    fake_engine.containers += [
        _container(standin.port, Created=9),
        _container(standin.port, Id="f00d", Names=["/ours"], Labels=labels),
    ]

    found = running_server(load_settings(tmp_path, environ={}))

    assert found is not None
    assert found.server == Server("container", "127.0.0.1", standin.port, "admin_of_ours", "s3cret")
    assert found.origin == "ours, a running container of ours"


def test_an_engine_names_the_container_when_its_namespace_is_not_there(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    fake_engine.containers.append(_container(standin.port))
    settings = load_settings(tmp_path, environ={})

    with pytest.raises(
        ServerNotFoundError, match=r"no namespace NOWHERE .* IRIS container somebodys"
    ) as caught:
        create_engine("iris:///NOWHERE", settings=settings)
    assert "CREATE DATABASE NOWHERE" in caught.value.hint
    assert "'standin'" in caught.value.hint

    assert create_engine("iris:///USER", settings=settings).url.port == standin.port


def test_the_settings_show_the_running_container_as_their_origin(
    tmp_path: Path, fake_engine: FakeEngine, standin: Any
) -> None:
    fake_engine.containers.append(_container(standin.port))

    done = CliRunner().invoke(config, ["--project", str(tmp_path), "--json"], env={"IRIS_HOST": None})

    shown = json.loads(done.stdout)["settings"]
    assert shown["host"]["value"] == "127.0.0.1"
    assert shown["port"]["value"] == standin.port
    assert shown["port"]["origin"] == "running IRIS container somebodys"
    assert shown["username"]["origin"] == "default"


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


def test_a_user_without_a_home_is_asked_for_nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """As any user id in a container is, where HOME is not set."""

    def unknown(_: int) -> None:
        raise KeyError("no such user")

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("IRIS_LICENSE_KEY", raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)

    engine_address({})
    assert find_licence_key() is None
