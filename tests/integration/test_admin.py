"""Administration over the real driver, on the stand-in; tests/iris runs the same tests on an IRIS server."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from iris_devtools.admin import Admin
from iris_devtools.admin.files import PIECE_BYTES
from iris_devtools.errors import (
    AdministrationError,
    AuthenticationError,
    ConfigurationError,
    NamespaceInUseError,
    ServerConnectionError,
    ServerError,
)
from iris_devtools.servers.server import Server

_numbers = itertools.count(1)
PREFIX = "IRISDEVTOOLSTEST"
"""Every namespace made here begins with it: the server may be somebody's."""


@pytest.fixture
def folder(admin: Admin) -> Iterator[str]:
    """Return a directory on the server, with the separator at its end, that is removed afterwards."""
    path = f"{admin.manager_directory}{PREFIX.lower()}-files-{os.getpid()}/"
    admin.make_directories(path)
    yield path
    admin.remove_tree(path)


def _run(admin: Admin, namespace: str, *statements: str) -> list[tuple[Any, ...]]:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        rows: list[tuple[Any, ...]] = []
        for statement in statements:
            cursor.execute(statement)
            if statement.upper().startswith("SELECT"):
                rows = [tuple(row) for row in cursor.fetchall()]
        cursor.close()
        return rows


class TestVersion:
    def test_the_server_names_itself_and_its_engine(self, admin: Admin) -> None:
        assert "IRIS" in admin.version.text
        assert admin.version.release[0].startswith("20")
        kind, _, release = admin.engine.partition("-")
        assert (kind == "standin") == admin.version.is_standin
        assert kind in ("iris", "standin")
        assert release

    def test_the_manager_directory_is_there(self, admin: Admin) -> None:
        assert admin.manager_directory.endswith(("/", "\\"))
        assert admin.directory_exists(admin.manager_directory)


