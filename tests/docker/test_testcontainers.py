"""A judge that we did not write: testcontainers-iris starts the image, makes its user, and connects."""

from __future__ import annotations

import importlib.metadata
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

_PROGRAM = """
    import sys
    import sqlalchemy
    from testcontainers.iris import IRISContainer

    with IRISContainer(sys.argv[1], username="test", password="test", namespace=sys.argv[2]) as iris:
        engine = sqlalchemy.create_engine(iris.get_connection_url())
        with engine.begin() as connection:
            print(connection.execute(sqlalchemy.text("select $username, $namespace")).fetchone())
        engine.dispose()
"""


@pytest.mark.parametrize("namespace", ["USER", "TEST"])
def test_testcontainers_starts_the_image_makes_its_user_and_connects(
    image: str,
    engine: Any,
    monkeypatch: pytest.MonkeyPatch,
    run_python: Callable[..., subprocess.CompletedProcess[str]],
    namespace: str,
) -> None:
    try:
        importlib.metadata.version("testcontainers-iris")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("testcontainers-iris is not installed: pip install testcontainers-iris==1.3.0")
    # Its own reaper is an image that would have to be pulled.
    monkeypatch.setenv("TESTCONTAINERS_RYUK_DISABLED", "true")
    # The ports are published here, whatever kind of machine this is.
    monkeypatch.setenv("TESTCONTAINERS_CONNECTION_MODE", "docker_host")
    before = len(engine.containers.list(all=True, filters={"label": "org.testcontainers"}))

    done = run_python(_PROGRAM, image, namespace, timeout_s=180)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"('test', '{namespace}')" in done.stdout
    assert len(engine.containers.list(all=True, filters={"label": "org.testcontainers"})) == before
