"""The rows of system tables that show the server's state at this moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from iris_devtools.standin.instance import Instance
from iris_devtools.standin.values import Scalar

__all__ = ["ServerTables"]

_Row = Mapping[str, Scalar]


class ServerTables:
    """One server's processes, namespaces, databases and accounts as rows, for any session.

    Implements the ``LiveSource`` of :mod:`iris_devtools.standin.catalog.live`.
    """

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._tables: dict[str, Callable[[], Iterator[_Row]]] = {
            "%SYS.ProcessQuery": self._processes,
            "Config.Namespaces": self._namespaces,
            "Config.Databases": self._databases,
            "Security.Users": self._users,
        }

    def rows(self, table: str) -> Iterable[_Row]:
        """Return the rows of a table by its qualified name."""
        found = self._tables.get(table)
        return () if found is None else found()

    def _processes(self) -> Iterator[_Row]:
        for process in self._instance.processes:
            yield {
                "Pid": process.pid,
                "JobNumber": process.pid,
                "UserName": process.username,
                "NameSpace": process.namespace,
                "Routine": "%SYS.DBSRV.1",
                "State": "READ",
                "ClientNodeName": process.client.node,
                "ClientExecutableName": process.client.application,
                "ClientIPAddress": process.client.address,
                "InTransaction": int(process.in_transaction),
                "JobType": 1,
                "Roles": "%All",
                "OSUserName": process.client.user,
            }

    def _namespaces(self) -> Iterator[_Row]:
        for entry in self._instance.configuration.namespaces():
            yield {
                "CPFName": "iris",
                "Name": entry.name,
                "Globals": entry.globals,
                "Routines": entry.routines,
                "SysGlobals": "IRISSYS",
                "SysRoutines": "IRISSYS",
                "TempGlobals": "IRISTEMP",
            }

    def _databases(self) -> Iterator[_Row]:
        for entry in self._instance.configuration.databases():
            yield {
                "CPFName": "iris",
                "Name": entry.name,
                "Directory": f"{entry.directory}/",
                "MountRequired": 0,
                "MountAtStartup": 0,
                "ClusterMountMode": 0,
            }

    def _users(self) -> Iterator[_Row]:
        for account in self._instance.configuration.accounts():
            yield {
                "Name": account.name,
                "FullName": account.full_name,
                "Enabled": int(account.enabled),
                "Roles": account.roles,
                "NameSpace": account.namespace,
                "Routine": account.routine,
                "ChangePassword": int(account.change_password),
                "PasswordNeverExpires": int(account.password_never_expires),
                "Comment": account.comment,
            }
