"""One tree of exceptions: what went wrong, how to mend it, exit code.

IrisDevtoolsError                      1
  - ConfigurationError                 2   a setting or an argument is wrong
  - ServerError                        4   the server
      - ServerNotFoundError            4       no server could be started or found
      - ServerStartError               4       ours did not start
      - ServerConnectionError          4       it does not answer, or hung up
      - AuthenticationError            4       it refused the account
      - AdministrationError            4       it refused or failed an administrative call
          - PrivilegeError             4           the account may not do what is wanted
      - NamespaceInUseError            6       others are connected to the namespace
      - LeftoverRowsError              4       rows of a test run are still there after cleaning
  - SnapshotError                      3   a snapshot or the store
      - ManifestError                  1       manifest.json is missing, unreadable or from a newer version
      - ChecksumError                  2       a database file is not the one that was published
      - EngineMismatchError            3       the snapshot was written by another engine
      - RevisionMismatchError          3       the restored database is not at the revision that its key names
      - SnapshotNotFoundError          3       the store has no snapshot of that key
      - StoreError                     3       the store cannot be read or written
      - TableNotFoundError             3       a table is missing from the fixture or the namespace
      - PartialLoadError               5       the namespace holds only a part of what the fixture has
  - SchemaSourceError                  5   the migrations, the models or the seed
      - UnknownRevisionError           5       no such revision
      - MigrationError                 5       a migration or the seed failed
  - UnsupportedError                   7   the client stack or the server cannot do that

The number is the exit code of every command that ends with the error (``EXIT_CODES`` in
:mod:`iris_devtools.cli.exits` is checked against this picture by a test).
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "AdministrationError",
    "AuthenticationError",
    "ChecksumError",
    "ConfigurationError",
    "EngineMismatchError",
    "IrisDevtoolsError",
    "LeftoverRowsError",
    "ManifestError",
    "MigrationError",
    "NamespaceInUseError",
    "PartialLoadError",
    "PrivilegeError",
    "RevisionMismatchError",
    "SchemaSourceError",
    "ServerConnectionError",
    "ServerError",
    "ServerNotFoundError",
    "ServerStartError",
    "SnapshotError",
    "SnapshotNotFoundError",
    "StoreError",
    "TableNotFoundError",
    "UnknownRevisionError",
    "UnsupportedError",
]


class IrisDevtoolsError(Exception):
    """Base of every error that this project raises.

    The message says what was wanted and what happened; ``hint`` says what to do next, and ``facts`` holds
    what the message was made of (paths, keys, numbers), so that callers never parse text. Facts never hold a
    password.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts = facts

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class ConfigurationError(IrisDevtoolsError):
    """A setting or an argument is wrong."""

    exit_code = 2


class ServerError(IrisDevtoolsError):
    """Something about the server."""

    exit_code = 4


class ServerNotFoundError(ServerError):
    """No server could be started or found."""


class ServerStartError(ServerError):
    """A server of ours did not start."""


class ServerConnectionError(ServerError):
    """The server does not answer, or hung up."""


class AuthenticationError(ServerError):
    """The server refused the account."""


class AdministrationError(ServerError):
    """The server refused or failed an administrative call."""


class PrivilegeError(AdministrationError):
    """The account may not do what is wanted; ``facts["missing"]`` names what it lacks."""


class NamespaceInUseError(ServerError):
    """Others are connected to the namespace; ``facts["processes"]`` names them."""

    exit_code = 6


class LeftoverRowsError(ServerError):
    """Rows of a test run are still there after cleaning; ``facts["rows"]`` counts them by table."""


class SnapshotError(IrisDevtoolsError):
    """Something about a snapshot or the store."""

    exit_code = 3


class ManifestError(SnapshotError):
    """manifest.json is missing, unreadable, or of a newer schema version."""

    exit_code = 1


class ChecksumError(SnapshotError):
    """A database file is not the one that was published."""

    exit_code = 2


class EngineMismatchError(SnapshotError):
    """The snapshot was written by another engine than the server's."""


class RevisionMismatchError(SnapshotError):
    """The restored database is not at the revision that its key names."""


class SnapshotNotFoundError(SnapshotError):
    """The store has no snapshot of that key."""


class StoreError(SnapshotError):
    """The store cannot be read or written."""


class TableNotFoundError(SnapshotError):
    """A table is missing from the fixture or the namespace; ``facts["tables"]`` names it."""


class PartialLoadError(SnapshotError):
    """The namespace holds only a part of what the fixture has; ``facts["differences"]`` lists it."""

    exit_code = 5


class SchemaSourceError(IrisDevtoolsError):
    """Something about the migrations, the models or the seed."""

    exit_code = 5


class UnknownRevisionError(SchemaSourceError):
    """The migration chain has no such revision."""


class MigrationError(SchemaSourceError):
    """A migration or the seed failed."""


class UnsupportedError(IrisDevtoolsError):
    """The client stack or the server cannot do that."""

    exit_code = 7
