"""A server that was killed: what was committed is there at the next start, what was not is gone."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from iris_devtools.standin.instance import Instance

SERVER = """
import sys
from pathlib import Path
from iris_devtools.standin.instance import Instance

instance = Instance(Path(sys.argv[1]))
instance.start()
instance.create_sql_database("two")
for namespace in ("USER", "TWO"):
    connection = instance.open_process("_SYSTEM", "SYS", namespace=namespace).lease.connection
    connection.execute("CREATE TABLE t (a)")
    connection.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(100)])
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t VALUES ('open')")
database = instance.databases.at("user")
instance.databases.at("two/C").dismount(grace_s=0, limit_s=1)
print("ready", flush=True)
sys.stdin.read()
"""


def run_and_kill(data: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    run_and_kill(tmp_path / "data")
    return tmp_path / "data"


def test_committed_rows_survive_and_open_ones_do_not(killed: Path) -> None:
    assert (killed / "mgr" / "user" / "IRIS.DAT-wal").stat().st_size > 0

    with Instance(killed) as instance:
        for namespace in ("USER", "TWO"):
            connection = instance.open_process("_SYSTEM", "SYS", namespace=namespace).lease.connection
            rows = [a for (a,) in connection.execute("SELECT a FROM t ORDER BY a")]
            assert rows == list(range(100))


def test_the_killed_server_s_lock_file_and_dismount_are_forgotten(killed: Path) -> None:
    assert (killed / "mgr" / "user" / "iris.lck").exists()

    with Instance(killed) as instance:
        instance.open_process("_SYSTEM", "SYS", namespace="TWO").close()
        instance.databases.at("user").mount()

    assert list(killed.rglob("*-wal")) == []
    assert list(killed.rglob("iris.lck")) == []


def test_a_file_of_a_killed_server_must_not_be_swapped_without_its_log(killed: Path) -> None:
    """The log of the old file is written into whatever lies there, as IRIS's journal is (iris-facts 2.3)."""
    with Instance(killed) as instance:
        user = instance.databases.at("user")
        user.mount()
        instance.dismount(user)

        assert [user.path] == list(user.directory.iterdir())
