"""What holds for every value, and for every string of bytes."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.wire import messages
from iris_devtools.standin.wire.items import ItemReader, encode, encode_row
from iris_devtools.standin.wire.native import read_native

decimals = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent),
    st.integers(-(2**63) + 1, 2**63 - 1),
    st.integers(-20, 20),
)
values = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    decimals,
    st.text(st.characters(codec="utf-16")).filter(lambda text: text != "\0"),
)


@given(st.lists(values))
def test_values_come_back_as_they_went(row):
    reader = ItemReader(encode_row(row))

    assert [reader.value() for _ in row] == row
    assert reader.at_end


@given(st.lists(st.one_of(values.map(encode), st.binary(max_size=30)), max_size=12), st.integers(0, 14))
def test_many_values_at_once_are_what_they_are_one_by_one(pieces, count):
    data = b"".join(pieces)
    one_by_one, at_once = ItemReader(data), ItemReader(data)
    try:
        expected = [one_by_one.value() for _ in range(count)]
    except ProtocolError as error:
        with pytest.raises(ProtocolError) as refused:
            at_once.values(count)
        assert str(refused.value) == str(error)
    else:
        found = at_once.values(count)
        # repr tells 1 from 1.0, and one NaN from none
        assert (repr(found), at_once.remaining) == (repr(expected), one_by_one.remaining)


@given(st.text(st.characters()))
def test_even_lone_surrogates_come_back(text):
    read = ItemReader(encode(text)).value()

    assert read == ("" if text == "\0" else text)


@given(st.binary(max_size=200))
def test_any_bytes_are_values_or_refused(data):
    reader = ItemReader(data)
    try:
        while not reader.at_end:
            reader.argument()
    except ProtocolError:
        pass
    assert reader.remaining >= 0


@given(st.binary(max_size=300), st.binary(min_size=1, max_size=1))
def test_any_bytes_are_requests_or_refused(data, code):
    readers = [
        messages.answer_login,
        messages.read_login,
        messages.read_call,
        lambda given: messages.read_statement(ItemReader(given)),
        lambda given: messages.read_values(ItemReader(given)),
        lambda given: messages.read_sets(ItemReader(given)),
        lambda given: read_native(code + b"\xc2", given),
    ]
    for read in readers:
        with contextlib.suppress(ProtocolError):
            read(data)


@given(st.text(max_size=50))
def test_unscrambling_undoes_the_scrambling_of_the_driver(text):
    scrambled = []
    for index in range(len(text)):
        code = ord(text[len(text) - 1 - index])
        low = ((code & 0xFF ^ 0xA7) + index) & 0xFF
        scrambled.append(chr(code & ~0xFF | ((low << 5 | low >> 3) & 0xFF)))

    assert messages.unscramble("".join(scrambled)) == text
