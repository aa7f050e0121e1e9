"""Files into and out of a container, as archive streams: hashed in the same pass, verified on the other side.

An archive is read by the engine, not by the server: owner and mode are what its headers say, so they say what
the server's own files have (iris-facts 2.5, 12.1). No file is ever whole in memory.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from iris_devtools.admin.files import ProgressCallback, Transfer
from iris_devtools.errors import ChecksumError, ServerError
from iris_devtools.servers.container.engine import translated

__all__ = ["get_file", "put_file", "read_archive", "send_archive"]

_OWNER_ID = 51773
_OWNER = "irisowner"
_MODE = 0o660
_PIECE_BYTES = 1 << 18
_BLOCK_BYTES = 512


def put_file(
    container: Any, local: Path, remote: str, *, progress: ProgressCallback | None = None
) -> Transfer:
    """Bring a local file into a container, owned by irisowner with mode 0660.

    It gets its name when it is complete and verified there; after a failure ``remote`` is what it was before.

    Raises:
        ChecksumError: not every byte arrived as it was sent.
        ServerError: the engine or the container refuses: no such directory, a full disk.
        OSError: the local file cannot be read.

    """
    started = time.perf_counter()
    size = local.stat().st_size
    part = f"{remote}.part"
    digest = hashlib.sha256()
    try:
        with local.open("rb") as file:
            send_archive(container, part, _counted(_pieces_of(file), digest, progress), size=size)
        _verify(container, part, size=size, sha256=digest.hexdigest(), local=local)
        _as_owner(container, ["mv", "-f", "--", part, remote], f"name {remote}")
    except BaseException:
        # The failure is what counts; a container that is gone has no part left to remove.
        _discard(container, part)
        raise
    return Transfer(size, digest.hexdigest(), time.perf_counter() - started)


def get_file(
    container: Any, remote: str, local: Path, *, progress: ProgressCallback | None = None
) -> Transfer:
    """Bring a file of a container here; it gets its name when it is complete and verified.

    Raises:
        ChecksumError: not every byte arrived as it is there.
        ServerError: there is no such file, or the engine refuses.
        OSError: the local file cannot be written.

    """
    started = time.perf_counter()
    part = local.with_name(f"{local.name}.part")
    digest = hashlib.sha256()
    size = 0
    try:
        with part.open("wb") as target:
            for piece in _counted(read_archive(container, remote), digest, progress):
                target.write(piece)
                size += len(piece)
        _verify(container, remote, size=size, sha256=digest.hexdigest(), local=local)
        part.replace(local)
    finally:
        part.unlink(missing_ok=True)
    return Transfer(size, digest.hexdigest(), time.perf_counter() - started)


def send_archive(container: Any, remote: str, pieces: Iterable[bytes], *, size: int) -> None:
    """Write a file of exactly ``size`` bytes into a container, owned by irisowner with mode 0660.

    After a failure a part of it may be there. Nothing is verified: the engine answers before the disk does.

    Raises:
        ChecksumError: there are more or fewer bytes than ``size``.
        ServerError: the engine refuses, or what the file is to be in is not there.

    """
    with translated(f"write {remote} in {container.name}", path=remote):
        stream = _archive(pieces, posixpath.basename(remote), size, remote)
        container.put_archive(posixpath.dirname(remote) or "/", stream)


def read_archive(container: Any, remote: str) -> Iterator[bytes]:
    """Yield the content of a file of a container.

    Raises:
        ChecksumError: the archive ended half-way.
        ServerError: there is no such file, or the engine refuses.

    """
    try:
        with translated(f"read {remote} in {container.name}", path=remote):
            pieces, _ = container.get_archive(remote, chunk_size=_PIECE_BYTES)
            with tarfile.open(fileobj=_Stream(pieces), mode="r|", bufsize=_PIECE_BYTES) as archive:
                source = _only_file(archive, remote)
                while piece := source.read(_PIECE_BYTES):
                    yield piece
    except tarfile.TarError as error:
        raise ChecksumError(
            f"The archive of {remote} from {container.name} ended half-way: {error}",
            hint="Did the container stop? Try again.",
            path=remote,
        ) from error


def _archive(pieces: Iterable[bytes], name: str, size: int, remote: str) -> Iterator[bytes]:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, _MODE
    header.uid = header.gid = _OWNER_ID
    header.uname = header.gname = _OWNER
    header.mtime = int(time.time())
    yield header.tobuf(tarfile.GNU_FORMAT)
    left = size
    for piece in pieces:
        left -= len(piece)
        if left < 0:
            break
        yield piece
    if left:
        # Before the end of the archive: the engine must not take it for a whole one.
        raise ChecksumError(
            f"What is sent to {remote} became {'shorter' if left > 0 else 'longer'} while it was read: "
            f"{abs(left)} bytes {'are missing' if left > 0 else 'too many'}.",
            hint="Dismount the database, or close what writes the file, before it is copied.",
            path=remote,
        )
    yield b"\0" * (-size % _BLOCK_BYTES + 2 * _BLOCK_BYTES)


def _pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE_BYTES):
        yield piece


def _counted(pieces: Iterable[bytes], digest: Any, progress: ProgressCallback | None) -> Iterator[bytes]:
    for piece in pieces:
        digest.update(piece)
        if progress is not None:
            progress(len(piece))
        yield piece


def _only_file(archive: tarfile.TarFile, remote: str) -> IO[bytes]:
    member = archive.next()
    source = archive.extractfile(member) if member is not None and member.isfile() else None
    if source is None:
        raise ServerError(f"{remote} is not a file.", hint="Name a file, not a directory.", path=remote)
    return source


def _verify(container: Any, remote: str, *, size: int, sha256: str, local: Path) -> None:
    answer = _as_owner(container, ["sha256sum", "--", remote], f"read {remote}")
    found = answer.split(" ", 1)[0].lstrip("\\")
    if found != sha256:
        raise ChecksumError(
            f"{remote} in {container.name} and {local} differ after the copy.",
            hint="Something wrote to one of them meanwhile, or the disk is full: try again.",
            path=remote,
            expected=sha256,
            found=found,
            size=size,
        )


def _as_owner(container: Any, command: list[str], wanted: str) -> str:
    with translated(f"{wanted} in {container.name}"):
        code, output = container.exec_run(command, user=_OWNER)
    text = (output or b"").decode(errors="replace").strip()
    if code:
        raise ServerError(
            f"Cannot {wanted} in {container.name}: {text}",
            hint=f"The user {_OWNER} must be able to read and write there; check the owner of the directory.",
            exit_code=code,
        )
    return text


def _discard(container: Any, part: str) -> None:
    import logging

    try:
        _as_owner(container, ["rm", "-f", "--", part], f"remove {part}")
    except ServerError as error:
        logging.getLogger(__name__).warning("%s may be left: %s", part, error.message)


class _Stream(io.RawIOBase):
    """The pieces of a response as a file that is read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._left) < size and (piece := next(self._pieces, b"")):
            self._left += piece
        taken, self._left = self._left[:size], self._left[size:]
        return taken
