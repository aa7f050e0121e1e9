"""The classes that only a terminal has, or in which it has methods of its own, by every name they have."""

from __future__ import annotations

from iris_devtools.standin.objectscript.definition import ClassDefinition
from iris_devtools.standin.terminal import classes_exports, classes_process, classes_sql, exceptions

__all__ = ["CLASSES"]

CLASSES: dict[str, ClassDefinition] = {
    name: found
    for module in (classes_exports, classes_process, classes_sql, exceptions)
    for found in module.CLASSES
    for name in (found.name, *found.aliases)
}
