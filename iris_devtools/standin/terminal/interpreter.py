"""Run the commands of one line (iris-terminal-and-image B.5 to B.8)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

from iris_devtools.standin.errors import ObjectScriptError, SQLError, StandinError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal.arithmetic import canonical, number, operate, sort_key, truth
from iris_devtools.standin.terminal.functions import call_function
from iris_devtools.standin.terminal.nodes import (
    Actual,
    Assignment,
    Binary,
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
from iris_devtools.standin.terminal.nodes import Argument as Node
from iris_devtools.standin.terminal.space import Ended, TerminalSpace
from iris_devtools.standin.values import Argument, ByRef, Undefined

__all__ = ["Failure", "Interpreter"]

_EPOCH = datetime(1840, 12, 31)
_Key = tuple[str, ...]


class Failure(StandinError):
    """A command failed: at this column, with this text in ``$ZERROR``."""

    def __init__(self, text: str, column: int = 0) -> None:
        super().__init__(text)
        self.text = text
        self.column = column


class _Quit(Exception):
    """QUIT leaves the innermost loop, or the rest of the line."""


class Interpreter:
    """The variables and the commands of one session; ``write`` gets what WRITE writes."""

    def __init__(self, space: TerminalSpace, write: Callable[[str], None]) -> None:
        self.space = space
        self.error = ""
        self._write = write
        self._test = False
        self._column = 0
        self._locals: dict[_Key, Argument] = {}

    @property
    def namespace(self) -> str:
        """The namespace that the process is in."""
        return self.space.process.namespace

    def run(self, line: Line) -> None:
        """Run a line; raises Failure, after which the rest of the line has not run, or Ended."""
        try:
            self._commands(line.commands)
        except _Quit:
            return

    def value(self, expression: Node) -> Argument:
        """Evaluate an expression; raises ObjectScriptError."""
        evaluate: Callable[[Node], Argument] = getattr(self, f"_{type(expression).__name__.lower()}")
        return evaluate(expression)

    # ---- commands

    def _commands(self, commands: Sequence[Command]) -> None:
        for command in commands:
            try:
                if command.condition is not None and not truth(self.value(command.condition)):
                    continue
                if getattr(self, f"_do_{command.word.lower()}")(command):
                    return
            except (ObjectScriptError, SQLError) as error:
                raise Failure(str(error), command.column) from error

    def _do_set(self, command: Command) -> None:
        for each in command.arguments:
            assert isinstance(each, Assignment)
            value = self.value(each.value)
            for target in each.targets:
                self._assign(target, value)

    def _do_do(self, command: Command) -> None:
        for each in command.arguments:
            assert isinstance(each, Invocation)
            if each.condition is None or truth(self.value(each.condition)):
                self.value(each.call)

    def _do_write(self, command: Command) -> None:
        if not command.arguments:
            self._write("".join(f"\n{name}={to_text(value)}" for name, value in self._listed()))
        for each in command.arguments:
            if isinstance(each, Format):
                self._format(each)
            else:
                self._write(to_text(self.value(each)))

    def _do_zwrite(self, command: Command) -> None:
        for each in command.arguments:
            if isinstance(each, Variable):
                prefix = self._key(each)
                for key in self._sorted():
                    if key[: len(prefix)] == prefix:
                        self._write(f"{_shown_name(key)}={_quoted(self._locals[key])}\n")
            else:
                self._write(f"{_quoted(self.value(each))}\n")
        if not command.arguments:
            for key in self._sorted():
                self._write(f"{_shown_name(key)}={_quoted(self._locals[key])}\n")

    def _do_kill(self, command: Command) -> None:
        if not command.arguments:
            self._locals.clear()
        for each in command.arguments:
            assert isinstance(each, Variable)
            prefix = self._key(each)
            for key in [key for key in self._locals if key[: len(prefix)] == prefix]:
                del self._locals[key]

    def _do_if(self, command: Command) -> bool:
        if not command.branches:
            if self._test:
                self._commands(command.body)
            return True
        for branch in command.branches:
            met = all(truth(self.value(condition)) for condition in branch.conditions)
            if command.legacy:
                self._test = met
            if met:
                self._commands(branch.body)
                return command.legacy
        self._commands(command.otherwise)
        return command.legacy

    def _do_else(self, command: Command) -> bool:
        if not self._test:
            self._commands(command.body)
        return True

    def _do_for(self, command: Command) -> None:
        try:
            if command.variable is None:
                while True:
                    self._commands(command.body)
            for each in command.arguments:
                assert isinstance(each, Range)
                self._count(command.variable, each, command.body)
        except _Quit:
            return

    def _count(self, variable: Variable, part: Range, body: Sequence[Command]) -> None:
        if part.step is None:
            self._assign(variable, self.value(part.start))
            self._commands(body)
            return
        amount, step = number(self.value(part.start)), number(self.value(part.step))
        end = None if part.end is None else number(self.value(part.end))
        while end is None or (amount <= end if step >= 0 else amount >= end):
            self._assign(variable, canonical(amount))
            self._commands(body)
            amount = number(self.value(variable)) + step

    def _do_while(self, command: Command) -> None:
        (branch,) = command.branches
        try:
            while all(truth(self.value(condition)) for condition in branch.conditions):
                self._commands(branch.body)
        except _Quit:
            return

    def _do_quit(self, _command: Command) -> None:
        raise _Quit

    def _do_halt(self, _command: Command) -> None:
        raise Ended

    def _do_hang(self, command: Command) -> None:
        time.sleep(max(0.0, float(number(self.value(command.arguments[0])))))

    def _do_zn(self, command: Command) -> None:
        self._enter(to_text(self.value(command.arguments[0])))

    def _format(self, part: Format) -> None:
        if part.value is None:
            self._write("\n" if part.kind == "!" else "\f")
        elif part.kind == "*":
            self._write(chr(to_integer(self.value(part.value))))
        else:
            self._write(" " * to_integer(self.value(part.value)))

    def _enter(self, namespace: str) -> None:
        try:
            self.space.process.enter(namespace)
        except ObjectScriptError as error:
            raise ObjectScriptError(error.name) from error

    def _assign(self, target: Expression, value: Argument) -> None:
        if isinstance(target, Variable):
            self._locals[self._key(target)] = value
        elif isinstance(target, Member):
            self.space.set_property(self.value(target.target), target.name, value)
        elif isinstance(target, Special) and target.name in ("namespace", "znspace"):
            self._enter(to_text(value))
        elif isinstance(target, Special) and target.name in ("test", "t"):
            self._test = truth(value)
        else:
            raise ObjectScriptError("SYNTAX")

    # ---- variables

    def _key(self, variable: Variable) -> _Key:
        subscripts = tuple(to_text(self.value(each)) for each in variable.subscripts)
        if "" in subscripts:
            raise ObjectScriptError("SUBSCRIPT", f" *{variable.name}()")
        return (variable.name, *subscripts)

    def _sorted(self) -> list[_Key]:
        return sorted(self._locals, key=lambda key: (key[0], [sort_key(part) for part in key[1:]]))

    def _listed(self) -> list[tuple[str, Argument]]:
        return [(_shown_name(key), self._locals[key]) for key in self._sorted()]

    def _variable(self, variable: Variable) -> Argument:
        key = self._key(variable)
        if key not in self._locals:
            raise ObjectScriptError("UNDEFINED", f" *{_shown_name(key)}")
        return self._locals[key]

    # ---- expressions

    def _literal(self, literal: Literal) -> Argument:
        return literal.value

    def _unary(self, unary: Unary) -> Argument:
        value = self.value(unary.operand)
        if unary.operator == "'":
            return int(not truth(value))
        return canonical(number(value) if unary.operator == "+" else -number(value))

    def _binary(self, binary: Binary) -> Argument:
        left = self.value(binary.left)
        sign = binary.operator
        if sign in ("&&", "||", "&", "!"):
            first = truth(left)
            lazy = (sign == "&&" and not first) or (sign == "||" and first)
            second = first if lazy else truth(self.value(binary.right))
            met = (first and second) if sign in ("&", "&&") else (first or second)
            return int(met != binary.negated)
        answer = operate(sign, left, self.value(binary.right))
        return str(int(answer == "0")) if binary.negated else answer

    def _special(self, special: Special) -> Argument:
        process = self.space.process
        now = datetime.now()
        values: dict[str, Callable[[], Argument]] = {
            "namespace": lambda: process.namespace,
            "znspace": lambda: process.namespace,
            "username": lambda: process.username,
            "roles": lambda: "%All",
            "job": lambda: process.pid,
            "zversion": lambda: process.instance.version_text,
            "zerror": lambda: self.error,
            "test": lambda: int(self._test),
            "tlevel": lambda: process.transaction_level,
            "horolog": lambda: f"{(now - _EPOCH).days},{now.hour * 3600 + now.minute * 60 + now.second}",
            "system": lambda: to_text(self.space.class_method("%SYS.System", "GetNodeName", [])) + ":IRIS",
        }
        short = {"j": "job", "zv": "zversion", "ze": "zerror", "t": "test", "tl": "tlevel", "h": "horolog"}
        found = values.get(short.get(special.name, special.name))
        if found is None:
            raise ObjectScriptError("SYNTAX")
        return found()

    def _function(self, function: Function) -> Argument:
        if function.name == "select":
            for condition, result in function.pairs:
                if condition is not None and truth(self.value(condition)):
                    return self.value(result)
            raise ObjectScriptError("SELECT")
        if function.name == "case":
            wanted = to_text(self.value(function.arguments[0]))
            for condition, result in function.pairs:
                if condition is None or to_text(self.value(condition)) == wanted:
                    return self.value(result)
            raise ObjectScriptError("ILLEGAL VALUE")
        if function.name in ("get", "g", "data", "d", "order", "o"):
            return self._of_a_variable(function)
        return call_function(function.name, [self.value(each) for each in function.arguments])

    def _of_a_variable(self, function: Function) -> Argument:
        variable = function.arguments[0] if function.arguments else None
        if not isinstance(variable, Variable):
            raise ObjectScriptError("SYNTAX")
        if function.name in ("order", "o"):
            return self._next(variable, [self.value(each) for each in function.arguments[1:]])
        key = self._key(variable)
        if function.name in ("get", "g"):
            default = self.value(function.arguments[1]) if len(function.arguments) > 1 else ""
            return self._locals.get(key, default)
        below = any(len(other) > len(key) and other[: len(key)] == key for other in self._locals)
        return int(key in self._locals) + 10 * int(below)

    def _next(self, variable: Variable, rest: list[Argument]) -> str:
        if not variable.subscripts:
            raise ObjectScriptError("SYNTAX")
        backwards = bool(rest) and to_integer(rest[0]) < 0
        *parents, last = [to_text(self.value(each)) for each in variable.subscripts]
        prefix = (variable.name, *parents)
        found = {key[len(prefix)] for key in self._locals if key[: len(prefix)] == prefix and key != prefix}
        ordered = sorted(found, key=sort_key, reverse=backwards)
        if last == "":
            return ordered[0] if ordered else ""
        mine = sort_key(last)
        return next(
            (each for each in ordered if (sort_key(each) < mine if backwards else sort_key(each) > mine)), ""
        )

    def _classcall(self, call: ClassCall) -> Argument:
        return self._calling(
            call.arguments,
            lambda given: self.space.class_method(_full_name(call.class_name), call.method, given),
        )

    def _member(self, member: Member) -> Argument:
        target = self.value(member.target)
        if member.arguments is None:
            return self.space.get_property(target, member.name)
        return self._calling(member.arguments, lambda given: self.space.invoke(target, member.name, given))

    def _calling(self, arguments: Sequence[Actual], call: Callable[[list[Argument]], Argument]) -> Argument:
        given: list[Argument] = []
        references: list[tuple[str, ByRef]] = []
        for each in arguments:
            if isinstance(each, Omitted):
                given.append(Undefined())
            elif isinstance(each, Reference):
                reference = ByRef(self._locals.get((each.name,)))
                references.append((each.name, reference))
                given.append(reference)
            else:
                given.append(self.value(each))
        answer = call(given)
        for name, reference in references:
            if reference.value is not None:
                self._locals[(name,)] = reference.value
        return answer


def _full_name(name: str) -> str:
    if "." in name:
        return name
    return f"%Library.{name[1:]}" if name.startswith("%") else f"User.{name}"


def _shown_name(key: _Key) -> str:
    if len(key) == 1:
        return key[0]
    return f"{key[0]}({','.join(_quoted(part) for part in key[1:])})"


def _quoted(value: Argument) -> str:
    text = to_text(value)
    if text and canonical(number(text)) == text:
        return text
    return '"' + text.replace('"', '""') + '"'
