"""A smoke test of one version of the driver: it imports nothing but the driver.

``python smoke.py PORT VERSION``
"""

from __future__ import annotations

import datetime
import decimal
import sys
from importlib import metadata
from typing import Any

import iris

VALUES = (
    ("INTEGER", -7),
    ("BIGINT", 2**62),
    ("NUMERIC(10, 3)", decimal.Decimal("12.345")),
    ("DOUBLE", 0.1),
    ("VARCHAR(100)", "Ünïcödé 字 'quoted'"),
    ("VARCHAR(100)", ""),
    ("VARCHAR(100)", None),
    ("VARBINARY(100)", bytes(range(100))),
    ("LONGVARCHAR", "long " * 200_000),
    ("LONGVARBINARY", bytes(range(256)) * 4_000),
)
TEXTS = (
    ("DATE", datetime.date(2026, 2, 28)),
    ("TIMESTAMP", datetime.datetime(2026, 2, 28, 12, 30, 45)),
    ("TIME", datetime.time(12, 30, 45)),
)


def connect(port: int, *, autocommit: bool = True) -> Any:
    return iris.connect(f"127.0.0.1:{port}/USER", "_SYSTEM", "SYS", autoCommit=autocommit)


def values_come_back(cursor: Any) -> None:
    for declared, value in VALUES + TEXTS:
        cursor.execute("CREATE TABLE smoke (id INTEGER PRIMARY KEY, a " + declared + ")")
        given = (
            value.isoformat(*([" "] if declared == "TIMESTAMP" else []))
            if (declared, value) in TEXTS
            else value
        )
        cursor.execute("INSERT INTO smoke (id, a) VALUES (?, ?)", [1, given])
        assert cursor.rowcount == 1
        cursor.execute("SELECT a FROM smoke WHERE id = ?", [1])
        (found,) = cursor.fetchone()
        if hasattr(found, "read"):
            found = found.read()
        same = (
            found == value or str(found) == str(given) or (isinstance(value, bytes) and bytes(found) == value)
        )
        assert same, (declared, str(found)[:80])
        assert cursor.fetchone() is None
        cursor.execute("DROP TABLE smoke")


def many_rows_come_back(cursor: Any) -> None:
    cursor.execute("CREATE TABLE smoke (id INTEGER PRIMARY KEY, a VARCHAR(20))")
    cursor.executemany("INSERT INTO smoke (id, a) VALUES (?, ?)", [[n, f"row {n}"] for n in range(5000)])
    cursor.execute("SELECT id, a FROM smoke ORDER BY id")
    assert [column[0] for column in cursor.description] == ["id", "a"]
    assert tuple(cursor.fetchone()) == (0, "row 0")
    assert [row[0] for row in cursor.fetchmany(9)] == list(range(1, 10))
    assert len(cursor.fetchall()) == 4990
    cursor.execute("DROP TABLE smoke")


def new_ids_are_known(cursor: Any) -> None:
    cursor.execute("CREATE TABLE smoke (id IDENTITY NOT NULL, a INTEGER)")
    for expected in (1, 2, 3):
        cursor.execute("INSERT INTO smoke (a) VALUES (?)", [expected])
        assert int(cursor.lastrowid) == expected
    cursor.execute("DROP TABLE smoke")


def transactions_end(port: int) -> None:
    connection = connect(port, autocommit=False)
    cursor = connection.cursor()
    cursor.execute("CREATE TABLE smoke (a INTEGER)")
    connection.commit()
    cursor.execute("INSERT INTO smoke VALUES (1)")
    connection.rollback()
    cursor.execute("INSERT INTO smoke VALUES (2)")
    connection.commit()
    cursor.execute("SELECT a FROM smoke")
    assert [row[0] for row in cursor.fetchall()] == [2]
    cursor.execute("DROP TABLE smoke")
    connection.commit()
    connection.close()


def errors_have_their_code(cursor: Any) -> None:
    for statement, sqlcode in (("SELECT a FROM nowhere", -30), ("SELECT FROM", -12), ("WRITE 1", -51)):
        assert f"<{sqlcode}>" in refusal(cursor, statement)
    cursor.execute("SELECT 1")
    assert cursor.fetchone()[0] == 1


def refusal(cursor: Any, statement: str) -> str:
    try:
        cursor.execute(statement)
    except Exception as error:  # noqa: BLE001 - its class differs between the versions
        return str(error)
    raise AssertionError(f"not refused: {statement}")


def class_methods_answer(connection: Any) -> None:
    native = iris.createIRIS(connection)
    assert "stand-in" in native.classMethodValue("%SYSTEM.Version", "GetVersion")
    count = iris.IRISReference(0)
    status = native.classMethodValue("%SYSTEM.License", "Counts", iris.IRISReference(0), count)
    assert (status, count.getValue() >= 1) == (1, True)
    try:
        native.classMethodValue("No.Such", "Thing")
    except Exception as error:  # noqa: BLE001 - its class differs between the versions
        assert "<CLASS DOES NOT EXIST>" in str(error)
    else:
        raise AssertionError("a class that does not exist was called")


def objects_have_members(connection: Any) -> None:
    native = iris.createIRIS(connection)
    found = native.classMethodValue("%DynamicObject", "%FromJSON", '{"a":1,"b":"x"}')
    assert (found.get("a"), found.get("b")) == (1, "x")
    found.set("c", 2.5)
    assert found.invoke("%ToJSON") == '{"a":1,"b":"x","c":2.5}'


def globals_are_kept(connection: Any) -> None:
    native = iris.createIRIS(connection)
    native.kill("smoke")
    native.set("one", "smoke", 1)
    native.set(2, "smoke", "b", "c")
    assert (native.get("smoke", 1), native.get("smoke", "b", "c")) == ("one", 2)
    assert native.get("smoke", "nothing") is None
    assert [int(native.isDefined("smoke", *path)) for path in ((), (1,), ("b",), ("z",))] == [10, 1, 10, 0]
    assert native.increment(3, "smoke", "n") == 3
    assert native.nextSubscript(False, "smoke", "") in (1, "1")
    native.tStart()
    native.tStart()
    native.set("gone", "smoke", "t")
    assert native.getTLevel() == 2
    native.tRollback()
    assert (native.getTLevel(), native.get("smoke", "t")) == (0, None)
    native.lock("", 1, "^smoke", 1)
    native.unlock("", "^smoke", 1)
    native.releaseAllLocks()
    native.kill("smoke")
    assert int(native.isDefined("smoke")) == 0


def main() -> None:
    port, version = int(sys.argv[1]), sys.argv[2]
    assert metadata.version("intersystems-irispython") == version
    connection = connect(port)
    cursor = connection.cursor()
    values_come_back(cursor)
    many_rows_come_back(cursor)
    new_ids_are_known(cursor)
    errors_have_their_code(cursor)
    class_methods_answer(connection)
    objects_have_members(connection)
    globals_are_kept(connection)
    connection.close()
    transactions_end(port)


if __name__ == "__main__":
    main()
