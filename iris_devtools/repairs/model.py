"""What a repair is, when it applies, and how it gets into one dialect."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from types import new_class
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from sqlalchemy.engine.default import DefaultDialect

from iris_devtools.errors import ConfigurationError

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

__all__ = [
    "Cure",
    "DialectCure",
    "Repair",
    "RepairState",
    "Selection",
    "choose",
    "class_with_repairs",
    "installed_version",
    "repair_instance",
]

# A cure is put in front of a class of the dialect, so ``super()`` in it reaches that class; its type is
# known only then. A cure of the dialect itself descends from DefaultDialect, because Python lets an object
# change its class only when the memory layout stays the same.
Cure: Any = object
DialectCure: Any = DefaultDialect

Selection = bool | str | Iterable[str]
"""Which repairs: True or ``"all"``, False or ``"none"``, names, or ``-name`` for all but that one."""


@dataclass(frozen=True, kw_only=True)
class Repair:
    """Describe one fault of the client stack and hold its cure.

    A cure is up to five classes that are put in front of the dialect's own ones, for one engine only; nothing
    is patched globally. ``requires`` names the releases that were seen to have the fault: outside them the
    cure stays in its box.
    """

    name: str
    mends: str
    requires: tuple[str, ...]
    dialect: type[Any] | None = None
    statements: type[Any] | None = None
    ddl: type[Any] | None = None
    types: type[Any] | None = None
    execution: type[Any] | None = None

    def obstacle(self) -> str:
        """Say why the repair does not apply to the installed packages; empty when it applies."""
        for text in self.requires:
            requirement = Requirement(text)
            found = installed_version(requirement.name)
            if found is None:
                return f"{requirement.name} is not installed"
            if not requirement.specifier.contains(found, prereleases=True):
                return f"{requirement.name} {found} is outside {requirement.specifier}"
        return ""


@dataclass(frozen=True, kw_only=True)
class RepairState:
    """Tell whether a repair is in force, and if not, why."""

    repair: Repair
    active: bool
    reason: str = field(default="")


@cache
def installed_version(distribution: str) -> str | None:
    """Return the version of an installed distribution, or None."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def choose(selection: Selection, *, known: tuple[Repair, ...]) -> tuple[Repair, ...]:
    """Return the repairs that a selection names, in the order of ``known``.

    Raises:
        ConfigurationError: a name is not known, or names and exclusions are mixed.
    """
    if isinstance(selection, bool):
        return known if selection else ()
    words = [word.strip() for word in (selection.split(",") if isinstance(selection, str) else selection)]
    words = [word for word in words if word]
    if words in (["all"], ["none"]):
        return known if words == ["all"] else ()
    names = {repair.name for repair in known}
    for word in words:
        if word.removeprefix("-") not in names:
            near = difflib.get_close_matches(word.removeprefix("-"), sorted(names), n=1)
            raise ConfigurationError(
                f"There is no repair named {word.removeprefix('-')!r}.",
                hint=f"Did you mean {near[0]!r}?"
                if near
                else f"The repairs are: {', '.join(sorted(names))}.",
                name=word,
            )
    without = {word[1:] for word in words if word.startswith("-")}
    if without and len(without) != len(words):
        raise ConfigurationError(
            f"Repairs are either named or left out, not both: {', '.join(words)}.",
            hint="Write 'a,b' for these two alone, or '-a,-b' for all but these two.",
            selection=tuple(words),
        )
    if without:
        return tuple(repair for repair in known if repair.name not in without)
    return tuple(repair for repair in known if repair.name in words)


def class_with_repairs(base: type[Any], cures: Iterable[type[Any] | None], **attributes: Any) -> type[Any]:
    """Make a subclass of ``base`` with the cures in front of it."""
    mixins = tuple(cure for cure in cures if cure is not None)
    attributes["__module__"] = __name__
    return new_class(
        f"Repaired{base.__name__}", (*mixins, base), exec_body=lambda namespace: namespace.update(attributes)
    )


def repair_instance(dialect: Dialect, repairs: tuple[Repair, ...]) -> None:
    """Give one dialect instance a class of its own that holds the cures of ``repairs``."""
    base = type(dialect)
    parts: dict[str, Any] = {
        "statement_compiler": class_with_repairs(base.statement_compiler, (r.statements for r in repairs)),
        "ddl_compiler": class_with_repairs(base.ddl_compiler, (r.ddl for r in repairs)),
        "execution_ctx_cls": class_with_repairs(base.execution_ctx_cls, (r.execution for r in repairs)),
        # SQLAlchemy looks for this word in the class itself, not in its bases.
        "supports_statement_cache": True,
    }
    types = class_with_repairs(type(dialect.type_compiler_instance), (r.types for r in repairs))
    dialect.__class__ = class_with_repairs(base, (r.dialect for r in repairs), **parts)
    dialect.type_compiler_instance = types(dialect)
    dialect.type_compiler = dialect.type_compiler_instance
