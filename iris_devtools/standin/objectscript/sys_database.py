"""SYS.Database: the database files, their state and their label (iris-facts 1.2, 2.1, 2.7).  Only in %SYS."""

# ruff: noqa: FBT001, FBT002  the order of the arguments is ObjectScript's, not ours

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition, Property
from iris_devtools.standin.objectscript.status import OK, status_of
from iris_devtools.standin.storage.database import Database, State
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import BLOCK_SIZE, DEFAULT_RESOURCE, Label
from iris_devtools.standin.values import Argument, ByRef, ObjectRef

__all__ = ["CLASSES"]

DATABASE = ClassDefinition("SYS.Database", only_in="%SYS")
CLASSES = (DATABASE,)

_BLOCK_SIZES = (8192, 16384, 32768, 65536)
_MEGABYTE = 1024 * 1024
_MAY_EXIST = 4


@dataclass
class DatabaseObject:
    """One SYS.Database object: a directory and the label it has, or shall get at %Save()."""

    directory: str
    label: Label
    database: Database | None = None
    """``None`` until a new one is saved."""


def _existing(call: Call, directory: str) -> Database:
    return call.instance.databases.existing(directory)


def _checked(label: Label) -> Label:
    if label.block_size not in _BLOCK_SIZES:
        raise StorageError(5001, f"Block size {label.block_size} is not available")
    if not label.resource.upper().startswith("%DB_"):
        raise StorageError(896, label.resource)
    if label.journal_state not in (2, 3):
        raise StorageError(5001, f"GlobalJournalState {label.journal_state} is neither 2 nor 3")
    return label


@DATABASE.class_method("CreateDatabase", status=True, needs="%Admin_Manage")
def _create_database(
    call: Call,
    directory: str,
    _size: int = 1,
    block_size: int = BLOCK_SIZE,
    encrypted: bool = False,
    resource: str = DEFAULT_RESOURCE,
    journal_state: int = 3,
    _mirror_db_name: str = "",
    _mirror_set_name: str = "",
    _run_catchup: bool = True,
    max_size: int = 0,
    expansion_size: int = 0,
    new_global_is_keep: int = 0,
    _new_global_collation: str = "",
    _new_volume_threshold: int = 0,
) -> None:
    if encrypted:
        raise StorageError(5001, "The stand-in has no encrypted databases")
    label = Label(
        resource=resource or DEFAULT_RESOURCE,
        journal_state=journal_state or 3,
        block_size=block_size or BLOCK_SIZE,
        max_size=max_size,
        expansion_size=expansion_size,
        new_global_is_keep=new_global_is_keep,
    )
    call.instance.databases.create(directory, _checked(label))


@DATABASE.class_method("DeleteDatabase", status=True, needs="%Admin_Manage")
def _delete_database(call: Call, directory: str) -> None:
    call.instance.delete(_existing(call, directory))


@DATABASE.class_method("MountDatabase", status=True, needs="%Admin_Operate")
def _mount_database(
    call: Call, directory: str, read_only: bool = False, _cluster: bool = False, _catchup: bool = True
) -> None:
    _mount(call, call.instance.databases.at(directory), read_only=read_only)


@DATABASE.class_method("DismountDatabase", status=True, needs="%Admin_Operate")
def _dismount_database(call: Call, directory: str) -> None:
    call.instance.dismount(_existing(call, directory))


@DATABASE.method("Mount", status=True, needs="%Admin_Operate")
def _mount_object(
    call: Call,
    target: DatabaseObject,
    read_only: bool = False,
    _cluster: bool = False,
    _catchup: bool = True,
) -> None:
    _mount(call, _saved(target), read_only=read_only)


@DATABASE.method("Dismount", status=True, needs="%Admin_Operate")
def _dismount_object(call: Call, target: DatabaseObject) -> None:
    call.instance.dismount(_saved(target))


def _mount(call: Call, database: Database, *, read_only: bool) -> None:
    try:
        database.mount(read_only=read_only)
    except StorageError as exc:
        call.instance.log("Database.MountError", f"{database.name}: {exc}", severity=2)
        raise


def _saved(target: DatabaseObject) -> Database:
    if target.database is None:
        raise StorageError(57, target.directory)
    return target.database


@DATABASE.class_method("%ExistsId", "Exists")
def _exists_id(call: Call, directory: str) -> bool:
    try:
        _existing(call, directory)
    except StorageError:
        return False
    return True


@DATABASE.class_method("%New")
def _new(call: Call) -> ObjectRef:
    return call.space.hold(DATABASE, DatabaseObject("", Label()))


@DATABASE.class_method("%OpenId")
def _open_id(call: Call, directory: str, _concurrency: int = -1, status: ByRef = NOWHERE) -> ObjectRef | str:
    try:
        database = _existing(call, directory)
    except StorageError as exc:
        status.value = status_of(exc)
        return ""
    status.value = OK
    return call.space.hold(DATABASE, DatabaseObject(database.name, database.label, database))


@DATABASE.method("%Save", status=True, needs="%Admin_Manage")
def _save(call: Call, target: DatabaseObject) -> None:
    label = _checked(target.label)
    if target.database is not None:
        if label != target.database.label:
            target.database.relabel(label)
        return
    if not target.directory:
        raise StorageError(5659, "SYS.Database::Directory")
    target.database = call.instance.databases.create(target.directory, label)


@DATABASE.method("%Id", "%DirectoryId")
def _id(_call: Call, target: DatabaseObject) -> str:
    return target.database.name if target.database else ""


