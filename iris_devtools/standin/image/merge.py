"""A CPF merge file: configuration that is applied at the start, or later (iris-terminal-and-image D.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from iris_devtools.standin.errors import ObjectScriptError, StandinError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.objectscript.status import errors_of
from iris_devtools.standin.values import Argument, ByRef, ObjectRef

__all__ = ["MergeError", "apply_merge", "merge_file", "read_actions"]

_PAIR = re.compile(r',\s*(?=[A-Za-z]\w*=)(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""Where one property ends: at a comma before ``Word=``. Values may have commas of their own."""

_AUTHENTICATION = {"$$$AutheOS": 16, "$$$AuthePassword": 32, "$$$AutheUnauthenticated": 64}


class MergeError(StandinError):
    """A line of the file cannot be applied."""


@dataclass(frozen=True)
class Action:
    """One line of the section ``[Actions]``."""

    number: int
    name: str
    properties: dict[str, str]


def read_actions(text: str) -> list[Action]:
    """Return the actions of a merge file; raises MergeError with the number of the line."""
    actions, section = [], ""
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line.startswith((";", "#")):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1].lower()
        elif section == "actions":
            name, colon, rest = line.partition(":")
            if not colon:
                raise MergeError(f"line {number}: {line!r} is no action")
            actions.append(Action(number, name.strip(), _properties(rest, number)))
    return actions


def apply_merge(instance: Instance, path: Path) -> list[str]:
    """Apply a merge file to a server and return a line for the log about each thing that was passed over.

    Actions run in the order of IRIS, whatever that of the file is, and what is there already stays as it is.
    Raises MergeError for a line that cannot be applied; those before it have been.
    """
    actions = read_actions(path.read_text(encoding="utf-8"))
    process = instance.open_trusted_process("irisowner", namespace="%SYS")
    space = ObjectSpace(process)
    try:
        known = [action for action in actions if action.name in _ACTIONS]
        for action in sorted(known, key=lambda each: _ORDER.index(each.name)):
            _ACTIONS[action.name](space, action)
    except ObjectScriptError as error:
        raise MergeError(f"line {action.number}: {action.name}: {error}") from error
    finally:
        space.close_all()
        process.close()
    return [
        f"CPF merge: {action.name} in line {action.number} means nothing to this server"
        for action in actions
        if action.name not in _ACTIONS
    ]


def merge_file(instance: Instance, path: Path) -> tuple[str, int]:
    """Apply a merge file for ``iris merge``: return what it prints, and its exit code."""
    try:
        notes = apply_merge(instance, path)
    except (OSError, UnicodeDecodeError) as error:
        return f"The CPF merge file {path} cannot be read: {error}\n", 1
    except MergeError as error:
        return f"{error}\n", 1
    return "".join(f"{note}\n" for note in notes), 0


# ---- the actions


def _delete_namespace(space: ObjectSpace, action: Action) -> None:
    if space.class_method("Config.Namespaces", "Exists", [_name(action)]) == 1:
        _check(action, space.class_method("Config.Namespaces", "Delete", [_name(action)]))


def _delete_database(space: ObjectSpace, action: Action) -> None:
    if space.class_method("Config.Databases", "Exists", [_name(action)]) == 1:
        _check(action, space.class_method("Config.Databases", "Delete", [_name(action)]))


def _create_resource(space: ObjectSpace, action: Action) -> None:
    if space.class_method("Security.Resources", "Exists", [_name(action)]) != 1:
        given = [_name(action), action.properties.get("Description", "")]
        _check(action, space.class_method("Security.Resources", "Create", given))


def _create_file(space: ObjectSpace, action: Action) -> None:
    directory = action.properties.get("Directory", "")
    space.class_method("%Library.File", "CreateDirectoryChain", [directory])
    if space.class_method("%Library.File", "Exists", [f"{directory.rstrip('/')}/IRIS.DAT"]) != 1:
        _save(space, action, "SYS.Database", "%New", Directory=directory)


