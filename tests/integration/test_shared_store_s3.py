"""A shared store on a real S3 protocol: moto's server on loopback, s3fs the client, ``alembic`` the user."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command as alembic_command
from alembic.config import Config

pytest.importorskip("moto")
pytest.importorskip("s3fs")

SERVE = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""
MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "aaa1", None

def upgrade():
    op.create_table("author", sa.Column("id", sa.Integer, primary_key=True))
"""

SEED = """
from sqlalchemy import text

def fill(session):
    session.execute(text("INSERT INTO author (id) VALUES (1)"))
"""

Alembic = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def s3() -> Iterator[int]:
    """The port of an S3 server in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield port
        process.kill()


@pytest.fixture
def bucket(s3: int, unique: str) -> str:
    name = f"bucket-{unique}-{os.getpid()}"
    request = urllib.request.Request(f"http://127.0.0.1:{s3}/{name}", method="PUT", data=b"")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
    return name


@pytest.fixture
def objects(s3: int, bucket: str) -> Callable[[], list[str]]:
    def names() -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{s3}/{bucket}?list-type=2", timeout=30) as answer:
            text = answer.read().decode()
        return [part.partition("</Key>")[0] for part in text.split("<Key>")[1:]]

    return names


class Project:
    """A checkout: one migration, a store of its own, and the shared store in the bucket."""

    def __init__(self, directory: Path, url: str, bucket: str, endpoint_port: int) -> None:
        self.directory = directory
        directory.mkdir()
        ini = directory / "alembic.ini"
        with open(os.devnull, "w") as quiet:  # noqa: PTH123
            alembic_command.init(Config(ini, stdout=quiet), str(directory / "migrations"))
        lines = ini.read_text().splitlines()
        url = url.replace("%", "%%")
        ini.write_text(
            "\n".join(f"sqlalchemy.url = {url}" if one.startswith("sqlalchemy.url") else one for one in lines)
        )
        (directory / "pyproject.toml").write_text(
            f'[tool.iris-devtools]\nshared_store = "s3://{bucket}/snapshots"\n'
        )
        (directory / "migrations" / "versions" / "aaa1.py").write_text(MIGRATION)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = clean | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{endpoint_port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "s3cret",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        }

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        variables = {name: value for name, value in (self.environment | environment).items() if value}
        return subprocess.run(
            [sys.executable, "-m", "alembic", *arguments],
            cwd=self.directory,
            env=variables,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str, **environment: str) -> dict[str, Any]:
        ended = self.run(*arguments, "--json", **environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def in_bucket(self, code: str, *arguments: str) -> None:
        """Do something to the bucket behind the back of everybody; ``fs`` is its file system."""
        program = f"import sys, s3fs; fs = s3fs.S3FileSystem(); {code}"
        subprocess.run(
            [sys.executable, "-c", program, *arguments], env=self.environment, check=True, timeout=60
        )


@pytest.fixture
def new_project(tmp_path: Path, standin: Any, bucket: str, s3: int, unique: str) -> Callable[..., Project]:
    def make(name: str, port: int = s3) -> Project:
        return Project(tmp_path / name, standin.url_of(f"SHARED{unique}"), bucket, port)

    return make


@pytest.fixture
def pushed(new_project: Callable[..., Project]) -> Project:
    project = new_project("main")
    assert project.json("iris-snapshot")["built"]
    assert project.json("iris-push")["moved"]
    return project


def test_what_one_pushes_another_takes_without_migrating(pushed, new_project, objects):
    assert sorted(name.rpartition("/")[2] for name in objects()) == ["IRIS.DAT.zst", "manifest.json"]
    assert pushed.json("iris-push")["moved"] is False

    other = new_project("other")
    assert other.json("iris-pull", "--list")["names"] == [pushed.json("iris-key")["key"]]
    pulled = other.json("iris-pull", "aaa1")
    assert pulled["moved"]
    assert other.json("iris-snapshot")["built"] is False
    assert other.run("iris-restore").returncode == 0

    third = new_project("third")
    assert third.json("iris-snapshot")["built"] is False, "a miss is answered by the shared store"


def test_a_new_migration_starts_from_the_state_before_the_seed_that_others_published(new_project):
    main, other = new_project("main"), new_project("other")
    for project in (main, other):
        (project.directory / "seeds.py").write_text(SEED)
        with (project.directory / "pyproject.toml").open("a") as settings:
            settings.write('seed = "seeds:fill"\n')
    main.json("iris-snapshot")
    start = main.json("iris-push")["start"]
    later = MIGRATION.replace('"aaa1", None', '"bbb2", "aaa1"').replace('"author"', '"book"')
    (other.directory / "migrations" / "versions" / "bbb2.py").write_text(later)

    made = other.json("iris-snapshot")

    assert (made["built"], made["plan"]) == (True, "nearest")
    assert start in [one["name"] for one in other.json("iris-snapshots")["snapshots"]]


def test_pull_requests_read_and_do_not_write(pushed, new_project):
    reader = new_project("reader")
    only = {"IRIS_DEVTOOLS_SHARED_STORE_READONLY": "true"}

    assert reader.json("iris-pull", **only)["moved"]
    ended = reader.run("iris-push", **only)

    assert ended.returncode == 3
    assert "for reading only" in ended.stdout + ended.stderr


def test_missing_credentials_are_said_at_once_and_a_build_goes_on_without(pushed, new_project):
    other = new_project("other")
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    ended = other.run("iris-pull", **nobody)

    assert ended.returncode == 3
    assert "AWS_ACCESS_KEY_ID" in ended.stdout + ended.stderr
    assert "attempts" not in ended.stdout + ended.stderr
    assert other.json("iris-snapshot", **nobody)["built"] is True


def test_a_bucket_that_is_not_there_is_an_error_without_a_secret(pushed, new_project):
    other = new_project("other")

    ended = other.run("iris-push", pushed.json("iris-key")["key"])
    assert ended.returncode == 3
    assert other.json("iris-snapshot")["built"] is False
    ended = other.run("iris-push", IRIS_DEVTOOLS_SHARED_STORE="s3://no-such-bucket-at-all/x")

    assert ended.returncode == 3
    assert "Traceback" not in ended.stderr
    assert "s3cret" not in ended.stdout + ended.stderr


def test_an_upload_that_stopped_before_the_manifest_is_not_there(pushed, new_project, bucket, objects):
    """What is left when a publisher dies: files without a manifest."""
    (manifest,) = [name for name in objects() if name.endswith("manifest.json")]
    pushed.in_bucket("fs.rm_file(sys.argv[1])", f"{bucket}/{manifest}")

    other = new_project("other")
    assert other.json("iris-pull", "--list")["names"] == []
    assert other.run("iris-pull").returncode == 3
    assert pushed.json("iris-push")["moved"] is True
    assert other.json("iris-pull")["moved"] is True


def test_another_byte_in_the_bucket_is_a_checksum_mismatch(pushed, new_project, bucket, objects):
    (file,) = [name for name in objects() if name.endswith(".zst")]
    change = (
        "c = bytearray(fs.cat_file(sys.argv[1])); c[len(c) // 2] ^= 1; fs.pipe_file(sys.argv[1], bytes(c))"
    )
    pushed.in_bucket(change, f"{bucket}/{file}")

    other = new_project("other")
    ended = other.run("iris-pull")

    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert json.loads(other.run("iris-snapshots", "--json").stdout)["snapshots"] == []


def test_two_publishers_at_once_leave_one_whole_snapshot(new_project):
    projects = [new_project(f"publisher{number}") for number in range(3)]
    for project in projects:
        project.json("iris-snapshot")
    threads = [threading.Thread(target=project.run, args=("iris-push", "--replace")) for project in projects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    reader = new_project("reader")
    assert reader.json("iris-pull")["moved"]
    assert reader.json("iris-verify")["ok"]


class Proxy:
    """A network between client and server that hangs up on the first ``drops`` connections, then is slow."""

    def __init__(self, port: int, drops: int) -> None:
        self._target = port
        self._drops = drops
        self.dropped = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.dropped < self._drops:
                self.dropped += 1
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self._target))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(1000):  # few bytes at a time: nothing arrives in one piece
                sink.sendall(piece)
        except OSError:
            pass  # one side hung up; so does the other
        finally:
            for each in (source, sink):
                each.close()


def test_a_network_that_drops_and_dribbles_only_costs_time(pushed, new_project, s3):
    proxy = Proxy(s3, drops=7)
    try:
        other = new_project("other", proxy.port)
        ended = other.run("iris-pull")
    finally:
        proxy.close()

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert proxy.dropped == 7
    assert re.search(r"Pulling IRIS.DAT.zst of aaa1-\S+ \.\.\. done", ended.stderr)
