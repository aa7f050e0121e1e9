"""A file that is kept as a difference is the same file: read back, moved, pruned and damaged."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iris_devtools.errors import ChecksumError, ManifestError, StoreError
from iris_devtools.snapshots.compression import DamagedFileError
from iris_devtools.snapshots.delta import BLOCK_BYTES, MAX_DEPTH, read_delta, write_delta
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import DatabaseFile
from iris_devtools.snapshots.retention import Policy, candidates, choose, remove, remove_all
from iris_devtools.snapshots.sharing import SharedStore
from iris_devtools.snapshots.snapshot import Snapshot
from iris_devtools.snapshots.store import Store
from tests.publishing import publish

SIZE = 40 * BLOCK_BYTES
BIG = 10**9


def cut(data: bytes, seed: int) -> list[bytes]:
    """The data in pieces of any sizes."""
    places = random.Random(seed)
    pieces = []
    while data:
        size = places.choice([1, 100, BLOCK_BYTES, 3 * BLOCK_BYTES + 7])
        pieces.append(data[:size])
        data = data[size:]
    return pieces


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    old=st.integers(0, 9 * BLOCK_BYTES),
    new=st.integers(1, 9 * BLOCK_BYTES),
    changes=st.lists(st.integers(0, 9 * BLOCK_BYTES - 1), max_size=5),
    seed=st.integers(0, 99),
)
def test_the_base_and_the_difference_make_the_file(tmp_path, old, new, changes, seed):
    data = random.Random(0).randbytes(9 * BLOCK_BYTES)
    base, content = data[:old], bytearray(data[:new])
    for place in changes:
        if place < new:
            content[place] ^= 1
    path = tmp_path / "delta"

    stored = write_delta(path, cut(bytes(content), seed), cut(base, seed + 1), level=3, limit=BIG)

    assert stored == path.stat().st_size
    assert b"".join(read_delta(path, cut(base, seed + 2), size=new)) == content


def test_a_difference_that_takes_more_than_it_may_is_not_left_behind(tmp_path):
    path = tmp_path / "delta"

    assert write_delta(path, [os.urandom(SIZE)], [os.urandom(SIZE)], level=3, limit=SIZE // 2) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [SIZE - 1, SIZE + 1, 1, 10 * SIZE])
def test_a_difference_never_makes_another_number_of_bytes(tmp_path, size):
    base = os.urandom(SIZE)
    path = tmp_path / "delta"
    write_delta(path, [b"x" * BLOCK_BYTES + base[BLOCK_BYTES:]], [base], level=3, limit=BIG)
    made = 0

    with pytest.raises(DamagedFileError):
        for piece in read_delta(path, [base], size=size):
            made += len(piece)
    assert made <= size


@pytest.mark.parametrize("content", [b"", b"rubbish", zstandard.compress(b""), zstandard.compress(bytes(8))])
def test_what_is_no_difference_is_damaged(tmp_path, content):
    (tmp_path / "delta").write_bytes(content)

    with pytest.raises(DamagedFileError):
        list(read_delta(tmp_path / "delta", [b"x" * SIZE], size=SIZE))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store", compression=3, delta=True)


def key(number: int) -> RevisionKey:
    return RevisionKey((f"r{number}",), f"{number:064x}", "standin-1")


def put(store: Store, number: int, content: bytes, base: Snapshot | None = None) -> Snapshot:
    return publish(store, content, key(number), fixture_id="x", base=base, replace=True)


def line(store: Store, count: int) -> list[tuple[Snapshot, bytes]]:
    """Snapshots of which each was made from the one before it, by a change of one block."""
    content = bytearray(random.Random(7).randbytes(SIZE))
    made: list[tuple[Snapshot, bytes]] = []
    for number in range(count):
        content[number * BLOCK_BYTES] ^= 255
        snapshot = put(store, number, bytes(content), made[-1][0] if made else None)
        made.append((snapshot, bytes(content)))
    return made


def data(snapshot: Snapshot) -> bytes:
    return b"".join(snapshot.pieces(snapshot.manifest.files[0]))


def test_a_line_of_snapshots_takes_the_room_of_one_and_stays_readable(store):
    made = line(store, MAX_DEPTH + 3)

    for written, content in made:
        snapshot = store.find(written.key)
        snapshot.verify()
        assert data(snapshot) == content
        assert {path.name for path in snapshot.directory.iterdir()} == {
            "manifest.json",
            snapshot.manifest.files[0].name,
        }
    depths = [one.manifest.depth for one, _ in made]
    assert depths == [0, 1, 2, 3, 4, 0, 1]
    assert made[1][0].manifest.bytes_on_disk < made[0][0].manifest.bytes_on_disk / 10


def test_a_store_that_says_nothing_keeps_whole_files(store):
    store.delta = False

    assert [one.manifest.depth for one, _ in line(store, 3)] == [0, 0, 0]


def test_what_saves_less_than_half_stays_whole(store):
    first, content = line(store, 1)[0]

    assert put(store, 1, os.urandom(SIZE // 2) + content[SIZE // 2 :], first).manifest.depth == 0


def test_a_manifest_without_a_difference_is_read_by_the_version_before(store):
    whole, difference = (one.directory / "manifest.json" for one, _ in line(store, 2))

    assert '"schema_version": 2' in whole.read_text()
    assert '"base"' not in whole.read_text()
    assert '"schema_version": 3' in difference.read_text()


@pytest.mark.parametrize("damage", ["gone", "no manifest", "other content", "a changed byte", "cut"])
def test_a_base_that_is_not_the_one_is_found_before_anything_is_restored(store, damage):
    (base, _), (snapshot, _) = line(store, 2)
    path = base.path(base.manifest.files[0])
    if damage == "gone":
        store.delete(base)
    elif damage == "no manifest":
        (base.directory / "manifest.json").unlink()
    elif damage == "other content":
        put(store, 0, os.urandom(SIZE))
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)

    with pytest.raises(ChecksumError) as caught:
        store.find(snapshot.key).verify()
    assert base.name in str(caught.value)
    if damage != "a changed byte":
        with pytest.raises(ChecksumError):
            store.find(snapshot.key).require_sizes()


def test_a_base_that_is_damaged_is_nobodys_base(store):
    base, content = line(store, 1)[0]
    path = base.path(base.manifest.files[0])
    path.write_bytes(path.read_bytes()[:-1])

    snapshot = put(store, 1, content, base)

    assert snapshot.manifest.depth == 0
    assert data(snapshot) == content


@pytest.mark.parametrize("name", ["..", "../x", "/etc", "", ".tmp-x", "a/b"])
def test_a_base_never_lies_outside_of_the_store(store, name):
    snapshot = line(store, 2)[1][0]
    path = snapshot.directory / "manifest.json"
    (base,) = snapshot.manifest.bases
    path.write_text(path.read_text().replace(f'"snapshot": "{base}"', f'"snapshot": "{name}"'))

    with pytest.raises(ManifestError, match="snapshot"):
        store.find(snapshot.key)


def test_manifests_in_a_circle_are_an_error_and_no_endless_loop(store):
    (first, _), (second, _) = line(store, 2)
    entry = second.manifest.files[0].model_dump(mode="json")
    entry["base"] |= {"snapshot": second.name, "sha256": entry["sha256"]}
    circle = second.manifest.model_copy(update={"files": (DatabaseFile.model_validate(entry),)})
    (second.directory / "manifest.json").write_text(circle.to_json())

    with pytest.raises(ChecksumError):
        store.find(second.key).verify()
    assert first.name in {one.name for one in store.snapshots()}


def test_pruning_keeps_what_the_rest_stands_on(store):
    made = [one for one, _ in line(store, 4)]
    for age, one in zip((100, 1, 50, 75), made, strict=True):  # the second was used last
        place = store.directory / ".leases" / one.name
        place.mkdir(parents=True)
        (place / "used").touch()
        os.utime(place / "used", (2e9 - age, 2e9 - age))

    chosen = choose(candidates(store), Policy(keep=1), now=2e9)

    assert [one.candidate.snapshot.name for one in chosen] == [made[3].name, made[2].name]
    assert all(not one.prevented for one in remove_all(store, chosen))
    store.find(made[1].key).verify()


def test_a_store_that_is_too_large_loses_the_tips_first(store):
    made = [one for one, _ in line(store, 4)]
    sizes = {one.snapshot.name: one.size_bytes for one in candidates(store)}

    chosen = choose(candidates(store), Policy(max_bytes=sum(sizes.values()) - 1), now=2e9)
    everything = choose(candidates(store), Policy(max_bytes=0), now=2e9)

    assert [one.candidate.snapshot.name for one in chosen] == [made[3].name]
    assert [one.candidate.snapshot.name for one in everything] == [one.name for one in reversed(made)]
    remove_all(store, everything)
    assert store.snapshots() == ()


def test_a_base_is_not_removed_by_name_as_long_as_it_is_needed(store):
    (base, _), (above, _) = line(store, 2)

    with pytest.raises(StoreError, match=above.name):
        remove(store, base)
    remove(store, above)
    remove(store, base)
    assert store.snapshots() == ()


def test_others_get_whole_files(store, tmp_path):
    made = line(store, 3)
    shared = SharedStore((tmp_path / "shared").as_uri(), delay_s=0.0)
    other = Store(tmp_path / "other")

    pushed = shared.push(made[2][0])
    pulled = shared.pull(pushed.snapshot.name, other).snapshot

    assert pushed.first
    assert shared.push(made[2][0]).first is False
    assert data(pulled) == made[2][1]
    assert pulled.manifest.bases == frozenset()
    assert shared.names() == (made[2][0].name,)
