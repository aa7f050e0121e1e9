"""A shared store shows a snapshot whole or not at all, and what comes from it is not believed."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem

from iris_devtools.errors import (
    ChecksumError,
    ConfigurationError,
    IrisDevtoolsError,
    ManifestError,
    SnapshotNotFoundError,
    StoreError,
)
from iris_devtools.progress import Reporter
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.sharing import SharedStore
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store
from tests.publishing import publish

KEY = RevisionKey(("a1",), "a" * 64, "standin-1")
NAME = KEY.name
CONTENT = os.urandom(200_000)


def put(store: Store, content: bytes = CONTENT, key: RevisionKey = KEY, *, fixture_id: str = "a") -> Snapshot:
    return publish(store, content, key, fixture_id=fixture_id)


def data(snapshot: Snapshot) -> bytes:
    return b"".join(snapshot.pieces(snapshot.manifest.files[0]))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """The store of somebody else."""
    return Store(tmp_path / "other")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def shared(place: Path) -> SharedStore:
    return SharedStore(place.as_uri(), delay_s=0.0)


@pytest.fixture(params=["file", "path", "memory"])
def any_shared(request: pytest.FixtureRequest, place: Path) -> SharedStore:
    url = {"file": place.as_uri(), "path": str(place), "memory": f"memory://{place}"}[request.param]
    return SharedStore(url, delay_s=0.0)


def survey(store: Store) -> tuple[object, ...]:
    found = store.survey()
    return (found.snapshots, found.broken, found.leftovers)


def test_what_was_pushed_is_pulled_by_another(store, other, any_shared):
    pushed = any_shared.push(put(store))
    pulled = any_shared.pull(NAME, other)

    assert (pushed.first, pulled.first) == (True, True)
    assert data(pulled.snapshot) == CONTENT
    assert other.find(KEY) == pulled.snapshot
    assert any_shared.names() == (NAME,)
    assert any_shared.pull(NAME, other).first is False


def test_an_empty_shared_store_has_nothing(any_shared, other):
    assert any_shared.names() == ()
    with pytest.raises(SnapshotNotFoundError, match=NAME):
        any_shared.pull(NAME, other)
    assert not other.directory.exists()


def test_what_is_there_stays_unless_it_is_replaced(store, other, any_shared, tmp_path):
    any_shared.push(put(store))
    newer = put(other, b"newer")

    assert any_shared.push(newer).first is False
    assert data(any_shared.pull(NAME, Store(tmp_path / "third")).snapshot) == CONTENT
    assert any_shared.push(newer, replace=True).first is True
    assert data(any_shared.pull(NAME, Store(tmp_path / "fourth")).snapshot) == b"newer"


def test_a_shared_store_for_reading_is_not_written(store, other, place):
    snapshot = put(store)
    SharedStore(str(place)).push(snapshot)
    reading = SharedStore(str(place), read_only=True)

    with pytest.raises(StoreError, match="for reading only"):
        reading.push(snapshot, replace=True)
    assert data(reading.pull(NAME, other).snapshot) == CONTENT


def test_a_damaged_snapshot_is_not_pushed(store, shared, place):
    snapshot = put(store)
    path = snapshot.path(snapshot.manifest.files[0])
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with pytest.raises(ChecksumError):
        shared.push(snapshot)
    assert not place.exists()


def test_a_pulled_snapshot_is_not_read_again_to_verify_it(store, other, shared):
    steps: list[str] = []

    class Recorder(Reporter):
        def step(self, description, *, total=None, unit=""):
            steps.append(description)
            return super().step(description, total=total, unit=unit)

    shared.push(put(store))
    pulled = shared.pull(NAME, other, reporter=Recorder())
    pulled.snapshot.verify(reporter=Recorder())

    assert steps == [f"Pulling IRIS.DAT.zst of {NAME}", "Checking IRIS.DAT.zst"]


# Tricks: each makes something of a good shared store that has to be refused.


def manifest_path(place: Path) -> Path:
    return place / NAME / "manifest.json"


def remote_file(place: Path) -> Path:
    (found,) = place.glob(f"{NAME}/*/IRIS.DAT.zst")
    return found


def edit(place: Path, change: Callable[[dict], None]) -> None:
    """Change the manifest, and put the files where readers of the changed one look for them."""
    path = manifest_path(place)
    raw = json.loads(path.read_text())
    change(raw)
    path.write_text(json.dumps(raw))
    import hashlib

    token = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    (old,) = [each for each in (place / NAME).iterdir() if each.is_dir()]
    old.rename(place / NAME / token)


def named(name: str) -> Callable[[Path], None]:
    def trick(place: Path) -> None:
        edit(place, lambda raw: raw["files"][0].update(name=name))

    trick.__name__ = f"a file named {name}"
    return trick


def another_byte(place):
    path = remote_file(place)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(place):
    path = remote_file(place)
    path.write_bytes(path.read_bytes()[:-10])


def file_missing(place):
    remote_file(place).unlink()


def file_is_a_link(place):
    path = remote_file(place)
    path.rename(place / "elsewhere")
    path.symlink_to(place / "elsewhere")


def directory_is_a_link(place):
    directory = remote_file(place).parent
    directory.rename(place / "elsewhere")
    directory.symlink_to(place / "elsewhere")


def snapshot_is_a_link(place):
    (place / NAME).rename(place / "elsewhere")
    (place / NAME).symlink_to(place / "elsewhere")


def manifest_is_a_link(place):
    path = manifest_path(place)
    path.rename(place / "elsewhere")
    path.symlink_to(place / "elsewhere")


def manifest_is_a_directory(place):
    manifest_path(place).unlink()
    manifest_path(place).mkdir()


def newer_format(place):
    edit(place, lambda raw: raw.update(schema_version=99))


def another_key(place):
    edit(place, lambda raw: raw.update(digest="b" * 64))


def no_json(place):
    manifest_path(place).write_text("{")


def larger_than_it_says(place):
    """A compression bomb: the file says that it holds a few bytes."""
    edit(place, lambda raw: raw["files"][0].update(size=10))


def enormous_manifest(place):
    with manifest_path(place).open("r+b") as stream:
        stream.truncate(20_000_000)


@pytest.mark.parametrize(
    ("trick", "error"),
    [
        (named("../../escaped"), ManifestError),
        (named("/tmp/escaped"), ManifestError),
        (named("manifest.json"), ManifestError),
        (named(".gitignore"), ManifestError),
        (another_byte, ChecksumError),
        (cut_short, ChecksumError),
        (file_missing, ChecksumError),
        (file_is_a_link, ManifestError),
        (directory_is_a_link, ManifestError),
        (snapshot_is_a_link, ManifestError),
        (manifest_is_a_link, ManifestError),
        (manifest_is_a_directory, ManifestError),
        (newer_format, ManifestError),
        (another_key, ManifestError),
        (no_json, ManifestError),
        (larger_than_it_says, ChecksumError),
        (enormous_manifest, ManifestError),
    ],
    ids=lambda each: each.__name__,
)
def test_tricks_are_refused_and_nothing_is_stored(store, other, shared, place, trick, error):
    shared.push(put(store))
    trick(place)
    before = sorted(path for path in place.parent.rglob("*") if other.directory not in path.parents)

    with pytest.raises(error) as caught:
        shared.pull(NAME, other)

    assert caught.value.hint
    assert survey(other) == ((), (), ())
    after = sorted(path for path in place.parent.rglob("*") if other.directory not in path.parents)
    assert [path for path in after if path not in before] in ([], [other.directory])


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "", ".", "a/b", "a\\b"])
def test_a_name_never_leaves_the_shared_store(store, other, shared, name):
    shared.push(put(store))

    with pytest.raises(SnapshotNotFoundError):
        shared.pull(name, other)


# Publishers that are two, or die.


def test_two_publishers_at_once_leave_one_whole_snapshot(tmp_path, shared, place):
    stores = [Store(tmp_path / f"store{number}") for number in range(6)]
    snapshots = [put(store, os.urandom(50_000), fixture_id=f"f{index}") for index, store in enumerate(stores)]
    barrier = threading.Barrier(len(snapshots))

    def push(snapshot: Snapshot) -> None:
        own = SharedStore(place.as_uri(), delay_s=0.0)
        barrier.wait(30)
        own.push(snapshot, replace=True)

    threads = [threading.Thread(target=push, args=(snapshot,)) for snapshot in snapshots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    pulled = shared.pull(NAME, Store(tmp_path / "reader")).snapshot
    assert data(pulled) in [data(snapshot) for snapshot in snapshots]
    assert list(place.rglob("*.part")) == []


DIE = """
import os, signal, sys
from pathlib import Path
from iris_devtools.snapshots import sharing, snapshot, store
from iris_devtools.snapshots.store import Store
from iris_devtools.snapshots.sharing import SharedStore

