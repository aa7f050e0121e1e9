"""Requests as the driver was seen to send them, and the answers that it accepts."""

from __future__ import annotations

import pytest

from iris_devtools.standin.errors import ProtocolError
from iris_devtools.standin.values import ByRef, ObjectRef
from iris_devtools.standin.wire import messages
from iris_devtools.standin.wire.handler import Column, NativeKind, Prepared, Procedure
from iris_devtools.standin.wire.items import ItemReader, encode_row
from iris_devtools.standin.wire.native import answer_native, read_native


def test_the_scrambled_account_of_the_paper_is_read_in_clear():
    assert messages.unscramble(bytes.fromhex("5d7cbefe403fdf").decode("latin-1")) == "_SYSTEM"
    assert messages.unscramble(bytes.fromhex("9effde").decode("latin-1")) == "SYS"


def test_the_greeting_is_that_of_the_paper():
    answer = messages.answer_login(bytes.fromhex("4500"))

    assert answer == bytes.fromhex("45 00 01 00 06 01 55 54 46 38")


def test_a_login_never_shows_its_password():
    data = encode_row(
        ["USER", "\x5d", "\x9e\xff\xde", "me\0", "here\0", "python\0", "x" * 12, "SHM|||||", ""]
    )
    login = messages.read_login(data + encode_row([2, 1, 32]))

    assert login.password == "SYS"
    assert "SYS" not in repr(login)
    assert (login.os_user, login.machine, login.application) == ("me", "here", "python")
    assert (login.address, login.autocommit, login.isolation) == ("", False, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", True),
        ("select 1", True),
        ("  ( ( SELECT 1 ) )", True),
        ("WITH a AS ( SELECT 1 ) SELECT * FROM a", True),
        ("/* why */ SELECT 1", True),
        ("SELECTED", False),
        ("UPDATE t SET a = 1", False),
        ("%CHECKPRIV SELECT ON t", False),
        ("", False),
    ],
)
def test_a_query_is_told_by_its_first_word(text, expected):
    assert messages.is_query(text) is expected


def test_a_prepare_request_says_where_parameters_come_from():
    data = encode_row([1, "SELECT x FROM t WHERE a = :%qpar(1) AND b = :%qpar(2)", 2, "?", 0, "c", 10])

    statement = messages.read_statement(ItemReader(data))

    assert statement.text.startswith("SELECT x FROM t")
    assert statement.markers == ("?", 10)


def test_a_batch_is_read_set_by_set():
    data = bytes.fromhex("0201 0204 030403 030402 030401 030178 030402 030179 0201 030100".replace(" ", ""))

    assert messages.read_sets(ItemReader(data)) == [[1, "x"], [2, "y"], [None, ""]]


@pytest.mark.parametrize(("sets", "size"), [(10**9, 10**9), (-1, 2), (2, -1), (10**9, 0)])
def test_a_batch_that_cannot_be_there_is_refused(sets, size):
    with pytest.raises(ProtocolError):
        messages.read_sets(ItemReader(encode_row([None, 0, sets, size])))


def test_the_answer_to_a_prepared_query_is_that_of_the_paper():
    prepared = Prepared((Column("x", 4, 10, label="x"),), 0, kept=True, statement=None)

    expected = (
        "030401 030178 030404 03040a 0204 030401 030178 0201 0201 0201"
        "0e01000000000000000000000000 0204 030401"
    )
    assert messages.answer_prepared(prepared) == bytes.fromhex(expected.replace(" ", ""))


def test_anything_else_is_prepared_without_a_column_list():
    prepared = Prepared(None, 1, kept=False, statement=None)

    assert messages.answer_prepared(prepared) == encode_row([1, 12, 0, 0, 1, 0])


def test_the_row_id_function_is_described_as_in_the_paper():
    answer = messages.answer_procedure(Procedure("%SYSTEM.SQL_GetROWID", 4, 10))

    assert answer == bytes.fromhex("030402 030401 030404 03040a 0204 030401 0204 0204".replace(" ", ""))


def test_a_class_method_call_is_read_with_its_arguments():
    data = encode_row(["%SYSTEM.Version", "GetNumber", 2, "a"]) + bytes.fromhex("042162 69".replace(" ", ""))

    call = read_native(b"\x4b\xc2", data)

    assert (call.kind, call.target, call.member) == (NativeKind.CLASS_METHOD, "%SYSTEM.Version", "GetNumber")
    assert call.arguments == ["a", ByRef("bi")]


def test_every_argument_by_reference_is_answered_behind_the_result():
    call = read_native(b"\x4b\xc2", encode_row(["C", "M", 2]) + b"\x02\x21" + b"\x03\x24\x05")
    first, second = call.arguments
    assert isinstance(first, ByRef)
    assert isinstance(second, ByRef)
    first.value = "out"

    assert answer_native(b"\x4b\xc2", call, 1) == encode_row([1, "out", 5])
    assert answer_native(b"\x4c\xc2", call, None) == encode_row(["out", 5])


def test_a_method_call_names_its_object_by_number():
    call = read_native(b"\x5b\xc2", b"\x03\x19\x35" + encode_row(["Open", 0]))

    assert (call.kind, call.target, call.member) == (NativeKind.METHOD, ObjectRef(5, ""), "Open")


def test_a_global_call_keeps_what_follows_its_subscripts():
    call = read_native(b"\x42\xc2", encode_row(["g", 2, "a", 1, "value"]))

    assert (call.target, call.arguments, call.extra) == ("g", ["a", 1], ("value",))


def test_an_unknown_native_call_is_refused():
    with pytest.raises(ProtocolError):
        read_native(b"\x01\xc2", b"")
