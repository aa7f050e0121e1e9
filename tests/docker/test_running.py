"""Servers in containers that run already, and passwords that expire while they do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from iris_devtools.admin import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.engine import create_engine
from iris_devtools.errors import AuthenticationError
from iris_devtools.servers import choose_server
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.container.managed import container_of
from iris_devtools.servers.container.readiness import wait_for_log


def _expire(admin: Admin) -> None:
    assert admin._link.value("Security.Users", "ExpireUserPasswords", "*") == 1


def _select(engine: sa.Engine) -> Any:
    with engine.connect() as connection:
        return connection.scalar(sa.text("SELECT 1"))


def test_an_engine_mends_a_password_that_expires_in_mid_life(iris: IRISContainer) -> None:
    engine = create_engine(iris.url("USER"))
    assert _select(engine) == 1
    with Admin.connect(iris.server) as admin:
        _expire(admin)
    engine.dispose()

    assert _select(engine) == 1
    engine.dispose()


def test_an_administrator_mends_it_too(iris: IRISContainer) -> None:
    with Admin.connect(iris.server) as admin:
        _expire(admin)

    with Admin.connect(iris.server) as admin:
        assert admin.namespace_exists("USER")


@pytest.fixture
def somebodys(engine: Any, standin_image: str) -> Iterator[Any]:
    """A container that this project did not make, its accounts as fresh as its image has them."""
    container = engine.containers.run(
        standin_image, detach=True, ports={"1972/tcp": ("127.0.0.1", None)}, name=None
    )
    yield container
    container.remove(force=True, v=True)


def _ready(container: Any) -> int:
    container.reload()
    wait_for_log(container, deadline=time.monotonic() + 120)
    container.reload()
    return int(container.ports["1972/tcp"][0]["HostPort"])


def test_a_password_on_somebody_elses_container_is_not_touched_but_explained(
    somebodys: Any, tmp_path: Path
) -> None:
    port = _ready(somebodys)
    settings = load_settings(tmp_path, environ={}, host="127.0.0.1", port=port)

    with choose_server(settings) as handle:
        for _ in range(2):
            with pytest.raises(AuthenticationError, match="change the password") as caught:
                Admin.connect(handle.server)
    assert "UnExpireUserPasswords" in caught.value.hint


def test_auto_uses_somebody_elses_container_and_leaves_it_running(somebodys: Any, tmp_path: Path) -> None:
    port = _ready(somebodys)
    code, _ = somebodys.exec_run(
        ["iris", "session", "IRIS", "-U", "%SYS", '##class(Security.Users).UnExpireUserPasswords("*")'],
        user="irisowner",
    )
    assert code == 0
    settings = load_settings(tmp_path, environ={}, image=somebodys.attrs["Config"]["Image"])

    with choose_server(settings) as handle, Admin.connect(handle.server) as admin:
        assert admin.namespace_exists("USER")
    assert handle.server.kind == "existing"
    assert handle.server.port == port
    assert f"IRIS container {somebodys.name}" in handle.reason

    somebodys.reload()
    assert somebodys.status == "running"


def test_auto_uses_the_container_that_up_has_started(standin_image: str, tmp_path: Path, ours: Any) -> None:
    def settings(**more: Any) -> Settings:
        return load_settings(tmp_path, environ={}, **more)

    (tmp_path / "pyproject.toml").write_text("[tool.iris-devtools]\n", encoding="utf-8")
    up = container_of(settings(image=standin_image, reuse=True))
    with up:
        name, port = up.name, up.server.port

    with choose_server(settings()) as handle, Admin.connect(handle.server) as admin:
        assert admin.namespace_exists("USER")

    assert handle.reason == f"container {name}, because no host is set and it is running (iris-devtools up)"
    assert (handle.server.kind, handle.server.port) == ("container", port)
    assert handle.server.courier is not None
    assert [container.status for container in ours()] == ["running"]
