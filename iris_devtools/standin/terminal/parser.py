"""Parse one terminal line (iris-terminal-and-image B, F.1). Blanks decide, so there are no tokens."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NoReturn, TypeVar

from iris_devtools.standin.errors import StandinError
from iris_devtools.standin.terminal.arithmetic import canonical, number
from iris_devtools.standin.terminal.nodes import (
    Actual,
    Argument,
    Assignment,
    Binary,
    Branch,
    ClassCall,
    Command,
    Expression,
    Format,
    Function,
    Invocation,
    Line,
    Literal,
    Member,
    Omitted,
    Range,
    Reference,
    Special,
    Unary,
    Variable,
)

__all__ = ["LineSyntaxError", "parse_call", "parse_line"]

_WORDS = {
    **dict.fromkeys(("S", "SET"), "SET"),
    **dict.fromkeys(("D", "DO"), "DO"),
    **dict.fromkeys(("W", "WRITE"), "WRITE"),
    **dict.fromkeys(("K", "KILL"), "KILL"),
    **dict.fromkeys(("I", "IF"), "IF"),
    **dict.fromkeys(("E", "ELSE"), "ELSE"),
    **dict.fromkeys(("F", "FOR"), "FOR"),
    "WHILE": "WHILE",
    **dict.fromkeys(("Q", "QUIT"), "QUIT"),
    "HALT": "HALT",
    "HANG": "HANG",
    "H": "H",
    **dict.fromkeys(("ZN", "ZNSPACE"), "ZN"),
    **dict.fromkeys(("ZW", "ZWRITE"), "ZWRITE"),
}
_ALONE = {"HALT", "QUIT", "ELSE", "FOR", "KILL", "WRITE", "ZWRITE", "IF", "H"}
"""Commands that may stand without arguments."""

_NAME = re.compile(r"%?[A-Za-z][A-Za-z0-9]*|%")
_MEMBER_NAME = re.compile(r"%?[A-Za-z][A-Za-z0-9]*")
_DOTTED = re.compile(r"%?[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
_OPERATORS = ("**", "<=", ">=", "]]", "&&", "||", *"+-*/\\#_=<>[]&!")
_NEGATABLE = ("]]", "&&", "||", *"=<>[]&!")
T = TypeVar("T")

_PAIRED = {"s": "select", "select": "select", "case": "case"}


class LineSyntaxError(StandinError):
    """``<SYNTAX>`` at a column of the line."""

    def __init__(self, column: int, source: str) -> None:
        super().__init__(column, source)
        self.column = column
        self.source = source


def parse_line(text: str) -> Line:
    """Parse a whole line; raises LineSyntaxError, and nothing of the line has run then."""
    return _Parser(text).line()


def parse_call(text: str) -> ClassCall | None:
    """Return the class call that a one-liner consists of; ``None`` when it is anything else."""
    parser = _Parser(text.strip())
    try:
        call = parser.atom()
    except LineSyntaxError:
        return None
    return call if isinstance(call, ClassCall) and parser.at == len(parser.text) else None


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text.replace("\t", " ").rstrip(" ")
        self.at = 0
        self.words: list[tuple[int, int]] = []

    # ---- lines and commands

    def line(self) -> Line:
        self.blanks()
        commands = self.commands(closed_by="")
        if self.at < len(self.text):
            self.wrong()
        return Line(commands, self.source())

    def source(self) -> str:
        shown = self.text
        for start, end in self.words:
            shown = shown[:start] + shown[start:end].upper() + shown[end:]
        return shown

    def commands(self, *, closed_by: str) -> tuple[Command, ...]:
        found: list[Command] = []
        while True:
            self.blanks()
            if self.at >= len(self.text) or self.comment():
                if closed_by:
                    self.wrong()
                return tuple(found)
            if closed_by and self.peek() == closed_by:
                return tuple(found)
            found.append(self.command(closed_by))

    def command(self, closed_by: str) -> Command:
        start = self.at
        match = re.compile(r"[A-Za-z]+").match(self.text, self.at)
        word = _WORDS.get(match.group().upper()) if match else None
        if match is None or word is None:
            self.wrong()
        self.words.append((start, match.end()))
        self.at = match.end()
        condition = None
        if self.peek() == ":" and word not in ("IF", "ELSE", "FOR", "WHILE"):
            self.at += 1
            condition = self.expression()
        alone = self.nothing_follows(closed_by)
        if word == "H":
            word = "HALT" if alone else "HANG"
        if alone and word not in _ALONE:
            self.wrong()
        if not alone and self.peek() != "{":
            self.expect(" ")
            if word not in ("IF", "FOR", "WHILE", "ELSE") and self.peek() == " ":
                self.wrong()
        return self.arguments(word, start, condition, alone=alone, closed_by=closed_by)

    def nothing_follows(self, closed_by: str) -> bool:
        rest = self.text[self.at :]
        return not rest or rest.startswith("  ") or bool(closed_by and rest.lstrip(" ")[:1] == closed_by)

    def arguments(
        self, word: str, start: int, condition: Expression | None, *, alone: bool, closed_by: str
    ) -> Command:
        if word == "IF":
            return self.if_(start, closed_by, alone=alone)
        if word == "ELSE":
            return Command(word, start, body=self.commands(closed_by=closed_by), legacy=True)
        if word == "FOR":
            return self.for_(start, closed_by, alone=alone)
        if word == "WHILE":
            conditions = self.list_of(self.expression)
            return Command(word, start, branches=(Branch(tuple(conditions), self.block()),))
        if alone:
            return Command(word, start, condition)
        if word == "HALT":
            self.wrong()
        parse: Callable[[], Argument] = {
            "SET": self.assignment,
            "WRITE": self.written,
            "KILL": self.variable,
            "DO": self.called,
            "ZWRITE": self.expression,
        }.get(word, self.expression)
        if word == "WRITE":
            arguments: tuple[Argument, ...] = self.writes()
        else:
            arguments = tuple(self.list_of(parse))
        if word in ("QUIT", "HANG", "ZN") and len(arguments) != 1:
            self.wrong()
        return Command(word, start, condition, arguments)

    def if_(self, start: int, closed_by: str, *, alone: bool) -> Command:
        if alone:
            return Command("IF", start, body=self.commands(closed_by=closed_by), legacy=True)
        self.blanks()
        conditions = tuple(self.list_of(self.expression))
        self.blanks()
        if self.peek() != "{":
            body = self.commands(closed_by=closed_by)
            return Command("IF", start, branches=(Branch(conditions, body),), legacy=True)
        branches = [Branch(conditions, self.block())]
        otherwise: tuple[Command, ...] = ()
        while True:
            before = self.at
            self.blanks()
            if self.keyword("ELSEIF"):
                self.blanks()
                conditions = tuple(self.list_of(self.expression))
                self.blanks()
                branches.append(Branch(conditions, self.block()))
                continue
            if self.keyword("ELSE", before_block=True):
                self.blanks()
                otherwise = self.block()
            else:
                self.at = before
            return Command("IF", start, branches=tuple(branches), otherwise=otherwise)

    def for_(self, start: int, closed_by: str, *, alone: bool) -> Command:
        variable, ranges = None, []
        self.blanks()
        if not alone and self.peek() != "{":
            variable = self.variable()
            self.expect("=")
            ranges = self.list_of(self.range)
        self.blanks()
        body = self.block() if self.peek() == "{" else self.commands(closed_by=closed_by)
        return Command("FOR", start, arguments=tuple(ranges), variable=variable, body=body)

    def range(self) -> Range:
        parts: list[Expression] = [self.expression()]
        while self.peek() == ":" and len(parts) < 3:
            self.at += 1
            parts.append(self.expression())
        return Range(*parts)

    def block(self) -> tuple[Command, ...]:
        self.blanks()
        self.expect("{")
        body = self.commands(closed_by="}")
        self.expect("}")
        return body

    def assignment(self) -> Assignment:
        if self.peek() == "(":
            self.at += 1
            targets = tuple(self.list_of(self.target))
            self.blanks()
            self.expect(")")
        else:
            targets = (self.target(),)
        self.blanks()
        self.expect("=")
        self.blanks()
        return Assignment(targets, self.expression())

    def target(self) -> Expression:
        start = self.at
        found = self.postfix()
        settable = isinstance(found, (Variable, Special)) or (
            isinstance(found, Member) and found.arguments is None
        )
        if not settable:
            self.at = start
            self.wrong()
        return found

    def writes(self) -> tuple[Argument, ...]:
        parts: list[Argument] = []
        while True:
            part = self.written()
            parts.append(part)
            # Formats may be glued: !!?5
            if isinstance(part, Format) and part.kind in "!#" and self.peek() and self.peek() in "!#?":
                continue
            if not self.comma():
                return tuple(parts)

    def written(self) -> Format | Expression:
        sign = self.peek()
        if sign and sign in "!#" and not self.text.startswith("##", self.at):
            self.at += 1
            return Format(sign)
        if sign and sign in "?*":
            self.at += 1
            return Format(sign, self.expression())
        return self.expression()

    def called(self) -> Invocation:
        start = self.at
        call = self.postfix()
        is_call = isinstance(call, ClassCall) or (isinstance(call, Member) and call.arguments is not None)
        if not is_call:
            self.at = start
            self.wrong()
        if self.peek() == ":":
            self.at += 1
            return Invocation(call, self.expression())
        return Invocation(call)

    # ---- expressions

    def expression(self) -> Expression:
        left = self.unary()
        while True:
            before = self.at
            self.blanks()
            negated = self.peek() == "'" and self.text.startswith(_NEGATABLE, self.at + 1)
            if negated:
                self.at += 1
            operator = next((each for each in _OPERATORS if self.text.startswith(each, self.at)), None)
            if operator is None:
                self.at = before
                return left
            self.at += len(operator)
            self.blanks()
            left = Binary(operator, left, self.unary(), negated=negated)

    def unary(self) -> Expression:
        sign = self.peek()
        if sign and sign in "+-'":
            self.at += 1
            self.blanks()
            return Unary(sign, self.unary())
        return self.postfix()

    def postfix(self) -> Expression:
        found = self.atom()
        while self.peek() == "." and (match := _MEMBER_NAME.match(self.text, self.at + 1)):
            self.at = match.end()
            arguments = self.actuals() if self.peek() == "(" else None
            found = Member(found, match.group(), arguments)
        return found

    def atom(self) -> Expression:
        sign = self.peek()
        if sign == '"':
            return self.string()
        if sign == "(":
            self.at += 1
            self.blanks()
            inner = self.expression()
            self.blanks()
            self.expect(")")
            return inner
        if sign == "$":
            return self.dollar()
        if self.text[self.at : self.at + 8].lower() == "##class(":
            return self.class_call()
        if match := _NUMBER.match(self.text, self.at):
            self.at = match.end()
            return Literal(canonical(number(match.group())))
        return self.variable()

    def string(self) -> Literal:
        match = re.compile(r'"((?:[^"]|"")*)"').match(self.text, self.at)
        if match is None:
            self.wrong()
        self.at = match.end()
        return Literal(match.group(1).replace('""', '"'))

    def variable(self) -> Variable:
        match = _NAME.match(self.text, self.at)
        if match is None:
            self.wrong()
        self.at = match.end()
        subscripts: tuple[Expression, ...] = ()
        if self.peek() == "(":
            self.at += 1
            subscripts = tuple(self.list_of(self.expression))
            self.blanks()
            self.expect(")")
        return Variable(match.group(), subscripts)

    def class_call(self) -> ClassCall:
        self.at += len("##class(")
        self.blanks()
        match = _DOTTED.match(self.text, self.at)
        if match is None:
            self.wrong()
        self.at = match.end()
        self.blanks()
        self.expect(")")
        return self.method_of(match.group())

    def method_of(self, class_name: str) -> ClassCall:
        self.expect(".")
        match = _MEMBER_NAME.match(self.text, self.at)
        if match is None:
            self.wrong()
        self.at = match.end()
        if self.peek() != "(":
            self.wrong()
        return ClassCall(class_name, match.group(), self.actuals())

    def dollar(self) -> Expression:
        match = re.compile(r"\$([A-Za-z]+)").match(self.text, self.at)
        if match is None:
            self.wrong()
        name = match.group(1).lower()
        start, self.at = self.at, match.end()
        if name == "system" and self.peek() == ".":
            dotted = re.compile(r"\.([A-Za-z]+(?:\.[A-Za-z]+)*)(?=\.[A-Za-z%]+\()").match(self.text, self.at)
            if dotted is None:
                self.wrong()
            self.at = dotted.end()
            return self.method_of(f"%SYSTEM.{dotted.group(1)}")
        if self.peek() != "(":
            return Special(name)
        self.at += 1
        if name in _PAIRED:
            return self.paired(_PAIRED[name])
        self.blanks()
        arguments: tuple[Expression, ...] = ()
        if self.peek() != ")":
            arguments = tuple(self.list_of(self.expression))
        self.blanks()
        if self.peek() != ")":
            self.at = max(self.at, start)
        self.expect(")")
        return Function(name, arguments)

    def paired(self, name: str) -> Function:
        arguments: tuple[Expression, ...] = ()
        if name == "case":
            self.blanks()
            arguments = (self.expression(),)
            if not self.comma():
                self.wrong()
        pairs: list[tuple[Expression | None, Expression]] = []
        while True:
            self.blanks()
            condition = None if name == "case" and self.peek() == ":" else self.expression()
            self.blanks()
            self.expect(":")
            self.blanks()
            pairs.append((condition, self.expression()))
            if not self.comma():
                break
        self.blanks()
        self.expect(")")
        return Function(name, arguments, tuple(pairs))

    def actuals(self) -> tuple[Actual, ...]:
        self.expect("(")
        found: list[Actual] = []
        self.blanks()
        if self.peek() == ")":
            self.at += 1
            return ()
        while True:
            self.blanks()
            match = re.compile(r"\.(%?[A-Za-z][A-Za-z0-9]*)").match(self.text, self.at)
            if self.peek() and self.peek() in ",)":
                found.append(Omitted())
            elif match is not None:
                self.at = match.end()
                found.append(Reference(match.group(1)))
            else:
                found.append(self.expression())
            if not self.comma():
                break
        self.blanks()
        self.expect(")")
        return tuple(found)

    # ---- characters

    def list_of(self, parse: Callable[[], T]) -> list[T]:
        found = [parse()]
        while self.comma():
            found.append(parse())
        return found

    def comma(self) -> bool:
        before = self.at
        self.blanks()
        if self.peek() != ",":
            self.at = before
            return False
        self.at += 1
        self.blanks()
        return True

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def blanks(self) -> None:
        while self.peek() == " ":
            self.at += 1

    def expect(self, sign: str) -> None:
        if self.peek() != sign:
            self.wrong()
        self.at += 1

    def keyword(self, word: str, *, before_block: bool = False) -> bool:
        match = re.compile(rf"{word}(?=\s*{{)" if before_block else rf"{word}\s", re.IGNORECASE).match(
            self.text, self.at
        )
        if match is None:
            return False
        self.words.append((self.at, self.at + len(word)))
        self.at += len(word)
        return True

    def comment(self) -> bool:
        if self.text.startswith((";", "//", "#;"), self.at):
            self.at = len(self.text)
            return True
        return False

    def wrong(self) -> NoReturn:
        raise LineSyntaxError(self.at, self.source())
