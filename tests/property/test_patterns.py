"""Patterns of ``?`` and %PATTERN: whatever the text is, it is a pattern or refused, and quickly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.standin.patterns import compiled, end_of

WRITTEN = st.text(st.sampled_from("1239.AULNPCEx'(,)\""), max_size=12)
ATOM = st.tuples(st.integers(0, 5), st.sampled_from(["N", "U", "L", "A", '"x"', '"-"']))


@given(WRITTEN, st.text(max_size=8))
def test_any_text_is_a_pattern_or_none(pattern, value):
    expression = compiled(pattern)
    if expression is not None:
        found = expression.fullmatch(value)
        assert found is None or found.group() == value
    assert (expression is not None) == (bool(pattern) and end_of(pattern, 0) == len(pattern))


@given(st.lists(ATOM, min_size=1, max_size=5), st.data())
def test_what_is_made_by_a_pattern_fits_it(atoms, data):
    signs = {"N": "0123456789", "U": "ABZ", "L": "abz", "A": "aZ", '"x"': "x", '"-"': "-"}
    value = "".join(
        data.draw(st.text(st.sampled_from(signs[what]), min_size=count, max_size=count))
        for count, what in atoms
    )
    pattern = "".join(f"{count}{what}" for count, what in atoms)

    expression = compiled(pattern)
    assert expression is not None
    assert expression.fullmatch(value)
    assert not expression.fullmatch(value + "!")
    assert end_of(f"x?{pattern} write 1", 2) == 2 + len(pattern)


@pytest.mark.parametrize(
    ("pattern", "fitting", "other"),
    [
        ("1N", "7", "x"),
        (".N", "", "x"),
        ("2.3AN", "a1", "a"),
        ("1.U.E", "Ab c", "ab"),
        ('1"a""b"', 'a"b', "ab"),
        ('1(2U,1"n"1L)', "nx", "n"),
        ('1.(1"a",1(2N,1"-"))', "a12-", "a1"),
        ("3P", "-/ ", "-/a"),
        ("1A", "\u00e9", "\u00d7"),
        ("1L1U", "aB", "AB"),
        ("1E", "\n", ""),
    ],
)
def test_a_pattern_fits_the_whole_value(pattern, fitting, other):
    expression = compiled(pattern)
    assert expression is not None
    assert expression.fullmatch(fitting)
    assert not expression.fullmatch(other)


@pytest.mark.parametrize(
    "text", ["", "N", "1", "1X", "1'N", '1"a', "1(1N", "1(1N,)", "1()", "x1N", "1N)", "3.2N", "9" * 30 + "N"]
)
def test_what_is_no_pattern_is_none(text):
    assert compiled(text) is None
