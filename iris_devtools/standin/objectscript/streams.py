"""%Stream.FileBinary: a file of the server, written and read in pieces (iris-facts 4).

What is written appears under the file's name at %Save(), complete; until then it lies beside it under
another name.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import BinaryIO

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition, Property
from iris_devtools.standin.objectscript.files import server_path
from iris_devtools.standin.objectscript.status import OK, status_of
from iris_devtools.standin.storage.errors import StorageError
from iris_devtools.standin.storage.permissions import may_read, may_write
from iris_devtools.standin.values import Argument, ByRef, ObjectRef

__all__ = ["CLASSES", "FileStream"]

BINARY = ClassDefinition("%Stream.FileBinary", aliases=("%Library.FileBinaryStream", "%FileBinaryStream"))
CLASSES = (BINARY,)

LONGEST_STRING = 3_641_144
"""Characters in one ObjectScript string (iris-facts 4)."""


class FileStream:
    """One stream object: the linked file, a place to read at, and what was written since the last save."""

    def __init__(self) -> None:
        self.path: Path | None = None
        self._reader: BinaryIO | None = None
        self._writer: BinaryIO | None = None
        self._unsaved: Path | None = None

    def link(self, path: Path) -> None:
        """Use this file from now on; it need not exist. Raises StorageError #5019 when it is closed to us."""
        if path.is_dir() or (path.exists() and not may_read(path)):
            raise StorageError(5019, str(path))
        self.end()
        self.path = path

    def write(self, data: bytes) -> None:
        """Add to what %Save() will put in the place of the file."""
        if self._writer is None:
            self._begin(b"")
        assert self._writer is not None
        self._writer.write(data)

    def append(self) -> None:
        """Have the next write follow the present content."""
        if self._writer is None:
            self._begin(self._content())

    def save(self) -> None:
        """Put what was written in the file's place; without a write nothing happens."""
        if self._writer is None:
            return
        writer, unsaved, self._writer, self._unsaved = self._writer, self._unsaved, None, None
        assert unsaved is not None
        writer.close()
        if self.path is None:
            self.path = unsaved
        else:
            unsaved.replace(self.path)
        self._forget_reader()

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; nothing at the end."""
        reader = self._open_reader()
        return b"" if reader is None else reader.read(size)

    def rewind(self) -> None:
        """Read from the beginning again."""
        self._forget_reader()

    @property
    def size(self) -> int:
        """Bytes in the stream, with those that are not saved yet."""
        place = self._visible()
        return place.stat().st_size if place is not None and place.exists() else 0

    @property
    def at_end(self) -> bool:
        """Whether nothing is left to read."""
        reader = self._open_reader()
        return reader is None or reader.tell() >= self.size

    def end(self) -> None:
        """Give everything back; what was not saved is lost."""
        self._forget_reader()
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        unsaved, self._unsaved = self._unsaved, None
        if unsaved is not None:
            unsaved.unlink(missing_ok=True)

    def _begin(self, content: bytes) -> None:
        folder = self.path.parent if self.path is not None else Path(tempfile.gettempdir())
        if self.path is not None and self.path.exists() and not may_write(self.path):
            raise StorageError(5019, str(self.path))
        try:
            descriptor, name = tempfile.mkstemp(prefix=".stream-", dir=folder)
        except OSError as exc:
            raise StorageError(5019, str(self.path or folder)) from exc
        with contextlib.suppress(AttributeError):
            os.fchmod(descriptor, 0o660)
        self._writer = os.fdopen(descriptor, "wb")
        self._unsaved = Path(name)
        self._writer.write(content)
        self._forget_reader()

    def _content(self) -> bytes:
        return self.path.read_bytes() if self.path is not None and self.path.exists() else b""

    def _visible(self) -> Path | None:
        if self._writer is not None:
            self._writer.flush()
            return self._unsaved
        return self.path

    def _open_reader(self) -> BinaryIO | None:
        place = self._visible()
        if self._reader is None and place is not None and place.exists():
            self._reader = place.open("rb")
        return self._reader

    def _forget_reader(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.close()


def _set_filename(call: Call, stream: FileStream, value: Argument) -> None:
    stream.link(server_path(call, to_text(value)))


BINARY.properties["Filename"] = Property(lambda _call, stream: str(stream.path or ""), _set_filename)


@BINARY.class_method("%New")
def _new(call: Call) -> ObjectRef:
    return call.space.hold(BINARY, FileStream())


@BINARY.computed("Size")
def _size(_call: Call, stream: FileStream) -> int:
    return stream.size


@BINARY.computed("AtEnd")
def _at_end(_call: Call, stream: FileStream) -> int:
    return int(stream.at_end)


@BINARY.method("LinkToFile", status=True)
def _link_to_file(call: Call, stream: FileStream, name: str) -> None:
    stream.link(server_path(call, name))


@BINARY.method("Write", status=True)
def _write(_call: Call, stream: FileStream, data: Argument) -> None:
    try:
        stream.write(data if isinstance(data, bytes) else to_text(data).encode("latin-1"))
    except UnicodeEncodeError:
        raise ObjectScriptError("WIDE CHAR", "zWrite") from None


@BINARY.method("Read")
def _read(_call: Call, stream: FileStream, length: ByRef, status: ByRef = NOWHERE) -> bytes | str:
    wanted = to_integer(length) or 32000
    if wanted > LONGEST_STRING:
        raise ObjectScriptError("MAXSTRING", "zRead")
    data = stream.read(wanted)
    length.value = len(data) if data else -1
    status.value = OK
    return data or ""


@BINARY.method("Rewind", status=True)
def _rewind(_call: Call, stream: FileStream) -> None:
    stream.rewind()


@BINARY.method("MoveToEnd", status=True)
def _move_to_end(_call: Call, stream: FileStream) -> None:
    stream.append()


@BINARY.method("Clear", status=True)
def _clear(_call: Call, stream: FileStream) -> None:
    stream.end()
    if stream.path is not None:
        stream.path.unlink(missing_ok=True)


@BINARY.method("%Save", "SaveStream", status=True)
def _save(_call: Call, stream: FileStream) -> None:
    try:
        stream.save()
    except OSError as exc:
        raise StorageError(5019, f"{stream.path} ({exc.strerror})") from exc


@BINARY.class_method("Delete")
def _delete(call: Call, name: str, status: ByRef = NOWHERE) -> bool:
    try:
        server_path(call, name).unlink()
    except OSError as exc:
        status.value = status_of(StorageError(5019, f"{name} ({exc.strerror})"))
        return False
    status.value = OK
    return True
