"""The terminal: what goes in, what comes out, byte for byte (iris-terminal-and-image F.4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iris_devtools.standin.instance import Instance

Terminal = Callable[..., tuple[str, int]]


@pytest.mark.parametrize(
    ("line", "output"),
    [
        ("write 1", "\n1\nUSER>"),
        ("write 1,!", "\n1\n\nUSER>"),
        ("set x=1", "\n\nUSER>"),
        ("", "\n\nUSER>"),
        ('zn "%SYS"', "\n\n%SYS>"),
        ('set $namespace="%SYS"', "\n\n%SYS>"),
        ('zn "NOPE"', '\n\nZN "NOPE"\n^\n<NAMESPACE>\nUSER>'),
        ("write foo", "\n\nWRITE foo\n^\n<UNDEFINED> *foo\nUSER>"),
        ("// text", "\n\nUSER>"),
        ("; text", "\n\nUSER>"),
        ('write "a",! set y=zzz write 2', None),
    ],
)
def test_the_bytes_around_a_line(after: Callable[..., str], line: str, output: str | None) -> None:
    if output is None:
        output = '\na\n\nWRITE "a",! SET y=zzz WRITE 2\n            ^\n<UNDEFINED> *zzz\nUSER>'
    assert after(line) == output


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2+3*4", "20"),
        ("10-2-3", "5"),
        ("2*3+4*5", "50"),
        ("1/4", ".25"),
        ("007.50", "7.5"),
        ("-0.5", "-.5"),
        ('"3 apples"+1', "4"),
        ('"abc"+0', "0"),
        ('"1E2"+0', "100"),
        ('1="1"', "1"),
        ('1="1.0"', "0"),
        ("1=1.0", "1"),
        ('"b"]"a"', "1"),
        ("7\\2", "3"),
        ("7#3", "1"),
        ("-7#3", "2"),
        ("2**3", "8"),
        ("1/3", ".3333333333333333333"),
        ('"abc"["b"', "1"),
        ('"abc"\'["b"', "0"),
        ('$piece("a,b,c",",",2),$extract("abcd",2,3),$length("a^b","^"),$find("abc","b")', "bbc23"),
        ('$select(0:"a",1:"b"),$case(2,1:"x",:"y")', "by"),
        ('$get(never,"x"),$data(never)', "x0"),
        ('$system.Util.GetEnviron("A")', "b c"),
        ("##class(%SYSTEM.Process).CurrentDirectory()", "/home/"),
    ],
)
def test_the_value_of_an_expression(after: Callable[..., str], expression: str, value: str) -> None:
    assert after(f"write {expression}", environment={"A": "b c"}) == f"\n{value}\nUSER>"


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (["set a=0,b=1", "write 'a=b"], "1"),
        (["set a(1)=1,a(2,3)=2 write $data(a),$data(a(1)),$data(a(2)),$data(a(9))"], "101100"),
        (["set a(1)=1,a(2,3)=2", 'set k="" for  set k=$order(a(k)) quit:k=""  write k,","'], "1,2,"),
        (["for i=1:1:3 write i"], "123"),
        (['for i=1,5,7:1:8 write i,","'], "1,5,7,8,"),
        (['set sc=0 if \'sc write "no" write "still"'], "nostill"),
        (['set sc=1 if \'sc write "no" write "still"'], ""),
        (['if 0 { write "a" } elseif 1 { write "b" } else { write "c" } write "d"'], "bd"),
        (["set i=0 while i<3 { set i=i+1 write i }"], "123"),
        (['set sc=$system.Status.Error(5001,"x") write $system.Status.GetErrorText(sc)'], "ERROR #5001: x"),
        (['set x(1)="a",x="1.0" zwrite x'], 'x="1.0"\nx(1)="a"\n'),
        (['set r=##class(%SQL.Statement).%ExecDirect(,"select 1 as n") do r.%Next() write r.%Get("n")'], "1"),
        (['set r=##class(%SQL.Statement).%ExecDirect(,"selekt") write r.%SQLCODE<0'], "1"),
    ],
)
def test_what_lines_write(after: Callable[..., str], lines: list[str], written: str) -> None:
    assert after(*lines).split("USER>")[-2] == f"\n{written}\n"


def test_a_block_over_several_lines_falls_apart(after: Callable[..., str]) -> None:
    output = after("if 0 {", 'write "in"', "}")

    assert output.count("<SYNTAX>") == 2
    assert "\nin\n" in output


def test_two_blanks_after_a_command_are_a_mistake(after: Callable[..., str]) -> None:
    assert "<SYNTAX>" in after("write  5")


def test_the_last_error_is_kept(after: Callable[..., str]) -> None:
    assert after("gobbledegook", "write $zerror").endswith("\n<SYNTAX>\nUSER>")


def test_the_end_of_input_ends_the_session_without_an_error(terminal: Terminal) -> None:
    assert terminal("write nowhere")[1] == 0


def test_terminate_sets_the_exit_code(terminal: Terminal) -> None:
    assert terminal("do ##class(%SYSTEM.Process).Terminate(,3)", "write 1")[1] == 3


def test_a_one_liner_prints_what_the_method_writes_and_nothing_else(terminal: Terminal) -> None:
    assert terminal(command="##class(%SYSTEM.Process).CurrentDirectory()") == ("", 0)


def test_a_one_liner_that_answers_an_error_status_ends_without_an_error(terminal: Terminal) -> None:
    create = '##class(Security.Users).Create("_SYSTEM","%ALL","x")'

    assert terminal(command=create, namespace="%SYS") == ("", 0)


def test_a_class_of_the_system_namespace_is_unknown_elsewhere(after: Callable[..., str]) -> None:
    line = 'do ##class(Security.Users).Create("a","%ALL","abc")'

    assert "<CLASS DOES NOT EXIST> *Security.Users\nUSER>" in after(line)


def test_a_user_and_a_database_are_made_from_outside_as_tools_do_it(
    terminal: Terminal, instance: Instance
) -> None:
    terminal(command='##class(%SQL.Statement).%ExecDirect(,"CREATE DATABASE TOOLS")', namespace="%SYS")
    terminal(command='##class(Security.Users).Create("test","%ALL","test")', namespace="%SYS")

    process = instance.open_process("test", "test", namespace="TOOLS")
    process.close()


def test_others_than_the_owner_are_asked_who_they_are(terminal: Terminal) -> None:
    terminal(command='##class(Security.Users).Create("bob","%ALL","secret")', namespace="%SYS")

    output, code = terminal("bob", "wrong", "bob", "secret", "write $username", trusted=False)

    assert code == 0
    assert output.count("Access Denied") == 1
    assert "\nbob\nUSER>" in output


def test_an_unknown_namespace_is_refused(terminal: Terminal) -> None:
    output, code = terminal("write 1", namespace="NOPE")

    assert "<NAMESPACE>" in output
    assert code == 1
