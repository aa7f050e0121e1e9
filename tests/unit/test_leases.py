"""A lease lasts as long as its process, and a use is noted; files beside the sources are part of a key."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from iris_devtools.errors import ConfigurationError, StoreError
from iris_devtools.snapshots import leases, retention
from iris_devtools.snapshots.keyfiles import key_files_digest, read_key_files
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
from iris_devtools.snapshots.plan import Step
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot
from iris_devtools.snapshots.store import Store
from iris_devtools.snapshots.times import STEPS_FEATURE, UNKNOWN_STEP_S, Times, record, recorded_steps


def manifest(day: int = 1, **fields: object) -> Manifest:
    made = Manifest(
        fixture_id="one",
        version="1",
        created_at=datetime(2026, 1, day, tzinfo=timezone.utc),
        iris_version="x",
        namespace="X",
        tables=(),
        revisions=("a",),
        digest="0" * 64,
        engine="standin-1",
        files=(DatabaseFile(role="both", name="IRIS.DAT", size=1, sha256="0" * 64),),
        tool="test",
    )
    return made.model_copy(update=fields)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "store" / ".locks").mkdir(parents=True)
    return Store(tmp_path / "store")


@pytest.fixture
def snapshot(store: Store) -> Snapshot:
    directory = store.directory / manifest().key.name
    directory.mkdir()
    (directory / "manifest.json").write_text(manifest().to_json())
    (directory / "IRIS.DAT").write_text("x")
    yield open_snapshot(directory)
    leases.release()


def test_what_is_held_is_not_removed_until_it_is_released(store: Store, snapshot: Snapshot) -> None:
    assert leases.hold(snapshot)
    assert leases.hold(snapshot)
    assert leases.holders(snapshot) == (os.getpid(),)
    with pytest.raises(StoreError, match=str(os.getpid())):
        retention.remove(store, snapshot)
    assert snapshot.directory.is_dir()

    leases.release(snapshot)
    retention.remove(store, snapshot)

    assert not snapshot.directory.exists()
    assert not leases.hold(snapshot)


def test_two_hundred_threads_hold_and_look_at_once(snapshot: Snapshot) -> None:
    with ThreadPoolExecutor(20) as pool:
        assert all(pool.map(lambda _: leases.hold(snapshot), range(200)))
        assert set(pool.map(lambda _: leases.leased(snapshot), range(200))) == {True}

    assert leases.holders(snapshot) == (os.getpid(),)


def test_a_snapshot_in_no_store_leaves_nothing_beside_it(tmp_path: Path) -> None:
    directory = tmp_path / "fixture"
    directory.mkdir()

    assert not leases.hold(Snapshot(directory, manifest()))
    assert list(tmp_path.iterdir()) == [directory]


def test_a_use_is_noted_and_a_clock_that_went_backwards_makes_nothing_older(snapshot: Snapshot) -> None:
    made = snapshot.manifest.created_at.timestamp()
    assert leases.last_used(snapshot) == made

    leases.hold(snapshot)
    assert leases.last_used(snapshot) > made

    used = snapshot.directory.parent / ".leases" / snapshot.name / "used"
    os.utime(used, (1.0, 1.0))
    assert leases.last_used(snapshot) == made


def test_files_are_known_by_place_and_content(tmp_path: Path) -> None:
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "b.csv").write_text("1")
    (tmp_path / "data" / "deep" / "a.csv").write_text("2")
    found = read_key_files(tmp_path, ["data/**/*.csv", "data/*.csv"])

    assert list(found) == ["data/b.csv", "data/deep/a.csv"]
    assert key_files_digest({}) is None
    swapped = {"data/b.csv": found["data/deep/a.csv"], "data/deep/a.csv": found["data/b.csv"]}
    assert key_files_digest(found) != key_files_digest(swapped)


@pytest.mark.parametrize("pattern", ["../*.csv", "/etc/passwd", "", "nothing/*"])
def test_a_pattern_that_leads_out_or_nowhere_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="key_files"):
        read_key_files(tmp_path, [pattern])


A, B, C = (Step(name, name * 64, f"{name}.py") for name in "abc")


def test_seconds_are_remembered_by_source_and_the_newest_count() -> None:
    old = manifest(1, features={STEPS_FEATURE: record([A, B], {"a": 4.0, "b": 2.0}, Times())})
    new = manifest(2, features={STEPS_FEATURE: record([A], {"a": 1.0}, Times())})
    times = Times.of([Snapshot(Path("new"), new), Snapshot(Path("old"), old)], engine="standin-1")

    assert (times.get(A), times.get(B), times.get(C)) == (1.0, 2.0, None)
    estimate = times.estimate([A, B, C])
    assert (estimate.seconds, estimate.measured, estimate.total) == (1.0 + 2.0 + 1.5, 2, 3)
    assert (
        Times.of([Snapshot(Path("new"), new)], engine="iris-2025.1").estimate([A]).seconds == UNKNOWN_STEP_S
    )


def test_what_did_not_run_keeps_its_seconds_from_before() -> None:
    before = Times({A.digest: 3.0})
    kept = record([A, B, C], {"b": 1.0}, before)

    assert [kept[name]["seconds"] for name in "abc"] == [3.0, 1.0, None]
    assert recorded_steps(manifest(features={STEPS_FEATURE: kept})) == (A, B, C)


@pytest.mark.parametrize(
    "feature",
    ["text", ["a"], {"a": 1}, {"a": {"digest": 5, "place": ""}}, {"a": {"digest": "x", "seconds": 1}}],
)
def test_a_record_of_another_form_is_passed_over(feature: object) -> None:
    odd = manifest(features={STEPS_FEATURE: feature})

    assert Times.of([Snapshot(Path("odd"), odd)], engine="standin-1").estimate([A]).measured == 0


@pytest.mark.parametrize("seconds", [-1, float("inf"), "1", True, 1e12])
def test_seconds_that_cannot_be_are_no_seconds(seconds: object) -> None:
    feature = {STEPS_FEATURE: {"a": {"digest": A.digest, "place": "", "seconds": seconds}}}

    assert Times.of([Snapshot(Path("odd"), manifest(features=feature))], engine="standin-1").get(A) is None
