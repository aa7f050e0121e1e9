"""Names that IRIS derives from SQL names: classes, properties, constraints (iris-sql.md 1.1, 1.2, 8.2)."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable

from iris_devtools.standin.errors import SQLError

__all__ = [
    "check_identifier",
    "class_name",
    "constraint_name",
    "distinct",
    "property_name",
    "same_name",
]

_NOT_IN_NAMES = re.compile(r"[,.^]|->")
_DEFAULT_PACKAGE = {"SQLUSER": "User"}


def same_name(left: str, right: str) -> bool:
    """Tell whether two SQL names are one: delimited or not, they are never case-sensitive."""
    return left.upper() == right.upper()


def check_identifier(name: str) -> None:
    """Raise SQLError -1 for a delimited name that no table or column may have (iris-sql.md 1.1)."""
    if (
        _NOT_IN_NAMES.search(name)
        or name.startswith("*")
        or name.upper() == "%VID"
        or not any(character.isalnum() for character in name)
    ):
        raise SQLError(-1, f" Invalid delimited identifier '{name}'")


def class_name(schema: str, table: str, taken: Container[str] = ()) -> str:
    """Return the class of a table: package of the schema, table name without punctuation."""
    package = _DEFAULT_PACKAGE.get(schema.upper())
    if package is None:
        if schema.startswith("_"):
            schema = "u" + schema[1:]
        package = ".".join(_plain(part) for part in schema.split("_") if _plain(part)) or "u"
    return distinct(f"{package}.{_plain(table)}", taken)


def property_name(column: str, taken: Container[str] = ()) -> str:
    """Return the property, index or constraint name that a class gives to an SQL name.

    ``taken`` holds upper-case names; on a clash the last character gives way to 0, 1, ...
    """
    return distinct(_plain(column), taken)


def distinct(name: str, taken: Container[str]) -> str:
    """Return ``name``, or ``name`` with another end so that ``taken`` (upper-case names) does not hold it."""
    candidate = name
    number = 0
    while candidate.upper() in taken:
        digits = str(number)
        candidate = name[: max(1, len(name) - len(digits))] + digits
        number += 1
    return candidate


def constraint_name(table: str, form: str, number: int, taken: Iterable[str]) -> str:
    """Return the name of an unnamed constraint: ``form`` filled with the table's name and ``number``.

    ``form`` has the fields ``{table}`` and ``{n}``, as ``{table}_PKEY{n}``; the number grows until the name
    is new.
    """
    names = {name.upper() for name in taken}
    while True:
        name = form.format(table=table.upper(), n=number)
        if name.upper() not in names:
            return name
        number += 1


def _plain(name: str) -> str:
    text = "".join(character for character in name if character.isalnum())
    percent = "%" if name.startswith("%") else ""
    if not percent and (not text or text[0].isdigit()):
        return "n" + text
    return percent + text
