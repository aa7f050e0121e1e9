"""The server behind the wire: one data directory, its namespaces, databases, accounts and processes.

An Instance opens no socket. Whoever does gives it a user's name, password and namespace, and gets a
Process: the hold on one namespace under which statements and class methods run.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from iris_devtools.standin.cached_queries import CachedQueries
from iris_devtools.standin.errors import LoginRefused, ObjectScriptError
from iris_devtools.standin.globals.locks import LockTable
from iris_devtools.standin.storage.accounts import (
    PREDEFINED,
    Account,
    PasswordCheck,
    has_privilege,
    with_password,
)
from iris_devtools.standin.storage.configuration import Configuration, DatabaseEntry, NamespaceEntry
from iris_devtools.standin.storage.cpf import write_cpf
from iris_devtools.standin.storage.database import Database
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import (
    DEFAULT_RESOURCE,
    FILE_NAME,
    FORMAT,
    Label,
    create_file,
    inspect_file,
)
from iris_devtools.standin.storage.lease import NamespaceLease, Prepare
from iris_devtools.standin.storage.registry import Databases
from iris_devtools.standin.storage.sql_databases import create, drop

__all__ = ["ClientInfo", "Instance", "Options", "Process"]

VERSION_NUMBER = "2025.1.0.223.0"
"""What clients compare to decide which SQL to send (sqlalchemy-iris); the stand-in follows this version's
ways.
"""

_LOGON = "Logon+58^%SYS.DBSRV.1"
"""Where IRIS enters the namespace of a connection (iris-facts 2.6)."""


@dataclass(frozen=True)
class Options:
    """How an Instance behaves.

    ``connection_limit`` is the number of processes at once (``None``: no limit), as a licence sets it.
    ``change_password`` makes the predefined accounts of a *new* data directory demand another password, as
    a fresh container does (iris-facts 6). A dismount waits ``grace_s`` for a running statement before it
    interrupts it, and gives up after ``limit_s``. ``synchronous`` is SQLite's: NORMAL is safe against a
    killed process and a power cut; OFF against a killed process alone, and waits for no disk. It does not
    count for the server's own databases.
    """

    connection_limit: int | None = None
    change_password: bool = False
    grace_s: float = 0.5
    limit_s: float = 10.0
    busy_timeout_s: float = 10.0
    synchronous: str = "NORMAL"


@dataclass(frozen=True)
class ClientInfo:
    """Who is at the other end of a connection, as it says itself."""

    user: str = ""
    node: str = ""
    application: str = ""
    address: str = ""


class Process:
    """One server process: a user in a namespace. Made by Instance.open_process().

    ``on_terminate`` is called once, from the thread that terminates, after the lease was closed: the place
    to close the socket. ``transaction_level`` is $TLEVEL, kept by the session.
    """

    def __init__(
        self,
        instance: Instance,
        pid: int,
        *,
        username: str,
        client: ClientInfo,
        lease: NamespaceLease,
        prepare: Prepare | None,
    ) -> None:
        self.instance = instance
        self.pid = pid
        self.username = username
        self.client = client
        self.lease = lease
        self.started = datetime.now()
        self.transaction_level = 0
        self.on_terminate: Callable[[], None] | None = None
        self.terminated = False
        self._prepare = prepare

    def __repr__(self) -> str:
        return f"<Process {self.pid} {self.username} in {self.namespace}>"

    @property
    def namespace(self) -> str:
        """The namespace that the process is in, in the case of its definition."""
        return self.lease.namespace

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.transaction_level > 0 or self.lease.in_transaction

    def may_use(self, resource: str) -> bool:
        """Tell whether the user has USE of a resource of administration.

        Who has no account came in by the operating system's word, and may do everything.
        """
        account = self.instance.configuration.account(self.username)
        return account is None or has_privilege(account, resource)

    def enter(self, namespace: str) -> None:
        """Change to another namespace; an open transaction is rolled back.

        Raises ObjectScriptError ``<NAMESPACE>`` or ``<DIRECTORY>``; the process then stays where it is.
        """
        fresh = self.instance.open_lease(namespace, prepare=self._prepare)
        old, self.lease = self.lease, fresh
        old.close()
        self.transaction_level = 0

    def close(self) -> None:
        """Roll back, release the locks and end; calling it again does nothing."""
        self.instance.forget(self)
        self.lease.close()
        self.instance.locks.release_all(self.pid)

    def terminate(self) -> None:
        """End the process from outside: interrupt what it does, roll back, and tell its connection."""
        self.terminated = True
        self.instance.forget(self)
        self.lease.break_off()
        self.instance.locks.release_all(self.pid)
        hook, self.on_terminate = self.on_terminate, None
        if hook is not None:
            hook()


class Instance:
    """One stand-in server on one data directory. All methods may be called from any thread.

    Only one Instance may have a data directory open at a time; the caller sees to that. What was committed
    survives a killed process: the next start recovers it. ``renew`` brings what older versions wrote into a
    database up to date when it is mounted (see :class:`~iris_devtools.standin.storage.database.Database`).
    """

    def __init__(
        self,
        data: Path,
        options: Options | None = None,
        *,
        renew: Callable[[sqlite3.Connection], bool] | None = None,
    ) -> None:
        self.data = data.absolute()
        self.options = options or Options()
        self.manager = self.data / "mgr"
        self._renew = renew
        self._lock = threading.RLock()
        self.locks = LockTable()
        self.cached_queries = CachedQueries()
        self._processes: dict[int, Process] = {}
        self._arriving = 0
        self._pids = itertools.count(os.getpid())
        self._passwords = PasswordCheck()
        self._configuration: Configuration | None = None
        self._databases: Databases | None = None
        self._user_directory = self.manager / "user"
        self._security_directory = self.manager / "irissecurity"

    def __repr__(self) -> str:
        return f"<Instance {self.data}>"

    @property
    def configuration(self) -> Configuration:
        """Namespaces, database names, accounts and resources."""
        if self._configuration is None:
            raise RuntimeError(f"the instance on {self.data} is not started")
        return self._configuration

    @property
    def databases(self) -> Databases:
        """The databases by directory."""
        if self._databases is None:
            raise RuntimeError(f"the instance on {self.data} is not started")
        return self._databases

    @property
    def manager_directory(self) -> str:
        """The manager's directory with a slash at the end; new databases lie below it."""
        return f"{self.manager}{os.sep}"

    @property
    def version_number(self) -> str:
        """The dotted version number of %SYSTEM.Version.GetNumber()."""
        return VERSION_NUMBER

    @property
    def build(self) -> str:
        """The build, which names the stand-in's file format: files of another build may not be mountable."""
        return f"standin-{FORMAT}"

    @property
    def version_text(self) -> str:
        """$ZVERSION: says that this is the stand-in, which version it follows, and its file format."""
        release = ".".join(VERSION_NUMBER.split(".")[:2])
        return (
            f"IRIS-devtools stand-in for UNIX (SQLite {sqlite3.sqlite_version}) "
            f"{release} (Build {self.build})"
        )

    def start(self) -> None:
        """Open the data directory; makes it first when it is new, with namespaces %SYS and USER.

        Raises StorageError when one of the server's own databases is damaged or held by another server.
        """
        for directory in (self.manager, self._user_directory, self._security_directory):
            directory.mkdir(parents=True, exist_ok=True, mode=0o770)
        security = self._security_directory / FILE_NAME
        if not security.exists():
            create_file(security, Label(resource="%DB_IRISSECURITY"))
        inspect_file(security)
        configuration = Configuration(security, base=self.manager, on_change=self._configuration_changed)
        self._configuration = configuration
        self._databases = Databases(
            self.manager,
            owner=configuration.server_id,
            permanent=frozenset({self.manager, self._security_directory}),
            knows=configuration.knows_resource,
            renew=self._renew,
        )
        try:
            self._furnish(configuration)
            for directory in (self.manager, self._security_directory):
                self._databases.at(directory).touch()
        except BaseException:
            self.stop()
            raise
        write_cpf(configuration, self.data / "iris.cpf")
        self.log("Generic.Event", f"Started {self.version_text}")

    def stop(self) -> None:
        """End all processes and close all databases, complete and alone; the next start finds none
        dismounted.
        """
        for process in self.processes:
            process.terminate()
        if self._databases is not None:
            own = self._databases.at(self._security_directory)
            try:
                for database in self._databases.mounted():
                    if database is not own:
                        self._unmount(database)
            finally:
                self.configuration.close()
                self._unmount(own)
                self._configuration = None
                self._databases = None
            self.log("Generic.Event", "Shut down")

    def __enter__(self) -> Instance:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def processes(self) -> tuple[Process, ...]:
        """The processes of this moment, oldest first."""
        with self._lock:
            return tuple(self._processes[pid] for pid in sorted(self._processes))

    def process(self, pid: int) -> Process | None:
        """Return the process with that number."""
        with self._lock:
            return self._processes.get(pid)

    def open_process(
        self,
        username: str,
        password: str,
        *,
        namespace: str,
        client: ClientInfo | None = None,
        prepare: Prepare | None = None,
    ) -> Process:
        """Log in and enter a namespace.

        ``prepare`` is called with every SQLite connection that the process gets, and its code schema.
        Raises LoginRefused with the text for the client (wire-protocol 4.3, iris-facts 2.6 and 6).
        """
        account = self.authenticate(username, password)
        return self._open(account.name, namespace, client=client, prepare=prepare)

    def open_trusted_process(
        self,
        username: str,
        *,
        namespace: str,
        client: ClientInfo | None = None,
        prepare: Prepare | None = None,
    ) -> Process:
        """Enter a namespace without a password: for whom the operating system vouches (iris-facts 5.1).

        Raises LoginRefused when there is no such namespace, or no place under the connection limit.
        """
        return self._open(username, namespace, client=client, prepare=prepare)

    def _open(
        self, username: str, namespace: str, *, client: ClientInfo | None, prepare: Prepare | None
    ) -> Process:
        with self._lock:
            limit = self.options.connection_limit
            if limit is not None and len(self._processes) + self._arriving >= limit:
                raise LoginRefused("<LICENSE LIMIT EXCEEDED>")
            self._arriving += 1
        try:
            lease = self.open_lease(namespace, prepare=prepare, location=_LOGON)
            process = Process(
                self,
                next(self._pids),
                username=username,
                client=client or ClientInfo(),
                lease=lease,
                prepare=prepare,
            )
            with self._lock:
                self._processes[process.pid] = process
        except ObjectScriptError as exc:
            raise LoginRefused(str(exc)) from exc
        finally:
            with self._lock:
                self._arriving -= 1
        return process

    def forget(self, process: Process) -> None:
        """Take a process out of the table; it gives back its place under the connection limit."""
        with self._lock:
            self._processes.pop(process.pid, None)

    def authenticate(self, username: str, password: str) -> Account:
        """Return the account; raises LoginRefused for a wrong name or password, and when it must be
        changed.
        """
        account = self.configuration.account(username)
        if account is None or not account.enabled or not self._passwords.matches(account, password):
            raise LoginRefused("Access Denied")
        if account.change_password:
            raise LoginRefused(
                "Password change required "
                f"[SQLCODE: <-853>:<User {account.name} is required to change password before login>]"
            )
        return account

    def open_lease(
        self, namespace: str, *, prepare: Prepare | None = None, location: str = ""
    ) -> NamespaceLease:
        """Open the databases of a namespace; raises ObjectScriptError ``<NAMESPACE>`` or ``<DIRECTORY>``."""
        entry = self.configuration.namespace(namespace)
        data, code = (None, None) if entry is None else self.databases_of(entry)
        if entry is None or data is None or code is None:
            raise ObjectScriptError("NAMESPACE", location or f" *{namespace}")
        database = data
        try:
            for database in (data, code):
                database.touch()
            return NamespaceLease(
                entry.name,
                data=data,
                code=code,
                prepare=prepare,
                busy_timeout_s=self.options.busy_timeout_s,
                synchronous="NORMAL" if data.permanent else self.options.synchronous,
            )
        except StorageError as exc:
            raise self._not_entered(database, exc, location=location) from exc

    def databases_of(self, entry: NamespaceEntry) -> tuple[Database | None, Database | None]:
        """Return the globals and the routines database of a namespace; ``None`` for a name without an
        entry.
        """
        found = (self.configuration.database(entry.globals), self.configuration.database(entry.routines))
        data, code = (None if item is None else self.databases.at(item.directory) for item in found)
        return data, code

    def dismount(self, database: Database) -> None:
        """Dismount explicitly, with the patience that the options set."""
        database.dismount(grace_s=self.options.grace_s, limit_s=self.options.limit_s)

    def delete(self, database: Database) -> None:
        """Dismount and delete the file, with the patience that the options set."""
        database.delete(grace_s=self.options.grace_s, limit_s=self.options.limit_s)

    def create_sql_database(
        self, name: str, *, directory: Path | None = None, journaled: bool = True
    ) -> None:
        """CREATE DATABASE: a namespace with two databases; raises SQLError -341, -343 or -400 (iris-facts
        1.1).
        """
        with self._lock:
            create(self, name, directory=directory, journaled=journaled)

    def drop_sql_database(
        self, name: str, *, current_namespace: str, retain_files: bool = False, if_exists: bool = False
    ) -> None:
        """DROP DATABASE; raises SQLError -340, -342 or -344 (iris-facts 1.1)."""
        drop(
            self,
            name,
            current_namespace=current_namespace,
            retain_files=retain_files,
            if_exists=if_exists,
        )

    def log(self, category: str, text: str, *, severity: int = 0) -> None:
        """Add a line to ``mgr/messages.log``, in IRIS's form."""
        now = datetime.now()
        stamp = f"{now:%m/%d/%y-%H:%M:%S}:{now.microsecond // 1000:03d}"
        line = f"{stamp} ({os.getpid()}) {severity} [{category}] {text}\n"
        with (self.manager / "messages.log").open("a", encoding="utf-8") as file:
            file.write(line)

    def _not_entered(self, database: Database, cause: StorageError, *, location: str) -> ObjectScriptError:
        self.log("Database.MountError", f"{database.name}: {cause}", severity=2)
        return ObjectScriptError("DIRECTORY", f"{location} *{database.name}")

    def _configuration_changed(self, configuration: Configuration) -> None:
        write_cpf(configuration, self.data / "iris.cpf")
        self.cached_queries.keep_only([entry.name for entry in configuration.namespaces()])

    def _unmount(self, database: Database) -> None:
        database.dismount(grace_s=self.options.grace_s, limit_s=self.options.limit_s, sticky=False)

    def _furnish(self, configuration: Configuration) -> None:
        """Make what a new data directory lacks; an interrupted first start is finished by the next one."""
        if not (self.manager / FILE_NAME).exists():
            create_file(self.manager / FILE_NAME, Label(resource="%DB_IRISSYS"))
        if configuration.account("_SYSTEM") is not None:
            return
        for name in ("%DB_%DEFAULT", "%DB_IRISSYS", "%DB_IRISSECURITY", "%DB_USER"):
            configuration.put_resource(name)
        for name, directory in (
            ("IRISSYS", self.manager),
            ("IRISSECURITY", self._security_directory),
            ("USER", self._user_directory),
        ):
            configuration.put_database(DatabaseEntry(name, directory))
        if not (self._user_directory / FILE_NAME).exists():
            create_file(self._user_directory / FILE_NAME, Label(resource=DEFAULT_RESOURCE))
        configuration.put_namespace(NamespaceEntry("%SYS", globals="IRISSYS", routines="IRISSYS"))
        configuration.put_namespace(NamespaceEntry("USER", globals="USER", routines="USER"))
        account = with_password(
            Account("", change_password=self.options.change_password, password_never_expires=True), "SYS"
        )
        for name in reversed(PREDEFINED):
            configuration.put_account(replace(account, name=name))
