"""Class calls of the native API; routines, which this server has none of, are refused (wire-protocol 10)."""

from __future__ import annotations

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.values import Argument
from iris_devtools.standin.wire.handler import NativeCall, NativeKind

__all__ = ["NativeCalls"]


class NativeCalls:
    """The native calls of one process that concern classes, objects and routines.

    Classes and objects work as far as the server's class library goes. There are no routines: a call of one
    is ``<NOROUTINE>``.
    """

    def __init__(self, process: Process) -> None:
        self._process = process
        self._objects = ObjectSpace(process)

    def call(self, call: NativeCall) -> Argument:
        """Do a call and return its result; raises ObjectScriptError."""
        kind, arguments = call.kind, call.arguments
        name = to_text(call.target)
        if kind is NativeKind.CLASS_METHOD:
            return self._objects.class_method(name, call.member, arguments)
        if kind is NativeKind.METHOD:
            return self._objects.invoke(call.target, call.member, arguments)
        if kind is NativeKind.GET_PROPERTY:
            return self._objects.get_property(call.target, call.member)
        if kind is NativeKind.SET_PROPERTY:
            self._objects.set_property(call.target, call.member, arguments[0] if arguments else None)
            return None
        raise ObjectScriptError("NOROUTINE", f" *{name}^{call.member}")

    def close(self) -> None:
        """Forget all objects."""
        self._objects.close_all()
