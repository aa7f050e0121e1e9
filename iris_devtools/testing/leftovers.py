"""Namespaces of test runs that were killed: known by a lock that nobody holds any more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.admin import Admin
from iris_devtools.errors import StoreError

__all__ = ["claimed", "drop_leftovers"]

# What TestRun appends to the name of the project's namespace: the worker, the number of the run, and for
# further namespaces of the same run their own number.
_OURS = re.compile(r"\w+_(?:MAIN|GW\d+)_[0-9A-F]{6}(?:_\d+)?")


@contextmanager
def claimed(namespace: str, *, directory: Path) -> Iterator[None]:
    """Hold the claim on a namespace, until the block or this process ends, however that happens.

    Raises:
        StoreError: ``directory`` cannot be written.
    """
    path = directory / f"{namespace}.lock"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path)
        lock.acquire()
    except OSError as error:
        raise StoreError(
            f"Cannot claim the namespace {namespace}: {path}: {error.strerror or error}.",
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
        if not _OURS.fullmatch(name):
            continue
        lock = FileLock(path)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            if name in existing:
                admin.drop_namespace(name, missing_ok=True, terminate=True)
                dropped.append(name)
            path.unlink(missing_ok=True)
        finally:
            lock.release()
    return tuple(dropped)
