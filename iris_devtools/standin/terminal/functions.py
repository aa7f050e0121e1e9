"""Functions of values (iris-terminal-and-image B.8): those that need no variable and no server."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.terminal.functions_dates import DATES
from iris_devtools.standin.terminal.functions_lists import LISTS
from iris_devtools.standin.terminal.functions_numbers import NUMBERS
from iris_devtools.standin.terminal.functions_text import TEXTS
from iris_devtools.standin.values import Argument

__all__ = ["call_function"]

_FUNCTIONS: dict[str, Callable[..., Argument]] = {**TEXTS, **LISTS, **NUMBERS, **DATES}


def call_function(name: str, arguments: Sequence[object]) -> Argument:
    """Call a function; raises ObjectScriptError ``<SYNTAX>`` for one that is not known."""
    found = _FUNCTIONS.get(name)
    if found is None:
        raise ObjectScriptError("SYNTAX")
    try:
        return found(*arguments)
    except TypeError as error:
        raise ObjectScriptError("SYNTAX") from error
