"""Delete files at once, and let their blocks be freed meanwhile: for a large file that takes milliseconds.

A deleted file keeps its blocks as long as somebody has it open, so the last to close it pays: a thread of its
own. A process that is killed leaves nothing behind.
"""

from __future__ import annotations

import os
import queue
import stat
import threading
from pathlib import Path

__all__ = ["delete_file", "wait_for_space"]

_LARGE_BYTES = 1_000_000

_to_close: queue.Queue[int] = queue.Queue()
_lock = threading.Lock()
_worker: threading.Thread | None = None


def delete_file(path: Path, *, missing_ok: bool = False) -> None:
    """Delete a file; its name is gone when this returns, its space soon after.

    Raises OSError when it cannot be deleted, FileNotFoundError (unless ``missing_ok``) when there is none.
    """
    descriptor = _held_open(path)
    try:
        path.unlink(missing_ok=missing_ok)
    finally:
        if descriptor is not None:
            _close_meanwhile(descriptor)


def wait_for_space() -> None:
    """Wait until the blocks of all deleted files are free."""
    _to_close.join()


def _held_open(path: Path) -> int | None:
    if os.name != "posix":
        return None
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size < _LARGE_BYTES:
            return None
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None


def _close_meanwhile(descriptor: int) -> None:
    global _worker
    _to_close.put(descriptor)
    with _lock:
        if _worker is None or not _worker.is_alive():  # a fork leaves its threads behind
            _worker = threading.Thread(target=_close_all, name="freeing", daemon=True)
            _worker.start()


def _close_all() -> None:
    while True:
        os.close(_to_close.get())
        _to_close.task_done()
