"""A capture that is interrupted or killed leaves no half snapshot, and a database that works."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import StoreError
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import restore
from iris_devtools.snapshots.store import Store

ROWS = 2000


@pytest.fixture
def namespace(admin: Admin, unique: str) -> Iterator[str]:
    """A namespace with a table of some size."""
    name = f"CAP{unique}".upper()
    admin.create_namespace(name)
    with admin.connection(name) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE patient (id INTEGER NOT NULL, name VARCHAR(2000), PRIMARY KEY (id))")
        cursor.executemany(
            "INSERT INTO patient (id, name) VALUES (?, ?)", [(number, "x" * 1500) for number in range(ROWS)]
        )
        cursor.close()
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def key(admin: Admin) -> RevisionKey:
    return RevisionKey(("a1",), "0" * 64, admin.engine)


def rows(admin: Admin, namespace: str) -> int:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM patient")
        count = int(cursor.fetchone()[0])
        cursor.close()
    return count


# The signal comes from within, in the middle of the file, so that no test has to hit the right moment.
CAPTURE = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from iris_devtools.admin import Admin
from iris_devtools.progress import Reporter, Step
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store

host, port, username, namespace, store, name = sys.argv[1:]

class Signalling(Step):
    def advance(self, amount=1):
        super().advance(amount)
        if 0 < self.done < self.total:
            assert not any(admin.is_mounted(database.directory) for database in admin.databases(namespace))
            os.kill(os.getpid(), getattr(signal, name))

class Signaller(Reporter):
    @contextmanager
    def step(self, description, *, total=None, unit=""):
        yield Signalling(description, total, unit)

server = Server("standin", host, int(port), username, sys.stdin.readline().strip(), local_files=True)
with Admin.connect(server) as admin:
    key = RevisionKey(("a1",), "0" * 64, admin.engine)
    capture(admin, namespace=namespace, store=Store(Path(store)), key=key, reporter=Signaller())
"""


@pytest.fixture
def capture_and_signal(
    standin, store: Store, namespace: str
) -> Callable[[str], subprocess.CompletedProcess[str]]:
    """Capture in another process, which sends itself a signal while it reads the file."""

    def run(name: str) -> subprocess.CompletedProcess[str]:
        server = standin.server
        arguments = [server.host, server.port, server.username, namespace, store.directory, name]
        return subprocess.run(
            [sys.executable, "-c", CAPTURE, *map(str, arguments)],
            input=f"{server.password}\n",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_ctrl_c_while_the_file_is_read_mounts_the_database_and_leaves_no_snapshot(
    admin, namespace, store, capture_and_signal
):
    result = capture_and_signal("SIGINT")

    assert "KeyboardInterrupt" in result.stderr
    assert "AssertionError" not in result.stderr
    assert all(admin.is_mounted(database.directory) for database in admin.databases(namespace))
    assert rows(admin, namespace) == ROWS
    survey = store.survey()
    assert (survey.snapshots, survey.broken, survey.leftovers) == ((), (), ())


def test_a_capture_that_was_killed_is_made_good_by_the_next(admin, namespace, store, capture_and_signal):
    result = capture_and_signal("SIGKILL")

    assert result.returncode == -signal.SIGKILL
    survey = store.survey()
    assert (survey.snapshots, survey.broken) == ((), ())
    assert len(survey.leftovers) == 1

    captured = capture(admin, namespace=namespace, store=store, key=key(admin))

    captured.snapshot.verify()
    assert rows(admin, namespace) == ROWS
    assert store.survey().leftovers == ()


def test_a_store_that_cannot_be_written_fails_before_the_database_is_dismounted(admin, namespace, tmp_path):
    (tmp_path / "file").touch()
    (database,) = admin.databases(namespace)

    with admin.connection("USER"), pytest.raises(StoreError, match="Cannot write"):
        capture(admin, namespace=namespace, store=Store(tmp_path / "file" / "store"), key=key(admin))

    assert admin.is_mounted(database.directory)
    assert rows(admin, namespace) == ROWS


def test_the_second_capture_of_a_key_keeps_the_first_unless_told_to_replace_it(admin, namespace, store):
    first = capture(admin, namespace=namespace, store=store, key=key(admin))
    second = capture(admin, namespace=namespace, store=store, key=key(admin))
    third = capture(admin, namespace=namespace, store=store, key=key(admin), replace=True)

    assert (first.first, second.first, third.first) == (True, False, True)
    assert second.snapshot == first.snapshot
    assert store.find(key(admin)) == third.snapshot != first.snapshot


def test_a_capture_without_shared_files_reads_over_the_wire(standin, namespace, store):
    with Admin.connect(replace(standin.server, local_files=False)) as admin:
        snapshot = capture(admin, namespace=namespace, store=store, key=key(admin)).snapshot
        snapshot.verify()
        restore(admin, snapshot, namespace=namespace, thoroughness="rows")
        assert rows(admin, namespace) == ROWS


FULL = """
import resource, signal, sys
from pathlib import Path
from iris_devtools.admin import Admin
from iris_devtools.errors import StoreError
from iris_devtools.servers.server import Server
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store

host, port, username, namespace, store, level = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, 8_000))
server = Server("standin", host, int(port), username, sys.stdin.readline().strip(), local_files=True)
with Admin.connect(server) as admin:
    key = RevisionKey(("a1",), "0" * 64, admin.engine)
    try:
        capture(admin, namespace=namespace, store=Store(Path(store), compression=int(level) or None), key=key)
    except StoreError as error:
        print(error)
"""


@pytest.mark.parametrize("level", [0, 3])
def test_a_disk_that_fills_up_mounts_the_database_and_leaves_no_snapshot(
    admin, namespace, store, standin, level
):
    server = standin.server
    arguments = [server.host, server.port, server.username, namespace, store.directory, level]
    ended = subprocess.run(
        [sys.executable, "-c", FULL, *map(str, arguments)],
        input=f"{server.password}\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )

    assert "Cannot write" in ended.stdout
    assert "See that the disk has room" in ended.stdout
    assert rows(admin, namespace) == ROWS
    survey = store.survey()
    assert (survey.snapshots, survey.broken, survey.leftovers) == ((), (), ())
    capture(admin, namespace=namespace, store=store, key=key(admin)).snapshot.verify()
