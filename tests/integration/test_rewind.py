"""A namespace that is restored again and again: the next copy is there before it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.databases import AHEAD_FILE, NEXT_FILE
from iris_devtools.errors import AdministrationError, NamespaceInUseError
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.exchange import Staged
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.restore import stage, unstage
from iris_devtools.snapshots.rewind import Rewinder
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store

ENOUGH = 1_000_000_000


@pytest.fixture
def admin(standin: Any) -> Iterator[Admin]:
    with Admin.connect(standin.server) as admin:
        yield admin


@pytest.fixture
def namespace(admin: Admin, unique: str) -> Iterator[str]:
    name = f"REW{unique}".upper()
    admin.create_namespace(name)
    run(admin, name, "CREATE TABLE patient (id IDENTITY, name VARCHAR(20))")
    run(admin, name, "INSERT INTO patient (name) VALUES ('Ada')", "INSERT INTO patient (name) VALUES ('Bo')")
    run(admin, name, "DELETE FROM patient WHERE name = 'Bo'")
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


@pytest.fixture
def snapshot(admin: Admin, namespace: str, tmp_path: Path, unique: str) -> Snapshot:
    key = RevisionKey((unique,), "0" * 64, admin.engine)
    return capture(admin, namespace=namespace, store=Store(tmp_path / "store"), key=key).snapshot


@pytest.fixture
def staged(admin: Admin, snapshot: Snapshot) -> Staged:
    return stage(admin, snapshot)


@pytest.fixture
def rewinder(admin: Admin, staged: Staged, namespace: str) -> Iterator[Rewinder]:
    rewinder = Rewinder(admin, staged, namespace=namespace, ahead_bytes=ENOUGH)
    yield rewinder
    rewinder.close()


def run(admin: Admin, namespace: str, *statements: str) -> list[tuple[Any, ...]]:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
    return rows


def patients(admin: Admin, namespace: str) -> list[tuple[Any, ...]]:
    return run(admin, namespace, "SELECT id, name FROM patient ORDER BY id")


def beside(admin: Admin, namespace: str) -> Path:
    return Path(admin.databases(namespace)[0].directory)


def test_every_restore_after_the_first_finds_its_copy_ready(admin, namespace, rewinder):
    for number in range(4):
        run(admin, namespace, "INSERT INTO patient (name) VALUES ('Cy')", "DELETE FROM patient WHERE id = 1")
        restored = rewinder.rewind(thoroughness="rows")
        assert patients(admin, namespace) == [(1, "Ada")]
        assert ("copy" in restored.timings) == (number == 0)
    assert rewinder.found_ready == 3


def test_the_counter_of_an_identity_goes_back_with_the_file(admin, namespace, rewinder):
    """A row that was deleted before the snapshot has used up its number for good; later rows have not."""
    for _ in range(3):
        run(admin, namespace, "INSERT INTO patient (name) VALUES ('Cy')")
        assert patients(admin, namespace) == [(1, "Ada"), (3, "Cy")]
        rewinder.rewind()


def test_closing_leaves_nothing_beside_the_database(admin, namespace, rewinder):
    rewinder.rewind()
    rewinder.settle()
    assert (beside(admin, namespace) / AHEAD_FILE).exists()
    rewinder.close()
    rewinder.close()
    names = {path.name for path in beside(admin, namespace).iterdir()}
    assert not {AHEAD_FILE, NEXT_FILE, "previous.DAT"} & names


def test_a_large_snapshot_is_copied_when_it_is_needed(admin, staged, namespace):
    rewinder = Rewinder(admin, staged, namespace=namespace, ahead_bytes=staged.size - 1)
    for _ in range(2):
        assert "copy" in rewinder.rewind().timings
        assert not (beside(admin, namespace) / AHEAD_FILE).exists()
    assert rewinder.found_ready == 0


def test_nothing_is_copied_ahead_for_those_who_say_so(admin, namespace, rewinder):
    rewinder.rewind(ahead=False)
    rewinder.settle()
    assert not (beside(admin, namespace) / AHEAD_FILE).exists()
    assert "copy" in rewinder.rewind().timings


def test_a_copy_that_a_killed_process_left_is_not_believed_in(admin, staged, namespace):
    (beside(admin, namespace) / AHEAD_FILE).write_bytes(b"half a cop")
    rewinder = Rewinder(admin, staged, namespace=namespace, ahead_bytes=ENOUGH)
    for _ in range(2):
        rewinder.rewind(thoroughness="rows")
        assert patients(admin, namespace) == [(1, "Ada")]
    rewinder.close()


def test_a_copy_that_cannot_be_made_ahead_stops_nothing_and_is_not_tried_again(
    admin, namespace, snapshot, rewinder
):
    rewinder.rewind()
    rewinder.settle()
    unstage(admin, snapshot)
    rewinder.rewind()  # the copy is there
    rewinder.settle()
    assert not (beside(admin, namespace) / AHEAD_FILE).exists()
    with pytest.raises(AdministrationError):
        rewinder.rewind()
    stage(admin, snapshot)
    rewinder.rewind(thoroughness="rows")
    rewinder.settle()
    assert not (beside(admin, namespace) / AHEAD_FILE).exists()
    assert patients(admin, namespace) == [(1, "Ada")]


def test_a_restore_that_is_refused_keeps_what_the_namespace_holds_and_the_next_one_works(
    admin, namespace, rewinder
):
    rewinder.rewind()
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("INSERT INTO patient (name) VALUES ('Cy')")
        with pytest.raises(NamespaceInUseError):
            rewinder.rewind(terminate_others=False, wait_s=0)
        assert not (beside(admin, namespace) / AHEAD_FILE).exists()
        cursor.execute("SELECT COUNT(*) FROM patient")
        assert cursor.fetchone()[0] == 2
        cursor.close()
    rewinder.rewind(thoroughness="rows")
    assert patients(admin, namespace) == [(1, "Ada")]


def test_a_namespace_is_dropped_together_with_the_copy(admin, namespace, staged):
    directory = beside(admin, namespace)
    rewinder = Rewinder(admin, staged, namespace=namespace, ahead_bytes=ENOUGH)
    rewinder.rewind()
    rewinder.settle()  # and then the process is killed
    admin.drop_namespace(namespace)
    assert not directory.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_child_is_not_kept_waiting_by_a_copy_of_its_parent(admin, namespace):
    """The thread that holds the connection's lock at the fork does not exist in the child."""
    lock = admin._link._lock
    lock.acquire()
    try:
        child = os.fork()
        if child == 0:  # the lock belongs to this thread here, so take what a stranger's would do
            import threading

            found: list[bool] = []
            thread = threading.Thread(target=lambda: found.append(admin.namespace_exists(namespace)))
            thread.start()
            thread.join(30)
            os._exit(0 if found == [True] else 1)
    finally:
        lock.release()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
