"""Items on the wire: the byte examples of wire-protocol 3, both ways."""

from __future__ import annotations

from decimal import Decimal

import pytest

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.values import ByRef, ObjectRef, Undefined
from iris_devtools.standin.wire.items import ItemReader, encode, encode_argument

EXAMPLES = [
    ("abc", "05 01 61 62 63"),
    ("Я", "04 02 2f 04"),
    (None, "02 01"),
    ("", "03 01 00"),
    (0, "02 04"),
    (1, "03 04 01"),
    (255, "04 04 ff 00"),
    (-1, "02 05"),
    (-256, "03 05 00"),
    (-257, "04 05 ff fe"),
    (Decimal("1.50"), "05 06 fe 96 00"),
    (Decimal("-0.001"), "03 07 fd"),
    (1.5, "0a 08 00 00 00 00 00 00 f8 3f"),
]


@pytest.mark.parametrize(("value", "example"), EXAMPLES)
def test_a_value_has_the_bytes_of_the_protocol_paper(value, example):
    assert encode(value) == bytes.fromhex(example)


@pytest.mark.parametrize(("value", "example"), EXAMPLES)
def test_the_bytes_of_the_protocol_paper_are_read_as_the_value(value, example):
    read = ItemReader(bytes.fromhex(example)).value()

    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("size", [0, 1, 252, 253, 254, 65_534, 65_535, 200_000])
def test_every_length_form_holds_text_of_any_size(size):
    text = "x" * size

    assert ItemReader(encode(text)).value() == text


def test_integers_beyond_64_bit_travel_as_text():
    assert ItemReader(encode(2**63)).value() == str(2**63)
    assert ItemReader(encode(-(2**63) - 1)).value() == str(-(2**63) - 1)


def test_decimals_beyond_a_63_bit_mantissa_travel_as_text_without_loss():
    assert ItemReader(encode(Decimal("1234567890.123456789012345"))).value() == "1234567890.123456789012345"


def test_a_zero_keeps_its_scale():
    read = ItemReader(encode(Decimal("0.00"))).value()

    assert isinstance(read, Decimal)
    assert str(read) == "0.00"


def test_empty_bytes_are_the_empty_string_and_not_null():
    assert encode(b"") == bytes.fromhex("03 01 00")


def test_a_short_double_is_the_high_end_of_a_single():
    assert ItemReader(bytes.fromhex("04 08 c0 3f")).value() == 1.5


def test_an_undefined_item_is_null_as_a_value_and_left_out_as_an_argument():
    assert ItemReader(b"\x01").value() is None
    assert isinstance(ItemReader(b"\x01").argument(), Undefined)


def test_an_argument_by_reference_says_so():
    argument = ItemReader(bytes.fromhex("04 21 69 6e")).argument()

    assert isinstance(argument, ByRef)
    assert argument.value == "in"


def test_an_argument_by_reference_goes_back_as_a_plain_item():
    assert encode_argument(ByRef("out")) == encode("out")
    assert encode_argument(ByRef(None)) == bytes.fromhex("02 01")


def test_an_object_is_named_with_its_class_and_called_by_its_number():
    assert encode_argument(ObjectRef(5, "User.Foo")) == bytes.fromhex("0c 19") + b"5@User.Foo"
    assert ItemReader(bytes.fromhex("03 19 35")).argument() == ObjectRef(5, "")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "05 01 61",
        "00",
        "00 00 00",
        "00 00 00 00 00 00 00",
        "00 00 00 ff ff ff ff 01",
        "00 10 00 01",
        "02 03",
        "03 30 00",
        "02 06",
        "03 02 41",
        "0b 08 00 00 00 00 00 00 00 00 00",
    ],
)
def test_malformed_items_are_refused(data):
    with pytest.raises(ProtocolError):
        ItemReader(bytes.fromhex(data)).value()


def test_a_count_larger_than_the_data_is_refused():
    with pytest.raises(ProtocolError):
        ItemReader(encode(1_000_000) + encode(1)).count()
    with pytest.raises(ProtocolError):
        ItemReader(encode(-1)).count()
