"""The system classes, called as a client calls them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError
from iris_devtools.standin.instance import Instance, Options, Process
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.storage.accounts import Account, with_password
from iris_devtools.standin.storage.database import LOCK_NAME
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Undefined


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance(tmp_path / "data", Options(grace_s=0.05, limit_s=5)) as started:
        yield started


class Client:
    """One connection's class calls; every %Status that is not 1 is turned into its text."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.space = ObjectSpace(process)

    def call(self, class_name: str, method: str, *arguments: Argument) -> Argument:
        return self.explained(self.space.class_method(class_name, method, arguments))

    def on(self, target: Argument, method: str, *arguments: Argument) -> Argument:
        return self.explained(self.space.invoke(target, method, arguments))

    def explained(self, answer: Argument) -> Argument:
        if isinstance(answer, str) and answer.startswith("0 "):
            return self.space.class_method("%SYSTEM.Status", "GetErrorText", [answer])
        return answer

    def get(self, target: Argument, name: str) -> Argument:
        return self.space.get_property(target, name)

    def new(self, class_name: str, **properties: Argument) -> ObjectRef:
        made = self.call(class_name, "%New")
        assert isinstance(made, ObjectRef)
        for name, value in properties.items():
            self.space.set_property(made, name, value)
        return made


@pytest.fixture
def sys_(instance: Instance) -> Iterator[Client]:
    client = Client(instance.open_process("_SYSTEM", "SYS", namespace="%SYS"))
    yield client
    client.space.close_all()


@pytest.fixture
def user(instance: Instance) -> Client:
    return Client(instance.open_process("_SYSTEM", "SYS", namespace="USER"))


@pytest.fixture
def app(instance: Instance, sys_: Client) -> str:
    """The directory of the namespace APP, made as iris-facts 12.2 has it."""
    directory = f"{instance.manager_directory}app/"
    assert sys_.call("%Library.File", "CreateDirectoryChain", directory) == 1
    file = sys_.new("SYS.Database", Directory=directory, GlobalJournalState=3)
    assert sys_.on(file, "%Save") == 1
    assert sys_.on(sys_.new("Config.Databases", Name="APP", Directory=directory), "%Save") == 1
    assert sys_.on(sys_.new("Config.Namespaces", Name="APP", Globals="APP", Routines="APP"), "%Save") == 1
    return directory


def raised(action: Callable[[], object]) -> str:
    with pytest.raises(ObjectScriptError) as caught:
        action()
    return str(caught.value)


class TestCalling:
    def test_an_unknown_class(self, sys_: Client) -> None:
        assert raised(lambda: sys_.call("App.Installer", "setup")) == "<CLASS DOES NOT EXIST> *App.Installer"

    @pytest.mark.parametrize(
        "name", ["SYS.Database", "Config.Databases", "Config.Namespaces", "Security.Users", "SYS.Container"]
    )
    def test_administration_exists_in_sys_only(self, user: Client, name: str) -> None:
        assert raised(lambda: user.call(name, "Exists", "x")) == f"<CLASS DOES NOT EXIST> *{name}"

    @pytest.mark.parametrize(
        "name", ["%SYSTEM.Version", "%SYSTEM.Util", "%Library.File", "%File", "%SYS.Namespace"]
    )
    def test_percent_classes_exist_everywhere(self, user: Client, name: str) -> None:
        assert raised(lambda: user.call(name, "nope")).startswith("<METHOD DOES NOT EXIST> *nope,%")

    def test_names_mind_their_case(self, sys_: Client) -> None:
        assert "<CLASS" in raised(lambda: sys_.call("sys.database", "MountDatabase", "x"))
        assert "<METHOD" in raised(lambda: sys_.call("SYS.Database", "mountdatabase", "x"))

    def test_too_many_arguments(self, sys_: Client) -> None:
        assert raised(lambda: sys_.call("%SYSTEM.Version", "GetNumber", 1)) == "<PARAMETER>zGetNumber"

    def test_a_required_argument_left_out(self, sys_: Client) -> None:
        assert raised(lambda: sys_.call("%File", "CopyFile")).startswith("<UNDEFINED>zCopyFile")

    def test_a_skipped_argument_gets_its_default(self, sys_: Client, app: str) -> None:
        assert sys_.call("%SYS.Namespace", "GetGlobalDest", "APP", Undefined()) == f"^{app}"

    def test_an_unknown_property(self, sys_: Client) -> None:
        made = sys_.new("Config.Databases")
        assert raised(lambda: sys_.get(made, "Nope")) == "<PROPERTY DOES NOT EXIST> *Nope,Config.Databases"

    def test_a_read_only_property(self, sys_: Client) -> None:
        made = sys_.new("SYS.Database")
        assert "<CANNOT SET THIS PROPERTY>" in raised(lambda: sys_.space.set_property(made, "Mounted", 1))

    @pytest.mark.parametrize("target", [ObjectRef(99, "SYS.Database"), "", None, 1])
    def test_a_reference_to_nothing(self, sys_: Client, target: Argument) -> None:
        assert raised(lambda: sys_.on(target, "Mount")) == "<INVALID OREF>"

    def test_a_closed_object_is_gone(self, sys_: Client) -> None:
        made = sys_.new("SYS.Database")
        sys_.space.close(made)
        assert raised(lambda: sys_.get(made, "Mounted")) == "<INVALID OREF>"

    def test_objects_of_two_processes_do_not_meet(self, sys_: Client, instance: Instance) -> None:
        other = Client(instance.open_process("_SYSTEM", "SYS", namespace="%SYS"))
        made = sys_.new("SYS.Database")
        assert raised(lambda: other.get(made, "Mounted")) == "<INVALID OREF>"


