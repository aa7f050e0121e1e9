"""Security.Services, .Applications, .Roles and .SSLConfigs: kept as they are given, and without any effect.

Bootstrap scripts switch services on and make web applications (iris-terminal-and-image A.3). This server lets
in whoever has an account, and serves no web pages.
"""

from __future__ import annotations

from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.values import ByRef

__all__ = ["CLASSES"]

_KINDS = ("Services", "Applications", "Roles", "SSLConfigs")

_PRESENT: dict[str, dict[str, dict[str, str]]] = {
    "Services": {
        "%Service_Bindings": {"Enabled": "1", "AutheEnabled": "32"},
        "%Service_CallIn": {"Enabled": "0", "AutheEnabled": "0"},
        "%Service_Terminal": {"Enabled": "1", "AutheEnabled": "16"},
        "%Service_WebGateway": {"Enabled": "1", "AutheEnabled": "96"},
    },
    "Applications": {"/csp/sys": {"Enabled": "1", "NameSpace": "%SYS"}},
    "Roles": {each: {} for each in ("%All", "%Manager", "%Operator", "%Developer", "%SQL")},
    "SSLConfigs": {},
}
"""What a fresh server has."""


def _found(call: Call, kind: str, name: str) -> dict[str, str] | None:
    kept = call.instance.configuration.setting(kind, name)
    if kept is not None:
        return kept
    return next(({**each} for known, each in _PRESENT[kind].items() if known.upper() == name.upper()), None)


def _wanted(call: Call, kind: str, name: str) -> dict[str, str]:
    found = _found(call, kind, name)
    if found is None:
        raise StorageError(5001, f"{kind.removesuffix('s')} {name} does not exist")
    return found


def _changed(properties: ByRef) -> dict[str, str]:
    return {name: to_text(value) for name, value in properties.nodes.items()}


def _define(kind: str) -> ClassDefinition:
    definition = ClassDefinition(f"Security.{kind}", only_in="%SYS")

    @definition.class_method("Exists")
    def exists(call: Call, name: str, _object: ByRef = NOWHERE, _status: ByRef = NOWHERE) -> bool:
        return _found(call, kind, name) is not None

    @definition.class_method("Get", status=True)
    def get(call: Call, name: str, properties: ByRef = NOWHERE) -> None:
        properties.nodes.update(_wanted(call, kind, name))
        properties.nodes["Name"] = name

    @definition.class_method("Modify", status=True, needs="%Admin_Secure")
    def modify(call: Call, name: str, properties: ByRef = NOWHERE) -> None:
        fresh = {**_wanted(call, kind, name), **_changed(properties)}
        call.instance.configuration.put_setting(kind, name, fresh)

    if kind != "Services":

        @definition.class_method("Create", status=True, needs="%Admin_Secure")
        def create(call: Call, name: str, properties: ByRef = NOWHERE) -> None:
            if not name:
                raise StorageError(5659, f"Security.{kind}::Name")
            if _found(call, kind, name) is not None:
                raise StorageError(5001, f"{kind.removesuffix('s')} {name} already exists")
            call.instance.configuration.put_setting(kind, name, _changed(properties))

        @definition.class_method("Delete", status=True, needs="%Admin_Secure")
        def delete(call: Call, name: str) -> None:
            _wanted(call, kind, name)
            call.instance.configuration.remove_setting(kind, name)

    return definition


CLASSES = tuple(map(_define, _KINDS))
