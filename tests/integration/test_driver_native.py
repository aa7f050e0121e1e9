"""Class calls with the driver's native API."""

from __future__ import annotations

from collections.abc import Iterator

import iris
import pytest


@pytest.fixture
def native(standin) -> Iterator[iris.IRIS]:
    connection = iris.connect(standin.host, standin.port, "%SYS", "_SYSTEM", "SYS")
    yield iris.createIRIS(connection)
    connection.close()


def test_a_class_method_returns_its_value(native):
    assert native.classMethodValue("%SYSTEM.Version", "GetNumber").startswith("2025.1")
    assert native.classMethodString("%SYSTEM.Version", "GetNumber").startswith("2025.1")


@pytest.mark.parametrize(
    ("class_name", "method", "text"),
    [
        ("No.Such", "Thing", "<CLASS DOES NOT EXIST>"),
        ("%SYSTEM.Version", "NoSuch", "<METHOD DOES NOT EXIST>"),
    ],
)
def test_what_does_not_exist_is_said_in_iris_words(native, class_name, method, text):
    with pytest.raises(RuntimeError, match=text):
        native.classMethodValue(class_name, method)
    assert native.classMethodValue("%SYSTEM.Version", "GetNumber")


def test_routines_are_refused_and_the_connection_goes_on(native):
    calls = [lambda: native.function("f", "routine"), lambda: native.procedure("p", "routine", 1)]
    for call in calls:
        with pytest.raises(RuntimeError, match=r"^<NOROUTINE>"):
            call()
    assert native.classMethodValue("%SYSTEM.Version", "GetNumber")


def test_objects_are_read_written_and_asked_through_their_reference(native):
    found = native.classMethodObject("%DynamicObject", "%FromJSON", '{"a":1,"b":[1,2],"c":"x","d":1.5}')

    assert (found.get("a"), found.getString("c"), float(found.get("d"))) == (1, "x", 1.5)
    assert found.getObject("b").invokeInteger("%Size") == 2
    found.set("e", "new")
    found.invokeVoid("%Set", "f", 7)
    assert found.invokeString("%ToJSON") == '{"a":1,"b":[1,2],"c":"x","d":1.5,"e":"new","f":7}'
    with pytest.raises(RuntimeError, match="<METHOD DOES NOT EXIST>"):
        found.invoke("NoSuch")


def test_an_argument_by_reference_comes_back_changed(native):
    count = iris.IRISReference(0)

    assert native.classMethodValue("Security.Users", "UnExpireUserPasswords", "_SYSTEM,Admin", count) == 1
    assert count.getValue() == 2


def test_the_locks_of_a_process_can_be_taken_away(standin, native, unique):
    connection = iris.connect(standin.host, standin.port, "%SYS", "_SYSTEM", "SYS")
    holder = iris.createIRIS(connection)
    pid = holder.classMethodInteger("%SYSTEM.Process", "ProcessID")
    holder.lock("", 1, f"^{unique}", 1)
    with pytest.raises(RuntimeError):
        native.lock("", 0, f"^{unique}", 1)

    assert native.classMethodInteger("SYS.Lock", "DeleteAllLocks", pid) == 1
    native.lock("", 0, f"^{unique}", 1)
    native.releaseAllLocks()
    connection.close()


def test_sql_and_class_calls_share_one_connection(standin):
    connection = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS")
    native = iris.createIRIS(connection)
    cursor = connection.cursor()
    for _ in range(3):
        cursor.execute("SELECT 1")
        assert native.classMethodValue("%SYSTEM.Version", "GetNumber")
        assert cursor.fetchone()[0] == 1
    connection.close()


def test_a_dismounted_database_fails_until_it_is_mounted_again(standin, native):
    directory = f"{standin.data}/mgr/user/"
    user = iris.connect(standin.host, standin.port, "USER", "_SYSTEM", "SYS", autoCommit=False)
    cursor = user.cursor()
    cursor.execute("CREATE TABLE dismounted (a INTEGER)")
    cursor.execute("INSERT INTO dismounted VALUES (1)")
    user.commit()
    cursor.execute("INSERT INTO dismounted VALUES (2)")
    try:
        assert native.classMethodValue("SYS.Database", "DismountDatabase", directory) == 1
        with pytest.raises(iris.dbapi.Error, match="<DIRECTORY>"):
            cursor.execute("SELECT a FROM dismounted")
    finally:
        assert native.classMethodValue("SYS.Database", "MountDatabase", directory) == 1

    with pytest.raises(iris.dbapi.Error, match="<DIRECTORY>"):
        cursor.execute("SELECT a FROM dismounted")
    user.rollback()
    cursor.execute("SELECT a FROM dismounted")
    assert [row[0] for row in cursor.fetchall()] == [1]
    cursor.execute("DROP TABLE dismounted")
    user.commit()
    user.close()


def test_a_commit_of_a_transaction_that_is_gone_is_never_taken_for_a_success(standin_factory):
    private = standin_factory()
    user = iris.connect(private.host, private.port, "USER", "_SYSTEM", "SYS", autoCommit=False)
    user.cursor().execute("CREATE TABLE lost (a INTEGER)")
    system = iris.connect(private.host, private.port, "%SYS", "_SYSTEM", "SYS")
    native = iris.createIRIS(system)
    directory = f"{private.data}/mgr/user/"
    native.classMethodValue("SYS.Database", "DismountDatabase", directory)
    native.classMethodValue("SYS.Database", "MountDatabase", directory)

    with pytest.raises(iris.dbapi.Error):
        user.commit()


def test_a_terminated_process_loses_its_connection_and_its_transaction(standin_factory):
    private = standin_factory()
    user = iris.connect(private.host, private.port, "USER", "_SYSTEM", "SYS", autoCommit=False)
    cursor = user.cursor()
    cursor.execute("CREATE TABLE kept (a INTEGER)")
    user.commit()
    cursor.execute("INSERT INTO kept VALUES (1)")
    cursor.execute("SELECT $JOB")
    pid = cursor.fetchone()[0]
    system = iris.connect(private.host, private.port, "%SYS", "_SYSTEM", "SYS")

    iris.createIRIS(system).classMethodValue("SYS.Process", "TerminateProcess", pid)

    with pytest.raises(iris.dbapi.Error):
        cursor.execute("SELECT a FROM kept")
    again = iris.connect(private.host, private.port, "USER", "_SYSTEM", "SYS").cursor()
    again.execute("SELECT a FROM kept")
    assert again.fetchall() in ([], ())
