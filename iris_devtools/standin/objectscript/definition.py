"""How a system class is written down: one definition, and a function for each method.

DATABASE = ClassDefinition("SYS.Database", only_in="%SYS")

@DATABASE.class_method("MountDatabase", status=True) def _mount(call: Call, directory: str, read_only: bool
= False) -> None: ...

The annotations convert the arguments (``str``, ``int``, ``bool``; ``ByRef`` and ``Argument`` as they are),
the defaults are those of ObjectScript.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text, to_truth
from iris_devtools.standin.values import Argument, ByRef, Undefined

if TYPE_CHECKING:
    from iris_devtools.standin.instance import Instance, Process
    from iris_devtools.standin.objectscript.dispatch import ObjectSpace

__all__ = ["NOWHERE", "Call", "ClassDefinition", "Method", "Property"]

NOWHERE = ByRef(None)
"""Default of a by-reference parameter. Only its place counts: what the function gets is a reference of its
own.
"""

F = TypeVar("F", bound=Callable[..., Any])

_CONVERT: dict[Any, Callable[[Argument], Any]] = {str: to_text, int: to_integer, bool: to_truth}


@dataclass(frozen=True)
class Call:
    """What a method knows beside its arguments: who calls it."""

    space: ObjectSpace

    @property
    def process(self) -> Process:
        """The process that runs the method."""
        return self.space.process

    @property
    def instance(self) -> Instance:
        """The server."""
        return self.space.process.instance


@dataclass(frozen=True)
class Parameter:
    """One formal parameter: how its argument is converted, and what stands in for one that is left out."""

    name: str
    kind: Any
    default: Any = inspect.Parameter.empty

    def convert(self, argument: Argument, *, method: str) -> Any:
        """Return what the function gets; raises ObjectScriptError ``<UNDEFINED>`` for a required one left
        out.
        """
        if self.kind is ByRef:
            if isinstance(argument, ByRef):
                return argument
            return ByRef("" if isinstance(argument, Undefined) else argument)
        if isinstance(argument, ByRef) and self.kind is not Argument:
            argument = argument.value
        if isinstance(argument, Undefined):
            if self.default is inspect.Parameter.empty:
                raise ObjectScriptError("UNDEFINED", f"z{method}+1 *{self.name}")
            return self.default
        convert = _CONVERT.get(self.kind)
        return argument if convert is None else convert(argument)


@dataclass(frozen=True)
class Method:
    """One method.  ``status`` methods answer a %Status: 1, or the StorageError that was raised.

    ``needs`` names the resource without whose USE permission the caller is refused.
    """

    name: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    status: bool
    needs: str = ""

    def run(self, leading: Sequence[Any], arguments: Sequence[Argument]) -> Any:
        """Convert the arguments and call; raises ObjectScriptError ``<PARAMETER>`` for too many."""
        if len(arguments) > len(self.parameters):
            raise ObjectScriptError("PARAMETER", f"z{self.name}")
        given = [*arguments, *([Undefined()] * (len(self.parameters) - len(arguments)))]
        values = [p.convert(a, method=self.name) for p, a in zip(self.parameters, given, strict=True)]
        return self.function(*leading, *values)


@dataclass(frozen=True)
class Property:
    """One property of an object: how it is read and, unless it is read-only, written."""

    read: Callable[[Call, Any], Any]
    write: Callable[[Call, Any, Argument], None] | None = None


@dataclass
class ClassDefinition:
    """One class.  ``only_in`` names the only namespace that has it; ``aliases`` are its short names.

    ``any_property`` makes the properties of a class whose objects may have any.
    """

    name: str
    only_in: str | None = None
    aliases: tuple[str, ...] = ()
    class_methods: dict[str, Method] = field(default_factory=dict)
    methods: dict[str, Method] = field(default_factory=dict)
    properties: dict[str, Property] = field(default_factory=dict)
    any_property: Callable[[str], Property] | None = None

    def class_method(self, *names: str, status: bool = False, needs: str = "") -> Callable[[F], F]:
        """Register ``function(call, ...)`` under these names."""

        def register(function: F) -> F:
            for name in names:
                self.class_methods[name] = _method(name, function, leading=1, status=status, needs=needs)
            return function

        return register

    def method(self, *names: str, status: bool = False, needs: str = "") -> Callable[[F], F]:
        """Register ``function(call, object, ...)`` under these names."""

        def register(function: F) -> F:
            for name in names:
                self.methods[name] = _method(name, function, leading=2, status=status, needs=needs)
            return function

        return register

    def attribute(self, name: str, attribute: str, kind: type[str] | type[int] | type[bool]) -> None:
        """Register a property that is an attribute of the Python object, readable and writable."""

        def write(_call: Call, target: Any, value: Argument) -> None:
            setattr(target, attribute, _CONVERT[kind](value))

        self.properties[name] = Property(lambda _call, target: getattr(target, attribute), write)

    def computed(self, name: str) -> Callable[[F], F]:
        """Register ``function(call, object)`` as a read-only property."""

        def register(function: F) -> F:
            self.properties[name] = Property(function)
            return function

        return register


def _method(name: str, function: Callable[..., Any], *, leading: int, status: bool, needs: str) -> Method:
    hints = get_type_hints(function, globalns={**function.__globals__, "Call": Call})
    formals = list(inspect.signature(function).parameters.values())[leading:]
    parameters = tuple(Parameter(p.name.lstrip("_"), hints[p.name], p.default) for p in formals)
    return Method(name, function, parameters, status, needs)
