"""Strings, numbers, lists and %Status values, as ObjectScript sees them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.lists import Element, build_list, read_list
from iris_devtools.standin.objectscript.convert import to_integer, to_text, to_truth
from iris_devtools.standin.objectscript.status import errors_of, status_of
from iris_devtools.standin.storage.errors import STATUS_TEXTS, StorageError
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Undefined


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (Undefined(), ""),
        (5, "5"),
        (Decimal("1.50"), "1.5"),
        (Decimal("0.5"), ".5"),
        (Decimal("-0.5"), "-.5"),
        (2.0, "2"),
        (b"\x00\xff", "\x00\xff"),
        (ByRef("x"), "x"),
        (ObjectRef(3, "%Foo"), "3@%Foo"),
    ],
)
def test_every_value_has_a_string_form(value: Argument, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [("12abc", 12), ("abc", 0), ("", 0), (None, 0), ("-3", -3), ("--3", 3), ("1e2", 100), (".9", 0), (7, 7)],
)
def test_a_string_is_the_number_it_begins_with(value: Argument, number: int) -> None:
    assert to_integer(value) == number


@pytest.mark.parametrize(
    ("value", "truth"), [("0", False), ("", False), ("00.0", False), (".1", True), ("1x", True)]
)
def test_a_value_is_true_when_its_number_is_not_zero(value: str, truth: bool) -> None:
    assert to_truth(value) is truth


elements = st.one_of(
    st.none(),
    st.integers(-(2**62), 2**62),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12),
    st.text(max_size=400),
)


@given(st.lists(elements, max_size=8))
def test_a_list_reads_back_as_it_was_built(values: list[Element]) -> None:
    assert read_list(build_list(values)) == values


@pytest.mark.parametrize("size", [253, 254, 65534, 65535, 70_000])
def test_an_element_may_be_of_any_size(size: int) -> None:
    assert read_list(build_list(["x" * size, 1])) == ["x" * size, 1]


def test_a_number_that_no_element_can_hold_is_written_out() -> None:
    (text,) = read_list(build_list([Decimal("1e-140")]))

    assert isinstance(text, str)
    assert Decimal(text) == Decimal("1e-140")


@given(st.text(max_size=60))
def test_reading_what_is_no_list_fails_in_iris_s_words_or_succeeds(text: str) -> None:
    try:
        read_list(text)
    except ObjectScriptError as exc:
        assert exc.name == "LIST"


@given(st.lists(st.tuples(st.sampled_from(sorted(STATUS_TEXTS)), st.text()), min_size=1, max_size=3))
def test_a_status_keeps_its_errors(errors: list[tuple[int, str]]) -> None:
    status = status_of(*(StorageError(code, detail) for code, detail in errors))

    assert status.startswith("0 ")
    assert [(e.code, e.detail) for e in errors_of(status)] == errors


def test_one_is_no_error() -> None:
    assert errors_of(1) == errors_of("1") == []


@given(st.text())
def test_rubbish_is_an_error_and_never_an_exception(text: str) -> None:
    assert bool(errors_of(text)) == (text != "1")
