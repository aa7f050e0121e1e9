"""One at a time on one server, among the processes of this machine.

Some things on a server bear only one process at a time (making a namespace, iris-facts 1.2). The lock is a
file in the machine's directory for temporary files, named after the server, so it holds between projects
and stores.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.admin import Admin
from iris_devtools.errors import StoreError
from iris_devtools.progress import SILENT, Reporter

__all__ = ["server_lock"]


@contextmanager
def server_lock(admin: Admin, what: str, *, reporter: Reporter = SILENT) -> Iterator[None]:
    """Hold the lock called ``what`` of the server, waiting for as long as another process has it."""
    server = admin.server
    directory = Path(tempfile.gettempdir()) / f"iris-devtools-{_user()}"
    name = hashlib.sha256(f"{server.host}\0{server.port}\0{what}".encode()).hexdigest()[:20]
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        lock = FileLock(directory / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            with reporter.step(
                f"Waiting for another process that does the same on {server.host}:{server.port}: {what}"
            ):
                # Whoever has the lock may need the licence unit.
                admin.rest()
                lock.acquire()
    except OSError as error:
        raise StoreError(
            f"Cannot lock {directory}: {error.strerror or error}.",
            hint="Make the directory writable, or set TMPDIR to one that is.",
            path=directory,
        ) from error
    try:
        yield
    finally:
        lock.release()


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