class TestDatabases:
    def test_the_made_namespace_is_one_database_and_can_be_entered(
        self, instance: Instance, sys_: Client, app: str
    ) -> None:
        assert sys_.call("%SYS.Namespace", "GetGlobalDest", "app") == f"^{app}"
        assert sys_.call("%SYS.Namespace", "GetRoutineDest", "app") == f"^{app}"
        assert sys_.call("%SYS.Namespace", "Exists", "app") == 1
        assert instance.open_process("_SYSTEM", "SYS", namespace="App").lease.code_schema == "main"

    def test_a_new_file_is_mounted_journaled_and_of_the_default_resource(
        self, sys_: Client, app: str
    ) -> None:
        found = sys_.call("SYS.Database", "%OpenId", app)

        assert {
            name: sys_.get(found, name) for name in ("Mounted", "GlobalJournalState", "ResourceName", "Size")
        } == {
            "Mounted": 1,
            "GlobalJournalState": 3,
            "ResourceName": "%DB_%DEFAULT",
            "Size": 1,
        }

    @pytest.mark.parametrize("slash", ["/", ""])
    def test_dismount_and_mount_with_and_without_slash(self, sys_: Client, app: str, slash: str) -> None:
        directory = app.rstrip("/") + slash
        found = sys_.call("SYS.Database", "%OpenId", directory)

        assert sys_.call("SYS.Database", "DismountDatabase", directory) == 1
        assert (sys_.get(found, "Mounted"), sys_.on(found, "GetStatus")) == (0, "Dismounted")
        assert not Path(app, LOCK_NAME).exists()
        assert sys_.call("SYS.Database", "MountDatabase", directory) == 1
        assert (sys_.get(found, "Mounted"), sys_.on(found, "GetStatus")) == (1, "Mounted/RW")

    def test_the_object_forms_do_the_same(self, sys_: Client, app: str) -> None:
        found = sys_.call("SYS.Database", "%OpenId", app)

        assert sys_.on(found, "Dismount") == 1
        assert sys_.on(found, "Mount", 1) == 1
        assert (sys_.get(found, "ReadOnlyMounted"), sys_.on(found, "GetStatus")) == (1, "Mounted/R")

    def test_a_restore_exchanges_the_rows(self, instance: Instance, sys_: Client, app: str) -> None:
        store = f"{instance.manager_directory}store.DAT"
        connection = instance.open_process("_SYSTEM", "SYS", namespace="APP").lease.connection
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES ('first')")
        sys_.call("SYS.Database", "DismountDatabase", app)
        assert sys_.call("%File", "CopyFile", f"{app}IRIS.DAT", store, 1) == 1
        sys_.call("SYS.Database", "MountDatabase", app)
        instance.open_process("_SYSTEM", "SYS", namespace="APP").lease.connection.execute("DELETE FROM t")

        assert sys_.call("SYS.Database", "DismountDatabase", app) == 1
        assert sys_.call("%File", "CopyFile", store, f"{app}IRIS.DAT", 1) == 1
        assert sys_.call("SYS.Database", "MountDatabase", app) == 1

        rows = instance.open_process("_SYSTEM", "SYS", namespace="APP").lease.connection.execute(
            "SELECT a FROM t"
        )
        assert rows.fetchall() == [("first",)]

    @pytest.mark.parametrize(
        ("method", "where", "text"),
        [
            ("MountDatabase", "app", "ERROR #19: "),
            ("MountDatabase", "nowhere", "ERROR #41: "),
            ("MountDatabase", "empty", "ERROR #26: "),
            ("MountDatabase", "", "ERROR #5007: "),
            ("DismountDatabase", "nowhere", "ERROR #41: "),
            ("DismountDatabase", "empty", "ERROR #57: "),
            ("DismountDatabase", ".", "ERROR #345: "),
            ("DeleteDatabase", ".", "ERROR #345: "),
            ("DeleteDatabase", "empty", "ERROR #57: "),
            ("CreateDatabase", "nowhere", "ERROR #41: "),
            ("CreateDatabase", "app", "ERROR #60: "),
            ("CompactDatabase", "nowhere", "ERROR #41: "),
        ],
    )
    def test_refusals(
        self, instance: Instance, sys_: Client, app: str, method: str, where: str, text: str
    ) -> None:
        (instance.manager / "empty").mkdir()

        answer = sys_.call("SYS.Database", method, f"{instance.manager_directory}{where}/" if where else "")

        assert str(answer).startswith(text)

    def test_creating_over_a_dismounted_file_is_78_and_keeps_it(self, sys_: Client, app: str) -> None:
        sys_.call("SYS.Database", "DismountDatabase", app)

        assert str(sys_.call("SYS.Database", "CreateDatabase", app)).startswith("ERROR #78: ")
        assert sys_.call("SYS.Database", "MountDatabase", app) == 1

    def test_a_resource_name_must_begin_with_db(self, instance: Instance, sys_: Client) -> None:
        (instance.manager / "x").mkdir()
        options = [instance.manager_directory + "x/", 1, 8192, 0]

        assert str(sys_.call("SYS.Database", "CreateDatabase", *options, "APP")).startswith("ERROR #896: ")

    def test_a_file_with_an_unknown_resource_is_refused_with_its_name(
        self, instance: Instance, sys_: Client
    ) -> None:
        directory = f"{instance.manager_directory}own/"
        sys_.call("%File", "CreateDirectory", directory)
        sys_.call("Security.Resources", "Create", "%DB_OWN")
        assert sys_.call("SYS.Database", "CreateDatabase", directory, 1, 8192, 0, "%DB_OWN") == 1
        sys_.call("SYS.Database", "DismountDatabase", directory)
        sys_.call("Security.Resources", "Delete", "%DB_OWN")

        assert "ERROR #66: " in str(sys_.call("SYS.Database", "MountDatabase", directory))

    @pytest.mark.parametrize("damage", [b"GOF_FIXTURE", b"", b"SQLite format 3\x00"])
    def test_a_damaged_copy_is_36_and_the_log_says_why(
        self, instance: Instance, sys_: Client, app: str, damage: bytes
    ) -> None:
        sys_.call("SYS.Database", "DismountDatabase", app)
        Path(app, "IRIS.DAT").write_bytes(damage)

        assert str(sys_.call("SYS.Database", "MountDatabase", app)).startswith("ERROR #36: ")
        assert "ERROR #36" in (instance.manager / "messages.log").read_text()
        with pytest.raises(LoginRefused, match="<DIRECTORY>Logon"):
            instance.open_process("_SYSTEM", "SYS", namespace="APP")

    def test_label_properties_are_saved_in_the_file(self, sys_: Client, app: str) -> None:
        found = sys_.call("SYS.Database", "%OpenId", app)
        sys_.space.set_property(found, "GlobalJournalState", 2)
        sys_.space.set_property(found, "MaxSize", "100")
        assert sys_.on(found, "%Save") == 1
        sys_.call("SYS.Database", "DismountDatabase", app)
        sys_.call("SYS.Database", "MountDatabase", app)

        again = sys_.call("SYS.Database", "%OpenId", app)
        assert (sys_.get(again, "GlobalJournalState"), sys_.get(again, "MaxSize")) == (2, 100)

    def test_compaction_really_shrinks_the_file(self, instance: Instance, sys_: Client, app: str) -> None:
        process = instance.open_process("_SYSTEM", "SYS", namespace="APP")
        process.lease.connection.execute("CREATE TABLE t (a)")
        process.lease.connection.executemany("INSERT INTO t VALUES (?)", [("x" * 1000,) for _ in range(3000)])
        process.lease.connection.execute("DELETE FROM t")
        process.close()
        free, compressed, size = ByRef(""), ByRef(""), ByRef("")
        assert sys_.call("SYS.Database", "GetDatabaseFreeSpace", app, free) == 1
        assert float(str(free.value)) > 2

        assert sys_.call("SYS.Database", "Defragment", app) == 1
        assert sys_.call("SYS.Database", "CompactDatabase", app, 100, ByRef(""), compressed) == 1
        assert sys_.call("SYS.Database", "ReturnUnusedSpace", app, 0, size) == 1

        assert size.value == 1
        assert Path(app, "IRIS.DAT").stat().st_size < 100_000

    def test_compaction_does_not_wait_for_a_transaction(
        self, instance: Instance, sys_: Client, app: str
    ) -> None:
        process = instance.open_process("_SYSTEM", "SYS", namespace="APP")
        process.lease.connection.execute("BEGIN IMMEDIATE")

        assert str(sys_.call("SYS.Database", "CompactDatabase", app)).startswith("ERROR #28: ")

    def test_copy_makes_a_packed_copy_of_a_mounted_database(
        self, instance: Instance, sys_: Client, app: str
    ) -> None:
        connection = instance.open_process("_SYSTEM", "SYS", namespace="APP").lease.connection
        connection.execute("CREATE TABLE t (a)")
        connection.execute("INSERT INTO t VALUES ('copied')")
        target = f"{instance.manager_directory}copy/"
        sys_.call("%File", "CreateDirectory", target)

        assert sys_.call("SYS.Database", "Copy", app, target) == 1
        assert "#78" in str(sys_.call("SYS.Database", "Copy", app, target))
        assert "does not merge" in str(sys_.call("SYS.Database", "Copy", app, target, 0, ByRef(""), 4))

        sys_.on(sys_.new("Config.Databases", Name="COPY", Directory=target), "%Save")
        sys_.on(sys_.new("Config.Namespaces", Name="COPY", Globals="COPY", Routines="COPY"), "%Save")
        rows = instance.open_process("_SYSTEM", "SYS", namespace="COPY").lease.connection.execute(
            "SELECT a FROM t"
        )
        assert rows.fetchall() == [("copied",)]

    def test_opening_what_is_not_there_gives_no_object_and_a_status(self, sys_: Client) -> None:
        status = ByRef("")
        assert sys_.call("SYS.Database", "%OpenId", "/nowhere/", -1, status) == ""
        assert "ERROR #41" in str(sys_.explained(status.value))
        assert sys_.call("SYS.Database", "%ExistsId", "/nowhere/") == 0


