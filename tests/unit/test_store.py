"""A snapshot is in the store whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from datetime import datetime, timezone
from pathlib import Path

import pytest

from iris_devtools.errors import ChecksumError, ManifestError, SnapshotNotFoundError, StoreError
from iris_devtools.progress import Reporter, Step
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import MANIFEST_NAME, DatabaseFile, Manifest, TableRows
from iris_devtools.snapshots.snapshot import open_snapshot
from iris_devtools.snapshots.store import Published, Store

CONTENT = b"a database" * 1000


def key(revision: str = "1975ea83b712", fill: str = "a") -> RevisionKey:
    return RevisionKey((revision,), fill * 64, "standin-1")


def make_manifest(wanted: RevisionKey, content: bytes = CONTENT, year: int = 2026) -> Manifest:
    return Manifest(
        fixture_id="users",
        version="1",
        created_at=datetime(year, 1, 2, tzinfo=timezone.utc),
        iris_version="stand-in",
        namespace="APP",
        tables=(TableRows(schema="SQLUser", name="users", rows=3),),
        revisions=wanted.revisions,
        digest=wanted.digest,
        engine=wanted.engine,
        files=(
            DatabaseFile(
                role="both", name="IRIS.DAT", size=len(content), sha256=hashlib.sha256(content).hexdigest()
            ),
        ),
        tool="iris-devtools 0.1.0",
    )


def put(store: Store, wanted: RevisionKey, content: bytes = CONTENT, year: int = 2026) -> Published:
    with store.writer(wanted) as writer:
        (writer.directory / "IRIS.DAT").write_bytes(content)
        return writer.publish(make_manifest(wanted, content, year))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / ".iris-snapshots")


def visible(store: Store) -> list[str]:
    return sorted(path.name for path in store.directory.iterdir() if not path.name.startswith("."))


def test_what_was_published_is_found(store):
    published = put(store, key())

    assert published.first
    assert store.find(key()) == published.snapshot
    assert store.get(key().name) == published.snapshot
    assert store.get("1975") == published.snapshot
    assert store.snapshots() == (published.snapshot,)
    published.snapshot.verify()


def test_a_snapshot_is_one_flat_directory(store):
    put(store, key())

    assert visible(store) == [key().name]
    assert sorted(path.name for path in (store.directory / key().name).iterdir()) == [
        "IRIS.DAT",
        MANIFEST_NAME,
    ]


def test_a_store_that_is_not_there_yet_is_empty(store):
    assert store.find(key()) is None
    assert store.snapshots() == ()
    assert store.clean() == ()
    assert not store.directory.exists()


def test_git_does_not_see_the_store(store, tmp_path):
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    put(store, key())

    status = subprocess.run(
        ["git", "-C", tmp_path, "status", "--porcelain"], check=True, capture_output=True, text=True
    )

    assert status.stdout == ""


def test_a_gitignore_of_the_owner_stays(store):
    store.directory.mkdir()
    (store.directory / ".gitignore").write_text("!*\n")

    put(store, key())

    assert (store.directory / ".gitignore").read_text() == "!*\n"


def test_a_second_publisher_of_a_key_loses_cleanly(store):
    with store.writer(key()) as slow:
        (slow.directory / "IRIS.DAT").write_bytes(b"late")
        first = put(store, key())
        second = slow.publish(make_manifest(key(), b"late"))

    assert first.first and not second.first
    assert second.snapshot == first.snapshot
    assert (first.snapshot.directory / "IRIS.DAT").read_bytes() == CONTENT
    assert store.survey().leftovers == ()


def test_nothing_is_left_of_a_writer_that_fails(store):
    with contextlib.suppress(RuntimeError), store.writer(key()) as writer:
        (writer.directory / "IRIS.DAT").write_bytes(CONTENT)
        raise RuntimeError

    assert store.find(key()) is None
    assert store.survey() == store.survey().__class__((), (), ())
    assert list((store.directory / ".locks").iterdir()) == []


def test_nothing_is_visible_before_publishing(store):
    with store.writer(key()) as writer:
        (writer.directory / "IRIS.DAT").write_bytes(CONTENT)

        assert store.find(key()) is None
        assert store.snapshots() == ()
        assert visible(store) == []


def test_a_living_writer_is_not_swept_away(store):
    with store.writer(key()) as writer:
        assert store.clean() == ()
        put(store, key("other"))

        assert writer.directory.is_dir()


WRITE_AND_STOP = """
import sys
from pathlib import Path
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.store import Store, SnapshotWriter