class TestNamespaces:
    def test_a_new_namespace_has_one_database_for_rows_and_classes(
        self, admin: Admin, new_namespace: Callable[[], str]
    ) -> None:
        name = new_namespace()

        made = admin.create_namespace(name.lower())

        assert admin.namespace_exists(name)
        assert name in admin.namespaces()
        assert admin.databases(name) == (made,)
        assert (made.role, made.name) == ("both", name)
        assert made.directory == f"{admin.manager_directory}{name.lower()}/"
        assert admin.is_mounted(made.directory)
        assert admin.file_size(made.file) > 0

    def test_a_new_namespace_can_be_worked_in(self, admin: Admin, namespace: str) -> None:
        rows = _run(
            admin,
            namespace,
            "CREATE TABLE pet (name VARCHAR(20))",
            "INSERT INTO pet (name) VALUES ('Rex')",
            "SELECT name FROM pet",
        )

        assert rows == [("Rex",)]

    def test_a_namespace_may_lie_in_a_directory_of_its_own(
        self, admin: Admin, new_namespace: Callable[[], str], folder: str
    ) -> None:
        made = admin.create_namespace(new_namespace(), directory=folder + "deep/er")

        assert made.directory == folder + "deep/er/"
        assert admin.file_exists(made.file)

    def test_a_dropped_namespace_leaves_nothing(self, admin: Admin, namespace: str) -> None:
        (database,) = admin.databases(namespace)

        admin.drop_namespace(namespace.lower())

        assert not admin.namespace_exists(namespace)
        assert namespace not in admin.namespaces()
        assert not admin.directory_exists(database.directory)

    def test_a_dropped_name_can_be_used_again(self, admin: Admin, namespace: str) -> None:
        _run(admin, namespace, "CREATE TABLE pet (name VARCHAR(20))")
        admin.drop_namespace(namespace)

        admin.create_namespace(namespace)

        assert _run(admin, namespace, "CREATE TABLE pet (name VARCHAR(20))", "SELECT name FROM pet") == []

    def test_what_others_put_beside_a_database_survives_its_drop(self, admin: Admin, namespace: str) -> None:
        (database,) = admin.databases(namespace)
        admin.make_directories(database.directory + "others/")

        admin.drop_namespace(namespace)

        assert not admin.file_exists(database.file)
        assert admin.directory_exists(database.directory + "others/")
        admin.remove_tree(database.directory)

    def test_create_database_makes_two_which_are_found_and_dropped(
        self, admin: Admin, new_namespace: Callable[[], str]
    ) -> None:
        name = new_namespace()
        admin.execute(f"CREATE DATABASE {name}")

        data, code = admin.databases(name)

        assert (data.role, code.role) == ("data", "code")
        assert data.directory != code.directory
        assert admin.file_exists(data.file)
        assert admin.file_exists(code.file)
        admin.drop_namespace(name)
        assert not admin.namespace_exists(name)
        assert not admin.directory_exists(data.directory)
        assert not admin.directory_exists(code.directory)

    def test_a_database_that_another_namespace_uses_stays(
        self, admin: Admin, namespace: str, new_namespace: Callable[[], str]
    ) -> None:
        other = new_namespace()
        with admin._new("Config.Namespaces") as configuration:
            configuration.set("Name", other)
            configuration.set("Globals", namespace)
            configuration.set("Routines", namespace)
            configuration.check("share a database", "%Save")
        (database,) = admin.databases(namespace)
        assert admin.databases(other) == (database,)

        admin.drop_namespace(other)

        assert admin.is_mounted(database.directory)
        assert admin.databases(namespace) == (database,)

    def test_a_namespace_is_not_made_twice(self, admin: Admin, namespace: str) -> None:
        with pytest.raises(AdministrationError, match="exists already"):
            admin.create_namespace(namespace)

    def test_a_database_that_lies_about_is_not_overwritten(
        self, admin: Admin, new_namespace: Callable[[], str], folder: str, tmp_path: Path
    ) -> None:
        (tmp_path / "x").write_bytes(b"somebody's data")
        admin.upload(tmp_path / "x", folder + "IRIS.DAT")
        name = new_namespace()

        with pytest.raises(AdministrationError, match=r"database in .* already"):
            admin.create_namespace(name, directory=folder)

        assert admin.file_size(folder + "IRIS.DAT") == len(b"somebody's data")
        assert not admin.namespace_exists(name)

    def test_a_creation_that_fails_half_way_is_undone(
        self, admin: Admin, new_namespace: Callable[[], str], folder: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object) -> None:
            raise AdministrationError("no", code=5001)

        monkeypatch.setattr(admin, "_save_namespace", fail)
        name = new_namespace()

        with pytest.raises(AdministrationError) as caught:
            admin.create_namespace(name, directory=folder + "half")

        assert "left" not in caught.value.facts
        assert not admin.directory_exists(folder + "half")
        monkeypatch.undo()
        admin.create_namespace(name)

    def test_a_directory_that_cannot_be_made_is_named(
        self, admin: Admin, new_namespace: Callable[[], str], folder: str, tmp_path: Path
    ) -> None:
        (tmp_path / "x").write_bytes(b"a file")
        admin.upload(tmp_path / "x", folder + "file")
        name = new_namespace()

        with pytest.raises(AdministrationError, match="make the directory"):
            admin.create_namespace(name, directory=folder + "file/below")

        assert not admin.namespace_exists(name)

    def test_the_name_is_checked_before_anything_is_sent(self, admin: Admin) -> None:
        with pytest.raises(ConfigurationError, match="cannot name a namespace"):
            admin.create_namespace("no-good")

    def test_dropping_what_is_not_there_is_an_error_unless_allowed(self, admin: Admin) -> None:
        admin.drop_namespace(f"{PREFIX}NOWHERE", missing_ok=True)

        with pytest.raises(AdministrationError, match="none of that name"):
            admin.drop_namespace(f"{PREFIX}NOWHERE")

    @pytest.mark.parametrize("name", ["%SYS", "%sys", "HSSYS"])
    def test_the_namespaces_of_the_system_are_not_dropped(self, admin: Admin, name: str) -> None:
        with pytest.raises(AdministrationError, match="belongs to the system"):
            admin.drop_namespace(name)

    def test_a_namespace_in_use_is_not_dropped(self, admin: Admin, namespace: str) -> None:
        with admin.connection(namespace):
            with pytest.raises(NamespaceInUseError) as caught:
                admin.drop_namespace(namespace, wait_s=0)
            assert admin.namespace_exists(namespace)

        (process,) = caught.value.facts["processes"]
        assert str(process.pid) in caught.value.message
        assert process.username in caught.value.message

    def test_one_is_made_around_a_copy_of_a_file(self, admin: Admin, namespace: str) -> None:
        with admin.connection(namespace) as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE TABLE kept (id INTEGER)")
            cursor.execute("INSERT INTO kept VALUES (7)")
            cursor.close()
        (database,) = admin.databases(namespace)
        with admin.dismounted([database.directory]):
            admin.copy(database.file, database.directory + "copy.DAT")
        other = f"{namespace}B"

        admin.create_namespace(other, copy_of=database.directory + "copy.DAT")

        with admin.connection(other) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT id FROM kept")
            assert [tuple(row) for row in cursor.fetchall()] == [(7,)]
            cursor.execute("INSERT INTO kept VALUES (8)")
            cursor.close()
        admin.drop_namespace(other)
        assert admin.delete(database.directory + "copy.DAT")

    def test_a_file_that_is_no_database_makes_none_and_leaves_nothing(
        self, admin: Admin, namespace: str, tmp_path: Path
    ) -> None:
        (database,) = admin.databases(namespace)
        (tmp_path / "rubbish").write_bytes(b"x" * 100_000)
        rubbish = database.directory + "rubbish"
        admin.upload(tmp_path / "rubbish", rubbish)
        other = f"{namespace}C"

        with pytest.raises(AdministrationError):
            admin.create_namespace(other, copy_of=rubbish)

        assert not admin.namespace_exists(other)
        assert not admin.directory_exists(f"{admin.manager_directory}{other.lower()}/")
        admin.delete(rubbish)

    def test_the_databases_of_no_namespace_cannot_be_told(self, admin: Admin) -> None:
        with pytest.raises(AdministrationError, match="none of that name"):
            admin.databases(f"{PREFIX}NOWHERE")


