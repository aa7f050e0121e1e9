"""Statements about the session and the server, through the real driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import iris
import pytest


@pytest.fixture
def cursor_in(standin) -> Iterator[Callable[..., object]]:
    opened = []

    def open_cursor(namespace: str = "USER", *, username: str = "_SYSTEM", password: str = "SYS"):
        connection = iris.connect(standin.host, standin.port, namespace, username, password, autoCommit=True)
        cursor = connection.cursor()
        opened.append((cursor, connection))
        return cursor

    yield open_cursor
    for cursor, connection in opened:
        cursor.close()
        connection.close()


def value(cursor, text: str):
    cursor.execute(text)
    return cursor.fetchone()[0]


def test_a_locked_table_can_be_read_and_not_written_by_others(cursor_in, unique):
    mine, other = cursor_in(), cursor_in()
    mine.execute(f"CREATE TABLE {unique} (a INTEGER)")
    mine.execute(f"LOCK TABLE {unique} IN EXCLUSIVE MODE")
    other.execute("SET OPTION LOCK_TIMEOUT = 0")

    mine.execute(f"INSERT INTO {unique} VALUES (1)")
    assert value(other, f"SELECT COUNT(*) FROM {unique}") == 1
    for statement in (
        f"INSERT INTO {unique} VALUES (2)",
        f"LOCK TABLE {unique} IN SHARE MODE",
        f"LOCK TABLE {unique} IN EXCLUSIVE MODE WAIT 0",
    ):
        with pytest.raises(iris.dbapi.OperationalError, match="SQLCODE: <-110>"):
            other.execute(statement)
    mine.execute(f"UNLOCK TABLE {unique} IN EXCLUSIVE MODE")
    other.execute(f"INSERT INTO {unique} VALUES (2)")


def test_a_table_lock_ends_with_its_session(standin, cursor_in, unique):
    mine = cursor_in()
    mine.execute(f"CREATE TABLE {unique} (a INTEGER)")
    other = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=True)
    other.cursor().execute(f"LOCK TABLE {unique} IN EXCLUSIVE MODE")
    other.close()

    mine.execute(f"INSERT INTO {unique} VALUES (1)")


def test_a_table_that_is_not_there_cannot_be_locked(cursor_in):
    with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-30>"):
        cursor_in().execute("LOCK TABLE nowhere_at_all IN SHARE MODE")


def test_the_default_schema_can_be_chosen(cursor_in, unique):
    cursor = cursor_in()
    cursor.execute(f"SET OPTION DEFAULT_SCHEMA = 's{unique}'")
    cursor.execute("CREATE TABLE here (a INTEGER)")
    cursor.execute("INSERT INTO here VALUES (7)")

    assert value(cursor_in(), f"SELECT a FROM s{unique}.here") == 7


@pytest.mark.parametrize(
    "statement",
    [
        "%CHECKPRIV SELECT ON %Dictionary.PropertyDefinition",
        "GRANT SELECT ON {t} TO _SYSTEM",
        "TUNE TABLE {t}",
        "BUILD INDEX FOR TABLE {t}",
        "PURGE CACHED QUERIES",
        "SET OPTION AUTO_PARALLEL_THRESHOLD = 1",
    ],
)
def test_what_changes_nothing_is_accepted(cursor_in, unique, statement):
    cursor = cursor_in()
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")

    assert cursor.execute(statement.format(t=unique)) == 0


def test_a_transaction_can_be_asked_for(cursor_in):
    cursor = cursor_in()
    assert cursor.execute("%INTRANSACTION") == 100
    cursor.execute("START TRANSACTION")
    assert cursor.execute("%INTRANSACTION") == 0
    cursor.execute("ROLLBACK")
    assert cursor.execute("%INTRANSACTION") == 100


def test_a_user_can_log_in_until_it_is_dropped(standin, cursor_in, unique):
    cursor = cursor_in("%SYS")
    cursor.execute(f"CREATE USER {unique} IDENTIFY BY first")
    assert value(cursor_in(username=unique, password="first"), "SELECT $USERNAME") == unique
    cursor.execute(f"ALTER USER {unique} IDENTIFY BY second")
    with pytest.raises(RuntimeError, match="Access Denied"):
        cursor_in(username=unique, password="first")
    cursor_in(username=unique, password="second")
    cursor.execute(f"DROP USER {unique}")

    with pytest.raises(RuntimeError, match="Access Denied"):
        cursor_in(username=unique, password="second")
    with pytest.raises(iris.dbapi.DatabaseError, match="SQLCODE: <-118>"):
        cursor.execute(f"DROP USER {unique}")


def test_a_database_made_by_sql_is_a_namespace_of_its_own(cursor_in, unique):
    name = unique.upper()
    system = cursor_in("%SYS")
    system.execute(f"CREATE DATABASE {name}")
    inside = cursor_in(name)
    assert value(inside, "SELECT $NAMESPACE") == name
    inside.execute("CREATE TABLE here (a INTEGER NOT NULL PRIMARY KEY, b VARCHAR(10))")
    inside.executemany("INSERT INTO here VALUES (?, ?)", [[1, "x"], [2, "y"]])
    with pytest.raises(iris.dbapi.IntegrityError):
        inside.execute("INSERT INTO here VALUES (1, 'z')")
    assert value(cursor_in(name), "SELECT COUNT(*) FROM here") == 2
    with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-30>"):
        cursor_in().execute("SELECT * FROM here")

    system.execute(f"DROP DATABASE {name}")

    with pytest.raises(RuntimeError, match="<NAMESPACE>"):
        cursor_in(name)
    with pytest.raises(iris.dbapi.Error):
        inside.execute("SELECT * FROM here")


def test_the_servers_state_can_be_asked_for_by_sql(cursor_in):
    cursor = cursor_in("%SYS")
    pid = value(cursor, "SELECT $JOB")
    cursor.execute("SELECT UserName, NameSpace FROM %SYS.ProcessQuery WHERE Pid = ?", [pid])
    assert [tuple(row) for row in cursor.fetchall()] == [("_SYSTEM", "%SYS")]
    cursor.execute("SELECT Name FROM Config.Namespaces ORDER BY Name")
    assert {"%SYS", "USER"} <= {row[0] for row in cursor.fetchall()}
