"""Globals, transactions and locks with the driver's native API."""

from __future__ import annotations

import math
import shutil
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal

import iris
import pytest

NODE = ("one", 2)


@pytest.fixture
def connect(standin) -> Iterator[Callable[..., iris.IRISConnection]]:
    opened = []

    def connect(*, namespace: str = "USER", autocommit: bool = True):
        connection = iris.connect(
            standin.host, standin.port, namespace, "_SYSTEM", "SYS", autoCommit=autocommit
        )
        opened.append(connection)
        return connection

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def native(connect) -> iris.IRIS:
    return iris.createIRIS(connect())


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (1, 1),
        (-5, -5),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (True, 1),
        (2.5, 2.5),
        (math.inf, math.inf),
        (Decimal("2.50"), Decimal("2.50")),
        (Decimal("1E-30"), Decimal("1E-30")),
        ("text", "text"),
        ("żółw 🐢", "żółw 🐢"),
        ("a\0b", "a\0b"),
        ("\0", "\0"),
        ("", ""),
        (None, ""),
        (b"\x80\xff", "\x80\xff"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=lambda value: ascii(value)[:20],
)
def test_a_node_keeps_its_value(native, unique, given, found):
    native.set(given, unique, *NODE)
    assert native.get(unique, *NODE) == found


def test_an_undefined_node_is_none_and_an_empty_one_is_not(native, unique):
    native.set("", unique, 1)
    assert (native.get(unique, 1), native.get(unique, 2), native.get("nosuch")) == ("", None, None)


def test_bytes_and_lists_come_back_byte_by_byte(native, unique):
    every = bytes(range(256))
    listing = iris.irissdk.IRISList()
    listing.add(1)
    listing.add("a")
    native.set(every, unique, 1)
    native.set(listing, unique, 2)
    assert native.getBytes(unique, 1) == every
    assert native.getBytes(unique, 2) == listing.getBuffer()


def test_a_number_and_its_canonical_text_are_one_subscript(native, unique):
    native.set("one", unique, 1)
    assert (native.get(unique, "1"), native.get(unique, 1.0), native.get(unique, "01")) == (
        "one",
        "one",
        None,
    )


def test_children_come_in_the_order_of_iris(native, unique):
    for subscript in (3, -2, "b", "B", "01", 10, 2.5, "-0", "ż", 0, ".5"):
        native.set(str(subscript), unique, "list", subscript)
    expected = ["-2", "0", ".5", "2.5", "3", "10", "-0", "01", "B", "b", "ż"]

    node = native.node(unique, "list")
    assert list(node) == expected
    assert list(reversed(node)) == expected[::-1]
    assert [value for _, value in node.items()] == expected
    assert list(node[0:10]) == ["0", ".5", "2.5", "3"]
    assert list(node["B"::-1]) == expected[8::-1]
    assert list(native.iterator(unique, "list").subscripts()) == expected


def test_a_child_without_a_value_is_visited_too(native, unique):
    native.set("deep", unique, 1, 2, 3)
    assert list(native.node(unique).items()) == [("1", None)]
    assert native.nextSubscript(False, unique, "") == "1"
    assert native.nextSubscript(True, unique, 1, "") == "2"
    assert not native.nextSubscript(False, unique, 1)


def test_data_tells_values_and_descendants_apart(native, unique):
    native.set("v", unique, 1)
    native.set("v", unique, 1, 1)
    assert [native.isDefined(unique, *at) for at in ((), (1,), (1, 1), (2,))] == [10, 11, 1, 0]
    native.kill(unique, 1)
    assert native.isDefined(unique) == 0


def test_an_increment_counts_from_what_is_there(native, unique):
    assert [native.increment(by, unique) for by in (1, 2, Decimal("0.5"), -1)] == [1, 3, Decimal("3.5"), 2.5]
    native.set("12 apples", unique, "text")
    assert native.increment(1, unique, "text") == 13


def test_increments_of_many_connections_lose_nothing(connect, unique):
    def count() -> None:
        own = iris.createIRIS(connect())
        for _ in range(25):
            own.increment(1, unique)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert iris.createIRIS(connect()).get(unique) == 150


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda n, g: n.set(1, g, ""), "<SUBSCRIPT>"),
        (lambda n, g: n.get(g, "x" * 600), "<SUBSCRIPT>"),
        (lambda n, g: n.get("1bad"), "<SYNTAX>"),
        (lambda n, g: n.set("x" * 3_641_145, g), "<MAXSTRING>"),
    ],
    ids=["empty subscript", "long subscript", "bad name", "long value"],
)
def test_what_cannot_be_a_node_is_said_in_iris_words(native, unique, call, text):
    with pytest.raises(RuntimeError, match=text):
        call(native, unique)
    assert native.isDefined(unique) == 0


