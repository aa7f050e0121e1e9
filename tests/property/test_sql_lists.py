"""Lists of SQL hold what was put into them, whatever it is, and nothing crashes their reader."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql import numbers
from iris_devtools.standin.sql.lists import build, elements

ELEMENT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.decimals(-(10**9), 10**9, places=4).map(lambda number: numbers.stored(numbers.fit(number))),
)


@given(st.lists(ELEMENT))
def test_what_goes_in_comes_out(items):
    assert elements(build(items)) == items


@given(st.lists(ELEMENT), st.lists(ELEMENT))
def test_two_lists_side_by_side_are_one(first, second):
    """``$LISTBUILD(a) || $LISTBUILD(b)`` is a list of both."""
    assert elements(build(first) + build(second)) == first + second


@given(st.text(max_size=12))
def test_a_list_is_an_element_like_any_other(text):
    inner = build([text, None, 7])
    assert elements(build([inner, "x"])) == [inner, "x"]


@given(st.binary(max_size=40))
def test_any_bytes_are_a_list_or_refused(data):
    try:
        items = elements(data.decode("latin-1"))
    except SQLError as error:
        assert error.sqlcode == -400
    else:
        assert all(item is None or isinstance(item, (str, int, float)) for item in items)


@pytest.mark.parametrize(
    ("item", "data"),
    [
        (None, b"\x01"),
        ("", b"\x03\x01\x00"),
        ("abc", b"\x05\x01abc"),
        (0, b"\x02\x04"),
        (1, b"\x03\x04\x01"),
        (256, b"\x04\x04\x00\x01"),
        (-1, b"\x02\x05"),
        (-2, b"\x03\x05\xfe"),
        (numbers.stored(Decimal("1.5")), b"\x04\x06\xff\x0f"),
        ("\u0141", b"\x04\x02\x41\x01"),
    ],
)
def test_the_bytes_are_those_of_the_protocol(item, data):
    """wire-protocol 3.1 has the same elements; only NULL is shorter in a list."""
    assert build([item]).encode("latin-1") == data
