"""The terminal as a device: where the next character goes, and where lines come from."""

from __future__ import annotations

from collections.abc import Callable

from iris_devtools.standin.terminal.functions_text import string_size

__all__ = ["Device"]


class Device:
    """Writes text and knows the column (``$X``) and the line (``$Y``); reads lines."""

    def __init__(self, write: Callable[[str], None], read_line: Callable[[], str]) -> None:
        self._write = write
        self._read_line = read_line
        self.column = 0
        self.row = 0
        self.key = ""

    def write(self, text: str) -> None:
        """Write text."""
        if not text:
            return
        self._write(text)
        _, feed, rest = text.rpartition("\n")
        self.row += text.count("\n")
        self.column = len(rest) if feed else self.column + len(text)
        if "\f" in rest:
            self.column = len(rest.rpartition("\f")[2])
            self.row = 0

    def to_column(self, wanted: int) -> None:
        """Write blanks up to a column; nothing when it is passed already."""
        self.write(" " * string_size(wanted - self.column))

    def read(self) -> str | None:
        """Return the next line without its end; ``None`` when there is none."""
        text = self._read_line()
        return text.rstrip("\r\n") if text else None
