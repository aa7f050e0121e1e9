"""Commands of the terminal: blocks, labels, errors, transactions (iris-terminal-and-image B.5 to B.9, C)."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from iris_devtools.standin.globals.locks import LockName
from iris_devtools.standin.globals.store import GlobalStore
from iris_devtools.standin.instance import Instance

Terminal = Callable[..., tuple[str, int]]
Lines = Callable[..., str]


@pytest.mark.parametrize(
    ("lines", "output"),
    [
        (['set (a,b)=1,c=a+b write a,b,c'], "112"),
        (['set $piece(x,"-",3)="c" write x'], "--c"),
        (['set x="abc",$extract(x,2)="--" write x', 'set $extract(x,6,7)="YZ" write x'], "a--c YZ"),
        (['set l=$lb(1,2),$list(l,4)="d" write $lts(l)'], "1,2,,d"),
        (['set a="x",@a=5 write x', 'set n="y(1)",@n=6 write y(1),@n'], "66"),
        (['set a="b",b(1,2)="deep" write @a@(1,2)'], "deep"),
        (['set a(1)=1,a(2)=2 merge b("k")=a write b("k",2),$data(b)'], "210"),
        (['set a=1,b=2,c=3 kill (b) write $data(a),$data(b),$data(c)'], "010"),
        (['set a(1)=1,a(1,1)=2 kill a(1) write $data(a)'], "0"),
        (["set a=1,b(1)=2 write"], "\na=1\nb(1)=2"),
        (['write "ab",?5,"c",!?2,"d",*65'], "ab   c\n  dA"),
        (["read x", "the line", "write x"], "the line"),
        (['read "name? ",x#3', "abcdef", "write x"], "abc"),
        (["if 0  write 1", "else  write 2"], "2"),
        (["if 0 write 1 else  write 2"], ""),
        (['if 1,0 { write 1 } elseif 1 { write 2 } else { write 3 } write "x"'], "2x"),
        (["for i=1:1:5 { continue:i=2  quit:i=4  write i }"], "13"),
        (["for i=5:-2:1 write i"], "531"),
        (["for { set n=$increment(n) quit:n>3  write n }"], "123"),
        (["set i=0 do { set i=i+1 write i } while i<3"], "123"),
        (["set i=0 while i<5 { set i=i+1 quit:i=3  write i }"], "12"),
        (["for i=1:1:2 for j=1:1:2 write i,j,\",\""], "11,12,21,22,"),
        (['set a("1E999")=1,a("01")=2,a(2)=3 zwrite a'], 'a(2)=3\na("01")=2\na("1E999")=1\n'),
        (["set x=5 set:x=5 y=1 set:x=6 z=1 write $data(y),$data(z)"], "10"),
        (["write:0 1 write 2"], "2"),
        (["do:0 nowhere write 3"], "3"),
        (['xecute "write 1 quit  write 2" write 3'], "13"),
        (['xecute "write 1":0,"write 2":1'], "2"),
        (["try { write 1/0 } catch e { write e.Name,e.Code }"], "<DIVIDE>18"),
        (['try { write 1 quit  write 2 } catch { write 3 } write 4'], "14"),
        (['try { try { write zz } catch a { throw a } } catch b { write b.Data }'], "*zz"),
        (
            ["try { write zz } catch e { write $system.Status.GetErrorText(e.AsStatus()) }"],
            "ERROR #5002: ObjectScript error: <UNDEFINED> *zz",
        ),
        (
            [
                'set n=##class(%Exception.General).%New("no","1",,"d")',
                "try { throw n } catch e { write e.DisplayString() }",
            ],
            "no 1 d",
        ),
        (
            [
                'set sc=$system.Status.Error(5001,"bad")',
                "set t=$system.Status.GetErrorText(sc)",
                "set n=##class(%Exception.StatusException).CreateFromStatus(sc)",
                "try { throw n } catch e { write e.Code,t }",
            ],
            "5001ERROR #5001: bad",
        ),
        (["sum(a,b)\tquit a+b", "write $$sum(2,3)"], "5"),
        (["f(n)\tquit $select(n<2:1,1:n*$$f(n-1))", "write $$f(10)"], "3628800"),
        (["inc(x)\tset x=x+1", "set v=5 do inc(.v) write v"], "6"),
        (["fill(a)\tset a(1)=1,a(2)=2", "do fill(.m) write $data(m),m(2)"], "102"),
        (["own(x)\tset x=9,y=8", "set x=1,y=1 do own(2) write x,y"], "18"),
        (["opt(x)\twrite $data(x)", "do opt(),opt(1)"], "01"),
        (["hide\tnew x set x=2 write x", "set x=1 do hide write x"], "21"),
        (["a\twrite 1 goto b", "b\twrite 2", "do a write 3"], "123"),
        (['t\tset $ztrap="h" write 1/0', 'h\twrite "handled"', "do t write 1"], "handled1"),
        (
            [
                'outer\tset $ztrap="h" do inner write "not"',
                "inner\twrite zz",
                'h\twrite $estack,$zerror',
                "do outer write 1",
            ],
            "1<UNDEFINED> *zz1",
        ),
        (
            ['far\tnew $namespace set $namespace="%SYS" write $namespace', "do far write $namespace"],
            "%SYSUSER",
        ),
        (["set $etrap=\"write $ecode set $ecode=\"\"\"\"\"", "t\twrite 1/0", "do t write 1"], ",M9,1"),
        (['set o={"a":1,"b":[1,2,{"c":null}],"d":true} write o.a,o.b.%Get(1),o.%ToJSON()'],
         '12{"a":1,"b":[1,2,{"c":null}],"d":true}'),
        (['set o={} do o.%Set("k",.5) set o.n="x" write o.%ToJSON(),o.%Size()'], '{"k":0.5,"n":"x"}2'),
        (['set a=[1,"two"] do a.%Push((1+2)) write a.%ToJSON(),a.%Get(1)'], '[1,"two",3]two'),
        (
            ['set o=##class(%DynamicObject).%FromJSON("{""x"":1.5}")', "set i=o.%GetIterator()",
             'while i.%GetNext(.k,.v) { write k,"=",v }'],
            "x=1.5",
        ),
        (['set x=$c(13,10)_"a" zw x'], 'x=$c(13,10)_"a"\n'),
        (['zw $system.Status.Error(5001,"x")'], '"0 "_$lb($lb(5001,"x"))/* ERROR #5001: x */\n'),
        (["zn \"%SYS\" write $namespace"], "%SYS"),
        (["write 1 /* aside */ write 2 // rest"], "12"),
        (["  write 1 ; rest"], "1"),
        (["lock +^a(1):0 write $test lock -^a(1)"], "1"),
        (["do $system.Status.DisplayError($system.Status.Error(5001,\"x\"))"], "\nERROR #5001: x"),
        (['set m="sum" set @m@(1)=2 write $name(@m@(1))'], "sum(1)"),
    ],
)  # fmt: skip
def test_what_commands_write(written: Lines, lines: list[str], output: str) -> None:
    assert written(*lines) == output


def test_zwrite_shows_what_is_in_a_dynamic_object(after: Lines) -> None:
    assert after('zwrite {"a":1},[2]') == '\n{"a":1}  ; <DYNAMIC OBJECT>\n[2]  ; <DYNAMIC ARRAY>\n\nUSER>'


def test_a_failure_in_called_code_shows_its_own_line_and_raises_the_prompt(after: Lines) -> None:
    output = after("bad(a)\twrite zzz", "do bad(1)", "write 2", "do bad(1)", "quit", "write 3")

    shown = "\n\nWRITE zzz\n^\n<UNDEFINED> *zzz\n"
    assert output == (f"\n\nUSER>{shown}USER 2d1>\n2\nUSER 2d1>{shown}USER 4d1>\n\nUSER>\n3\nUSER>")


def test_the_variables_of_failed_code_can_be_looked_at(written: Lines) -> None:
    assert written("bad(a)\twrite zzz", "do bad(7)", "write a") == "7"
    assert written("bad(a)\twrite zzz", "do bad(7)", "quit", "write $data(a)") == "0"


def test_an_xecute_that_fails_raises_the_prompt(after: Lines) -> None:
    assert after('xecute "write zz"').endswith("\n\nWRITE zz\n^\n<UNDEFINED> *zz\nUSER 2x0>")


def test_new_at_the_prompt_makes_levels_that_quit_takes_away(after: Lines) -> None:
    output = after("set x=1", "new", "new x", "write $data(x)", "quit 1", "quit", "write x")

    assert [part.rpartition("\n")[2] for part in output.split(">")][:-1] == [
        "USER", "USER 1S1", "USER 2N1", "USER 2N1", "USER 1S1", "USER", "USER",
    ]  # fmt: skip
    assert output.endswith("\n1\nUSER>")


def test_endless_recursion_is_an_error_and_not_the_end_of_the_session(after: Lines) -> None:
    output = after("again\tdo again", "do again", "write 1")

    assert "<FRAMESTACK>" in output
    assert "\n1\nUSER" in output


def test_levels_of_transactions_stand_in_the_prompt(after: Lines) -> None:
    output = after("tstart", "set ^levels=1", "tstart", "trollback 1", "trollback", "write $data(^levels)")

    assert [part.rpartition("\n")[2] for part in output.split(">")][:-1] == [
        "TL1:USER", "TL1:USER", "TL2:USER", "TL1:USER", "USER", "USER",
    ]  # fmt: skip
    assert output.endswith("\n0\nUSER>")


def test_a_transaction_that_is_open_at_the_end_is_rolled_back(terminal: Terminal, written: Lines) -> None:
    terminal("tstart", "set ^atend=1")

    assert written("write $data(^atend)") == "0"


def test_another_namespace_inside_a_transaction_is_refused(after: Lines) -> None:
    output = after("tstart", 'zn "%SYS"', "trollback")

    assert "<UNIMPLEMENTED>" in output


def test_a_lock_that_another_process_holds_is_told_by_test(instance: Instance, written: Lines) -> None:
    other = instance.open_trusted_process("irisowner", namespace="USER")
    try:
        held = instance.locks.acquire(
            LockName(other.lease.data.name, "^held"), other.pid, shared=False, timeout_s=0
        )
        assert held
        assert written("lock +^held(1):0 write $test") == "0"
    finally:
        other.close()
    assert written("lock +^held(1):0 write $test") == "1"


def test_globals_stay_when_the_session_is_over(terminal: Terminal, written: Lines) -> None:
    terminal('set ^kept("a",1)="one",^kept("a")=2')

    assert written("zwrite ^kept") == '^kept("a")=2\n^kept("a",1)="one"\n'
    assert written("kill ^kept write $data(^kept)") == "0"


def test_numbers_reach_the_database_as_numbers_and_text_as_text(
    terminal: Terminal, instance: Instance
) -> None:
    terminal('set ^typed(1)=5,^typed(2)="05",^typed(3)=1.5,^typed(4)="x",^typed(5)=""')

    process = instance.open_trusted_process("irisowner", namespace="USER")
    try:
        store = GlobalStore(process.lease.connection)
        found = [store.get("typed", (str(number),)) for number in range(1, 6)]
    finally:
        process.close()
    assert found == [5, "05", Decimal("1.5"), "x", ""]


def test_the_names_of_globals_are_walked_with_order(written: Lines) -> None:
    found = written(
        "set ^zebra(1)=1,^ant=2",
        'set g="" for  set g=$order(^$Global(g)) quit:g=""  write g," "',
    )

    assert found.split() == sorted(found.split())
    assert {"^ant", "^zebra"} <= set(found.split())


def test_globals_of_another_namespace_are_reached_by_an_extended_reference(written: Lines) -> None:
    lines = [
        'set ^|"%SYS"|far(1)="x" write $data(^far),$get(^["%SYS"]far(1))',
        'zn "%SYS" write ^far(1) kill ^far',
    ]

    assert written(lines[0]) == "0x"
    assert written(lines[1]) == "x"


def test_increments_of_a_global_and_a_local_count_alike(written: Lines) -> None:
    assert written("kill ^n write $i(^n),$i(^n,5),$i(n),$i(n,-3),^n,n kill ^n") == "161-26-2"


def test_globals_are_exported_to_a_file_and_imported_again(written: Lines, tmp_path: Path) -> None:
    file = tmp_path / "globals.gof"

    assert written(
        'set ^gone("k")="v",^gone=$lb(1,"a")',
        f'set sc=##class(%Library.Global).Export($namespace,"gone","{file}",7) kill ^gone',
        f'set sc=##class(%Library.Global).Import($namespace,"*","{file}",7)',
        "zwrite sc,^gone kill ^gone",
    ) == 'sc=1\n^gone=$lb(1,"a")\n^gone("k")="v"\n'  # fmt: skip


def test_a_file_of_real_globals_is_refused(written: Lines, tmp_path: Path) -> None:
    file = tmp_path / "real.gof"
    file.write_text("Export of 1 global from Namespace USER\n")

    assert "ERROR #5001" in written(
        f'do $system.Status.DisplayError(##class(%Library.Global).Import("USER","*","{file}"))'
    )


def test_classes_that_want_a_compiler_are_refused_with_a_reason(written: Lines) -> None:
    output = written('set sc=$system.OBJ.Load("/nowhere.cls","ck") write $system.Status.IsError(sc)')

    assert "Load started on" in output
    assert output.endswith("1")


def test_the_package_manager_says_that_it_is_not_there(terminal: Terminal) -> None:
    output, code = terminal('zpm "install x"', "write 1")
    assert ("IPM" in output, "\n1\n" in output, code) == (True, True, 0)

    assert terminal('zpm "install x":1', "write 1")[1] == 1


@pytest.mark.parametrize(
    ("command", "output", "code"),
    [
        ("##class(SYS.ICM).ShardingCheck()", "", 1),
        ("##class(SYS.ICM).AutoStartProductionsCheck()", "", 3),
        ("##class(SYS.ICM).ISCAgentCheck()", "", 0),
        ("##class(%SYSTEM.Process).Terminate(,7)", "", 7),
        ("nowhere", "<NOROUTINE> *nowhere\n", 1),
        ("label^nowhere(1)", "<NOROUTINE> *nowhere\n", 1),
        ("##class(No.Such).Call()", "<CLASS DOES NOT EXIST> *No.Such\n", 1),
        ("w 1", "1", 0),
        ("write 1,! halt", "1\n", 0),
        ("write 1 +", "<SYNTAX>\n", 1),
    ],
)
def test_one_liners(terminal: Terminal, command: str, output: str, code: int) -> None:
    assert terminal(command=command, namespace="%SYS") == (output, code)
