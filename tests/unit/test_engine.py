"""Engines before they are used: what the URL, the settings and the arguments make of them."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from iris_devtools import repairs
from iris_devtools.config import load_settings
from iris_devtools.engine import create_engine, managed_url
from iris_devtools.errors import ConfigurationError, ServerError
from iris_devtools.urls import IrisUrl

URL = "iris://app:s3cret@10.1.2.3:5000/APP"
ALL = tuple(repair.name for repair in repairs.REPAIRS)


class Captured(Exception):
    pass


@pytest.fixture(autouse=True)
def _no_settings_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("IRIS_HOST", "IRIS_PORT", "IRIS_NAMESPACE", "IRIS_USERNAME", "IRIS_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)


def connect_arguments(engine: sa.Engine) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    @sa.event.listens_for(engine, "do_connect")
    def capture(dialect: Any, record: Any, cargs: Any, cparams: dict[str, Any]) -> None:
        seen.update(cparams)
        raise Captured

    with pytest.raises(Captured):
        engine.connect()
    return seen


@pytest.mark.parametrize("form", [URL, sa.make_url(URL), IrisUrl("10.1.2.3", 5000, "APP", "app", "s3cret")])
def test_a_url_with_a_host_is_kept_as_it_is(form: Any) -> None:
    engine = create_engine(form)
    assert engine.url == sa.make_url(URL)
    arguments = connect_arguments(engine)
    assert arguments["host"] == "10.1.2.3"
    assert arguments["namespace"] == "APP"


def test_the_password_is_not_shown() -> None:
    engine = create_engine(URL)
    assert "s3cret" not in repr(engine) + str(engine.url)


def test_all_repairs_are_in_force_by_default() -> None:
    assert repairs.applied(create_engine(URL)) == ALL


def test_the_plugin_does_the_same_for_an_engine_of_sqlalchemy() -> None:
    engine = sa.create_engine(f"{URL}?plugin=iris-devtools")
    assert repairs.applied(engine) == ALL
    assert engine.url == sa.make_url(URL)


def test_repairs_are_chosen_by_argument_then_url_then_settings() -> None:
    off = load_settings(repairs=False)
    assert repairs.applied(create_engine(URL, settings=off)) == ()
    assert repairs.applied(create_engine(f"{URL}?iris_repairs=row-counts", settings=off)) == ("row-counts",)
    by_argument = create_engine(f"{URL}?iris_repairs=row-counts", settings=off, repairs=["fetch-first"])
    assert repairs.applied(by_argument) == ("fetch-first",)
    assert repairs.applied(sa.create_engine(f"{URL}?plugin=iris-devtools&iris_repairs=none")) == ()


def test_a_url_that_names_the_plugin_does_not_apply_it_twice() -> None:
    engine = create_engine(f"{URL}?plugin=iris-devtools", repairs="none")
    assert repairs.applied(engine) == ()


def test_an_engine_with_a_pool_of_its_own_is_mended_too() -> None:
    pool = sa.NullPool(lambda: None)  # type: ignore[arg-type, return-value]
    assert repairs.applied(create_engine(URL, pool=pool)) == ALL


def test_the_drivers_options_are_read_from_the_url() -> None:
    engine = create_engine(f"{URL}?timeout=3&sharedmemory=false&sslconfig=tls&isolationLevel=0")
    arguments = connect_arguments(engine)
    expected = {"timeout": 3, "sharedmemory": False, "sslconfig": "tls", "isolationLevel": 0}
    assert {name: arguments[name] for name in expected} == expected


def test_connect_args_win_over_the_url_and_the_settings() -> None:
    assert connect_arguments(create_engine(URL))["timeout"] == 10
    patient = create_engine(URL, settings=load_settings(connect_timeout_s=12.5))
    assert connect_arguments(patient)["timeout"] == 13
    engine = create_engine(f"{URL}?timeout=3", connect_args={"timeout": 7})
    assert connect_arguments(engine)["timeout"] == 7


@pytest.mark.parametrize("option", ["timeout=soon", "sharedmemory=perhaps"])
def test_an_option_of_the_wrong_kind_is_refused(option: str) -> None:
    with pytest.raises(ConfigurationError, match=option):
        create_engine(f"{URL}?{option}")


def test_other_query_parameters_stay_in_the_url() -> None:
    engine = create_engine(f"{URL}?application=x&iris_repairs=all")
    assert engine.url.query == {"application": "x"}


def test_a_url_of_another_database_is_refused_without_its_password() -> None:
    with pytest.raises(ConfigurationError, match="sqlite") as caught:
        create_engine("sqlite://user:s3cret@host/file")
    assert "s3cret" not in str(caught.value) + repr(caught.value.facts)


def test_the_plugin_leaves_other_databases_alone() -> None:
    engine = sa.create_engine("sqlite://?plugin=iris-devtools")
    with engine.connect() as connection:
        assert connection.scalar(sa.text("select 1")) == 1
    engine.dispose()


def test_other_plugins_are_kept() -> None:
    with pytest.raises(sa.exc.NoSuchModuleError, match="no-such-plugin"):
        create_engine(f"{URL}?plugin=no-such-plugin&plugin=iris-devtools")


def test_an_unknown_repair_is_refused_when_the_engine_is_made() -> None:
    with pytest.raises(ConfigurationError, match="row-counts"):
        create_engine(f"{URL}?iris_repairs=row-count")


def test_a_managed_url_needs_a_server_that_can_be_had(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'no-engine.sock'}")

    with pytest.raises(ServerError, match="Docker"):
        create_engine("iris:///APP", settings=load_settings(server="container"))


def test_a_managed_url_takes_the_existing_server_of_the_settings() -> None:
    settings = load_settings(host="10.9.9.9", port=6000, username="u", password="s3cret", namespace="MINE")
    assert create_engine("iris:///APP", settings=settings).url == sa.make_url(
        "iris://u:s3cret@10.9.9.9:6000/APP"
    )
    assert create_engine(settings=settings).url.database == "MINE"
    own = create_engine("iris://me:mine@/APP?application=x", settings=settings).url
    assert (own.username, own.password, own.host) == ("me", "mine", "10.9.9.9")
    assert own.query == {"application": "x"}


def test_the_managed_server_is_named_with_its_reason() -> None:
    found = managed_url(settings=load_settings(host="10.9.9.9"))
    assert found.server.kind == "existing"
    assert "because a host is set" in found.reason
    with pytest.raises(ConfigurationError, match="names a server already"):
        managed_url(IrisUrl("10.1.1.1"))


@pytest.fixture
def elsewhere() -> Any:
    """Listen at an address that is not localhost, and hang up on whoever comes."""
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.2", 0))
        except OSError:
            pytest.skip("this machine has no second loopback address")
        listener.listen()
        listener.settimeout(0.2)
        yield listener


def test_the_host_of_the_url_is_ignored_without_the_repair(elsewhere: socket.socket) -> None:
    url = f"iris://u:p@127.0.0.2:{elsewhere.getsockname()[1]}/NS?timeout=1"
    with pytest.raises(RuntimeError):
        create_engine(url, repairs="none").connect()
    with pytest.raises(TimeoutError):
        elsewhere.accept()


def test_the_host_of_the_url_is_connected_to(elsewhere: socket.socket) -> None:
    url = f"iris://u:p@127.0.0.2:{elsewhere.getsockname()[1]}/NS?timeout=1"
    with pytest.raises(sa.exc.OperationalError, match="COMMUNICATION LINK ERROR") as caught:
        create_engine(url).connect()
    assert caught.value.connection_invalidated
    elsewhere.accept()[0].close()


def test_a_server_that_is_not_there_is_a_database_error() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        url = f"iris://u:p@127.0.0.1:{reserved.getsockname()[1]}/NS?timeout=1"
        with pytest.raises(RuntimeError):
            create_engine(url, repairs="-lost-connections").connect()
        with pytest.raises(sa.exc.OperationalError, match="Failed to connect"):
            create_engine(url).connect()