class TestMounting:
    @pytest.fixture
    def directory(self, admin: Admin, namespace: str) -> str:
        return admin.databases(namespace)[0].directory

    def test_a_dismounted_database_cannot_be_entered_until_it_is_mounted(
        self, admin: Admin, namespace: str, directory: str
    ) -> None:
        admin.dismount(directory)

        assert not admin.is_mounted(directory)
        with pytest.raises(AdministrationError, match="<DIRECTORY>") as caught, admin.connection(namespace):
            pass
        assert "is it mounted" in caught.value.hint

        admin.mount(directory)
        assert admin.is_mounted(directory)
        with admin.connection(namespace):
            pass

    def test_mounting_and_dismounting_twice_is_fine(self, admin: Admin, directory: str) -> None:
        admin.mount(directory)
        admin.dismount(directory)
        admin.dismount(directory.rstrip("/"))
        assert not admin.is_mounted(directory)

        admin.mount(directory.rstrip("/"))
        admin.mount(directory)
        assert admin.is_mounted(directory)

    def test_rows_survive_a_dismount(self, admin: Admin, namespace: str, directory: str) -> None:
        _run(admin, namespace, "CREATE TABLE pet (name VARCHAR(20))", "INSERT INTO pet (name) VALUES ('Rex')")

        with admin.dismounted([directory]):
            assert not admin.is_mounted(directory)

        assert _run(admin, namespace, "SELECT name FROM pet") == [("Rex",)]

    def test_a_database_is_mounted_again_after_an_exception(self, admin: Admin, directory: str) -> None:
        with pytest.raises(ZeroDivisionError), admin.dismounted([directory]):
            assert not admin.is_mounted(directory)
            _ = 1 / 0

        assert admin.is_mounted(directory)

    @pytest.mark.parametrize("bad", ["folder", "manager"])
    def test_all_stay_mounted_when_one_cannot_be_dismounted(
        self, admin: Admin, directory: str, folder: str, bad: str
    ) -> None:
        entered = False
        second = folder if bad == "folder" else admin.manager_directory
        with pytest.raises(AdministrationError), admin.dismounted([directory, second]):
            entered = True

        assert not entered
        assert admin.is_mounted(directory)

    def test_a_database_that_cannot_be_mounted_again_is_named_with_what_went_wrong(
        self, admin: Admin, namespace: str, new_namespace: Callable[[], str], directory: str
    ) -> None:
        other = admin.create_namespace(new_namespace())

        with (
            pytest.raises(AdministrationError, match="again") as caught,
            admin.dismounted([directory, other.directory]),
        ):
            admin.rename(directory + "IRIS.DAT", directory + "away")
            raise ZeroDivisionError

        assert caught.value.facts["directories"] == (directory,)
        assert isinstance(caught.value.__cause__, ZeroDivisionError)
        assert f'MountDatabase("{directory}")' in caught.value.hint
        assert admin.is_mounted(other.directory)
        admin.rename(directory + "away", directory + "IRIS.DAT")
        admin.mount(directory)

    def test_where_no_database_is_the_directory_is_named(self, admin: Admin, folder: str) -> None:
        for call in (admin.is_mounted, admin.dismount):
            with pytest.raises(AdministrationError) as caught:
                call(folder)
            assert folder in caught.value.message

    def test_mounting_nothing_says_why(self, admin: Admin, folder: str) -> None:
        with pytest.raises(AdministrationError) as caught:
            admin.mount(folder)

        assert caught.value.facts["call"] == f'SYS.Database.MountDatabase("{folder}")'
        assert caught.value.facts["code"]
        assert caught.value.hint

    def test_the_manager_database_stays_mounted(self, admin: Admin) -> None:
        with pytest.raises(AdministrationError) as caught:
            admin.dismount(admin.manager_directory)

        assert caught.value.facts["code"] == 345
        assert "directory of your namespace" in caught.value.hint