class TestConfiguration:
    def test_deleting_in_the_right_order(self, instance: Instance, sys_: Client, app: str) -> None:
        assert str(sys_.call("Config.Databases", "Delete", "APP")).startswith("ERROR #429: ")
        assert sys_.call("Config.Namespaces", "Delete", "APP") == 1
        assert sys_.call("Config.Databases", "Delete", "APP") == 1
        assert sys_.call("SYS.Database", "DismountDatabase", app) == 1
        assert sys_.call("SYS.Database", "DeleteDatabase", app) == 1
        assert sys_.call("%File", "RemoveDirectory", app) == 1
        with pytest.raises(LoginRefused, match="<NAMESPACE>"):
            instance.open_process("_SYSTEM", "SYS", namespace="APP")

    def test_a_configuration_for_a_missing_directory_is_accepted(
        self, instance: Instance, sys_: Client
    ) -> None:
        ghost = sys_.new("Config.Databases", Name="GHOST", Directory="/nowhere/at/all/")
        assert sys_.on(ghost, "%Save") == 1
        assert (
            sys_.on(sys_.new("Config.Namespaces", Name="GHOST", Globals="GHOST", Routines="GHOST"), "%Save")
            == 1
        )
        with pytest.raises(LoginRefused) as caught:
            instance.open_process("_SYSTEM", "SYS", namespace="GHOST")
        assert caught.value.text == "<DIRECTORY>Logon+58^%SYS.DBSRV.1 */nowhere/at/all/"

    def test_objects_are_found_by_name_in_any_case(self, sys_: Client, app: str) -> None:
        namespace = sys_.call("Config.Namespaces", "Open", "app")
        database = sys_.call("Config.Databases", "Open", sys_.get(namespace, "Globals"))

        assert sys_.get(database, "Directory") == app
        assert sys_.call("Config.Databases", "GetDirectory", "app") == app
        assert sys_.call("Config.Databases", "DatabaseByName", "app") == f"^^{app}"

    def test_exists_hands_out_object_and_status(self, sys_: Client, app: str) -> None:
        found, status = ByRef(""), ByRef("")

        assert sys_.call("Config.Databases", "Exists", "APP", found, status) == 1
        assert sys_.get(found.value, "Name") == "APP"
        assert status.value == 1
        assert sys_.call("Config.Databases", "Exists", "NOPE", found, status) == 0
        assert "does not exist" in str(sys_.explained(status.value))

    @pytest.mark.parametrize("class_name", ["Config.Databases", "Config.Namespaces"])
    def test_a_taken_name_is_refused(self, sys_: Client, app: str, class_name: str) -> None:
        twin = sys_.new(class_name, Name="app")
        for name in ("Directory",) if class_name == "Config.Databases" else ("Globals", "Routines"):
            sys_.space.set_property(twin, name, "APP")
        assert "already exists" in str(sys_.on(twin, "%Save"))

    @pytest.mark.parametrize(
        ("class_name", "properties", "text"),
        [
            ("Config.Databases", {"Directory": "/x/"}, "Name' required"),
            ("Config.Databases", {"Name": "X"}, "Directory' required"),
            ("Config.Databases", {"Name": "X Y", "Directory": "/x/"}, "no valid name"),
            ("Config.Databases", {"Name": "IRISSYS", "Directory": "/x/"}, "already exists"),
            ("Config.Namespaces", {"Globals": "USER"}, "Name' required"),
            ("Config.Namespaces", {"Name": "X"}, "Globals' required"),
            (
                "Config.Namespaces",
                {"Name": "X", "Globals": "NOPE", "Routines": "USER"},
                "NOPE does not exist",
            ),
        ],
    )
    def test_incomplete_objects_are_not_saved(
        self, sys_: Client, class_name: str, properties: dict[str, Argument], text: str
    ) -> None:
        assert text in str(sys_.on(sys_.new(class_name, **properties), "%Save"))

    def test_an_opened_object_can_be_changed_and_saved(
        self, instance: Instance, sys_: Client, app: str
    ) -> None:
        namespace = sys_.call("Config.Namespaces", "Open", "APP")
        sys_.space.set_property(namespace, "Globals", "USER")

        assert sys_.on(namespace, "%Save") == 1
        assert instance.open_process("_SYSTEM", "SYS", namespace="APP").lease.code_schema == "code"

    def test_the_scalar_calls_of_config_configuration(self, instance: Instance, sys_: Client) -> None:
        directory = f"{instance.manager_directory}old/"
        sys_.call("%File", "CreateDirectory", directory)

        assert sys_.call("Config.Configuration", "CreateDatabase", "OLD", directory) == 1
        assert sys_.call("Config.Configuration", "AddNamespace", "OLD", "OLD", "OLD") == 1
        assert sys_.call("Config.CPF", "Activate") == 1
        instance.open_process("_SYSTEM", "SYS", namespace="OLD")

    def test_enabled_mounts_what_may_be_mounted(self, instance: Instance, sys_: Client, app: str) -> None:
        assert sys_.call("%SYS.Namespace", "Enabled", "USER") == 1
        assert instance.databases.at("user").status_text == "Mounted/RW"
        sys_.call("SYS.Database", "DismountDatabase", app)
        assert sys_.call("%SYS.Namespace", "Enabled", "APP") == 0
        assert sys_.call("%SYS.Namespace", "Enabled", "NOPE") == 0


