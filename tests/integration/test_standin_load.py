"""Many clients at once, and what is left when one of them, or the server, is killed at work.

``STANDIN_LOAD_S=60`` makes the mixed work take longer than the few seconds of every run.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import iris
import pytest

CLIENTS = 64
ACCOUNTS = 40
SECONDS = float(os.environ.get("STANDIN_LOAD_S", "4"))
LOCKED = "SQLCODE: <-110>"


def connect(port: int, *, autocommit: bool = False) -> Any:
    return iris.connect("127.0.0.1", port, "USER", "_SYSTEM", "SYS", autoCommit=autocommit)


def rows(cursor: Any, statement: str, *values: object) -> list[tuple[Any, ...]]:
    cursor.execute(statement, list(values))
    return [tuple(row) for row in cursor.fetchall()]


class Client:
    """A connection that does mixed work and knows what the database must hold of it."""

    def __init__(self, port: int, table: str, number: int) -> None:
        self.table, self.number = table, number
        self.random = random.Random(number)
        self.kept: dict[int, str] = {}
        self.moves = self.next = 0
        self.connection = connect(port)
        self.cursor = self.connection.cursor()

    def work(self, until: float) -> None:
        steps = (self.insert, self.batch, self.change, self.delete, self.move, self.undo, self.read)
        while True:
            step = self.random.choice(steps)
            before, next_before = dict(self.kept), self.next
            try:
                step()
                self.connection.commit()
            except iris.dbapi.Error as error:
                # A writer may wait too long for the others; then nothing of its transaction is there.
                if LOCKED not in str(error):
                    raise
                self.connection.rollback()
                self.kept, self.next = before, next_before
            if time.monotonic() > until:
                break
        self.read()
        self.connection.close()

    def text(self) -> str:
        return f"client {self.number} " + "x" * self.random.randrange(60)

    def insert(self) -> None:
        self.next += 1
        self.kept[self.next] = self.text()
        self.cursor.execute(
            f"INSERT INTO {self.table} (client, n, note) VALUES (?, ?, ?)",
            [self.number, self.next, self.kept[self.next]],
        )

    def batch(self) -> None:
        new = {self.next + 1 + i: self.text() for i in range(self.random.randrange(2, 30))}
        self.next += len(new)
        self.kept |= new
        self.cursor.executemany(
            f"INSERT INTO {self.table} (client, n, note) VALUES (?, ?, ?)",
            [[self.number, n, note] for n, note in new.items()],
        )

    def change(self) -> None:
        if self.kept:
            n = self.random.choice(list(self.kept))
            self.kept[n] = self.text()
            self.cursor.execute(
                f"UPDATE {self.table} SET note = ? WHERE client = ? AND n = ?",
                [self.kept[n], self.number, n],
            )
            assert self.cursor.rowcount == 1

    def delete(self) -> None:
        if self.kept:
            n = self.random.choice(list(self.kept))
            del self.kept[n]
            self.cursor.execute(f"DELETE FROM {self.table} WHERE client = ? AND n = ?", [self.number, n])

    def move(self) -> None:
        source, target = self.random.sample(range(ACCOUNTS), 2)
        for account, amount in ((source, -1), (target, 1)):
            self.cursor.execute(
                f"UPDATE {self.table}_acc SET held = held + ? WHERE id = ?", [amount, account]
            )

    def undo(self) -> None:
        self.cursor.execute(
            f"INSERT INTO {self.table} (client, n, note) VALUES (?, -1, 'never')", [self.number]
        )
        self.connection.rollback()

    def read(self) -> None:
        found = rows(self.cursor, f"SELECT n, note FROM {self.table} WHERE client = ?", self.number)
        assert dict(found) == self.kept
        assert rows(self.cursor, f"SELECT SUM(held) FROM {self.table}_acc") == [(100 * ACCOUNTS,)]


def in_threads(actions: list[Callable[[], None]], *, timeout_s: float) -> list[BaseException]:
    failures: list[BaseException] = []

    def guarded(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - shown by the caller's assertion
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout_s)
        assert not thread.is_alive()
    return failures


def test_mixed_work_of_many_clients_is_neither_lost_nor_crossed(standin: Any, unique: str) -> None:
    own = connect(standin.port, autocommit=True)
    cursor = own.cursor()
    cursor.execute(
        f"CREATE TABLE {unique} (client INTEGER, n INTEGER, note VARCHAR(80), PRIMARY KEY (client, n))"
    )
    cursor.execute(f"CREATE TABLE {unique}_acc (id INTEGER PRIMARY KEY, held INTEGER)")
    cursor.executemany(f"INSERT INTO {unique}_acc VALUES (?, 100)", [[n] for n in range(ACCOUNTS)])
    clients = [Client(standin.port, unique, number) for number in range(CLIENTS)]
    until = time.monotonic() + SECONDS

    failures = in_threads([lambda c=client: c.work(until) for client in clients], timeout_s=SECONDS + 120)

    assert failures == []
    expected = {(client.number, n): note for client in clients for n, note in client.kept.items()}
    found = {(one, n): note for one, n, note in rows(cursor, f"SELECT client, n, note FROM {unique}")}
    assert found == expected
    own.close()


ENDLESS = """
import sys
import iris

