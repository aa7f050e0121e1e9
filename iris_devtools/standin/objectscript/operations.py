"""SYS.Lock: what an operator does to the locks of a running server. Only in %SYS."""

from __future__ import annotations

from iris_devtools.standin.objectscript.convert import to_integer
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition
from iris_devtools.standin.values import Argument, Undefined

__all__ = ["CLASSES"]

LOCK = ClassDefinition("SYS.Lock", only_in="%SYS")
CLASSES = (LOCK,)

_NONE = Undefined()


@LOCK.class_method("DeleteAllLocks", needs="%Admin_Operate")
def _delete_all_locks(call: Call, pid: Argument = _NONE) -> int:
    """Take all locks away from a process, or from everybody; return how many there were (iris-facts 9)."""
    locks = call.instance.locks
    everybody = isinstance(pid, Undefined)
    owners = [each.pid for each in call.instance.processes] if everybody else [to_integer(pid)]
    count = sum(len(locks.held_by(owner)) for owner in owners)
    for owner in owners:
        locks.release_all(owner)
    return count
