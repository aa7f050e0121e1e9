"""A namespace becomes a snapshot and comes back; tests/iris runs the same tests on an IRIS server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.errors import (
    AdministrationError,
    EngineMismatchError,
    NamespaceInUseError,
    RevisionMismatchError,
    SnapshotError,
)
from iris_devtools.snapshots.capture import Description, capture
from iris_devtools.snapshots.inspection import count_rows, verify_namespace
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import KnownQuery, Manifest
from iris_devtools.snapshots.restore import instantiate, restore, stage, unstage
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store


@pytest.fixture
def two_databases(admin: Admin, new_namespace: Callable[[], str]) -> str:
    """A namespace as CREATE DATABASE makes it: rows in one database, classes in another."""
    name = new_namespace()
    admin.execute(f"CREATE DATABASE {name}")
    return name


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def take(admin: Admin, store: Store) -> Iterator[Callable[..., Snapshot]]:
    """Return a function that captures a namespace; what was staged of it is deleted from the server."""
    taken: list[Snapshot] = []

    def take(namespace: str, revision: str = "a1", **options: Any) -> Snapshot:
        taken.append(
            capture(admin, namespace=namespace, store=store, key=key(admin, revision), **options).snapshot
        )
        return taken[-1]

    yield take
    for snapshot in taken:
        unstage(admin, snapshot)


def key(admin: Admin, revision: str = "a1") -> RevisionKey:
    return RevisionKey((revision,), revision.encode().hex().ljust(64, "0"), admin.engine)


def run(admin: Admin, namespace: str, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a connection of their own; return the rows of the last one, if it has any."""
    rows: list[tuple[Any, ...]] = []
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
            rows = [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        cursor.close()
    return rows


def fill(admin: Admin, namespace: str, revision: str = "a1") -> None:
    """Make what an upgrade to ``revision`` and a few inserts would have made."""
    run(
        admin,
        namespace,
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, PRIMARY KEY (version_num))",
        f"INSERT INTO alembic_version (version_num) VALUES ('{revision}')",
        "CREATE TABLE patient (id INTEGER NOT NULL, name VARCHAR(50), PRIMARY KEY (id))",
        "INSERT INTO patient (id, name) VALUES (1, 'Ada')",
        "INSERT INTO patient (id, name) VALUES (2, 'Grace')",
    )


def patients(admin: Admin, namespace: str) -> list[tuple[Any, ...]]:
    return run(admin, namespace, "SELECT id, name FROM patient ORDER BY id")


ALL = [(1, "Ada"), (2, "Grace")]


