"""Special variables (iris-terminal-and-image B.8)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import truth
from iris_devtools.standin.terminal.functions_dates import horolog, horolog_of, zhorolog
from iris_devtools.standin.values import Argument

if TYPE_CHECKING:
    from iris_devtools.standin.terminal.evaluator import Evaluator

__all__ = ["assign_special", "special"]

_SHORT = {
    "h": "horolog",
    "j": "job",
    "i": "io",
    "p": "principal",
    "t": "test",
    "s": "storage",
    "zh": "zhorolog",
    "zts": "zts",
    "ze": "zerror",
    "zt": "ztrap",
    "et": "etrap",
    "ec": "ecode",
    "es": "estack",
    "st": "stack",
    "tl": "tlevel",
    "zv": "zversion",
    "zn": "zname",
    "zr": "zreference",
    "ztimestamp": "zts",
    "znspace": "namespace",
    "k": "key",
}
_STORAGE = 2_147_483_647


def special(evaluator: Evaluator, name: str) -> Argument:
    """Return the value of a special variable; raises ObjectScriptError ``<SYNTAX>`` for an unknown one."""
    process, device, frames = evaluator.space.process, evaluator.device, evaluator.frames
    values: dict[str, Callable[[], Argument]] = {
        "namespace": lambda: process.namespace,
        "username": lambda: process.username,
        "roles": lambda: "%All",
        "job": lambda: process.pid,
        "io": lambda: f"|TRM|:|{process.pid}",
        "principal": lambda: f"|TRM|:|{process.pid}",
        "zversion": lambda: process.instance.version_text,
        "zerror": lambda: evaluator.error,
        "ecode": lambda: evaluator.ecode,
        "etrap": lambda: frames.top.error_code,
        "ztrap": lambda: frames.top.error_trap,
        "estack": lambda: len(frames.levels) - 1,
        "stack": lambda: len(frames.levels) - 1,
        "test": lambda: int(evaluator.test),
        "tlevel": lambda: process.transaction_level,
        "horolog": horolog,
        "zhorolog": lambda: zhorolog(time.monotonic()),
        "zts": lambda: horolog_of(datetime.now(timezone.utc), digits=3),
        "ztimezone": lambda: _minutes_west(),
        "system": lambda: to_text(evaluator.space.class_method("%SYS.System", "GetNodeName", [])) + ":IRIS",
        "x": lambda: device.column,
        "y": lambda: device.row,
        "key": lambda: device.key,
        "za": lambda: 0,
        "zb": lambda: device.key,
        "zname": lambda: "",
        "zparent": lambda: 0,
        "zreference": lambda: evaluator.last_reference,
        "storage": lambda: _STORAGE,
        "halt": lambda: "",
        "quit": lambda: int(frames.top.kind == "e"),
    }
    found = values.get(_SHORT.get(name, name))
    if found is None:
        raise ObjectScriptError("SYNTAX")
    return found()


def assign_special(evaluator: Evaluator, name: str, value: Argument) -> None:
    """Set a special variable; raises ObjectScriptError ``<SYNTAX>`` for one that cannot be set."""
    wanted = _SHORT.get(name, name)
    top, device = evaluator.frames.top, evaluator.device
    if wanted == "namespace":
        evaluator.enter(to_text(value))
    elif wanted == "test":
        evaluator.test = truth(value)
    elif wanted == "zerror":
        evaluator.error = to_text(value)
    elif wanted == "ztrap":
        top.error_trap = to_text(value)
    elif wanted == "etrap":
        top.error_code = to_text(value)
    elif wanted == "x":
        device.column = to_integer(value)
    elif wanted == "y":
        device.row = to_integer(value)
    elif wanted == "ecode":
        evaluator.ecode = to_text(value)
        if evaluator.ecode:
            raise ObjectScriptError("ECODETRAP", f" *{evaluator.ecode}")
    else:
        raise ObjectScriptError("SYNTAX")


def _minutes_west() -> int:
    offset = datetime.now().astimezone().utcoffset()
    return -int(offset.total_seconds() // 60) if offset is not None else 0
