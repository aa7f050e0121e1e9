"""A cursor over the tokens of one statement: what parsers read with, and how they say what they expected."""

from __future__ import annotations

from typing import NoReturn

from iris_devtools.standin.errors import SQLError
from iris_devtools.standin.sql.dialect import RESERVED_WORDS, Kind, Token, tokenize

__all__ = ["Reader"]

_TERM_EXPECTED = (
    " A term expected, beginning with one of the following: identifier, constant, aggregate, $$, :, (, +, -, "
    "%ALPHAUP, %EXACT, %MVR, %SQLSTRING, %SQLUPPER, %STRING, or %UPPER"
)


class Reader:
    """Reads the tokens of ``text`` one after the other.

    Keywords are compared in upper case and never match a delimited identifier. Every refusal is an SQLError
    in IRIS's shape, ``what expected, what found^text up to the error`` (iris-sql.md 1.3); ``location`` is the
    place that it names.
    """

    def __init__(self, text: str, *, location: str = "Prepare") -> None:
        self.text = text
        self.location = location
        self.tokens = tokenize(text)
        self.position = 0

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.position]

    def ahead(self, count: int = 1) -> Token:
        """Return the token ``count`` places after the next one; the END token beyond the end."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def at(self, *words: str) -> bool:
        """Tell whether the next tokens are these keywords or operators, in this order."""
        position = self.position
        for offset, word in enumerate(words):
            index = position + offset
            if index >= len(self.tokens) or self.tokens[index].upper != word:
                return False
        return True

    def at_any(self, *words: str) -> bool:
        """Tell whether the next token is one of these keywords or operators."""
        return self.token.upper in words

    def next(self) -> Token:
        """Return the next token and go on."""
        token = self.tokens[self.position]
        if token.kind is not Kind.END:
            self.position += 1
        return token

    def accept(self, *words: str) -> bool:
        """Skip these keywords or operators if they come next; tell whether they did."""
        if not self.at(*words):
            return False
        self.position += len(words)
        return True

    def accept_any(self, *words: str) -> str | None:
        """Skip one of these keywords or operators and return it, or return ``None``."""
        upper = self.token.upper
        if upper and upper in words:
            self.position += 1
            return upper
        return None

    def expect(self, *words: str) -> None:
        """Skip these keywords or operators; raise -1 if something else comes."""
        for word in words:
            if self.token.upper != word:
                self.fail(word)
            self.position += 1

    def name(self) -> str:
        """Read one name; raise -1 for a reserved word and for anything that is no name."""
        if not self.token.is_name:
            self.fail("IDENTIFIER")
        return self.next().text

    def any_word(self) -> str:
        """Read one word in upper case, reserved or not; raise -1 for anything else."""
        if self.token.kind is not Kind.WORD:
            self.fail("IDENTIFIER")
        return self.next().upper

    def qualified_name(self) -> tuple[str, ...]:
        """Read ``name``, ``schema . name`` or a longer path; after a point reserved words are names, too."""
        parts = [self.name()]
        while self.at(".") and self.ahead().kind in (Kind.WORD, Kind.QUOTED):
            self.position += 1
            parts.append(self.next().text)
        return tuple(parts)

    def integer(self) -> int:
        """Read an unsigned whole number."""
        token = self.token
        if token.kind is not Kind.NUMBER or not token.text.isdigit():
            self.fail("LITERAL")
        self.position += 1
        return int(token.text)

    def string(self) -> str:
        """Read a string literal and return its value."""
        if self.token.kind is not Kind.STRING:
            self.fail("LITERAL")
        return self.next().text

    def raw(self, start: int, end: int) -> str:
        """Return the source between two offsets, as it was written."""
        return self.text[start:end]

    def read_so_far(self, *, including_next: bool = True) -> str:
        """Return the source up to here in the normal form of error texts: tokens separated by one blank."""
        stop = self.position + (1 if including_next else 0)
        parts = [self.text[t.start : t.end] for t in self.tokens[:stop] if t.kind is not Kind.END]
        return " ".join(parts)

    def found(self) -> str:
        """Name the next token as error texts do."""
        token = self.token
        if token.kind is Kind.END:
            return "end of text"
        if token.kind is Kind.WORD:
            if token.upper in RESERVED_WORDS:
                return token.upper
            return f"IDENTIFIER ({token.text})"
        if token.kind is Kind.QUOTED:
            return f"IDENTIFIER ({token.text})"
        if token.kind is Kind.STRING:
            return f"LITERAL ('{token.text}')"
        if token.kind is Kind.NUMBER:
            return f"LITERAL ({token.text})"
        if token.kind is Kind.PARAMETER:
            return ":"
        return token.text if token.kind is Kind.OPERATOR else "{"

    def fail(self, expected: str) -> NoReturn:
        """Raise -1: ``expected`` was wanted, the next token was found."""
        found = self.found()
        if expected == "IDENTIFIER" and self.token.upper in RESERVED_WORDS:
            found = f"reserved word {found}"
        raise self.error(-1, f" {expected} expected, {found} found^{self.read_so_far()}")

    def no_term(self) -> SQLError:
        """Return the error -12: an expression was wanted here."""
        return self.error(-12, f"{_TERM_EXPECTED}^{self.read_so_far()}")

    def finish(self) -> None:
        """Raise -25 unless the statement ends here."""
        if self.token.kind is not Kind.END:
            token = self.token
            shown = self.text[token.start : token.end]
            raise self.error(-25, f" Input ({shown}) encountered after end of query^{self.read_so_far()}")

    def error(self, sqlcode: int, message: str) -> SQLError:
        """Return an SQLError that carries this reader's location."""
        return SQLError(sqlcode, message, location=self.location)
