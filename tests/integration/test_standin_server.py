"""The stand-in as a process: how it starts, who gets it, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import iris
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_devtools.errors import ServerStartError
from iris_devtools.servers.standin import find_standin, running_standin, start_standin

COMMAND = [sys.executable, "-m", "iris_devtools.cli", "standin"]


def connect(port: int, *, namespace: str = "USER", password: str = "SYS", **options):
    return iris.connect("127.0.0.1", port, namespace, "_SYSTEM", password, timeout=10, **options)


def answers(port: int) -> bool:
    connection = connect(port)
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        return [tuple(row) for row in cursor.fetchall()] == [(1,)]
    finally:
        connection.close()


def run_to_its_end(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def test_the_first_line_is_the_url_and_the_server_is_ready_then(tmp_path):
    process = subprocess.Popen([*COMMAND, "--data", tmp_path], stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        found = re.fullmatch(r"iris://_SYSTEM:SYS@127\.0\.0\.1:(\d+)/USER\n", line)

        assert found, line
        assert answers(int(found[1]))
    finally:
        process.terminate()
        rest = process.communicate(timeout=30)[0]
    assert rest == ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_what_was_committed_stays(tmp_path, number, unique):
    process = subprocess.Popen([*COMMAND, "--data", tmp_path], stdout=subprocess.PIPE, text=True)
    port = int(re.search(r":(\d+)/", process.stdout.readline())[1])
    connection = connect(port, autoCommit=False)
    cursor = connection.cursor()
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    connection.commit()
    cursor.execute(f"INSERT INTO {unique} VALUES (2)")

    process.send_signal(number)
    process.communicate(timeout=30)

    assert process.returncode == 0
    assert not (tmp_path / "standin.json").exists()
    assert not list(tmp_path.rglob("*-wal"))
    with start_standin(data=tmp_path) as again:
        cursor = connect(again.server.port).cursor()
        cursor.execute(f"SELECT a FROM {unique}")
        assert [tuple(row) for row in cursor.fetchall()] == [(1,)]


def test_what_was_committed_survives_a_killed_server(standin_factory, unique):
    first = standin_factory()
    connection = connect(first.port, autoCommit=False)
    cursor = connection.cursor()
    cursor.execute(f"CREATE TABLE {unique} (a INTEGER)")
    cursor.execute(f"INSERT INTO {unique} VALUES (1)")
    connection.commit()
    cursor.execute(f"INSERT INTO {unique} VALUES (2)")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.stop()

    again = standin_factory(data=first.data)

    cursor = connect(again.port).cursor()
    cursor.execute(f"SELECT a FROM {unique}")
    assert [tuple(row) for row in cursor.fetchall()] == [(1,)]


def test_a_second_server_on_the_same_data_names_the_first(standin):
    result = run_to_its_end("--data", standin.data)

    assert result.returncode == 4
    assert result.stdout == ""
    assert str(standin.process.pid) in result.stderr
    assert str(standin.port) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_is_a_clear_error(standin, tmp_path):
    result = run_to_its_end("--data", tmp_path / "other", "--port", standin.port)

    assert result.returncode == 4
    assert f"127.0.0.1:{standin.port}" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken_leaves_no_lock_behind(standin, tmp_path):
    run_to_its_end("--data", tmp_path, "--port", standin.port)

    with start_standin(data=tmp_path) as process:
        assert answers(process.server.port)


def test_a_start_that_fails_shows_the_end_of_the_log(standin, tmp_path):
    with pytest.raises(ServerStartError) as caught:
        start_standin(data=tmp_path, port=standin.port)

    assert "cannot listen" in caught.value.message
    assert caught.value.facts["exit_code"] == 4
    assert Path(caught.value.facts["log"]).exists()


def test_a_data_directory_that_cannot_be_made_is_an_error_that_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    for start in (start_standin, running_standin):
        with pytest.raises(ServerStartError, match=r"keep its databases in .*: Not a directory") as caught:
            start(data=tmp_path / "file" / "standin")
        assert "IRIS_DEVTOOLS_DATA_DIRECTORY" in caught.value.hint


def test_what_the_project_keeps_of_a_server_stays_out_of_git(tmp_path):
    kept = tmp_path / ".iris-devtools"
    with start_standin(data=kept / "standin"):
        assert (kept / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_damaged_data_directory_is_an_error_and_not_a_traceback(tmp_path):
    (tmp_path / "mgr").mkdir()
    (tmp_path / "mgr" / "IRIS.DAT").write_bytes(b"no database" * 100)

    result = run_to_its_end("--data", tmp_path)

    assert result.returncode == 4
    assert str(tmp_path) in result.stderr
    assert "Traceback" not in result.stderr


def test_a_running_server_is_found_and_shared(standin):
    with running_standin(standin.data) as found:
        assert (found.pid, found.started_here) == (standin.process.pid, False)
    assert find_standin(standin.data) == standin.server
    assert answers(standin.port)


def test_nobody_is_found_where_nobody_serves(tmp_path):
    assert find_standin(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_a_state_file_that_a_killed_server_left_behind_deceives_nobody(standin_factory):
    first = standin_factory()
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.stop()
    assert (first.data / "standin.json").exists()

    assert find_standin(first.data) is None
    with running_standin(first.data) as again:
        assert again.started_here
        assert again.pid != first.process.pid
        assert answers(again.server.port)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}', '{"pid": "x", "port": "y", "host": 1}'])
def test_a_state_file_without_sense_is_no_server(tmp_path, content):
    (tmp_path / "standin.json").write_text(content)

    assert find_standin(tmp_path) is None


def test_processes_that_ask_at_once_share_one_server(tmp_path):
    program = (
        "import sys, pathlib\n"
        "from iris_devtools.servers.standin import running_standin\n"
        "process = running_standin(pathlib.Path(sys.argv[1]))\n"
        "print(process.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    try:
        pids = {process.stdout.readline().strip() for process in asking}
        assert len(pids) == 1
        assert int(next(iter(pids))) > 0
    finally:
        for process in asking:
            process.communicate(timeout=30)


OWNER = """
import os, sys, pathlib
from iris_devtools.servers.standin import running_standin
process = running_standin(pathlib.Path(sys.argv[1]))
print(process.pid, process.server.port, flush=True)
sys.stdin.read()
os._exit(0)
"""


def _owner(data: Path) -> tuple[subprocess.Popen[str], int, int]:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    pid, port = map(int, owner.stdout.readline().split())
    return owner, pid, port


def _wait_until_gone(port: int, *, timeout_s: float = 20) -> None:
    """Wait for the end of a server, which closes the connections of its clients."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
            assert connection.recv(1) == b""
    except ConnectionError:
        return


