"""What IRIS means by a %Status or an error text, and what to do about it (iris-facts 2.4, 2.6)."""

from __future__ import annotations

import re
from typing import Any

from iris_devtools.errors import AdministrationError

__all__ = ["TRANSIENT", "administration_error", "is_ok", "remedy", "status_codes"]

_FILE_ACCESS = (
    "Give IRIS.DAT and its directory to the server's user (irisowner, 51773 in a container), modes 660 and "
    "770; a copy made by the server itself has them right."
)
_WRONG_DIRECTORY = "Check the directory: it must hold an IRIS.DAT and be written as the server sees it."
_RESOURCE = (
    "Create the %DB_ resource that the file names, or build the snapshot from a database that uses "
    "%DB_%DEFAULT."
)

_BY_CODE: dict[int, str] = {
    19: "The database is mounted already; nothing is left to do.",
    20: "An IRIS.DAT is there already: use it, or delete it first.",
    26: "IRIS.DAT is missing, or the directory is wrong.",
    28: "The database is changing its state: try again in a moment.",
    35: "The database is being expanded: try again in a moment.",
    36: "The file is damaged, of another block size or of a newer version; the server's messages.log says "
    "which.",
    37: "Another instance holds it: an iris.lck of that instance lies beside IRIS.DAT.",
    39: "The file is mounted read-only. " + _FILE_ACCESS,
    41: _WRONG_DIRECTORY,
    57: _WRONG_DIRECTORY,
    60: "Dismount the database first.",
    64: "This is the directory of the temporary database; pass the one of your namespace.",
    65: "Dismount the database first.",
    66: _RESOURCE,
    67: "The database is encrypted: activate its key on this server first.",
    68: "The licence allows no more mounted databases.",
    73: _WRONG_DIRECTORY,
    76: _FILE_ACCESS,
    78: "An IRIS.DAT is there already: use it, or delete it first.",
    86: "The database was made on an instance with another collation.",
    87: "The block size is too small for the file system: the server it comes from is configured otherwise.",
    89: "The file system allows no direct input and output (tmpfs on an older kernel): move the database.",
    92: "The database was made on a machine with the other byte order.",
    302: "The database is read-only. " + _FILE_ACCESS,
    303: "An IRIS.DAT is there already: use it, or delete it first.",
    345: "This is the manager's database; pass the directory of your namespace.",
    429: "A namespace still uses this database: delete that namespace first.",
    453: "The server is busy changing its namespaces: try again in a second, one namespace at a time.",
    921: "The account lacks this privilege: give it a role that has it, such as %Manager or %All.",
    896: "The name of a database's resource must begin with %DB_.",
    5032: "Make the parent directories first.",
}

_BY_NAME: dict[str, str] = {
    "DIRECTORY": "The database behind the namespace cannot be entered. In this order: is there an IRIS.DAT "
    "in the "
    "directory, does it belong to the server's user (51773) with mode 660, is it mounted (a database that "
    "was dismounted stays so until it is mounted), does the server know its resource?",
    "NAMESPACE": "There is no such namespace on the server, or it is not active.",
    "DATABASE": "The file is damaged: restore it from a snapshot.",
    "PROTECT": "The account lacks a privilege, or the database is read-only; administering needs %All.",
    "FILEFULL": "The database is full and cannot grow: check the disk and the database's maximum size.",
    "CLASS DOES NOT EXIST": "This server has no such class; is it older than the versions that are "
    "supported?",
    "METHOD DOES NOT EXIST": "This server has no such method; is it older than the versions that are "
    "supported?",
    "LICENSE LIMIT EXCEEDED": "Close connections that nobody needs; the Community Edition allows about "
    "eight.",
    "UNAVAILABLE": "The account lacks a privilege; administering needs %All.",
}

TRANSIENT = frozenset({28, 35, 453})
"""Codes that pass by themselves: in transition, being expanded, cannot quiesce."""


def is_ok(status: Any) -> bool:
    """Tell whether a %Status means success: 1, whatever else it holds means failure (iris-facts 5.2)."""
    return status in (1, "1", True)


def status_codes(text: str) -> tuple[int, ...]:
    """Return the numbers of the errors that a status text names, in its order: ``ERROR #28: ...`` is 28."""
    return tuple(int(code) for code in re.findall(r"(?:ERROR|WARNING) #(\d+)", text))


def remedy(text: str) -> str:
    """Return what to do about an error text, or the empty string where nothing is known."""
    for code in status_codes(text):
        if code in _BY_CODE:
            return _BY_CODE[code]
    for name in re.findall(r"<([A-Z][A-Z ]+)>", text):
        if name in _BY_NAME:
            return _BY_NAME[name]
    return ""


def administration_error(wanted: str, text: str, *, call: str, **facts: Any) -> AdministrationError:
    """Say what was wanted, what the server answered and what to do.

    The error's facts are ``call``, ``status`` (the server's text), ``code`` (None when it names no number)
    and the given ones.
    """
    text = " ".join(text.split())
    codes = status_codes(text)
    return AdministrationError(
        f"Cannot {wanted}: {text}",
        hint=remedy(text),
        call=call,
        status=text,
        code=codes[0] if codes else None,
        **facts,
    )
