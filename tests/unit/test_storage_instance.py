"""Accounts, the connection limit, processes, CREATE DATABASE and DROP DATABASE."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError, SQLError
from iris_devtools.standin.instance import ClientInfo, Instance, Options, Process
from iris_devtools.standin.storage.accounts import Account, with_password
from iris_devtools.standin.storage.errors import StorageError


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance(tmp_path / "data") as started:
        yield started


def enter(
    instance: Instance, namespace: str = "USER", *, username: str = "_SYSTEM", password: str = "SYS"
) -> Process:
    return instance.open_process(username, password, namespace=namespace)


def refused(
    instance: Instance, namespace: str = "USER", *, username: str = "_SYSTEM", password: str = "SYS"
) -> str:
    with pytest.raises(LoginRefused) as caught:
        enter(instance, namespace, username=username, password=password)
    return caught.value.text


@pytest.mark.parametrize("username", ["_SYSTEM", "_system", "SuperUser", "SUPERUSER", "Admin", "CSPSystem"])
def test_a_fresh_server_has_the_predefined_accounts(instance: Instance, username: str) -> None:
    assert enter(instance, username=username).username.upper() == username.upper()


@pytest.mark.parametrize(
    ("username", "password"), [("_SYSTEM", "sys"), ("_SYSTEM", ""), ("nobody", "SYS"), ("", "")]
)
def test_a_wrong_name_or_password_is_access_denied(instance: Instance, username: str, password: str) -> None:
    assert refused(instance, username=username, password=password) == "Access Denied"


def test_a_password_that_was_right_is_wrong_after_it_was_changed(instance: Instance) -> None:
    enter(instance)
    account = instance.configuration.account("_SYSTEM")
    assert account is not None

    instance.configuration.put_account(with_password(account, "other"))

    assert refused(instance) == "Access Denied"
    enter(instance, password="other")


def test_a_disabled_account_is_access_denied(instance: Instance) -> None:
    account = instance.configuration.account("Admin")
    assert account is not None
    instance.configuration.put_account(replace(account, enabled=False))

    assert refused(instance, username="Admin") == "Access Denied"


def test_no_password_is_kept_on_disk_or_shown(instance: Instance) -> None:
    account = with_password(Account("bob"), "very-secret-word")
    instance.configuration.put_account(account)
    enter(instance, username="bob", password="very-secret-word")
    instance.stop()

    assert "very-secret-word" not in repr(account)
    assert all(b"very-secret-word" not in p.read_bytes() for p in instance.data.rglob("*") if p.is_file())
    instance.start()
    enter(instance, username="BOB", password="very-secret-word")


def test_a_fresh_container_demands_another_password_in_words_that_tools_know(tmp_path: Path) -> None:
    with Instance(tmp_path / "fresh", Options(change_password=True)) as instance:
        text = refused(instance).lower()
        assert "password change required" in text
        assert "required to change password" in text
        assert "<-853>" in text
        assert refused(instance, password="wrong") == "Access Denied"


def test_an_unknown_namespace_is_refused(instance: Instance) -> None:
    assert refused(instance, "NOPE").startswith("<NAMESPACE>")


def test_the_connection_limit_counts_processes_and_frees_closed_ones(tmp_path: Path) -> None:
    with Instance(tmp_path / "data", Options(connection_limit=2)) as instance:
        first, second = enter(instance), enter(instance)
        assert refused(instance) == "<LICENSE LIMIT EXCEEDED>"
        first.close()
        third = enter(instance)
        second.terminate()
        enter(instance)
        assert refused(instance) == "<LICENSE LIMIT EXCEEDED>"
        assert third in instance.processes


def test_a_refused_login_takes_no_place(tmp_path: Path) -> None:
    with Instance(tmp_path / "data", Options(connection_limit=1)) as instance:
        refused(instance, "NOPE")
        refused(instance, password="wrong")
        enter(instance)


def test_two_logins_at_once_cannot_share_the_last_place(tmp_path: Path) -> None:
    with Instance(tmp_path / "data", Options(connection_limit=3)) as instance:
        gate = threading.Barrier(12)
        outcomes: list[str] = []

        def login() -> None:
            gate.wait(30)
            try:
                enter(instance)
                outcomes.append("in")
            except LoginRefused as exc:
                outcomes.append(exc.text)

        threads = [threading.Thread(target=login) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert outcomes.count("in") == 3
        assert outcomes.count("<LICENSE LIMIT EXCEEDED>") == 9


def test_a_process_tells_who_and_where(instance: Instance) -> None:
    client = ClientInfo(user="someone", node="host", application="python", address="127.0.0.1")
    process = instance.open_process("_system", "SYS", namespace="user", client=client)

    assert (process.username, process.namespace, process.client) == ("_SYSTEM", "USER", client)
    assert not process.in_transaction
    process.lease.connection.execute("BEGIN IMMEDIATE")
    assert process.in_transaction
    process.enter("%sys")
    assert (process.namespace, process.in_transaction) == ("%SYS", False)


def test_stopping_ends_all_processes_and_leaves_files_alone(instance: Instance) -> None:
    process = enter(instance)
    told: list[str] = []
    process.on_terminate = lambda: told.append("ended")

    instance.stop()

    assert told == ["ended"]
    names = {p.name for p in instance.data.rglob("*") if p.is_file()}
    assert names == {"IRIS.DAT", "messages.log", "iris.cpf"}
    instance.start()


def test_the_version_says_that_this_is_the_stand_in(instance: Instance) -> None:
    assert "stand-in" in instance.version_text
    assert instance.version_number.startswith("2025.1.")


def test_create_database_makes_a_namespace_with_two_files(instance: Instance) -> None:
    instance.create_sql_database("Shop")

    entry = instance.configuration.namespace("SHOP")
    assert entry is not None
    assert entry.globals != entry.routines
    files = sorted(str(p.relative_to(instance.manager)) for p in (instance.manager / "shop").rglob("*"))
    assert files == [
        "shop/C",
        "shop/C/IRIS.DAT",
        "shop/C/iris.lck",
        "shop/C/stream",
        "shop/D",
        "shop/D/IRIS.DAT",
        "shop/D/iris.lck",
        "shop/D/stream",
    ]
    enter(instance, "shop")


def test_create_database_on_a_directory_of_choice(instance: Instance, tmp_path: Path) -> None:
    instance.create_sql_database("shop", directory=tmp_path / "a" / "b")

    assert (tmp_path / "a" / "b" / "D" / "IRIS.DAT").exists()
    with pytest.raises(SQLError) as caught:
        instance.create_sql_database("other", directory=tmp_path / "a" / "b")
    assert caught.value.sqlcode == -341


@pytest.mark.parametrize(
    ("name", "sqlcode"),
    [
        ("_shop", -343),
        ("a-b", -343),
        ("a@b", -343),
        ("a#b", -343),
        ("a$b", -343),
        ("", -343),
        ("%shop", -343),
        ("x" * 64, -400),
        ("user", -341),
        ("%SYS", -343),
    ],
)
def test_create_database_refuses_bad_and_taken_names(instance: Instance, name: str, sqlcode: int) -> None:
    with pytest.raises(SQLError) as caught:
        instance.create_sql_database(name)

    assert caught.value.sqlcode == sqlcode


def test_a_create_that_fails_leaves_nothing(instance: Instance) -> None:
    (instance.manager / "shop").mkdir()

    with pytest.raises(SQLError) as caught:
        instance.create_sql_database("shop")

    assert caught.value.sqlcode == -341
    assert instance.configuration.namespace("SHOP") is None
    assert instance.configuration.database("SHOP_C") is None


def test_drop_database_removes_everything(instance: Instance) -> None:
    instance.create_sql_database("shop")
    lease = enter(instance, "shop").lease

    instance.drop_sql_database("SHOP", current_namespace="%SYS")

    assert not (instance.manager / "shop").exists()
    assert instance.configuration.namespace("shop") is None
    assert not [d for d in instance.configuration.databases() if d.name.startswith("SHOP")]
    with pytest.raises(ObjectScriptError, match="<DIRECTORY>"):
        lease.check()
    instance.create_sql_database("shop")


@pytest.mark.parametrize(
    ("name", "sqlcode"), [("nope", -340), ("%SYS", -342), ("shop", -344), ("SHOP", -344)]
)
def test_drop_database_refusals(instance: Instance, name: str, sqlcode: int) -> None:
    instance.create_sql_database("shop")

    with pytest.raises(SQLError) as caught:
        instance.drop_sql_database(name, current_namespace="Shop")

    assert caught.value.sqlcode == sqlcode


def test_drop_database_if_exists_accepts_an_unknown_name(instance: Instance) -> None:
    instance.drop_sql_database("nope", current_namespace="%SYS", if_exists=True)


def test_retained_files_block_the_name_until_they_are_removed(instance: Instance) -> None:
    instance.create_sql_database("shop")
    instance.drop_sql_database("shop", current_namespace="%SYS", retain_files=True)

    assert (instance.manager / "shop" / "D" / "IRIS.DAT").exists()
    with pytest.raises(SQLError) as second_drop:
        instance.drop_sql_database("shop", current_namespace="%SYS")
    with pytest.raises(SQLError) as create:
        instance.create_sql_database("shop")
    assert (second_drop.value.sqlcode, create.value.sqlcode) == (-340, -341)


def test_a_database_that_another_namespace_uses_survives_the_drop(instance: Instance) -> None:
    instance.create_sql_database("shop")
    entry = instance.configuration.namespace("shop")
    assert entry is not None
    instance.configuration.put_namespace(replace(entry, name="TWIN"))

    instance.drop_sql_database("shop", current_namespace="%SYS")

    enter(instance, "twin")


def test_the_cpf_file_shows_the_present_configuration(instance: Instance) -> None:
    instance.create_sql_database("shop")

    text = (instance.data / "iris.cpf").read_text()

    assert f"SHOP_D={instance.manager}/shop/D/" in text
    assert "SHOP=SHOP_D,SHOP_C" in text
    assert "USER=USER\n" in text


def test_a_damaged_database_of_the_server_s_own_stops_the_start(instance: Instance) -> None:
    instance.stop()
    for directory in ("irissecurity", "."):
        file = instance.manager / directory / "IRIS.DAT"
        kept = file.read_bytes()
        file.write_bytes(b"GOF_FIXTURE")
        with pytest.raises(StorageError) as caught:
            instance.start()
        assert caught.value.code == 36
        file.write_bytes(kept)

    instance.start()
    enter(instance)
