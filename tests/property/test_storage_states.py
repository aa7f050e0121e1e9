"""A database through any sequence of mounts, dismounts, swaps and restarts behaves like three words and a
dictionary.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from iris_devtools.standin.errors import LoginRefused, ObjectScriptError
from iris_devtools.standin.instance import Instance, Options, Process
from iris_devtools.standin.storage.database import LOCK_NAME, Database, State
from iris_devtools.standin.storage.errors import StorageError


class Mounting(RuleBasedStateMachine):
    """The model: the state, the rows that were committed, those of each saved copy, and who is connected."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="states"))
        self.instance = Instance(self.root / "data", Options(grace_s=0, limit_s=5, synchronous="OFF"))
        self.instance.start()
        self.state = State.UNMOUNTED
        self.rows: set[int] = set()
        self.copy: set[int] | None = None
        self.sessions: list[tuple[Process, set[int]]] = []
        self.next = 0

    @property
    def database(self) -> Database:
        return self.instance.databases.at("user")

    @property
    def kept(self) -> Path:
        return self.root / "kept.dat"

    def login(self) -> Process:
        return self.instance.open_process("_SYSTEM", "SYS", namespace="USER")

    @initialize()
    def table(self) -> None:
        process = self.login()
        process.lease.connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        process.close()
        self.state = State.MOUNTED

    @rule()
    def enter(self) -> None:
        if self.state is State.DISMOUNTED:
            try:
                self.login()
            except LoginRefused as exc:
                assert exc.text.startswith("<DIRECTORY>Logon")
                return
            raise AssertionError("entered a dismounted database")
        process = self.login()
        self.state = State.MOUNTED
        found = {a for (a,) in process.lease.connection.execute("SELECT a FROM t")}
        assert found == self.rows
        self.sessions.append((process, set()))

    @precondition(lambda self: self.sessions)
    @rule()
    def commit_a_row(self) -> None:
        process, pending = self.sessions[-1]
        if any(other_pending for other, other_pending in self.sessions if other is not process):
            return
        process.lease.connection.execute("INSERT INTO t VALUES (?)", (self.next,))
        (pending if process.lease.in_transaction else self.rows).add(self.next)
        self.next += 1

    @precondition(lambda self: self.sessions and not any(p for _, p in self.sessions))
    @rule()
    def begin_and_write(self) -> None:
        process, pending = self.sessions[0]
        process.lease.connection.execute("BEGIN IMMEDIATE")
        process.lease.connection.execute("INSERT INTO t VALUES (?)", (self.next,))
        pending.add(self.next)
        self.next += 1

    @precondition(lambda self: any(p for _, p in self.sessions))
    @rule()
    def commit(self) -> None:
        process, pending = next(s for s in self.sessions if s[1])
        process.lease.connection.execute("COMMIT")
        self.rows |= pending
        pending.clear()

    @precondition(lambda self: self.sessions)
    @rule()
    def leave(self) -> None:
        process, _ = self.sessions.pop(0)
        process.close()

    @rule()
    def dismount(self) -> None:
        self.instance.dismount(self.database)
        if self.state is State.MOUNTED:
            self.state = State.DISMOUNTED
        self.lose_sessions()

    @rule()
    def mount(self) -> None:
        try:
            self.database.mount()
        except StorageError as exc:
            assert exc.code == 19
            assert self.state is State.MOUNTED
            return
        assert self.state is not State.MOUNTED
        self.state = State.MOUNTED

    @precondition(lambda self: self.state is State.DISMOUNTED)
    @rule()
    def save_a_copy(self) -> None:
        shutil.copyfile(self.database.path, self.kept)
        self.copy = set(self.rows)

    @precondition(lambda self: self.state is State.DISMOUNTED and self.copy is not None)
    @rule()
    def swap(self) -> None:
        assert self.copy is not None
        self.database.path.unlink()
        shutil.copyfile(self.kept, self.database.path)
        self.rows = set(self.copy)

    @rule()
    def restart(self) -> None:
        self.instance.stop()
        self.instance.start()
        self.sessions.clear()
        self.state = State.UNMOUNTED

    def lose_sessions(self) -> None:
        for process, _ in self.sessions:
            try:
                process.lease.check()
            except ObjectScriptError as exc:
                assert exc.name == "DIRECTORY"
            else:
                raise AssertionError("a lease outlived the dismount")
            process.close()
        self.sessions.clear()

    @invariant()
    def the_state_is_the_model_s(self) -> None:
        assert self.database.state is self.state
        assert len(self.instance.processes) == len(self.sessions)

    @invariant()
    def what_is_not_mounted_is_one_complete_file(self) -> None:
        names = {p.name for p in self.database.directory.iterdir()}
        if self.state is State.MOUNTED:
            assert {"IRIS.DAT", LOCK_NAME} <= names
        else:
            assert names == {"IRIS.DAT"}

    def teardown(self) -> None:
        self.instance.stop()
        shutil.rmtree(self.root)


TestMounting = Mounting.TestCase
TestMounting.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
