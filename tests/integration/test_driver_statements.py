"""Statements through the real driver: values, batches, row counts, ids, errors, changed definitions."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal

import iris
import pytest


@pytest.fixture
def connection(standin) -> Iterator[iris.IRISConnection]:
    connection = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=True)
    yield connection
    connection.close()


@pytest.fixture
def cursor(connection):
    """A cursor that is closed before its connection: the driver crashes when one that has read streams is
    not."""
    cursor = connection.cursor()
    yield cursor
    cursor.close()


def rows(cursor, text: str, *parameters: object) -> list[tuple[object, ...]]:
    cursor.execute(text, list(parameters))
    return [tuple(row) for row in cursor.fetchall()]


TYPES = [
    ("INTEGER", 42, 42),
    ("INTEGER", -2147483648, -2147483648),
    ("BIGINT", 9223372036854775807, 9223372036854775807),
    ("BIGINT", -9223372036854775808, -9223372036854775808),
    ("SMALLINT", -1, -1),
    ("TINYINT", 127, 127),
    ("BIT", True, True),
    ("BIT", 0, False),
    ("NUMERIC(10,2)", Decimal("1.50"), Decimal("1.50")),
    ("NUMERIC(10,2)", Decimal("-0.01"), Decimal("-0.01")),
    ("NUMERIC(18,4)", Decimal("12345678901234.5678"), Decimal("12345678901234.5678")),
    ("NUMERIC(10,2)", 3, Decimal("3.00")),
    ("DOUBLE", 1.5, 1.5),
    ("DOUBLE", 1e300, 1e300),
    ("VARCHAR(50)", "äöü €", "äöü €"),
    ("VARCHAR(50)", "Привет 🎉", "Привет 🎉"),
    ("VARCHAR(50)", "", ""),
    ("VARCHAR(50)", None, None),
    ("VARCHAR(50)", "it's", "it's"),
    ("DATE", "2024-02-29", "2024-02-29"),
    ("DATE", "66899", "2024-02-29"),
    ("DATE", dt.date(2024, 2, 29), "2024-02-29"),
    ("TIME", "12:34:56", "12:34:56"),
    ("TIMESTAMP", "2024-02-29 12:34:56", dt.datetime(2024, 2, 29, 12, 34, 56)),
    ("TIMESTAMP", "2024-02-29 12:34:56.123456", dt.datetime(2024, 2, 29, 12, 34, 56, 123456)),
    ("TIMESTAMP", dt.datetime(2024, 2, 29, 12, 34, 56), dt.datetime(2024, 2, 29, 12, 34, 56)),
    ("VARBINARY(50)", b"\x00\x01\xfe\xff", b"\x00\x01\xfe\xff"),
    ("LONGVARCHAR", "long " * 20_000, "long " * 20_000),
    ("LONGVARCHAR", "Привет", "Привет"),
    ("LONGVARCHAR", None, None),
    ("LONGVARBINARY", bytes(range(256)) * 400, bytes(range(256)) * 400),
    ("LONGVARBINARY", None, None),
]


@pytest.mark.parametrize(("declared", "given", "expected"), TYPES)
def test_a_value_comes_back_from_a_column_of_its_type(cursor, unique, declared, given, expected):
    cursor.execute(f"CREATE TABLE {unique} (a {declared})")
    cursor.execute(f"INSERT INTO {unique} (a) VALUES (?)", [given])

    ((read,),) = rows(cursor, f"SELECT a FROM {unique}")

    assert (read, type(read)) == (expected, type(expected))


def test_null_and_the_empty_string_are_two_things(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (k INTEGER, a VARCHAR(10))")
    cursor.executemany(f"INSERT INTO {unique} VALUES (?, ?)", [[1, None], [2, ""]])

    assert rows(cursor, f"SELECT k FROM {unique} WHERE a IS NULL") == [(1,)]
    assert rows(cursor, f"SELECT k FROM {unique} WHERE a = ''") == [(2,)]
    assert rows(cursor, f"SELECT k FROM {unique} WHERE a = ?", "") == [(2,)]


def test_literals_in_the_text_keep_their_nature(cursor):
    assert rows(cursor, "SELECT 1, '1', 1.5, -1, NULL") == [(1, "1", Decimal("1.5"), -1, None)]


def test_the_same_text_with_a_number_and_with_a_parameter_finds_the_same_rows(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER, b VARCHAR(10))")
    cursor.execute(f"INSERT INTO {unique} VALUES (5, '5')")
    for column in "ab":
        assert rows(cursor, f"SELECT a FROM {unique} WHERE {column} = 5") == [(5,)]
        assert rows(cursor, f"SELECT a FROM {unique} WHERE {column} = ?", 5) == [(5,)]
        assert rows(cursor, f"SELECT a FROM {unique} WHERE {column} = 5") == [(5,)]
        assert rows(cursor, f"SELECT a FROM {unique} WHERE {column} = '5'") == [(5,)]


def test_the_description_names_the_columns(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER NOT NULL, b VARCHAR(10), c NUMERIC(10,2))")
    cursor.execute(f"SELECT a, b AS other, c FROM {unique}")

    assert [(d[0], d[1]) for d in cursor.description] == [("a", 4), ("other", 12), ("c", 2)]
    assert [d[6] for d in cursor.description] == [0, 1, 1]
    assert cursor.description[2][4:6] == (10, 2)


def test_a_batch_counts_every_set(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")

    cursor.executemany(f"INSERT INTO {unique} VALUES (?)", [[n] for n in range(1000)])
    assert cursor.rowcount == 1000
    cursor.execute(f"UPDATE {unique} SET a = a + 1 WHERE a < ?", [10])
    assert cursor.rowcount == 10
    cursor.execute(f"DELETE FROM {unique} WHERE a = -5")
    assert cursor.rowcount == 0
    assert rows(cursor, f"SELECT COUNT(*), SUM(a) FROM {unique}") == [(1000, 499510)]


def test_a_batch_with_a_bad_set_changes_nothing(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER PRIMARY KEY)")

    with pytest.raises(iris.dbapi.IntegrityError):
        cursor.executemany(f"INSERT INTO {unique} VALUES (?)", [[1], [2], [1]])

    assert rows(cursor, f"SELECT COUNT(*) FROM {unique}") == [(0,)]


@pytest.mark.parametrize("size", [1, 2, 3, 17, 300])
def test_the_error_of_a_batch_of_any_size_is_the_real_one(cursor, unique, size):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER, b VARCHAR(5))")
    insert = f"INSERT INTO {unique} VALUES (?, ?)"
    for _ in range(3):
        with pytest.raises(iris.dbapi.DataError, match="SQLCODE: <-104>"):
            cursor.executemany(insert, [[n, "much too long"] for n in range(size)])
    cursor.executemany(insert, [[n, "fits"] for n in range(size)])

    assert rows(cursor, f"SELECT COUNT(*) FROM {unique}") == [(size,)]


def test_a_bad_batch_in_a_transaction_undoes_itself_alone(connection, cursor, unique):
    connection.setAutoCommit(False)
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER PRIMARY KEY)")
    cursor.execute(f"INSERT INTO {unique} VALUES (7)")

    with pytest.raises(iris.dbapi.IntegrityError):
        cursor.executemany(f"INSERT INTO {unique} VALUES (?)", [[1], [7]])
    connection.commit()

    assert rows(cursor, f"SELECT a FROM {unique}") == [(7,)]


def test_the_id_of_a_new_row_is_known(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (id IDENTITY NOT NULL, a VARCHAR(10), PRIMARY KEY (id))")
    ids = []
    for text in ("x", "y", "z"):
        cursor.execute(f"INSERT INTO {unique} (a) VALUES (?)", [text])
        ids.append(cursor.lastrowid)

    assert rows(cursor, f"SELECT id FROM {unique} ORDER BY id") == [(n,) for n in ids]
    assert rows(cursor, "SELECT LAST_IDENTITY()") == [(ids[-1],)]


def test_ids_are_each_connections_own(standin, cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (id IDENTITY NOT NULL, a INTEGER, PRIMARY KEY (id))")
    cursor.execute(f"INSERT INTO {unique} (a) VALUES (1)")
    mine = cursor.lastrowid
    other = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=True)
    theirs = other.cursor()
    theirs.execute(f"INSERT INTO {unique} (a) VALUES (2)")

    assert theirs.lastrowid != mine
    assert rows(cursor, "SELECT LAST_IDENTITY()") == [(mine,)]
    other.close()


ERRORS = [
    ("SELECT * FROM nowhere_at_all", "ProgrammingError", -30),
    ("SELECT nothing FROM {t}", "ProgrammingError", -29),
    ("SELEC 1", "ProgrammingError", -51),
    ("SELECT FROM WHERE", "ProgrammingError", None),
    ("INSERT INTO {t} VALUES (1, 'x')", "IntegrityError", -119),
    ("INSERT INTO {t} VALUES (NULL, 'x')", "IntegrityError", -108),
    ("INSERT INTO {t} VALUES (2, 'much too long')", "DataError", -104),
    ("INSERT INTO {t} VALUES ('no number', 'x')", "DataError", -104),
    ("UPDATE {t} SET b = 'much too long'", "DataError", -105),
    ("UPDATE {t} SET a = 1 WHERE a = 3", "IntegrityError", -120),
    ("CREATE TABLE {t} (a INTEGER)", "ProgrammingError", -201),
    ("DROP TABLE nowhere_at_all", "ProgrammingError", -30),
    ("ROLLBACK TO SAVEPOINT never_set", "ProgrammingError", -375),
]


@pytest.mark.parametrize(("text", "kind", "sqlcode"), ERRORS)
def test_an_error_has_its_class_and_code_and_the_connection_goes_on(cursor, unique, text, kind, sqlcode):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER NOT NULL PRIMARY KEY, b VARCHAR(5))")
    cursor.executemany(f"INSERT INTO {unique} VALUES (?, ?)", [[1, "x"], [3, "y"]])

    # By name, for the driver's classes are not the same before and after its first connection.
    with pytest.raises(getattr(iris.dbapi, kind)) as caught:
        cursor.execute(text.format(t=unique))

    assert "[SQLCODE: <-" in str(caught.value)
    if sqlcode is not None:
        assert f"[SQLCODE: <{sqlcode}>" in str(caught.value)
    assert rows(cursor, f"SELECT a, b FROM {unique} ORDER BY a") == [(1, "x"), (3, "y")]


def test_a_failed_execution_of_a_kept_statement_can_be_repeated(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER PRIMARY KEY)")
    insert = f"INSERT INTO {unique} VALUES (?)"
    for value in (1, 2):
        cursor.execute(insert, [value])
        for _ in range(3):
            with pytest.raises(iris.dbapi.IntegrityError):
                cursor.execute(insert, [value])

    assert rows(cursor, f"SELECT a FROM {unique} ORDER BY a") == [(1,), (2,)]


def test_a_kept_statement_follows_its_changed_table(cursor, unique):
    query, insert = f"SELECT * FROM {unique}", f"INSERT INTO {unique} (a) VALUES (?)"
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    cursor.execute(insert, [1])
    assert rows(cursor, query) == [(1,)]

    cursor.execute(f"ALTER TABLE {unique} ADD COLUMN b VARCHAR(10)")
    cursor.execute(insert, [2])
    assert sorted(rows(cursor, query)) == [(1, None), (2, None)]
    assert [d[0] for d in cursor.description] == ["a", "b"]
    assert sorted(rows(cursor, query)) == [(1, None), (2, None)]

    cursor.execute(f"DROP TABLE {unique}")
    for statement, parameters in ((query, []), (insert, [3])):
        for _ in range(2):
            with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-30>"):
                cursor.execute(statement, parameters)

    cursor.execute(f"CREATE TABLE {unique} (a VARCHAR(10))")
    cursor.executemany(insert, [["x"], ["y"]])
    assert sorted(rows(cursor, query)) == [("x",), ("y",)]


def test_another_connections_change_is_followed_too(standin, cursor, unique):
    query = f"SELECT * FROM {unique}"
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    assert rows(cursor, query) == []
    other = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=True)
    other.cursor().execute(f"ALTER TABLE {unique} ADD COLUMN b INTEGER")
    other.close()
    cursor.execute(f"INSERT INTO {unique} (a, b) VALUES (1, 2)")

    assert rows(cursor, query) == [(1, 2)]


def test_statements_run_directly_too(cursor, unique):
    cursor.direct_execute(f"CREATE TABLE {unique} (a INTEGER PRIMARY KEY)")
    cursor.direct_execute(f"INSERT INTO {unique} VALUES (?)", [1])
    cursor.direct_execute(f"SELECT a FROM {unique}")
    assert [tuple(row) for row in cursor.fetchall()] == [(1,)]

    with pytest.raises(iris.dbapi.IntegrityError, match="SQLCODE: <-119>"):
        cursor.direct_execute(f"INSERT INTO {unique} VALUES (?)", [1])
    with pytest.raises(iris.dbapi.ProgrammingError, match="SQLCODE: <-30>"):
        cursor.direct_execute("SELECT a FROM nowhere_at_all")
    assert rows(cursor, f"SELECT a FROM {unique}") == [(1,)]


def test_streams_of_two_cursors_do_not_mix(connection, unique):
    first, second = connection.cursor(), connection.cursor()
    first.execute(f"CREATE TABLE {unique} (k INTEGER, a LONGVARCHAR)")
    first.executemany(f"INSERT INTO {unique} VALUES (?, ?)", [[n, f"text {n}" * 100] for n in range(4)])
    query = f"SELECT k, a FROM {unique} WHERE k >= ? ORDER BY k"
    first.execute(query, [0])
    kept = first.fetchall()
    second.execute(query, [2])

    assert [row[1] for row in second.fetchall()] == [f"text {n}" * 100 for n in (2, 3)]
    assert [row[1] for row in kept] == [f"text {n}" * 100 for n in range(4)]
    second.close()
    assert kept[0][1] == "text 0" * 100
    first.close()


def test_many_statements_on_one_connection_do_not_wear_it_out(cursor, unique):
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    first = f"SELECT a AS c FROM {unique}"
    assert rows(cursor, first) == [(1,)]
    for number in range(2100):
        assert rows(cursor, f"SELECT a AS c{number} FROM {unique}") == [(1,)]

    assert rows(cursor, first) == [(1,)]


def test_sixteen_threads_with_connections_of_their_own(standin, cursor, unique):
    cursor.execute(
        f"CREATE TABLE {unique} (id IDENTITY NOT NULL, worker INTEGER, n INTEGER, PRIMARY KEY (id))"
    )
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            connection = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=False)
            own = connection.cursor()
            for n in range(20):
                own.execute(f"INSERT INTO {unique} (worker, n) VALUES (?, ?)", [worker, n])
                assert own.lastrowid
                connection.commit()
                count = rows(own, f"SELECT COUNT(*) FROM {unique} WHERE worker = ?", worker)
                assert count == [(n + 1,)]
            connection.close()
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert failures == []
    assert rows(cursor, f"SELECT COUNT(*), COUNT(DISTINCT id) FROM {unique}") == [(320, 320)]


def test_a_crashing_parser_of_the_driver_takes_no_server_with_it(standin, cursor, run_python):
    result = run_python(
        """
        import iris, sys
        cursor = iris.connect("127.0.0.1", int(sys.argv[1]), "USER", "_SYSTEM", "SYS").cursor()
        cursor.execute("SELECT 1 FETCH FIRST 1 ROWS ONLY")
        """,
        standin.port,
    )

    assert result.returncode != 0
    assert rows(cursor, "SELECT 1") == [(1,)]
