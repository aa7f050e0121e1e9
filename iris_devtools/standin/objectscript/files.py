"""%Library.File: the server's file system over the wire (iris-facts 4).

The server's own rights apply, as its owner and mode bits give them: a file that belongs to someone else
stays closed even to a stand-in that runs as root, because it would to IRIS.
"""

# ruff: noqa: FBT001, FBT002  the order of the arguments is ObjectScript's, not ours

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import Callable
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.objectscript.status import OK
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.freeing import delete_file, wait_for_space
from iris_devtools.standin.storage.permissions import may_change_directory, may_read, may_write
from iris_devtools.standin.values import ByRef

__all__ = ["CLASSES", "server_path"]

FILE = ClassDefinition("%Library.File", aliases=("%File",))
CLASSES = (FILE,)

_MEGABYTE = 1024 * 1024
_MODE = 0o660
_DIRECTORY_MODE = 0o770
_CLONE = 0x40049409
"""FICLONE of Linux: share the blocks until one side writes, where the file system can."""


def server_path(call: Call, name: str) -> Path:
    """Return the file that a name means to the server; a relative one is taken below the manager's
    directory.
    """
    return Path(os.path.normpath(call.instance.manager / name))


def _with_slash(path: Path) -> str:
    text = str(path)
    return text if text.endswith(os.sep) else text + os.sep


def _attempt(returned: ByRef, action: Callable[[], object]) -> bool:
    """Do it and answer 1, or answer 0 with the negative number of the system's error in ``returned``."""
    try:
        action()
    except (OSError, shutil.Error) as exc:
        number = exc.errno if isinstance(exc, OSError) and exc.errno else errno.EIO
        returned.value = -number
        return False
    returned.value = 0
    return True


def _readable(path: Path) -> Path:
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    if not may_read(path):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    return path


def _changeable(path: Path) -> Path:
    """Return ``path`` when its directory lets the server add, rename and delete there."""
    if path.parent.exists() and not may_change_directory(path.parent):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path.parent))
    return path


def copy_file(source: Path, target: Path) -> None:
    """Copy within the server; shares blocks where the file system can, and leaves no half copy behind."""
    existed = target.exists()
    if existed and not may_write(target):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))
    with source.open("rb") as reader:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _MODE)
        try:
            with os.fdopen(descriptor, "wb") as writer:
                if not _clone(reader.fileno(), writer.fileno()):
                    _copy_bytes(reader.fileno(), writer.fileno())
        except BaseException:
            if not existed:
                with contextlib.suppress(OSError):
                    target.unlink()
            raise


def _clone(source: int, target: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _CLONE, source)
    except OSError:
        return False
    return True


def _copy_bytes(source: int, target: int) -> None:
    left = os.fstat(source).st_size
    if hasattr(os, "copy_file_range"):
        try:
            while left > 0:
                copied = os.copy_file_range(source, target, left)
                if not copied:
                    return
                left -= copied
        except OSError as exc:
            if exc.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
    while chunk := os.read(source, _MEGABYTE):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]


def _copy_when_there_is_space(source: Path, target: Path) -> None:
    try:
        copy_file(source, target)
    except OSError as exc:
        if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        wait_for_space()
        copy_file(source, target)


@FILE.class_method("CopyFile")
def _copy(
    call: Call, source: str, target: str, delete_first: bool = False, returned: ByRef = NOWHERE
) -> bool:
    def action() -> None:
        from_path, to_path = _readable(server_path(call, source)), _changeable(server_path(call, target))
        if to_path.is_dir():
            to_path = to_path / from_path.name
        if to_path.exists() and from_path.samefile(to_path):
            raise shutil.SameFileError(errno.EINVAL, os.strerror(errno.EINVAL), str(to_path))
        if delete_first:
            delete_file(to_path, missing_ok=True)
        with call.instance.databases.contents.copying(from_path, to_path):
            _copy_when_there_is_space(from_path, to_path)

    return _attempt(returned, action)


