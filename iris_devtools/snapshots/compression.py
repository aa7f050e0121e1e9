"""Database files as a snapshot keeps them: plain, or with zstd; hashed in the same pass.

The SHA-256 is always that of the data, whatever the form they are kept in, so the two forms of a file are
known to be the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import zstandard

from iris_devtools.errors import StoreError
from iris_devtools.snapshots.manifest import Compression

__all__ = ["PIECE_BYTES", "SUFFIX", "DamagedFileError", "FileWriter", "read_pieces"]

PIECE_BYTES = 1_000_000
"""How much is in memory at once."""

SUFFIX = ".zst"
"""What the name of a compressed file ends with."""

_WORKERS = min(4, os.cpu_count() or 1)


class DamagedFileError(Exception):
    """The bytes cannot be what was written; the text completes "it ..."."""


class FileWriter:
    """Write one database file: hash the data, compress them where ``level`` says so, count both.

    Use it as a context manager; :attr:`sha256`, :attr:`size` and :attr:`stored_size` hold afterwards. Raises
    StoreError when the disk refuses, a full one included; what is half written is the caller's to remove.
    """

    def __init__(self, path: Path, *, level: int | None, size: int = -1) -> None:
        self.path = path
        self.size = 0
        self.stored_size = 0
        self._digest = hashlib.sha256()
        # Several workers, because the database is dismounted while this runs.
        self._compressor = (
            zstandard.ZstdCompressor(level=level, write_checksum=True, threads=_WORKERS).compressobj(
                size=size
            )
            if level is not None
            else None
        )

    @property
    def compression(self) -> Compression:
        """Return the form that the file is written in."""
        return "zstd" if self._compressor else "none"

    @property
    def sha256(self) -> str:
        """Return the SHA-256 of the data written so far."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Add a piece of the data."""
        self._digest.update(piece)
        self.size += len(piece)
        self._store(self._compressor.compress(piece) if self._compressor else piece)

    def __enter__(self) -> FileWriter:
        try:
            self._file = self.path.open("wb", buffering=0)
        except OSError as exc:
            raise self._refused(exc) from exc
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None and self._compressor:
                self._store(self._compressor.flush())
        finally:
            try:
                self._file.close()
            except OSError as exc:
                raise self._refused(exc) from exc

    def _store(self, piece: bytes) -> None:
        view = memoryview(piece)
        self.stored_size += len(view)
        try:
            # Unbuffered, so that a full disk shows here and not in a later close; a write may be a short one.
            while view:
                view = view[self._file.write(view) :]
        except OSError as exc:
            raise self._refused(exc) from exc

    def _refused(self, error: OSError) -> StoreError:
        return StoreError(
            f"Cannot write {self.path}: {error.strerror or error}.",
            hint="See that the disk has room and the directory can be written, or choose another store: "
            "store in [tool.iris-devtools], or IRIS_DEVTOOLS_STORE.",
            path=self.path,
            errno=error.errno,
        )


def read_pieces(path: Path, *, compression: Compression, size: int) -> Iterator[bytes]:
    """Yield the data of a file in pieces; never more than ``size`` bytes of them, whatever the file says.

    Raises:
        DamagedFileError: it is not zstd, ends too early, or holds more than ``size`` bytes.
        OSError: it cannot be read.

    """
    seen = 0
    with path.open("rb") as stream:
        if compression == "zstd":
            try:
                with zstandard.ZstdDecompressor().stream_reader(
                    stream, read_size=PIECE_BYTES, read_across_frames=False
                ) as reader:
                    while piece := reader.read(PIECE_BYTES):
                        seen += len(piece)
                        if seen > size:
                            break
                        yield piece
            except zstandard.ZstdError as exc:
                raise DamagedFileError(f"cannot be decompressed: {exc}") from exc
        else:
            while piece := stream.read(PIECE_BYTES):
                seen += len(piece)
                if seen > size:
                    break
                yield piece
    if seen != size:
        what = "more than" if seen > size else f"{seen} bytes of data instead of"
        raise DamagedFileError(f"holds {what} {size}{' bytes of data' if seen > size else ''}")
