"""Files into and out of a container: owner, mode and every byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.courier import Courier
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
def small(standin_image: str, small_volume: str, tmp_path: Path) -> Iterator[IRISContainer]:
    """A container with one directory on a disk of 4 MiB."""
    with IRISContainer.image(standin_image, volumes=(f"{small_volume}:/small",), project=tmp_path) as iris:
        yield iris


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


LARGE = 33_000_001
"""Worth a courier."""


def test_an_administrator_sends_a_large_file_as_an_archive(
    iris: IRISContainer, inside: Callable[..., str], tmp_path: Path
) -> None:
    local = tmp_path / "IRIS.DAT"
    local.write_bytes(os.urandom(LARGE))
    seen: list[int] = []
    courier = _Watched(iris.server.courier)

    with Admin.connect(replace(iris.server, courier=courier)) as admin:
        sent = admin.upload(local, f"{PLACE}/large", progress=seen.append)
        back = admin.download(f"{PLACE}/large", tmp_path / "back")

    assert courier.carried == [("send", f"{PLACE}/large.part"), ("fetch", f"{PLACE}/large")]
    assert inside("stat", "-c", "%u:%g %a %s", f"{PLACE}/large") == f"51773:51773 660 {LARGE}"
    assert ".part" not in inside("ls", PLACE)
    assert (tmp_path / "back").read_bytes() == local.read_bytes()
    assert sent.sha256 == back.sha256 == hashlib.sha256(local.read_bytes()).hexdigest()
    assert sum(seen) == LARGE


def test_a_small_file_goes_over_the_connection(iris: IRISContainer, tmp_path: Path) -> None:
    (tmp_path / "small").write_bytes(b"x" * 1000)
    courier = _Watched(iris.server.courier)

    with Admin.connect(replace(iris.server, courier=courier)) as admin:
        admin.upload(tmp_path / "small", f"{PLACE}/small")
        assert admin.file_size(f"{PLACE}/small") == 1000

    assert courier.carried == []


def test_a_large_file_goes_over_the_connection_when_the_engine_is_out_of_reach(
    iris: IRISContainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / "large"
    local.write_bytes(os.urandom(LARGE))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")

    with Admin.connect(iris.server) as admin:
        admin.upload(local, f"{PLACE}/far")
        admin.download(f"{PLACE}/far", tmp_path / "back")

    assert (tmp_path / "back").read_bytes() == local.read_bytes()


def test_an_archive_that_is_cut_half_way_leaves_what_was_there(
    iris: IRISContainer, inside: Callable[..., str], tmp_path: Path
) -> None:
    local = tmp_path / "there"
    local.write_bytes(b"first")
    with Admin.connect(iris.server) as admin:
        admin.upload(local, f"{PLACE}/half")
        local.write_bytes(bytes(LARGE))

        with pytest.raises(ChecksumError, match="shorter"):
            admin.upload(local, f"{PLACE}/half", progress=lambda _: os.truncate(local, 2_500_000))

        assert admin.file_size(f"{PLACE}/half") == len(b"first")
    assert "half.part" not in inside("ls", PLACE)


def test_an_engine_that_goes_away_half_way_leaves_what_was_there(
    iris: IRISContainer, inside: Callable[..., str], tmp_path: Path, cut_engine: Callable[[int], None]
) -> None:
    """The way to the engine is cut while an archive is on it, as a restart of the engine cuts it."""
    local = tmp_path / "there"
    local.write_bytes(b"first")
    with Admin.connect(iris.server) as admin:
        admin.upload(local, f"{PLACE}/torn")
        local.write_bytes(bytes(3 * LARGE))
        cut_engine(LARGE)
        with pytest.raises(ServerError) as caught:
            admin.upload(local, f"{PLACE}/torn")

        assert f"{PLACE}/torn.part" in caught.value.message
        assert admin.file_size(f"{PLACE}/torn") == len(b"first")
    assert "torn.part" not in inside("ls", PLACE)


def test_a_file_that_is_changed_on_its_way_is_noticed(
    iris: IRISContainer, engine: Any, inside: Callable[..., str], tmp_path: Path
) -> None:
    class Garbling(_Watched):
        def send(self, remote: str, pieces: Iterable[bytes], *, size: int) -> None:
            super().send(remote, (piece[:-1] + b"?" for piece in pieces), size=size)

    (tmp_path / "there").write_bytes(bytes(LARGE))

    with (
        Admin.connect(replace(iris.server, courier=Garbling(iris.server.courier))) as admin,
        pytest.raises(ChecksumError, match="differ"),
    ):
        admin.upload(tmp_path / "there", f"{PLACE}/garbled")

    assert "garbled" not in inside("ls", PLACE)


def test_a_directory_that_the_server_may_not_write_is_named(iris: IRISContainer, tmp_path: Path) -> None:
    (tmp_path / "there").write_bytes(bytes(LARGE))

    with Admin.connect(iris.server) as admin, pytest.raises(ServerError, match="/nowhere/x"):
        admin.upload(tmp_path / "there", "/nowhere/x")


class _Watched:
    """A courier that notes what it carries."""

    def __init__(self, courier: Courier | None) -> None:
        assert courier is not None
        self.courier = courier
        self.carried: list[tuple[str, str]] = []
        self.shared = courier.shared

    def takes(self, size: int) -> bool:
        return self.courier.takes(size)

    def send(self, remote: str, pieces: Iterable[bytes], *, size: int) -> None:
        self.carried.append(("send", remote))
        self.courier.send(remote, pieces, size=size)

    def fetch(self, remote: str) -> Iterator[bytes]:
        self.carried.append(("fetch", remote))
        return self.courier.fetch(remote)