class TestFiles:
    def test_copy_reports_the_system_s_error_number(self, sys_: Client, tmp_path: Path) -> None:
        returned = ByRef("")

        assert sys_.call("%File", "CopyFile", str(tmp_path / "no"), str(tmp_path / "x"), 1, returned) == 0
        assert returned.value == -2

    def test_copy_with_delete_makes_a_new_file(self, sys_: Client, tmp_path: Path) -> None:
        source, target = tmp_path / "source", tmp_path / "target"
        source.write_bytes(os.urandom(3_000_000))
        target.write_bytes(b"old")
        held = target.open("rb")

        assert sys_.call("%File", "CopyFile", str(source), str(target), 1) == 1

        with held:
            assert held.read() == b"old"
        assert source.read_bytes() == target.read_bytes()

    def test_a_source_that_we_may_not_read_is_not_copied(self, sys_: Client, tmp_path: Path) -> None:
        """The fault of a file that docker cp brought in: 0, and nothing else tells (iris-facts 2.6)."""
        source = tmp_path / "source"
        source.write_bytes(b"x")
        source.chmod(0o000)
        returned = ByRef("")

        assert sys_.call("%File", "CopyFile", str(source), str(tmp_path / "t"), 0, returned) == 0
        assert returned.value == -13
        assert not (tmp_path / "t").exists()

    def test_a_file_is_not_copied_onto_itself(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"x")

        assert sys_.call("%File", "CopyFile", str(tmp_path / "a"), str(tmp_path / "a"), 1) == 0
        assert (tmp_path / "a").read_bytes() == b"x"

    def test_rename_replaces_and_delete_deletes(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(b"new")
        (tmp_path / "b").write_bytes(b"old")

        assert sys_.call("%File", "Rename", str(tmp_path / "a"), str(tmp_path / "b")) == 1
        assert (tmp_path / "b").read_bytes() == b"new"
        assert sys_.call("%File", "Delete", str(tmp_path / "b")) == 1
        assert sys_.call("%File", "Delete", str(tmp_path / "b")) == 0

    def test_directories(self, sys_: Client, tmp_path: Path) -> None:
        deep = str(tmp_path / "a" / "b" / "c")

        assert sys_.call("%File", "CreateDirectory", deep) == 0
        assert sys_.call("%File", "CreateDirectoryChain", deep) == 1
        assert sys_.call("%File", "CreateDirectoryChain", deep) == 1
        assert sys_.call("%File", "DirectoryExists", deep) == 1
        assert sys_.call("%File", "RemoveDirectory", str(tmp_path / "a")) == 0
        assert sys_.call("%File", "RemoveDirectoryTree", str(tmp_path / "a")) == 1
        assert sys_.call("%File", "Exists", str(tmp_path / "a")) == 0

    def test_size_hash_mode_and_owner(self, sys_: Client, tmp_path: Path) -> None:
        file = tmp_path / "f"
        file.write_bytes(b"abc")
        owner = ByRef("")

        assert sys_.call("%File", "GetFileSize", str(file)) == 3
        digest = sys_.call("%File", "GetFileSHA256Hash", str(file))
        assert isinstance(digest, bytes)
        assert digest.hex().startswith("ba7816bf")
        assert sys_.call("%File", "SetAttributes", str(file), 432) == 1
        assert int(str(sys_.call("%File", "Attributes", str(file)))) & 0o777 == 0o660
        assert sys_.call("%File", "GetOwnerGroup", str(file), owner) == 1
        assert str(owner.value).count(":") == 1
        assert sys_.call("%File", "SetOwnerGroup", str(file), str(owner.value)) == 1
        assert "chown" in str(sys_.call("%File", "SetOwnerGroup", str(file), "no-such-user:no-such-group"))

    def test_names(self, sys_: Client, instance: Instance) -> None:
        manager = instance.manager_directory

        assert sys_.call("%File", "ManagerDirectory") == manager
        assert sys_.call("%File", "NormalizeDirectory", "app/../x") == f"{manager}x/"
        assert sys_.call("%File", "NormalizeFilename", "f", "/tmp/") == "/tmp/f"
        assert sys_.call("%File", "GetFilename", "/a/b.c") == "b.c"
        assert sys_.call("%File", "GetDirectory", "/a/b.c") == "/a/"
        assert sys_.call("%File", "ParentDirectoryName", "/a/b/") == "/a/"
        assert sys_.call("%File", "CanonicalFilename", "/no/such/file") == ""
        assert str(sys_.call("%File", "TempFilename", "dat", "/tmp")).endswith(".dat")

    def test_space(self, sys_: Client, tmp_path: Path) -> None:
        free, total = ByRef(""), ByRef("")

        assert sys_.call("%File", "GetDirectorySpace", str(tmp_path), free, total) == 1
        assert 0 < float(str(free.value)) <= float(str(total.value))


class TestStreams:
    def test_an_upload_appears_complete_at_save(self, sys_: Client, tmp_path: Path) -> None:
        target = tmp_path / "up"
        stream = sys_.new("%Stream.FileBinary")
        content = bytes(range(256)) * 4000

        assert sys_.on(stream, "LinkToFile", str(target)) == 1
        for start in range(0, len(content), 300_000):
            assert sys_.on(stream, "Write", content[start : start + 300_000].decode("latin-1")) == 1
        assert not target.exists()
        assert sys_.on(stream, "%Save") == 1

        assert target.read_bytes() == content
        assert [target] == [p for p in tmp_path.iterdir() if p.is_file()]
        assert sys_.get(stream, "Size") == len(content)

    def test_a_download_reads_to_the_end(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"\x00\xff" * 10)
        stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / "f"))
        pieces = []
        while not sys_.get(stream, "AtEnd"):
            length = ByRef(7)
            pieces.append(sys_.on(stream, "Read", length))
            assert length.value == len(pieces[-1])  # type: ignore[arg-type]

        assert b"".join(pieces) == b"\x00\xff" * 10  # type: ignore[arg-type]
        length = ByRef(7)
        assert sys_.on(stream, "Read", length) == ""
        assert length.value == -1
        assert sys_.on(stream, "Rewind") == 1
        assert sys_.on(stream, "Read") == b"\x00\xff" * 10

    def test_a_stream_that_is_not_saved_leaves_nothing(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"kept")
        stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / "f"))
        sys_.on(stream, "Write", "lost")

        sys_.space.close_all()

        assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir() if p.is_file()] == [("f", b"kept")]

    def test_move_to_end_appends(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"one")
        stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / "f"))
        sys_.on(stream, "MoveToEnd")
        sys_.on(stream, "Write", "two")
        sys_.on(stream, "%Save")

        assert (tmp_path / "f").read_bytes() == b"onetwo"

    def test_a_closed_place_is_a_status(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "file").write_bytes(b"kept")
        (tmp_path / "file").chmod(0o440)
        for name in ("file", "file/below", "nowhere/below"):
            stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / name))
            assert str(sys_.on(stream, "Write", "x")).startswith("ERROR #5019: ")

    def test_wide_characters_are_no_bytes(self, sys_: Client, tmp_path: Path) -> None:
        stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / "f"))

        assert raised(lambda: sys_.on(stream, "Write", "€")).startswith("<WIDE CHAR>")

    def test_a_string_has_a_longest_length(self, sys_: Client, tmp_path: Path) -> None:
        (tmp_path / "f").write_bytes(b"x")
        stream = sys_.new("%Stream.FileBinary", Filename=str(tmp_path / "f"))

        assert raised(lambda: sys_.on(stream, "Read", 4_000_000)).startswith("<MAXSTRING>")