@FILE.class_method("Rename")
def _rename(call: Call, old: str, new: str, returned: ByRef = NOWHERE) -> bool:
    return _attempt(
        returned, lambda: _changeable(server_path(call, old)).rename(_changeable(server_path(call, new)))
    )


@FILE.class_method("Delete")
def _delete(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    return _attempt(returned, lambda: delete_file(_changeable(server_path(call, name))))


@FILE.class_method("Exists")
def _exists(call: Call, name: str) -> bool:
    return bool(name) and server_path(call, name).exists()


@FILE.class_method("DirectoryExists")
def _directory_exists(call: Call, name: str) -> bool:
    return bool(name) and server_path(call, name).is_dir()


@FILE.class_method("CreateDirectory")
def _create_directory(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    return _attempt(returned, lambda: _changeable(server_path(call, name)).mkdir(mode=_DIRECTORY_MODE))


@FILE.class_method("CreateDirectoryChain")
def _create_directory_chain(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    return _attempt(
        returned,
        lambda: server_path(call, name).mkdir(parents=True, exist_ok=True, mode=_DIRECTORY_MODE),
    )


@FILE.class_method("RemoveDirectory")
def _remove_directory(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    return _attempt(returned, lambda: _changeable(server_path(call, name)).rmdir())


@FILE.class_method("RemoveDirectoryTree")
def _remove_directory_tree(call: Call, name: str) -> bool:
    return _attempt(ByRef(None), lambda: shutil.rmtree(_changeable(server_path(call, name))))


@FILE.class_method("GetFileSize")
def _get_file_size(call: Call, name: str) -> int:
    try:
        return server_path(call, name).stat().st_size
    except OSError as exc:
        return -(exc.errno or errno.EIO)


@FILE.class_method("GetFileSHA256Hash")
def _get_file_sha256_hash(call: Call, name: str, status: ByRef = NOWHERE) -> bytes:
    digest = hashlib.sha256()
    with _opened(call, name) as file:
        while chunk := file.read(_MEGABYTE):
            digest.update(chunk)
    status.value = OK
    return digest.digest()


def _opened(call: Call, name: str) -> BinaryIO:
    try:
        return _readable(server_path(call, name)).open("rb")
    except OSError as exc:
        raise StorageError(5019, name) from exc


@FILE.class_method("Attributes")
def _attributes(call: Call, name: str) -> int:
    try:
        return server_path(call, name).stat().st_mode
    except OSError as exc:
        return -(exc.errno or errno.EIO)


@FILE.class_method("SetAttributes")
def _set_attributes(call: Call, name: str, attributes: int, returned: ByRef = NOWHERE) -> bool:
    return _attempt(returned, lambda: server_path(call, name).chmod(attributes & 0o7777))


@FILE.class_method("GetOwnerGroup", status=True)
def _get_owner_group(call: Call, name: str, owner_group: ByRef = NOWHERE) -> None:
    path = server_path(call, name)
    if not path.exists():
        raise StorageError(5019, name)
    owner_group.value = f"{_named(path.owner, path.stat().st_uid)}:{_named(path.group, path.stat().st_gid)}"


@FILE.class_method("SetOwnerGroup", status=True)
def _set_owner_group(call: Call, name: str, owner_group: str) -> None:
    owner, _, group = owner_group.partition(":")
    path = server_path(call, name)
    try:
        os.chown(path, _identity(owner, _user_number), _identity(group, _group_number))
    except (OSError, KeyError) as exc:
        raise StorageError(5001, f"chown {owner_group} {path}: {exc}") from exc


@FILE.class_method("ReadOnly")
def _read_only(call: Call, name: str) -> bool:
    path = server_path(call, name)
    return path.exists() and not may_write(path)


@FILE.class_method("Writeable")
def _writeable(call: Call, name: str) -> bool:
    return may_write(server_path(call, name))


@FILE.class_method("SetReadOnly")
def _set_read_only(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    path = server_path(call, name)
    return _attempt(returned, lambda: path.chmod(path.stat().st_mode & ~0o222))


@FILE.class_method("SetWriteable")
def _set_writeable(call: Call, name: str, returned: ByRef = NOWHERE) -> bool:
    path = server_path(call, name)
    return _attempt(returned, lambda: path.chmod(path.stat().st_mode | 0o220))


@FILE.class_method("ManagerDirectory")
def _manager_directory(call: Call) -> str:
    return call.instance.manager_directory


@FILE.class_method("NormalizeDirectory")
def _normalize_directory(call: Call, name: str) -> str:
    return _with_slash(server_path(call, name))


@FILE.class_method("NormalizeFilename")
def _normalize_filename(call: Call, name: str, directory: str = "") -> str:
    return str(server_path(call, os.path.join(directory, name)))  # noqa: PTH118  an absolute name wins


@FILE.class_method("CanonicalFilename")
def _canonical_filename(call: Call, name: str) -> str:
    try:
        return str(_readable(server_path(call, name)).resolve())
    except OSError:
        return ""


@FILE.class_method("GetFilename")
def _get_filename(_call: Call, name: str) -> str:
    return name.rpartition(os.sep)[2]


@FILE.class_method("GetDirectory")
def _get_directory(call: Call, name: str, normalize: bool = False) -> str:
    directory, slash, _ = name.rpartition(os.sep)
    return _with_slash(server_path(call, directory)) if normalize else directory + slash


@FILE.class_method("ParentDirectoryName")
def _parent_directory_name(call: Call, name: str) -> str:
    return _with_slash(server_path(call, name).parent)


@FILE.class_method("SubDirectoryName")
def _sub_directory_name(call: Call, directory: str, name: str, with_slash: bool = False) -> str:
    path = server_path(call, directory) / name
    return _with_slash(path) if with_slash else str(path)


@FILE.class_method("TempFilename")
def _temp_filename(call: Call, extension: str = "", directory: str = "") -> str:
    suffix = f".{extension}" if extension else ""
    folder = server_path(call, directory) if directory else Path(tempfile.gettempdir())
    return str(folder / f"{uuid.uuid4().hex[:12]}{suffix}")


@FILE.class_method("GetDirectorySpace", status=True)
def _get_directory_space(
    call: Call, name: str, free: ByRef = NOWHERE, total: ByRef = NOWHERE, unit: int = 1
) -> None:
    try:
        usage = shutil.disk_usage(server_path(call, name))
    except OSError as exc:
        raise StorageError(41, name) from exc
    divisor = (1, _MEGABYTE, _MEGABYTE * 1024)[unit] if unit in (0, 1, 2) else _MEGABYTE
    free.value = Decimal(usage.free * 100 // divisor) / 100
    total.value = Decimal(usage.total * 100 // divisor) / 100


@FILE.class_method("GetFileDateModified")
def _get_file_date_modified(call: Call, name: str, utc: bool = False) -> str:
    try:
        moment = datetime.fromtimestamp(
            server_path(call, name).stat().st_mtime, timezone.utc if utc else None
        )
    except OSError:
        return ""
    day = (moment.date() - date(1840, 12, 31)).days
    return f"{day},{moment.hour * 3600 + moment.minute * 60 + moment.second}"


def _named(ask: Callable[[], str], number: int) -> str:
    try:
        return ask()
    except (KeyError, NotImplementedError):
        return str(number)


def _identity(name: str, ask: Callable[[str], int]) -> int:
    """Return the number of a user or group; -1, which changes nothing, for an empty name."""
    return int(name) if name.isdigit() else ask(name) if name else -1


def _user_number(name: str) -> int:
    import pwd

    return pwd.getpwnam(name).pw_uid


def _group_number(name: str) -> int:
    import grp

    return grp.getgrnam(name).gr_gid
