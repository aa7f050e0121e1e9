"""Which files were found whole, by what they hold: a copy that the server made of one needs no second look.

A file is told by device, inode, size and the time of its last change. Where the server looks through a file,
or makes one, it sets that time to the nanosecond: a file system's own clock ticks some milliseconds apart,
and a change within a tick would go unseen.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from iris_devtools.standin.storage.label import Label

__all__ = ["Contents"]

_Identity = tuple[int, int, int, int]

_KEPT = 1000


@dataclass(eq=False)
class _Content:
    """What some files hold, all of them the same; ``label`` is None until one of them was looked through.

    ``is_current`` is true once one of them was found to have nothing of an older version of the stand-in.
    """

    label: Label | None = None
    is_current: bool = False


class Contents:
    """What is known of files, in memory and for the life of the server. Callable from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of: OrderedDict[_Identity, _Content] = OrderedDict()

    def label(self, path: Path) -> Label | None:
        """Return the label of a file that is known to be whole, else None."""
        identity = _identity(path)
        with self._lock:
            content = self._of.get(identity) if identity is not None else None
            return content.label if content is not None else None

    def look(self, path: Path, inspect: Callable[[Path], Label]) -> Label:
        """Look through a file, remember that it is whole, and return its label; ``inspect`` raises if not."""
        content = self._content(_identity(path))
        identity = _stamp(path)
        label = inspect(path)
        if identity is not None and _identity(path) == identity:
            content.label = label
            self._keep(identity, content)
        return label

    def is_current(self, path: Path) -> bool:
        """Tell whether a file is known to have nothing of an older version of the stand-in."""
        identity = _identity(path)
        with self._lock:
            content = self._of.get(identity) if identity is not None else None
            return content is not None and content.is_current

    def note_current(self, path: Path) -> None:
        """Remember that a file, which :meth:`look` found whole, has nothing of an older version."""
        identity = _identity(path)
        with self._lock:
            content = self._of.get(identity) if identity is not None else None
            if content is not None:
                content.is_current = True

    @contextlib.contextmanager
    def copying(self, source: Path, target: Path) -> Iterator[None]:
        """Let the block copy a file: what is or becomes known of one counts for the other."""
        identity = _identity(source)
        yield
        if identity is not None and _identity(source) == identity:
            content = self._content(identity)
            self._keep(identity, content)
            self._keep(_stamp(target), content)

    def _content(self, identity: _Identity | None) -> _Content:
        with self._lock:
            known = self._of.get(identity) if identity is not None else None
            return known or _Content()

    def _keep(self, identity: _Identity | None, content: _Content) -> None:
        if identity is None:
            return
        with self._lock:
            self._of[identity] = content
            self._of.move_to_end(identity)
            while len(self._of) > _KEPT:
                self._of.popitem(last=False)


def _stamp(path: Path) -> _Identity | None:
    try:
        os.utime(path, ns=(time.time_ns(), time.time_ns()))
    except OSError:  # not ours: nothing is remembered of it
        return None
    return _identity(path)


def _identity(path: Path) -> _Identity | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