class TestProcesses:
    def test_a_connection_is_found_with_its_account(
        self, admin: Admin, server: Server, namespace: str
    ) -> None:
        assert admin.processes(namespace) == ()

        with admin.connection(namespace):
            (process,) = admin.processes(namespace.lower())

        assert process.username.lower() == server.username.lower()
        assert process.pid > 0
        assert not process.in_transaction

    def test_an_open_transaction_is_seen(self, admin: Admin, namespace: str) -> None:
        _run(admin, namespace, "CREATE TABLE pet (name VARCHAR(20))")
        with admin.connection(namespace) as connection:
            connection.setAutoCommit(False)
            cursor = connection.cursor()
            cursor.execute("INSERT INTO pet (name) VALUES ('Rex')")

            (process,) = admin.processes(namespace)

            cursor.close()
            connection.rollback()
        assert process.in_transaction
        assert "in a transaction" in str(process)

    def test_a_process_can_be_ended(self, admin: Admin, namespace: str) -> None:
        with admin.connection(namespace):
            (process,) = admin.processes(namespace)

            assert admin.terminate(process.pid)
            admin.require_idle(namespace)

        assert not admin.terminate(process.pid)

    def test_requiring_an_idle_namespace_ends_what_is_left_over(self, admin: Admin, namespace: str) -> None:
        with admin.connection(namespace), admin.connection(namespace):
            admin.require_idle(namespace, terminate=True)

            assert admin.processes(namespace) == ()

    def test_a_process_that_is_ending_is_waited_for(self, admin: Admin, namespace: str) -> None:
        release = threading.Event()
        connected = threading.Event()

        def hold() -> None:
            with admin.connection(namespace):
                connected.set()
                release.wait(10)

        thread = threading.Thread(target=hold)
        thread.start()
        connected.wait(10)
        with pytest.raises(NamespaceInUseError):
            admin.require_idle(namespace, wait_s=0)
        release.set()

        admin.require_idle(namespace, wait_s=10)

        thread.join()

    def test_a_namespace_without_processes_is_idle(self, admin: Admin, namespace: str) -> None:
        admin.require_idle(namespace, wait_s=0)


