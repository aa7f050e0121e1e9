"""Functions that want a variable and not its value: $GET, $DATA, $ORDER ... (iris-terminal-and-image B.8)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import operate
from iris_devtools.standin.terminal.databases import GlobalVariables
from iris_devtools.standin.terminal.nodes import (
    Actual,
    Expression,
    Indirection,
    Omitted,
    Reference,
    Star,
    Variable,
)
from iris_devtools.standin.terminal.parser import LineSyntaxError, parse_expression
from iris_devtools.standin.terminal.variables import Place
from iris_devtools.standin.values import Argument, Undefined

if TYPE_CHECKING:
    from iris_devtools.standin.terminal.evaluator import Evaluator

__all__ = ["VARIABLE_FUNCTIONS"]

Own = Callable[["Evaluator", Sequence[Actual]], Argument]


def _variable(arguments: Sequence[Actual], most: int) -> Variable | Indirection:
    if not arguments or len(arguments) > most or not isinstance(arguments[0], (Variable, Indirection)):
        raise ObjectScriptError("SYNTAX")
    return arguments[0]


def _rest(evaluator: Evaluator, arguments: Sequence[Actual], place: int) -> Argument:
    """Return one of the further arguments; ``None`` when it is left out."""
    if len(arguments) <= place or isinstance(arguments[place], Omitted):
        return None
    found = arguments[place]
    if isinstance(found, (Omitted, Reference, Star)):
        raise ObjectScriptError("SYNTAX")
    return evaluator.value(found)


def _target(arguments: Sequence[Actual], place: int) -> Expression | None:
    if len(arguments) <= place:
        return None
    found = arguments[place]
    if not isinstance(found, (Variable, Indirection)):
        raise ObjectScriptError("SYNTAX")
    return found


def _get(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    found = evaluator.checked(_variable(arguments, 2)).get()
    if not isinstance(found, Undefined):
        return found
    default = _rest(evaluator, arguments, 1)
    return "" if default is None else default


def _data(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = evaluator.checked(_variable(arguments, 2))
    target = _target(arguments, 1)
    state = place.defined()
    if target is not None and state % 10:
        evaluator.place(target).set(place.get())
    return state


def _order(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = evaluator.place(_variable(arguments, 3))
    if "" in place.subscripts[:-1]:
        raise ObjectScriptError("SUBSCRIPT", f" {'' if place.prefix else '*'}{place.shown}")
    direction = _rest(evaluator, arguments, 1)
    found = place.next(reverse=direction is not None and to_integer(direction) < 0)
    target = _target(arguments, 2)
    if target is not None and found:
        value = place.at((*place.subscripts[:-1], found)).get()
        if not isinstance(value, Undefined):
            evaluator.place(target).set(value)
    return found


def _query(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = evaluator.place(_variable(arguments, 3))
    direction = _rest(evaluator, arguments, 1)
    if direction is not None and to_integer(direction) < 0:
        raise ObjectScriptError("UNIMPLEMENTED", " *$QUERY backwards")
    start = place.at(place.subscripts[:-1]) if place.subscripts[-1:] == ("",) else place
    found = _following(start)
    target = _target(arguments, 2)
    if target is not None and found is not None:
        evaluator.place(target).set(found.get())
    return "" if found is None else found.shown


def _following(place: Place) -> Place | None:
    """Return the next node that has a value: below, then beside, then beside a parent."""
    here = place
    subscript = here.below("").next()
    while True:
        if subscript:
            here = here.at((*here.subscripts, subscript))
            if here.defined() % 10:
                return here
            subscript = here.below("").next()
            continue
        if not here.subscripts:
            return None
        subscript = here.next()
        here = here.at(here.subscripts[:-1])


def _increment(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = evaluator.checked(_variable(arguments, 2))
    by = _rest(evaluator, arguments, 1)
    amount = "1" if by is None else operate("+", by, "0")
    if isinstance(place.store, GlobalVariables):
        return place.store.increment(place.name, place.subscripts, amount)
    old = place.get()
    fresh = operate("+", "0" if isinstance(old, Undefined) else old, amount)
    place.set(fresh)
    return fresh


def _name(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = evaluator.place(_variable(arguments, 2))
    levels = _rest(evaluator, arguments, 1)
    return place.shown if levels is None else place.at(place.subscripts[: to_integer(levels)]).shown


def _named(evaluator: Evaluator, arguments: Sequence[Actual]) -> Place:
    """Return the place that a text names, as $QLENGTH and $QSUBSCRIPT want it."""
    try:
        node = parse_expression(to_text(_rest(evaluator, arguments, 0)))
    except LineSyntaxError as error:
        raise ObjectScriptError("SYNTAX") from error
    return evaluator.place(node)


def _query_length(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    return len(_named(evaluator, arguments).subscripts)


def _query_subscript(evaluator: Evaluator, arguments: Sequence[Actual]) -> Argument:
    place = _named(evaluator, arguments)
    wanted = to_integer(_rest(evaluator, arguments, 1))
    if wanted == 0:
        return f"{place.prefix}{place.name}"
    return place.subscripts[wanted - 1] if 1 <= wanted <= len(place.subscripts) else ""


VARIABLE_FUNCTIONS: dict[str, Own] = {
    **dict.fromkeys(("get", "g"), _get),
    **dict.fromkeys(("data", "d"), _data),
    **dict.fromkeys(("order", "o"), _order),
    **dict.fromkeys(("query", "q"), _query),
    **dict.fromkeys(("increment", "i"), _increment),
    **dict.fromkeys(("name", "na"), _name),
    **dict.fromkeys(("qlength", "ql"), _query_length),
    **dict.fromkeys(("qsubscript", "qs"), _query_subscript),
}
