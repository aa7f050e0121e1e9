"""iris:// URLs in, iris:// URLs out."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url

from iris_devtools.errors import ConfigurationError
from iris_devtools.urls import IrisUrl, parse_url


def test_a_full_url_is_taken_apart() -> None:
    url = parse_url("iris://_SYSTEM:SYS@db.example:51773/APP")

    assert url == IrisUrl("db.example", 51773, "APP", "_SYSTEM", "SYS")


def test_what_a_url_leaves_out_is_the_default_of_iris() -> None:
    url = parse_url("iris://somewhere")

    assert (url.port, url.namespace, url.username, url.password) == (1972, "USER", "", "")


def test_a_url_without_a_host_is_managed() -> None:
    url = parse_url("iris:///APP?plugin=iris-devtools")

    assert url.managed
    assert url.namespace == "APP"
    assert url.query == (("plugin", "iris-devtools"),)
    assert url.render() == "iris:///APP?plugin=iris-devtools"


def test_the_driver_name_of_the_dialect_is_accepted() -> None:
    assert parse_url("iris+intersystems://h/X") == parse_url("iris://h/X")


@pytest.mark.parametrize(
    "text", ["iris+emb:///USER", "postgresql://h/db", "sqlite://", "not a url", "iris:/h", ""]
)
def test_a_url_of_something_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_url(text)

    assert "iris://_SYSTEM:password@localhost:1972/USER" in caught.value.hint


@pytest.mark.parametrize("port", ["0", "65536", "19x2", "-1", "١٢٣"])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(ConfigurationError, match="not a number from 1 to 65535"):
        parse_url(f"iris://h:{port}/X")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://u:s3cret@h/db",
        "iris://u:s3cret@h:port/X",
        "iris://u:s3c/ret@h:1/X@ y",
        "iris:/u:s3cret@h",
    ],
)
def test_a_refused_url_does_not_show_its_password(text: str) -> None:
    try:
        parse_url(text)
    except ConfigurationError as error:
        told = f"{error} {error.facts}"
    else:
        told = ""

    assert "s3c" not in told


def test_the_password_is_shown_only_when_asked_for() -> None:
    url = IrisUrl("h", 1972, "APP", "u", "s3cret")

    assert "s3cret" not in repr(url)
    assert str(url) == url.render() == "iris://u:***@h:1972/APP"
    assert url.render(hide_password=False) == "iris://u:s3cret@h:1972/APP"


def test_a_password_with_the_signs_of_a_url_survives() -> None:
    url = IrisUrl("h", 1972, "APP", "u@corp", "p@ss:w/rd?#%")

    assert parse_url(url.render(hide_password=False)) == url


def test_an_ipv6_host_stands_in_brackets() -> None:
    assert IrisUrl("::1", 1972, "APP").render() == "iris://[::1]:1972/APP"
    assert parse_url("iris://[::1]:1972/APP").host == "::1"


def test_the_system_namespace_stays_readable() -> None:
    assert IrisUrl("h", 1972, "%SYS").render() == "iris://h:1972/%SYS"
    assert parse_url("iris://h/%SYS").namespace == "%SYS"
    assert make_url("iris://h/%SYS").database == "%SYS"


def test_a_namespace_can_be_exchanged() -> None:
    assert parse_url("iris://u:p@h/A").with_namespace("B") == parse_url("iris://u:p@h/B")


def test_sqlalchemy_gets_the_same_parts() -> None:
    url = IrisUrl("h", 1973, "APP", "u", "p@", (("a", "1"), ("a", "2"), ("b", "3")))

    made = url.to_sqlalchemy()

    assert (made.drivername, made.host, made.port, made.database) == ("iris", "h", 1973, "APP")
    assert (made.username, made.password) == ("u", "p@")
    assert made.query == {"a": ("1", "2"), "b": "3"}


def test_sqlalchemy_gets_a_managed_url_without_host_and_port() -> None:
    made = parse_url("iris:///APP?plugin=iris-devtools").to_sqlalchemy()

    assert (made.host, made.port) == (None, None)
    assert made.render_as_string() == "iris:///APP?plugin=iris-devtools"
