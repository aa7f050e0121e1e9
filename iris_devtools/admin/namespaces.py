"""Namespaces: their databases, and making and dropping them."""

from __future__ import annotations

import re
from collections.abc import Callable

from iris_devtools.admin.databases import (
    AHEAD_FILE,
    DATABASE_FILE,
    NEXT_FILE,
    PREVIOUS_FILE,
    Database,
    Databases,
    Role,
    as_directory,
    repeat_while_transient,
)
from iris_devtools.admin.link import RemoteObject
from iris_devtools.admin.privileges import Privileges
from iris_devtools.admin.processes import Processes
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import AdministrationError, ConfigurationError, ServerError, UnsupportedError

__all__ = ["Namespaces", "check_namespace_name"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")
_JOURNALED = 3
_SYSTEM_DATABASES = frozenset(
    {
        "IRISSYS",
        "IRISLIB",
        "IRISTEMP",
        "IRISLOCALDATA",
        "IRISAUDIT",
        "IRISMETRICS",
        "IRISSECURITY",
        "ENSLIB",
        "HSLIB",
    }
)
_SYSTEM_NAMESPACES = frozenset({"%SYS", "HSLIB", "HSSYS", "HSSYSLOCALTEMP"})


class Namespaces(Databases, Privileges, Processes):
    """What can be done with a namespace. Names are case-insensitive and kept in upper case, as IRIS does.

    Making and dropping change the configuration of the whole server: do it one at a time (iris-facts 1.2).
    Callers in several processes take a lock of theirs around it.
    """

    @property
    def manager_directory(self) -> str:
        """Return the directory below which the server keeps its databases (iris-facts 7, 12.1 step 4)."""
        answer = self._link.value("%SYSTEM.Util", "ManagerDirectory", repeatable=True)
        return as_directory(str(answer))

    def namespaces(self) -> tuple[str, ...]:
        """Return the names of the configured namespaces, sorted (iris-facts 3: Config.Namespaces)."""
        rows = self._link.query("SELECT DISTINCT Name FROM Config.Namespaces")
        return tuple(sorted({str(name).upper() for (name,) in rows}))

    def namespace_exists(self, namespace: str) -> bool:
        """Tell whether the server has such a namespace (iris-facts 1.2: %SYS.Namespace.Exists)."""
        return bool(
            int(self._link.value("%SYS.Namespace", "Exists", namespace.upper(), repeatable=True) or 0)
        )

    def databases(self, namespace: str) -> tuple[Database, ...]:
        """Return the databases of a namespace: one with the role ``both``, or ``data`` and ``code``
        (iris-facts 3).

        Raises:
            AdministrationError: there is no such namespace.
            UnsupportedError: a database of it lies on another server.

        """
        namespace = namespace.upper()
        directories = dict(self.database_directories(namespace))
        configuration = self._link.object("Config.Namespaces", "Open", namespace)
        if configuration is None:
            raise _no_namespace(namespace, "Config.Namespaces.Open")
        with configuration:
            data_name, code_name = str(configuration.get("Globals")), str(configuration.get("Routines"))
        names: dict[Role, str] = {"both": data_name, "data": data_name, "code": code_name}
        return tuple(Database(role, names[role], directory) for role, directory in directories.items())

    def database_directories(self, namespace: str) -> tuple[tuple[Role, str], ...]:
        """Return role and directory of each database of a namespace, as :meth:`databases` does with the names
        (iris-facts 3); the errors are the same.
        """
        namespace = namespace.upper()
        data = self._destination("GetGlobalDest", namespace)
        code = self._destination("GetRoutineDest", namespace)
        return (("both", data),) if data == code else (("data", data), ("code", code))

    def create_namespace(
        self, namespace: str, *, directory: str | None = None, copy_of: str | None = None
    ) -> Database:
        """Make a namespace with one database for its rows and its classes (iris-facts 12.2).

        The database lies in ``directory``, by default in one below the manager's that has the namespace's
        name. It is a copy of the file ``copy_of``, on the server, or else new, empty and journaled. When a
        step fails, those before it are undone, so that nothing is left half made.

        Raises:
            ConfigurationError: the name is none for a namespace.
            AdministrationError: it exists, or its directory holds a database, or the server refuses a step.

        """
        name = check_namespace_name(namespace)
        wanted = f"make the namespace {name}"
        home = as_directory(directory or f"{self.manager_directory}{name.lower()}")
        if self.namespace_exists(name):
            raise administration_error(
                wanted, "it exists already.", call=f'%SYS.Namespace.Exists("{name}")', namespace=name
            )
        if self._link.value("Config.Databases", "Exists", name, repeatable=True) in (1, "1"):
            error = administration_error(
                wanted,
                f"a database named {name} is configured already.",
                call=f'Config.Databases.Exists("{name}")',
                namespace=name,
            )
            error.hint = "It is left from a namespace that was dropped alone, or another one uses it."
            raise error
        if self.file_exists(home + DATABASE_FILE):
            error = administration_error(
                wanted,
                f"there is a database in {home} already.",
                call=f'%Library.File.Exists("{home}{DATABASE_FILE}")',
                namespace=name,
                directory=home,
            )
            error.hint = "It is left from a namespace that was dropped alone: delete it, or give a directory."
            raise error
        undo: list[Callable[[], object]] = []
        try:
            self._create(name, home, undo, copy_of)
        except BaseException as error:
            self._undo(undo, error)
            raise
        return Database("both", name, home)

    def drop_namespace(
        self, namespace: str, *, missing_ok: bool = False, terminate: bool = False, wait_s: float = 2.0
    ) -> None:
        """Delete a namespace, its databases and their files, in the order that IRIS wants (iris-facts 1.2).

        A database that another namespace uses is left alone. Of a database's directory only what belongs to a
        database is removed (IRIS.DAT, iris.lck, the stream directory, copies of ours), and the directory
        itself when it is empty then.

        Raises:
            NamespaceInUseError: somebody is connected to it; with ``terminate`` those connections are ended.
            AdministrationError: there is no such namespace (unless ``missing_ok``), it belongs to the system,
                or the server refuses a step. ``facts["left"]`` has the directories of databases that are
                left when the namespace is gone.

        """
        name = namespace.upper()
        if name.startswith("%") or name in _SYSTEM_NAMESPACES:
            raise administration_error(
                f"drop the namespace {name}",
                "it belongs to the system.",
                call="Config.Namespaces.Delete",
                namespace=name,
            )
        if not self.namespace_exists(name):
            if missing_ok:
                return
            raise _no_namespace(name, "%SYS.Namespace.Exists")
        databases = self.databases(name)
        self.require_idle(name, terminate=terminate, wait_s=wait_s)
        repeat_while_transient(
            lambda: self._link.check(
                f"drop the namespace {name}", "Config.Namespaces", "Delete", name, repeatable=False
            ),
            delay_s=_QUIESCE_S,
            attempts=_QUIESCE_ATTEMPTS,
        )
        left = [database for database in databases if self._is_ours(database)]
        try:
            while left:
                self._drop_database(left[0])
                del left[0]
        except ServerError as error:
            error.facts["left"] = tuple(database.directory for database in left)
            raise

    def _destination(self, method: str, namespace: str) -> str:
        """Return the directory in ``system^directory`` (iris-facts 3)."""
        try:
            answer = str(self._link.value("%SYS.Namespace", method, namespace, repeatable=True) or "")
        except AdministrationError as error:
            if "<NAMESPACE>" in error.facts["status"]:
                raise _no_namespace(namespace, f"%SYS.Namespace.{method}") from error
            raise
        system, _, directory = answer.partition("^")
        if not directory:
            raise _no_namespace(namespace, f"%SYS.Namespace.{method}")
        if system:
            raise UnsupportedError(
                f"A database of the namespace {namespace} lies on the server {system!r}, not on this one.",
                hint="Only databases of the server itself can be captured and restored.",
                namespace=namespace,
                system=system,
                directory=directory,
            )
        return as_directory(directory)

    def _create(self, name: str, home: str, undo: list[Callable[[], object]], copy_of: str | None) -> None:
        wanted = f"make the namespace {name}"
        if not self.directory_exists(home):
            undo.append(lambda: self.remove_directory(home))
            self.make_directories(home)
        # Not known beforehand whether a failing step did anything: what undoes it is noted first.
        undo.append(lambda: self._delete_database_files(home))
        if copy_of is None:
            with self._new("SYS.Database") as file:
                file.set("Directory", home)
                file.set("GlobalJournalState", _JOURNALED)
                file.check(wanted, "%Save")
        else:
            # A file that is there already does as well (iris-facts 1.2: the order for a new pair).
            self.copy(copy_of, home + DATABASE_FILE)
        self.mount(home)
        undo.append(lambda: self._link.value("Config.Databases", "Delete", name))
        with self._new("Config.Databases") as database:
            database.set("Name", name)
            database.set("Directory", home)
            database.check(wanted, "%Save")
        undo.append(lambda: self._link.value("Config.Namespaces", "Delete", name))
        repeat_while_transient(
            lambda: self._save_namespace(name, wanted), delay_s=_QUIESCE_S, attempts=_QUIESCE_ATTEMPTS
        )
        if not self._is_active(name, home):
            self._link.check(wanted, "Config.CPF", "Activate", repeatable=True)
            if not self._is_active(name, home):
                raise administration_error(
                    wanted,
                    f"the server does not show it with its database in {home}.",
                    call="Config.CPF.Activate",
                    namespace=name,
                    directory=home,
                )

    def _save_namespace(self, name: str, wanted: str) -> None:
        with self._new("Config.Namespaces") as configuration:
            configuration.set("Name", name)
            configuration.set("Globals", name)
            configuration.set("Routines", name)
            configuration.check(wanted, "%Save")

    def _is_active(self, name: str, home: str) -> bool:
        return (
            self.namespace_exists(name)
            and self._destination("GetGlobalDest", name) == home
            and self._destination("GetRoutineDest", name) == home
        )

    def _is_ours(self, database: Database) -> bool:
        return database.name.upper() not in _SYSTEM_DATABASES and database.directory != self.manager_directory

    def _drop_database(self, database: Database) -> None:
        wanted = f"drop the database {database.name}"
        try:
            self._link.check(wanted, "Config.Databases", "Delete", database.name, repeatable=False)
        except AdministrationError as error:
            if error.facts["code"] == _USED_BY_NAMESPACE:
                return
            raise
        self._delete_database_files(database.directory)

    def _delete_database_files(self, directory: str) -> None:
        if self._link.value("SYS.Database", "%ExistsId", directory, repeatable=True) in (1, "1"):
            self.dismount(directory)
            self._link.check(
                f"delete the database in {directory}",
                "SYS.Database",
                "DeleteDatabase",
                directory,
                repeatable=False,
            )
        self.delete(directory + DATABASE_FILE)
        self.delete(directory + "iris.lck")
        self.remove_tree(directory + "stream")
        removed = self.remove_directory(directory)
        if not removed:
            # A restore that was killed, or a copy that was made for a restore that never came.
            for name in (AHEAD_FILE, NEXT_FILE, PREVIOUS_FILE):
                self.delete(directory + name)
            removed = self.remove_directory(directory)
        if removed:
            # CREATE DATABASE puts C and D below a directory of the namespace's name (iris-facts 1.1).
            parent = re.sub(r"[^/\\]+[/\\]$", "", directory)
            if parent and parent != self.manager_directory:
                self.remove_directory(parent)

    def _new(self, class_name: str) -> RemoteObject:
        made = self._link.object(class_name, "%New")
        if made is None:
            raise administration_error(
                f"make a {class_name}", "the server returned no object.", call=f"{class_name}.%New()"
            )
        return made

    def _undo(self, steps: list[Callable[[], object]], error: BaseException) -> None:
        left: list[str] = []
        for step in reversed(steps):
            try:
                step()
            except ServerError as failure:  # noqa: PERF203 - the other steps are undone all the same
                left.append(failure.message)
        if left and isinstance(error, ServerError):
            error.facts["left"] = tuple(left)
            error.hint = " ".join(
                (error.hint, "Undoing what was done failed, too: " + "; ".join(left))
            ).strip()


_USED_BY_NAMESPACE = 429
# "Cannot quiesce the system" is met by waiting about a second (iris-facts 2.4, 12.2 step 5).
_QUIESCE_S = 1.0
_QUIESCE_ATTEMPTS = 4


def check_namespace_name(name: str) -> str:
    """Return a namespace name in upper case, or say why it is none (iris-facts 1.1: the rules of CREATE
    DATABASE).

    Raises:
        ConfigurationError: it does not begin with a letter, has other characters than letters,
            digits and ``_``, or more than 63 of them.

    """
    if _NAME.fullmatch(name) and name.isascii():
        return name.upper()
    raise ConfigurationError(
        f"{name!r} cannot name a namespace.",
        hint="Begin with a letter, go on with letters, digits and _, at most 63 characters.",
        namespace=name,
    )


def _no_namespace(namespace: str, call: str) -> AdministrationError:
    error = administration_error(
        f"use the namespace {namespace}", "the server has none of that name.", call=call, namespace=namespace
    )
    error.hint = "Check the spelling; `SELECT Name FROM Config.Namespaces` in %SYS lists them."
    return error