@pytest.fixture(params=[True, False], ids=["same file system", "over the wire"])
def files(request: pytest.FixtureRequest, server: Server) -> Iterator[Admin]:
    """Return an administrator that copies files plainly where it may, and one that sends them."""
    if request.param and not server.local_files:
        pytest.skip("this server does not share our file system")
    with Admin.connect(replace(server, local_files=request.param)) as admin:
        yield admin


class TestFiles:
    @pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 77])
    def test_a_file_comes_back_as_it_was(self, files: Admin, folder: str, tmp_path: Path, size: int) -> None:
        content = os.urandom(size)
        digest = hashlib.sha256(content).hexdigest()
        (tmp_path / "there").write_bytes(content)
        moved: list[int] = []

        up = files.upload(tmp_path / "there", folder + "x.dat", progress=moved.append)
        down = files.download(folder + "x.dat", tmp_path / "back", progress=moved.append)

        assert (tmp_path / "back").read_bytes() == content
        assert (up.size, up.sha256) == (down.size, down.sha256) == (size, digest)
        assert sum(moved) == 2 * size
        assert files.sha256(folder + "x.dat") == digest
        assert files.file_size(folder + "x.dat") == size
        assert not files.file_exists(folder + "x.dat.part")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["back", "there"]

    def test_every_byte_travels(self, files: Admin, folder: str, tmp_path: Path) -> None:
        content = bytes(range(256)) * 3 + b"\r\n\0\xff"
        (tmp_path / "there").write_bytes(content)

        files.upload(tmp_path / "there", folder + "x")
        files.download(folder + "x", tmp_path / "back")

        assert (tmp_path / "back").read_bytes() == content

    def test_an_upload_replaces_a_longer_file(self, files: Admin, folder: str, tmp_path: Path) -> None:
        (tmp_path / "long").write_bytes(b"x" * 1000)
        (tmp_path / "short").write_bytes(b"y")
        files.upload(tmp_path / "long", folder + "x")

        files.upload(tmp_path / "short", folder + "x")

        assert files.file_size(folder + "x") == 1

    def test_an_upload_that_fails_leaves_what_was_there(
        self, files: Admin, folder: str, tmp_path: Path
    ) -> None:
        (tmp_path / "old").write_bytes(b"old")
        (tmp_path / "new").write_bytes(b"n" * 3000)
        files.upload(tmp_path / "old", folder + "x")

        def interrupt(_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            files.upload(tmp_path / "new", folder + "x", progress=interrupt)

        assert files.file_size(folder + "x") == 3
        assert not files.file_exists(folder + "x.part")

    def test_a_download_that_fails_leaves_what_was_there(
        self, files: Admin, folder: str, tmp_path: Path
    ) -> None:
        (tmp_path / "there").write_bytes(b"n" * 3000)
        (tmp_path / "here").write_bytes(b"old")
        files.upload(tmp_path / "there", folder + "x")

        def interrupt(_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            files.download(folder + "x", tmp_path / "here", progress=interrupt)

        assert (tmp_path / "here").read_bytes() == b"old"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["here", "there"]

    def test_a_file_that_is_not_there_is_named(self, files: Admin, folder: str, tmp_path: Path) -> None:
        missing = folder + "missing"

        for call in (
            lambda: files.download(missing, tmp_path / "x"),
            lambda: files.file_size(missing),
            lambda: files.copy(missing, folder + "y"),
            lambda: files.rename(missing, folder + "y"),
        ):
            with pytest.raises(AdministrationError) as caught:
                call()
            assert missing in caught.value.message
            assert caught.value.hint
        assert not (tmp_path / "x").exists()

    def test_an_upload_into_no_directory_fails(self, admin: Admin, folder: str, tmp_path: Path) -> None:
        (tmp_path / "there").write_bytes(b"x")

        with (
            pytest.raises(AdministrationError),
            Admin.connect(replace(_plain(admin), local_files=False)) as remote,
        ):
            remote.upload(tmp_path / "there", folder + "no/x")

    def test_a_copy_replaces_the_old_file_by_a_new_one(
        self, files: Admin, folder: str, tmp_path: Path
    ) -> None:
        (tmp_path / "a").write_bytes(b"a" * 5000)
        (tmp_path / "b").write_bytes(b"b")
        files.upload(tmp_path / "a", folder + "a")
        files.upload(tmp_path / "b", folder + "b")

        files.copy(folder + "b", folder + "a")

        assert files.sha256(folder + "a") == files.sha256(folder + "b")

    def test_a_rename_replaces_the_old_file(self, files: Admin, folder: str, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a" * 5000)
        (tmp_path / "b").write_bytes(b"b")
        files.upload(tmp_path / "a", folder + "a")
        files.upload(tmp_path / "b", folder + "b")

        files.rename(folder + "b", folder + "a")

        assert files.file_size(folder + "a") == 1
        assert not files.file_exists(folder + "b")

    def test_a_rename_of_nothing_deletes_nothing(self, files: Admin, folder: str, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        files.upload(tmp_path / "a", folder + "a")

        with pytest.raises(AdministrationError):
            files.rename(folder + "missing", folder + "a")

        assert files.file_exists(folder + "a")

    def test_deleting_says_whether_there_was_a_file(self, admin: Admin, folder: str, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"a")
        admin.upload(tmp_path / "a", folder + "a")

        assert admin.delete(folder + "a")
        assert not admin.delete(folder + "a")

    def test_directories_come_and_go(self, admin: Admin, folder: str) -> None:
        deep = folder + "one/two/three/"
        admin.make_directories(deep)
        admin.make_directories(deep)
        assert admin.directory_exists(deep)

        assert not admin.remove_directory(folder + "one/")
        admin.remove_tree(folder + "one/")
        admin.remove_tree(folder + "one/")

        assert not admin.directory_exists(folder + "one/")


def _plain(admin: Admin) -> Server:
    assert isinstance(admin.server, Server)
    return admin.server


class TestLogin:
    def test_a_wrong_password_is_the_accounts_fault(self, server: Server) -> None:
        with pytest.raises(AuthenticationError) as caught:
            Admin.connect(replace(server, password="wr0ng"))

        assert server.username in caught.value.message
        assert "wr0ng" not in f"{caught.value} {caught.value.facts} {caught.value.__cause__}"

    def test_an_unknown_account_is_refused(self, server: Server) -> None:
        with pytest.raises(AuthenticationError, match="NobodyHere"):
            Admin.connect(replace(server, username="NobodyHere"))

    def test_where_nobody_listens_the_address_is_named(self, server: Server) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            port = unused.getsockname()[1]

            with pytest.raises(ServerConnectionError, match=f"127.0.0.1:{port}: nobody answers there"):
                Admin.connect(replace(server, host="127.0.0.1", port=port))

    def test_a_server_that_says_nothing_is_given_up(self, server: Server) -> None:
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()

            with pytest.raises(ServerConnectionError, match="did not finish the login within 1 s"):
                Admin.connect(replace(server, host="127.0.0.1", port=silent.getsockname()[1]), timeout_s=1.0)

    def test_a_namespace_that_is_not_there_is_named(self, admin: Admin) -> None:
        with (
            pytest.raises(AdministrationError, match=f"{PREFIX}NOWHERE"),
            admin.connection(f"{PREFIX}NOWHERE"),
        ):
            pass


class _Cutter:
    """Passes a connection on to a server until it is told to cut it."""

    def __init__(self, server: Server) -> None:
        self._target = (server.host, server.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self.server = replace(server, host="127.0.0.1", port=self._listener.getsockname()[1])
        self.logins = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            behind = socket.create_connection(self._target)
            self.logins += 1
            self._pairs.append((client, behind))
            for source, target in ((client, behind), (behind, client)):
                threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def cut(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def close(self) -> None:
        # Closing alone does not wake a thread that waits in accept().
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()


class TestLostConnection:
    @pytest.fixture
    def cutter(self, server: Server) -> Iterator[_Cutter]:
        cutter = _Cutter(server)
        yield cutter
        cutter.close()

    @pytest.fixture
    def remote(self, cutter: _Cutter) -> Iterator[Admin]:
        with Admin.connect(cutter.server) as admin:
            yield admin

    def test_a_question_is_asked_again(self, remote: Admin, cutter: _Cutter) -> None:
        before = remote.namespaces()
        cutter.cut()

        assert remote.namespaces() == before
        cutter.cut()
        assert remote.namespace_exists("USER")
        assert cutter.logins == 3

    def test_what_may_not_happen_twice_is_not_repeated(
        self, remote: Admin, cutter: _Cutter, folder: str, tmp_path: Path
    ) -> None:
        cutter.cut()

        with pytest.raises(ServerConnectionError, match="may have carried it out or not") as caught:
            remote.execute("CREATE DATABASE NEVERMADE")

        assert caught.value.facts["call"] == "CREATE DATABASE NEVERMADE"
        assert remote.namespace_exists("USER")

    def test_an_object_ends_with_its_connection(self, remote: Admin, cutter: _Cutter) -> None:
        database = remote._link.object("SYS.Database", "%OpenId", remote.manager_directory)
        assert database is not None
        cutter.cut()

        with pytest.raises(ServerConnectionError):
            database.get("Mounted")
        assert remote.namespace_exists("USER")
        with pytest.raises(ServerConnectionError, match="lost with the connection"):
            database.get("Mounted")

    def test_a_database_is_mounted_again_over_a_new_connection(
        self, remote: Admin, admin: Admin, cutter: _Cutter, namespace: str
    ) -> None:
        (database,) = remote.databases(namespace)

        with remote.dismounted([database.directory]):
            cutter.cut()

        assert admin.is_mounted(database.directory)

    def test_a_server_that_is_gone_is_reported(self, remote: Admin, cutter: _Cutter) -> None:
        cutter.close()

        with pytest.raises(ServerConnectionError, match="nobody answers there"):
            remote.namespaces()

    def test_closing_twice_or_after_the_end_is_fine(self, remote: Admin, cutter: _Cutter) -> None:
        cutter.cut()
        remote.close()
        remote.close()

        assert remote.namespace_exists("USER")


def test_threads_may_share_an_administrator(admin: Admin, namespace: str) -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(20):
                assert admin.namespace_exists(namespace)
                assert len(admin.databases(namespace)) == 1
        except (AssertionError, ServerError) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_hundreds_of_objects_may_be_opened(admin: Admin, namespace: str) -> None:
    """The driver tells the server of a hundred dropped objects at once, in a call of its own."""
    (database,) = admin.databases(namespace)

    assert all(admin.is_mounted(database.directory) for _ in range(250))


def test_cached_queries_can_be_purged(admin: Admin, namespace: str) -> None:
    _run(admin, namespace, "CREATE TABLE pet (name VARCHAR(20))", "SELECT name FROM pet")

    admin.purge_cached_queries(namespace)

    assert _run(admin, namespace, "SELECT name FROM pet") == []
    admin.require_idle(namespace)


def test_an_error_of_the_server_names_the_call(admin: Admin) -> None:
    with pytest.raises(AdministrationError) as caught:
        admin._link.value("No.Such", "Method", 1, "two")

    assert caught.value.facts["call"] == 'No.Such.Method(1, "two")'
    assert "<CLASS DOES NOT EXIST>" in caught.value.facts["status"]
    assert "no such class" in caught.value.hint
