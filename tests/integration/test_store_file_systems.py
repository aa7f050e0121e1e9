"""Real file systems: mounted read-only, or full; and two hundred sessions at one store.

Mounts are made in a mount namespace of a child process, so nothing is left of them whatever happens.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iris_devtools.admin import Admin
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store

UNSHARE = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]


def mounted(mount: str, place: Path, program: str, *arguments: object, text: str = "") -> str:
    """Run a Python program after ``mount ... place`` in a child, or skip where that is refused."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here, so nothing can be mounted")
    place.mkdir(exist_ok=True)
    tried = subprocess.run(
        [*UNSHARE, "sh", "-c", f'mount {mount} "$0"', place], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        pytest.skip(f"mount {mount} is refused here: {tried.stderr.strip()}")
    ended = subprocess.run(
        [
            *UNSHARE,
            "sh",
            "-c",
            f'mount {mount} "$0" && exec "$@"',
            place,
            sys.executable,
            "-c",
            program,
            *map(str, arguments),
        ],
        input=text,
        # As root of a namespace this user may not write where the machine's root has its locks.
        env={**os.environ, "TMPDIR": str(place.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


ADMIN = """
import json, sys
from pathlib import Path
from iris_devtools.admin import Admin
from iris_devtools.errors import IrisDevtoolsError
from iris_devtools.provision import restore_namespace
from iris_devtools.servers.server import Server
from iris_devtools.snapshots import leases, retention
from iris_devtools.snapshots.capture import capture
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store

directory, host, port, username, namespace = sys.argv[1:]
server = Server("standin", host, int(port), username, sys.stdin.readline().strip(), local_files=True)
store = Store(Path(directory), compression=3)
admin = Admin.connect(server).__enter__()
key = RevisionKey(("b2",), "b" * 64, admin.engine)

def refusal(action):
    try:
        action()
    except IrisDevtoolsError as error:
        return f"{type(error).__name__}: {error}"
"""


@pytest.fixture
def namespace(admin: Admin, unique: str):
    name = f"MOUNT{unique}".upper()
    admin.create_namespace(name)
    with admin.connection(name) as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE patient (id INTEGER, body VARCHAR(32000))")
        for number in range(150):
            cursor.execute("INSERT INTO patient VALUES (?, ?)", [number, os.urandom(10_000).hex()])
        cursor.close()
    yield name
    admin.drop_namespace(name, missing_ok=True, terminate=True)


def address(standin) -> list[object]:
    return [standin.server.host, standin.server.port, standin.server.username]


def rows(admin: Admin, namespace: str) -> int:
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT COUNT(*) FROM patient")
        (count,) = cursor.fetchone()
        cursor.close()
    return count


def test_a_store_on_a_read_only_mount_is_used_and_what_would_write_says_so(
    standin, admin, namespace, tmp_path
):
    store = Store(tmp_path / "store", compression=3)
    taken = capture(
        admin, namespace=namespace, store=store, key=RevisionKey(("a1",), "a" * 64, admin.engine)
    ).snapshot
    with admin.connection(namespace) as connection:
        cursor = connection.cursor()
        cursor.execute("DELETE FROM patient")
        cursor.close()
    program = f"""{ADMIN}
(snapshot,) = store.snapshots()
snapshot.verify()
held = leases.hold(snapshot)
restore_namespace(admin, snapshot, namespace=namespace, thoroughness="rows")
print(json.dumps({{
    "held": held,
    "survey": [len(store.survey().broken), len(store.survey().leftovers)],
    "capture": refusal(lambda: capture(admin, namespace=namespace, store=store, key=key)),
    "remove": refusal(lambda: retention.remove(store, snapshot)),
    "lock": refusal(lambda: store.lock(key, doing="builds").__enter__()),
    "clean": store.clean(),
}}))
"""

    found = json.loads(
        mounted(
            f'--bind -o ro "{store.directory}"',
            tmp_path / "mounted",
            program,
            tmp_path / "mounted",
            *address(standin),
            namespace,
            text=f"{standin.server.password}\n",
        )
    )

    assert found["held"] is False
    assert found["survey"] == [0, 0]
    for verb in ("capture", "remove", "lock"):
        assert "StoreError" in found[verb]
        assert "Read-only file system" in found[verb]
    assert found["clean"] == []
    assert rows(admin, namespace) == 150
    assert [one.name for one in store.snapshots()] == [taken.name]


def test_a_full_disk_leaves_no_snapshot_and_a_mounted_database(standin, admin, namespace, tmp_path):
    """A file system of one megabyte, for a snapshot that needs more."""
    program = f"""{ADMIN}
said = refusal(lambda: capture(admin, namespace=namespace, store=store, key=key))
survey = store.survey()
left = sorted(path.name for path in store.directory.iterdir() if not path.name.startswith("."))
print(json.dumps({{"said": said, "survey": [len(part) for part in
    (survey.snapshots, survey.broken, survey.leftovers)], "left": left}}))
"""

    found = json.loads(
        mounted(
            "-t tmpfs -o size=1m tmpfs",
            tmp_path / "mounted",
            program,
            tmp_path / "mounted" / "store",
            *address(standin),
            namespace,
            text=f"{standin.server.password}\n",
        )
    )

    assert "No space left on device" in found["said"]
    assert "See that the disk has room" in found["said"]
    assert (found["survey"], found["left"]) == ([0, 0, 0], [])
    assert rows(admin, namespace) == 150


SESSIONS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_store import put
from iris_devtools.snapshots import leases
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store

keys = [RevisionKey((f"r{number}",), f"{number:064x}", "standin-1") for number in range(5)]
sys.stdin.readline()

def session(number):
    store = Store(Path(sys.argv[1]))
    key = keys[number % len(keys)]
    found, built = store.find(key), 0
    if found is None:
        with store.lock(key, doing="builds"):
            found = store.find(key)
            if found is None:
                found, built = put(store, key).snapshot, 1
    found.verify()
    assert found.key == key and leases.hold(found)
    assert key in {one.key for one in store.snapshots()} and not store.survey().broken
    return built

with ThreadPoolExecutor(50) as pool:
    print(sum(pool.map(session, range(50))))
"""


def test_two_hundred_sessions_at_once_find_or_build_each_key_once_and_leave_no_lock(tmp_path):
    """Four processes of fifty threads, all of which want one of five keys."""
    unit = Path(__file__).parent.parent / "unit"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SESSIONS, tmp_path / "store", unit],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    ended = [process.communicate(timeout=120) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4, ended
    assert sum(int(out) for out, _ in ended) == 5
    store = Store(tmp_path / "store")
    assert [len(part) for part in vars(store.survey()).values()] == [5, 0, 0]
    for snapshot in store.snapshots():
        snapshot.verify()
        with store.lock(snapshot.key, doing="looks", timeout_s=0.0):
            pass
    assert store.clean() == ()
    assert list(store.directory.glob(".locks/.tmp-*")) == []
