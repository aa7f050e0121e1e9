"""What a policy removes, and how sizes and ages are written."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from iris_devtools.amounts import parse_age_s, parse_bytes
from iris_devtools.snapshots.manifest import DatabaseFile, Manifest
from iris_devtools.snapshots.retention import Candidate, Policy, choose
from iris_devtools.snapshots.snapshot import Snapshot

DAY_S = 86400.0
NOW = 100 * DAY_S


def candidate(
    name: str, *, days: float, size: int = 10, useless: str = "", captured: bool = False
) -> Candidate:
    manifest = Manifest(
        fixture_id=name,
        version="1",
        created_at=datetime(2026, 1, 1, tzinfo=timezone.utc),
        iris_version="x",
        namespace="X",
        tables=(),
        revisions=(name,),
        digest="0" * 64,
        engine="standin-1",
        files=(DatabaseFile(role="both", name="IRIS.DAT", size=size, sha256="0" * 64),),
        tool="test",
    )
    return Candidate(Snapshot(Path(name), manifest), size, NOW - days * DAY_S, useless, captured)


STORE = [
    candidate("new", days=1),
    candidate("middle", days=5),
    candidate("edited", days=6, useless="its sources were edited"),
    candidate("old", days=40),
]


def chosen(policy: Policy, store=STORE) -> list[str]:
    return [removal.candidate.snapshot.name for removal in choose(store, policy, now=NOW)]


@pytest.mark.parametrize(
    ("policy", "removed"),
    [
        (Policy(), []),
        (Policy(keep=1), ["old", "edited", "middle"]),
        (Policy(keep=0), ["old", "edited", "middle", "new"]),
        (Policy(keep=9), []),
        (Policy(older_than_s=30 * DAY_S), ["old"]),
        (Policy(useless=True), ["edited"]),
        (Policy(max_bytes=25), ["old", "edited"]),
        (Policy(max_bytes=0), ["old", "edited", "middle", "new"]),
        (Policy(max_bytes=40), []),
        (Policy(useless=True, older_than_s=30 * DAY_S), ["old", "edited"]),
        (Policy(useless=True, max_bytes=25), ["old", "edited"]),
    ],
)
def test_each_part_of_a_policy_names_snapshots_of_its_own(policy: Policy, removed: list[str]) -> None:
    assert chosen(policy) == removed


@pytest.mark.parametrize(
    "policy", [Policy(keep=0), Policy(max_bytes=0), Policy(older_than_s=0), Policy(useless=True)]
)
def test_a_captured_snapshot_is_never_chosen(policy: Policy) -> None:
    assert chosen(policy, [candidate("mine", days=90, useless="gone", captured=True)]) == []


def test_a_captured_snapshot_takes_room_that_others_make() -> None:
    store = [candidate("mine", days=90, size=20, captured=True), candidate("other", days=1)]

    assert chosen(Policy(max_bytes=25), store) == ["other"]


def test_a_clock_that_went_backwards_removes_nothing_as_too_old() -> None:
    assert chosen(Policy(older_than_s=1), [candidate("future", days=-3)]) == []


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1500", 1500),
        ("2kB", 2000),
        ("500MB", 500_000_000),
        ("1.5 GiB", 1610612736),
        ("3g", 3 * 10**9),
    ],
)
def test_sizes_are_written_in_thousands_or_1024s(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "age_s"), [("90s", 90), ("45min", 2700), ("12h", 43200), ("30d", 2592000), ("2w", 1209600)]
)
def test_ages_are_written_with_a_unit(text: str, age_s: float) -> None:
    assert parse_age_s(text) == age_s


@pytest.mark.parametrize("text", ["", "much", "-1", "12", "3y", "1 2 d"])
def test_an_age_of_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="an age like"):
        parse_age_s(text)
