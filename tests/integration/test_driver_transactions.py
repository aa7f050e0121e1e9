"""Transactions and savepoints through the real driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import iris
import pytest


@pytest.fixture
def connect(standin) -> Iterator[object]:
    opened = []

    def connect(*, autocommit: bool = False):
        connection = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=autocommit)
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def table(connect, unique) -> str:
    connect(autocommit=True).cursor().execute(f"CREATE TABLE {unique} (a INTEGER NOT NULL PRIMARY KEY)")
    return unique


def rows(connection, table: str) -> list[int]:
    cursor = connection.cursor()
    cursor.execute(f"SELECT a FROM {table} ORDER BY a")
    return [row[0] for row in cursor.fetchall()]


def level(connection) -> int:
    cursor = connection.cursor()
    cursor.execute("SELECT $TLEVEL")
    return cursor.fetchone()[0]


def insert(connection, table: str, *values: int) -> None:
    cursor = connection.cursor()
    for value in values:
        cursor.execute(f"INSERT INTO {table} VALUES (?)", [value])


def test_a_commit_makes_it_visible_to_others(connect, table):
    mine, other = connect(), connect()
    insert(mine, table, 1)

    assert rows(mine, table) == [1]
    assert rows(other, table) == []
    mine.commit()
    assert rows(other, table) == [1]


def test_a_rollback_undoes_it(connect, table):
    mine = connect()
    insert(mine, table, 1)
    mine.rollback()

    assert rows(mine, table) == []
    assert level(mine) == 0


def test_with_autocommit_every_statement_stays(connect, table):
    mine = connect(autocommit=True)
    insert(mine, table, 1)
    mine.rollback()

    assert rows(mine, table) == [1]


def test_start_transaction_suspends_autocommit(connect, table):
    mine = connect(autocommit=True)
    mine.cursor().execute("START TRANSACTION")
    assert level(mine) == 1
    insert(mine, table, 1)
    mine.cursor().execute("ROLLBACK")
    assert rows(mine, table) == []

    mine.cursor().execute("START TRANSACTION")
    insert(mine, table, 2)
    mine.cursor().execute("COMMIT")
    assert level(mine) == 0
    assert rows(connect(), table) == [2]


def test_autocommit_can_be_switched(connect, table):
    mine, other = connect(), connect()
    mine.setAutoCommit(True)
    insert(mine, table, 1)
    assert rows(other, table) == [1]
    mine.setAutoCommit(False)
    insert(mine, table, 2)
    assert rows(other, table) == [1]
    mine.commit()
    assert rows(other, table) == [1, 2]


def test_an_error_leaves_the_transaction_open_and_usable(connect, table):
    mine = connect()
    insert(mine, table, 1)
    with pytest.raises(iris.dbapi.IntegrityError):
        insert(mine, table, 1)
    insert(mine, table, 2)
    mine.commit()

    assert rows(connect(), table) == [1, 2]


def test_a_failed_first_statement_locks_nobody_out(connect, table):
    first, second = connect(), connect()
    insert(first, table, 1)
    first.commit()
    with pytest.raises(iris.dbapi.IntegrityError):
        insert(first, table, 1)

    second.cursor().execute("SET OPTION LOCK_TIMEOUT = 0")
    insert(second, table, 2)
    second.commit()
    assert rows(first, table) == [1, 2]


def test_reading_opens_no_transaction(connect, table):
    mine = connect()
    rows(mine, table)

    assert level(mine) == 0


def test_a_savepoint_brings_back_what_was_then(connect, table):
    mine = connect()
    cursor = mine.cursor()
    insert(mine, table, 1)
    cursor.execute("SAVEPOINT here")
    assert level(mine) == 2
    insert(mine, table, 2)
    cursor.execute("ROLLBACK TO SAVEPOINT here")

    assert rows(mine, table) == [1]
    assert level(mine) == 1
    mine.commit()
    assert rows(connect(), table) == [1]


def test_a_savepoint_before_the_first_write_brings_back_the_beginning(connect, table):
    mine = connect()
    cursor = mine.cursor()
    cursor.execute("SAVEPOINT a")
    cursor.execute("SAVEPOINT b")
    insert(mine, table, 1)
    cursor.execute("SAVEPOINT c")
    insert(mine, table, 2)
    cursor.execute("ROLLBACK TO SAVEPOINT b")
    assert rows(mine, table) == []
    insert(mine, table, 3)
    cursor.execute("ROLLBACK TO SAVEPOINT a")
    assert rows(mine, table) == []
    assert level(mine) == 1


def test_rolling_back_to_a_savepoint_deletes_it_and_the_second_time_undoes_everything(connect, table):
    mine = connect()
    cursor = mine.cursor()
    insert(mine, table, 1)
    cursor.execute("SAVEPOINT here")
    cursor.execute("ROLLBACK TO SAVEPOINT here")

    with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-375>"):
        cursor.execute("ROLLBACK TO SAVEPOINT here")

    assert rows(mine, table) == []
    assert level(mine) == 0


def test_a_savepoint_of_the_same_name_hides_the_older_one(connect, table):
    mine = connect()
    cursor = mine.cursor()
    for value in (1, 2, 3):
        cursor.execute("SAVEPOINT again")
        insert(mine, table, value)

    for left in ([1, 2], [1], []):
        cursor.execute("ROLLBACK TO SAVEPOINT AGAIN")
        assert rows(mine, table) == left


def test_definitions_are_part_of_the_transaction(connect, unique):
    mine = connect()
    cursor = mine.cursor()
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    mine.rollback()

    with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-30>"):
        cursor.execute(f"SELECT a FROM {unique}")
    cursor.execute(f"CREATE TABLE {unique} (b INTEGER)")
    mine.commit()
    cursor = connect().cursor()
    cursor.execute(f"SELECT * FROM {unique}")
    assert [d[0] for d in cursor.description] == ["b"]


def test_a_second_writer_waits_for_the_first(connect, table):
    first, second = connect(), connect()
    insert(first, table, 1)
    done = threading.Event()

    def write() -> None:
        insert(second, table, 2)
        second.commit()
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    assert not done.wait(0.3)
    first.commit()
    thread.join(20)

    assert done.is_set()
    assert rows(first, table) == [1, 2]


def test_a_writer_that_waits_too_long_gets_a_locking_conflict(connect, table):
    first, second = connect(), connect()
    insert(first, table, 1)
    second.cursor().execute("SET OPTION LOCK_TIMEOUT = 0")

    with pytest.raises(iris.dbapi.OperationalError, match="SQLCODE: <-110>"):
        insert(second, table, 2)

    first.rollback()
    insert(second, table, 2)
    second.commit()
    assert rows(first, table) == [2]


CLIENT = """
import iris, sys
connection = iris.connect("127.0.0.1", int(sys.argv[1]), "USER", "_SYSTEM", "SYS", autoCommit=False)
connection.cursor().execute(f"INSERT INTO {sys.argv[2]} VALUES (1)")
print("written", flush=True)
sys.stdin.read()
"""


def test_the_transaction_of_a_killed_client_is_rolled_back(standin, connect, table):
    client = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(standin.port), table],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert client.stdout.readline() == "written\n"
    os.kill(client.pid, signal.SIGKILL)
    client.communicate(timeout=30)

    mine = connect()
    insert(mine, table, 2)
    mine.commit()
    assert rows(mine, table) == [2]


def test_the_transaction_of_a_client_that_just_closes_is_rolled_back(connect, table):
    first, second = connect(), connect()
    insert(first, table, 1)
    first.close()

    insert(second, table, 2)
    second.commit()
    assert rows(second, table) == [2]


@pytest.mark.parametrize(
    ("name", "number"), [("READ UNCOMMITTED", 0), ("READ COMMITTED", 1), ("READ VERIFIED", 3)]
)
def test_the_isolation_level_can_be_set_and_read(connect, name, number):
    cursor = connect().cursor()
    cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {name}")
    cursor.execute("SELECT %SYSTEM_SQL.Util_GetOption('IsolationMode')")

    assert int(cursor.fetchone()[0]) == number


def test_native_levels_nest(connect, table):
    mine = connect()
    native = iris.createIRIS(mine)
    native.tStart()
    insert(mine, table, 1)
    native.tStart()
    insert(mine, table, 2)
    assert native.getTLevel() == 2
    native.tRollbackOne()
    assert rows(mine, table) == [1]
    native.tCommit()
    assert native.getTLevel() == 0
    assert rows(connect(), table) == [1]
