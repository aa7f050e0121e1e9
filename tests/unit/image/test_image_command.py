"""The command ``iris`` and CPF merge files (iris-terminal-and-image C, D.8), on a server in this process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from iris_devtools.standin.image.merge import MergeError, apply_merge, merge_file, read_actions
from iris_devtools.standin.image.places import state_file
from iris_devtools.standin.instance import Instance, Options
from iris_devtools.standin.terminal.door import Door

Iris = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def instance() -> Iterator[Instance]:
    # The path of a socket has room for about a hundred characters.
    with (
        tempfile.TemporaryDirectory(prefix="iris") as directory,
        Instance(Path(directory), Options()) as instance,
    ):
        door = Door(
            instance,
            instance.manager,
            services={"merge": lambda given: merge_file(instance, Path(given[0]))},
        )
        door.open()
        state = {"pid": os.getpid(), "since": "Sat Nov 21 12:00:00 2026", "version": instance.version_number}
        state_file(instance.data).write_text(json.dumps(state), encoding="utf-8")
        yield instance
        door.close()


@pytest.fixture
def iris(instance: Instance, tmp_path: Path) -> Iris:
    def run(*arguments: str, text: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "iris_devtools.standin.image.command", *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=tmp_path,
            env={**os.environ, "ISC_DATA_DIRECTORY": str(instance.data), **environment},
        )

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("session", "IRIS", "-U", "%SYS"),
        ("session", "iris", "-U%SYS"),
        ("terminal", "IRIS", "-B", "-U%SYS"),
        ("console", "IRIS", "-b", "1024", "-U", "%SYS"),
    ],
)
def test_a_session_reads_its_input_to_the_end(iris: Iris, arguments: tuple[str, ...]) -> None:
    done = iris(*arguments, text="write $namespace\nwrite foo\n")

    assert (done.returncode, done.stderr) == (0, "")
    assert "\n%SYS\n%SYS>" in done.stdout
    assert done.stdout.endswith("<UNDEFINED> *foo\n%SYS>")


def test_a_one_liner_is_silent_and_its_exit_code_is_that_of_the_process(iris: Iris) -> None:
    for call, code in (
        ("##class(%SYSTEM.Process).CurrentDirectory()", 0),
        ("##class(SYS.ICM).ShardingCheck()", 1),
        ("##class(%SYSTEM.Process).Terminate(,42)", 42),
    ):
        done = iris("session", "IRIS", "-U", "%SYS", call)
        assert (done.stdout, done.stderr, done.returncode) == ("", "", code)


def test_a_session_sees_the_environment_and_the_directory_of_its_caller(iris: Iris, tmp_path: Path) -> None:
    lines = 'write $system.Util.GetEnviron("WHO"),"|",##class(%SYSTEM.Process).CurrentDirectory()\n'

    assert f"\nme|{tmp_path}/\n" in iris("session", "IRIS", text=lines, WHO="me").stdout


def test_what_a_session_was_told_of_an_unknown_instance_or_namespace(iris: Iris, tmp_path: Path) -> None:
    assert iris("session", "OTHER").returncode == 1
    assert "<NAMESPACE>" in iris("session", "IRIS", "-U", "NOPE").stdout
    down = iris("session", "IRIS", ISC_DATA_DIRECTORY=str(tmp_path))
    assert (down.returncode, "not running" in down.stdout) == (1, True)


def test_list_and_qlist_tell_that_the_server_runs(iris: Iris, tmp_path: Path) -> None:
    listed, line = iris("list"), iris("qlist", "IRIS")

    assert "\nConfiguration 'IRIS'   (default)\n" in listed.stdout
    assert "        status:       running, since Sat Nov 21 12:00:00 2026\n" in listed.stdout
    assert "        state:        ok\n" in listed.stdout
    fields = line.stdout.rstrip("\n").split("^")
    assert (len(fields), fields[0], fields[3][:14], fields[8]) == (14, "IRIS", "running, since", "ok")
    down = iris("qlist", "IRIS", ISC_DATA_DIRECTORY=str(tmp_path))
    assert (down.stdout.split("^")[3], down.returncode) == ("down", 0)


def test_stopping_what_does_not_run_is_no_mistake(iris: Iris, tmp_path: Path) -> None:
    assert iris("stop", "IRIS", "quietly", ISC_DATA_DIRECTORY=str(tmp_path)).returncode == 0


def test_merge_applies_a_file_and_says_which_line_is_wrong(
    iris: Iris, instance: Instance, tmp_path: Path
) -> None:
    (tmp_path / "good.cpf").write_text(
        "# made by hand\n[Actions]\n"
        "CreateNamespace:Name=MERGED,Globals=MERGED,Routines=MERGED,Interop=0\n"
        f"CreateDatabase:Name=MERGED,Directory={tmp_path}/merged\n"
        "ModifyService:Name=%Service_CallIn,Enabled=1,AutheEnabled=$$$AutheOS+$$$AuthePassword\n"
        "CreateMapPackage:Namespace=MERGED,Name=App,Database=USER\n"
    )
    (tmp_path / "bad.cpf").write_text("[Actions]\n\nModifyUser:Name=Nobody,ChangePassword=0\n")

    # Twice: what is there already stays.
    for _ in range(2):
        done = iris("merge", "IRIS", "good.cpf")
        assert (done.returncode, done.stdout.count("CreateMapPackage in line 6")) == (0, 1), done.stdout
    assert "\nMERGED\n" in iris("session", "IRIS", "-UMERGED", text="write $namespace\n").stdout
    assert instance.configuration.setting("Services", "%Service_CallIn") == {
        "Enabled": "1",
        "AutheEnabled": "48",
    }

    wrong = iris("merge", "IRIS", ISC_CPF_MERGE_FILE=str(tmp_path / "bad.cpf"))
    assert (wrong.returncode, wrong.stdout[:6]) == (1, "line 3")
    assert iris("merge", "IRIS", "missing.cpf").returncode == 1


def test_commas_in_values_are_no_ends_of_properties() -> None:
    (action,) = read_actions(
        '[Actions]\nModifyUser:Name=a,PasswordHash=12ab,34cd,10000,SHA512,Comment="x, y=z",Enabled=1'
    )

    assert action.properties == {
        "Name": "a",
        "PasswordHash": "12ab,34cd,10000,SHA512",
        "Comment": "x, y=z",
        "Enabled": "1",
    }


def test_a_merge_executes_a_class_method_last(instance: Instance, tmp_path: Path) -> None:
    path = tmp_path / "execute.cpf"
    path.write_text(
        "[Actions]\n"
        "Execute:Namespace=%SYS,ClassName=Security.Users,MethodName=UnExpireUserPasswords,Arg1=merge1\n"
        "CreateUser:Name=merge1,Roles=%All,Password=abc,ChangePassword=1\n"
    )
    apply_merge(instance, path)
    account = instance.configuration.account("merge1")
    assert account is not None and not account.change_password

    path.write_text("[Actions]\nExecute:ClassName=No.Such,MethodName=Thing\n")
    with pytest.raises(MergeError, match="line 2: Execute: <CLASS DOES NOT EXIST>"):
        apply_merge(instance, path)
