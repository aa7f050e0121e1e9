"""Config.*: which databases and namespaces there are (iris-facts 1.2). Only in %SYS.

An array cannot cross the native API, so there Create(), Get() and Modify() are of no use, and objects
are; the terminal has arrays.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from iris_devtools.standin.lists import build_list
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.objectscript.status import OK, status_of
from iris_devtools.standin.storage.configuration import DatabaseEntry, NamespaceEntry
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import BLOCK_SIZE, DEFAULT_RESOURCE, Label
from iris_devtools.standin.values import ByRef, ObjectRef

__all__ = ["CLASSES"]

DATABASES = ClassDefinition("Config.Databases", only_in="%SYS")
NAMESPACES = ClassDefinition("Config.Namespaces", only_in="%SYS")
CONFIGURATION = ClassDefinition("Config.Configuration", only_in="%SYS")
CPF = ClassDefinition("Config.CPF", only_in="%SYS")
CLASSES = (DATABASES, NAMESPACES, CONFIGURATION, CPF)

_OWN = frozenset({"IRISSYS", "IRISSECURITY"})


@dataclass
class DatabaseSettings:
    """A Config.Databases object; ``saved`` is the name under which it is in the configuration."""

    name: str = ""
    directory: str = ""
    server: str = ""
    saved: str = ""
    flags: int = 7


@dataclass
class NamespaceSettings:
    """A Config.Namespaces object."""

    name: str = ""
    globals: str = ""
    routines: str = ""
    temp_globals: str = "IRISTEMP"
    saved: str = ""
    flags: int = 7


def _checked_name(name: str, *, kind: str) -> str:
    if not name:
        raise StorageError(5659, f"Config.{kind}::Name")
    if any(not (c.isalnum() or c in "%_-") for c in name) or len(name) > 255:
        raise StorageError(5001, f"'{name}' is no valid name for Config.{kind}")
    return name.upper()


def _put_database(call: Call, name: str, directory: str) -> None:
    name = _checked_name(name, kind="Databases")
    if not directory:
        raise StorageError(5659, "Config.Databases::Directory")
    if name in _OWN:
        raise StorageError(5001, f"Database {name} belongs to the server")
    call.instance.configuration.put_database(DatabaseEntry(name, call.instance.databases.path(directory)))


def _new_database(call: Call, name: str, directory: str) -> None:
    if call.instance.configuration.database(name) is not None:
        raise StorageError(5001, f"Database {name.upper()} already exists")
    _put_database(call, name, directory)


def _put_namespace(call: Call, name: str, globals_: str, routines: str) -> None:
    name = _checked_name(name, kind="Namespaces")
    if name == "%SYS":
        raise StorageError(5001, "Namespace %SYS belongs to the server")
    for given, property_ in ((globals_, "Globals"), (routines, "Routines")):
        if not given:
            raise StorageError(5659, f"Config.Namespaces::{property_}")
        if call.instance.configuration.database(given) is None:
            raise StorageError(5001, f"Database {given} does not exist, wanted as {property_} of {name}")
    call.instance.configuration.put_namespace(
        NamespaceEntry(name, globals=globals_.upper(), routines=routines.upper())
    )


def _new_namespace(call: Call, name: str, globals_: str, routines: str) -> None:
    if call.instance.configuration.namespace(name) is not None:
        raise StorageError(5001, f"Namespace {name.upper()} already exists")
    _put_namespace(call, name, globals_, routines or globals_)


def _database(call: Call, name: str) -> DatabaseEntry:
    found = call.instance.configuration.database(name)
    if found is None:
        raise StorageError(5001, f"Database {name} does not exist")
    return found


def _namespace(call: Call, name: str) -> NamespaceEntry:
    found = call.instance.configuration.namespace(name)
    if found is None:
        raise StorageError(5001, f"Namespace {name} does not exist")
    return found


def _with_slash(entry: DatabaseEntry) -> str:
    return f"{entry.directory}{os.sep}"


def _property(properties: ByRef, name: str) -> str:
    return to_text(properties.nodes.get(name))


def _id_name(id_: str) -> str:
    """Return the name in an id, which may begin with the name of the CPF file."""
    return id_.rpartition("||")[2]


def _open(status: ByRef, hold: Callable[[], ObjectRef]) -> ObjectRef | str:
    """Answer an object, or an empty reference and the reason in ``status``."""
    try:
        found = hold()
    except StorageError as exc:
        status.value = status_of(exc)
        return ""
    status.value = OK
    return found


# ---- Config.Databases


def _hold_database(call: Call, entry: DatabaseEntry) -> ObjectRef:
    return call.space.hold(DATABASES, DatabaseSettings(entry.name, _with_slash(entry), saved=entry.name))


DATABASES.attribute("Name", "name", str)
DATABASES.attribute("Directory", "directory", str)
DATABASES.attribute("Server", "server", str)
DATABASES.attribute("Flags", "flags", int)


@DATABASES.computed("CPFName")
def _databases_cpf_name(_call: Call, _target: DatabaseSettings) -> str:
    return "iris"


@DATABASES.class_method("%New")
def _databases_new(call: Call) -> ObjectRef:
    return call.space.hold(DATABASES, DatabaseSettings())


@DATABASES.method("%Save", status=True, needs="%Admin_Manage")
def _databases_save(call: Call, target: DatabaseSettings) -> None:
    if target.server:
        raise StorageError(5001, "The stand-in has no databases on other servers")
    if target.saved and target.saved.upper() == target.name.upper():
        _put_database(call, target.name, target.directory)
    else:
        _new_database(call, target.name, target.directory)
    target.saved = target.name.upper()


@DATABASES.class_method("Open")
def _databases_open(call: Call, name: str, status: ByRef = NOWHERE, _cpf_file: str = "") -> ObjectRef | str:
    return _open(status, lambda: _hold_database(call, _database(call, name)))


@DATABASES.class_method("%OpenId")
def _databases_open_id(
    call: Call, id_: str, _concurrency: int = -1, status: ByRef = NOWHERE
) -> ObjectRef | str:
    return _open(status, lambda: _hold_database(call, _database(call, _id_name(id_))))


@DATABASES.class_method("%ExistsId")
def _databases_exists_id(call: Call, id_: str) -> bool:
    return call.instance.configuration.database(_id_name(id_)) is not None


@DATABASES.class_method("Exists")
def _databases_exists(
    call: Call, name: str, found: ByRef = NOWHERE, status: ByRef = NOWHERE, _cpf_file: str = ""
) -> bool:
    found.value = _open(status, lambda: _hold_database(call, _database(call, name)))
    return isinstance(found.value, ObjectRef)


@DATABASES.class_method("Create", status=True, needs="%Admin_Manage")
def _databases_create(
    call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "", _flags: int = 7
) -> None:
    """Add a database; tools also give its directory as plain text in place of the array."""
    _new_database(call, name, _property(properties, "Directory") or to_text(properties.value))


@DATABASES.class_method("Get", status=True)
def _databases_get(call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "") -> None:
    properties.nodes.update({"Directory": _with_slash(_database(call, name)), "Server": ""})


@DATABASES.class_method("Modify", status=True, needs="%Admin_Manage")
def _databases_modify(
    call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "", _flags: int = 7
) -> None:
    entry = _database(call, name)
    _put_database(call, name, _property(properties, "Directory") or str(entry.directory))


@DATABASES.class_method("Delete", status=True, needs="%Admin_Manage")
def _databases_delete(call: Call, name: str, _cpf_file: str = "", _flags: int = 7) -> None:
    entry = _database(call, name)
    if entry.name in _OWN:
        raise StorageError(429, f"{entry.name} belongs to the server")
    call.instance.configuration.remove_database(entry.name)


@DATABASES.class_method("GetDirectory")
def _databases_get_directory(call: Call, name: str) -> str:
    found = call.instance.configuration.database(name)
    return _with_slash(found) if found else ""


@DATABASES.class_method("DatabaseByName")
def _databases_by_name(call: Call, name: str) -> str:
    found = call.instance.configuration.database(name)
    return f"^^{_with_slash(found)}" if found else ""


@DATABASES.class_method("GetList")
def _databases_get_list(call: Call, name: str) -> str:
    try:
        entry = _database(call, name)
    except StorageError as exc:
        return build_list([status_of(exc), ""])
    return build_list([OK, build_list([build_list(["Directory", _with_slash(entry)])])])


# ---- Config.Namespaces


def _hold_namespace(call: Call, entry: NamespaceEntry) -> ObjectRef:
    return call.space.hold(
        NAMESPACES, NamespaceSettings(entry.name, entry.globals, entry.routines, saved=entry.name)
    )


NAMESPACES.attribute("Name", "name", str)
NAMESPACES.attribute("Globals", "globals", str)
NAMESPACES.attribute("Routines", "routines", str)
NAMESPACES.attribute("TempGlobals", "temp_globals", str)
NAMESPACES.attribute("Flags", "flags", int)


@NAMESPACES.computed("CPFName")
def _namespaces_cpf_name(_call: Call, _target: NamespaceSettings) -> str:
    return "iris"


@NAMESPACES.class_method("%New")
def _namespaces_new(call: Call) -> ObjectRef:
    return call.space.hold(NAMESPACES, NamespaceSettings())


@NAMESPACES.method("%Save", status=True, needs="%Admin_Manage")
def _namespaces_save(call: Call, target: NamespaceSettings) -> None:
    if target.saved and target.saved.upper() == target.name.upper():
        _put_namespace(call, target.name, target.globals, target.routines)
    else:
        _new_namespace(call, target.name, target.globals, target.routines)
    target.saved = target.name.upper()


@NAMESPACES.class_method("Open")
def _namespaces_open(call: Call, name: str, status: ByRef = NOWHERE, _cpf_file: str = "") -> ObjectRef | str:
    return _open(status, lambda: _hold_namespace(call, _namespace(call, name)))


@NAMESPACES.class_method("%OpenId")
def _namespaces_open_id(
    call: Call, id_: str, _concurrency: int = -1, status: ByRef = NOWHERE
) -> ObjectRef | str:
    return _open(status, lambda: _hold_namespace(call, _namespace(call, _id_name(id_))))


@NAMESPACES.class_method("%ExistsId")
def _namespaces_exists_id(call: Call, id_: str) -> bool:
    return call.instance.configuration.namespace(_id_name(id_)) is not None


@NAMESPACES.class_method("Exists")
def _namespaces_exists(
    call: Call, name: str, found: ByRef = NOWHERE, status: ByRef = NOWHERE, _cpf_file: str = ""
) -> bool:
    found.value = _open(status, lambda: _hold_namespace(call, _namespace(call, name)))
    return isinstance(found.value, ObjectRef)


@NAMESPACES.class_method("Create", status=True, needs="%Admin_Manage")
def _namespaces_create(
    call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "", _flags: int = 7
) -> None:
    _new_namespace(call, name, _property(properties, "Globals"), _property(properties, "Routines"))


@NAMESPACES.class_method("Get", status=True)
def _namespaces_get(call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "") -> None:
    entry = _namespace(call, name)
    properties.nodes.update({"Globals": entry.globals, "Routines": entry.routines, "TempGlobals": "IRISTEMP"})


@NAMESPACES.class_method("Modify", status=True, needs="%Admin_Manage")
def _namespaces_modify(
    call: Call, name: str, properties: ByRef = NOWHERE, _cpf_file: str = "", _flags: int = 7
) -> None:
    entry = _namespace(call, name)
    _put_namespace(
        call,
        name,
        _property(properties, "Globals") or entry.globals,
        _property(properties, "Routines") or entry.routines,
    )


@NAMESPACES.class_method("Delete", status=True, needs="%Admin_Manage")
def _namespaces_delete(call: Call, name: str, _cpf_file: str = "", _flags: int = 7) -> None:
    entry = _namespace(call, name)
    if entry.name == "%SYS":
        raise StorageError(5001, "Namespace %SYS cannot be deleted")
    call.instance.configuration.remove_namespace(entry.name)


# ---- Config.Configuration (deprecated, but all scalar) and Config.CPF


@CONFIGURATION.class_method("AddDatabase", status=True, needs="%Admin_Manage")
def _add_database(call: Call, name: str, directory: str) -> None:
    _new_database(call, name, directory)


@CONFIGURATION.class_method("AddNamespace", status=True, needs="%Admin_Manage")
def _add_namespace(call: Call, name: str, globals_: str, routines: str = "") -> None:
    _new_namespace(call, name, globals_, routines)


@CONFIGURATION.class_method("CreateDatabase", status=True, needs="%Admin_Manage")
def _create_database(
    call: Call, name: str, directory: str, _size: int = 1, block_size: int = BLOCK_SIZE
) -> None:
    if call.instance.configuration.database(name) is not None:
        raise StorageError(5001, f"Database {name.upper()} already exists")
    call.instance.databases.create(directory, Label(resource=DEFAULT_RESOURCE, block_size=block_size))
    _new_database(call, name, directory)


@CPF.class_method("Activate", status=True, needs="%Admin_Manage")
def _activate(_call: Call, _cpf_file: str = "") -> None:
    """Do nothing: every change is active when it is saved."""