place, directory, verb, owner, method, when, count = sys.argv[1:]
owner = {"SharedStore": SharedStore, "SnapshotWriter": store.SnapshotWriter, "fs": None}[owner]
shared = SharedStore(place, delay_s=0.0)
if owner is None:
    owner = type(shared._fs)
wrapped = getattr(owner, method)
calls = 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    mine = calls == int(count)
    if mine and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    if mine and when == "half":
        local, target = args[1:3] if verb == "push" else (args[2], args[2])
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_bytes(b"half of it")
        os.kill(os.getpid(), signal.SIGKILL)
    found = wrapped(*args, **kwargs)
    if mine:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

setattr(owner, method, dying)
own = Store(Path(directory))
if verb == "push":
    (mine,) = own.snapshots()
    shared.push(mine)
else:
    (name,) = shared.names()
    shared.pull(name, own)
"""

DEATHS = [
    ("push", "SharedStore", "_place", "before", 1),
    ("push", "fs", "put_file", "half", 1),
    ("push", "fs", "put_file", "after", 1),
    ("push", "fs", "mv", "after", 1),
    ("push", "SharedStore", "_place", "before", 2),
    ("push", "fs", "put_file", "half", 2),
    ("push", "fs", "put_file", "after", 2),
    ("pull", "SharedStore", "_fetch", "before", 1),
    ("pull", "fs", "get_file", "half", 1),
    ("pull", "fs", "get_file", "after", 1),
    ("pull", "SnapshotWriter", "publish", "before", 1),
    ("pull", "SnapshotWriter", "_rename", "before", 1),
]


@pytest.mark.parametrize(("verb", "owner", "method", "when", "count"), DEATHS)
def test_one_that_is_killed_leaves_nothing_visible_and_the_next_goes_through(
    store, other, shared, place, verb, owner, method, when, count
):
    snapshot = put(store)
    if verb == "pull":
        shared.push(snapshot)
    directory = store.directory if verb == "push" else other.directory
    ended = subprocess.run(
        [sys.executable, "-c", DIE, place, directory, verb, owner, method, when, str(count)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr

    if verb == "push":
        assert shared.names() == ()
        assert shared.push(snapshot).first
    else:
        assert (other.snapshots(), other.survey().broken) == ((), ())
    assert data(shared.pull(NAME, other).snapshot) == CONTENT
    assert other.survey().leftovers == ()


# A network that fails, and one that is slow.


class Flaky(LocalFileSystem):
    """A file system behind a bad network: the first ``failures`` calls of each kind fail."""

    protocol = "flaky"
    cachable = False
    failures = 0
    error: BaseException = TimeoutError("the network is slow")
    calls: dict[str, int]

    def _fail(self, kind: str) -> None:
        Flaky.calls[kind] = Flaky.calls.get(kind, 0) + 1
        if Flaky.calls[kind] <= Flaky.failures:
            raise Flaky.error

    def put_file(self, *args, **kwargs):
        self._fail("put")
        return super().put_file(*args, **kwargs)

    def get_file(self, *args, **kwargs):
        self._fail("get")
        return super().get_file(*args, **kwargs)

    def info(self, *args, **kwargs):
        self._fail("info")
        return super().info(*args, **kwargs)

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return LocalFileSystem._strip_protocol(str(path).removeprefix("flaky://"))


@pytest.fixture
def flaky(place: Path) -> SharedStore:
    fsspec.register_implementation("flaky", Flaky, clobber=True)
    Flaky.calls = {}
    Flaky.failures = 0
    Flaky.error = TimeoutError("the network is slow")
    return SharedStore(f"flaky://{place}", delay_s=0.0)


def test_what_fails_on_the_way_is_tried_again(store, other, flaky):
    Flaky.failures = 3

    flaky.push(put(store))
    Flaky.calls = {}

    assert data(flaky.pull(NAME, other).snapshot) == CONTENT
    assert Flaky.calls["get"] == 4


def test_what_fails_for_ever_is_an_error_that_says_how_often(store, other, flaky):
    flaky.push(put(store))
    Flaky.failures, Flaky.calls = 99, {}

    with pytest.raises(StoreError, match=r"the network is slow \(4 attempts\)"):
        flaky.pull(NAME, other)

    assert survey(other) == ((), (), ())


@pytest.mark.parametrize("error", [PermissionError("no"), OSError(errno.ENOSPC, "full")])
def test_what_cannot_pass_is_not_tried_again(store, flaky, error):
    Flaky.failures, Flaky.error = 99, error

    with pytest.raises(StoreError):
        flaky.push(put(store))

    assert max(Flaky.calls.values()) == 1


def test_progress_is_in_bytes_and_starts_again_with_a_new_attempt(store, flaky):
    seen: list[tuple[str, int | None, int]] = []

    class Recorder(Reporter):
        def step(self, description, *, total=None, unit=""):
            from contextlib import contextmanager

            from iris_devtools.progress import Step

            @contextmanager
            def recorded():
                step = Step(description, total, unit)
                yield step
                seen.append((description, total, step.done))

            return recorded()

    Flaky.failures = 2
    snapshot = put(store)
    flaky.push(snapshot, reporter=Recorder())

    size = snapshot.manifest.bytes_on_disk
    assert seen == [(f"Pushing IRIS.DAT.zst of {NAME}", size, size)]


def test_a_backend_that_is_not_installed_is_named_with_what_brings_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gcsfs", None)

    with pytest.raises(ConfigurationError) as caught:
        SharedStore("gs://bucket/x").names()

    assert 'pip install "iris-devtools[gcs]"' in caught.value.hint


def test_a_url_of_no_kind_is_a_mistake():
    with pytest.raises(ConfigurationError):
        SharedStore("nonsense://x").names()


def test_a_password_in_the_url_is_never_shown():
    shared = SharedStore("nonsense://user:s3cret@host/x")

    with pytest.raises(IrisDevtoolsError) as caught:
        shared.names()

    assert "s3cret" not in repr(shared) + str(caught.value) + str(caught.value.facts)


def test_a_miss_is_answered_by_the_shared_store(store, tmp_path, shared):
    shared.push(put(store))
    local = Store(tmp_path / "local", shared=shared)

    assert data(local.fetch(KEY)) == CONTENT
    assert local.find(KEY) is not None
    assert local.fetch(RevisionKey(("b2",), "b" * 64, "standin-1")) is None


def test_a_shared_store_that_fails_stops_nobody(tmp_path, store, shared, place, caplog):
    shared.push(put(store))
    another_byte(place)

    assert Store(tmp_path / "local", shared=shared).fetch(KEY) is None
    assert "not taken from the shared store" in caplog.text


def test_several_that_pull_one_snapshot_at_once_leave_the_first_one_where_it_is(store, other, place):
    SharedStore(place.as_uri(), delay_s=0.0).push(put(store))
    together = threading.Barrier(4)

    class Together(Reporter):
        def step(self, description, *, total=None, unit=""):
            if description.startswith("Pulling"):
                together.wait(60)  # everybody has seen that it is not here
            return super().step(description, total=total, unit=unit)

    def pull(_: int) -> bool:
        pulled = SharedStore(place.as_uri(), delay_s=0.0).pull(NAME, other, reporter=Together())
        assert data(pulled.snapshot) == CONTENT
        return pulled.first

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(pull, range(4))) == [False, False, False, True]
    assert [len(part) for part in vars(other.survey()).values()] == [1, 0, 0]


def test_a_local_snapshot_that_is_broken_is_replaced_by_the_pulled_one(store, other, shared):
    shared.push(put(store))
    (put(other).directory / "manifest.json").write_text("{")

    assert data(shared.pull(NAME, other).snapshot) == CONTENT
    assert other.survey().broken == ()
