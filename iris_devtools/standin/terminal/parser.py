"""Parse the commands of one terminal line (iris-terminal-and-image B.1, B.2, B.7, B.9)."""

from __future__ import annotations

import re
from collections.abc import Callable

from iris_devtools.standin.terminal.expressions import NAME, ExpressionReader
from iris_devtools.standin.terminal.nodes import (
    Argument,
    Assignment,
    Branch,
    ClassCall,
    Command,
    Entry,
    Exclusive,
    Expression,
    Format,
    Function,
    Indirection,
    Invocation,
    Label,
    Line,
    Literal,
    LockPart,
    Member,
    Range,
    ReadPart,
    Special,
    Variable,
)
from iris_devtools.standin.terminal.reader import LineSyntaxError

__all__ = [
    "LineSyntaxError",
    "parse_call",
    "parse_called",
    "parse_expression",
    "parse_label",
    "parse_line",
]

_SHORT = {
    "S": "SET",
    "D": "DO",
    "W": "WRITE",
    "K": "KILL",
    "I": "IF",
    "E": "ELSE",
    "F": "FOR",
    "Q": "QUIT",
    "N": "NEW",
    "X": "XECUTE",
    "R": "READ",
    "L": "LOCK",
    "M": "MERGE",
    "G": "GOTO",
    "O": "OPEN",
    "U": "USE",
    "C": "CLOSE",
    "J": "JOB",
    "B": "BREAK",
    "V": "VIEW",
    "RET": "RETURN",
    "ZNSPACE": "ZN",
    "ZW": "ZWRITE",
    "TS": "TSTART",
    "TC": "TCOMMIT",
    "TRO": "TROLLBACK",
    "ZL": "ZLOAD",
    "ZS": "ZSAVE",
    "ZR": "ZREMOVE",
    "ZI": "ZINSERT",
    "ZP": "ZPRINT",
}
_OUT_OF_REACH = frozenset(
    {"OPEN", "USE", "CLOSE", "JOB", "BREAK", "VIEW", "ZLOAD", "ZSAVE", "ZREMOVE", "ZINSERT", "ZPRINT"}
)
"""Commands that IRIS has and this server has not: ``<UNIMPLEMENTED>`` when they are run."""

_BLOCKS = frozenset({"IF", "ELSE", "FOR", "WHILE", "TRY"})
"""Commands whose arguments may end at a brace, and that take no post-condition."""

_WORDS = frozenset(_SHORT.values()) | _BLOCKS | {"HALT", "HANG", "H", "CONTINUE", "THROW", "ZPM"}
_ALONE = frozenset(
    {"HALT", "QUIT", "RETURN", "ELSE", "FOR", "KILL", "NEW", "WRITE", "ZWRITE", "IF", "H", "DO", "LOCK"}
    | {"TSTART", "TCOMMIT", "TROLLBACK", "CONTINUE", "TRY"}
)
"""Commands that may stand without arguments."""

_WORD = re.compile(r"[A-Za-z]+")
_LABEL_LINE = re.compile(r"(%?[A-Za-z0-9]+)(?:\(([^()]*)\))?\t[ \t]*(.*)", re.DOTALL)
_PLACES = frozenset({"piece", "p", "extract", "e", "list", "li"})
"""Functions that may stand on the left of ``=``."""


def parse_line(text: str) -> Line:
    """Parse a whole line; raises LineSyntaxError, and nothing of the line has run then."""
    return _CommandReader(text).line()


def parse_label(text: str) -> Label | None:
    """Return the line that a tab behind a label makes; ``None`` for any other. Raises LineSyntaxError."""
    found = _LABEL_LINE.fullmatch(text)
    if found is None:
        return None
    name, formals, code = found.groups()
    names = tuple(each.strip() for each in (formals or "").split(",") if each.strip())
    if any(NAME.fullmatch(each) is None for each in names):
        raise LineSyntaxError(len(name), text.replace("\t", " "))
    return Label(name, names, parse_line(code))


