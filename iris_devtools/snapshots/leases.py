"""Who uses a snapshot: a lease of each process, and when it was last used.

::

    .iris-snapshots/.leases/
      guard.lock                 held while a lease is taken or a snapshot is removed
      <name>/<pid>-<random>.lock one a process that uses the snapshot, locked as long as it lives
      <name>/used                touched at each use

The lock of a process ends with the process, however that dies, so a lease is never left behind.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.snapshots.snapshot import Snapshot

__all__ = ["forget", "guard", "hold", "holders", "last_used", "leased", "release"]

_LEASES = ".leases"
_USED = "used"
_SUFFIX = ".lock"

_held: dict[Path, FileLock] = {}
_inherited: list[FileLock] = []
_held_lock = threading.Lock()
_owner = os.getpid()


def hold(snapshot: Snapshot) -> bool:
    """Keep a snapshot from being removed until this process ends or calls :func:`release`; note the use.

    Holding it twice is holding it once. Returns False where nothing can be noted: the snapshot is in no store
    (nobody removes it then), the store is read-only, or the snapshot is gone already.
    """
    store = snapshot.directory.parent
    # A store that was ever written has a directory of locks; beside any other directory nothing is made.
    if not (store / ".locks").is_dir():
        return False
    directory = _directory(snapshot)
    try:
        with guard(store):
            if not snapshot.directory.is_dir():
                return False
            directory.mkdir(exist_ok=True)
            (directory / _USED).touch()
            with _held_lock:
                if _forget_inherited() or directory not in _held:
                    name = f"{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
                    lock = FileLock(directory / name, thread_local=False)
                    lock.acquire(timeout=0)
                    _held[directory] = lock
    except OSError:  # filelock's Timeout is one, too: nobody can have a name that was drawn just now
        return False
    return True


def release(snapshot: Snapshot | None = None) -> None:
    """Give back this process's lease of a snapshot, or of all."""
    with _held_lock:
        _forget_inherited()
        wanted = [
            directory for directory in _held if snapshot is None or directory.name == snapshot.directory.name
        ]
        for directory in wanted:
            lock = _held.pop(directory)
            lock.release()
            with contextlib.suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)


def leased(snapshot: Snapshot) -> bool:
    """Tell whether a living process, this one included, uses the snapshot."""
    return bool(holders(snapshot))


def holders(snapshot: Snapshot) -> tuple[int, ...]:
    """Return the process ids of those who use the snapshot; what dead processes left is removed."""
    locks = sorted(_directory(snapshot).glob(f"*{_SUFFIX}"))
    return tuple(int(path.name.partition("-")[0]) for path in locks if _is_held(path))


def last_used(snapshot: Snapshot) -> float:
    """Return when the snapshot was last used, in seconds since 1970; when it was made, if never."""
    try:
        used = (_directory(snapshot) / _USED).stat().st_mtime
    except OSError:
        used = 0.0
    return max(used, snapshot.manifest.created_at.timestamp())


def forget(snapshot: Snapshot) -> None:
    """Remove what is noted of a snapshot that was removed."""
    shutil.rmtree(_directory(snapshot), ignore_errors=True)


@contextlib.contextmanager
def guard(store: Path) -> Iterator[None]:
    """Let nobody take a lease in the store during the block; raise OSError where that cannot be noted."""
    (store / _LEASES).mkdir(exist_ok=True)
    with FileLock(store / _LEASES / "guard.lock"):
        yield


def _directory(snapshot: Snapshot) -> Path:
    return snapshot.directory.parent / _LEASES / snapshot.directory.name


def _is_held(path: Path) -> bool:
    with _held_lock:
        if not _forget_inherited() and any(Path(lock.lock_file) == path for lock in _held.values()):
            return True
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:  # it went while we looked
        return path.exists()
    lock.release()
    path.unlink(missing_ok=True)
    return False


def _forget_inherited() -> bool:
    """Let go of what a forked process has from its parent; tell whether that was so."""
    global _owner
    if _owner == os.getpid():
        return False
    # A lock that is thrown away is unlocked, and this one is still the parent's.
    _inherited.extend(_held.values())
    _held.clear()
    _owner = os.getpid()
    return True


atexit.register(release)