key = RevisionKey(("1975ea83b712",), "a" * 64, "standin-1")

def stop(*_):
    print("stopped", flush=True)
    sys.stdin.read()

{patch}
with Store(Path(sys.argv[1])).lock(key, doing="builds it"), Store(Path(sys.argv[1])).writer(key) as writer:
    (writer.directory / "IRIS.DAT").write_bytes(b"half")
    {inside}
"""


@pytest.mark.parametrize(
    ("patch", "inside"),
    [
        ("", "stop()"),
        (
            "SnapshotWriter._rename = stop",
            "from test_store import make_manifest; writer.publish(make_manifest(key))",
        ),
    ],
    ids=["while writing", "before the rename"],
)
def test_a_killed_writer_leaves_nothing_visible_and_is_cleaned_up_by_the_next(store, patch, inside):
    program = textwrap.dedent(WRITE_AND_STOP).format(patch=patch, inside=inside)
    with subprocess.Popen(
        [sys.executable, "-c", program, store.directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"stopped\n"
        assert store.clean() == ()
        process.send_signal(signal.SIGKILL)

    survey = store.survey()
    assert (survey.snapshots, survey.broken) == ((), ())
    assert len(survey.leftovers) == 1
    with store.lock(key(), doing="builds it again", timeout_s=0.0):
        assert put(store, key()).first
    assert store.survey().leftovers == ()


def test_a_broken_entry_is_reported_and_hides_nothing(store):
    put(store, key("good"))
    put(store, key("bad"))
    broken = store.directory / key("bad").name
    (broken / MANIFEST_NAME).write_text("{")
    (store.directory / "notes.txt").write_text("not a snapshot, not a directory")

    survey = store.survey()

    assert [snapshot.key for snapshot in survey.snapshots] == [key("good")]
    assert [entry.directory for entry in survey.broken] == [broken]
    assert "not JSON" in str(survey.broken[0].error)
    with pytest.raises(ManifestError):
        store.find(key("bad"))


def test_a_snapshot_under_the_name_of_another_is_broken(store):
    put(store, key("a"))
    (store.directory / key("a").name).rename(store.directory / key("b").name)

    with pytest.raises(ManifestError, match="another key") as caught:
        store.find(key("b"))

    assert key("a").name in caught.value.hint


def test_the_newest_snapshot_comes_first(store):
    for year, revision in ((2024, "a"), (2026, "b"), (2025, "c")):
        put(store, key(revision), year=year)

    assert [snapshot.key.revisions[0] for snapshot in store.snapshots()] == ["b", "c", "a"]


def test_a_name_that_is_not_there_is_answered_with_those_that_are(store):
    put(store, key())

    with pytest.raises(SnapshotNotFoundError) as caught:
        store.get("nothing")

    assert key().name in caught.value.hint


@pytest.mark.parametrize("name", ["", "..", ".locks", "../x", "/", "."])
def test_a_name_never_leaves_the_store(store, name):
    put(store, key())
    put(store, key("other"))

    with pytest.raises(SnapshotNotFoundError):
        store.get(name)


def test_a_start_that_several_names_have_is_no_name(store):
    put(store, key("aa1"))
    put(store, key("aa2"))

    with pytest.raises(SnapshotNotFoundError, match="2 snapshots"):
        store.get("aa")


def test_a_deleted_snapshot_is_gone(store):
    snapshot = put(store, key()).snapshot

    store.delete(snapshot)
    store.delete(snapshot)

    assert store.find(key()) is None
    assert store.survey().leftovers == ()
    assert put(store, key()).first


def test_a_replaced_snapshot_is_the_new_one(store):
    put(store, key(), content=b"old")
    with store.writer(key()) as writer:
        (writer.directory / "IRIS.DAT").write_bytes(b"new")
        published = writer.publish(make_manifest(key(), b"new"), replace=True)

    assert published.first
    assert (store.directory / key().name / "IRIS.DAT").read_bytes() == b"new"
    assert store.survey().leftovers == ()


def test_only_entries_of_the_store_are_deleted(store, tmp_path):
    put(store, key())
    other = tmp_path / "precious"
    other.mkdir()

    for path in (
        other,
        store.directory,
        store.directory / ".locks",
        store.directory / "a" / ".." / ".." / "precious",
    ):
        with pytest.raises(StoreError):
            store.delete(path)
    assert other.is_dir()


def test_a_changed_byte_is_found(store):
    snapshot = put(store, key()).snapshot
    path = snapshot.directory / "IRIS.DAT"
    path.write_bytes(CONTENT[:-1] + b"!")

    with pytest.raises(ChecksumError, match="checksum") as caught:
        snapshot.verify()

    assert caught.value.facts["path"] == path
    assert "nothing was restored" in caught.value.hint


def test_a_file_cut_short_is_found_without_reading_it(store):
    snapshot = put(store, key()).snapshot
    (snapshot.directory / "IRIS.DAT").write_bytes(CONTENT[:-1])

    with pytest.raises(ChecksumError, match="bytes instead of"):
        snapshot.require_sizes()


def test_a_file_that_vanished_is_found(store):
    snapshot = put(store, key()).snapshot
    (snapshot.directory / "IRIS.DAT").unlink()

    with pytest.raises(ChecksumError, match="cannot be read"):
        snapshot.verify()


def test_a_file_is_read_again_only_after_it_changed(store):
    steps: list[str] = []

    class Recorder(Reporter):
        def step(self, description, *, total=None, unit=""):
            steps.append(description)
            return super().step(description, total=total, unit=unit)

    snapshot = put(store, key(), content=b"read once" * 100).snapshot
    snapshot.verify(reporter=Recorder())
    open_snapshot(snapshot.directory).verify(reporter=Recorder())
    assert steps == ["Checking IRIS.DAT"]

    path = snapshot.directory / "IRIS.DAT"
    path.write_bytes(b"READ once" * 100)
    os.utime(path, ns=(0, 0))
    with pytest.raises(ChecksumError):
        snapshot.verify(reporter=Recorder())


def test_a_store_below_a_file_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "file").write_text("")
    store = Store(tmp_path / "file" / "store")

    with pytest.raises(StoreError, match="Cannot write") as caught, store.writer(key()):
        pass

    assert "IRIS_DEVTOOLS_STORE" in caught.value.hint
    assert str(store.directory) in caught.value.message


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_store_that_may_not_be_written_is_refused_with_a_remedy(tmp_path):
    (tmp_path / "store").mkdir(mode=0o755)
    program = """
