"""A database file as what differs from the file that it was made from: the blocks that changed, with zstd.

::

    frame = zstd(run*)
    run   = same, fresh (two unsigned 32-bit numbers, big-endian), then ``fresh`` blocks of data

Both files are read in step: ``same`` blocks are those of the base at this place, ``fresh`` ones are written
out. A migration touches few blocks of a file, and neither IRIS (8 KB) nor the stand-in (4 KB) moves the
others, so comparing block by block finds all there is to find, in a memory that does not grow with the file.
(zstd's own patch-from has to hold the whole base in memory, and its Python package has no way to ask for it.)
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO

import zstandard

from iris_devtools.snapshots.compression import DamagedFileError, FileWriter

__all__ = ["BLOCK_BYTES", "MAX_DEPTH", "SUFFIX", "read_delta", "write_delta"]

BLOCK_BYTES = 4096
"""The unit of comparison: what the stand-in writes at once, and half of what IRIS does."""

MAX_DEPTH = 4
"""How many files at most have to be read, one on top of the other, below one that is a difference."""

SUFFIX = ".delta"
"""What the name of a file ends with that is a difference."""

_RUN = struct.Struct(">II")
_RUN_BLOCKS = 256


def write_delta(
    path: Path, pieces: Iterable[bytes], base: Iterable[bytes], *, level: int, limit: int
) -> int | None:
    """Write to ``path`` what the data of ``pieces`` have that the base has not; return how many bytes that
    is.

    None, with nothing left at ``path``, as soon as it is more than ``limit`` bytes. Raises StoreError when
    the disk refuses.
    """
    with FileWriter(path, level=level) as out:
        for same, fresh in _runs(_blocks(pieces), _blocks(base)):
            out.write(_RUN.pack(same, len(fresh)) + b"".join(fresh))
            if out.stored_size > limit:
                break
    if out.stored_size > limit:
        path.unlink()
        return None
    return out.stored_size


def read_delta(path: Path, base: Iterable[bytes], *, size: int) -> Iterator[bytes]:
    """Yield the data that :func:`write_delta` was given, ``size`` bytes, whatever the file says.

    Raises:
        DamagedFileError: it is not zstd, ends too early, or asks for more than there is.
        OSError: it cannot be read.

    """
    missing = size
    old = _blocks(base)
    with path.open("rb") as stream:
        try:
            with zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=False) as reader:
                while missing:
                    same, fresh = _RUN.unpack(_read(reader, _RUN.size))
                    if not same and not fresh:
                        raise DamagedFileError("has a run of no blocks")
                    for number in range(same + fresh):
                        block = next(old, b"")
                        if number >= same:
                            block = _read(reader, min(BLOCK_BYTES, missing))
                        if not block or len(block) > missing:
                            raise DamagedFileError(f"does not make {size} bytes of data")
                        missing -= len(block)
                        yield block
                if reader.read(1):
                    raise DamagedFileError(f"holds more than {size} bytes of data")
        except zstandard.ZstdError as exc:
            raise DamagedFileError(f"cannot be decompressed: {exc}") from exc


def _runs(new: Iterator[bytes], old: Iterator[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    same = 0
    fresh: list[bytes] = []
    for block, before in zip_longest(new, old, fillvalue=b""):
        if not block:
            break
        if block == before:
            if fresh:
                yield same, fresh
                same, fresh = 0, []
            same += 1
        else:
            fresh.append(block)
            if len(fresh) == _RUN_BLOCKS:
                yield same, fresh
                same, fresh = 0, []
    if same or fresh:
        yield same, fresh


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Cut pieces of any size into blocks; only the last one may be shorter."""
    rest = b""
    for piece in pieces:
        data = rest + piece if rest else piece
        whole = len(data) - len(data) % BLOCK_BYTES
        for start in range(0, whole, BLOCK_BYTES):
            yield data[start : start + BLOCK_BYTES]
        rest = data[whole:]
    if rest:
        yield rest


def _read(reader: IO[bytes], size: int) -> bytes:
    data = reader.read(size)
    while len(data) < size:
        more = reader.read(size - len(data))
        if not more:
            raise DamagedFileError("ends too early")
        data += more
    return data
