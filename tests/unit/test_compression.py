"""A file is hashed and compressed in one pass, and read back as it was; damage never gets through."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.errors import ChecksumError, ManifestError, StoreError
from iris_devtools.progress import Reporter
from iris_devtools.snapshots import verified
from iris_devtools.snapshots.compression import DamagedFileError, FileWriter, read_pieces
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot
from iris_devtools.snapshots.store import Store

__all__ = ["StoreError"]  # for the programs that tests here start

KEY = RevisionKey(("a1",), "a" * 64, "standin-1")
CONTENT = b"rows and rows " * 100_000


def write(path: Path, content: bytes, level: int | None, piece_bytes: int = 1000) -> FileWriter:
    with FileWriter(path, level=level, size=len(content)) as out:
        for start in range(0, len(content), piece_bytes):
            out.write(content[start : start + piece_bytes])
    return out


def manifest(out: FileWriter, **changes: object) -> Manifest:
    file = DatabaseFile(
        role="both",
        name=out.path.name,
        size=out.size,
        sha256=out.sha256,
        compression=out.compression,
        stored_size=out.stored_size if out.compression == "zstd" else None,
    )
    return Manifest.model_validate(
        {
            "fixture_id": "a",
            "version": "1",
            "created_at": "2026-01-02T00:00:00Z",
            "iris_version": "x",
            "namespace": "APP",
            "tables": (),
            "revisions": KEY.revisions,
            "digest": KEY.digest,
            "engine": KEY.engine,
            "files": (file,),
            "tool": "a test",
            **changes,
        }
    )


def put(store: Store, content: bytes = CONTENT, *, hashed: bool = False) -> Snapshot:
    with store.writer(KEY) as writer:
        out = write(writer.directory / "IRIS.DAT.zst", content, writer.compression)
        return writer.publish(manifest(out), hashed=hashed).snapshot


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", compression=3)


@given(content=st.binary(min_size=1, max_size=5000), level=st.sampled_from([None, 1, 3, 19]))
def test_what_was_written_is_read_back(tmp_path_factory, content, level):
    path = tmp_path_factory.mktemp("round") / "file"
    out = write(path, content, level, piece_bytes=777)

    read = b"".join(read_pieces(path, compression=out.compression, size=out.size))

    assert read == content
    assert out.sha256 == hashlib.sha256(content).hexdigest()
    assert (out.size, out.stored_size) == (len(content), path.stat().st_size)


def test_a_compressed_file_is_plain_zstd(tmp_path):
    """Whoever has the file and no program of ours can still read it."""
    write(tmp_path / "x.zst", CONTENT, 3)

    with (tmp_path / "x.zst").open("rb") as stream:
        assert zstandard.ZstdDecompressor().stream_reader(stream).read() == CONTENT
    assert (tmp_path / "x.zst").stat().st_size < len(CONTENT) / 100


@pytest.mark.parametrize("level", [None, 3])
@pytest.mark.parametrize("change", ["cut", "flip", "empty", "longer"])
def test_damage_is_found_whatever_it_is(store, level, change):
    store.compression = level
    snapshot = put(store, hashed=True)
    (path,) = snapshot.directory.glob("IRIS.DAT*")
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "cut": content[:-3],
            "flip": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "empty": b"",
            "longer": content + b"more",
        }[change]
    )

    with pytest.raises(ChecksumError):
        snapshot.verify()


def test_a_file_that_decompresses_to_more_than_it_says_is_stopped(tmp_path):
    (tmp_path / "bomb").write_bytes(zstandard.compress(b"\0" * 100_000_000))

    seen = 0
    with pytest.raises(DamagedFileError, match="more than 5000"):
        for piece in read_pieces(tmp_path / "bomb", compression="zstd", size=5000):
            seen += len(piece)
    assert seen <= 5000


def test_what_is_no_zstd_is_damaged(tmp_path):
    (tmp_path / "x").write_bytes(b"not zstd at all")

    with pytest.raises(DamagedFileError, match="cannot be decompressed"):
        list(read_pieces(tmp_path / "x", compression="zstd", size=15))


def test_the_manifest_tells_both_sizes(store):
    snapshot = put(store)
    (file,) = open_snapshot(snapshot.directory).manifest.files

    assert (file.compression, file.size) == ("zstd", len(CONTENT))
    assert file.stored_size == snapshot.path(file).stat().st_size == snapshot.manifest.bytes_on_disk


def test_a_manifest_of_the_first_format_is_read(tmp_path):
    """Files were never compressed in it, and its files had neither of the two fields."""
    raw = json.loads(manifest(write(tmp_path / "IRIS.DAT", CONTENT, None)).to_json())
    raw["schema_version"] = 1
    del raw["files"][0]["compression"], raw["files"][0]["stored_size"]

    read = Manifest.parse(json.dumps(raw), path=tmp_path / "manifest.json")

    assert read.schema_version == 1
    assert read.files[0].bytes_on_disk == len(CONTENT)


@pytest.mark.parametrize(
    ("field", "value"), [("stored_size", None), ("compression", "none"), ("compression", "lz77")]
)
def test_a_manifest_that_contradicts_itself_is_refused(tmp_path, field, value):
    raw = json.loads(manifest(write(tmp_path / "x.zst", CONTENT, 3)).to_json())
    raw["files"][0][field] = value

    with pytest.raises(ManifestError):
        Manifest.parse(json.dumps(raw), path=tmp_path / "manifest.json")


class Recorder(Reporter):
    def __init__(self) -> None:
        self.steps: list[str] = []

    def step(self, description, *, total=None, unit=""):
        self.steps.append(description)
        return super().step(description, total=total, unit=unit)


VERIFY = """
import sys
from pathlib import Path
from iris_devtools.progress import LineReporter
from iris_devtools.snapshots.snapshot import open_snapshot
open_snapshot(Path(sys.argv[1])).verify(reporter=LineReporter(sys.stdout))
"""


def verify_elsewhere(snapshot: Snapshot) -> str:
    """Verify in another process; return what it reports."""
    ended = subprocess.run(
        [sys.executable, "-c", VERIFY, snapshot.directory], capture_output=True, text=True, check=True
    )
    return ended.stdout


def test_a_checksum_is_verified_once_for_all_processes(store):
    snapshot = put(store)

    assert "Checking IRIS.DAT.zst" in verify_elsewhere(snapshot)
    assert verify_elsewhere(snapshot) == ""
    recorder = Recorder()
    open_snapshot(snapshot.directory).verify(reporter=recorder)
    assert recorder.steps == []


def test_what_was_hashed_while_it_was_written_is_not_read_again(store):
    assert verify_elsewhere(put(store, hashed=True)) == ""


def test_a_file_with_its_old_time_put_back_is_read_again(store):
    """A copy that keeps times, or a clock that went backwards, fools nobody."""
    snapshot = put(store, hashed=True)
    path = snapshot.path(snapshot.manifest.files[0])
    before = path.stat()
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    with pytest.raises(ChecksumError):
        snapshot.verify()


@pytest.mark.parametrize(
    "rubbish", ["", "{", "[]", '{"IRIS.DAT.zst": 1}', '{"IRIS.DAT.zst": {"identity": []}}']
)
def test_a_record_that_is_rubbish_counts_as_none(store, rubbish):
    snapshot = put(store, hashed=True)
    record = store.directory / verified.RECORDS / f"{snapshot.name}.json"
    record.write_text(rubbish)

    assert "Checking" in verify_elsewhere(snapshot)
    assert verify_elsewhere(snapshot) == ""


def test_a_record_goes_with_its_snapshot(store):
    snapshot = put(store, hashed=True)
    store.delete(snapshot)

    assert list((store.directory / verified.RECORDS).iterdir()) == []


def test_a_record_never_says_that_wrong_data_are_right(store):
    """It holds what was found, not that it was right."""
    snapshot = put(store)
    wrong = snapshot.manifest.files[0].model_copy(update={"sha256": "0" * 64})
    lying = Snapshot(snapshot.directory, snapshot.manifest.model_copy(update={"files": (wrong,)}))

    for _ in range(2):
        with pytest.raises(ChecksumError, match="checksum"):
            lying.verify()


FILL = """
import resource, signal, sys
from pathlib import Path
from test_compression import Store, StoreError, os, put
store = Store(Path(sys.argv[1]), compression=int(sys.argv[2]) or None)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    put(store, content=os.urandom(1_000_000))
except StoreError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on file sizes")
@pytest.mark.parametrize("level", [0, 3])
def test_a_disk_that_is_full_leaves_nothing_and_says_so(store, level):
    ended = subprocess.run(
        [sys.executable, "-c", FILL, store.directory, str(level)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )

    assert "Cannot write" in ended.stdout
    assert "See that the disk has room" in ended.stdout
    survey = store.survey()
    assert (survey.snapshots, survey.broken, survey.leftovers) == ((), (), ())


READ_ONLY = """
import os, sys
from pathlib import Path
from iris_devtools.snapshots.snapshot import open_snapshot
from test_compression import KEY, Store, StoreError, verified
os.chdir(sys.argv[1])  # nobody may not walk down to it
os.setuid(65534)
store = Store(Path("store"), compression=3)
found = store.find(KEY)
found.verify()
assert store.get("a1") == found and store.snapshots() == (found,)
assert b"".join(found.pieces(found.manifest.files[0]))
try:
    with store.writer(KEY):
        pass
except StoreError:
    print("read, not written")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_store_that_cannot_be_written_is_read_all_the_same(tmp_path):
    put(Store(tmp_path / "store", compression=3))
    tmp_path.chmod(0o755)
    ended = subprocess.run(
        [sys.executable, "-c", READ_ONLY, tmp_path],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
    )

    assert ended.stdout == "read, not written\n"
