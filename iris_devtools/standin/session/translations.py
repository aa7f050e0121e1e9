"""Keep translations of statements for all sessions on a database."""

from __future__ import annotations

import threading
from collections import OrderedDict

from iris_devtools.standin.sql.translation import Translation
from iris_devtools.standin.wire.handler import Marker

__all__ = ["Key", "TranslationCache"]

Key = tuple[str, tuple[Marker, ...], str, bool, int]
"""Text, markers, default schema, EXACT_DISTINCT, and the generation of the definitions that it rests on."""


class TranslationCache:
    """A bounded store of translations, the longest unused of which go first. Safe to use from any thread.

    Texts are free of literals (wire-protocol 6), so an application has few of them.
    """

    def __init__(self, *, size: int = 2000) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[Key, Translation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, key: Key) -> Translation | None:
        """Return the translation, if it is known."""
        with self._lock:
            found = self._known.get(key)
            if found is not None:
                self._known.move_to_end(key)
            return found

    def put(self, key: Key, translation: Translation) -> None:
        """Remember a translation."""
        with self._lock:
            self._known[key] = translation
            self._known.move_to_end(key)
            if len(self._known) > self._size:
                self._known.popitem(last=False)
