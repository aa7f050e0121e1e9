"""Find the class and method of a native call; keep the objects of one process (wire-protocol 10)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript import (
    configuration,
    dynamic,
    files,
    gateway,
    namespaces,
    operations,
    security,
    settings,
    status,
    streams,
    sys_database,
    system,
)
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition, Method, Property
from iris_devtools.standin.objectscript.status import OK, status_of
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.values import Argument, ObjectRef

__all__ = ["CLASSES", "ObjectSpace"]

_MODULES = (
    configuration,
    dynamic,
    files,
    gateway,
    namespaces,
    operations,
    security,
    settings,
    status,
    streams,
    sys_database,
    system,
)
CLASSES: dict[str, ClassDefinition] = {
    name: found for module in _MODULES for found in module.CLASSES for name in (found.name, *found.aliases)
}


class ObjectSpace:
    """The class calls and the objects of one process. Used by the process's own thread.

    Every method raises ObjectScriptError in IRIS's words: ``<CLASS DOES NOT EXIST> *Name``, ``<METHOD DOES
    NOT EXIST> *Method,Class``, ``<PROPERTY DOES NOT EXIST> *Property,Class``, ``<INVALID OREF>``.
    """

    def __init__(self, process: Process) -> None:
        self.process = process
        self._handles = itertools.count(1)
        self._objects: dict[int, tuple[ClassDefinition, Any]] = {}

    def class_method(self, class_name: str, method: str, arguments: Sequence[Argument]) -> Argument:
        """Call a class method; the ByRef among the arguments are changed in place."""
        definition = self._class(class_name)
        found = definition.class_methods.get(method)
        if found is None:
            raise ObjectScriptError("METHOD DOES NOT EXIST", f" *{method},{definition.name}")
        return self._run(found, (Call(self),), arguments)

    def invoke(self, target: Argument, method: str, arguments: Sequence[Argument]) -> Argument:
        """Call a method of an object."""
        definition, self_ = self._object(target)
        found = definition.methods.get(method)
        if found is not None:
            return self._run(found, (Call(self), self_), arguments)
        if method in definition.class_methods:
            return self.class_method(definition.name, method, arguments)
        if method == "%ClassName":
            return (
                definition.name
                if arguments and to_text(arguments[0]) == "1"
                else definition.name.rpartition(".")[2]
            )
        raise ObjectScriptError("METHOD DOES NOT EXIST", f" *{method},{definition.name}")

    def get_property(self, target: Argument, name: str) -> Argument:
        """Read a property of an object."""
        _, self_, found = self._property(target, name)
        return self._answer(found.read(Call(self), self_))

    def set_property(self, target: Argument, name: str, value: Argument) -> None:
        """Write a property of an object; what it means to the server happens at ``%Save()``."""
        definition, self_, found = self._property(target, name)
        if found.write is None:
            raise ObjectScriptError("CANNOT SET THIS PROPERTY", f" *{name},{definition.name}")
        found.write(Call(self), self_, value)

    def close(self, target: Argument) -> None:
        """Forget an object; one that is not known is ignored."""
        if isinstance(target, ObjectRef):
            _, gone = self._objects.pop(target.handle, (None, None))
            _end(gone)

    def close_all(self) -> None:
        """Forget every object, as when the process ends."""
        objects, self._objects = self._objects, {}
        for _, gone in objects.values():
            _end(gone)

    def hold(self, definition: ClassDefinition, value: Any) -> ObjectRef:
        """Keep an object, and return the reference that the client gets."""
        handle = next(self._handles)
        self._objects[handle] = (definition, value)
        return ObjectRef(handle, definition.name)

    def held(self, reference: ObjectRef) -> Any:
        """Return the object behind a reference; raises ``<INVALID OREF>``."""
        return self._object(reference)[1]

    def _class(self, name: str) -> ClassDefinition:
        found = CLASSES.get(name)
        if found is None or (found.only_in and self.process.namespace.upper() != found.only_in):
            raise ObjectScriptError("CLASS DOES NOT EXIST", f" *{name}")
        return found

    def _object(self, target: Argument) -> tuple[ClassDefinition, Any]:
        found = self._objects.get(target.handle) if isinstance(target, ObjectRef) else None
        if found is None:
            raise ObjectScriptError("INVALID OREF")
        return found

    def _property(self, target: Argument, name: str) -> tuple[ClassDefinition, Any, Property]:
        definition, self_ = self._object(target)
        found = definition.properties.get(name)
        if found is None and definition.any_property is not None and not name.startswith("%"):
            found = definition.any_property(name)
        if found is None:
            raise ObjectScriptError("PROPERTY DOES NOT EXIST", f" *{name},{definition.name}")
        return definition, self_, found

    def _run(self, method: Method, leading: tuple[Any, ...], arguments: Sequence[Argument]) -> Argument:
        if method.needs and not self.process.may_use(method.needs):
            if method.status:
                return status_of(StorageError(921, f"{method.needs}:USE"))
            raise ObjectScriptError("PROTECT", f"z{method.name}")
        try:
            result = method.run(leading, arguments)
        except StorageError as exc:
            if not method.status:
                raise ObjectScriptError("FUNCTION", f"z{method.name} *{exc}") from exc
            return status_of(exc)
        return OK if method.status and result is None else self._answer(result)

    @staticmethod
    def _answer(result: Any) -> Argument:
        if isinstance(result, bool):
            return int(result)
        answer: Argument = result
        return answer


def _end(value: Any) -> None:
    end = getattr(value, "end", None)
    if end is not None:
        end()
