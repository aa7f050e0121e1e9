"""Why a database operation was refused: the numbers and texts that IRIS uses (iris-facts 2.4)."""

from __future__ import annotations

from iris_devtools.standin.errors import StandinError

__all__ = ["STATUS_TEXTS", "StorageError"]

STATUS_TEXTS: dict[int, str] = {
    19: "File was already mounted",
    20: "File already exists",
    26: "Incompatible mount state or database does not exist",
    28: "Database is in transition",
    35: "Database is being expanded",
    36: "Database is not mountable",
    37: "Database is mounted elsewhere",
    39: "Volume is read-only",
    41: "Directory not found",
    57: "Database does not exist",
    60: "Database must be dismounted for this operation",
    64: "Cannot dismount temp database",
    65: "Cannot reinitialize mounted database",
    66: "The resource name in the database is not known to the system",
    67: "Encryption key for this database is not activated",
    68: "Mounted database count exceeds license limit",
    73: "No such directory",
    76: "Permission to access file denied",
    78: "File already exists",
    86: "Default collation is not available",
    87: "Block size is too small for direct I/O",
    92: "Database was created in a system with different endian",
    302: "Database is read-only",
    345: "Cannot dismount manager's database",
    429: "Database configuration is used by a namespace",
    921: "Operation requires %1 privilege",
    453: "Cannot quiesce the system for namespace reactivation",
    896: "Resource name must begin with %DB_",
    5001: "%1",
    5002: "ObjectScript error: %1",
    5007: "Directory name '%1' is invalid",
    5019: "Cannot open file '%1'",
    5032: "Cannot create directory '%1'",
    5659: "Property '%1' required",
}
"""Texts by %Status code.  ``%1`` stands for the error's detail; without it the detail follows the text."""


class StorageError(StandinError):
    """An operation on a database file or on the configuration failed.

    ``code`` is the number that a %Status carries; ``detail`` names the file, directory or entry.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def text(self) -> str:
        """Return the text after ``ERROR #n: ``."""
        general = STATUS_TEXTS[self.code]
        if "%1" in general:
            return general.replace("%1", self.detail)
        return f"{general}: {self.detail}" if self.detail else general

    def __str__(self) -> str:
        return f"ERROR #{self.code}: {self.text()}"
