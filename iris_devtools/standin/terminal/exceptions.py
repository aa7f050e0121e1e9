"""What CATCH gets: the classes of exceptions (iris-terminal-and-image B.7)."""

from __future__ import annotations

from dataclasses import dataclass

from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.objectscript.status import OK, errors_of, status_of
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.values import Argument, ObjectRef

__all__ = ["CLASSES", "Caught", "caught", "error_code_of"]

SYSTEM = ClassDefinition("%Exception.SystemException")
GENERAL = ClassDefinition("%Exception.General")
STATUS = ClassDefinition("%Exception.StatusException")
SQL = ClassDefinition("%Exception.SQL")
CLASSES = (SYSTEM, GENERAL, STATUS, SQL)

_GENERAL_ERROR, _OBJECTSCRIPT_ERROR = 5001, 5002
_NUMBERS = {"UNDEFINED": 9, "DIVIDE": 18}
"""Codes of system exceptions; documentation has samples of these two only."""

_ANSI = {"DIVIDE": "M9", "NOLINE": "M13", "SELECT": "M4", "NAMESPACE": "M26"}


@dataclass
class Caught:
    """One exception: what was thrown, or what an error became."""

    name: str
    code: str = ""
    location: str = ""
    data: str = ""
    status: Argument = ""

    def __str__(self) -> str:
        return " ".join(each for each in (self.name, self.code, self.location, self.data) if each)


def caught(error: Exception) -> tuple[ClassDefinition, Caught]:
    """Return what an error is to CATCH."""
    if isinstance(error, SQLError):
        return SQL, Caught(error.message or error.text(), str(error.sqlcode))
    assert isinstance(error, ObjectScriptError)
    location, _, data = error.detail.partition(" ")
    return SYSTEM, Caught(f"<{error.name}>", str(_NUMBERS.get(error.name, "")), location, data)


def error_code_of(error: Exception) -> str:
    """Return the entry of ``$ECODE`` for an error, between commas."""
    if not isinstance(error, ObjectScriptError):
        return ",ZSQL,"
    if error.name == "UNDEFINED":
        return ",M7," if " ^" in error.detail else ",M6,"
    return f",{_ANSI.get(error.name, f'Z{error.name}')},"


def _as_status(_call: Call, target: Caught) -> Argument:
    if target.status != "":
        return target.status
    if target.name.startswith("<"):
        mark = f" {target.data}" if target.data else ""
        return status_of(StorageError(_OBJECTSCRIPT_ERROR, f"{target.name}{target.location}{mark}"))
    return status_of(StorageError(_GENERAL_ERROR, str(target)))


for _definition in CLASSES:
    _definition.attribute("Name", "name", str)
    _definition.attribute("Code", "code", str)
    _definition.attribute("Location", "location", str)
    _definition.attribute("Data", "data", str)
    _definition.method("AsStatus")(_as_status)

    @_definition.method("DisplayString")
    def _display_string(_call: Call, target: Caught, _level: int = 0) -> str:
        return str(target)

    @_definition.method("AsSQLCODE")
    def _as_sqlcode(_call: Call, target: Caught) -> Argument:
        return target.code if target.code.startswith("-") else -400

    @_definition.method("AsSQLMessage")
    def _as_sqlmessage(_call: Call, target: Caught) -> str:
        return str(target)


@GENERAL.class_method("%New")
def _new(
    call: Call, name: str = "", code: str = "", location: str = "", data: str = "", _inner: Argument = ""
) -> ObjectRef:
    return call.space.hold(GENERAL, Caught(name, code, location, data))


@STATUS.class_method("CreateFromStatus")
def _create_from_status(call: Call, status: Argument) -> ObjectRef:
    errors = errors_of(status)
    code = str(errors[0].code) if errors else str(OK)
    text = errors[0].text() if errors else ""
    return call.space.hold(STATUS, Caught(text, code, status=to_text(status)))


@SQL.class_method("CreateFromSQLCODE")
def _create_from_sqlcode(call: Call, sqlcode: int, message: str = "") -> ObjectRef:
    return call.space.hold(SQL, Caught(message, str(sqlcode)))
