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
from collections.abc import Callable
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


LONG_WRITE = """
import sys
import iris

connection = iris.connect("127.0.0.1", int(sys.argv[1]), "USER", "_SYSTEM", "SYS", autoCommit=False)
table = sys.argv[2]
connection.cursor().execute(
    f"INSERT INTO {table} (n) SELECT a.n + b.n + c.n FROM {table} a, {table} b, {table} c"
)
"""


def test_a_client_killed_in_the_middle_of_a_statement_leaves_nothing(standin: Any, unique: str) -> None:
    mine = connect(standin.port, autocommit=True)
    cursor = mine.cursor()
    cursor.execute(f"CREATE TABLE {unique} (n INTEGER)")
    cursor.executemany(f"INSERT INTO {unique} VALUES (?)", [[n] for n in range(80)])
    cursor.execute("SET OPTION LOCK_TIMEOUT = 0")
    client = subprocess.Popen([sys.executable, "-c", LONG_WRITE, str(standin.port), unique])
    try:
        while True:  # until the long statement has the lock
            assert client.poll() is None
            try:
                cursor.execute(f"UPDATE {unique} SET n = n WHERE n = -1")
            except iris.dbapi.Error as error:
                assert LOCKED in str(error)
                break
    finally:
        os.kill(client.pid, signal.SIGKILL)
        client.wait()

    cursor.execute("SET OPTION LOCK_TIMEOUT = 100")
    cursor.execute(f"INSERT INTO {unique} VALUES (-2)")
    assert rows(cursor, f"SELECT COUNT(*) FROM {unique}") == [(81,)]
    mine.close()


def test_a_server_killed_at_work_has_every_commit_that_it_answered(
    standin_factory: Callable[..., Any], unique: str
) -> None:
    first = standin_factory()
    connect(first.port, autocommit=True).cursor().execute(
        f"CREATE TABLE {unique} (client INTEGER, n INTEGER)"
    )
    answered: dict[int, int] = {}
    busy = threading.Event()

    def write(number: int) -> None:
        connection = connect(first.port)
        cursor = connection.cursor()
        for n in range(1_000_000):
            try:
                cursor.execute(f"INSERT INTO {unique} VALUES (?, ?)", [number, n])
                connection.commit()
            except Exception:  # noqa: BLE001 - the end of the server, however the driver words it
                return
            answered[number] = n
            if sum(answered.values()) > 200:
                busy.set()

    def kill() -> None:
        assert busy.wait(60)
        os.kill(first.process.pid, signal.SIGKILL)

    failures = in_threads([*(lambda k=number: write(k) for number in range(8)), kill], timeout_s=120)
    first.process.stop()
    again = standin_factory(data=first.data)

    assert failures == []
    found: dict[int, list[int]] = {}
    for number, n in rows(connect(again.port).cursor(), f"SELECT client, n FROM {unique} ORDER BY client, n"):
        found.setdefault(number, []).append(n)
    for number, last in answered.items():
        # The one that was under way may be there, too: it was committed and the answer did not arrive.
        assert found[number] in (list(range(last + 1)), list(range(last + 2)))


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
