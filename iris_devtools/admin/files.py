"""Files on the server's disk, handled by the server, and their way there and back."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iris_devtools.admin.courier import Courier
from iris_devtools.admin.link import Linked, RemoteObject
from iris_devtools.admin.status import administration_error
from iris_devtools.errors import AdministrationError, ChecksumError, ServerError

__all__ = ["PIECE_BYTES", "Files", "ProgressCallback", "Transfer"]

PIECE_BYTES = 1_000_000
"""How much goes over the wire at once; safely below the longest string of IRIS (iris-facts 4)."""

ProgressCallback = Callable[[int], None]
"""Called with the number of bytes just moved (``Step.advance`` of :mod:`iris_devtools.progress`)."""

_FILE = "%Library.File"
_MODE = 0o660
"""The group of the server's processes must read and write a database file (iris-facts 2.5)."""
_MODE_FOR_ALL = 0o644
"""In a shared directory the server's user is a stranger, who makes the copies that become databases."""


@dataclass(frozen=True)
class Transfer:
    """What an upload or a download moved."""

    size: int
    sha256: str
    seconds: float


class Files(Linked):
    """What the server does with files, all of it as the server's own user (iris-facts 4).

    Remote paths are the server's. Copies are made by the server itself, so that owner and mode are right.
    """

    def file_exists(self, path: str) -> bool:
        """Tell whether there is a file at ``path``."""
        return self._true("Exists", path, repeatable=True)

    def directory_exists(self, path: str) -> bool:
        """Tell whether there is a directory at ``path``."""
        return self._true("DirectoryExists", path, repeatable=True)

    def file_size(self, path: str) -> int:
        """Return the size of a file in bytes.

        Raises:
            AdministrationError: there is no such file.

        """
        size = int(self._link.value(_FILE, "GetFileSize", path, repeatable=True) or 0)
        if size < 0:
            raise _refused(f"read the size of {path}", "GetFileSize", path)
        return size

    def sha256(self, path: str) -> str:
        """Return the SHA-256 of a file as 64 hexadecimal digits.

        The server computes it; one that cannot (older releases lack the method) has the file read over the
        wire.
        """
        if self._link.target.local_files:
            return _hash_of(_pieces_of(Path(path)))
        try:
            answer = self._link.value(_FILE, "GetFileSHA256Hash", path, repeatable=True)
        except AdministrationError as error:
            if "<METHOD DOES NOT EXIST>" not in error.facts["status"]:
                raise
            return _hash_of(self._read(path))
        digest = _as_hexadecimal(answer)
        if digest is None:
            raise _refused(f"compute the SHA-256 of {path}", "GetFileSHA256Hash", path)
        return digest

    def copy(self, source: str, target: str) -> None:
        """Copy a file on the server to a new file; one that was there is replaced (iris-facts 4, 11 step 7).

        The old file is deleted first, so the copy is a file of its own with the server's owner. After a
        failure ``target`` may be missing or incomplete.

        Raises:
            AdministrationError: the server cannot read, or cannot write, or the disk is full.

        """
        if not self._true("CopyFile", source, target, 1, repeatable=True):
            raise _refused(f"copy {source} to {target}", "CopyFile", source, target)

    def rename(self, source: str, target: str) -> None:
        """Rename a file on the server; one that was there is replaced (iris-facts 4).

        Raises:
            AdministrationError: the server refuses; the source is as it was then.

        """
        if self._true("Rename", source, target, repeatable=False):
            return
        # A server that does not replace: the old file is deleted first.
        if not self.file_exists(source):
            raise _refused(f"rename {source} to {target}", "Rename", source, target)
        self.delete(target)
        if not self._true("Rename", source, target, repeatable=False):
            raise _refused(f"rename {source} to {target}", "Rename", source, target)

    def delete(self, path: str) -> bool:
        """Delete a file; False when there is none.

        Raises:
            AdministrationError: the file is still there.

        """
        if self._true("Delete", path, repeatable=True):
            return True
        if self.file_exists(path):
            raise _refused(f"delete {path}", "Delete", path)
        return False

    def make_directories(self, path: str) -> None:
        """Make a directory and its parents, unless they are there.

        Raises:
            AdministrationError: the server may not, or a file is in the way.

        """
        if not self._true("CreateDirectoryChain", path, repeatable=True) and not self.directory_exists(path):
            raise _refused(f"make the directory {path}", "CreateDirectoryChain", path)

    def remove_directory(self, path: str) -> bool:
        """Remove an empty directory; False when it is not empty, or not there."""
        return self._true("RemoveDirectory", path, repeatable=True)

    def remove_tree(self, path: str) -> None:
        """Remove a directory and everything below it, unless it is gone already.

        Raises:
            AdministrationError: something could not be removed.

        """
        if self.directory_exists(path) and not self._true("RemoveDirectoryTree", path, repeatable=True):
            raise _refused(f"remove the directory {path}", "RemoveDirectoryTree", path)

    def upload(self, local: Path, remote: str, *, progress: ProgressCallback | None = None) -> Transfer:
        """Bring a local file to the server (iris-facts 4: %Stream.FileBinary, written by the server's own
        user).

        The file travels in pieces to ``<remote>.part`` and gets its name when it is complete, so ``remote``
        never holds half a file; what was there before stays until then. A server that shares our file system
        gets a plain copy. Where the server has a courier, that carries a file which is worth it, and the
        server computes its SHA-256 afterwards.

        Raises:
            AdministrationError: the server cannot write it; the part is deleted.
            ChecksumError: not every byte arrived as it was sent; the part is deleted.
            OSError: the local file cannot be read.

        """
        size = local.stat().st_size
        return self.write(remote, _pieces_of(local), source=local, size=size, progress=progress)

    def write(
        self,
        remote: str,
        pieces: Iterable[bytes],
        *,
        source: Path,
        size: int | None = None,
        progress: ProgressCallback | None = None,
    ) -> Transfer:
        """Write a file on the server as :meth:`upload` does, from pieces; ``source`` is for messages.

        A courier has to know the ``size`` beforehand; without it the pieces go over the connection. What the
        pieces raise comes through, and the part is deleted.
        """
        started = time.perf_counter()
        part = remote + ".part"
        counted = _Counted(pieces, progress)
        courier = None if size is None or self._shared(part) else self._courier(size)
        try:
            if courier is not None and size is not None:
                self._send(courier, part, counted, size=size)
            else:
                with self._writer(part) as write:
                    for piece in counted:
                        write(piece)
            arrived = self.file_size(part)
            if arrived != counted.size:
                raise ChecksumError(
                    f"Only {arrived} of {counted.size} bytes of {source} arrived at {part}.",
                    hint="Check the free space of the server's disk, and try again.",
                    path=str(source),
                    expected=counted.size,
                    found=arrived,
                )
            if courier is not None:
                self._verify(part, counted)
            self.rename(part, remote)
        except BaseException:
            self._discard(part)
            raise
        return Transfer(counted.size, counted.sha256, time.perf_counter() - started)

    def download(self, remote: str, local: Path, *, progress: ProgressCallback | None = None) -> Transfer:
        """Bring a file of the server here (iris-facts 4).

        It is written to ``<local>.part`` and gets its name when it is complete; what was there before stays
        until then.

        Raises:
            AdministrationError: the server cannot read it.
            ChecksumError: not every byte arrived as the file has it.
            OSError: the local file cannot be written.

        """
        started = time.perf_counter()
        expected = self.file_size(remote)
        part = local.with_name(local.name + ".part")
        courier = self._courier(expected)
        counted = _Counted(self.read(remote) if courier is None else courier.fetch(remote), progress)
        try:
            with part.open("wb") as file, self._explained(f"read {remote}", remote):
                for piece in counted:
                    file.write(piece)
            if counted.size != expected:
                raise ChecksumError(
                    f"Only {counted.size} of {expected} bytes of {remote} arrived.",
                    hint="The file changed or the connection broke: dismount the database before it is read.",
                    path=remote,
                    expected=expected,
                    found=counted.size,
                )
            if courier is not None:
                self._verify(remote, counted)
            part.replace(local)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return Transfer(counted.size, counted.sha256, time.perf_counter() - started)

    def read(self, remote: str) -> Iterator[bytes]:
        """Yield the content of a file of the server in pieces.

        Raises:
            AdministrationError: the server cannot read it.
            ChecksumError: a courier brought other bytes than the server has read, said after the last piece.
            OSError: a server that shares our file system lets us not read it.

        """
        if self._link.target.local_files:
            return _pieces_of(Path(remote))
        courier = self._courier(self.file_size(remote)) if self._link.target.courier else None
        return self._read(remote) if courier is None else self._fetch(courier, remote)

    @property
    def shared_directory(self) -> str | None:
        """Return the server's name of a directory to which files get without a transfer, if it has one."""
        courier = self._link.target.courier
        return courier.shared.remote if courier is not None and courier.shared is not None else None

    def _shared(self, path: str) -> Path | None:
        courier = self._link.target.courier
        return courier.shared.find(path) if courier is not None and courier.shared is not None else None

    def _courier(self, size: int) -> Courier | None:
        target = self._link.target
        if target.local_files or target.courier is None or not target.courier.takes(size):
            return None
        return target.courier

    def _send(self, courier: Courier, part: str, pieces: Iterable[bytes], *, size: int) -> None:
        with self._explained(f"write {part}", part):
            courier.send(part, pieces, size=size)

    def _fetch(self, courier: Courier, remote: str) -> Iterator[bytes]:
        counted = _Counted(courier.fetch(remote), None)
        with self._explained(f"read {remote}", remote):
            yield from counted
        self._verify(remote, counted)

    @staticmethod
    @contextlib.contextmanager
    def _explained(wanted: str, path: str) -> Iterator[None]:
        """Turn what a courier meets into an error of administration, as the connection's own are."""
        try:
            yield
        except AdministrationError:
            raise
        except ServerError as error:
            raise administration_error(
                wanted, error.message, call="an archive of the container", paths=(path,)
            ) from error

    def _verify(self, path: str, counted: _Counted) -> None:
        found = self.sha256(path)
        if found != counted.sha256:
            raise ChecksumError(
                f"{path} on the server and what was copied differ.",
                hint="Something wrote to one of them meanwhile, or the disk is full: try again.",
                path=path,
                expected=counted.sha256,
                found=found,
            )

    def _writer(self, path: str) -> _LocalWriter | _RemoteWriter:
        if self._link.target.local_files:
            return _LocalWriter(Path(path), mode=_MODE)
        if (shared := self._shared(path)) is not None:
            shared.unlink(missing_ok=True)
            return _LocalWriter(shared, mode=_MODE_FOR_ALL)
        self.delete(path)
        return _RemoteWriter(self._stream(path), path)

    def _read(self, path: str) -> Iterator[bytes]:
        if not self.file_exists(path):
            raise _refused(f"read {path}", "Exists", path)
        with self._stream(path) as stream:
            left = int(stream.get("Size") or 0)
            while left > 0:
                piece = stream.invoke_bytes("Read", min(PIECE_BYTES, left))
                if not piece:
                    return
                left -= len(piece)
                yield piece

    def _stream(self, path: str) -> RemoteObject:
        stream = self._link.object("%Stream.FileBinary", "%New")
        if stream is None:
            raise _refused(f"open {path}", "%New", path)
        stream.check(f"open {path}", "LinkToFile", path)
        return stream

    def _discard(self, path: str) -> None:
        # The upload has failed for a reason of its own, which must not be hidden by a second failure.
        try:
            self.delete(path)
        except AdministrationError as error:
            import logging

            logging.getLogger(__name__).warning("%s is left on the server: %s", path, error.message)

    def _true(self, method: str, *arguments: Any, repeatable: bool) -> bool:
        # These methods return 1 or 0, not a %Status (iris-facts 4).
        return bool(int(self._link.value(_FILE, method, *arguments, repeatable=repeatable) or 0))


