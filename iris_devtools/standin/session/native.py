"""Class calls of the native API, and what is refused of the rest (wire-protocol 10)."""

from __future__ import annotations

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.values import Argument
from iris_devtools.standin.wire.handler import NativeCall, NativeKind

__all__ = ["NativeCalls"]


class NativeCalls:
    """The native calls of one process, without those that concern its transaction.

    Classes and objects work as far as the server's class library goes. Globals, routines and locks are
    refused in words that say so: tables do not live in globals here.
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
        if kind in (NativeKind.FUNCTION, NativeKind.PROCEDURE):
            raise ObjectScriptError("NOROUTINE", f" *{name}^{call.member}")
        if kind is NativeKind.UNLOCK_ALL:
            return None
        raise ObjectScriptError("FUNCTION", f" *{kind.value} of ^{name}: this server has no globals")

    def close(self) -> None:
        """Forget all objects."""
        self._objects.close_all()