class TestUsers:
    def test_a_created_user_logs_in_without_a_forced_change(self, instance: Instance, sys_: Client) -> None:
        assert sys_.call("Security.Users", "Create", "snap_admin", "%ALL", "secret") == 1
        assert instance.open_process("snap_admin", "secret", namespace="%SYS").username == "snap_admin"
        assert "already exists" in str(sys_.call("Security.Users", "Create", "SNAP_ADMIN", "%ALL", "secret"))

    @pytest.mark.parametrize("names", ["*", "_SYSTEM", "_system,Admin"])
    def test_unexpiring_opens_the_predefined_accounts(self, tmp_path: Path, names: str) -> None:
        with Instance(tmp_path / "fresh", Options(change_password=True)) as instance:
            with pytest.raises(LoginRefused):
                instance.open_process("_SYSTEM", "SYS", namespace="%SYS")
            instance.configuration.put_account(with_password(Account("helper"), "secret"))
            admin = Client(instance.open_process("helper", "secret", namespace="%SYS"))
            count = ByRef("")

            assert admin.call("Security.Users", "UnExpireUserPasswords", names, count) == 1

            assert count.value == {"*": 5, "_SYSTEM": 1}.get(names, 2)
            instance.open_process("_SYSTEM", "SYS", namespace="%SYS")

    def test_a_password_is_changed_through_the_object(self, instance: Instance, sys_: Client) -> None:
        account = sys_.call("Security.Users", "%OpenId", "Admin")
        sys_.space.set_property(account, "PasswordExternal", "better")
        assert sys_.get(account, "PasswordExternal") == ""
        assert sys_.on(account, "%Save") == 1

        instance.open_process("Admin", "better", namespace="USER")
        with pytest.raises(LoginRefused):
            instance.open_process("Admin", "SYS", namespace="USER")

    def test_exists_and_delete(self, sys_: Client) -> None:
        assert sys_.call("Security.Users", "Exists", "admin") == 1
        assert sys_.call("Security.Users", "Delete", "admin") == 1
        assert sys_.call("Security.Users", "Exists", "admin") == 0
        assert "does not exist" in str(sys_.call("Security.Users", "Delete", "admin"))
        assert "cannot be deleted" in str(sys_.call("Security.Users", "Delete", "_SYSTEM"))

    @pytest.mark.parametrize(("name", "password"), [("bob", "x"), ("", "secret"), ("a b", "secret")])
    def test_bad_names_and_passwords_are_refused(self, sys_: Client, name: str, password: str) -> None:
        assert str(sys_.call("Security.Users", "Create", name, "%All", password)).startswith("ERROR #")

    def test_a_password_file_changes_all_predefined_accounts_once(
        self, instance: Instance, sys_: Client, tmp_path: Path
    ) -> None:
        file = tmp_path / "password.txt"
        file.write_text("from-a-file\n")

        assert sys_.call("SYS.Container", "ChangePassword", str(file)) == 1

        assert not file.exists()
        instance.open_process("SuperUser", "from-a-file", namespace="USER")
        assert str(sys_.call("SYS.Container", "ChangePassword", str(file))).startswith("ERROR #5019")


