"""Classes of the session's own process: its directory and end, what is written to its screen."""

from __future__ import annotations

import os
from collections.abc import Sequence

from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.objectscript.status import errors_of
from iris_devtools.standin.terminal.space import Ended, space_of
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["CLASSES"]

UTIL = ClassDefinition("%SYSTEM.Util")
PROCESS = ClassDefinition("%SYSTEM.Process")
VERSION = ClassDefinition("%SYSTEM.Version")
STATUS = ClassDefinition("%SYSTEM.Status")
OBJ = ClassDefinition("%SYSTEM.OBJ")
ICM = ClassDefinition("SYS.ICM", only_in="%SYS")
CLASSES = (UTIL, PROCESS, VERSION, STATUS, OBJ, ICM)

_NONE = Undefined()
_ICM_CODES = {"ISCAgentCheck": 0, "ShardingCheck": 1, "AutoStartProductionsCheck": 3}
"""With what the checks of an image without shards and productions end (iris-terminal-and-image F.3)."""


@UTIL.class_method("GetEnviron")
def _get_environ(call: Call, name: str) -> str:
    return space_of(call).environment.get(name, "")


@PROCESS.class_method("CurrentDirectory")
def _current_directory(call: Call, fresh: str = "") -> str:
    """Return the directory of the process, and change to another one."""
    space = space_of(call)
    before = space.directory
    if fresh:
        space.directory = os.path.normpath(os.path.join(before, fresh))  # noqa: PTH118 - no file is touched
    return before if before.endswith(os.sep) else before + os.sep


@PROCESS.class_method("Terminate")
def _terminate(call: Call, pid: Argument = _NONE, exit_code: int = 1) -> Argument:
    if isinstance(pid, Undefined) or to_text(pid) in ("", str(call.process.pid)):
        raise Ended(exit_code)
    return ObjectSpace.class_method(call.space, "%SYSTEM.Process", "Terminate", [pid])


@PROCESS.class_method("TerminalPrompt")
def _terminal_prompt(_call: Call, _form: Argument = _NONE) -> str:
    return "8,2"


@VERSION.class_method("Display")
def _display(call: Call) -> None:
    space_of(call).device.write(f"\n{call.instance.version_text}\n")


@STATUS.class_method("DisplayError")
@OBJ.class_method("DisplayError")
def _display_error(call: Call, status: Argument = _NONE) -> int:
    if not isinstance(status, Undefined):
        _say(call, [str(error) for error in errors_of(status)])
    return 1


@STATUS.class_method("DecomposeStatus")
def _decompose(_call: Call, status: Argument, _errors: Argument = _NONE, _flag: str = "") -> int:
    return len(errors_of(status))


def _say(call: Call, lines: Sequence[str]) -> None:
    for line in lines:
        space_of(call).device.write(f"\n{line}")


def _check(name: str, code: int) -> None:
    @ICM.class_method(name)
    def check(_call: Call) -> None:
        raise Ended(code)


for _name, _code in _ICM_CODES.items():
    _check(_name, _code)
