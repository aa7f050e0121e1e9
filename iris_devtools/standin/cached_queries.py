"""The cached queries of a server: what a statement was translated to, kept under the namespace's *name*.

IRIS keeps them outside the database. It throws them away when DDL changes a definition, but does not notice
that a database file was exchanged: the next statement of the same text then runs the old code on the new
file, until PURGE CACHED QUERIES (iris-facts 9). So it is here, because tools have to be tested against it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Hashable
from typing import Any

__all__ = ["CachedQueries", "NamespaceQueries"]

_KEPT_QUERIES = 2000
_KEPT_TOKENS = 500


class CachedQueries:
    """The cached queries of all namespaces. Safe to use from any thread.

    They end with the server (those of IRIS survive a restart) and with their namespace: test suites that
    drop a database and make it again under its name run on IRIS (iris-facts 1.1), so nothing can be left.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._namespaces: dict[str, NamespaceQueries] = {}

    def of(self, namespace: str) -> NamespaceQueries:
        """Return the cached queries of a namespace."""
        with self._lock:
            return self._namespaces.setdefault(namespace.upper(), NamespaceQueries())

    def keep_only(self, namespaces: Collection[str]) -> None:
        """Forget the queries of all other namespaces."""
        kept = {name.upper() for name in namespaces}
        with self._lock:
            for name in self._namespaces.keys() - kept:
                del self._namespaces[name]

    def purge(self) -> None:
        """Forget the queries of all namespaces."""
        with self._lock:
            for queries in self._namespaces.values():
                queries.purge()


class NamespaceQueries:
    """The cached queries of one namespace. Safe to use from any thread.

    Each was made under a *token*, and is valid under that token only. A change by DDL brings a generation of
    definitions with a token of its own. The generation that a mount brings takes over the token of the one
    before: nobody told the cache that the file is another one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._queries: OrderedDict[tuple[int, Hashable], Any] = OrderedDict()
        self._tokens: OrderedDict[int, int] = OrderedDict()
        self._mount: object = None
        self._generation: int | None = None

    def __len__(self) -> int:
        return len(self._queries)

    def token(self, generation: int, *, mount: object) -> int:
        """Return the token under which a session on these definitions finds queries.

        ``mount`` is another object for each time that the databases were mounted.
        """
        with self._lock:
            if mount != self._mount:
                if self._generation is not None:
                    self._tokens[generation] = self._tokens.get(self._generation, self._generation)
                    self._tokens.move_to_end(generation)
                    if len(self._tokens) > _KEPT_TOKENS:
                        self._tokens.popitem(last=False)
                self._mount = mount
            self._generation = generation
            return self._tokens.get(generation, generation)

    def get(self, token: int, key: Hashable) -> Any:
        """Return the translation that is cached under a token for a statement, or ``None``."""
        with self._lock:
            found = self._queries.get((token, key))
            if found is not None:
                self._queries.move_to_end((token, key))
            return found

    def put(self, token: int, key: Hashable, translation: Any) -> None:
        """Cache a translation; the longest unused goes when there are too many."""
        with self._lock:
            self._queries[token, key] = translation
            if len(self._queries) > _KEPT_QUERIES:
                self._queries.popitem(last=False)

    def purge(self) -> None:
        """Forget all queries."""
        with self._lock:
            self._queries.clear()
