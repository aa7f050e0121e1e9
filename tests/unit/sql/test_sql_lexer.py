"""Tokens of IRIS SQL (iris-sql.md 1.1, 1.3; wire-protocol 6)."""

from __future__ import annotations

import pytest

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import Kind, quoted, tokenize


def kinds_and_texts(text):
    return [(token.kind, token.text) for token in tokenize(text)[:-1]]


def test_names_hold_percent_hash_dollar_and_at():
    assert [token.text for token in tokenize("%SYSTEM_SQL a#b a # b $NAMESPACE x@y _z")[:-1]] == [
        "%SYSTEM_SQL",
        "a#b",
        "a",
        "#",
        "b",
        "$NAMESPACE",
        "x@y",
        "_z",
    ]


def test_lifted_literals_and_marks_are_parameters():
    assert kinds_and_texts(":%qpar(12) ? ?") == [
        (Kind.PARAMETER, "12"),
        (Kind.PARAMETER, "1"),
        (Kind.PARAMETER, "2"),
    ]


def test_quotes_are_doubled_inside():
    assert kinds_and_texts("'it''s' \"a\"\"b\"") == [(Kind.STRING, "it's"), (Kind.QUOTED, 'a"b')]


def test_a_backslash_is_no_escape():
    assert kinds_and_texts(r"'a\' \ 2")[0] == (Kind.STRING, "a\\")


def test_comments_are_no_tokens():
    assert [t.text for t in tokenize("a -- b\n c /* d */ e /*#OPTIONS {} */")[:-1]] == ["a", "c", "e"]


def test_braces_hold_code_unless_they_are_an_odbc_escape():
    assert kinds_and_texts('COMPUTECODE {Set {*} = "}"} x')[1] == (Kind.BLOCK, 'Set {*} = "}"')
    assert kinds_and_texts("COMPUTECODE {d ##class(x).y()}")[1] == (Kind.BLOCK, "d ##class(x).y()")
    assert [t.text for t in tokenize("{fn NOW()}")[:-1]] == ["{", "fn", "NOW", "(", ")", "}"]
    assert [t.text for t in tokenize("{d :%qpar(1) }")[:-1]] == ["{", "d", "1", "}"]


def test_a_quoted_name_is_never_a_keyword():
    (token, _) = tokenize('"SELECT"')
    assert (token.upper, token.is_name) == ("", True)
    assert not tokenize("select")[0].is_name


@pytest.mark.parametrize(
    ("text", "sqlcode"), [("'open", -3), ('"open', -3), ('""', -1), ("`", -1), ("{open", -1)]
)
def test_broken_texts_are_refused(text, sqlcode):
    with pytest.raises(SQLError) as caught:
        tokenize(text)
    assert caught.value.sqlcode == sqlcode


def test_quoted_writes_a_name_for_sqlite():
    assert quoted('a"b') == '"a""b"'
