"""The plan takes the snapshot that leaves the least to replay."""

from __future__ import annotations

import math

import pytest

from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.plan import Ancestor, plan


def key(revision: str, engine: str = "standin-1") -> RevisionKey:
    return RevisionKey((revision,), "0" * 64, engine)


TARGET = key("d")
CHAIN = (Ancestor(key("c"), 1.0), Ancestor(key("b"), 5.0), Ancestor(key("a"), 6.0))


def choose(*there: RevisionKey, ancestors=CHAIN):
    return plan(TARGET, ancestors, restorable=lambda wanted: wanted in there)


def test_the_snapshot_itself_is_restored():
    chosen = choose(TARGET, key("c"))

    assert (chosen.kind, chosen.start, chosen.replay_s) == ("exact", TARGET, 0.0)
    assert str(chosen).startswith("restore d on standin-1")


def test_the_ancestor_with_the_least_replay_is_taken():
    chosen = choose(key("a"), key("b"))

    assert (chosen.kind, chosen.start, chosen.replay_s) == ("nearest", key("b"), 5.0)
    assert str(chosen).startswith("restore b") and "migrate to d" in str(chosen)


def test_the_order_of_ancestors_does_not_matter():
    assert choose(key("a"), key("b"), ancestors=CHAIN[::-1]).start == key("b")


def test_of_equals_the_first_is_taken():
    ancestors = (Ancestor(key("b"), 2.0), Ancestor(key("c"), 2.0))

    assert choose(key("b"), key("c"), ancestors=ancestors).start == key("b")


def test_without_any_snapshot_everything_is_replayed():
    chosen = choose()

    assert (chosen.kind, chosen.start, chosen.replay_s) == ("scratch", None, None)
    assert str(chosen).startswith("migrate from nothing to d")


def test_a_file_never_crosses_engines():
    foreign = key("c", "iris-2025.1")

    assert choose(foreign, ancestors=(Ancestor(foreign, 0.0),)).kind == "scratch"


def test_the_target_is_not_its_own_ancestor():
    answers = iter([False, True])

    assert plan(TARGET, [Ancestor(TARGET, 0.0)], restorable=lambda _: next(answers)).kind == "scratch"


def test_the_store_is_not_asked_for_what_cannot_be_better():
    asked = []
    plan(TARGET, CHAIN, restorable=lambda wanted: asked.append(wanted) or wanted == key("c"))

    assert asked == [TARGET, key("c")]


@pytest.mark.parametrize("replay_s", [-1.0, math.inf, math.nan])
def test_an_estimate_is_a_number_of_seconds(replay_s):
    with pytest.raises(ValueError, match="0 seconds or more"):
        Ancestor(TARGET, replay_s)