class TestSystem:
    def test_version(self, user: Client) -> None:
        number = str(user.call("%SYSTEM.Version", "GetNumber"))

        assert number == "2025.1.0.223.0"
        assert user.call("%SYSTEM.Version", "GetMajor") == 2025
        assert "stand-in" in str(user.call("%SYSTEM.Version", "GetVersion"))

    def test_directories_and_environment(
        self, user: Client, instance: Instance, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OF_THE_SERVER", "yes")

        assert user.call("%SYSTEM.Util", "ManagerDirectory") == instance.manager_directory
        assert user.call("%SYSTEM.Util", "GetEnviron", "OF_THE_SERVER") == "yes"
        assert user.call("%SYSTEM.Util", "GetEnviron", "NOT_THERE") == ""

    def test_terminating(self, instance: Instance, sys_: Client, user: Client) -> None:
        pid = user.process.pid
        ended = threading.Event()
        user.process.on_terminate = ended.set

        assert sys_.call("%SYSTEM.Process", "UserName", pid) == "_SYSTEM"
        assert sys_.call("%SYSTEM.Process", "Terminate", pid) == 1
        assert ended.is_set()
        assert sys_.call("%SYSTEM.Process", "Terminate", pid) == -3
        assert instance.process(pid) is None

    def test_licence_numbers_follow_the_limit(self, tmp_path: Path) -> None:
        with Instance(tmp_path / "limited", Options(connection_limit=5)) as instance:
            client = Client(instance.open_process("_SYSTEM", "SYS", namespace="USER"))
            assert client.call("%SYSTEM.License", "MaxConnections") == 5
            assert client.call("%SYSTEM.License", "LUAvailable") == 4

    def test_purging_is_accepted(self, user: Client) -> None:
        assert user.call("%SYSTEM.SQL", "Purge") == 1
        assert user.call("%SYSTEM.SQL", "PurgeAllNamespaces") == 1

    def test_status_methods(self, user: Client) -> None:
        status = user.space.class_method("%SYSTEM.Status", "Error", [41, "/x/"])

        assert user.call("%SYSTEM.Status", "IsOK", 1) == 1
        assert user.call("%SYSTEM.Status", "IsError", status) == 1
        assert user.call("%SYSTEM.Status", "GetErrorCodes", status) == "41"
        assert user.call("%SYSTEM.Status", "GetErrorText", status) == "ERROR #41: Directory not found: /x/"
        assert user.call("%SYSTEM.Status", "GetErrorText", 1) == ""
