"""The random state of a process: ``random``, numpy's, Faker's and factory_boy's, as plain values.

A seed that draws random rows has to draw the same ones wherever its snapshot is built, because the key says
that they are the same. So the generators are set from the key before a seed runs, and put back after.

Only the global generators can be seen from here: a ``random.Random()`` or a ``numpy.random.default_rng()`` of
one's own has to be given a number by whoever makes it.
"""

from __future__ import annotations

import importlib
import importlib.util
import random
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import JsonValue

__all__ = ["RANDOM_FEATURE", "fixed_random", "random_state", "set_random_state"]

RANDOM_FEATURE = "random_state"
"""The feature of a manifest that holds the random state after the seed."""

_LIBRARIES = {"numpy": "numpy.random", "faker": "faker.generator", "factory_boy": "factory.random"}


def random_state() -> dict[str, JsonValue]:
    """Return the state of every generator that this process has imported; JSON can hold it."""
    state: dict[str, JsonValue] = {"random": _plain(random.getstate())}
    if numpy := sys.modules.get("numpy.random"):
        name, words, position, has_gauss, gauss = numpy.get_state()
        state["numpy"] = [
            str(name),
            [int(word) for word in words],
            int(position),
            int(has_gauss),
            float(gauss),
        ]
    if faker := sys.modules.get("faker.generator"):
        state["faker"] = _plain(faker.random.getstate())
    if factory := sys.modules.get("factory.random"):
        state["factory_boy"] = _plain(factory.randgen.getstate())
    return state


def set_random_state(state: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """Set the generators that a state names; return those that were set.

    One that is not installed here is left out. Raises ValueError for a state that is none; the generators
    named before it are set then.
    """
    done = []
    for name, value in state.items():
        module = random if name == "random" else _module(name)
        if module is None:
            continue
        try:
            if name == "numpy":
                module.set_state(tuple(value))  # type: ignore[arg-type]
            elif name == "factory_boy":
                module.randgen.setstate(_as_state(value))
            else:
                (random if name == "random" else module.random).setstate(_as_state(value))
        except (TypeError, ValueError, IndexError) as error:
            raise ValueError(f"that is no state of {name}: {error}") from error
        done.append(name)
    return tuple(done)


@contextmanager
def fixed_random(seed: int) -> Iterator[None]:
    """Seed every generator that is installed for the block, and put their states back after it."""
    modules = {name: _module(name) for name in _LIBRARIES}
    before = random_state()
    random.seed(seed)
    if numpy := modules["numpy"]:
        numpy.seed(seed % 2**32)
    if faker := modules["faker"]:
        faker.random.seed(seed)
    if factory := modules["factory_boy"]:
        factory.randgen.seed(seed)
    try:
        yield
    finally:
        set_random_state(before)


def _module(name: str) -> Any:
    path = _LIBRARIES.get(name)
    if path is None:
        return None
    if path in sys.modules:
        return sys.modules[path]
    if importlib.util.find_spec(path.partition(".")[0]) is None:
        return None
    try:
        return importlib.import_module(path)
    except ImportError:  # installed, and broken: whoever needs it will say so
        return None


def _plain(state: tuple[Any, ...]) -> JsonValue:
    version, words, gauss = state
    return [version, list(words), gauss]


def _as_state(value: JsonValue) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) != 3:
        raise ValueError("it is no list of a version, words and a remainder")
    version, words, gauss = value
    if not isinstance(words, list):
        raise ValueError("its words are no list")  # noqa: TRY004 - told with the other faults of a state
    return (version, tuple(words), gauss)
