"""Files into and out of a container: owner, mode and every byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import ChecksumError, ServerError
from iris_devtools.servers.container import IRISContainer
from iris_devtools.servers.container.archive import put_file

PLACE = "/home/irisowner"


@pytest.fixture
def inside(iris: IRISContainer, engine: Any) -> Callable[..., str]:
    """Run a program in the container and return what it prints."""

    def run(*command: str, user: str = "irisowner") -> str:
        code, output = engine.containers.get(iris.container_id).exec_run(list(command), user=user)
        assert code == 0, output
        return str(output.decode().strip())

    return run


def test_a_file_arrives_with_the_owner_and_mode_of_a_database(
    iris: IRISContainer, inside: Callable[..., str], tmp_path: Path
) -> None:
    local = tmp_path / "IRIS.DAT"
    local.write_bytes(os.urandom(3_000_001))

    moved = iris.put_file(local, f"{PLACE}/in.dat")

    assert inside("stat", "-c", "%u:%g %a %s", f"{PLACE}/in.dat") == "51773:51773 660 3000001"
    assert moved.sha256 == hashlib.sha256(local.read_bytes()).hexdigest()
    assert ".part" not in inside("ls", PLACE)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1 << 20, (1 << 20) + 1])
def test_a_file_comes_back_as_it_went(iris: IRISContainer, tmp_path: Path, size: int) -> None:
    local, back = tmp_path / "there", tmp_path / "back"
    local.write_bytes(os.urandom(size))

    sent = iris.put_file(local, f"{PLACE}/round")
    received = iris.get_file(f"{PLACE}/round", back)

    assert back.read_bytes() == local.read_bytes()
    assert (sent.size, sent.sha256) == (received.size, received.sha256) == (size, sent.sha256)


def test_progress_adds_up(iris: IRISContainer, tmp_path: Path) -> None:
    local = tmp_path / "there"
    local.write_bytes(bytes(2_500_000))
    seen: list[int] = []

    iris.put_file(local, f"{PLACE}/progress", progress=seen.append)

    assert sum(seen) == 2_500_000
    assert len(seen) > 1


def test_an_upload_that_is_cut_half_way_leaves_nothing_and_keeps_what_was_there(
    iris: IRISContainer, inside: Callable[..., str], engine: Any, tmp_path: Path
) -> None:
    local = tmp_path / "there"
    local.write_bytes(b"first")
    iris.put_file(local, f"{PLACE}/cut")
    local.write_bytes(bytes(5_000_000))

    def cut(_bytes: int) -> None:
        # The rest of the file disappears while it is sent.
        os.truncate(local, 1_000_000)

    with pytest.raises((ChecksumError, ServerError)):
        put_file(engine.containers.get(iris.container_id), local, f"{PLACE}/cut", progress=cut)

    assert inside("cat", f"{PLACE}/cut") == "first"
    assert "cut.part" not in inside("ls", PLACE)


def test_a_missing_file_and_a_missing_directory_are_named(iris: IRISContainer, tmp_path: Path) -> None:
    local = tmp_path / "there"
    local.write_bytes(b"x")

    with pytest.raises(ServerError, match="/nowhere/at/all"):
        iris.put_file(local, "/nowhere/at/all/x")
    with pytest.raises(ServerError, match="/nowhere/x"):
        iris.get_file("/nowhere/x", tmp_path / "back")
    assert not (tmp_path / "back").exists()
    assert not (tmp_path / "back.part").exists()


def test_a_directory_is_no_file(iris: IRISContainer, tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="not a file"):
        iris.get_file("/home", tmp_path / "back")


@pytest.fixture
def small(standin_image: str, tmp_path: Path) -> Iterator[IRISContainer]:
    """A container with one directory on a disk of 4 MiB."""
    volume = f"iris-devtools-small-{os.getpid()}"
    import docker

    client = docker.from_env()
    made = client.volumes.create(
        volume, driver_opts={"type": "tmpfs", "device": "tmpfs", "o": "size=4m,uid=51773,gid=51773"}
    )
    try:
        with IRISContainer.image(standin_image, volumes=(f"{volume}:/small",), project=tmp_path) as iris:
            yield iris
    finally:
        made.remove(force=True)
        client.close()


def test_a_full_disk_inside_is_an_error_and_leaves_no_part(
    small: IRISContainer, engine: Any, tmp_path: Path
) -> None:
    local = tmp_path / "big"
    local.write_bytes(bytes(8_000_000))

    with pytest.raises(ServerError) as caught:
        small.put_file(local, "/small/big")

    assert "space" in str(caught.value).lower() or isinstance(caught.value, ChecksumError)
    _, listing = engine.containers.get(small.container_id).exec_run(["ls", "/small"])
    assert listing == b""


def test_a_full_disk_inside_is_an_error_over_the_wire_too(small: IRISContainer, tmp_path: Path) -> None:
    local = tmp_path / "big"
    local.write_bytes(bytes(8_000_000))

    with Admin.connect(small.server) as admin:
        with pytest.raises(ServerError):
            admin.upload(local, "/small/big")
        assert not admin.file_exists("/small/big")
