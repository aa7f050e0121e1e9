"""A shared store on other protocols than S3: SFTP; Google's and Microsoft's where an emulator is installed.

Each is a server of its own on loopback, and the client is the backend that a user would install.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_devtools.errors import SnapshotNotFoundError, StoreError
from iris_devtools.progress import Reporter, Step
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.sharing import SharedStore
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store
from tests.publishing import publish

SFTP_SERVER = """
import asyncio, sys, asyncssh

class Server(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True
    def password_auth_supported(self):
        return True
    def validate_password(self, username, password):
        return (username, password) == ("somebody", "s3cret")

async def main():
    server = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Server,
        server_host_keys=[asyncssh.generate_private_key("ssh-ed25519")],
        sftp_factory=lambda channel: asyncssh.SFTPServer(channel, chroot=sys.argv[1]),
    )
    print(server.get_port(), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

asyncio.run(main())
"""
KEY = RevisionKey(("a1",), "a" * 64, "standin-1")
CONTENT = os.urandom(300_000)
AZURE_ACCOUNT = "devstoreaccount1"
# The account and the key that Microsoft's emulator has by default, and documents.
AZURE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


@contextlib.contextmanager
def serving(*command: object, port: int | None = None) -> Iterator[int]:
    """Run a server; the port is the one that it prints, or the one that it was told."""
    process = subprocess.Popen(
        [*map(str, command)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        if port is None:
            port = int(process.stdout.readline())
        else:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    break
                except OSError:
                    assert process.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("paramiko")
    pytest.importorskip("asyncssh")
    with serving(sys.executable, "-c", SFTP_SERVER, tmp_path_factory.mktemp("sftp")) as port:
        yield f"sftp://somebody:s3cret@127.0.0.1:{port}/snapshots"


@pytest.fixture(scope="module")
def google() -> Iterator[str]:
    pytest.importorskip("gcsfs")
    pytest.importorskip("gcp_storage_emulator", reason="no emulator of Google's storage is installed")
    program = Path(sys.executable).with_name("gcp-storage-emulator")
    port = free_port()
    with (
        serving(
            program,
            "start",
            "--host=127.0.0.1",
            f"--port={port}",
            "--in-memory",
            "--default-bucket=team",
            port=port,
        ),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        yield "gs://team/snapshots"


@pytest.fixture(scope="module")
def microsoft(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("adlfs")
    program = shutil.which("azurite-blob")
    if program is None:
        pytest.skip("azurite, the emulator of Microsoft's storage, is not installed (npm install azurite)")
    from azure.storage.blob import BlobServiceClient

    port = free_port()
    where = tmp_path_factory.mktemp("azure")
    account = f"DefaultEndpointsProtocol=http;AccountName={AZURE_ACCOUNT};AccountKey={AZURE_KEY};"
    account += f"BlobEndpoint=http://127.0.0.1:{port}/{AZURE_ACCOUNT};"
    with (
        serving(
            program, "--blobPort", port, "--location", where, "--silent", "--skipApiVersionCheck", port=port
        ),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("AZURE_STORAGE_CONNECTION_STRING", account)
        BlobServiceClient.from_connection_string(account).create_container("team")
        yield "abfs://team/snapshots"


@pytest.fixture(params=["sftp", "google", "microsoft"])
def shared(request: pytest.FixtureRequest, unique: str) -> SharedStore:
    return SharedStore(f"{request.getfixturevalue(request.param)}/{unique}", delay_s=0.0)


def put(store: Store) -> Snapshot:
    return publish(store, CONTENT, KEY)


class Progress(Reporter):
    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, description, *, total=None, unit=""):
        self.steps.append(Step(description, total, unit))
        return super()._step(self.steps[-1])


@pytest.mark.filterwarnings("ignore")  # those libraries warn of what is theirs
def test_what_one_pushes_another_pulls_whole(shared, tmp_path):
    store, other = Store(tmp_path / "store"), Store(tmp_path / "other")
    snapshot = put(store)
    assert shared.names() == ()
    with pytest.raises(SnapshotNotFoundError):
        shared.pull(KEY.name, other)

    assert shared.push(snapshot).first
    assert not shared.push(snapshot).first
    assert shared.push(snapshot, replace=True).first
    assert shared.names() == (KEY.name,)
    progress = Progress()
    pulled = shared.pull(KEY.name, other, reporter=progress).snapshot

    assert b"".join(pulled.pieces(pulled.manifest.files[0])) == CONTENT
    assert other.snapshots() == (pulled,)
    moved = progress.steps[0]
    assert moved.description == f"Pulling IRIS.DAT.zst of {KEY.name}"
    assert moved.done == snapshot.manifest.bytes_on_disk


@pytest.mark.filterwarnings("ignore")
def test_a_wrong_password_is_said_at_once_and_not_shown(sftp):
    shared = SharedStore(sftp.replace("s3cret", "guessed"), delay_s=0.0)

    with pytest.raises(StoreError) as caught:
        shared.names()

    text = f"{caught.value} {caught.value.facts}"
    assert "AuthenticationException" in text
    assert "a key that ssh finds" in caught.value.hint
    assert caught.value.facts["attempts"] == 1
    assert "guessed" not in text
