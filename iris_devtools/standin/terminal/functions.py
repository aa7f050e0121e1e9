"""Functions of values (iris-terminal-and-image B.8): those that need no variable and no server."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.terminal.functions_dates import DATES
from iris_devtools.standin.terminal.functions_lists import LISTS
from iris_devtools.standin.terminal.functions_numbers import NUMBERS
from iris_devtools.standin.terminal.functions_text import TEXTS
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["FUNCTIONS", "call_function"]

FUNCTIONS: dict[str, Callable[..., Argument]] = {**TEXTS, **LISTS, **NUMBERS, **DATES}


@functools.cache
def _defaults(function: Callable[..., Argument]) -> tuple[tuple[int, object], ...]:
    """Return which parameters may be left out, and what stands for them then."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(
        (place, each.default)
        for place, each in enumerate(parameters)
        if each.default is not inspect.Parameter.empty
    )


def call_function(name: str, arguments: Sequence[object]) -> Argument:
    """Call a function; raises ObjectScriptError ``<SYNTAX>`` for one that is not known."""
    found = FUNCTIONS.get(name)
    if found is None:
        raise ObjectScriptError("SYNTAX")
    given = list(arguments)
    for place, default in _defaults(found):
        if place < len(given) and isinstance(given[place], Undefined):
            given[place] = default
    try:
        return found(*given)
    except TypeError as error:
        raise ObjectScriptError("SYNTAX") from error
    except (ValueError, ArithmeticError, IndexError) as error:
        raise ObjectScriptError("ILLEGAL VALUE") from error
