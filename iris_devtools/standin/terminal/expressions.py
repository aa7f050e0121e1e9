"""Parse expressions: values, variables, calls (iris-terminal-and-image B.3 to B.6, F.1)."""

from __future__ import annotations

import re

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.patterns import end_of
from iris_devtools.standin.terminal.arithmetic import canonical, number
from iris_devtools.standin.terminal.nodes import (
    Actual,
    Binary,
    ClassCall,
    Entry,
    Expression,
    Function,
    Indirection,
    JsonArray,
    JsonObject,
    Literal,
    Member,
    Omitted,
    Pattern,
    Reference,
    Special,
    Star,
    Unary,
    Variable,
)
from iris_devtools.standin.terminal.reader import Reader

__all__ = ["NAME", "ExpressionReader"]

NAME = re.compile(r"%?[A-Za-z][A-Za-z0-9]*|%")
_MEMBER_NAME = re.compile(r"%?[A-Za-z][A-Za-z0-9]*")
_GLOBAL_NAME = re.compile(r"%?[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_DOTTED = re.compile(r"%?[A-Za-z][A-Za-z0-9]*(?:\.[A-Za-z0-9]+)*")
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?")
_STRING = re.compile(r'"((?:[^"]|"")*)"')
_DOLLAR = re.compile(r"\$([A-Za-z]+)")
_SYSTEM_CLASS = re.compile(r"\.([A-Za-z]+(?:\.[A-Za-z]+)*)(?=\.[A-Za-z%]+\()")
_BY_REFERENCE = re.compile(r"\.(%?[A-Za-z][A-Za-z0-9]*)")
_LABEL = re.compile(r"%?[A-Za-z0-9]+")
_OPERATORS = ("**", "<=", ">=", "]]", "&&", "||", *"+-*/\\#_=<>[]&!")
_NEGATABLE = ("]]", "&&", "||", *"=<>[]&!?")

_PAIRED = {"s": "select", "select": "select", "case": "case"}
_JSON_WORDS = {"true": "1", "false": "0", "null": ""}


class ExpressionReader(Reader):
    """Reads expressions off a line."""

    def expression(self) -> Expression:
        """Read operands and operators; every operator has the same rank."""
        left = self.unary()
        while True:
            before = self.at
            self.blanks()
            if self.text.startswith(("//", "/*"), self.at):
                # A comment and no division.
                self.at = before
                return left
            negated = self.peek() == "'" and self.text.startswith(_NEGATABLE, self.at + 1)
            if negated:
                self.at += 1
            if self.take("?"):
                left = Binary("?", left, self._pattern(), negated=negated)
                continue
            operator = next((each for each in _OPERATORS if self.take(each)), None)
            if operator is None:
                self.at = before
                return left
            self.blanks()
            left = Binary(operator, left, self.unary(), negated=negated)

    def unary(self) -> Expression:
        """Read an operand with the signs before it."""
        sign = self.peek()
        if sign and sign in "+-'":
            self.at += 1
            self.blanks()
            return Unary(sign, self.unary())
        return self.postfix()

    def postfix(self) -> Expression:
        """Read an operand with the members behind it."""
        found = self.atom()
        while self.peek() == "." and (match := _MEMBER_NAME.match(self.text, self.at + 1)):
            self.at = match.end()
            arguments = self.actuals() if self.peek() == "(" else None
            found = Member(found, match.group(), arguments)
        return found

    def atom(self) -> Expression:
        """Read one operand."""
        sign = self.peek()
        if sign == '"':
            return Literal(self._string())
        if sign == "(":
            return self.within(self.expression)
        if sign == "@":
            return self.indirection()
        if self.take("$$"):
            return self.entry()
        if sign == "$":
            return self._dollar()
        if sign == "{":
            return self._json_object()
        if sign == "[":
            return self._json_array()
        if self.text[self.at : self.at + 8].lower() == "##class(":
            return self._class_call()
        if match := self.match(_NUMBER):
            return Literal(self._number(match.group()))
        return self.variable()

    def variable(self) -> Variable:
        """Read a local or global variable with its subscripts."""
        if self.take("^"):
            return self._global()
        return Variable(self.must(NAME), self._subscripts())

    def indirection(self) -> Indirection:
        """Read ``@name``, ``@(expression)`` or either with ``@(subscripts)``."""
        self.expect("@")
        reference = self.within(self.expression) if self.peek() == "(" else self.atom()
        subscripts: tuple[Expression, ...] = ()
        if self.text.startswith("@(", self.at):
            self.at += 1
            subscripts = self._subscripts()
        return Indirection(reference, subscripts)

    def entry(self) -> Entry:
        """Read ``label``, ``label^routine`` or ``^routine``, with or without arguments."""
        label = self.match(_LABEL)
        routine = self.must(_GLOBAL_NAME) if self.take("^") else None
        if label is None and routine is None:
            self.wrong()
        arguments = self.actuals() if self.peek() == "(" else ()
        return Entry(label.group() if label else "", routine, arguments)

    def actuals(self) -> tuple[Actual, ...]:
        """Read the arguments of a call, in parentheses."""
        self.expect("(")
        self.blanks()
        if self.take(")"):
            return ()
        found = self.list_of(self._actual)
        self.blanks()
        self.expect(")")
        return tuple(found)

    def _actual(self) -> Actual:
        self.blanks()
        if self.peek() and self.peek() in ",)":
            return Omitted()
        if match := self.match(_BY_REFERENCE):
            return Reference(match.group(1))
        return self.expression()

    def _global(self) -> Variable:
        kind, namespace = "global", None
        if self.peek() == "(":
            return Variable("", self._subscripts(), "naked")
        if self.take("||"):
            kind = "private"
        elif self.take("$"):
            kind = "system"
        elif self.peek() and self.peek() in "|[":
            closing = "|" if self.take("|") else "]"
            if closing == "]":
                self.expect("[")
            self.blanks()
            # A sign of the reference itself ends it: there is no operator | or ].
            namespace = self.unary()
            self.blanks()
            self.expect(closing)
        return Variable(self.must(_GLOBAL_NAME), self._subscripts(), kind, namespace)

    def _subscripts(self) -> tuple[Expression, ...]:
        if self.peek() != "(":
            return ()
        return tuple(self.within(lambda: self.list_of(self.expression)))

    def _number(self, text: str) -> str:
        try:
            return canonical(number(text))
        except ObjectScriptError:
            self.wrong()

    def _string(self) -> str:
        match = self.match(_STRING)
        if match is None:
            self.wrong()
        return match.group(1).replace('""', '"')

    def _pattern(self) -> Expression:
        self.blanks()
        if self.peek() == "@":
            return self.indirection()
        start, self.at = self.at, end_of(self.text, self.at)
        if self.at == start:
            self.wrong()
        return Pattern(self.text[start : self.at])

    def _class_call(self) -> ClassCall:
        self.at += len("##class(")
        self.blanks()
        name = self.must(_DOTTED)
        self.blanks()
        self.expect(")")
        return self._method_of(name)

    def _method_of(self, class_name: str) -> ClassCall:
        self.expect(".")
        name = self.must(_MEMBER_NAME)
        if self.peek() != "(":
            self.wrong()
        return ClassCall(class_name, name, self.actuals())

    def _dollar(self) -> Expression:
        match = self.match(_DOLLAR)
        if match is None:
            self.wrong()
        name = match.group(1).lower()
        if name == "system" and self.peek() == ".":
            dotted = self.match(_SYSTEM_CLASS)
            if dotted is None:
                self.wrong()
            return self._method_of(f"%SYSTEM.{dotted.group(1)}")
        if self.peek() != "(":
            return Special(name)
        if name in _PAIRED:
            self.at += 1
            return self._paired(_PAIRED[name])
        self.at += 1
        self.blanks()
        arguments: tuple[Actual, ...] = ()
        if self.peek() != ")":
            arguments = tuple(self.list_of(self._place_or_actual))
        self.blanks()
        self.expect(")")
        return Function(name, arguments)

    def _place_or_actual(self) -> Actual:
        self.blanks()
        if not self.take("*"):
            return self._actual()
        self.blanks()
        sign = self.peek()
        if not sign or sign not in "+-":
            return Star()
        self.at += 1
        self.blanks()
        offset = self.unary()
        return Star(Unary("-", offset) if sign == "-" else offset)

    def _paired(self, name: str) -> Function:
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

    # ---- JSON

    def _json_object(self) -> JsonObject:
        self.expect("{")
        self.blanks()
        if self.take("}"):
            return JsonObject(())
        items = self.list_of(self._json_item)
        self.blanks()
        self.expect("}")
        return JsonObject(tuple(items))

    def _json_item(self) -> tuple[str, Expression]:
        self.blanks()
        name = self._string() if self.peek() == '"' else self.must(NAME)
        self.blanks()
        self.expect(":")
        return name, self._json_value()

    def _json_array(self) -> JsonArray:
        self.expect("[")
        self.blanks()
        if self.take("]"):
            return JsonArray(())
        items = self.list_of(self._json_value)
        self.blanks()
        self.expect("]")
        return JsonArray(tuple(items))

    def _json_value(self) -> Expression:
        self.blanks()
        # Inside, an expression stands in parentheses; everything else is JSON.
        for word, value in _JSON_WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return Special(f"json:{word}") if value != "" else Special("json:null")
        return self.unary()
