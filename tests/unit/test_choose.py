"""Choosing a server, and saying why."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_devtools.config import load_settings
from iris_devtools.errors import ConfigurationError, UnsupportedError
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


def test_containers_are_refused_in_so_many_words(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, environ={"IRIS_DEVTOOLS_SERVER": "container"})

    with pytest.raises(UnsupportedError, match="environment IRIS_DEVTOOLS_SERVER") as caught:
        choose_server(settings)

    assert "standin" in caught.value.hint


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