def test_a_server_ends_when_its_owner_is_killed(tmp_path):
    owner, _, port = _owner(tmp_path)
    owner.kill()
    owner.communicate(timeout=30)

    _wait_until_gone(port)
    with start_standin(data=tmp_path) as again:
        assert answers(again.server.port)


def test_a_server_stays_while_another_process_uses_it(tmp_path):
    first, pid, port = _owner(tmp_path)
    second, same_pid, _ = _owner(tmp_path)
    assert same_pid == pid

    first.kill()
    first.communicate(timeout=30)
    assert answers(port)
    second.kill()
    second.communicate(timeout=30)

    _wait_until_gone(port)


def test_whoever_started_a_server_cannot_take_it_from_others(tmp_path):
    starter = start_standin(data=tmp_path)
    other = running_standin(tmp_path)
    port = starter.server.port
    starter.stop()
    assert answers(port)

    other.stop()

    _wait_until_gone(port)


def test_stopping_twice_is_fine(tmp_path):
    process = start_standin(data=tmp_path)
    process.stop()
    process.stop()
    assert find_standin(tmp_path) is None


def test_a_server_that_shall_stay_outlives_its_starter(tmp_path):
    program = (
        "import sys, os, pathlib\n"
        "from iris_devtools.servers.standin import start_standin\n"
        "process = start_standin(data=pathlib.Path(sys.argv[1]), stay=True)\n"
        "print(process.server.port, flush=True)\n"
        "os._exit(0)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path], capture_output=True, text=True, timeout=60, check=True
    )
    try:
        assert answers(int(result.stdout))
    finally:
        state = json.loads((tmp_path / "standin.json").read_text())
        os.kill(state["pid"], signal.SIGTERM)


