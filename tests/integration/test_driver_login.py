"""Logging in with the real driver and the real dialect."""

from __future__ import annotations

import iris
import pytest
import sqlalchemy as sa


def test_the_dialect_connects_and_knows_the_version(standin):
    engine = sa.create_engine(standin.url)
    try:
        with engine.connect() as connection:
            assert connection.dialect.server_version_info[:2] == (2025, 1)
            assert connection.exec_driver_sql("SELECT $NAMESPACE").scalar() == "USER"
            assert connection.exec_driver_sql("SELECT $USERNAME").scalar() == "_SYSTEM"
    finally:
        engine.dispose()


def test_the_native_api_gives_the_version_too(standin):
    connection = iris.connect(standin.host, standin.port, "%SYS", "_SYSTEM", "SYS")

    assert "stand-in" in iris.createIRIS(connection).getServerVersion()
    connection.close()


@pytest.mark.parametrize(("user", "password"), [("_SYSTEM", "wrong"), ("_SYSTEM", ""), ("nobody", "SYS")])
def test_a_wrong_account_is_denied(standin, user, password):
    with pytest.raises(RuntimeError, match="Access Denied"):
        iris.connect(standin.host, standin.port, "USER", user, password)


def test_an_unknown_namespace_is_refused(standin):
    with pytest.raises(RuntimeError, match="<NAMESPACE>"):
        iris.connect(standin.host, standin.port, "NOSUCH", "_SYSTEM", "SYS")


def test_a_refused_login_leaves_the_server_as_it_was(standin):
    for _ in range(20):
        with pytest.raises(RuntimeError):
            iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "wrong")

    iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS").close()


def test_a_refusal_at_the_dbapi_is_an_operational_error(standin):
    with pytest.raises(iris.dbapi.OperationalError, match="Access Denied"):
        iris.dbapi.connect(
            hostname=standin.host, port=standin.port, namespace="USER", username="_SYSTEM", password="wrong"
        )
