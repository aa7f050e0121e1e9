"""Where a session's statements run: its lease's connection, and what belongs to exactly that connection."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from iris_devtools.standin.cached_queries import CachedQueries, NamespaceQueries
from iris_devtools.standin.catalog.dictionary import Dictionary, SharedCatalog
from iris_devtools.standin.session.locks import TableLocks
from iris_devtools.standin.storage.lease import NamespaceLease

__all__ = ["Workplace"]


@dataclass(frozen=True)
class Workplace:
    """One connection with its dictionary. A dismount ends it; the next mount makes a new one."""

    lease: NamespaceLease
    connection: sqlite3.Connection
    cursor: sqlite3.Cursor
    """What statements run on, one after the other: nobody else may use it, and each fetches all its rows."""
    dictionary: Dictionary
    queries: NamespaceQueries
    mount: object
    """Stands for this mount of the databases; compares unequal to that of any other."""
    table_locks: TableLocks

    @classmethod
    def on(cls, lease: NamespaceLease, *, queries: CachedQueries) -> Workplace:
        """Furnish the lease's present connection; the caller holds the lease's lock."""
        shared = lease.code.shared
        connection = lease.connection
        catalog = shared.setdefault("catalog", SharedCatalog())
        return cls(
            lease,
            connection,
            connection.cursor(),
            Dictionary(connection, code_schema=lease.code_schema, shared=catalog, namespace=lease.namespace),
            queries.of(lease.namespace),
            (shared.setdefault("mount", object()), lease.data.shared.setdefault("mount", object())),
            lease.data.shared.setdefault("table locks", TableLocks()),
        )
