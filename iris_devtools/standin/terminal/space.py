"""The classes that a terminal session sees: the server's own, and those of a process of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.values import Argument, ObjectRef, Scalar, Undefined
from iris_devtools.standin.wire.messages import is_query

__all__ = ["Ended", "TerminalSpace"]

STATEMENT = ClassDefinition("%SQL.Statement")
RESULT = ClassDefinition("%SQL.StatementResult")
UTIL = ClassDefinition("%SYSTEM.Util")
PROCESS = ClassDefinition("%SYSTEM.Process")

_NO_MORE_ROWS = 100


class Ended(BaseException):
    """The session is over, with an exit code. No error: nothing may catch it on its way."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class TerminalSpace(ObjectSpace):
    """The class calls of one terminal session, in the environment and directory of its caller."""

    def __init__(
        self, process: Process, session: Session, *, environment: Mapping[str, str], directory: str
    ) -> None:
        super().__init__(process)
        self.session = session
        self.environment = environment
        self.directory = directory

    def class_method(self, class_name: str, method: str, arguments: Sequence[Argument]) -> Argument:
        """Call a class method; raises ObjectScriptError, or Ended when the process terminates itself."""
        own = _OWN.get(class_name)
        found = own.class_methods.get(method) if own is not None else None
        if found is not None:
            return self._run(found, (Call(self),), arguments)
        return super().class_method(class_name, method, arguments)


@dataclass
class _Statement:
    """One %SQL.Statement: the text that was prepared."""

    text: str = ""


@dataclass
class _Result:
    """What a statement answered."""

    sqlcode: int = 0
    message: str = ""
    count: int = 0
    columns: tuple[str, ...] = ()
    rows: list[Sequence[Scalar]] = field(default_factory=list)
    at: int = -1


def _space(call: Call) -> TerminalSpace:
    return cast(TerminalSpace, call.space)


def _execute(call: Call, text: str, values: Sequence[Argument]) -> ObjectRef:
    session = _space(call).session
    result = _Result()
    try:
        given = [to_text(value) for value in values]
        prepared = session.prepare(text, ("?",) * len(given))
        if is_query(text):
            result.rows = list(session.query(prepared, given))
            result.columns = tuple(column.name for column in prepared.columns or ())
            result.count = len(result.rows)
        else:
            result.count = sum(session.update(prepared, [given]))
    except SQLError as error:
        result.sqlcode, result.message = error.sqlcode, error.message or error.text()
    return call.space.hold(RESULT, result)


# Formals are written out: what a method of ObjectScript takes is a list of known length.
_NONE = Undefined()


@STATEMENT.class_method("%ExecDirect")
def _exec_direct(
    call: Call, _handle: Argument = "", text: str = "", a: Argument = _NONE, b: Argument = _NONE,
    c: Argument = _NONE, d: Argument = _NONE,
) -> ObjectRef:  # fmt: skip
    return _execute(call, text, [each for each in (a, b, c, d) if not isinstance(each, Undefined)])


@STATEMENT.class_method("%New")
def _new(call: Call) -> ObjectRef:
    return call.space.hold(STATEMENT, _Statement())


@STATEMENT.method("%Prepare")
def _prepare(_call: Call, statement: _Statement, text: str) -> int:
    statement.text = text
    return 1


@STATEMENT.method("%Execute")
def _run(
    call: Call, statement: _Statement, a: Argument = _NONE, b: Argument = _NONE, c: Argument = _NONE,
    d: Argument = _NONE,
) -> ObjectRef:  # fmt: skip
    return _execute(call, statement.text, [each for each in (a, b, c, d) if not isinstance(each, Undefined)])


@RESULT.method("%Next")
def _next(_call: Call, result: _Result) -> int:
    result.at += 1
    if result.at < len(result.rows):
        return 1
    result.sqlcode = result.sqlcode or _NO_MORE_ROWS
    return 0


@RESULT.method("%Get")
def _get(_call: Call, result: _Result, name: str) -> Argument:
    for index, column in enumerate(result.columns):
        if column.upper() == name.upper() and 0 <= result.at < len(result.rows):
            return result.rows[result.at][index]
    raise ObjectScriptError("PROPERTY DOES NOT EXIST", f" *{name},%sqlcq")


@RESULT.method("%GetData")
def _get_data(_call: Call, result: _Result, place: int) -> Argument:
    if 0 <= result.at < len(result.rows) and 1 <= place <= len(result.columns):
        return result.rows[result.at][place - 1]
    return ""


RESULT.attribute("%SQLCODE", "sqlcode", int)
RESULT.attribute("%Message", "message", str)
RESULT.attribute("%ROWCOUNT", "count", int)


@UTIL.class_method("GetEnviron")
def _get_environ(call: Call, name: str) -> str:
    return _space(call).environment.get(name, "")


@PROCESS.class_method("CurrentDirectory")
def _current_directory(call: Call) -> str:
    directory = _space(call).directory
    return directory if directory.endswith(os.sep) else directory + os.sep


@PROCESS.class_method("Terminate")
def _terminate(call: Call, pid: Argument = _NONE, exit_code: int = 1) -> Argument:
    if isinstance(pid, Undefined) or to_text(pid) in ("", str(call.process.pid)):
        raise Ended(exit_code)
    return ObjectSpace.class_method(call.space, "%SYSTEM.Process", "Terminate", [pid])


_OWN = {each.name: each for each in (STATEMENT, UTIL, PROCESS)}