def _create_database(space: ObjectSpace, action: Action) -> None:
    if action.properties.get("LogicalOnly", "0") != "1":
        _create_file(space, action)
    if space.class_method("Config.Databases", "Exists", [_name(action)]) != 1:
        _save(space, action, "Config.Databases", "%New", **_only(action, "Name", "Directory"))


def _create_namespace(space: ObjectSpace, action: Action) -> None:
    if space.class_method("Config.Namespaces", "Exists", [_name(action)]) != 1:
        _save(space, action, "Config.Namespaces", "%New", **_only(action, "Name", "Globals", "Routines"))


def _create_user(space: ObjectSpace, action: Action) -> None:
    if space.class_method("Security.Users", "Exists", [_name(action)]) != 1:
        _save(space, action, "Security.Users", "%New", Name=_name(action), **_account(action))


def _modify_user(space: ObjectSpace, action: Action) -> None:
    _save(space, action, "Security.Users", "%OpenId", _name(action), **_account(action))


def _account(action: Action) -> dict[str, str]:
    wanted = _only(action, "Roles", "FullName", "ChangePassword", "PasswordNeverExpires", "Enabled")
    if "Password" in action.properties:
        wanted["PasswordExternal"] = action.properties["Password"]
    return wanted


def _setting(kind: str, method: str) -> Callable[[ObjectSpace, Action], None]:
    def act(space: ObjectSpace, action: Action) -> None:
        if method == "Create" and space.class_method(kind, "Exists", [_name(action)]) == 1:
            return
        array = ByRef("", {key: _sum(value) for key, value in action.properties.items() if key != "Name"})
        _check(action, space.class_method(kind, method, [_name(action), array]))

    return act


def _execute(space: ObjectSpace, action: Action) -> None:
    given: list[Argument] = []
    while f"Arg{len(given) + 1}" in action.properties:
        given.append(action.properties[f"Arg{len(given) + 1}"])
    names = action.properties.get("ClassName", ""), action.properties.get("MethodName", "")
    _check(action, space.class_method(*names, given))


_ACTIONS: dict[str, Callable[[ObjectSpace, Action], None]] = {
    "DeleteNamespace": _delete_namespace,
    "DeleteDatabase": _delete_database,
    "CreateResource": _create_resource,
    "CreateDatabaseFile": _create_file,
    "CreateDatabase": _create_database,
    "CreateNamespace": _create_namespace,
    "ModifyService": _setting("Security.Services", "Modify"),
    "CreateRole": _setting("Security.Roles", "Create"),
    "CreateUser": _create_user,
    "CreateApplication": _setting("Security.Applications", "Create"),
    "ModifyUser": _modify_user,
    "ModifyApplication": _setting("Security.Applications", "Modify"),
    "Execute": _execute,
}
_ORDER = tuple(_ACTIONS)


def _name(action: Action) -> str:
    return action.properties.get("Name", "")


def _save(space: ObjectSpace, action: Action, kind: str, method: str, *given: str, **properties: str) -> None:
    target = space.class_method(kind, method, list(given))
    if not isinstance(target, ObjectRef):
        raise MergeError(f"line {action.number}: {action.name}: there is no {given[0] if given else kind}")
    for name, value in properties.items():
        space.set_property(target, name, value)
    _check(action, space.invoke(target, "%Save", []))


def _check(action: Action, status: Argument) -> None:
    errors = errors_of(status)
    if errors:
        raise MergeError(f"line {action.number}: {action.name}: {errors[0]}")


def _only(action: Action, *names: str) -> dict[str, str]:
    return {name: action.properties[name] for name in names if name in action.properties}


def _sum(value: str) -> str:
    """Return what a sum of authentication macros comes to; any other value as it is."""
    parts = value.split("+")
    if not all(part in _AUTHENTICATION for part in parts):
        return value
    return str(sum(_AUTHENTICATION[part] for part in parts))


def _properties(text: str, number: int) -> dict[str, str]:
    found = {}
    for part in filter(None, (part.strip() for part in _PAIR.split(text))):
        name, equals, value = part.partition("=")
        if not equals:
            raise MergeError(f"line {number}: {part!r} is not NAME=VALUE")
        found[name.strip()] = value.strip().strip('"')
    return found
