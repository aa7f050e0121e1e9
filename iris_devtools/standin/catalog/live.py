"""System tables whose rows are the server's state now: processes, namespaces, databases, accounts."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Protocol

from iris_devtools.standin.catalog.system_view import SystemView, columns
from iris_devtools.standin.values import Scalar

__all__ = ["LIVE_TABLES", "LiveSource", "register_source"]


class LiveSource(Protocol):
    """Whoever knows the server's state."""

    def rows(self, table: str) -> Iterable[Mapping[str, Scalar]]:
        """Return the rows of a table of LIVE_TABLES, by its qualified name as written there.

        Each row gives the values of columns by their names; columns that are left out are NULL.
        """
        ...


LIVE_TABLES: tuple[SystemView, ...] = (
    SystemView(
        "%SYS",
        "ProcessQuery",
        "%SYS.ProcessQuery",
        columns(
            "Pid:I JobNumber:I UserName NameSpace Routine State ClientNodeName ClientExecutableName "
            "ClientIPAddress CurrentDevice OpenDevices LinesExecuted:I GlobalReferences:I CommandsExecuted:I "
            "InTransaction:I JobType:I Roles OSUserName StartupClientNodeName StartupClientIPAddress"
        ),
        live=True,
    ),
    SystemView(
        "Config",
        "Namespaces",
        "Config.Namespaces",
        columns("CPFName Name Globals Library Routines SysGlobals SysRoutines TempGlobals Comments"),
        live=True,
        only_in="%SYS",
    ),
    SystemView(
        "Config",
        "Databases",
        "Config.Databases",
        columns("CPFName Name Directory Server MountRequired:I MountAtStartup:I ClusterMountMode:I Comments"),
        live=True,
        only_in="%SYS",
    ),
    SystemView(
        "Security",
        "Users",
        "Security.Users",
        columns(
            "Name FullName Enabled:I Roles NameSpace Routine ChangePassword:I PasswordNeverExpires:I "
            "AccountNeverExpires:I ExpirationDate Comment LastLoginTime InvalidLoginAttempts:I"
        ),
        live=True,
        only_in="%SYS",
    ),
)


def register_source(connection: sqlite3.Connection, source: LiveSource | None) -> None:
    """Let the live tables on this connection ask ``source``; without one they are empty."""

    def rows(table: str) -> str:
        return json.dumps([dict(row) for row in source.rows(table)] if source is not None else [])

    connection.create_function("%live", 1, rows)