class _Counted:
    """Pieces on their way: counted, hashed and reported as they pass."""

    def __init__(self, pieces: Iterable[bytes], progress: ProgressCallback | None) -> None:
        self._pieces = pieces
        self._progress = progress
        self._digest = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield piece
            self._digest.update(piece)
            self.size += len(piece)
            if self._progress is not None:
                self._progress(len(piece))

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()


class _RemoteWriter:
    def __init__(self, stream: RemoteObject, path: str) -> None:
        self._stream = stream
        self._path = path
        self._written = False

    def __enter__(self) -> Callable[[bytes], None]:
        return self._write

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._stream:
            if error is None:
                if not self._written:
                    # A stream that was never written to makes no file.
                    self._write(b"")
                self._stream.check(f"write {self._path}", "%Save")

    def _write(self, piece: bytes) -> None:
        self._written = True
        self._stream.check(f"write {self._path}", "Write", piece)


class _LocalWriter:
    def __init__(self, path: Path, *, mode: int) -> None:
        self._file = path.open("wb")
        self._mode = mode

    def __enter__(self) -> Callable[[bytes], object]:
        os.fchmod(self._file.fileno(), self._mode)
        return self._file.write

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            yield piece


def _hash_of(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _as_hexadecimal(answer: Any) -> str | None:
    """Read a SHA-256 in the forms a server may give: 32 bytes, 64 hexadecimal digits, or Base64.

    The class reference names the method and not the form of its result (iris-facts 4).
    """
    raw = answer if isinstance(answer, bytes) else str(answer or "").encode("latin-1", "replace")
    if len(raw) == 32:
        return raw.hex()
    text = raw.decode("ascii", "replace").strip()
    try:
        if len(text) == 64:
            return binascii.unhexlify(text).hex()
        decoded = base64.b64decode(text, validate=True)
    except ValueError:
        return None
    return decoded.hex() if len(decoded) == 32 else None


def _refused(wanted: str, method: str, *paths: str) -> AdministrationError:
    shown = ", ".join(f'"{path}"' for path in paths)
    error = administration_error(
        wanted,
        "the server's file system refused.",
        call=f"{_FILE}.{method}({shown})",
        paths=paths,
    )
    error.hint = (
        "Check that the path exists, that the server's user may use it, and the free space of its disk."
    )
    return error