connection = iris.connect("127.0.0.1", int(sys.argv[1]), "USER", "_SYSTEM", "SYS", autoCommit=False)
connection.cursor().execute(sys.argv[2])
"""
_COUNT = "SELECT COUNT(*) FROM {t} a, {t} b, {t} c, {t} d, {t} e, {t} f, {t} g, {t} h"
"""Counts eighty to the eighth rows: nobody will see the end of it."""


class Killed:
    """A client in a process of its own that runs one statement, until it is killed."""

    def __init__(self, port: int, statement: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(port), statement])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def endless(standin: Any) -> Iterator[Callable[[str], Killed]]:
    clients: list[Killed] = []

    def start(statement: str) -> Killed:
        clients.append(Killed(standin.port, statement))
        return clients[-1]

    yield start
    for client in clients:
        client.kill()


def until(condition: Callable[[], bool], *, timeout_s: float = 100) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def filled(port: int, table: str) -> Any:
    cursor = connect(port, autocommit=True).cursor()
    cursor.execute(f"CREATE TABLE {table} (n INTEGER)")
    cursor.executemany(f"INSERT INTO {table} VALUES (?)", [[n] for n in range(80)])
    return cursor


def is_locked(cursor: Any, table: str) -> bool:
    cursor.execute("SET OPTION LOCK_TIMEOUT = 0")
    try:
        cursor.execute(f"UPDATE {table} SET n = n WHERE n = -1")
    except iris.dbapi.Error as error:
        assert LOCKED in str(error)
        return True
    finally:
        cursor.execute("SET OPTION LOCK_TIMEOUT = 100")
    return False


def processes(cursor: Any) -> set[int]:
    return {int(pid) for (pid,) in rows(cursor, "SELECT Pid FROM %SYS.ProcessQuery")}


def test_a_client_killed_in_an_endless_write_leaves_no_row_no_lock_and_no_process(
    standin: Any, unique: str, endless: Callable[[str], Killed]
) -> None:
    cursor = filled(standin.port, unique)
    before = processes(cursor)
    client = endless(f"UPDATE {unique} SET n = n + ({_COUNT.format(t=unique)})")
    until(lambda: is_locked(cursor, unique))
    (pid,) = processes(cursor) - before

    client.kill()

    cursor.execute(f"INSERT INTO {unique} VALUES (-2)")
    assert rows(cursor, f"SELECT COUNT(*), MIN(n), MAX(n) FROM {unique}") == [(81, -2, 79)]
    until(lambda: pid not in processes(cursor))


def test_a_client_killed_in_an_endless_query_leaves_no_process(
    standin: Any, unique: str, endless: Callable[[str], Killed]
) -> None:
    cursor = filled(standin.port, unique)
    before = processes(cursor)
    client = endless(_COUNT.format(t=unique))
    until(lambda: bool(processes(cursor) - before))
    (pid,) = processes(cursor) - before

    client.kill()

    until(lambda: pid not in processes(cursor))


def test_a_client_killed_while_it_waits_for_a_lock_does_not_get_it(
    standin: Any, unique: str, endless: Callable[[str], Killed]
) -> None:
    cursor = filled(standin.port, unique)
    before = processes(cursor)
    cursor.execute(f"LOCK TABLE {unique} IN EXCLUSIVE MODE")
    client = endless(f"LOCK TABLE {unique} IN EXCLUSIVE MODE WAIT 1000")
    until(lambda: bool(processes(cursor) - before))
    (pid,) = processes(cursor) - before

    client.kill()

    until(lambda: pid not in processes(cursor))
    cursor.execute(f"UNLOCK TABLE {unique} IN EXCLUSIVE MODE")
    other = connect(standin.port, autocommit=True).cursor()
    other.execute("SET OPTION LOCK_TIMEOUT = 0")
    other.execute(f"INSERT INTO {unique} VALUES (-2)")


@pytest.mark.parametrize(
    ("number", "after"), [(signal.SIGKILL, 30), (signal.SIGKILL, 400), (signal.SIGTERM, 200)]
)
def test_a_server_killed_at_work_has_every_commit_that_it_answered(
    standin_factory: Callable[..., Any], unique: str, number: int, after: int
) -> None:
    first = standin_factory()
    connect(first.port, autocommit=True).cursor().execute(
        f"CREATE TABLE {unique} (client INTEGER, n INTEGER)"
    )
    connections = [connect(first.port) for _ in range(8)]
    answered: dict[int, int] = {}
    busy = threading.Event()

    def write(client: int) -> None:
        connection = connections[client]
        cursor = connection.cursor()
        for n in range(1_000_000):
            try:
                cursor.execute(f"INSERT INTO {unique} VALUES (?, ?)", [client, n])
                connection.commit()
            except Exception:  # noqa: BLE001 - the end of the server, however the driver words it
                return
            answered[client] = n
            if sum(list(answered.values())) > after:
                busy.set()

    def kill() -> None:
        assert busy.wait(60)
        os.kill(first.process.pid, number)

    failures = in_threads([*(lambda k=client: write(k) for client in range(8)), kill], timeout_s=120)
    first.process.stop()
    again = standin_factory(data=first.data)

    assert failures == []
    found: dict[int, list[int]] = {}
    for client, n in rows(connect(again.port).cursor(), f"SELECT client, n FROM {unique} ORDER BY client, n"):
        found.setdefault(client, []).append(n)
    for client, last in answered.items():
        # The one that was under way may be there, too: it was committed and the answer did not arrive.
        assert found[client] in (list(range(last + 1)), list(range(last + 2)))


@pytest.mark.parametrize("pause_after", [1, 7, 14])
def test_a_client_that_sends_byte_by_byte_is_answered(standin: Any, pause_after: int) -> None:
    greeting = struct.pack("<IIIHH", 2, 1, 0, 0x5348, 69)
    with socket.create_connection((standin.host, standin.port), timeout=30) as slow:
        slow.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, byte in enumerate(greeting, start=1):
            slow.sendall(bytes([byte]))
            if number == pause_after:  # a whole other client is served in between
                other = connect(standin.port)
                assert rows(other.cursor(), "SELECT 1") == [(1,)]
                other.close()
        answer = b""
        while len(answer) < 16:
            part = slow.recv(16)
            assert part
            answer += part