@DATABASE.method("%Reload", status=True)
def _reload(_call: Call, target: DatabaseObject) -> None:
    target.label = _saved(target).label


@DATABASE.method("GetStatus")
def _get_status(_call: Call, target: DatabaseObject) -> str:
    return target.database.status_text if target.database else State.UNMOUNTED.value


def _write_directory(_call: Call, target: DatabaseObject, value: Argument) -> None:
    if target.database is None:
        target.directory = to_text(value)


DATABASE.properties["Directory"] = Property(
    lambda _call, target: target.database.name if target.database else target.directory, _write_directory
)


def _label_property(name: str, attribute: str, convert: Callable[[Argument], Any]) -> None:
    def write(_call: Call, target: DatabaseObject, value: Argument) -> None:
        target.label = replace(target.label, **{attribute: convert(value)})

    DATABASE.properties[name] = Property(lambda _call, target: getattr(target.label, attribute), write)


_label_property("ResourceName", "resource", to_text)
_label_property("GlobalJournalState", "journal_state", to_integer)
_label_property("BlockSize", "block_size", to_integer)
_label_property("MaxSize", "max_size", to_integer)
_label_property("ExpansionSize", "expansion_size", to_integer)
_label_property("ReadOnly", "read_only", to_integer)
_label_property("NewGlobalIsKeep", "new_global_is_keep", to_integer)


def _ignore(_call: Call, _target: DatabaseObject, _value: Argument) -> None:
    """A new file has the size that its content needs, whatever was asked for."""


DATABASE.properties["Size"] = Property(
    lambda _call, target: target.database.size_mb if target.database else 1, _ignore
)


@DATABASE.computed("Mounted")
def _mounted(_call: Call, target: DatabaseObject) -> bool:
    return target.database is not None and target.database.state is State.MOUNTED


@DATABASE.computed("ReadOnlyMounted")
def _read_only_mounted(_call: Call, target: DatabaseObject) -> bool:
    return target.database is not None and target.database.read_only


@DATABASE.computed("ROReasonText")
def _read_only_reason(_call: Call, target: DatabaseObject) -> str:
    if target.database is None or not target.database.read_only:
        return ""
    return "Database is read-only" if target.label.read_only else "Mounted read-only, or file is read-only"


@DATABASE.computed("SFN")
def _sfn(call: Call, target: DatabaseObject) -> int:
    return call.instance.databases.number(target.database) if target.database else -1


@DATABASE.computed("EncryptedDB")
def _encrypted(_call: Call, _target: DatabaseObject) -> bool:
    return False


@DATABASE.computed("Mirrored")
def _mirrored(_call: Call, _target: DatabaseObject) -> bool:
    return False


@DATABASE.class_method("GetDatabaseFreeSpace", status=True)
def _get_database_free_space(call: Call, directory: str, free: ByRef = NOWHERE) -> None:
    free.value = _megabytes(_existing(call, directory).free_bytes())


@DATABASE.class_method("CompactDatabase", status=True)
def _compact_database(
    call: Call,
    directory: str,
    _percent_full: int = 90,
    processed: ByRef = NOWHERE,
    compressed: ByRef = NOWHERE,
    _display: int = 0,
    _device: str = "",
) -> None:
    database = _existing(call, directory)
    size = database.path.stat().st_size
    freed = database.compact()
    processed.value = _megabytes(size)
    compressed.value = _megabytes(freed)


@DATABASE.class_method("Defragment", status=True)
def _defragment(call: Call, directory: str, _display: int = 0, _device: str = "") -> None:
    _existing(call, directory).compact()


@DATABASE.class_method("FileCompact", status=True)
def _file_compact(call: Call, directory: str, _target_free: int = 0, actual_free: ByRef = NOWHERE) -> None:
    # SQLite moves free pages to the end only to cut them off, which is what ReturnUnusedSpace does.
    actual_free.value = _megabytes(_existing(call, directory).free_bytes())


@DATABASE.class_method("ReturnUnusedSpace", status=True)
def _return_unused_space(
    call: Call, directory: str, _target_size: int = 0, return_size: ByRef = NOWHERE
) -> None:
    database = _existing(call, directory)
    if database.free_bytes():
        database.compact()
    return_size.value = database.size_mb


@DATABASE.class_method("Copy", status=True)
def _copy(
    call: Call,
    source: str,
    target: str,
    _block_size: int = 0,
    message: ByRef = NOWHERE,
    flags: int = 0,
    _collation: int = 5,
) -> None:
    """Write a packed copy of a mounted database.  An existing target (flag 4) must hold no tables yet."""
    databases = call.instance.databases
    original, copy = _existing(call, source), databases.at(target)
    original.touch()
    if not copy.directory.is_dir():
        raise StorageError(41, copy.name)
    if copy.path.exists():
        if not flags & _MAY_EXIST:
            raise StorageError(78, copy.name)
        if copy.has_tables():
            raise StorageError(5001, f"{copy.name} holds tables already; the stand-in does not merge")
    packed = copy.path.with_name(f".{copy.path.name}.copy")
    packed.unlink(missing_ok=True)
    original.copy_to(packed)
    call.instance.dismount(copy)
    packed.replace(copy.path)
    copy.mount()
    message.value = f"Copied {original.name} to {copy.name}"


def _megabytes(size: int) -> Decimal:
    return Decimal(size * 100 // _MEGABYTE) / 100
