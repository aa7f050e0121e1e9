"""The characters of one terminal line. Blanks decide in ObjectScript, so there are no tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from iris_devtools.standin.errors import StandinError

__all__ = ["LineSyntaxError", "Reader"]

T = TypeVar("T")


class LineSyntaxError(StandinError):
    """``<SYNTAX>`` at a column of the line."""

    def __init__(self, column: int, source: str) -> None:
        super().__init__(column, source)
        self.column = column
        self.source = source


class Reader:
    """A place in a line, and what every part of the grammar asks about it."""

    def __init__(self, text: str) -> None:
        self.text = text.replace("\t", " ").rstrip(" ")
        self.at = 0
        self._words: list[tuple[int, int]] = []

    @property
    def source(self) -> str:
        """The line with its command words in upper case, as IRIS shows it (iris-terminal-and-image C.3)."""
        shown = self.text
        for start, end in self._words:
            shown = shown[:start] + shown[start:end].upper() + shown[end:]
        return shown

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self.at >= len(self.text)

    def word(self, start: int, end: int) -> None:
        """Note where a command word stands."""
        self._words.append((start, end))

    def peek(self) -> str:
        """Return the next character; empty at the end."""
        return self.text[self.at : self.at + 1]

    def blanks(self) -> None:
        """Pass over blanks."""
        while self.peek() == " ":
            self.at += 1

    def take(self, sign: str) -> bool:
        """Pass over a sign, if it is the next thing."""
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def expect(self, sign: str) -> None:
        """Pass over a sign; anything else is a mistake."""
        if not self.take(sign):
            self.wrong()

    def match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """Pass over what a pattern matches here, and return it."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def must(self, pattern: re.Pattern[str]) -> str:
        """Pass over what a pattern matches here; anything else is a mistake."""
        found = self.match(pattern)
        if found is None:
            self.wrong()
        return found.group()

    def comma(self) -> bool:
        """Pass over a comma and the blanks around it, if there is one."""
        before = self.at
        self.blanks()
        if not self.take(","):
            self.at = before
            return False
        self.blanks()
        return True

    def list_of(self, parse: Callable[[], T]) -> list[T]:
        """Read one or more of something, with commas between."""
        found = [parse()]
        while self.comma():
            found.append(parse())
        return found

    def within(self, parse: Callable[[], T]) -> T:
        """Read something in parentheses, of which the first is next."""
        self.expect("(")
        self.blanks()
        found = parse()
        self.blanks()
        self.expect(")")
        return found

    def wrong(self) -> NoReturn:
        """Raise LineSyntaxError for this place."""
        raise LineSyntaxError(self.at, self.source)
