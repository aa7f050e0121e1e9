"""Exchange the database files of a namespace for copies of staged ones, each step of which can be taken back.

What the copies need is done beforehand, while the old databases are still mounted; that may be long before
the exchange, for a namespace that is restored again and again (see :mod:`iris_devtools.snapshots.rewind`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from iris_devtools.admin import DATABASE_FILE, Admin
from iris_devtools.admin.databases import NEXT_FILE, PREVIOUS_FILE
from iris_devtools.errors import AdministrationError, ChecksumError, IrisDevtoolsError, SnapshotError
from iris_devtools.snapshots.key import RevisionKey
from iris_devtools.snapshots.manifest import Manifest, Role

__all__ = ["Exchange", "Staged", "StagedFile"]


@dataclass(frozen=True)
class StagedFile:
    """One file of a snapshot on the server's disk."""

    role: Role
    directory: str
    name: str
    size: int

    @property
    def path(self) -> str:
        """Return where it is on the server."""
        return self.directory + self.name


@dataclass(frozen=True)
class Staged:
    """A snapshot on the server's disk: keep it, and pass it to
    :func:`iris_devtools.snapshots.restore.instantiate` as often as you like.
    """

    manifest: Manifest
    files: tuple[StagedFile, ...]
    seconds: float

    @property
    def key(self) -> RevisionKey:
        """Return the key of the snapshot."""
        return self.manifest.key

    @property
    def size(self) -> int:
        """Return the bytes of all its files together."""
        return sum(file.size for file in self.files)


class Exchange:
    """One exchange of all files of one namespace: :meth:`prepare`, then :meth:`carry_out`, once each."""

    def __init__(self, admin: Admin, staged: Staged, *, namespace: str, name: str = NEXT_FILE) -> None:
        """Find the databases of the namespace; nothing is changed. ``name`` is that of the copies.

        Raises:
            SnapshotError: the namespace has another number of databases than the snapshot.
            AdministrationError: there is no such namespace.

        """
        self._namespace = namespace
        self._swaps = [
            _Swap(admin, directory, file, name)
            for directory, file in _pair(admin.database_directories(namespace), staged, namespace)
        ]
        self._admin = admin

    def prepare(self) -> None:
        """Put the copies beside the databases; after a failure none is left there.

        What a restore that was killed left behind is mended.

        Raises:
            ChecksumError: fewer bytes arrived than the staged file has.
            AdministrationError: the server cannot copy.

        """
        try:
            for swap in self._swaps:
                swap.prepare()
        except IrisDevtoolsError:
            self.discard()
            raise

    def discard(self) -> None:
        """Delete the copies that :meth:`prepare` made."""
        for swap in self._swaps:
            swap.discard()

    def carry_out(self) -> None:
        """Dismount, exchange, and mount. When a step fails, the old files are put back and mounted.

        Raises:
            AdministrationError: the server refuses a step. The namespace holds what it held, or the message
                says how to mend it.

        """
        try:
            for swap in self._swaps:
                swap.dismount()
            for swap in self._swaps:
                swap.exchange()
            for swap in self._swaps:
                self._admin.mount(swap.directory)
        except BaseException as error:
            _put_back(self._swaps, self._namespace, error)
            raise
        for swap in self._swaps:
            swap.finish()


class _Swap:
    """The exchange of one database's file."""

    def __init__(self, admin: Admin, directory: str, file: StagedFile, name: str) -> None:
        self._admin = admin
        self._file = file
        self.directory = directory
        self._current = directory + DATABASE_FILE
        self._next = directory + name
        self._previous = directory + PREVIOUS_FILE
        self.has_old_file = True

    def prepare(self) -> None:
        """Put the copy beside the database, and mend what a restore that was killed left behind."""
        if not self._admin.file_exists(self._current):
            self.has_old_file = self._admin.file_exists(self._previous)
            if self.has_old_file:
                self._admin.rename(self._previous, self._current)
        self._admin.copy(self._file.path, self._next)
        size = self._admin.file_size(self._next)
        if size != self._file.size:
            raise ChecksumError(
                f"Only {size} of {self._file.size} bytes of {self._file.path} were copied; "
                "nothing was exchanged.",
                hint="Check the free space of the server's disk.",
                path=self._next,
                expected=self._file.size,
                found=size,
            )

    def discard(self) -> None:
        self._admin.delete(self._next)

    def dismount(self) -> None:
        if self.has_old_file:
            self._admin.dismount(self.directory)

    def exchange(self) -> None:
        if self.has_old_file:
            self._admin.rename(self._current, self._previous)
        self._admin.rename(self._next, self._current)

    def put_back(self) -> None:
        """Return to the old file, from wherever the exchange stopped, and mount it."""
        if self.has_old_file and self._admin.file_exists(self._previous):
            if self._admin.file_exists(self._current):
                self._admin.dismount(self.directory)
            self._admin.rename(self._previous, self._current)
        if self.has_old_file:
            self._admin.mount(self.directory)
        self.discard()

    def finish(self) -> None:
        if self.has_old_file:
            self._admin.delete(self._previous)


def _put_back(swaps: Sequence[_Swap], namespace: str, error: BaseException) -> None:
    failed: dict[str, IrisDevtoolsError] = {}
    for swap in swaps:
        try:
            swap.put_back()
        except IrisDevtoolsError as failure:  # noqa: PERF203 - one that fails must not keep the others down
            failed[swap.directory] = failure
    if failed:
        first = next(iter(failed.values()))
        commands = "; ".join(f'##class(SYS.Database).MountDatabase("{directory}")' for directory in failed)
        raise AdministrationError(
            f"The restore into {namespace} failed ({error}), and its old database could not be put back: "
            f"{first.message}",
            hint=f"In each directory rename {PREVIOUS_FILE} to {DATABASE_FILE} if it is there; then run in "
            f"%SYS: {commands}. Or restore again.",
            namespace=namespace,
            directories=tuple(failed),
            call=first.facts.get("call"),
            status=first.facts.get("status", first.message),
            code=first.facts.get("code"),
        ) from error
    if isinstance(error, IrisDevtoolsError):
        held = all(swap.has_old_file for swap in swaps)
        state = (
            f"{namespace} holds its former database again." if held else f"{namespace} has no database now."
        )
        error.hint = f"{error.hint} {state}".strip()


def _pair(
    directories: Sequence[tuple[Role, str]], staged: Staged, namespace: str
) -> list[tuple[str, StagedFile]]:
    files = {file.role: file for file in staged.files}
    if sorted(files) != sorted(role for role, _ in directories):
        raise SnapshotError(
            f"The snapshot {staged.key.name} has {_shape(list(files))}, but {namespace} has "
            f"{_shape([role for role, _ in directories])}; nothing was changed.",
            hint="Restore it into a namespace that was made the same way: CREATE DATABASE makes two "
            "databases, the namespaces of iris-devtools have one.",
            namespace=namespace,
            snapshot_roles=tuple(files),
            namespace_roles=tuple(role for role, _ in directories),
        )
    return [(directory, files[role]) for role, directory in directories]


def _shape(roles: Sequence[Role]) -> str:
    if len(roles) == 1:
        return "one database for rows and classes"
    return "one database for rows and another for classes"
