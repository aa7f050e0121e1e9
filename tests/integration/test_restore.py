"""A restore with a damaged snapshot touches nothing; one that is killed is mended by the next."""

from __future__ import annotations

import hashlib
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import AdministrationError, ChecksumError, ManifestError
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile
from iris_devtools.snapshots.restore import restore, stage
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot
from iris_devtools.snapshots.store import Store


@pytest.fixture
def namespace(admin: Admin, unique: str) -> Iterator[str]:
    name = f"RES{unique}".upper()
    admin.create_namespace(name)
    run(admin, name, "CREATE TABLE patient (id INTEGER)", "INSERT INTO patient VALUES (1)")
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture
def snapshot(admin: Admin, namespace: str, tmp_path: Path, unique: str) -> Snapshot:
    key = RevisionKey((unique,), "0" * 64, admin.engine)
    return capture(admin, namespace=namespace, store=Store(tmp_path / "store"), key=key).snapshot


def run(admin: Admin, namespace: str, *statements: str) -> list[tuple[object, ...]]:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
    return rows


def ids(admin: Admin, namespace: str) -> list[object]:
    return [row[0] for row in run(admin, namespace, "SELECT id FROM patient ORDER BY id")]


def damage(snapshot: Snapshot, how: str) -> None:
    path = snapshot.directory / "IRIS.DAT"
    content = path.read_bytes()
    if how == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "missing":
        path.unlink()
    else:
        path.write_bytes(content[:5000] + bytes([content[5000] ^ 1]) + content[5001:])


@pytest.mark.parametrize("how", ["truncated", "empty", "missing", "one bit changed"])
def test_a_damaged_snapshot_is_refused_and_the_namespace_left_alone(admin, namespace, snapshot, how):
    run(admin, namespace, "INSERT INTO patient VALUES (2)")
    damage(snapshot, how)

    with admin.connection(namespace), pytest.raises(ChecksumError, match="nothing was restored"):
        # Not even the connection matters: the files are looked at first.
        restore(admin, snapshot, namespace=namespace)

    assert ids(admin, namespace) == [1, 2]


def test_a_snapshot_whose_manifest_is_broken_is_no_snapshot(snapshot):
    (snapshot.directory / "manifest.json").write_text("{}")

    with pytest.raises(ManifestError, match="schema_version"):
        open_snapshot(snapshot.directory)


def test_a_snapshot_in_any_directory_is_restored(admin, namespace, snapshot, tmp_path):
    """It may have come from anywhere: a repository, a download."""
    shutil.copytree(snapshot.directory, tmp_path / "fixtures" / "patients")
    run(admin, namespace, "INSERT INTO patient VALUES (2)")

    restore(admin, open_snapshot(tmp_path / "fixtures" / "patients"), namespace=namespace)

    assert ids(admin, namespace) == [1]


def test_a_file_that_the_server_cannot_mount_leaves_the_former_database(admin, namespace, snapshot):
    """Its checksum is right: it is what was published, and it is no database."""
    rubbish = b"not a database at all" * 5000
    (snapshot.directory / "IRIS.DAT").write_bytes(rubbish)
    file = DatabaseFile(
        role="both", name="IRIS.DAT", size=len(rubbish), sha256=hashlib.sha256(rubbish).hexdigest()
    )
    wrong = Snapshot(snapshot.directory, snapshot.manifest.model_copy(update={"files": (file,)}))
    run(admin, namespace, "INSERT INTO patient VALUES (2)")

    with pytest.raises(AdministrationError) as caught:
        restore(admin, wrong, namespace=namespace)

    assert f"{namespace} holds its former database again." in caught.value.hint
    assert ids(admin, namespace) == [1, 2]


def test_the_staged_copy_is_the_one_that_is_used_again(admin, namespace, snapshot):
    one, other = stage(admin, snapshot), stage(admin, snapshot)
    written = Path(one.files[0].path).stat()
    restore(admin, snapshot, namespace=namespace)

    assert one.files == other.files
    assert Path(one.files[0].path).stat().st_ino == written.st_ino
    assert Path(one.files[0].path).read_bytes() == (snapshot.directory / "IRIS.DAT").read_bytes()


def test_several_that_stage_one_snapshot_leave_one_complete_file(standin, admin, snapshot):
    barrier = threading.Barrier(4)
    staged = []

    def put() -> None:
        with Admin.connect(standin.server) as own:
            barrier.wait(30)
            staged.append(stage(own, snapshot))

    threads = [threading.Thread(target=put) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(staged) == 4
    path = Path(staged[0].files[0].path)
    assert {each.files for each in staged} == {staged[0].files}
    assert [each.name for each in path.parent.glob(f"{snapshot.name}*")] == [path.name]
    assert path.read_bytes() == (snapshot.directory / "IRIS.DAT").read_bytes()


def test_nothing_but_the_database_is_left_in_its_directory(admin, namespace, snapshot):
    (database,) = admin.databases(namespace)
    before = sorted(path.name for path in Path(database.directory).iterdir())
    restore(admin, snapshot, namespace=namespace)
    run(admin, namespace, "INSERT INTO patient VALUES (3)")
    (database,) = admin.databases(namespace)

    names = {path.name for path in Path(database.directory).iterdir()}
    assert "IRIS.DAT" in before
    assert not {"next.DAT", "previous.DAT"} & names


RESTORE = """
import os, signal, sys
from pathlib import Path
from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.restore import restore
from iris_devtools.snapshots.snapshot import open_snapshot

host, port, username, namespace, snapshot, when = sys.argv[1:]

class Dying(Admin):
    renames = 0

    def mount(self, directory):
        if when == "before mounting":
            os.kill(os.getpid(), signal.SIGKILL)
        super().mount(directory)

    def rename(self, source, target):
        super().rename(source, target)
        self.renames += Path(target).name in ("previous.DAT", "IRIS.DAT")
        if when == f"after rename {self.renames}":
            os.kill(os.getpid(), signal.SIGKILL)

server = Server("standin", host, int(port), username, sys.stdin.readline().strip(), local_files=True)
with Dying.connect(server) as admin:
    restore(admin, open_snapshot(Path(snapshot)), namespace=namespace)
"""


@pytest.mark.parametrize("when", ["after rename 1", "after rename 2", "before mounting"])
def test_a_restore_that_was_killed_is_mended_by_the_next(admin, namespace, snapshot, standin, when):
    server = standin.server
    arguments = [server.host, server.port, server.username, namespace, snapshot.directory, when]
    stage(admin, snapshot)  # so that the renames that count are those of the exchange
    result = subprocess.run(
        [sys.executable, "-c", RESTORE, *map(str, arguments)],
        input=f"{server.password}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr

    restore(admin, snapshot, namespace=namespace, thoroughness="rows")

    assert ids(admin, namespace) == [1]
