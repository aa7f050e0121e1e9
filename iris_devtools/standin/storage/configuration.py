"""What a server knows beside its data: namespaces, database names, accounts, resources.

Kept in a database of its own (``mgr/irissecurity``), so that a transaction that a session leaves open in
%SYS can never hold up an administrator. Everything is also held in memory: reading costs a dictionary
look-up.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from iris_devtools.standin.storage.accounts import Account, Role
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.label import open_file

__all__ = ["Configuration", "DatabaseEntry", "NamespaceEntry"]

_TABLES = """
CREATE TABLE IF NOT EXISTS server (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS databases (key TEXT PRIMARY KEY, name TEXT, directory TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS namespaces (
    key TEXT PRIMARY KEY, name TEXT, globals TEXT, routines TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS resources (key TEXT PRIMARY KEY, name TEXT, description TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS roles (key TEXT PRIMARY KEY, name TEXT, roles TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS settings (
    kind TEXT, key TEXT, name TEXT, properties TEXT, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accounts (
    key TEXT PRIMARY KEY, name TEXT, salt BLOB, hash BLOB, roles TEXT, full_name TEXT, namespace TEXT,
    routine TEXT, comment TEXT, enabled INTEGER, change_password INTEGER, password_never_expires INTEGER
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class DatabaseEntry:
    """One line of the section [Databases]: a name for a directory.  Two names may share one directory."""

    name: str
    directory: Path


@dataclass(frozen=True)
class NamespaceEntry:
    """One line of the section [Namespaces]: the names of the databases for globals and for routines."""

    name: str
    globals: str
    routines: str


class Configuration:
    """The configuration of one server. Callable from any thread; a change is on disk when the call returns.

    Names keep the case they were given and are found in any. Directories below ``base`` are kept relative
    to it, so that a data directory may be moved or copied while no server runs on it.
    """

    def __init__(
        self, path: Path, *, base: Path, on_change: Callable[[Configuration], None] | None = None
    ) -> None:
        self._lock = threading.RLock()
        self._base = base
        self._on_change = on_change
        self._connection = open_file(path)
        self._connection.executescript(_TABLES)
        found = dict(self._connection.execute("SELECT name, value FROM server"))
        self.is_new = "id" not in found
        self.server_id = found.get("id") or uuid.uuid4().hex
        self._connection.execute("INSERT OR IGNORE INTO server VALUES ('id', ?)", (self.server_id,))
        self._databases = {
            key: DatabaseEntry(name, base / directory)
            for key, name, directory in self._connection.execute("SELECT key, name, directory FROM databases")
        }
        self._namespaces = {
            key: NamespaceEntry(*rest)
            for key, *rest in self._connection.execute("SELECT key, name, globals, routines FROM namespaces")
        }
        self._resources = dict(self._connection.execute("SELECT key, name FROM resources"))
        self._accounts = {account.name.upper(): account for account in _load_accounts(self._connection)}
        self._roles = {
            key: Role(*rest) for key, *rest in self._connection.execute("SELECT key, name, roles FROM roles")
        }

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def namespaces(self) -> tuple[NamespaceEntry, ...]:
        """Return all namespaces, sorted by name."""
        with self._lock:
            return tuple(sorted(self._namespaces.values(), key=lambda entry: entry.name.upper()))

    def namespace(self, name: str) -> NamespaceEntry | None:
        """Return the namespace of that name."""
        return self._namespaces.get(name.upper())

    def databases(self) -> tuple[DatabaseEntry, ...]:
        """Return all named databases, sorted by name."""
        with self._lock:
            return tuple(sorted(self._databases.values(), key=lambda entry: entry.name.upper()))

    def database(self, name: str) -> DatabaseEntry | None:
        """Return the database of that name."""
        return self._databases.get(name.upper())

    def accounts(self) -> tuple[Account, ...]:
        """Return all accounts, sorted by name."""
        with self._lock:
            return tuple(sorted(self._accounts.values(), key=lambda account: account.name.upper()))

    def account(self, name: str) -> Account | None:
        """Return the account of that name."""
        return self._accounts.get(name.upper())

    def role(self, name: str) -> Role | None:
        """Return the role of that name, which CREATE ROLE made."""
        return self._roles.get(name.upper())

    def put_role(self, role: Role) -> None:
        """Add a role, or change it."""
        with self._change() as connection:
            values = (role.name.upper(), role.name, role.roles)
            connection.execute("INSERT OR REPLACE INTO roles VALUES (?, ?, ?)", values)
            self._roles[role.name.upper()] = role

    def remove_role(self, name: str) -> None:
        """Forget a role; raises nothing for one that is not there."""
        with self._change() as connection:
            connection.execute("DELETE FROM roles WHERE key = ?", (name.upper(),))
            self._roles.pop(name.upper(), None)

    def knows_resource(self, name: str) -> bool:
        """Tell whether a resource of that name exists."""
        return name.upper() in self._resources

    def resources(self) -> tuple[str, ...]:
        """Return the names of all resources, sorted."""
        with self._lock:
            return tuple(sorted(self._resources.values()))

    def put_database(self, entry: DatabaseEntry) -> None:
        """Add a database name, or change its directory."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO databases (key, name, directory) VALUES (?, ?, ?)",
                (entry.name.upper(), entry.name, self._relative(entry.directory)),
            )
            self._databases[entry.name.upper()] = entry

    def remove_database(self, name: str) -> None:
        """Forget a database name; raises StorageError #429 while a namespace uses it."""
        with self._change() as connection:
            key = name.upper()
            users = [
                n.name for n in self._namespaces.values() if key in (n.globals.upper(), n.routines.upper())
            ]
            if users:
                raise StorageError(429, f"{name} is used by {', '.join(sorted(users))}")
            connection.execute("DELETE FROM databases WHERE key = ?", (key,))
            self._databases.pop(key, None)

    def put_namespace(self, entry: NamespaceEntry) -> None:
        """Add a namespace, or change its databases."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO namespaces (key, name, globals, routines) VALUES (?, ?, ?, ?)",
                (entry.name.upper(), entry.name, entry.globals, entry.routines),
            )
            self._namespaces[entry.name.upper()] = entry

    def remove_namespace(self, name: str) -> None:
        """Forget a namespace; its databases stay."""
        with self._change() as connection:
            connection.execute("DELETE FROM namespaces WHERE key = ?", (name.upper(),))
            self._namespaces.pop(name.upper(), None)

    def put_resource(self, name: str, *, description: str = "") -> None:
        """Add a resource."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO resources VALUES (?, ?, ?)", (name.upper(), name, description)
            )
            self._resources[name.upper()] = name

    def remove_resource(self, name: str) -> None:
        """Forget a resource."""
        with self._change() as connection:
            connection.execute("DELETE FROM resources WHERE key = ?", (name.upper(),))
            self._resources.pop(name.upper(), None)

    def setting(self, kind: str, name: str) -> dict[str, str] | None:
        """Return the properties of a service, application or the like; ``None`` when there is none."""
        with self._lock:
            found = self._connection.execute(
                "SELECT properties FROM settings WHERE kind = ? AND key = ?", (kind, name.upper())
            ).fetchone()
        return None if found is None else {**json.loads(found[0])}

    def put_setting(self, kind: str, name: str, properties: dict[str, str]) -> None:
        """Add such a thing, or change it."""
        with self._change() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO settings VALUES (?, ?, ?, ?)",
                (kind, name.upper(), name, json.dumps(properties)),
            )

    def remove_setting(self, kind: str, name: str) -> None:
        """Forget such a thing."""
        with self._change() as connection:
            connection.execute("DELETE FROM settings WHERE kind = ? AND key = ?", (kind, name.upper()))

    def put_account(self, account: Account) -> None:
        """Add an account, or change it."""
        with self._change() as connection:
            values = {"key": account.name.upper(), **asdict(account)}
            marks = ", ".join(f":{name}" for name in values)
            connection.execute(
                f"INSERT OR REPLACE INTO accounts ({', '.join(values)}) VALUES ({marks})", values
            )
            self._accounts[account.name.upper()] = account

    def remove_account(self, name: str) -> None:
        """Forget an account."""
        with self._change() as connection:
            connection.execute("DELETE FROM accounts WHERE key = ?", (name.upper(),))
            self._accounts.pop(name.upper(), None)

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._connection
            if self._on_change is not None:
                self._on_change(self)

    def _relative(self, directory: Path) -> str:
        return str(directory.relative_to(self._base) if directory.is_relative_to(self._base) else directory)


def _load_accounts(connection: sqlite3.Connection) -> Iterator[Account]:
    names = [field.name for field in fields(Account)]
    flags = {"enabled", "change_password", "password_never_expires"}
    for row in connection.execute(f"SELECT {', '.join(names)} FROM accounts"):
        values: dict[str, Any] = {}
        for name, value in zip(names, row, strict=True):
            values[name] = bool(value) if name in flags else value
        yield Account(**values)
