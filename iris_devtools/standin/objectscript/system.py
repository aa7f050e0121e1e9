"""%SYSTEM.*: version, directories, processes, licence, cached queries; callable in any namespace."""

from __future__ import annotations

import os
import platform
import sys
import uuid
from pathlib import Path

from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.values import Argument, ByRef, Undefined

__all__ = ["CLASSES"]

VERSION = ClassDefinition("%SYSTEM.Version")
UTIL = ClassDefinition("%SYSTEM.Util")
PROCESS = ClassDefinition("%SYSTEM.Process")
SQL = ClassDefinition("%SYSTEM.SQL")
LICENSE = ClassDefinition("%SYSTEM.License")
MONITOR = ClassDefinition("%SYSTEM.Monitor")
SYS_SYSTEM = ClassDefinition("%SYS.System")
SYS_PROCESS = ClassDefinition("SYS.Process", only_in="%SYS")
CLASSES = (VERSION, UTIL, PROCESS, SQL, LICENSE, MONITOR, SYS_SYSTEM, SYS_PROCESS)

_NO_LIMIT = 9999
"""What is told of a number of connections that is not limited."""

_TERMINATED = 1
_NO_SUCH_PROCESS = -3
_NOT_CONFIGURED = -1


# ---- %SYSTEM.Version


def _version_part(call: Call, index: int) -> int:
    return int(call.instance.version_number.split(".")[index])


@VERSION.class_method("GetVersion")
def _get_version(call: Call, _flag: int = 0) -> str:
    return call.instance.version_text


@VERSION.class_method("GetNumber")
def _get_number(call: Call) -> str:
    return call.instance.version_number


@VERSION.class_method("GetMajor")
def _get_major(call: Call) -> int:
    return _version_part(call, 0)


@VERSION.class_method("GetMinor")
def _get_minor(call: Call) -> int:
    return _version_part(call, 1)


@VERSION.class_method("GetPoint")
def _get_point(call: Call) -> int:
    return _version_part(call, 2)


@VERSION.class_method("GetBuildNumber")
def _get_build_number(call: Call) -> str:
    return call.instance.build


@VERSION.class_method("GetProduct", "GetISCProduct")
def _get_product(_call: Call) -> str:
    return "IRIS-devtools stand-in"


@VERSION.class_method("GetOS")
def _get_os(_call: Call) -> str:
    return "Windows" if sys.platform == "win32" else "UNIX"


@VERSION.class_method("GetPlatform")
def _get_platform(_call: Call) -> str:
    return f"{platform.system()} {platform.machine()}"


# ---- %SYSTEM.Util


@UTIL.class_method("ManagerDirectory")
def _manager_directory(call: Call) -> str:
    return call.instance.manager_directory


@UTIL.class_method("InstallDirectory", "DataDirectory")
def _install_directory(call: Call) -> str:
    return f"{call.instance.data}{os.sep}"


@UTIL.class_method("GetEnviron")
def _get_environ(_call: Call, name: str) -> str:
    return os.environ.get(name, "")


@UTIL.class_method("CreateGUID")
def _create_guid(_call: Call) -> str:
    return str(uuid.uuid4()).upper()


# ---- %SYS.System


@SYS_SYSTEM.class_method("GetInstanceName")
def _get_instance_name(_call: Call) -> str:
    return "IRIS"


@SYS_SYSTEM.class_method("GetNodeName")
def _get_node_name(_call: Call, _kind: int = 0) -> str:
    return platform.node()


# ---- %SYSTEM.Process


def _which(call: Call, pid: Argument) -> Process:
    """Return the process of that number, or the caller's; raises StorageError when there is none."""
    if isinstance(pid, Undefined) or to_text(pid) == "":
        return call.process
    found = call.instance.process(to_integer(pid))
    if found is None:
        raise StorageError(5001, f"No such process: {to_text(pid)}")
    return found


_SELF = Undefined()


@PROCESS.class_method("Terminate", needs="%Admin_Operate")
def _terminate(call: Call, pid: Argument = _SELF, _exit_code: int = 0) -> int:
    try:
        process = _which(call, pid)
    except StorageError:
        return _NO_SUCH_PROCESS
    process.terminate()
    return _TERMINATED


@PROCESS.class_method("ProcessID", "PID")
def _process_id(call: Call) -> int:
    return call.process.pid


@PROCESS.class_method("NameSpace")
def _name_space(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).namespace


@PROCESS.class_method("UserName")
def _user_name(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).username


@PROCESS.class_method("ClientNodeName")
def _client_node_name(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).client.node


@PROCESS.class_method("ClientExecutableName")
def _client_executable_name(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).client.application


@PROCESS.class_method("ClientIPAddress")
def _client_ip_address(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).client.address


@PROCESS.class_method("OSUserName")
def _os_user_name(call: Call, pid: Argument = _SELF) -> str:
    return _which(call, pid).client.user


@PROCESS.class_method("CurrentDirectory")
def _current_directory(_call: Call) -> str:
    return f"{Path.cwd()}{os.sep}"


# ---- SYS.Process


@SYS_PROCESS.class_method("TerminateProcess", status=True, needs="%Admin_Operate")
def _terminate_process(call: Call, pid: int, _force: int = 0) -> None:
    _which(call, pid).terminate()


@SYS_PROCESS.class_method("%ExistsId")
def _process_exists_id(call: Call, pid: int) -> bool:
    return call.instance.process(pid) is not None


# ---- %SYSTEM.SQL


@SQL.class_method("Purge", status=True)
def _purge(call: Call, _days: str = "") -> None:
    """Throw away the cached queries of the namespace; of any age, because no age is kept."""
    call.instance.cached_queries.of(call.process.namespace).purge()


@SQL.class_method("PurgeForTable", status=True)
def _purge_for_table(call: Call, table: str) -> None:
    """Throw away the cached queries of the namespace: more than those of the table, which nobody can tell."""
    if not table:
        raise StorageError(5659, "table")
    call.instance.cached_queries.of(call.process.namespace).purge()


@SQL.class_method("PurgeAllNamespaces", status=True)
def _purge_all_namespaces(call: Call) -> None:
    call.instance.cached_queries.purge()


# ---- %SYSTEM.License and %SYSTEM.Monitor


def _limit(call: Call) -> int:
    limit = call.instance.options.connection_limit
    return _NO_LIMIT if limit is None else limit


@LICENSE.class_method("MaxConnections", "KeyLicenseUnits", "GetUserLimit", "GetConnectionLimit")
def _max_connections(call: Call) -> int:
    return _limit(call)


@LICENSE.class_method("MaxDB")
def _max_db(_call: Call) -> int:
    """Return 0: nothing limits the size of a database."""
    return 0


@LICENSE.class_method("LUConsumed", "GetConnectionCount", "ConnectionCount")
def _units_consumed(call: Call) -> int:
    return len(call.instance.processes)


@LICENSE.class_method("LUAvailable")
def _units_available(call: Call) -> int:
    return max(0, _limit(call) - len(call.instance.processes))


@LICENSE.class_method("Counts", status=True)
def _counts(call: Call, total: ByRef = NOWHERE, current: ByRef = NOWHERE, available: ByRef = NOWHERE) -> None:
    total.value = _limit(call)
    current.value = _units_consumed(call)
    available.value = _units_available(call)


@MONITOR.class_method("State")
def _state(_call: Call) -> int:
    return _NOT_CONFIGURED
