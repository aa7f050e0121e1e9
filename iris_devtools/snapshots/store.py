"""Where snapshots live: one flat directory each, complete or not there at all.

::

    .iris-snapshots/
      .gitignore                 "*": snapshots are made, not committed
      .locks/                    one lock a key, one a writer, who holds it, and how a build failed
      .verified/                 which file was verified, so that it is not read again
      .tmp-<name>-<random>/      somebody writes, or died writing: then nobody holds its lock
      <name>/manifest.json
      <name>/IRIS.DAT

A writer fills a directory of its own, makes it durable and renames it. The rename is the only moment at
which a snapshot comes to be, so a reader, a crash or ``kill -9`` at any point sees the whole of it or
nothing.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from filelock import FileLock, Timeout

from iris_devtools.config import Settings
from iris_devtools.errors import IrisDevtoolsError, ManifestError, SnapshotNotFoundError, StoreError
from iris_devtools.progress import SILENT, Reporter
from iris_devtools.snapshots import verified
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import MANIFEST_NAME, Manifest
from iris_devtools.snapshots.snapshot import Snapshot, open_snapshot

if TYPE_CHECKING:
    from iris_devtools.snapshots.sharing import SharedStore

__all__ = ["BrokenEntry", "Destination", "Published", "SnapshotWriter", "Store", "Survey", "open_store"]

_logger = logging.getLogger(__name__)

_LOCKS = ".locks"
_TEMPORARY = ".tmp-"


@dataclass(frozen=True)
class BrokenEntry:
    """A directory in the store that is no snapshot, and why."""

    directory: Path
    error: ManifestError


@dataclass(frozen=True)
class Survey:
    """All that the store holds. ``leftovers`` are directories of writers that died."""

    snapshots: tuple[Snapshot, ...]
    broken: tuple[BrokenEntry, ...]
    leftovers: tuple[Path, ...]


@dataclass(frozen=True)
class Published:
    """The snapshot that stands after publishing; ``first`` is false when another writer had been there."""

    snapshot: Snapshot
    first: bool


class SnapshotWriter:
    """Fill :attr:`directory` with database files, then :meth:`publish`.

    ``compression`` is the zstd level that the files are to be written with; None leaves them as they are.
    ``delta`` tells whether they may become differences from another snapshot beside them.
    """

    def __init__(
        self, *, directory: Path, final: Path, compression: int | None = None, delta: bool = False
    ) -> None:
        self.directory = directory
        self.compression = compression
        self.delta = delta
        self._final = final

    def publish(self, manifest: Manifest, *, replace: bool = False, hashed: bool = False) -> Published:
        """Write the manifest, make everything durable and give the directory its final name.

        When another writer was first, its snapshot stays and is returned; what was written here is dropped.
        ``replace`` instead takes away what has the name, whole or broken; for a moment there is nothing then.
        ``hashed`` says that the digests in the manifest are those of the bytes just written, so that nobody
        has to read them again.
        Raises StoreError when the disk refuses.
        """
        try:
            (self.directory / MANIFEST_NAME).write_text(manifest.to_json(), encoding="utf-8", newline="\n")
            for path in self.directory.iterdir():
                _sync(path)
            _sync(self.directory)
            if replace and self._final.exists():
                _remove(self._final)
            self._rename()
            _sync(self._final.parent)
        except FileExistsError:
            return Published(snapshot=open_snapshot(self._final), first=False)
        except OSError as exc:
            _fail("write", self._final, exc)
        if hashed:
            for file in manifest.files:
                verified.remember(self._final / file.name, file.sha256)
        return Published(snapshot=Snapshot(directory=self._final, manifest=manifest), first=True)

    def _rename(self) -> None:
        try:
            self.directory.rename(self._final)
        except OSError as exc:
            # POSIX says ENOTEMPTY or EEXIST for a directory in the way, Windows says EACCES.
            if self._final.is_dir():
                raise FileExistsError(self._final) from exc
            raise


class Destination(Protocol):
    """Where a snapshot can be written: a :class:`Store`, or a directory of one's own choice."""

    def writer(self, key: RevisionKey) -> contextlib.AbstractContextManager[SnapshotWriter]:
        """Give a private directory to write the snapshot of ``key`` in; nothing is left of it without
        publish.
        """


