"""The forty cases of iris-terminal-and-image F.4, one by one."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

Terminal = Callable[..., tuple[str, int]]
After = Callable[..., str]

_BYTES = {
    2: (["write 1"], "\n1\nUSER>"),
    3: (["write 1,!"], "\n1\n\nUSER>"),
    4: (["set x=1"], "\n\nUSER>"),
    5: ([""], "\n\nUSER>"),
    9: (['zn "%SYS"'], "\n\n%SYS>"),
    10: (['set $namespace="%SYS"'], "\n\n%SYS>"),
    11: (['zn "NOPE"'], '\n\nZN "NOPE"\n^\n<NAMESPACE>\nUSER>'),
    12: (["write foo"], "\n\nWRITE foo\n^\n<UNDEFINED> *foo\nUSER>"),
    13: (["write ^foo(1)"], "\n\nWRITE ^foo(1)\n^\n<UNDEFINED> ^foo(1)\nUSER>"),
    14: (
        ['write "a",! set y=zzz write 2'],
        '\na\n\nWRITE "a",! SET y=zzz WRITE 2\n            ^\n<UNDEFINED> *zzz\nUSER>',
    ),
    15: (["write  5"], "\n\nWRITE  5\n       ^\n<SYNTAX>\nUSER>"),
    16: (
        ["gobbledegook", "write $ZERROR"],
        "\n\ngobbledegook\n^\n<SYNTAX>\nUSER>\n<SYNTAX>\nUSER>",
    ),
    17: (
        ["if 1 {", 'write "in"', "}"],
        "\n\nIF 1 {\n      ^\n<SYNTAX>\nUSER>\nin\nUSER>\n\n}\n^\n<SYNTAX>\nUSER>",
    ),
    18: (["tstart"], "\n\nTL1:USER>"),
    19: (["new"], "\n\nUSER 1S1>"),
    20: (
        ["do ##class(X.Y).Z()"],
        "\n\nDO ##class(X.Y).Z()\n^\n<CLASS DOES NOT EXIST> *X.Y\nUSER>",
    ),
    38: (["// text", "; text"], "\n\nUSER>\n\nUSER>"),
    40: (
        ['check(sc)\tif \'sc { write "bad" }', "do check(0)"],
        "\n\nUSER>\nbad\nUSER>",
    ),
}

_NODES = "set a(1)=1,a(2,3)=2"
_WRITTEN = {
    21: (["write 2+3*4"], "20"),
    22: (['write 10-2-3," ",2*3+4*5'], "5 50"),
    23: (['write 1/4," ",007.50," ",-0.5'], ".25 7.5 -.5"),
    24: (['write "3 apples"+1," ","abc"+0," ","1E2"+0'], "4 0 100"),
    25: (['write 1="1",1="1.0",1=1.0,"b"]"a"'], "1011"),
    26: (['write 7\\2," ",7#3," ",-7#3," ",2**3'], "3 1 2 8"),
    27: (["set a=0,b=1", "write 'a=b"], "1"),
    28: (['write "abc"["b","12-34"?2N1"-"2N'], "11"),
    29: ([f"{_NODES} write $data(a),$data(a(1)),$data(a(2)),$data(a(9))"], "101100"),
    30: ([_NODES, 'set k="" for  set k=$order(a(k)) quit:k=""  write k,","'], "1,2,"),
    31: (["for i=1:1:3 write i", 'for i=1,5,7:1:8 write i,","'], "1,5,7,8,"),
    32: (
        ['write $piece("a,b,c",",",2),$extract("abcd",2,3),$length("a^b","^"),$find("abc","b")'],
        "bbc23",
    ),
    33: (['set l=$lb("a",,3) write $ll(l),$lg(l,2,"x"),$list(l,3)'], "3x3"),
    34: (['write $select(0:"a",1:"b"),$case(2,1:"x",:"y")'], "by"),
    35: (['set sc=0 if \'sc write "no" write "still"'], "nostill"),
    36: (
        ['set sc=$system.Status.Error(5001,"x") write $system.Status.GetErrorText(sc)'],
        "ERROR #5001: x",
    ),
    37: (['zw $lb(1,"a") set q="1.0" zw q'], '$lb(1,"a")\nq="1.0"\n'),
}


@pytest.mark.parametrize("number", _BYTES)
def test_the_bytes_of_a_case(after: After, number: int) -> None:
    lines, output = _BYTES[number]

    assert after(*lines) == output


@pytest.mark.parametrize("number", _WRITTEN)
def test_what_a_case_writes(written: After, number: int) -> None:
    lines, output = _WRITTEN[number]

    assert written(*lines) == output


def test_case_1_the_banner_and_the_first_prompt(terminal: Terminal) -> None:
    assert terminal()[0] == f"\nNode: {socket.gethostname()}, Instance: IRIS\n\nUSER>"


@pytest.mark.parametrize(
    ("number", "lines", "end", "code"),
    [
        (6, ["halt"], ">\n", 0),
        (7, [], ">", 0),
        (8, ["W 1 halt"], ">\n1", 0),
        (39, ["do ##class(%SYSTEM.Process).Terminate(,3)"], ">\n", 3),
    ],
)
def test_how_a_case_ends(terminal: Terminal, number: int, lines: list[str], end: str, code: int) -> None:
    output, found = terminal(*lines, "write 999" if number != 7 else "") if lines else terminal()

    assert output.endswith(end)
    assert found == code


def test_case_35_a_true_condition_lets_nothing_run(written: After) -> None:
    assert written('set sc=1 if \'sc write "no" write "still"') == ""


def test_no_case_is_left_out() -> None:
    assert sorted([*_BYTES, *_WRITTEN, 1, 6, 7, 8, 39]) == list(range(1, 41))
