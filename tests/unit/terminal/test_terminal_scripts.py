"""Lines that public tools send, unchanged (iris-terminal-and-image A.4, E.1 to E.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from iris_devtools.standin.instance import Instance

Terminal = Callable[..., tuple[str, int]]

SYS = "%SYS"


def test_testcontainers_makes_a_namespace_and_a_user(terminal: Terminal, instance: Instance) -> None:
    for command in (
        '##class(%SQL.Statement).%ExecDirect(,"CREATE DATABASE TC")',
        '##class(Security.Users).Create("tc","%ALL","test")',
    ):
        assert terminal(command=command, namespace=SYS) == ("", 0)

    instance.open_process("tc", "test", namespace="TC").close()


def test_the_java_module_leaves_an_argument_out(terminal: Terminal, instance: Instance) -> None:
    terminal(command='##class(Security.Users).Create("tcj","%All","tcj",,"USER")', namespace=SYS)

    account = instance.configuration.account("tcj")
    assert account is not None
    assert (account.roles, account.full_name, account.namespace) == ("%All", "", "USER")


def test_devtester_makes_a_namespace_from_the_environment(terminal: Terminal) -> None:
    lines = (
        'Set tNs=$system.Util.GetEnviron("IDT_NAMESPACE")',
        'Set tRS=##class(%SQL.Statement).%ExecDirect(,"CREATE DATABASE "_tNs)',
        'Write $Select(tRS.%SQLCODE<0:"IDT_ERR:"_tRS.%Message,1:"IDT_OK"),!',
        "Halt",
    )
    options = {"namespace": SYS, "environment": {"IDT_NAMESPACE": "IDTNS"}}

    assert "IDT_OK" in terminal(*lines, **options)[0]
    assert "IDT_ERR:" in terminal(*lines, **options)[0]


def test_devtester_makes_a_user_from_the_environment(terminal: Terminal, instance: Instance) -> None:
    output, code = terminal(
        'Set tSC=##class(Security.Users).Create($system.Util.GetEnviron("IDT_USERNAME"),"%ALL",'
        '$system.Util.GetEnviron("IDT_PASSWORD"))',
        'Write $Select($system.Status.IsOK(tSC):"IDT_OK",1:"IDT_ERR:"_$system.Status.GetErrorText(tSC)),!',
        "Halt",
        namespace=SYS,
        environment={"IDT_USERNAME": "idt", "IDT_PASSWORD": "idt"},
    )

    assert ("IDT_OK" in output, code) == (True, 0)
    instance.open_process("idt", "idt", namespace="USER").close()


def test_devtester_reads_the_state_of_the_monitor(terminal: Terminal) -> None:
    output, code = terminal("Write $SYSTEM.Monitor.State()", "Halt", namespace=SYS)

    assert re.search(r"(?:^|\n)(-1|[0-3])\s*(?:\n|$)", output)
    assert code == 0


def test_devtester_unexpires_passwords_with_a_loop_that_falls_apart(
    terminal: Terminal, instance: Instance
) -> None:
    output, code = terminal(
        "",
        'Set rs=##class(%ResultSet).%New("Security.Users:List")',
        "Do rs.Execute()",
        "While rs.Next() {",
        '    Set user=rs.Get("Name")',
        "    Set sc=##class(Security.Users).Get(user,.p)",
        "    If $$$ISOK(sc) {",
        '        Set p("ChangePassword")=0',
        '        Set p("PasswordNeverExpires")=1',
        "        Do ##class(Security.Users).Modify(user,.p)",
        "    }",
        "}",
        'Do ##class(Security.Users).UnExpireUserPasswords("*")',
        'Write "UNEXPIRED"',
        "Halt",
        namespace=SYS,
    )

    assert ("UNEXPIRED" in output, code) == (True, 0)
    assert output.count("<SYNTAX>") == 4
    assert not any(account.change_password for account in instance.configuration.accounts())


def test_devtester_resets_a_password(terminal: Terminal, instance: Instance) -> None:
    terminal(command='##class(Security.Users).Create("reset","%ALL","old")', namespace=SYS)

    output, _ = terminal(
        'Set user = "reset"',
        'Set password = "fresh"',
        "Set sc = ##class(Security.Users).Get(user, .p)",
        'If \'sc Write "FAILED:User not found" Halt',
        'Set p("PasswordExternal") = password',
        'Set p("ChangePassword") = 0',
        'Set p("PasswordNeverExpires") = 1',
        "Set sc = ##class(Security.Users).Modify(user, .p)",
        'If \'sc Write "FAILED:"_$System.Status.GetErrorText(sc) Halt',
        'Write "SUCCESS"',
        "Halt",
        namespace=SYS,
    )

    assert "SUCCESS" in output
    instance.open_process("reset", "fresh", namespace="USER").close()


def test_services_are_switched_on_and_stay_so(terminal: Terminal) -> None:
    first, code = terminal(
        'set prop("Enabled")=1 set prop("AutheEnabled")=48 '
        'write ##class(Security.Services).Modify("%Service_CallIn",.prop)',
        namespace=SYS,
    )
    second, _ = terminal(
        'Do ##class(Security.Services).Get("%Service_CallIn",.p) Write "ENABLED:",p("Enabled")',
        "Halt",
        namespace=SYS,
    )

    assert ("\n1\n" in first, code) == (True, 0)
    assert "ENABLED:1" in second


def test_devtester_makes_and_deletes_a_namespace(
    terminal: Terminal, instance: Instance, tmp_path: Path
) -> None:
    made, _ = terminal(
        ' Set ns="MADE"',
        f' Set dbDir="{tmp_path}/made"',
        " If '##class(%File).DirectoryExists(dbDir) Do ##class(%File).CreateDirectoryChain(dbDir)",
        " Set db=##class(SYS.Database).%New() Set db.Directory=dbDir Do db.%Save()",
        " Do ##class(Config.Databases).Create(ns,dbDir)",
        ' Set p("Globals")=ns,p("Routines")=ns Do ##class(Config.Namespaces).Create(ns,.p)',
        ' Write "SUCCESS"',
        namespace=SYS,
    )
    assert "SUCCESS" in made
    assert "\nMADE\nMADE>" in terminal("write $namespace", namespace="MADE")[0]

    terminal(
        ' Set ns="MADE"',
        " Do ##class(Config.Namespaces).Delete(ns)",
        " If ##class(Config.Databases).Get(ns,.p) {",
        '    Set dir=p("Directory")',
        "    Do ##class(Config.Databases).Delete(ns)",
        " }",
        ' Write "SUCCESS" Halt',
        namespace=SYS,
    )
    assert instance.configuration.namespace("MADE") is None


def test_devtester_exports_globals_and_loads_them_elsewhere(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "fixture.gof"
    saved, _ = terminal(
        'Set ^Fixture("a")=1 Set ^%hidden=1 Set glist = ""',
        f' Set sc = $SYSTEM.OBJ.ExportAllClasses("{tmp_path}/classes.xml")',
        ' If \'sc Write "WARN_CLS:",$System.Status.GetErrorText(sc),!',
        ' Write "CLASSES_DONE"',
        ' Set g = "" For  Set g = $Order(^$Global(g)) Quit:g=""  If $Extract(g,1)\'="%" '
        'Set glist = glist_$Select(glist="":"",1:",")_g',
        ' If glist = "" Write "WARN:No user globals found",! Write "SUCCESS" Halt',
        f' Set sc = ##class(%Library.Global).Export($Namespace, glist, "{file}", 7)',
        f' If \'##class(%File).Exists("{file}") Write "ERR_FILE_NOT_FOUND" Halt',
        ' Write "SUCCESS"',
    )
    assert ("WARN" in saved, "SUCCESS" in saved) == (False, True)

    loaded, _ = terminal(
        "Kill ^Fixture",
        f' Set sc = ##class(%Library.Global).Import($Namespace, "*", "{file}", 7)',
        ' Write $Get(^Fixture("a")),"LOADED" Kill ^Fixture,^%hidden',
    )
    assert "1LOADED" in loaded


def test_the_common_session_script_ends_with_the_status_of_the_last_line(terminal: Terminal) -> None:
    lines = ['do ##class(%SYSTEM.Process).CurrentDirectory("/tmp")', "set sc={}"]
    script = (
        "if '$Get(sc) do ##class(%SYSTEM.Process).Terminate(, 1)",
        'zn "%SYS"',
        "do ##class(SYS.Container).QuiesceForBundling()",
        'do ##class(Security.Users).UnExpireUserPasswords("*")',
        "halt",
    )

    assert terminal(lines[0], "set sc=1", *script)[1] == 0
    assert terminal(lines[0], 'set sc=$system.Status.Error(5001,"x")', *script)[1] == 1


def test_a_web_application_is_there_for_every_terminal_until_it_is_deleted(terminal: Terminal) -> None:
    for line, written in (
        ('set p("NameSpace")="USER" write ##class(Security.Applications).Create("/app",.p)', "1"),
        ('do ##class(Security.Applications).Get("/app",.p) write p("NameSpace")', "USER"),
        ('write ##class(Security.Applications).Exists("/app")', "1"),
        ('write ##class(Security.Applications).Delete("/app")', "1"),
        ('write ##class(Security.Applications).Exists("/app")', "0"),
    ):
        output, code = terminal(line, "halt", namespace="%SYS")
        assert (f"\n{written}\n%SYS>" in output, code) == (True, 0), output


@pytest.mark.parametrize(
    ("lines", "written"),
    [
        (['do ##class(Config.Namespaces).Get("USER",.n) write n("Globals")'], "USER"),
        (['do ##class(%SYS.Namespace).ListAll(.all) write $data(all("USER")),$data(all("%SYS"))'], "11"),
        (["write ##class(SYS.Lock).DeleteAllLocks($job)"], "0"),
        (["lock +^a,+^b write ##class(SYS.Lock).DeleteAllLocks($job)"], "2"),
        (["write ##class(%SYSTEM.License).MaxDB()"], "0"),
    ],
)  # fmt: skip
def test_what_administration_scripts_ask(terminal: Terminal, lines: list[str], written: str) -> None:
    assert f"\n{written}\n%SYS>" in terminal(*lines, namespace=SYS)[0]
