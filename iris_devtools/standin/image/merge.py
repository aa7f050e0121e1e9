"""A CPF merge file: configuration that is applied at the start (iris-terminal-and-image D.8)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from iris_devtools.standin.errors import StandinError
from iris_devtools.standin.instance import Instance
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.objectscript.status import errors_of
from iris_devtools.standin.values import ObjectRef

__all__ = ["MergeError", "apply_merge", "read_actions"]


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

    Raises MergeError for a line that cannot be applied; those before it have been.
    """
    process = instance.open_trusted_process("irisowner", namespace="%SYS")
    space = ObjectSpace(process)
    try:
        return [
            f"CPF merge: {action.name} in line {action.number} means nothing to this server"
            for action in read_actions(path.read_text(encoding="utf-8"))
            if not _apply(space, action)
        ]
    finally:
        space.close_all()
        process.close()


def _apply(space: ObjectSpace, action: Action) -> bool:
    properties = dict(action.properties)
    name = properties.pop("Name", "")
    if action.name == "CreateDatabase":
        _create_database(space, action, name, properties.get("Directory", ""))
    elif action.name == "CreateNamespace":
        _save(
            space, action, "Config.Namespaces", "%New", Name=name, **_only(properties, "Globals", "Routines")
        )
    elif action.name in ("CreateUser", "ModifyUser"):
        wanted = _only(properties, "Roles", "FullName", "ChangePassword", "PasswordNeverExpires", "Enabled")
        if "Password" in properties:
            wanted["PasswordExternal"] = properties["Password"]
        if action.name == "CreateUser":
            _save(space, action, "Security.Users", "%New", Name=name, **wanted)
        else:
            _save(space, action, "Security.Users", "%OpenId", name, **wanted)
    elif action.name == "CreateResource":
        status = space.class_method("Security.Resources", "Create", [name, properties.get("Description", "")])
        _check(action, status)
    else:
        return False
    return True


def _create_database(space: ObjectSpace, action: Action, name: str, directory: str) -> None:
    space.class_method("%Library.File", "CreateDirectoryChain", [directory])
    if space.class_method("%Library.File", "Exists", [f"{directory.rstrip('/')}/IRIS.DAT"]) != 1:
        _save(space, action, "SYS.Database", "%New", Directory=directory)
    _save(space, action, "Config.Databases", "%New", Name=name, Directory=directory)


def _save(space: ObjectSpace, action: Action, kind: str, method: str, *given: str, **properties: str) -> None:
    target = space.class_method(kind, method, list(given))
    if not isinstance(target, ObjectRef):
        raise MergeError(f"line {action.number}: {action.name}: there is no {given[0] if given else kind}")
    for name, value in properties.items():
        space.set_property(target, name, value)
    _check(action, space.invoke(target, "%Save", []))


def _check(action: Action, status: object) -> None:
    errors = errors_of(status)  # type: ignore[arg-type]
    if errors:
        raise MergeError(f"line {action.number}: {action.name}: {errors[0]}")


def _only(properties: dict[str, str], *names: str) -> dict[str, str]:
    return {name: properties[name] for name in names if name in properties}


def _properties(text: str, number: int) -> dict[str, str]:
    found = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals:
            raise MergeError(f"line {number}: {part!r} is not NAME=VALUE")
        found[name.strip()] = value.strip().strip('"')
    return found
