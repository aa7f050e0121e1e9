"""Functions that ask the session: $CLASSMETHOD, $METHOD, $ZUTIL ... (iris-terminal-and-image B.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.nodes import Actual, Entry, Omitted, Reference, Star, Variable
from iris_devtools.standin.terminal.space import Ended, full_name
from iris_devtools.standin.values import Argument, ObjectRef, Undefined

if TYPE_CHECKING:
    from iris_devtools.standin.terminal.evaluator import Evaluator

__all__ = ["SYSTEM_FUNCTIONS"]

Own = Callable[["Evaluator", Sequence[Actual]], Argument]

_TERMINATE, _NAMESPACE, _MANAGER_DIRECTORY = 4, 5, 12


def _one(evaluator: Evaluator, arguments: Sequence[Actual], place: int, default: Argument = None) -> Argument:
    if len(arguments) <= place:
        if default is None:
            raise ObjectScriptError("SYNTAX")
        return default
    found = arguments[place]
    if isinstance(found, Omitted):
        return "" if default is None else default
    if isinstance(found, (Reference, Star)):
        raise ObjectScriptError("SYNTAX")
    return evaluator.value(found)


def _class_method(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    name = full_name(to_text(_one(evaluator, arguments, 0)))
    method = to_text(_one(evaluator, arguments, 1))
    return evaluator.calling(arguments[2:], lambda given: evaluator.space.class_method(name, method, given))


def _method(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    target, method = _one(evaluator, arguments, 0), to_text(_one(evaluator, arguments, 1))
    return evaluator.calling(arguments[2:], lambda given: evaluator.space.invoke(target, method, given))


def _property(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    return evaluator.space.get_property(_one(evaluator, arguments, 0), to_text(_one(evaluator, arguments, 1)))


def _class_name(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    target = _one(evaluator, arguments, 0)
    if not isinstance(target, ObjectRef):
        raise ObjectScriptError("INVALID OREF")
    return target.class_name


def _is_object(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    if arguments and isinstance(arguments[0], Variable):
        found = evaluator.place(arguments[0]).get()
        value: Argument = "" if isinstance(found, Undefined) else found
    else:
        value = _one(evaluator, arguments, 0)
    return int(isinstance(value, ObjectRef))


def _text(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    """Return the line of a label; empty for any other."""
    found = arguments[0] if arguments else None
    name = found.name if isinstance(found, Variable) else found.label if isinstance(found, Entry) else ""
    label = evaluator.labels.get(name)
    return "" if label is None else f"{label.name} {label.line.source}"


def _utility(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    number = to_integer(_one(evaluator, arguments, 0))
    process = evaluator.space.process
    if number == _NAMESPACE:
        before = process.namespace
        if len(arguments) > 1:
            evaluator.enter(to_text(_one(evaluator, arguments, 1)))
        return before if len(arguments) > 1 else process.namespace
    if number == _MANAGER_DIRECTORY:
        return process.instance.manager_directory + to_text(_one(evaluator, arguments, 1, ""))
    if number == _TERMINATE:
        pid = to_integer(_one(evaluator, arguments, 1))
        if pid == process.pid:
            raise Ended(to_integer(_one(evaluator, arguments, 2, 0)))
        return evaluator.space.class_method("%SYSTEM.Process", "Terminate", [pid])
    raise ObjectScriptError("UNIMPLEMENTED", f" *$ZUTIL({number})")


def _refused(what: str) -> Own:
    def refuse(_evaluator: Evaluator, _arguments: Sequence[Actual]) -> Argument:
        raise ObjectScriptError("UNIMPLEMENTED", f" *{what}")

    return refuse


SYSTEM_FUNCTIONS: dict[str, Own] = {
    "classmethod": _class_method,
    "method": _method,
    "property": _property,
    "classname": _class_name,
    "isobject": _is_object,
    **dict.fromkeys(("text", "t"), _text),
    **dict.fromkeys(("zutil", "zu"), _utility),
    "zf": _refused("$ZF"),
    "parameter": _refused("$PARAMETER"),
    **dict.fromkeys(("stack", "st"), _refused("$STACK()")),
    **dict.fromkeys(("view", "v"), _refused("$VIEW")),
}
