"""%SYS.Namespace: from a namespace to its directories, callable in any namespace (iris-facts 3)."""

from __future__ import annotations

from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.storage.database import Database
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.values import ByRef

__all__ = ["CLASSES"]

NAMESPACE = ClassDefinition("%SYS.Namespace")
CLASSES = (NAMESPACE,)


def _databases(call: Call, namespace: str) -> tuple[Database | None, Database | None]:
    entry = call.instance.configuration.namespace(namespace or call.process.namespace)
    return (None, None) if entry is None else call.instance.databases_of(entry)


def _destination(database: Database | None) -> str:
    """Return ``system^directory``; the system of a local database is empty."""
    return f"^{database.name}" if database is not None else ""


@NAMESPACE.class_method("Exists")
def _exists(call: Call, name: str) -> bool:
    return call.instance.configuration.namespace(name) is not None


@NAMESPACE.class_method("Enabled")
def _enabled(call: Call, name: str) -> bool:
    """Mount implicitly, and tell whether the namespace can be used (iris-facts 2.2)."""
    try:
        for database in _databases(call, name):
            if database is None:
                return False
            database.touch()
    except StorageError:
        return False
    return True


@NAMESPACE.class_method("GetNSInfo", status=True)
def _get_ns_info(call: Call, namespace: str, info: ByRef = NOWHERE, _flag: int = 0) -> None:
    entry = call.instance.configuration.namespace(namespace or call.process.namespace)
    if entry is None:
        raise StorageError(5001, f"Namespace {namespace} does not exist")
    info.value = entry.name
    info.nodes.update({"Globals": entry.globals, "Routines": entry.routines})


@NAMESPACE.class_method("ListAll")
def _list_all(call: Call, names: ByRef = NOWHERE) -> None:
    names.nodes.update({entry.name: "" for entry in call.instance.configuration.namespaces()})


@NAMESPACE.class_method("GetGlobalDest")
def _get_global_dest(call: Call, namespace: str = "", _global: str = "^", _subscript: str = "") -> str:
    return _destination(_databases(call, namespace)[0])


@NAMESPACE.class_method("GetRoutineDest")
def _get_routine_dest(call: Call, namespace: str = "", _routine: str = "", _kind: str = "MAC") -> str:
    return _destination(_databases(call, namespace)[1])


@NAMESPACE.class_method("GetPackageDest")
def _get_package_dest(call: Call, namespace: str = "", _package: str = "") -> str:
    return _destination(_databases(call, namespace)[1])
