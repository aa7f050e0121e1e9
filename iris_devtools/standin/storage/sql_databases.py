"""CREATE DATABASE and DROP DATABASE: a namespace with one database for code and one for data (iris-facts
1.1).
"""

from __future__ import annotations

import contextlib
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.storage.configuration import DatabaseEntry, NamespaceEntry
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import Label

if TYPE_CHECKING:
    from iris_devtools.standin.instance import Instance

__all__ = ["create", "drop"]

_NAME = re.compile(r"[A-Za-z%][A-Za-z0-9_]*")
_LONGEST_NAME = 63
_SYSTEM_NAMESPACES = frozenset({"%SYS"})
_ROLES = ("C", "D")


def create(instance: Instance, name: str, *, directory: Path | None, journaled: bool) -> None:
    """Create namespace ``name`` with databases in ``<directory>/C`` and ``<directory>/D``; all of it or
    nothing.

    Raises SQLError -343 for a bad name, -400 for a long one, -341 when the namespace or the directory
    exists.
    """
    name = name.upper()
    if len(name) > _LONGEST_NAME:
        raise SQLError(-400, f"Database name '{name}' is longer than {_LONGEST_NAME} characters")
    if not _NAME.fullmatch(name) or name.startswith("%"):
        raise SQLError(-343, f"Invalid database name '{name}'")
    root = directory or instance.manager / name.lower()
    taken = [f"{name}_{role}" for role in _ROLES if instance.configuration.database(f"{name}_{role}")]
    if instance.configuration.namespace(name) or taken:
        raise SQLError(-341, f"Database '{name}' already exists")
    try:
        root.mkdir(parents=directory is not None, mode=0o770)
    except FileExistsError:
        raise SQLError(-341, f"Directory '{root}/' already exists") from None
    except OSError as exc:
        raise SQLError(-400, f"Cannot create directory '{root}/': {exc.strerror}") from exc
    try:
        for role in _ROLES:
            part = root / role
            (part / "stream").mkdir(parents=True, mode=0o770)
            instance.databases.create(part, Label(journal_state=3 if journaled else 2))
            instance.configuration.put_database(DatabaseEntry(f"{name}_{role}", part))
        instance.configuration.put_namespace(NamespaceEntry(name, globals=f"{name}_D", routines=f"{name}_C"))
    except StorageError as exc:
        _remove(instance, name, root=root)
        raise SQLError(-400, f"Cannot create database '{name}': {exc}") from exc


def drop(
    instance: Instance, name: str, *, current_namespace: str, retain_files: bool, if_exists: bool
) -> None:
    """Delete namespace ``name``, its databases and (without ``retain_files``) their files.

    Raises SQLError -340 for an unknown name, -342 for a system namespace, -344 for the current one. Other
    processes in it lose their connection to it (``<DIRECTORY>``).
    """
    name = name.upper()
    entry = instance.configuration.namespace(name)
    if entry is None:
        if if_exists:
            return
        raise SQLError(-340, f"Database '{name}' does not exist")
    if name in _SYSTEM_NAMESPACES:
        raise SQLError(-342, f"Cannot drop system database '{name}'")
    if name == current_namespace.upper():
        raise SQLError(-344, f"Cannot drop the current database '{name}'")
    instance.configuration.remove_namespace(name)
    for database_name in {entry.globals.upper(), entry.routines.upper()}:
        _drop_database(instance, database_name, retain_files=retain_files)


def _drop_database(instance: Instance, name: str, *, retain_files: bool) -> None:
    found = instance.configuration.database(name)
    if found is None:
        return
    try:
        instance.configuration.remove_database(name)
    except StorageError:
        return  # another namespace uses it
    if any(other.directory == found.directory for other in instance.configuration.databases()):
        return
    database = instance.databases.at(found.directory)
    try:
        if retain_files:
            instance.dismount(database)
        else:
            instance.delete(database)
    except StorageError as exc:
        if exc.code != 26:
            raise SQLError(-400, f"Cannot drop database '{name}': {exc}") from exc
    if not retain_files:
        with contextlib.suppress(OSError):
            (found.directory / "stream").rmdir()
        with contextlib.suppress(OSError):
            found.directory.rmdir()
            found.directory.parent.rmdir()


def _remove(instance: Instance, name: str, *, root: Path) -> None:
    instance.configuration.remove_namespace(name)
    for role in _ROLES:
        instance.configuration.remove_database(f"{name}_{role}")
        with contextlib.suppress(StorageError):
            instance.delete(instance.databases.at(root / role))
    shutil.rmtree(root, ignore_errors=True)
