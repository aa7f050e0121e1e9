"""Engines against a running server: the managed one found, namespaces made, lost connections noticed."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from iris_devtools.admin import Admin
from iris_devtools.config import Settings, load_settings
from iris_devtools.engine import create_engine, managed_url


@pytest.fixture
def settings(standin: Any, tmp_path: Path) -> Settings:
    return load_settings(tmp_path, server="standin", data_directory=standin.data, environ={})


def test_a_managed_url_finds_the_running_server(standin: Any, settings: Settings) -> None:
    engine = create_engine("iris:///USER", settings=settings)
    assert (engine.url.host, engine.url.port) == (standin.host, standin.port)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT $NAMESPACE")) == "USER"
    engine.dispose()


def test_a_managed_namespace_is_made_when_it_is_missing(
    standin: Any, settings: Settings, unique: str
) -> None:
    name = f"NEW_{unique}".upper()
    engine = create_engine(f"iris:///{name}", settings=settings)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT $NAMESPACE")) == name
    engine.dispose()
    assert managed_url(settings=settings).url.namespace == "USER"
    with Admin.connect(standin.server) as admin:
        assert admin.namespace_exists(name)
        admin.drop_namespace(name)


def test_the_plugin_resolves_a_managed_url_for_others(
    standin: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IRIS_DEVTOOLS_SERVER", "standin")
    monkeypatch.setenv("IRIS_DEVTOOLS_DATA_DIRECTORY", str(standin.data))
    engine = sa.create_engine("iris:///USER?plugin=iris-devtools", poolclass=sa.NullPool)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    assert engine.url.port == standin.port


def test_a_namespace_that_is_not_there_is_a_database_error_that_names_it(standin: Any) -> None:
    engine = create_engine(standin.url_of("NOWHERE"))
    with pytest.raises(sa.exc.OperationalError, match=r"Cannot enter the namespace NOWHERE on .*<NAMESPACE>"):
        engine.connect()
    engine.dispose()


def test_a_wrong_password_is_a_database_error_that_does_not_repeat_it(standin: Any) -> None:
    url = standin.server.url("USER").to_sqlalchemy().set(password="n0t-the-password")
    with pytest.raises(sa.exc.OperationalError, match=r"(?i)access denied") as caught:
        create_engine(url).connect()
    assert "n0t-the-password" not in str(caught.value)


def drop_connections(standin: Any, namespace: str = "USER") -> None:
    with Admin.connect(standin.server) as admin:
        for process in admin.processes(namespace):
            admin.terminate(process.pid)


@pytest.fixture
def private(standin_factory: Any) -> Any:
    return standin_factory()


def test_a_dropped_connection_is_not_noticed_without_the_repair(private: Any) -> None:
    url = private.server.url("USER").to_sqlalchemy()
    engine = create_engine(url, repairs="-lost-connections", pool_pre_ping=True)
    with engine.connect():
        pass
    drop_connections(private)
    with pytest.raises(Exception, match="COMMUNICATION"), engine.connect():
        pass
    engine.dispose()


def test_a_dropped_connection_is_replaced_at_the_next_checkout(private: Any) -> None:
    engine = create_engine(private.server.url("USER"), pool_pre_ping=True)
    with engine.connect():
        pass
    drop_connections(private)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()


def test_a_connection_dropped_in_use_is_an_error_and_the_pool_recovers(private: Any) -> None:
    engine = create_engine(private.server.url("USER"))
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
        drop_connections(private)
        with pytest.raises(sa.exc.DBAPIError) as caught:
            connection.execute(sa.text("SELECT 2"))
        assert caught.value.connection_invalidated
        assert connection.invalidated
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 3")) == 3
    engine.dispose()


def test_a_killed_server_gives_an_error_and_works_again_after_its_restart(
    private: Any, standin_factory: Any
) -> None:
    engine = create_engine(private.server.url("USER"), pool_pre_ping=True)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT 1"))
    os.kill(private.process.pid, signal.SIGKILL)
    with pytest.raises(sa.exc.OperationalError), engine.connect():
        pass
    private.process.stop()
    standin_factory(data=private.data, port=private.port)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 2")) == 2
    engine.dispose()