class Store:
    """A directory of snapshots, shared by as many processes as like.

    The directory need not be there: it is made by the first write, and reading finds an empty store. Every
    method may be called by several processes and threads at once. New snapshots are written with zstd at
    level ``compression``, or as they are when it is None; with ``delta``, compressed ones become differences
    from the snapshot that they were built on where that saves more than half. Every kind is read. Raises
    StoreError, naming the path and the remedy, when the file system refuses.
    """

    def __init__(
        self,
        directory: Path,
        *,
        compression: int | None = None,
        delta: bool = False,
        shared: SharedStore | None = None,
    ) -> None:
        self.directory = directory
        self.compression = compression
        self.delta = delta
        self.shared = shared

    def __repr__(self) -> str:
        return f"Store({str(self.directory)!r})"

    def find(self, key: RevisionKey) -> Snapshot | None:
        """Return the snapshot of ``key``, or None; raise ManifestError when what is there is none."""
        directory = self.directory / key.name
        if not self._is_directory(directory):
            return None
        snapshot = open_snapshot(directory)
        if snapshot.key != key:
            raise ManifestError(
                f"{directory} holds the snapshot of another key: {snapshot.key}.",
                hint=f"Delete {directory}, or give the directory back its name, {snapshot.key.name}.",
                path=directory / MANIFEST_NAME,
                key=snapshot.key,
            )
        return snapshot

    def fetch(self, key: RevisionKey, *, reporter: Reporter = SILENT) -> Snapshot | None:
        """Return the snapshot of ``key`` out of the shared store, kept here from now on; None without one.

        The shared store is a convenience: what goes wrong with it is logged, and counts as "not there".
        """
        if self.shared is None:
            return None
        try:
            return self.shared.pull(key.name, self, reporter=reporter).snapshot
        except SnapshotNotFoundError:
            return None
        except IrisDevtoolsError as error:
            _logger.warning("%s The snapshot is not taken from the shared store.", error.message)
            return None

    def shared_names(self, *, reporter: Reporter = SILENT) -> tuple[str, ...]:
        """Return the names that the shared store has; none without one, or when it cannot be reached."""
        if self.shared is None:
            return ()
        try:
            with reporter.step(f"Looking for a start in {self.shared.url}"):
                return self.shared.names()
        except IrisDevtoolsError as error:
            _logger.warning("%s No start is taken from the shared store.", error.message)
            return ()

    def get(self, name: str) -> Snapshot:
        """Return the snapshot whose name is ``name``, or starts with it where only one does.

        Raises SnapshotNotFoundError, naming what is there, when none or several match.
        """
        exact = self.directory / name
        if _is_entry(exact) and exact.parent == self.directory and self._is_directory(exact):
            return open_snapshot(exact)
        names = [path.name for path in self._entries()]
        matches = [candidate for candidate in names if name and candidate.startswith(name)]
        if len(matches) == 1:
            return open_snapshot(self.directory / matches[0])
        known = ", ".join(matches or names) or "none"
        raise SnapshotNotFoundError(
            f"{len(matches)} snapshots in {self.directory} begin with {name!r}."
            if matches
            else f"No snapshot in {self.directory} is named {name!r}, or begins with it.",
            hint=f"There {'match' if matches else 'are'}: {known}.",
            name=name,
            store=self.directory,
            names=tuple(matches or names),
        )

    def snapshots(self) -> tuple[Snapshot, ...]:
        """Return all readable snapshots, the newest first."""
        return self.survey().snapshots

    def survey(self) -> Survey:
        """Return everything in the store; what cannot be read is listed as broken and hides nothing else."""
        snapshots: list[Snapshot] = []
        broken: list[BrokenEntry] = []
        for directory in self._entries():
            found = _open_entry(directory)
            if isinstance(found, Snapshot):
                snapshots.append(found)
            elif directory.exists():  # else somebody deleted it while we looked
                broken.append(found)
        snapshots.sort(key=lambda snapshot: (snapshot.manifest.created_at, snapshot.name), reverse=True)
        return Survey(tuple(snapshots), tuple(broken), tuple(self._leftovers()))

    @contextlib.contextmanager
    def writer(self, key: RevisionKey) -> Iterator[SnapshotWriter]:
        """Give a private directory in which to write the snapshot of ``key``; nothing is left of it without
        publish.

        What writers that were killed left behind is removed first.
        """
        self._prepare()
        self.clean()
        temporary = self.directory / f"{_TEMPORARY}{key.name}-{secrets.token_hex(4)}"
        lock_path = self._lock_path(temporary.name)
        with contextlib.ExitStack() as stack:
            # The lock comes before the directory, so that a directory without a held lock is always a dead
            # one.
            stack.callback(_discard, lock_path)
            stack.enter_context(self._held(FileLock(lock_path)))
            stack.callback(shutil.rmtree, temporary, ignore_errors=True)
            try:
                temporary.mkdir()
            except OSError as exc:
                _fail("write", self.directory, exc)
            yield SnapshotWriter(
                directory=temporary,
                final=self.directory / key.name,
                compression=self.compression,
                delta=self.delta and self.compression is not None,
            )

    def clean(self) -> tuple[Path, ...]:
        """Remove what killed writers left behind, and return it; living writers are not disturbed."""
        removed = []
        for directory in self._leftovers():
            lock_path = self._lock_path(directory.name)
            with contextlib.suppress(Timeout), self._held(FileLock(lock_path, timeout=0)):
                shutil.rmtree(directory, ignore_errors=True)
                lock_path.unlink(missing_ok=True)
                removed.append(directory)
        return tuple(removed)

    def delete(self, snapshot: Snapshot | Path) -> None:
        """Delete a snapshot or a broken entry of this store: gone from its name at once, then from the disk.

        Deleting what is gone already is no error. Raises StoreError for a directory that is not in this
        store.
        """
        directory = snapshot.directory if isinstance(snapshot, Snapshot) else snapshot
        if directory.parent.resolve() != self.directory.resolve() or not _is_entry(directory):
            raise StoreError(
                f"{directory} is not an entry of the store {self.directory}; nothing was deleted.",
                hint="Name a snapshot that the store lists.",
                path=directory,
                store=self.directory,
            )
        verified.forget(directory)
        try:
            _remove(directory)
        except FileNotFoundError:
            return
        except OSError as exc:
            _fail("delete from", self.directory, exc)

    @contextlib.contextmanager
    def lock(
        self,
        key: RevisionKey | str,
        *,
        doing: str,
        reporter: Reporter = SILENT,
        timeout_s: float | None = None,
    ) -> Iterator[None]:
        """Hold the lock of ``key`` among all processes that use this store, waiting for whoever has it.

        ``doing`` completes "process 42 ..." for those who wait ("builds snapshot ..."); the reporter shows
        that line for as long as the wait is. The lock of a process that died is free. Raises StoreError,
        naming the holder, after ``timeout_s`` seconds (None: never).
        """
        self._prepare()
        name = key.name if isinstance(key, RevisionKey) else key
        lock = FileLock(self._lock_path(name))
        holder = self._lock_path(name).with_suffix(".holder")
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self._held(lock, timeout_s=0.0))
            except Timeout:
                whom = _read_holder(holder)
                with reporter.step(f"Waiting for {whom}"):
                    try:
                        stack.enter_context(self._held(lock, timeout_s=timeout_s))
                    except Timeout as exc:
                        raise StoreError(
                            f"Waited {timeout_s} s for {_read_holder(holder)}.",
                            hint="Wait longer, or end that process: its lock goes with it.",
                            lock=self._lock_path(name),
                            holder=_read_holder(holder),
                        ) from exc
            _write_holder(holder, doing)
            yield

    @contextlib.contextmanager
    def _held(self, lock: FileLock, *, timeout_s: float | None = None) -> Iterator[None]:
        try:
            if timeout_s is None:
                lock.acquire()
            else:
                lock.acquire(timeout=timeout_s)
        except OSError as exc:
            if isinstance(exc, Timeout):  # filelock's Timeout is a TimeoutError, hence an OSError
                raise
            _fail("lock", self.directory, exc)
        try:
            yield
        finally:
            lock.release()

    def _prepare(self) -> None:
        try:
            (self.directory / _LOCKS).mkdir(parents=True, exist_ok=True)
            (self.directory / verified.RECORDS).mkdir(exist_ok=True)
            ignore = self.directory / ".gitignore"
            if not ignore.exists():
                ignore.write_text("# Snapshots are made, not committed.\n*\n", encoding="utf-8")
        except OSError as exc:
            _fail("write", self.directory, exc)

    def _entries(self) -> list[Path]:
        return self._list(_is_entry)

    def _leftovers(self) -> list[Path]:
        return self._list(lambda path: path.name.startswith(_TEMPORARY))

    def _list(self, wanted: Callable[[Path], bool]) -> list[Path]:
        try:
            return sorted(path for path in self.directory.iterdir() if wanted(path) and path.is_dir())
        except FileNotFoundError:
            return []
        except OSError as exc:
            _fail("read", self.directory, exc)

    def _is_directory(self, path: Path) -> bool:
        try:
            return path.is_dir()
        except OSError as exc:
            _fail("read", self.directory, exc)

    def _lock_path(self, name: str) -> Path:
        return self.directory / _LOCKS / f"{name}.lock"


