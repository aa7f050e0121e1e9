"""``kill -9`` at any step of capture, publish, stage, restore, of a fixture and of a verification: nothing
half is left, and the next run works without anybody cleaning up. (Push and pull: ``test_sharing.py``.)
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import ServerError
from iris_devtools.provision import SCRATCH_PREFIX
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.fixture import create_fixture, list_fixtures
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import STAGING_DIRECTORY, restore
from iris_devtools.snapshots.store import Store
from iris_devtools.verification import check_contents, scratch_restore

PROGRAM = """
import os, signal, sys
from importlib import import_module
from pathlib import Path
from iris_devtools.admin import Admin
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.fixture import create_fixture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import restore
from iris_devtools.snapshots.store import Store
from iris_devtools.verification import check_contents, scratch_restore

host, port, username, namespace, directory, work, target, when, count = sys.argv[1:]
module, _, path = target.partition(":")
owner = import_module(f"iris_devtools.{module}")
*parents, name = path.split(".")
for parent in parents:
    owner = getattr(owner, parent)
wrapped = getattr(owner, name)
calls = 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    if calls == int(count) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    found = wrapped(*args, **kwargs)
    if calls == int(count):
        os.kill(os.getpid(), signal.SIGKILL)
    return found

server = Server("standin", host, int(port), username, sys.stdin.readline().strip(), local_files=True)
store = Store(Path(directory), compression=3)
with Admin.connect(server) as admin:
    setattr(owner, name, dying)
    if work == "capture":
        key = RevisionKey(("a1",), "0" * 64, admin.engine)
        capture(admin, namespace=namespace, store=store, key=key)
    elif work == "fixture":
        create_fixture(admin, Path(directory) / "fixture", namespace=namespace, compression=3)
    elif work == "verify":
        with scratch_restore(admin, store.snapshots()[0]) as scratch:
            check_contents(admin, store.snapshots()[0], namespace=scratch)
    else:
        restore(admin, store.snapshots()[0], namespace=namespace)
