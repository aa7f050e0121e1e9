"""The order of subscripts, and globals against a model of sorted Python keys."""

from __future__ import annotations

import re
import sqlite3
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.globals.store import GlobalStore
from iris_devtools.standin.globals.subscripts import encode_subscript, first_subscript, node_key

CANONICAL = re.compile(r"0|-?([1-9][0-9]*(\.[0-9]*[1-9])?|\.[0-9]*[1-9])")


def rank(text: str) -> tuple[int, Decimal, bytes]:
    """The model: canonical numbers by their value, then strings by their 16-bit units."""
    if CANONICAL.fullmatch(text) and len(text.strip("-.0")) < 19:
        return (0, Decimal(text), b"")
    return (1, Decimal(0), text.encode("utf-16-be", "surrogatepass"))


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9)
canonical = numbers.map(lambda n: format(n.normalize(), "f")).map(lambda t: re.sub(r"^(-?)0\.", r"\1.", t))
anything = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12)
looks_numeric = st.text("-.0123456789eE", min_size=1, max_size=8)
subscripts = st.one_of(canonical, st.integers(-1000, 1000).map(str), looks_numeric, anything)


@given(st.lists(subscripts, max_size=30))
def test_numbers_come_before_strings_each_in_its_own_order(texts):
    assert sorted(texts, key=encode_subscript) == sorted(texts, key=rank)


@given(subscripts, subscripts)
def test_a_key_gives_its_subscript_back_whatever_follows(text, after):
    assert first_subscript(node_key([text, after])) == text


@pytest.mark.parametrize(
    ("smaller", "greater"),
    [("-10", "-9.5"), ("-1", "-.5"), ("-.5", "0"), ("0", ".001"), ("9", "10"), ("10", "A"), ("2", "01"),
     ("A", "a"), ("a", "a\0"), ("-", "A"), ("\uffff", "01")[::-1],
     ("9223372036854775807", "9223372036854775809")],
)  # fmt: skip
def test_the_order_of_iris_by_example(smaller, greater):
    """Subscripts: canonical numbers in numeric order, then strings by code (collation IRIS standard)."""
    assert encode_subscript(smaller) < encode_subscript(greater)


def test_the_empty_string_is_no_subscript():
    with pytest.raises(ObjectScriptError, match="<SUBSCRIPT>"):
        node_key(["a", ""])


class Globals(RuleBasedStateMachine):
    """A global is a sorted mapping of tuples."""

    def __init__(self) -> None:
        super().__init__()
        self.connection = sqlite3.connect(":memory:")
        self.store = GlobalStore(self.connection)
        self.model: dict[tuple[str, ...], object] = {}

    def teardown(self):
        self.connection.close()

    paths = st.lists(st.sampled_from(["1", "2", "-1", "10", "a", "B", "01", "-.5"]), max_size=3)

    @rule(path=paths, value=st.one_of(st.integers(-(2**70), 2**70), st.floats(allow_nan=False), anything))
    def set(self, path, value):
        self.store.set("g", path, value)
        self.model[tuple(path)] = value

    @rule(path=paths)
    def kill(self, path):
        self.store.kill("g", path)
        self.model = {k: v for k, v in self.model.items() if k[: len(path)] != tuple(path)}

    @rule(path=paths, by=st.integers(-5, 5))
    def increment_a_counter(self, path, by):
        self.store.set("g", path, 40)
        assert self.store.increment("g", path, by) == 40 + by
        self.model[tuple(path)] = 40 + by

    @rule(path=paths)
    def data(self, path):
        below = [k for k in self.model if k[: len(path)] == tuple(path) and len(k) > len(path)]
        assert self.store.defined("g", path) == (tuple(path) in self.model) + 10 * bool(below)
        assert self.store.get("g", path) == self.model.get(tuple(path))

    @rule(path=paths, reverse=st.booleans())
    def order(self, path, reverse):
        children = {k[len(path)] for k in self.model if k[: len(path)] == tuple(path) and len(k) > len(path)}
        found, last = [], ""
        while (node := self.store.next("g", [*path, last], reverse=reverse)) is not None:
            assert node.value == self.model.get((*path, node.subscript))
            found.append(last := node.subscript)
        assert found == sorted(children, key=rank, reverse=reverse)

    @invariant()
    def other_globals_are_untouched(self):
        assert self.store.defined("h", []) == 0


TestGlobals = Globals.TestCase
