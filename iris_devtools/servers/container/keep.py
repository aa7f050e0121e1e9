"""Who uses a container: a directory of this machine, with a lock for each process that does.

In the directory lie

``starting.lock``    held by whoever looks for the container, starts it or removes it
``container.json``   its id and our account there; readable for its owner alone
``owners/``          one lock file for each process that uses it; the lock goes with the process
``shared/``          what the container sees of this machine, when it is wanted; it goes with the container
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from iris_devtools.errors import ServerStartError
from iris_devtools.servers.ignored import keep_out_of_git

__all__ = ["Keep", "Kept"]

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Kept:
    """A container that was started, and the account on its server."""

    container_id: str
    username: str
    password: str = field(repr=False)


class Keep:
    """The directory of one container."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()

    @contextlib.contextmanager
    def alone(self, *, timeout_s: float) -> Iterator[None]:
        """Hold the lock under which containers come and go.

        Raises:
            ServerStartError: another process has it for longer than that.

        """
        self._make()
        lock = FileLock(self.directory / "starting.lock")
        try:
            lock.acquire(timeout=timeout_s)
        except Timeout:
            raise ServerStartError(
                f"Another process has been starting the container of {self.directory} for more than "
                f"{timeout_s:g} s.",
                hint="Look for a hanging process, or give it longer with startup_timeout_s.",
                directory=str(self.directory),
            ) from None
        try:
            yield
        finally:
            lock.release()

    def claim(self) -> FileLock:
        """Become an owner until the lock is released, or the process ends."""
        self._make()
        lock = FileLock(self._owners / f"{os.getpid()}-{next(_numbers)}.lock")
        lock.acquire(timeout=0)
        return lock

    def _make(self) -> None:
        self._owners.mkdir(parents=True, exist_ok=True)
        keep_out_of_git(self.directory)

    def has_owner(self) -> bool:
        """Tell whether a process uses the container; what dead ones left is taken away."""
        held = [path for path in self._owners.glob("*.lock") if _is_held(path)]
        return bool(held)

    def read(self) -> Kept | None:
        """Return the container that was started last, ``None`` when none is known."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return Kept(str(found["id"]), str(found["username"]), str(found["password"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, kept: Kept) -> None:
        """Remember a container; nobody but the user of this process can read it."""
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump({"id": kept.container_id, "username": kept.username, "password": kept.password}, file)
        fresh.replace(self._file)

    def forget(self) -> None:
        """Forget the container, and remove what it shared with this machine."""
        self._file.unlink(missing_ok=True)
        self.unshare()

    def share(self) -> Path:
        """Make the directory that the container shares; nobody else can get there."""
        self.shared.mkdir(parents=True, exist_ok=True)
        # The server's user is a stranger to this machine. Others are kept out by the directory above.
        self.directory.chmod(0o700)
        self.shared.chmod(0o777)
        return self.shared

    def unshare(self) -> None:
        """Remove what the container shares."""
        shutil.rmtree(self.shared, ignore_errors=True)

    @property
    def shared(self) -> Path:
        """The directory that the container shares, whether it is there or not."""
        return self.directory / "shared"

    def discard(self) -> None:
        """Remove the directory of a container that nobody will look for again."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _owners(self) -> Path:
        return self.directory / "owners"

    @property
    def _file(self) -> Path:
        return self.directory / "container.json"


def _is_held(lock: Path) -> bool:
    try:
        with FileLock(lock, timeout=0):
            lock.unlink(missing_ok=True)
            return False
    except Timeout:
        return True