"""

POINTS = [
    # capture
    ("capture", "snapshots.capture:_inspect", "after", 1),
    ("capture", "snapshots.store:Store.writer", "after", 1),
    ("capture", "admin.connection:Admin.dismount", "before", 1),
    ("capture", "admin.connection:Admin.dismount", "after", 1),
    ("capture", "snapshots.compression:FileWriter.write", "before", 1),
    ("capture", "snapshots.compression:FileWriter.write", "after", 1),
    ("capture", "snapshots.compression:FileWriter.__exit__", "after", 1),
    ("capture", "admin.connection:Admin.mount", "before", 2),
    ("capture", "admin.connection:Admin.mount", "after", 2),
    # publish
    ("capture", "snapshots.store:SnapshotWriter.publish", "before", 1),
    ("capture", "snapshots.store:_sync", "after", 1),
    ("capture", "snapshots.store:SnapshotWriter._rename", "before", 1),
    ("capture", "snapshots.store:SnapshotWriter._rename", "after", 1),
    ("capture", "snapshots.store:verified.remember", "after", 1),
    # stage
    ("restore", "snapshots.snapshot:Snapshot.verify", "after", 1),
    ("restore", "admin.connection:Admin.make_directories", "after", 1),
    ("restore", "admin.files:_LocalWriter.__exit__", "before", 1),
    ("restore", "admin.connection:Admin.rename", "before", 1),
    ("restore", "admin.connection:Admin.rename", "after", 1),
    ("restore", "admin.connection:Admin.rename", "after", 2),
    # restore
    ("restore", "admin.connection:Admin.copy", "before", 1),
    ("restore", "admin.connection:Admin.copy", "after", 1),
    ("restore", "admin.connection:Admin.dismount", "after", 1),
    ("restore", "admin.connection:Admin.rename", "after", 3),
    ("restore", "admin.connection:Admin.rename", "after", 4),
    ("restore", "admin.connection:Admin.mount", "before", 1),
    ("restore", "admin.connection:Admin.mount", "after", 1),
    ("restore", "admin.connection:Admin.purge_cached_queries", "before", 1),
    ("restore", "snapshots.restore:verify_namespace", "before", 1),
]

FIXTURE_POINTS = [
    ("snapshots.fixture:FixtureDirectory._lock", "after", 1),
    ("snapshots.fixture:FixtureDirectory.writer", "after", 1),
    ("admin.connection:Admin.dismount", "after", 1),
    ("snapshots.compression:FileWriter.write", "after", 1),
    ("admin.connection:Admin.mount", "before", 3),
    ("snapshots.store:SnapshotWriter.publish", "before", 1),
    ("snapshots.store:SnapshotWriter._rename", "before", 1),
    ("snapshots.store:SnapshotWriter._rename", "after", 1),
]
VERIFY_POINTS = [
    ("admin.connection:Admin.create_namespace", "before", 1),
    ("admin.connection:Admin.create_namespace", "after", 1),
    ("admin.connection:Admin.dismount", "after", 1),
    ("verification:restore_namespace", "after", 1),
    ("verification:verify_namespace", "before", 1),
    ("admin.connection:Admin.drop_namespace", "after", 1),
]


@pytest.fixture
def namespace(admin: Admin, unique: str) -> Iterator[str]:
    name = f"KILL{unique}".upper()
    admin.create_namespace(name)
    run(
        admin,
        name,
        "CREATE TABLE patient (id INTEGER, body VARCHAR(32000))",
        *(f"INSERT INTO patient (id, body) VALUES ({number}, '{'x' * 30000}')" for number in range(50)),
    )
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


def run(admin: Admin, namespace: str, *statements: str) -> Any:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = cursor.fetchall() if cursor.description else []
        cursor.close()
    return rows[0][0] if rows else None


def kill(server: Any, *arguments: object) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, [server.host, server.port, server.username, *arguments])],
        input=f"{server.password}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize(("work", "target", "when", "count"), POINTS)
def test_a_process_that_is_killed_leaves_nothing_half_and_the_next_run_works(
    standin, admin, namespace, tmp_path: Path, unique, work, target, when, count
):
    store = Store(tmp_path / "store", compression=3)
    key = RevisionKey(("a1",), "0" * 64, admin.engine)
    if work == "restore":
        capture(admin, namespace=namespace, store=store, key=key)
        run(admin, namespace, "DELETE FROM patient WHERE id > 10")
    kill(standin.server, namespace, store.directory, work, target, when, count)

    survey = store.survey()
    assert survey.broken == ()
    for snapshot in survey.snapshots:
        snapshot.verify()
    staged = Path(admin.manager_directory, STAGING_DIRECTORY)
    for snapshot in survey.snapshots:
        for path in staged.glob(f"{snapshot.name}.*.{snapshot.manifest.files[0].sha256[:16]}.DAT"):
            assert path.stat().st_size == snapshot.manifest.size
    try:
        assert run(admin, namespace, "SELECT COUNT(*) FROM patient") in (11, 50)
    except ServerError as error:
        (database,) = admin.databases(namespace)
        assert f'MountDatabase("{database.directory}")' in error.hint

    if work == "capture":
        captured = capture(admin, namespace=namespace, store=store, key=key)
        captured.snapshot.verify()
    restore(admin, store.snapshots()[0], namespace=namespace, thoroughness="rows")
    assert run(admin, namespace, "SELECT COUNT(*) FROM patient") == 50
    assert store.clean() == ()
    assert store.survey().leftovers == ()


@pytest.mark.parametrize(("target", "when", "count"), FIXTURE_POINTS)
def test_a_fixture_whose_creator_is_killed_is_whole_or_not_there(
    standin, admin, namespace, tmp_path: Path, target, when, count
):
    (tmp_path / "fixtures").mkdir()
    kill(standin.server, namespace, tmp_path / "fixtures", "fixture", target, when, count)
    directory = tmp_path / "fixtures" / "fixture"

    listing = list_fixtures(directory.parent)
    assert listing.broken == ()
    for fixture in listing.fixtures:
        fixture.verify()
    captured = create_fixture(admin, directory, namespace=namespace, replace_existing=True, compression=3)
    captured.snapshot.verify()
    assert [path.name for path in directory.parent.iterdir()] == ["fixture"]
    assert run(admin, namespace, "SELECT COUNT(*) FROM patient") == 50


@pytest.mark.parametrize(("target", "when", "count"), VERIFY_POINTS)
def test_a_scratch_namespace_of_a_killed_verification_goes_with_the_next(
    standin, admin, namespace, tmp_path: Path, target, when, count
):
    store = Store(tmp_path / "store", compression=3)
    key = RevisionKey(("a1",), "0" * 64, admin.engine)
    snapshot = capture(admin, namespace=namespace, store=store, key=key).snapshot
    kill(standin.server, namespace, store.directory, "verify", target, when, count)

    with scratch_restore(admin, snapshot) as scratch:
        assert [name for name in admin.namespaces() if name.startswith(SCRATCH_PREFIX)] == [scratch]
        assert all(check.ok for check in check_contents(admin, snapshot, namespace=scratch))
    assert [name for name in admin.namespaces() if name.startswith(SCRATCH_PREFIX)] == []
    directories = Path(admin.manager_directory).glob(f"{SCRATCH_PREFIX.lower()}*")
    assert [each for each in directories if each.name.startswith(scratch.lower()[:20])] == []
