"""Tests on a real Docker engine: skipped, with the reason, where none answers.

Without more the image is the stand-in laid out like that of IRIS (``tests/docker/image``). The option
``--iris-image`` names another, such as ``intersystems/iris-community:latest-em``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iris_devtools.errors import ServerNotFoundError
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.container.engine import connect_engine
from iris_devtools.servers.container.labels import labelled
from iris_devtools.servers.docker_socket import engine_address

HERE = Path(__file__).parent


def _load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """The Docker engine that answers here."""
    try:
        client = connect_engine(timeout_s=60)
    except ServerNotFoundError as error:
        pytest.skip(f"no Docker engine: {error.message}")
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: Any, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The name of the image under test."""
    named: str | None = pytestconfig.getoption("--iris-image")
    if named:
        return named
    from filelock import FileLock

    builder = _load("standin_image_build", HERE / "image" / "build.py")
    # The directory above is the run's, which all workers share.
    with FileLock(tmp_path_factory.getbasetemp().parent / "standin-image.lock"):
        try:
            name: str = builder.build()
        except builder.ImageUnavailable as error:
            pytest.skip(f"no image: {error}")
    return name


@pytest.fixture(scope="session")
def standin_image(image: str, pytestconfig: pytest.Config) -> str:
    """The image of the stand-in, for tests of what no real server can be made to do."""
    if pytestconfig.getoption("--iris-image"):
        pytest.skip("the image under test is a real one")
    return image


@pytest.fixture(scope="session")
def iris(image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IRISContainer]:
    """A running container for all tests that leave it alive."""
    with IRISContainer.image(image, directory=tmp_path_factory.mktemp("containers")) as container:
        yield container


@pytest.fixture
def ours(engine: Any, tmp_path: Path) -> Iterator[Any]:
    """Return the containers whose project is this test's directory; all of them are gone afterwards."""

    def find() -> list[Any]:
        return labelled(engine, project=str(tmp_path))

    yield find
    for container in find():
        container.remove(force=True, v=True)


@pytest.fixture
def cut_engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Return a function after which a connection to the engine is cut when it has sent so many bytes."""
    proxy = _load("docker_engine_proxy", HERE / "proxy.py")
    with contextlib.ExitStack() as stack:

        def cut(after_bytes: int) -> None:
            address = engine_address()
            if address is None or not address.startswith("unix://"):
                pytest.skip("the engine is not at a socket of this machine")
            way = stack.enter_context(proxy.cut_way(address, after_bytes=after_bytes))
            monkeypatch.setenv("DOCKER_HOST", way)

        yield cut


@pytest.fixture
def small_volume(engine: Any) -> Iterator[str]:
    """The name of a volume of 4 MiB, which irisowner may write."""
    import docker.errors

    try:
        volume = engine.volumes.create(
            f"iris-devtools-small-{os.getpid()}",
            driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=4m,uid=51773,gid=51773"},
        )
    except docker.errors.APIError as error:
        pytest.skip(f"this engine makes no small volumes: {error.explanation}")
    yield volume.name
    volume.remove(force=True)