def parse_call(text: str) -> ClassCall | Entry | None:
    """Return the call that a one-liner consists of; ``None`` when it is anything else."""
    reader = _CommandReader(text.strip())
    try:
        call = reader.atom() if reader.text.startswith("##") else reader.entry()
    except LineSyntaxError:
        return None
    if not isinstance(call, (ClassCall, Entry)) or not reader.done:
        return None
    if isinstance(call, Entry) and call.routine is None:
        # A name alone is a routine here, unless it is a command (iris-terminal-and-image C.6).
        name = call.label.upper()
        return None if _SHORT.get(name, name) in _WORDS else Entry("", call.label, call.arguments)
    return call


def parse_expression(text: str) -> Expression:
    """Parse what an indirection stands for; raises LineSyntaxError."""
    reader = _CommandReader(text)
    found = reader.expression()
    if not reader.done:
        reader.wrong()
    return found


def parse_called(text: str) -> tuple[Invocation, ...]:
    """Parse what an indirection behind DO stands for; raises LineSyntaxError."""
    reader = _CommandReader(text)
    found = tuple(reader.list_of(reader.called))
    if not reader.done:
        reader.wrong()
    return found


class _CommandReader(ExpressionReader):
    """Reads commands off a line."""

    def line(self) -> Line:
        self.blanks()
        commands = self.commands(closed_by="")
        if not self.done:
            self.wrong()
        return Line(commands, self.source)

    def commands(self, *, closed_by: str) -> tuple[Command, ...]:
        found: list[Command] = []
        while True:
            self.blanks()
            if self.done or self._comment():
                if closed_by:
                    self.wrong()
                return tuple(found)
            if closed_by and self.peek() == closed_by:
                return tuple(found)
            found.append(self.command(closed_by))

    def command(self, closed_by: str) -> Command:
        start = self.at
        match = _WORD.match(self.text, self.at)
        short = match.group().upper() if match else ""
        word = _SHORT.get(short, short)
        if match is None or word not in _WORDS:
            self.wrong()
        self.word(start, match.end())
        self.at = match.end()
        condition = None
        if self.peek() == ":" and word not in _BLOCKS:
            self.at += 1
            condition = self.expression()
        alone = self._nothing_follows(closed_by)
        if word == "H":
            word = "HALT" if alone else "HANG"
        if alone and word not in _ALONE:
            self.wrong()
        if not alone and self.peek() != "{":
            self.expect(" ")
            if word not in _BLOCKS and word != "DO" and self.peek() == " ":
                self.wrong()
        if word in _OUT_OF_REACH:
            return self._passed_over(start, condition, closed_by)
        return self._arguments(word, start, condition, alone=alone, closed_by=closed_by)

    def _nothing_follows(self, closed_by: str) -> bool:
        rest = self.text[self.at :]
        if not rest or (closed_by and rest.lstrip(" ")[:1] == closed_by):
            return True
        return rest.startswith("  ") and rest.lstrip(" ")[:1] != "{"

    def _passed_over(self, start: int, condition: Expression | None, closed_by: str) -> Command:
        end = self.text.rfind(closed_by) if closed_by else len(self.text)
        self.at = max(self.at, end)
        return Command("UNIMPLEMENTED", start, condition)

    def _arguments(
        self, word: str, start: int, condition: Expression | None, *, alone: bool, closed_by: str
    ) -> Command:
        if word in _BLOCKS:
            return self._block_command(word, start, closed_by, alone=alone)
        if alone:
            return Command(word, start, condition)
        self.blanks()
        if word == "DO" and self.peek() == "{":
            return self._do_while(start)
        if word in ("HALT", "CONTINUE"):
            self.wrong()
        if word == "WRITE":
            return Command(word, start, condition, self._writes())
        if word == "READ":
            return Command(word, start, condition, self._reads())
        parse: Callable[[], Argument] = {
            "SET": self._assignment,
            "MERGE": self._merge,
            "KILL": self._killed,
            "NEW": self._new,
            "DO": self.called,
            "GOTO": self._gone_to,
            "XECUTE": self._executed,
            "LOCK": self._locked,
            "ZPM": self._executed,
        }.get(word, self.expression)
        arguments = tuple(self.list_of(parse))
        if word in ("QUIT", "RETURN", "HANG", "ZN", "THROW", "TROLLBACK", "ZPM") and len(arguments) != 1:
            self.wrong()
        if word == "ZPM" and self.take(":"):
            # The second parameter of the extension: end the process when the command is done.
            arguments += (self.expression(),)
        return Command(word, start, condition, arguments)

    # ---- commands with blocks

    def _block_command(self, word: str, start: int, closed_by: str, *, alone: bool) -> Command:
        if word == "IF":
            return self._if(start, closed_by, alone=alone)
        if word == "ELSE":
            return Command(word, start, body=self.commands(closed_by=closed_by), legacy=True)
        if word == "FOR":
            return self._for(start, closed_by, alone=alone)
        if word == "TRY":
            return self._try(start)
        self.blanks()
        conditions = self.list_of(self.expression)
        return Command(word, start, branches=(Branch(tuple(conditions), self._block()),))

    def _if(self, start: int, closed_by: str, *, alone: bool) -> Command:
        if alone:
            return Command("IF", start, body=self.commands(closed_by=closed_by), legacy=True)
        self.blanks()
        conditions = tuple(self.list_of(self.expression))
        self.blanks()
        if self.peek() != "{":
            body = self.commands(closed_by=closed_by)
            return Command("IF", start, branches=(Branch(conditions, body),), legacy=True)
        branches = [Branch(conditions, self._block())]
        otherwise: tuple[Command, ...] = ()
        while True:
            before = self.at
            self.blanks()
            if self._keyword("ELSEIF"):
                self.blanks()
                conditions = tuple(self.list_of(self.expression))
                self.blanks()
                branches.append(Branch(conditions, self._block()))
                continue
            if self._keyword("ELSE", before="{"):
                otherwise = self._block()
            else:
                self.at = before
            return Command("IF", start, branches=tuple(branches), otherwise=otherwise)

    def _for(self, start: int, closed_by: str, *, alone: bool) -> Command:
        variable, ranges = None, []
        self.blanks()
        if not alone and self.peek() != "{":
            variable = self.variable()
            self.blanks()
            self.expect("=")
            self.blanks()
            ranges = self.list_of(self._range)
        self.blanks()
        body = self._block() if self.peek() == "{" else self.commands(closed_by=closed_by)
        return Command("FOR", start, arguments=tuple(ranges), variable=variable, body=body)

    def _range(self) -> Range:
        parts: list[Expression] = [self.expression()]
        while len(parts) < 3 and self.take(":"):
            parts.append(self.expression())
        return Range(*parts)

    def _try(self, start: int) -> Command:
        body = self._block()
        self.blanks()
        if not self._keyword("CATCH", before=""):
            self.wrong()
        self.blanks()
        variable = None
        if self.peek() == "(":
            variable = self.within(lambda: Variable(self.must(NAME)))
        elif self.peek() != "{":
            variable = Variable(self.must(NAME))
        return Command("TRY", start, variable=variable, body=body, otherwise=self._block())

    def _do_while(self, start: int) -> Command:
        body = self._block()
        self.blanks()
        if not self._keyword("WHILE", before=""):
            self.wrong()
        self.blanks()
        conditions = tuple(self.list_of(self.expression))
        return Command("DOWHILE", start, branches=(Branch(conditions, body),))

    def _block(self) -> tuple[Command, ...]:
        self.blanks()
        self.expect("{")
        body = self.commands(closed_by="}")
        self.expect("}")
        return body

    # ---- what stands behind a command word

    def _assignment(self) -> Assignment:
        if self.peek() == "(":
            targets = tuple(self.within(lambda: self.list_of(self._target)))
        else:
            targets = (self._target(),)
        self.blanks()
        self.expect("=")
        self.blanks()
        return Assignment(targets, self.expression())

    def _target(self) -> Expression:
        start = self.at
        found = self.postfix()
        settable = (
            isinstance(found, (Variable, Special, Indirection))
            or (isinstance(found, Member) and found.arguments is None)
            or (isinstance(found, Function) and found.name in _PLACES)
        )
        if not settable:
            self.at = start
            self.wrong()
        return found

    def _merge(self) -> Assignment:
        target = self._place()
        self.blanks()
        self.expect("=")
        self.blanks()
        return Assignment((target,), self._place())

    def _place(self) -> Expression:
        return self.indirection() if self.peek() == "@" else self.variable()

    def _killed(self) -> Argument:
        return self._exclusive() if self.peek() == "(" else self._place()

    def _new(self) -> Argument:
        if self.peek() == "(":
            return self._exclusive()
        if self.peek() == "$":
            found = self.atom()
            if not isinstance(found, Special):
                self.wrong()
            return found
        return Variable(self.must(NAME))

    def _exclusive(self) -> Exclusive:
        return Exclusive(tuple(self.within(lambda: self.list_of(lambda: self.must(NAME)))))

    def called(self) -> Invocation:
        """Read one argument of DO."""
        start = self.at
        call = self._method_call()
        if call is None:
            self.at = start
            call = self.indirection() if self.peek() == "@" else self.entry()
        return Invocation(call, self.expression() if self.take(":") else None)

    def _method_call(self) -> Expression | None:
        plain = self.text.startswith(("#", "$"), self.at)
        try:
            call = self.postfix()
        except LineSyntaxError:
            if plain:
                raise
            # Arguments by reference are no subscripts: this may still be a label.
            return None
        if isinstance(call, ClassCall) or (isinstance(call, Member) and call.arguments is not None):
            return call
        if isinstance(call, Function) and call.name in ("classmethod", "method"):
            return call
        if isinstance(call, (Function, Special, Literal)):
            self.wrong()
        return None

    def _gone_to(self) -> Invocation:
        call = self.indirection() if self.peek() == "@" else self.entry()
        return Invocation(call, self.expression() if self.take(":") else None)

    def _executed(self) -> Invocation:
        call = self.expression()
        return Invocation(call, self.expression() if self.take(":") else None)

    def _locked(self) -> LockPart:
        sign = self.peek() if self.peek() in ("+", "-") else ""
        self.at += len(sign)
        variables = (
            self.within(lambda: self.list_of(self.variable)) if self.peek() == "(" else [self.variable()]
        )
        mode = ""
        if self.take("#"):
            mode = self._string()
        return LockPart(sign, tuple(variables), mode, self.expression() if self.take(":") else None)

    def _writes(self) -> tuple[Argument, ...]:
        parts: list[Argument] = []
        while True:
            part = self._format(star=True) or self.expression()
            parts.append(part)
            # Formats may be glued: !!?5
            if isinstance(part, Format) and part.kind in "!#" and self.peek() and self.peek() in "!#?":
                continue
            if not self.comma():
                return tuple(parts)

    def _reads(self) -> tuple[Argument, ...]:
        parts: list[Argument] = []
        while True:
            part: Argument = self._format(star=False) or (
                Literal(self._string()) if self.peek() == '"' else self._read()
            )
            parts.append(part)
            if isinstance(part, Format) and part.kind in "!#" and self.peek() and self.peek() in "!#?":
                continue
            if not self.comma():
                return tuple(parts)

    def _read(self) -> ReadPart:
        single = self.take("*")
        target = self._place()
        length = self.unary() if self.take("#") else None
        if self.take(":"):
            # A piped session is never slow enough for the time limit to matter.
            self.expression()
        return ReadPart(target, length, single)

    def _format(self, *, star: bool) -> Format | None:
        sign = self.peek()
        if sign and sign in "!#" and not self.text.startswith("##", self.at):
            self.at += 1
            return Format(sign)
        if sign == "?" or (sign == "*" and star):
            self.at += 1
            return Format(sign, self.expression())
        return None

    def _keyword(self, word: str, *, before: str = " ") -> bool:
        end = self.at + len(word)
        if self.text[self.at : end].upper() != word:
            return False
        if before == "{" and self.text[end:].lstrip(" ")[:1] != "{":
            return False
        if before == " " and self.text[end : end + 1] not in (" ", "("):
            return False
        self.word(self.at, end)
        self.at = end
        return True

    def _comment(self) -> bool:
        if self.text.startswith("/*", self.at):
            end = self.text.find("*/", self.at)
            self.at = end + 2 if end >= 0 else len(self.text)
            self.blanks()
            return self.done or self._comment()
        if self.text.startswith((";", "//", "#;"), self.at):
            self.at = len(self.text)
            return True
        return False
