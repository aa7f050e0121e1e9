"""%Status values: 1, or ``0 `` and a list of errors (iris-facts 5.2); %SYSTEM.Status reads them."""

from __future__ import annotations

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.lists import build_list, read_list
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.storage.errors import STATUS_TEXTS, StorageError
from iris_devtools.standin.values import Argument

__all__ = ["CLASSES", "OK", "errors_of", "status_of"]

OK = 1
_GENERAL = 5001

STATUS = ClassDefinition("%SYSTEM.Status")
CLASSES = (STATUS,)


def status_of(*errors: StorageError) -> str:
    """Return the %Status that stands for these errors."""
    return "0 " + build_list([build_list([error.code, error.detail]) for error in errors])


def errors_of(status: Argument) -> list[StorageError]:
    """Return the errors in a %Status; none when it is 1.  What is no %Status counts as one general error."""
    text = to_text(status)
    if text == "1":
        return []
    if not text.startswith("0"):
        return [StorageError(_GENERAL, f"Not a %Status: {text[:80]!r}")]
    try:
        errors = [_read_error(to_text(item)) for item in read_list(text[2:])]
    except (ObjectScriptError, IndexError):
        errors = []
    # A zero without a readable error is still no success.
    return errors or [StorageError(_GENERAL, "Unreadable %Status")]


def _read_error(item: str) -> StorageError:
    parts = read_list(item)
    code = to_integer(parts[0])
    detail = to_text(parts[1]) if len(parts) > 1 else ""
    if code not in STATUS_TEXTS:
        return StorageError(_GENERAL, f"Error {code} {detail}".rstrip())
    return StorageError(code, detail)


@STATUS.class_method("OK")
def _ok(_call: Call) -> int:
    return OK


@STATUS.class_method("Error")
def _error(_call: Call, code: int, detail: str = "") -> str:
    known = code in STATUS_TEXTS
    return status_of(
        StorageError(code, detail) if known else StorageError(_GENERAL, f"Error {code} {detail}")
    )


@STATUS.class_method("IsOK")
def _is_ok(_call: Call, status: Argument) -> bool:
    return not errors_of(status)


@STATUS.class_method("IsError")
def _is_error(_call: Call, status: Argument) -> bool:
    return bool(errors_of(status))


@STATUS.class_method("GetErrorText")
def _get_error_text(_call: Call, status: Argument, _language: str = "") -> str:
    return "\r\n".join(str(error) for error in errors_of(status))


@STATUS.class_method("GetOneErrorText")
def _get_one_error_text(_call: Call, status: Argument, index: int = 1, _language: str = "") -> str:
    errors = errors_of(status)
    return str(errors[index - 1]) if 1 <= index <= len(errors) else ""


@STATUS.class_method("GetErrorCodes")
def _get_error_codes(_call: Call, status: Argument) -> str:
    return ",".join(str(error.code) for error in errors_of(status))


@STATUS.class_method("Equals")
def _equals(_call: Call, status: Argument, codes: str) -> bool:
    wanted = set(codes.split(","))
    return any(str(error.code) in wanted for error in errors_of(status))


@STATUS.class_method("AppendStatus")
def _append(_call: Call, first: Argument, second: Argument) -> Argument:
    errors = [*errors_of(first), *errors_of(second)]
    return status_of(*errors) if errors else OK
