"""Mounted, unmounted, dismounted: the rules between them (iris-facts 2.2)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError
from iris_devtools.standin.instance import Instance, Options, Process
from iris_devtools.standin.storage.configuration import DatabaseEntry, NamespaceEntry
from iris_devtools.standin.storage.database import LOCK_NAME, Database, State
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import FILE_NAME, Label


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance(tmp_path / "data", Options(grace_s=0.05, limit_s=5)) as started:
        yield started


@pytest.fixture
def app(instance: Instance) -> Database:
    """A database under the namespace APP, merely never touched."""
    return add_namespace(instance, "APP")


def add_namespace(instance: Instance, name: str) -> Database:
    directory = instance.manager / name.lower()
    directory.mkdir()
    database = instance.databases.create(directory, Label())
    database.dismount(grace_s=0, limit_s=0, sticky=False)
    instance.configuration.put_database(DatabaseEntry(name, directory))
    instance.configuration.put_namespace(NamespaceEntry(name, globals=name, routines=name))
    return database


def enter(instance: Instance, namespace: str = "APP") -> Process:
    return instance.open_process("_SYSTEM", "SYS", namespace=namespace)


def code_of(caught: pytest.ExceptionInfo[StorageError]) -> int:
    return caught.value.code


def test_an_unmounted_database_mounts_at_the_first_access(instance: Instance, app: Database) -> None:
    assert app.state is State.UNMOUNTED

    enter(instance)

    assert app.state is State.MOUNTED


def test_a_dismounted_database_stays_closed_to_logins(instance: Instance, app: Database) -> None:
    app.mount()
    instance.dismount(app)

    for _ in range(2):
        with pytest.raises(LoginRefused) as caught:
            enter(instance)
        assert caught.value.text == f"<DIRECTORY>Logon+58^%SYS.DBSRV.1 *{app.directory}/"


def test_an_explicit_mount_opens_it_again(instance: Instance, app: Database) -> None:
    app.mount()
    instance.dismount(app)

    app.mount()

    enter(instance).close()


def test_a_restart_forgets_the_dismounted_state(instance: Instance, app: Database) -> None:
    app.mount()
    instance.dismount(app)

    instance.stop()
    instance.start()

    enter(instance).close()


def test_dismounting_what_is_unmounted_does_not_stick(instance: Instance, app: Database) -> None:
    instance.dismount(app)

    assert app.state is State.UNMOUNTED
    enter(instance).close()


def test_dismounting_twice_is_fine(instance: Instance, app: Database) -> None:
    app.mount()
    instance.dismount(app)
    instance.dismount(app)

    assert app.state is State.DISMOUNTED


def test_mounting_twice_is_19(app: Database) -> None:
    app.mount()

    with pytest.raises(StorageError) as caught:
        app.mount()

    assert code_of(caught) == 19


@pytest.mark.parametrize("name", ["", "irissecurity"])
def test_the_server_s_own_databases_cannot_be_dismounted(instance: Instance, name: str) -> None:
    with pytest.raises(StorageError) as caught:
        instance.dismount(instance.databases.at(instance.manager / name))

    assert code_of(caught) == 345


def test_a_missing_directory_is_41(instance: Instance) -> None:
    with pytest.raises(StorageError) as caught:
        instance.databases.at("nowhere").mount()

    assert code_of(caught) == 41


def test_a_failed_mount_leaves_the_state(instance: Instance, app: Database) -> None:
    app.mount()
    instance.dismount(app)
    kept = app.path.read_bytes()
    app.path.write_bytes(b"GOF_FIXTURE")

    with pytest.raises(StorageError):
        app.mount()

    assert app.state is State.DISMOUNTED
    app.path.write_bytes(kept)
    app.mount()


def test_the_lock_file_stands_beside_a_mounted_database_only(instance: Instance, app: Database) -> None:
    app.mount()
    assert (app.directory / LOCK_NAME).exists()

    instance.dismount(app)
    assert [app.path] == list(app.directory.iterdir())


def test_the_lock_file_of_another_server_keeps_us_out(instance: Instance, app: Database) -> None:
    (app.directory / LOCK_NAME).write_text("another server\n1\n")

    with pytest.raises(StorageError) as caught:
        app.mount()
    assert code_of(caught) == 37

    (app.directory / LOCK_NAME).unlink()
    app.mount()


def test_an_unknown_resource_in_the_label_keeps_it_out_until_it_is_made(instance: Instance) -> None:
    directory = instance.manager / "own"
    directory.mkdir()
    instance.configuration.put_resource("%DB_OWN")
    database = instance.databases.create(directory, Label(resource="%DB_OWN"))
    instance.dismount(database)
    instance.configuration.remove_resource("%DB_OWN")

    with pytest.raises(StorageError) as caught:
        database.mount()
    assert code_of(caught) == 66

    instance.configuration.put_resource("%DB_OWN")
    database.mount()


def test_a_file_that_is_gone_shows_as_directory_error_at_login(instance: Instance, app: Database) -> None:
    app.path.unlink()

    with pytest.raises(LoginRefused, match=r"<DIRECTORY>Logon\+58\^%SYS\.DBSRV\.1 \*/.*/app/"):
        enter(instance)


def test_a_namespace_may_be_configured_before_its_directory_exists(instance: Instance) -> None:
    instance.configuration.put_database(DatabaseEntry("GHOST", instance.manager / "ghost"))
    instance.configuration.put_namespace(NamespaceEntry("GHOST", globals="GHOST", routines="GHOST"))

    with pytest.raises(LoginRefused, match="<DIRECTORY>Logon"):
        enter(instance, "GHOST")


def test_why_a_database_was_not_entered_is_in_the_messages_log(instance: Instance, app: Database) -> None:
    app.path.write_bytes(b"GOF_FIXTURE")

    with pytest.raises(LoginRefused):
        enter(instance)

    assert "no database of this stand-in" in (instance.manager / "messages.log").read_text()


def test_an_unreadable_file_is_76_and_a_directory_error_at_login(instance: Instance, app: Database) -> None:
    app.path.chmod(0o000)

    with pytest.raises(StorageError) as caught:
        app.mount()
    assert code_of(caught) == 76
    with pytest.raises(LoginRefused, match="<DIRECTORY>"):
        enter(instance)


def test_a_file_we_may_not_write_is_mounted_for_reading_only(instance: Instance, app: Database) -> None:
    process = enter(instance)
    process.lease.connection.execute("CREATE TABLE t (a)")
    process.close()
    instance.dismount(app)
    app.path.chmod(0o440)
    app.mount()

    reader = enter(instance)

    assert app.status_text == "Mounted/R"
    assert reader.lease.read_only
    assert reader.lease.connection.execute("SELECT * FROM t").fetchall() == []
    with pytest.raises(Exception, match="readonly"):
        reader.lease.connection.execute("INSERT INTO t VALUES (1)")
    reader.close()
    instance.dismount(app)
    assert app.path.exists()


def test_a_swapped_file_shows_its_own_rows(instance: Instance, app: Database) -> None:
    process = enter(instance)
    process.lease.connection.execute("CREATE TABLE t (a)")
    process.lease.connection.execute("INSERT INTO t VALUES ('kept')")
    instance.dismount(app)
    kept = app.directory.parent / "kept.dat"
    shutil.copyfile(app.path, kept)
    app.mount()
    changer = enter(instance)
    changer.lease.connection.execute("DELETE FROM t")
    changer.lease.connection.execute("CREATE TABLE other (a)")
    app.shared["schema"] = "what is known of the file with two tables"
    instance.dismount(app)
    app.path.unlink()
    shutil.copyfile(kept, app.path)

    app.mount()

    after = enter(instance).lease.connection
    assert after.execute("SELECT a FROM t").fetchall() == [("kept",)]
    assert after.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\%%' ESCAPE '\\'"
    ).fetchall() == [("t",)]
    assert app.shared == {}


def test_a_file_exchanged_while_mounted_is_refused_and_not_spoilt(instance: Instance, app: Database) -> None:
    first = enter(instance)
    first.lease.connection.execute("CREATE TABLE t (a)")
    instance.dismount(app)
    fresh = app.directory.parent / "fresh.dat"
    shutil.copyfile(app.path, fresh)
    app.mount()
    writer = enter(instance)
    writer.lease.connection.execute("INSERT INTO t VALUES ('into the old file')")
    content = fresh.read_bytes()
    fresh.replace(app.path)

    with pytest.raises(LoginRefused, match="<DIRECTORY>"):
        enter(instance)

    instance.dismount(app)
    assert app.path.read_bytes() == content
    assert [app.path] == list(app.directory.iterdir())
    app.mount()
    assert enter(instance).lease.connection.execute("SELECT * FROM t").fetchall() == []


def test_directories_are_the_same_with_and_without_a_slash_or_detour(instance: Instance) -> None:
    at = instance.databases.at

    assert at("user") is at("user/")
    assert at("user") is at(f"{instance.manager}/x/../user//")
    with pytest.raises(StorageError):
        at("")


def test_a_directory_with_odd_characters_works(instance: Instance) -> None:
    directory = instance.manager / "a b?c=d#e%41&f'g\"h ü;"
    directory.mkdir()
    database = instance.databases.create(directory, Label())
    code = instance.manager / "code?mode=memory"
    code.mkdir()
    instance.databases.create(code, Label())
    instance.configuration.put_database(DatabaseEntry("ODD", directory))
    instance.configuration.put_database(DatabaseEntry("ODDC", code))
    instance.configuration.put_namespace(NamespaceEntry("ODD", globals="ODD", routines="ODDC"))

    lease = enter(instance, "ODD").lease
    lease.connection.execute("CREATE TABLE main.t (a)")
    lease.connection.execute("CREATE TABLE code.d (a)")
    instance.dismount(database)

    assert [p.name for p in directory.iterdir()] == [FILE_NAME]
    assert {FILE_NAME, LOCK_NAME} <= {p.name for p in code.iterdir()}


def test_a_moved_data_directory_keeps_its_namespaces(instance: Instance, app: Database) -> None:
    enter(instance).lease.connection.execute("CREATE TABLE t (a)")
    instance.stop()
    moved = instance.data.with_name("moved")
    instance.data.rename(moved)

    with Instance(moved) as again:
        process = enter(again)
        assert process.lease.connection.execute("SELECT * FROM t").fetchall() == []
        assert process.lease.data.directory == moved / "mgr" / "app"
    instance.data.mkdir()
    instance.start()


def test_a_lease_that_was_dismounted_says_so(instance: Instance, app: Database) -> None:
    lease = enter(instance).lease
    instance.dismount(app)

    with pytest.raises(ObjectScriptError) as caught:
        lease.check()

    assert str(caught.value) == f"<DIRECTORY> *{app.directory}/"
    with pytest.raises(ObjectScriptError):
        _ = lease.connection


def test_a_lease_can_be_renewed_after_the_next_mount_only(instance: Instance, app: Database) -> None:
    lease = enter(instance).lease
    assert not lease.renew()
    instance.dismount(app)
    with pytest.raises(StorageError):
        lease.renew()

    app.mount()

    assert lease.renew()
    assert lease.connection.execute("SELECT 1").fetchone() == (1,)


def test_deleting_dismounts_and_keeps_the_directory(instance: Instance, app: Database) -> None:
    (app.directory / "stream").mkdir()
    enter(instance)

    instance.delete(app)

    assert [app.directory / "stream"] == list(app.directory.iterdir())
    assert app.state is State.UNMOUNTED