def test_a_transaction_takes_globals_and_sql_together(connect, unique):
    connection = connect()
    native, cursor = iris.createIRIS(connection), connection.cursor()
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    native.set("before", unique)

    native.tStart()
    native.tStart()
    assert native.getTLevel() == 2
    native.set("inside", unique)
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    native.tRollback()

    assert native.getTLevel() == 0
    assert native.get(unique) == "before"
    cursor.execute(f"SELECT COUNT(*) FROM {unique}")
    assert cursor.fetchone()[0] == 0

    native.tStart()
    native.set("kept", unique)
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    native.tCommit()
    other = iris.createIRIS(connect())
    assert other.get(unique) == "kept"


def test_the_inner_level_alone_can_be_undone(native, unique):
    native.tStart()
    native.set("outer", unique)
    native.tStart()
    native.set("inner", unique)
    native.tRollbackOne()
    native.tCommit()
    assert (native.getTLevel(), native.get(unique)) == (0, "outer")


def test_outside_a_transaction_a_change_is_committed_at_once_whatever_sqls_mode_is(connect, unique):
    iris.createIRIS(connect(autocommit=False)).set("kept", unique)
    assert iris.createIRIS(connect()).get(unique) == "kept"


def test_globals_belong_to_the_namespace_and_go_with_its_file(standin_factory, tmp_path):
    private = standin_factory()
    directory = f"{private.data}/mgr/user/"
    user = iris.connect(private.host, private.port, "USER", "_SYSTEM", "SYS")
    system = iris.createIRIS(iris.connect(private.host, private.port, "%SYS", "_SYSTEM", "SYS"))
    native = iris.createIRIS(user)
    native.set("first", "g", 1)
    assert system.isDefined("g") == 0

    assert system.classMethodValue("SYS.Database", "DismountDatabase", directory) == 1
    shutil.copy(f"{directory}IRIS.DAT", tmp_path / "kept.DAT")
    assert system.classMethodValue("SYS.Database", "MountDatabase", directory) == 1
    native.set("second", "g", 1)
    assert system.classMethodValue("SYS.Database", "DismountDatabase", directory) == 1
    shutil.copy(tmp_path / "kept.DAT", f"{directory}IRIS.DAT")
    assert system.classMethodValue("SYS.Database", "MountDatabase", directory) == 1

    assert native.get("g", 1) == "first"


def test_a_lock_keeps_others_out_of_the_node_its_children_and_its_parents(connect, unique):
    mine, other = iris.createIRIS(connect()), iris.createIRIS(connect())
    mine.lock("", 0, f"^{unique}", 1)
    for subscripts in ((1,), (1, "child"), ()):
        with pytest.raises(RuntimeError, match="<TIMEOUT>"):
            other.lock("", 0, f"^{unique}", *subscripts)
    other.lock("", 0, f"^{unique}", 2)
    mine.lock("", 0, f"^{unique}", 1)
    mine.unlock("", f"^{unique}", 1)
    with pytest.raises(RuntimeError, match="<TIMEOUT>"):
        other.lock("", 0, f"^{unique}", 1)
    mine.unlock("", f"^{unique}", 1)
    other.lock("", 0, f"^{unique}", 1)


def test_shared_locks_live_together_and_keep_writers_out(connect, unique):
    first, second, third = (iris.createIRIS(connect()) for _ in range(3))
    first.lock("S", 0, f"^{unique}")
    second.lock("S", 0, f"^{unique}")
    with pytest.raises(RuntimeError, match="<TIMEOUT>"):
        third.lock("", 0, f"^{unique}")


def test_locks_end_with_their_connection_and_with_release_all(connect, unique):
    leaving, staying, third = connect(), iris.createIRIS(connect()), iris.createIRIS(connect())
    iris.createIRIS(leaving).lock("", 0, f"^{unique}", 1)
    staying.lock("", 0, f"^{unique}", 2)
    leaving.close()
    third.lock("", 30, f"^{unique}", 1)
    staying.releaseAllLocks()
    third.lock("", 30, f"^{unique}", 2)


def test_a_waiting_lock_is_granted_when_the_other_ends(connect, unique):
    mine, other = iris.createIRIS(connect()), iris.createIRIS(connect())
    mine.lock("", 0, f"^{unique}")
    granted = []
    waiting = threading.Thread(target=lambda: granted.append(other.lock("", 60, f"^{unique}")))
    waiting.start()
    mine.unlock("", f"^{unique}")
    waiting.join(60)
    assert granted == [None]


def test_an_unlock_in_a_transaction_waits_for_its_end_unless_it_is_immediate(connect, unique):
    mine, other = iris.createIRIS(connect()), iris.createIRIS(connect())
    mine.tStart()
    mine.lock("", 0, f"^{unique}", 1)
    mine.lock("", 0, f"^{unique}", 2)
    mine.unlock("", f"^{unique}", 1)
    mine.unlock("I", f"^{unique}", 2)
    other.lock("", 0, f"^{unique}", 2)
    with pytest.raises(RuntimeError, match="<TIMEOUT>"):
        other.lock("", 0, f"^{unique}", 1)
    mine.tCommit()
    other.lock("", 0, f"^{unique}", 1)
