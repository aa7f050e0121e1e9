"""Whatever is typed at the terminal, the session goes on: with a value, or with an error of ObjectScript."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iris_devtools.standin.instance import Instance, Options
from iris_devtools.standin.terminal.functions import FUNCTIONS
from iris_devtools.standin.terminal.parser import LineSyntaxError, parse_label, parse_line
from iris_devtools.standin.terminal.session import run_terminal
from iris_devtools.standin.terminal.variables import TreeStore

_ATOMS = st.sampled_from(
    [
        "0",
        "1",
        "-1",
        "1.5",
        "1E99",
        "9999999999999999999999",
        '""',
        '"a,b"',
        '"1E999"',
        '"1E999999999"',
        '"-"',
        "x",
        "x(1)",
        "^pg",
        '^pg("k")',
        "$lb(1,,2)",
        "$horolog",
        "$x",
        "@v",
        '{"a":1}',
        "[1,2]",
        "$c(0)",
        '"é字"',
        '$system.Status.Error(5001,"x")',
        "$job",
        "*",
        "*-1",
        '"65000,5"',
        "##class(%File).Exists(1)",
        "2000000000",
        "-2000000000",
    ]
)
_OPERATORS = st.sampled_from(
    ["+", "-", "*", "/", "\\", "#", "_", "=", "<", "]]", "'[", "&&", "!", "?1N", "?.E1"]
)


def _expressions(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    names = [*FUNCTIONS, "get", "data", "order", "query", "increment", "name", "qlength", "zutil", "isobject"]
    return st.one_of(
        st.builds("{}{}{}".format, inner, _OPERATORS, inner),
        st.builds("({})".format, inner),
        st.builds("'{}".format, inner),
        st.builds("${}({})".format, st.sampled_from(names), inner),
        st.builds("${}({},{})".format, st.sampled_from(names), inner, inner),
        st.builds("${}({},{},{})".format, st.sampled_from(names), inner, inner, inner),
        st.builds("$select({}:{},1:{})".format, inner, inner, inner),
    )


EXPRESSIONS = st.recursive(_ATOMS, _expressions, max_leaves=6)


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("typed"), Options()) as instance:
        yield instance


@settings(max_examples=40, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=5, max_size=12))
def test_every_expression_has_a_value_or_an_error(instance: Instance, expressions: list[str]) -> None:
    output = io.StringIO()
    lines = [
        'set v="x",x=5,x(1)="a"',
        *(f"write {each} set y={each},$piece(x,1)={each}" for each in expressions),
    ]

    code = run_terminal(
        instance,
        io.StringIO("".join(f"{line}\n" for line in [*lines, "write !,12345"])),
        output,
        namespace="USER",
        environment={},
        directory="/",
        os_user="irisowner",
        trusted=True,
    )

    assert code == 0
    assert output.getvalue().endswith("\n12345\nUSER>")


@given(st.text("abxSETWRITEifdo {}()\"',:;.$@^|[]?*-+1234567890\t/#_=<>&!", max_size=60))
def test_every_line_is_parsed_or_refused(text: str) -> None:
    try:
        parse_label(text)
        parse_line(text)
    except LineSyntaxError as error:
        assert 0 <= error.column <= len(text)


@given(st.dictionaries(st.text("01a-.9", min_size=1, max_size=4), st.integers(), max_size=20), st.data())
def test_an_array_is_walked_in_one_order_both_ways(nodes: dict[str, int], data: st.DataObject) -> None:
    store = TreeStore()
    for name, value in nodes.items():
        store.set("a", (name,), value)
    gone = data.draw(st.sets(st.sampled_from(sorted(nodes)))) if nodes else set()
    for name in gone:
        store.kill("a", (name,))

    forth = _walked(store, reverse=False)
    assert sorted(forth) == sorted(set(nodes) - gone)
    assert _walked(store, reverse=True) == forth[::-1]


def _walked(store: TreeStore, *, reverse: bool) -> list[str]:
    found, at = [], store.next("a", ("",), reverse=reverse)
    while at:
        found.append(at)
        at = store.next("a", (at,), reverse=reverse)
    return found
