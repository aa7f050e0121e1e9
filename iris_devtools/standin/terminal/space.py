"""The classes that a terminal session sees: the server's own, and those of a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from iris_devtools.standin.instance import Process
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.objectscript.dispatch import ObjectSpace
from iris_devtools.standin.session.session import Session
from iris_devtools.standin.terminal.device import Device
from iris_devtools.standin.values import Argument

__all__ = ["Ended", "TerminalSpace", "full_name", "space_of"]


class Ended(BaseException):
    """The session is over, with an exit code. No error: nothing may catch it on its way."""

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        self.code = code


class TerminalSpace(ObjectSpace):
    """The class calls of one terminal session, in the environment and directory of its caller.

    ``classes`` are those that only a terminal has, or in which it has methods of its own.
    """

    def __init__(
        self,
        process: Process,
        session: Session,
        device: Device,
        *,
        classes: Mapping[str, ClassDefinition],
        environment: Mapping[str, str],
        directory: str,
    ) -> None:
        super().__init__(process)
        self.session = session
        self.device = device
        self.environment = environment
        self.directory = directory
        self._own = classes

    def class_method(self, class_name: str, method: str, arguments: Sequence[Argument]) -> Argument:
        """Call a class method; raises ObjectScriptError, or Ended when the process terminates itself."""
        own = self._own.get(class_name)
        found = own.class_methods.get(method) if own is not None else None
        if own is not None and found is not None and own.only_in in (None, self.process.namespace.upper()):
            return self._run(found, (Call(self),), arguments)
        return super().class_method(class_name, method, arguments)


def space_of(call: Call) -> TerminalSpace:
    """Return the terminal's space that a call of one of its classes came through."""
    return cast(TerminalSpace, call.space)


def full_name(name: str) -> str:
    """Return the whole name of a class: ``%File`` is in %Library, a plain name in User."""
    if "." in name:
        return name
    return f"%Library.{name[1:]}" if name.startswith("%") else f"User.{name}"
