"""The server's present state as rows of system tables, for SQL on %SYS.ProcessQuery and its kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from iris_devtools.standin.values import Scalar

if TYPE_CHECKING:
    from iris_devtools.standin.instance import Instance

__all__ = ["ServerRows"]

Row = Mapping[str, Scalar]

_CPF_NAME = "iris"


class ServerRows:
    """Answers what an Instance knows, table by table. Callable from any thread; every answer is of that
    moment.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._tables: dict[str, Callable[[], Iterator[Row]]] = {
            "%SYS.ProcessQuery": self._processes,
            "Config.Namespaces": self._namespaces,
            "Config.Databases": self._databases,
            "SYS.Database": self._files,
            "Security.Users": self._users,
        }

    def rows(self, table: str) -> Iterable[Row]:
        """Return the rows of one table, as column names and values; raises KeyError for an unknown table."""
        return list(self._tables[table]())

    def _processes(self) -> Iterator[Row]:
        for number, process in enumerate(self._instance.processes, 1):
            yield {
                "Pid": process.pid,
                "JobNumber": number,
                "UserName": process.username,
                "NameSpace": process.namespace,
                "InTransaction": int(process.in_transaction),
                "ClientNodeName": process.client.node,
                "ClientExecutableName": process.client.application,
                "ClientIPAddress": process.client.address,
                "OSUserName": process.client.user,
                "StartupClientNodeName": process.client.node,
                "StartupClientIPAddress": process.client.address,
            }

    def _namespaces(self) -> Iterator[Row]:
        for entry in self._instance.configuration.namespaces():
            yield {
                "CPFName": _CPF_NAME,
                "Name": entry.name,
                "Globals": entry.globals,
                "Routines": entry.routines,
                "SysGlobals": "IRISSYS",
                "SysRoutines": "IRISSYS",
                "TempGlobals": "IRISTEMP",
            }

    def _databases(self) -> Iterator[Row]:
        for entry in self._instance.configuration.databases():
            yield {"CPFName": _CPF_NAME, "Name": entry.name, "Directory": f"{entry.directory}{os.sep}"}

    def _files(self) -> Iterator[Row]:
        for database in self._instance.databases.known():
            yield {
                "Directory": database.name,
                "Mounted": int(database.status_text.startswith("Mounted")),
                "Size": database.size_mb,
                "ResourceName": database.label.resource,
                "ReadOnlyMounted": int(database.read_only),
                "GlobalJournalState": database.label.journal_state,
            }

    def _users(self) -> Iterator[Row]:
        for account in self._instance.configuration.accounts():
            yield {
                "Name": account.name,
                "FullName": account.full_name,
                "Enabled": int(account.enabled),
                "Roles": account.roles,
                "NameSpace": account.namespace,
                "Routine": account.routine,
                "Comment": account.comment,
                "ChangePassword": int(account.change_password),
                "PasswordNeverExpires": int(account.password_never_expires),
            }
