"""What came of a build that others waited for: they fail with its error, and do not run into it one by one.

A note beside the lock of a key says how the last build failed. Who waits for the lock looks before and
afterwards: another note is that of the builder it waited for. No clock is asked, and a note from before the
wait says nothing.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from iris_devtools.errors import MigrationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iris_devtools.snapshots.key import RevisionKey
    from iris_devtools.snapshots.store import Store

__all__ = ["Failures"]


class Failures:
    """The failures of one key in one store, as seen from the moment at which this is made."""

    def __init__(self, store: Store, key: RevisionKey) -> None:
        self._note = _note_of(store, key)
        self._before = _read(self._note)

    def raise_news(self) -> None:
        """Raise the MigrationError that a build of this key ended with since; nothing where none did."""
        now = _read(self._note)
        if now is None or now == self._before:
            return
        with contextlib.suppress(ValueError, KeyError, TypeError):
            said = json.loads(now)
            raise MigrationError(str(said["message"]), hint=str(said["hint"]))

    @contextlib.contextmanager
    def noted(self) -> Iterator[None]:
        """Note the MigrationError that a block ends with, and forget the last one where it ends well.

        Call it with the lock of the key held.
        """
        try:
            yield
        except MigrationError as error:
            note = {"message": error.message, "hint": error.hint, "of": secrets.token_hex(8)}
            # A courtesy to those who wait: without it each of them finds out alone.
            with contextlib.suppress(OSError):
                self._note.write_text(json.dumps(note), encoding="utf-8")
            raise
        with contextlib.suppress(OSError):
            self._note.unlink(missing_ok=True)


def _note_of(store: Store, key: RevisionKey) -> Path:
    return store.directory / ".locks" / f"{key.name}.failed"


def _read(note: Path) -> str | None:
    try:
        return note.read_text(encoding="utf-8")
    except OSError:
        return None
