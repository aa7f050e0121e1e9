"""What test runs that were killed leave: known by a lock that nobody holds any more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.admin import Admin
from iris_devtools.errors import StoreError
from iris_devtools.testing.names import is_of_a_run

__all__ = ["claimed", "drop_leftovers", "remove_leftovers"]


@contextmanager
def claimed(name: str, *, directory: Path) -> Iterator[None]:
    """Hold the claim on the name of a namespace or a directory, until the block or this process ends.

    Raises:
        StoreError: ``directory`` cannot be written.
    """
    path = directory / f"{name}.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    except OSError as error:
        raise StoreError(
            f"Cannot claim {name}: {path}: {error.strerror or error}.",
            hint=f"Make {directory} writable.",
            path=path,
        ) from error
    try:
        yield
    finally:
        lock.release()
        path.unlink(missing_ok=True)


def drop_leftovers(admin: Admin, *, directory: Path) -> tuple[str, ...]:
    """Drop the namespaces whose claim below ``directory`` is held by nobody, and return their names.

    A namespace without a claim file is left alone, whatever its name: it may belong to another machine, or to
    a person. Wants the server's lock for namespaces to be held.
    """
    dropped = []
    existing = set(admin.namespaces())
    for path in sorted(directory.glob("*.lock")):
        name = path.stem
        if not is_of_a_run(name):
            continue
        with _nobodys(path) as left:
            if left and name in existing:
                admin.drop_namespace(name, missing_ok=True, terminate=True)
                dropped.append(name)
            if left:
                path.unlink(missing_ok=True)
    return tuple(dropped)


def remove_leftovers(*, directory: Path) -> None:
    """Remove the directories below ``directory`` whose claim is held by nobody.

    What cannot be removed yet, because a server that lost its owner still ends, is left to the next call.
    """
    for path in directory.glob("*.lock"):
        with _nobodys(path) as left:
            if left:
                shutil.rmtree(path.with_suffix(""), ignore_errors=True)
            if left and not path.with_suffix("").exists():
                path.unlink(missing_ok=True)


@contextmanager
def _nobodys(path: Path) -> Iterator[bool]:
    """Hold a claim that nobody holds; False when somebody does."""
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
