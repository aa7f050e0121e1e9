"""Random rows are the same rows: generators are fixed for a seed, recorded, and set back."""

from __future__ import annotations

import importlib.util
import json
import random

import pytest

from iris_devtools.testing.determinism import fixed_random, random_state, set_random_state

LIBRARIES = [name for name in ("numpy", "faker", "factory") if importlib.util.find_spec(name)]


def draw() -> list[object]:
    drawn: list[object] = [random.random()]
    if "numpy" in LIBRARIES:
        import numpy

        drawn.append(float(numpy.random.rand()))
    if "faker" in LIBRARIES:
        import faker

        drawn.append(faker.Faker().name())
    if "factory" in LIBRARIES:
        import factory.fuzzy

        drawn.append(factory.fuzzy.FuzzyText().fuzz())
    return drawn


def test_the_same_number_draws_the_same() -> None:
    with fixed_random(2**60 + 1):
        first = draw()
    with fixed_random(2**60 + 1):
        second = draw()
    with fixed_random(3):
        third = draw()

    assert first == second != third


def test_a_block_leaves_the_state_as_it_was_also_after_a_failure() -> None:
    before = random_state()
    with pytest.raises(RuntimeError), fixed_random(1):
        draw()
        raise RuntimeError

    assert random_state() == before


def test_a_state_survives_json_and_is_set_back() -> None:
    draw()
    state = json.loads(json.dumps(random_state()))
    random.gauss(0, 1)  # leaves a second number behind, which is part of the state
    first = draw()
    names = set_random_state(state)
    random.gauss(0, 1)

    assert draw() == first
    assert "random" in names


def test_a_library_that_is_not_there_is_left_out() -> None:
    assert set_random_state({"unheard_of": [1, 2, 3]}) == ()


@pytest.mark.parametrize("state", [{"random": [1, 2]}, {"random": 5}, {"random": [3, ["x"], None]}])
def test_a_state_that_is_none_is_an_error(state: dict) -> None:
    with pytest.raises(ValueError, match="no state of random"):
        set_random_state(state)
