"""One database: a directory with an IRIS.DAT, its mount state, and its leases (iris-facts 2.2)."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_devtools.standin.storage.contents import Contents
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.freeing import delete_file
from iris_devtools.standin.storage.label import FILE_NAME, Label, change_label, inspect_file, open_file
from iris_devtools.standin.storage.permissions import may_change_directory, may_read, may_write

if TYPE_CHECKING:
    from iris_devtools.standin.storage.lease import NamespaceLease

__all__ = ["LOCK_NAME", "Database", "State"]

LOCK_NAME = "iris.lck"
MEGABYTE = 1024 * 1024
_TURN_S = 0.01
"""How long a dismount waits for one running statement before it looks at the next."""


class State(Enum):
    """The three states of iris-facts 2.2, and the moment between them."""

    UNMOUNTED = "Unmounted"
    """not touched since the server started; the first access mounts it"""
    MOUNTED = "Mounted"
    DISMOUNTED = "Dismounted"
    """explicitly; stays so until it is mounted explicitly or the server restarts"""
    IN_TRANSITION = "In transition"


class Database:
    """One database directory of a running server.

    All methods may be called from any thread. ``shared`` is a slot for what sessions share in memory about
    this database's content (schemas, caches); every mount begins with an empty one, because the file may
    have been exchanged. ``renew`` brings a file of an older version of the stand-in up to date, and tells
    whether it was one: by the mount, not by whoever comes first, for a write that nobody asked for looks like
    somebody's.
    """

    def __init__(
        self,
        directory: Path,
        *,
        owner: str,
        permanent: bool = False,
        knows: Callable[[str], bool] | None = None,
        contents: Contents | None = None,
        renew: Callable[[sqlite3.Connection], bool] | None = None,
    ) -> None:
        self.directory = directory
        self.path = directory / FILE_NAME
        self.shared: dict[str, Any] = {}
        self._owner = owner
        self._permanent = permanent
        self._knows_resource = knows or (lambda _name: True)
        self._contents = contents or Contents()
        self._renew = renew
        self._gate = threading.RLock()
        self._state = State.UNMOUNTED
        self._label = Label()
        self._read_only = False
        self._leases: set[NamespaceLease] = set()
        self._identity: tuple[int, int] | None = None

    def __repr__(self) -> str:
        return f"<Database {self.directory} {self._state.value}>"

    @property
    def name(self) -> str:
        """The directory as IRIS writes it, with a slash at the end."""
        return f"{self.directory}{os.sep}"

    @property
    def state(self) -> State:
        """The mount state at this moment."""
        return self._state

    @property
    def label(self) -> Label:
        """The label as of the last mount or change."""
        return self._label

    @property
    def read_only(self) -> bool:
        """Whether the database is mounted for reading only."""
        return self._state is State.MOUNTED and self._read_only

    @property
    def permanent(self) -> bool:
        """Whether it is one of the server's own, without which it does not start."""
        return self._permanent

    @property
    def leases(self) -> frozenset[NamespaceLease]:
        """The leases that use this database at this moment."""
        with self._gate:
            return frozenset(self._leases)

    @property
    def size_mb(self) -> int:
        """The file's size in MB, rounded up; 0 without a file."""
        try:
            return -(-self.path.stat().st_size // MEGABYTE)
        except OSError:
            return 0

    @property
    def status_text(self) -> str:
        """``Unmounted``, ``Dismounted``, ``Mounted/RW`` or ``Mounted/R``, as GetStatus() answers."""
        if self._state is State.MOUNTED:
            return "Mounted/R" if self._read_only else "Mounted/RW"
        return str(self._state.value)

    def mount(self, *, read_only: bool = False) -> None:
        """Mount explicitly.

        Raises StorageError: #19 already mounted, #28 in transition, #26 no file, #36 damaged, foreign or of
        another format, #37 held by another server, #66 unknown resource, #76 closed to us. The state is
        then as before.
        """
        with self._gate:
            if self._state is State.MOUNTED:
                raise StorageError(19, self.name)
            self._mount(read_only=read_only)

    def touch(self) -> None:
        """Mount implicitly, at first access; does nothing to a mounted database.

        Raises StorageError like mount(), and #26 for a database that was dismounted explicitly.
        """
        with self._gate:
            if self._state is State.MOUNTED:
                if self._exchanged():
                    raise StorageError(36, f"{self.path} was exchanged or removed while it was mounted")
                return
            if self._state is State.UNMOUNTED:
                self._mount(read_only=False)
                return
            raise StorageError(28 if self._state is State.IN_TRANSITION else 26, self.name)

    def dismount(self, *, grace_s: float, limit_s: float, sticky: bool = True) -> None:
        """Dismount: stop every lease, write everything into IRIS.DAT, and leave that file complete and
        alone.

        A statement that still runs after ``grace_s`` is interrupted; open transactions are rolled back. An
        unmounted database stays unmounted (iris-facts 2.2), a dismounted one dismounted. With ``sticky``
        False the database is merely unmounted, as when the server stops.

        Raises StorageError #345 for the server's own databases, #28 when a statement did not end within
        ``limit_s`` (the database is then mounted as before; leases that were stopped stay stopped).
        """
        if sticky and self._permanent:
            raise StorageError(345, self.name)
        with self._gate:
            if self._state is State.IN_TRANSITION:
                raise StorageError(28, self.name)
            if self._state is not State.MOUNTED:
                return
            self._state = State.IN_TRANSITION
            leases = list(self._leases)
        after = State.MOUNTED
        try:
            self._stop(leases, grace_s=grace_s, limit_s=limit_s)
            with self._gate:
                self._settle()
            after = State.DISMOUNTED if sticky else State.UNMOUNTED
        finally:
            with self._gate:
                self._state = after

    def adopt(self, lease: NamespaceLease) -> None:
        """Count a lease in, mounting the database when that is still allowed; raises StorageError as
        touch() does.
        """
        with self._gate:
            self.touch()
            self._leases.add(lease)

    def release(self, lease: NamespaceLease) -> None:
        """Count a lease out; one that is not counted is ignored."""
        with self._gate:
            self._leases.discard(lease)

    def relabel(self, label: Label) -> None:
        """Write another label into the mounted database; raises StorageError #26 unless it is mounted."""
        with self._gate, self._maintenance() as connection:
            change_label(connection, label)
            self._label = label

    def delete(self, *, grace_s: float, limit_s: float) -> None:
        """Dismount and delete IRIS.DAT; the directory and everything else in it stay (iris-facts 1.2).

        Raises StorageError as dismount() does, #26 without a file, #76 when it cannot be deleted.
        """
        self.dismount(grace_s=grace_s, limit_s=limit_s)
        with self._gate:
            try:
                delete_file(self.path)
            except FileNotFoundError:
                raise StorageError(26, self.name) from None
            except OSError as exc:
                raise StorageError(76, f"{self.path} ({exc.strerror})") from exc
            finally:
                self._state = State.UNMOUNTED

    def compact(self) -> int:
        """Rebuild the file without its free pages, and return the bytes that this freed.

        Raises StorageError #26 unless mounted, #28 when a transaction is open on the database.
        """
        with self._gate, self._maintenance() as connection:
            before = self.path.stat().st_size
            try:
                connection.execute("VACUUM")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.OperationalError as exc:
                raise StorageError(28, f"{self.name} ({exc})") from exc
            return max(0, before - self.path.stat().st_size)

    def free_bytes(self) -> int:
        """Return the bytes in free pages; raises StorageError #26 unless mounted."""
        with self._gate, self._maintenance() as connection:
            pages: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
            size: int = connection.execute("PRAGMA page_size").fetchone()[0]
            return pages * size

    def has_tables(self) -> bool:
        """Tell whether anything but the label was ever stored; mounts an unmounted database to find out."""
        with self._gate:
            self.touch()
            with self._maintenance() as connection:
                rows = connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'"
                ).fetchall()
                own = [name for (name,) in rows if name.startswith("%") and name != "%globals"]
                return len(own) < len(rows)

    def copy_to(self, target: Path) -> None:
        """Write a packed copy of the mounted database to ``target``, which must not exist."""
        with self._gate, self._maintenance() as connection:
            try:
                connection.execute("VACUUM INTO ?", (str(target),))
            except sqlite3.OperationalError as exc:
                raise StorageError(78 if target.exists() else 76, f"{target} ({exc})") from exc

    @contextlib.contextmanager
    def _maintenance(self) -> Iterator[sqlite3.Connection]:
        if self._state is not State.MOUNTED:
            raise StorageError(26, self.name)
        if self._read_only:
            raise StorageError(302, self.name)
        with contextlib.closing(open_file(self.path, timeout_s=2.0)) as connection:
            yield connection

    def _mount(self, *, read_only: bool) -> None:
        if self._state is State.IN_TRANSITION:
            raise StorageError(28, self.name)
        if not self.directory.is_dir():
            raise StorageError(41, self.name)
        label = self._inspect()
        if not self._knows_resource(label.resource):
            raise StorageError(66, f"{label.resource}, {self.name}")
        self._claim()
        self._label = label
        self._read_only = read_only or bool(label.read_only) or not self._writable()
        if not self._read_only:
            self._bring_up_to_date()
        self._identity = _identity(self.path)
        self.shared = {}
        self._state = State.MOUNTED

    def _bring_up_to_date(self) -> None:
        if self._renew is None or self._contents.is_current(self.path):
            return
        try:
            with contextlib.closing(open_file(self.path)) as connection:
                renewed = self._renew(connection)
        except sqlite3.Error as exc:
            raise StorageError(36, f"{self.path} ({exc})") from exc
        if not renewed:
            self._contents.note_current(self.path)

    def _inspect(self) -> Label:
        if not self._log().exists() and may_read(self.path):
            known = self._contents.label(self.path)
            if known is not None:
                return known
        return self._contents.look(self.path, inspect_file)

    def _log(self) -> Path:
        return self.path.with_name(FILE_NAME + "-wal")

    def _exchanged(self) -> bool:
        return _identity(self.path) != self._identity

    def _writable(self) -> bool:
        return may_write(self.path) and may_change_directory(self.directory)

    def _claim(self) -> None:
        lock = self.directory / LOCK_NAME
        with contextlib.suppress(FileNotFoundError):
            holder = lock.read_text(encoding="utf-8", errors="replace").partition("\n")[0]
            if holder != self._owner:
                raise StorageError(37, f"{lock} belongs to server {holder[:40]!r}")
        if may_change_directory(self.directory):
            lock.write_text(f"{self._owner}\n{os.getpid()}\n", encoding="utf-8")

    def _stop(self, leases: list[NamespaceLease], *, grace_s: float, limit_s: float) -> None:
        for lease in leases:
            lease.condemn(self)
        start = time.monotonic()
        wait_s = 0.0
        # All in turn, never one to its end: a statement may be waiting for the transaction of another lease,
        # and the idle one that holds it has to go first.
        while leases := [lease for lease in leases if not lease.try_stop(self, wait_s=wait_s)]:
            wait_s = _TURN_S
            waited_s = time.monotonic() - start
            if waited_s > grace_s:
                for lease in leases:
                    lease.interrupt()
            if waited_s > grace_s + limit_s:
                raise StorageError(28, f"{self.name} ({len(leases)} statements do not end)")

    def _settle(self) -> None:
        wal = self._log()
        if not wal.exists():
            # Whoever closed it last has written everything into the file.
            pass
        elif self._exchanged():
            # The log belongs to the file that was here before; SQLite would write it into the new one.
            wal.unlink(missing_ok=True)
            self.path.with_name(FILE_NAME + "-shm").unlink(missing_ok=True)
        elif not self._read_only:
            with contextlib.closing(open_file(self.path)) as connection:
                busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy or wal.exists():
                raise StorageError(28, f"{self.name} (another program has the file open)")
        self.shared = {}
        (self.directory / LOCK_NAME).unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