import os, sys
from pathlib import Path
from test_store import Store, StoreError, key, put

os.chdir(sys.argv[1])  # nobody may not walk down to it
os.setuid(65534)
try:
    put(Store(Path("store")), key())
except StoreError as error:
    print(error)
"""

    result = subprocess.run(
        [sys.executable, "-c", program, tmp_path],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )

    assert result.stdout.startswith("Cannot write the snapshot store store: Permission denied.")
    assert "IRIS_DEVTOOLS_STORE" in result.stdout


class Waiting(Reporter):
    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.waits = threading.Event()

    def step(self, description, *, total=None, unit=""):
        self.reasons.append(description)
        self.waits.set()
        return super()._step(Step(description, total, unit))


def test_who_waits_is_told_for_whom(store):
    waiting = Waiting()
    entered = threading.Event()

    def wait() -> None:
        with store.lock(key(), doing="waits", reporter=waiting):
            entered.set()

    with store.lock(key(), doing="builds snapshot 1975"):
        thread = threading.Thread(target=wait)
        thread.start()
        assert waiting.waits.wait(30)
        assert not entered.is_set()
    thread.join(30)

    assert entered.is_set()
    assert len(waiting.reasons) == 1
    assert f"Waiting for process {os.getpid()} on " in waiting.reasons[0]
    assert "which builds snapshot 1975 (since " in waiting.reasons[0]


def test_a_wait_ends_with_the_name_of_the_holder(store):
    with (
        store.lock(key(), doing="never ends"),
        pytest.raises(StoreError, match="which never ends") as caught,
        store.lock(key(), doing="waits", timeout_s=0.01),
    ):
        pass

    assert str(os.getpid()) in caught.value.facts["holder"]


def test_locks_of_different_keys_do_not_wait_for_each_other(store):
    with store.lock(key("a"), doing="a"), store.lock(key("b"), doing="b", timeout_s=0.0):
        pass


def test_eight_publishers_of_one_key_leave_one_snapshot(store):
    barrier = threading.Barrier(8)
    results: list[Published] = []

    def publish(number: int) -> None:
        content = f"number {number}".encode() * 100
        with store.writer(key()) as writer:
            (writer.directory / "IRIS.DAT").write_bytes(content)
            barrier.wait(30)
            results.append(writer.publish(make_manifest(key(), content)))

    threads = [threading.Thread(target=publish, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sorted(result.first for result in results) == [False] * 7 + [True]
    store.find(key()).verify()
    assert store.survey().leftovers == ()
