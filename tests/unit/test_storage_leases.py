"""Sessions on a database that is taken away from them, and namespaces with two databases."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError
from iris_devtools.standin.instance import Instance, Options, Process
from iris_devtools.standin.storage.database import Database, State
from iris_devtools.standin.storage.errors import StorageError

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance(tmp_path / "data", Options(grace_s=0.05, limit_s=20)) as started:
        yield started


@pytest.fixture
def user(instance: Instance) -> Database:
    return instance.databases.at("user")


def enter(instance: Instance, namespace: str = "USER") -> Process:
    return instance.open_process("_SYSTEM", "SYS", namespace=namespace)


def alone(database: Database) -> bool:
    return [database.path] == list(database.directory.iterdir())


def test_a_dismount_rolls_open_transactions_back_and_keeps_what_was_committed(
    instance: Instance, user: Database
) -> None:
    connection = enter(instance).lease.connection
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES ('committed')")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES ('open')")

    instance.dismount(user)

    assert alone(user)
    user.mount()
    assert enter(instance).lease.connection.execute("SELECT a FROM t").fetchall() == [("committed",)]


def test_a_forgotten_cursor_does_not_keep_the_file_open(instance: Instance, user: Database) -> None:
    connection = enter(instance).lease.connection
    forgotten = connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n"
    )
    forgotten.fetchone()

    instance.dismount(user)

    assert alone(user)
    with pytest.raises(sqlite3.ProgrammingError):
        forgotten.fetchone()


def test_a_dismount_interrupts_a_statement_that_does_not_end(instance: Instance, user: Database) -> None:
    lease = enter(instance).lease
    begun = threading.Event()
    lease.connection.create_function("begun", 0, lambda: begun.set() or 1)
    caught: list[BaseException] = []

    def query() -> None:
        with lease.lock:
            try:
                lease.connection.execute(ENDLESS.replace("SELECT 1 ", "SELECT begun() ")).fetchall()
            except sqlite3.OperationalError as exc:
                caught.append(exc)

    thread = threading.Thread(target=query)
    thread.start()
    assert begun.wait(30)

    instance.dismount(user)

    thread.join(30)
    assert [str(exc) for exc in caught] == ["interrupted"]
    assert user.state is State.DISMOUNTED
    assert alone(user)


def test_a_statement_that_waits_for_another_lease_does_not_hold_the_dismount_up(
    instance: Instance, user: Database
) -> None:
    holder, waiter = enter(instance).lease, enter(instance).lease
    holder.connection.execute("CREATE TABLE t (a)")
    holder.connection.execute("BEGIN IMMEDIATE")
    waiter.connection.execute("PRAGMA busy_timeout = 60000")
    waiting = threading.Event()
    outcome: list[str] = []

    def write() -> None:
        with waiter.lock:
            waiting.set()
            try:
                waiter.connection.execute("BEGIN IMMEDIATE")
                outcome.append("got in")
            except (sqlite3.Error, ObjectScriptError) as exc:
                outcome.append(str(exc))

    thread = threading.Thread(target=write)
    thread.start()
    assert waiting.wait(30)

    instance.dismount(user)

    thread.join(30)
    assert outcome
    assert alone(user)


def test_a_statement_that_cannot_be_interrupted_makes_the_dismount_give_up(tmp_path: Path) -> None:
    with Instance(tmp_path / "data", Options(grace_s=0.01, limit_s=0.05)) as instance:
        database = instance.databases.at("user")
        lease = enter(instance).lease
        held, release = threading.Event(), threading.Event()

        def hold() -> None:
            with lease.lock:
                held.set()
                release.wait(30)

        thread = threading.Thread(target=hold)
        thread.start()
        assert held.wait(30)

        with pytest.raises(StorageError) as caught:
            instance.dismount(database)

        assert caught.value.code == 28
        assert database.state is State.MOUNTED
        release.set()
        thread.join(30)
        assert lease.renew()
        instance.dismount(database)


def test_dismounts_under_fire_lose_nothing_that_was_committed(instance: Instance, user: Database) -> None:
    enter(instance).lease.connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
    rounds = 15
    stop = threading.Event()
    committed: list[int] = []
    unexpected: list[BaseException] = []

    def insert(process: Process, number: int) -> None:
        with process.lease.lock:
            process.lease.check()
            process.lease.connection.execute("INSERT INTO t VALUES (?)", (number,))
        committed.append(number)

    def work(first: int) -> None:
        process = None
        for number in itertools.count(first, 4):
            if stop.is_set():
                return
            try:
                process = process or enter(instance)
                insert(process, number)
            except (ObjectScriptError, LoginRefused) as exc:
                process = None
                if "<DIRECTORY>" not in str(exc):
                    unexpected.append(exc)
            except sqlite3.OperationalError as exc:
                process = None
                if str(exc) not in ("interrupted", "database is locked"):
                    unexpected.append(exc)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    copies = []
    for i in range(rounds):
        target = len(committed) + 20
        while len(committed) < target:
            stop.wait(0.001)
        instance.dismount(user)
        before = set(committed)
        assert alone(user)
        copy = instance.data / f"copy{i}"
        copy.write_bytes(user.path.read_bytes())
        copies.append((before, copy))
        user.mount()
    stop.set()
    for thread in threads:
        thread.join(30)

    assert unexpected == []
    for before, copy in copies:
        connection = sqlite3.connect(copy)
        found = {number for (number,) in connection.execute("SELECT a FROM t")}
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert before <= found


def test_parallel_dismounts_and_mounts_end_in_one_of_the_two_states(
    instance: Instance, user: Database
) -> None:
    refused: list[int] = []

    def attempt(action: Callable[[], None]) -> None:
        try:
            action()
        except StorageError as exc:
            refused.append(exc.code)

    def shuffle() -> None:
        for _ in range(20):
            attempt(lambda: instance.dismount(user))
            attempt(user.mount)

    threads = [threading.Thread(target=shuffle) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert set(refused) <= {19, 28}
    assert user.state in (State.MOUNTED, State.DISMOUNTED)


def test_a_namespace_with_two_databases_has_its_definitions_in_the_second(instance: Instance) -> None:
    instance.create_sql_database("two")
    lease = enter(instance, "two").lease

    lease.connection.execute("CREATE TABLE code.definitions (a)")
    lease.connection.execute("CREATE TABLE rows (a)")

    assert lease.code_schema == "code"
    assert lease.data.directory.name == "D"
    assert lease.code.directory.name == "C"
    assert lease.connection.execute(
        "SELECT name FROM code.sqlite_master WHERE name = 'definitions'"
    ).fetchone()
    assert lease.connection.execute("SELECT name FROM main.sqlite_master WHERE name = 'rows'").fetchone()


@pytest.mark.parametrize("role", ["C", "D"])
def test_dismounting_one_of_two_databases_ends_the_lease_and_keeps_the_other_mounted(
    instance: Instance, role: str
) -> None:
    instance.create_sql_database("two")
    lease = enter(instance, "two").lease
    lease.connection.execute("BEGIN IMMEDIATE")
    lease.connection.execute("CREATE TABLE code.d (a)")
    lease.connection.execute("CREATE TABLE main.t (a)")
    gone, other = (lease.code, lease.data) if role == "C" else (lease.data, lease.code)

    instance.dismount(gone)

    with pytest.raises(ObjectScriptError, match=f"/two/{role}/"):
        lease.check()
    assert other.state is State.MOUNTED
    assert other.leases == frozenset()
    gone.mount()
    fresh = enter(instance, "two").lease.connection
    assert not fresh.execute("SELECT name FROM code.sqlite_master WHERE name = 'd'").fetchall()


def test_prepare_sees_every_connection_with_its_schema(instance: Instance, user: Database) -> None:
    instance.create_sql_database("two")
    seen: list[str] = []
    process = instance.open_process(
        "_SYSTEM", "SYS", namespace="USER", prepare=lambda connection, schema: seen.append(schema)
    )
    process.enter("TWO")
    process.enter("USER")
    instance.dismount(user)
    user.mount()
    process.lease.renew()

    assert seen == ["main", "code", "main", "main"]


def test_a_prepare_that_fails_leaves_no_lease_behind(instance: Instance, user: Database) -> None:
    def fail(_connection: sqlite3.Connection, _schema: str) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        instance.open_process("_SYSTEM", "SYS", namespace="USER", prepare=fail)

    assert user.leases == frozenset()
    assert instance.processes == ()


def test_entering_a_namespace_that_is_closed_leaves_the_process_where_it_is(
    instance: Instance, user: Database
) -> None:
    process = instance.open_process("_SYSTEM", "SYS", namespace="%SYS")
    user.mount()
    instance.dismount(user)

    with pytest.raises(ObjectScriptError, match="<DIRECTORY>"):
        process.enter("USER")
    with pytest.raises(ObjectScriptError, match="<NAMESPACE>"):
        process.enter("NOPE")

    assert process.namespace == "%SYS"
    process.lease.check()


def test_terminating_interrupts_rolls_back_and_calls_the_hook_once(
    instance: Instance, user: Database
) -> None:
    process = enter(instance)
    lease = process.lease
    lease.connection.execute("CREATE TABLE t (a)")
    lease.connection.execute("BEGIN IMMEDIATE")
    lease.connection.execute("INSERT INTO t VALUES (1)")
    begun = threading.Event()
    lease.connection.create_function("begun", 0, lambda: begun.set() or 1)
    told: list[int] = []
    process.on_terminate = lambda: told.append(process.pid)

    def query() -> None:
        with lease.lock, pytest.raises(sqlite3.OperationalError, match="interrupted"):
            lease.connection.execute(ENDLESS.replace("SELECT 1 ", "SELECT begun() ")).fetchall()

    thread = threading.Thread(target=query)
    thread.start()
    assert begun.wait(30)

    process.terminate()
    process.terminate()

    thread.join(30)
    assert told == [process.pid]
    assert instance.process(process.pid) is None
    assert user.leases == frozenset()
    assert enter(instance).lease.connection.execute("SELECT * FROM t").fetchall() == []