def open_store(settings: Settings) -> Store:
    """Return the store that the settings describe; nothing is connected to before it is used."""
    from iris_devtools.snapshots.sharing import SharedStore

    shared = (
        SharedStore(settings.shared_store, read_only=settings.shared_store_readonly)
        if settings.shared_store
        else None
    )
    return Store(
        settings.store,
        compression=settings.compression_level or None,
        delta=settings.delta,
        shared=shared,
    )


def _discard(lock: Path) -> None:
    # On a read-only disk even a file that is not there cannot be deleted; what failed before is the error.
    with contextlib.suppress(OSError):
        lock.unlink()


def _remove(entry: Path) -> None:
    """Take the entry from its name at once, then from the disk; a half deleted one is never visible."""
    doomed = entry.with_name(f"{_TEMPORARY}deleted-{secrets.token_hex(8)}")
    entry.rename(doomed)
    if doomed.is_symlink():
        doomed.unlink()
    else:
        shutil.rmtree(doomed)


def _open_entry(directory: Path) -> Snapshot | BrokenEntry:
    try:
        return open_snapshot(directory)
    except ManifestError as error:
        return BrokenEntry(directory, error)


def _is_entry(path: Path) -> bool:
    return bool(path.name) and not path.name.startswith(".")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_holder(path: Path, doing: str) -> None:
    # Only a courtesy to those who wait: it must never fail the work, and a reader copes with half a line.
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.time(), "doing": doing}
    with contextlib.suppress(OSError):
        path.write_text(json.dumps(holder), encoding="utf-8")


def _read_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
        since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
        return f"process {holder['pid']} on {holder['host']}, which {holder['doing']} (since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _fail(verb: str, path: Path, error: OSError) -> NoReturn:
    raise StoreError(
        f"Cannot {verb} the snapshot store {path}: {error.strerror or error}.",
        hint="Make the directory writable and see that the disk has room, "
        "or name another one: store in [tool.iris-devtools], or IRIS_DEVTOOLS_STORE.",
        path=path,
        errno=error.errno,
    ) from error