def test_the_connection_limit_refuses_the_next_login_and_no_other(standin_factory):
    limited = standin_factory(connections=2)
    first, second = connect(limited.port), connect(limited.port)

    with pytest.raises(RuntimeError, match="LICENSE LIMIT EXCEEDED"):
        connect(limited.port)

    second.close()
    assert _eventually_connects(limited.port)
    first.close()


def _eventually_connects(port: int) -> bool:
    """A place is free when the server has noticed the good-bye, which it reads after close() returned."""
    for _ in range(500):
        try:
            connect(port).close()
        except RuntimeError:
            continue
        return True
    return False


def test_a_fresh_server_may_demand_another_password(standin_factory):
    fresh = standin_factory(change_password=True)

    with pytest.raises(RuntimeError, match="Password change required"):
        connect(fresh.port)


def test_a_client_that_never_logs_in_is_in_nobodys_way(standin):
    silent = [socket.create_connection((standin.host, standin.port)) for _ in range(20)]
    half = socket.create_connection((standin.host, standin.port))
    half.sendall(struct.pack("<III2s", 100, 1, 0, b"HS") + b"half")
    try:
        assert answers(standin.port)
    finally:
        for connection in (*silent, half):
            connection.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=120), max_size=4))
def test_garbage_on_the_port_hurts_nobody(standin, chunks):
    with socket.create_connection((standin.host, standin.port), timeout=5) as connection:
        try:
            for chunk in chunks:
                connection.sendall(chunk)
        except ConnectionError:
            pass
    assert answers(standin.port)


GREETING = struct.pack("<III2s", 2, 1, 0, b"HS") + b"\x45\x00"
KINDS = [
    b"PP",
    b"PQ",
    b"PU",
    b"DQ",
    b"DU",
    b"FD",
    b"OE",
    b"SS",
    b"JS",
    b"CS",
    b"SP",
    b"SU",
    b"AN",
    b"\x4b\xc2",
]


def _scrambled(text: str) -> str:
    scrambled = []
    for index, char in enumerate(reversed(text)):
        low = ((ord(char) ^ 0xA7) + index) & 0xFF
        scrambled.append(chr((low << 5 | low >> 3) & 0xFF))
    return "".join(scrambled)


def _login_message() -> bytes:
    from iris_devtools.standin.wire.items import encode_row

    data = encode_row(
        ["USER", _scrambled("_SYSTEM"), _scrambled("SYS"), "me\0", "x\0", "y\0", "z", "SHM|", "", 1, 1, 32]
    )
    return struct.pack("<III2s", len(data), 3, 0, b"CN") + data


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(KINDS), st.binary(max_size=80), st.integers(0, 3)), max_size=6))
def test_garbage_after_the_login_hurts_nobody(standin, requests):
    with socket.create_connection((standin.host, standin.port), timeout=5) as connection:
        try:
            connection.sendall(GREETING + _login_message())
            for index, (kind, data, statement) in enumerate(requests):
                connection.sendall(struct.pack("<III2s", len(data), 5 + 2 * index, statement, kind) + data)
            connection.sendall(struct.pack("<III2s", 0, 0, 0, b"DC"))
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass
    assert answers(standin.port)


def test_a_client_that_does_not_read_its_answers_is_in_nobodys_way(standin, unique):
    setup = connect(standin.port)
    cursor = setup.cursor()
    cursor.execute(f"CREATE TABLE {unique} (a VARCHAR(30000))")
    cursor.executemany(f"INSERT INTO {unique} VALUES (?)", [["x" * 30000]] * 500)
    setup.close()
    deaf = socket.create_connection((standin.host, standin.port))
    from iris_devtools.standin.wire.items import encode_row

    query = encode_row([1, f"SELECT a FROM {unique}", 0, 1, 0, 0, 0])
    deaf.sendall(GREETING + _login_message() + struct.pack("<III2s", len(query), 5, 1, b"DQ") + query)
    try:
        other = connect(standin.port)
        cursor = other.cursor()
        cursor.execute(f"DROP TABLE {unique}")
        other.close()
    finally:
        deaf.close()


def test_many_clients_come_and_go_at_once(standin):
    failures = []

    def come_and_go() -> None:
        try:
            for _ in range(10):
                assert answers(standin.port)
        except Exception as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=come_and_go) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert failures == []