def test_what_was_wrecked_comes_back(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    run(
        admin,
        namespace,
        "DELETE FROM patient WHERE id = 1",
        "UPDATE patient SET name = 'Nobody' WHERE id = 2",
        "CREATE TABLE rubbish (id INTEGER)",
        "UPDATE alembic_version SET version_num = 'ffff'",
    )

    restored = restore(admin, snapshot, namespace=namespace, thoroughness="rows")

    assert restored.key == key(admin)
    assert patients(admin, namespace) == ALL
    assert run(admin, namespace, "SELECT version_num FROM alembic_version") == [("a1",)]
    with pytest.raises(Exception, match="-30"):
        run(admin, namespace, "SELECT * FROM rubbish")


def test_a_dropped_table_comes_back(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    run(admin, namespace, "DROP TABLE patient", "DROP TABLE alembic_version")

    restore(admin, snapshot, namespace=namespace)

    assert patients(admin, namespace) == ALL


def test_a_captured_namespace_goes_on_working(admin, namespace, take):
    fill(admin, namespace)

    take(namespace)

    assert all(admin.is_mounted(database.directory) for database in admin.databases(namespace))
    run(admin, namespace, "INSERT INTO patient (id, name) VALUES (3, 'Katherine')")
    assert len(patients(admin, namespace)) == 3


def test_a_snapshot_describes_itself(admin, namespace, take, store):
    fill(admin, namespace)
    query = KnownQuery(name="everybody", sql="SELECT COUNT(*) FROM patient", expected=[[2]])

    snapshot = take(
        namespace,
        description=Description(text="two patients", features={"vectors": False}, known_queries=(query,)),
        timings={"migrate": 1.5},
    )

    manifest = Manifest.read(snapshot.directory)
    assert manifest == snapshot.manifest
    assert manifest.key == key(admin)
    assert {(str(table).casefold(), table.rows) for table in manifest.tables} == {
        ("sqluser.alembic_version", 1),
        ("sqluser.patient", 2),
    }
    assert manifest.revision_table is not None
    assert manifest.revision_table.casefold() == "sqluser.alembic_version"
    assert manifest.iris_version == admin.version.text
    assert manifest.namespace == namespace
    assert (manifest.fixture_id, manifest.description) == (snapshot.name, "two patients")
    assert manifest.known_queries == (query,)
    assert manifest.timings["migrate"] == 1.5
    assert {"count", "copy"} <= set(manifest.timings)
    assert [file.name for file in manifest.files] == ["IRIS.DAT"]
    snapshot.verify()
    assert store.find(key(admin)) == snapshot


def test_a_snapshot_fills_another_namespace(admin, namespace, take, new_namespace):
    fill(admin, namespace)
    snapshot = take(namespace)
    other = new_namespace()
    admin.create_namespace(other)

    restore(admin, snapshot, namespace=other)
    run(admin, other, "DELETE FROM patient")

    assert patients(admin, other) == []
    assert patients(admin, namespace) == ALL


def test_a_staged_snapshot_is_put_in_as_often_as_one_likes(admin, namespace, take):
    fill(admin, namespace)
    staged = stage(admin, take(namespace))

    for _ in range(3):
        run(admin, namespace, "DELETE FROM patient")
        restored = instantiate(admin, staged, namespace=namespace, held=staged.key)
        assert not restored.purged
        assert patients(admin, namespace) == ALL


def test_rows_added_after_a_restore_get_keys_of_their_own(admin, namespace, take):
    run(admin, namespace, "CREATE TABLE note (id INTEGER IDENTITY, body VARCHAR(20))")
    run(admin, namespace, "INSERT INTO note (body) VALUES ('one')")
    snapshot = take(namespace)
    restore(admin, snapshot, namespace=namespace)

    run(admin, namespace, "INSERT INTO note (body) VALUES ('two')")

    ids = [row[0] for row in run(admin, namespace, "SELECT id FROM note ORDER BY id")]
    assert len(set(ids)) == 2


def test_a_query_that_was_cached_for_another_revision_is_not_run_again(admin, namespace, take):
    """Cached queries lie outside the file, under the namespace's name."""
    fill(admin, namespace, "a1")
    narrow = take(namespace, "a1")
    run(
        admin,
        namespace,
        "ALTER TABLE patient ADD COLUMN born INTEGER",
        "UPDATE patient SET born = 1815 WHERE id = 1",
        "UPDATE alembic_version SET version_num = 'b2'",
    )
    wide = take(namespace, "b2")

    for snapshot, width in ((narrow, 2), (wide, 3), (narrow, 2), (wide, 3)):
        restored = restore(admin, snapshot, namespace=namespace)
        assert restored.purged
        assert {len(row) for row in run(admin, namespace, "SELECT * FROM patient")} == {width}


def test_a_namespace_of_two_databases_comes_back_whole(admin, two_databases, take):
    fill(admin, two_databases)
    snapshot = take(two_databases)
    assert sorted(file.role for file in snapshot.manifest.files) == ["code", "data"]
    run(admin, two_databases, "DELETE FROM patient", "CREATE TABLE rubbish (id INTEGER)")

    restore(admin, snapshot, namespace=two_databases, thoroughness="rows")

    assert patients(admin, two_databases) == ALL


def test_a_namespace_of_another_shape_is_refused_and_left_alone(admin, namespace, two_databases, take):
    fill(admin, namespace)
    fill(admin, two_databases, "b2")
    one, two = take(namespace, "a1"), take(two_databases, "b2")

    for snapshot, target in ((one, two_databases), (two, namespace)):
        with pytest.raises(SnapshotError, match="nothing was changed"):
            restore(admin, snapshot, namespace=target)

    assert patients(admin, namespace) == patients(admin, two_databases) == ALL


@pytest.mark.parametrize("role", ["data", "code"])
def test_one_of_two_files_alone_is_found_out(admin, two_databases, take, role):
    """A table lies in both: its class in one, its rows in the other."""
    fill(admin, two_databases)
    snapshot = take(two_databases)
    staged = stage(admin, snapshot)
    run(
        admin,
        two_databases,
        "CREATE TABLE visit (id INTEGER)",
        "UPDATE alembic_version SET version_num = 'b2'",
    )
    database = next(each for each in admin.databases(two_databases) if each.role == role)
    with admin.dismounted([database.directory]):
        admin.copy(next(file.path for file in staged.files if file.role == role), database.file)

    with pytest.raises(RevisionMismatchError, match="does not hold the snapshot"):
        verify_namespace(admin, snapshot.manifest, namespace=two_databases)

    restore(admin, snapshot, namespace=two_databases, thoroughness="rows")


def test_an_open_connection_is_named_and_nothing_is_touched(admin, namespace, take, server, store):
    fill(admin, namespace)
    snapshot = take(namespace)
    with admin.connection(namespace) as connection:
        for attempt in (
            lambda: restore(admin, snapshot, namespace=namespace, wait_s=0.0),
            lambda: take(namespace, "b2", wait_s=0.0),
        ):
            with pytest.raises(NamespaceInUseError) as caught:
                attempt()
            (process,) = caught.value.facts["processes"]
            assert str(process.pid) in caught.value.message
            assert process.username.casefold() == server.username.casefold()
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM patient")
        assert cursor.fetchone()[0] == 2
        cursor.close()

    assert len(store.snapshots()) == 1


def test_an_open_connection_is_ended_on_request(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM patient")
        (ended,) = {process.pid for process in admin.processes(namespace)}

        restore(admin, snapshot, namespace=namespace, terminate_others=True)

        assert ended not in {process.pid for process in admin.processes(namespace)}
    assert patients(admin, namespace) == ALL


def test_a_key_of_another_engine_is_refused(admin, namespace, store):
    foreign = RevisionKey(("a1",), "0" * 64, "iris-1999.1")

    with pytest.raises(EngineMismatchError, match=r"iris-1999\.1"):
        capture(admin, namespace=namespace, store=store, key=foreign)

    assert not store.directory.exists()


def test_a_snapshot_of_another_engine_is_refused_and_the_namespace_left_alone(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    manifest = snapshot.manifest.model_copy(update={"engine": "iris-1999.1"})

    with pytest.raises(EngineMismatchError, match="nothing was changed"):
        restore(admin, Snapshot(snapshot.directory, manifest), namespace=namespace)

    assert patients(admin, namespace) == ALL


def test_a_namespace_at_another_revision_is_not_captured(admin, namespace, take, store):
    fill(admin, namespace, "b2")

    with pytest.raises(RevisionMismatchError, match="is at b2") as caught:
        take(namespace, "a1")

    assert caught.value.facts["found"] == ("b2",)
    assert store.snapshots() == ()
    assert store.survey().leftovers == ()


def test_a_snapshot_that_is_not_what_its_key_says_is_found_out(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    lying = snapshot.manifest.model_copy(update={"revisions": ("b2",)})

    with pytest.raises(RevisionMismatchError, match="revisions"):
        restore(admin, Snapshot(snapshot.directory, lying), namespace=namespace)


def test_a_namespace_without_revisions_is_known_by_its_tables(admin, namespace, take):
    run(admin, namespace, "CREATE TABLE patient (id INTEGER)", "INSERT INTO patient (id) VALUES (1)")
    snapshot = take(namespace, "metadata")
    assert snapshot.manifest.revision_table is None
    run(admin, namespace, "CREATE TABLE visit (id INTEGER)")

    with pytest.raises(RevisionMismatchError, match="tables"):
        verify_namespace(admin, snapshot.manifest, namespace=namespace)
    restore(admin, snapshot, namespace=namespace, thoroughness="rows")


def test_rows_are_compared_on_request(admin, namespace, take):
    fill(admin, namespace)
    snapshot = take(namespace)
    run(admin, namespace, "DELETE FROM patient WHERE id = 1")

    verify_namespace(admin, snapshot.manifest, namespace=namespace, thoroughness="tables")
    with pytest.raises(RevisionMismatchError, match="rows"):
        verify_namespace(admin, snapshot.manifest, namespace=namespace, thoroughness="rows")


def test_an_empty_namespace_is_a_state_like_any_other(admin, namespace, take):
    snapshot = take(namespace, "empty")
    run(admin, namespace, "CREATE TABLE patient (id INTEGER)")

    restore(admin, snapshot, namespace=namespace, thoroughness="rows")

    with admin.connection(namespace) as connection:
        assert count_rows(connection) == ()


def test_a_table_with_an_awkward_name_is_counted(admin, namespace, take):
    run(admin, namespace, 'CREATE TABLE "odd"."table" (id INTEGER)', 'INSERT INTO "odd"."table" VALUES (1)')

    snapshot = take(namespace)

    assert [(str(table), table.rows) for table in snapshot.manifest.tables] == [("odd.table", 1)]


def test_a_namespace_that_is_not_there_is_an_error(admin, store, take, namespace, new_namespace):
    missing = new_namespace()
    with pytest.raises(AdministrationError, match=missing):
        capture(admin, namespace=missing, store=store, key=key(admin))
    snapshot = take(namespace)

    with pytest.raises(AdministrationError, match=missing):
        restore(admin, snapshot, namespace=missing)


def test_a_database_that_was_left_dismounted_is_captured_and_restored_all_the_same(admin, namespace, take):
    fill(admin, namespace)
    (database,) = admin.databases(namespace)
    admin.dismount(database.directory)

    snapshot = take(namespace)
    assert patients(admin, namespace) == ALL
    admin.dismount(database.directory)
    restore(admin, snapshot, namespace=namespace)

    assert patients(admin, namespace) == ALL
