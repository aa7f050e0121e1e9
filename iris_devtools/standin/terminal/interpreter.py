"""Run the commands of one line (iris-terminal-and-image B.5 to B.9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import ObjectScriptError, SQLError, StandinError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal import exceptions
from iris_devtools.standin.terminal.arithmetic import canonical, number, truth
from iris_devtools.standin.terminal.commands import VariableCommands
from iris_devtools.standin.terminal.device import Device
from iris_devtools.standin.terminal.nodes import (
    Command,
    Entry,
    Expression,
    Indirection,
    Invocation,
    Label,
    Line,
    Omitted,
    Range,
    Reference,
    Star,
    Variable,
)
from iris_devtools.standin.terminal.parser import LineSyntaxError, parse_called, parse_line
from iris_devtools.standin.terminal.space import Ended, TerminalSpace
from iris_devtools.standin.terminal.variables import Tree
from iris_devtools.standin.values import Argument, ObjectRef

__all__ = ["Failure", "Interpreter"]


class Failure(StandinError):
    """A command failed: at this column of this source, with this text in ``$ZERROR``."""

    def __init__(
        self, text: str, column: int = 0, source: str = "", *, error: Exception, thrown: Argument = ""
    ) -> None:
        super().__init__(text)
        self.text = text
        self.column = column
        self.source = source
        self.error = error
        self.thrown = thrown


class _Quit(Exception):
    """QUIT leaves the innermost loop, TRY, XECUTE or label, with a value or none."""

    def __init__(self, value: Argument | None = None) -> None:
        super().__init__()
        self.value = value


class _Return(_Quit):
    """RETURN leaves the label, whatever is around it."""


class _Continue(Exception):
    """CONTINUE begins the next round of the innermost loop."""


class Interpreter(VariableCommands):
    """The commands of one session."""

    def __init__(self, space: TerminalSpace, device: Device) -> None:
        super().__init__(space, device, extrinsic=self._extrinsic_value)
        self._source = ""

    @property
    def namespace(self) -> str:
        """The namespace that the process is in."""
        return self.space.process.namespace

    @property
    def prompt(self) -> str:
        """What stands before ``>`` (iris-terminal-and-image C.2)."""
        level = self.space.process.transaction_level
        return f"{f'TL{level}:' if level else ''}{self.namespace}{self.frames.suffix}"

    def run(self, line: Line) -> None:
        """Run a line; raises Failure, after which the rest of the line has not run, or Ended.

        The levels of called code that failed stay, as the prompt then shows.
        """
        self._source = line.source
        before = len(self.frames.levels)
        try:
            self._commands(line.commands)
        except _Quit as quitting:
            count = None if quitting.value is None else to_integer(quitting.value)
            self.frames.clear(count)
        except _Continue as error:
            raise self._failure(ObjectScriptError("CONTINUE"), 0) from error
        except RecursionError as error:
            self._leave(before)
            raise self._failure(ObjectScriptError("FRAMESTACK"), 0) from error

    def keep(self, label: Label) -> None:
        """Keep a line under its label, for DO and ``$$``."""
        self.labels[label.name] = label

    def fail(self, failure: Failure) -> None:
        """Note what failed, and add the level that code failing above earlier failures makes."""
        self.error = failure.text
        self.ecode += exceptions.error_code_of(failure.error).lstrip("," if self.ecode else "")

    def call(self, entry: Entry) -> Argument | None:
        """Run a label with its arguments; the value is that of its QUIT."""
        return self._call_label(entry, kind="d")

    # ---- running

    def _commands(self, commands: Sequence[Command]) -> None:
        for command in commands:
            if self.space.process.terminated:
                raise Ended
            try:
                if command.condition is not None and not truth(self.value(command.condition)):
                    continue
                if _RUN[command.word](self, command):
                    return
            except (ObjectScriptError, SQLError) as error:
                raise self._failure(error, command.column) from error

    def _failure(self, error: Exception, column: int) -> Failure:
        return Failure(str(error), column, self._source, error=error)

    def _on_a_level(self, kind: str, line: Line, formals: Sequence[tuple[str, Tree]] = ()) -> Argument | None:
        """Run a line on a level of its own and return the value of its QUIT.

        After an error that neither ``$ZTRAP`` nor ``$ETRAP`` takes care of the level stays, as the prompt
        then shows; one that begins above such a level makes two (iris-terminal-and-image C.4).
        """
        levels = len(self.frames.levels)
        if not self.depth and self.frames.top.kind in "dex":
            self.frames.push("E")
        own = len(self.frames.levels)
        self.frames.push(kind).news = int(bool(formals))
        for name, tree in formals:
            self.frames.bind(name, tree)
        outer, self._source = self._source, line.source
        value: Argument | None = None
        self.depth += 1
        try:
            try:
                self._commands(line.commands)
            except Failure as failure:
                self._trapped(failure, own)
        except _Return as returning:
            if kind == "x":
                self._leave(levels)
                raise
            value = returning.value
        except _Quit as quitting:
            value = quitting.value
        finally:
            self.depth -= 1
            self._source = outer
        self._leave(levels)
        return value

    def _leave(self, levels: int) -> None:
        while len(self.frames.levels) > levels:
            self.frames.pop()

    def _trapped(self, failure: Failure, own: int) -> None:
        """Let the traps of a level take care of a failure in it, or above it; raise it again otherwise."""
        frame = self.frames.levels[own]
        self.error = failure.text
        if frame.error_trap:
            label = self.labels.get(frame.error_trap.lstrip("*"))
            frame.error_trap = ""
            if label is None:
                raise failure
            self._leave(own + 1)
            self._commands(label.line.commands)
            return
        if not frame.error_code:
            raise failure
        self._leave(own + 1)
        self.ecode = exceptions.error_code_of(failure.error)
        try:
            self._commands(self._parsed(frame.error_code).commands)
        except _Quit:
            if self.ecode:
                raise failure from None
            raise
        if self.ecode:
            raise failure

    def _parsed(self, text: str) -> Line:
        try:
            return parse_line(text)
        except LineSyntaxError as error:
            raise ObjectScriptError("SYNTAX") from error

    # ---- labels

    def _extrinsic_value(self, entry: Entry) -> Argument:
        found = self._call_label(entry, kind="e")
        if found is None:
            raise ObjectScriptError("COMMAND")
        return found

    def _call_label(self, entry: Entry, *, kind: str) -> Argument | None:
        if entry.routine is not None:
            raise ObjectScriptError("NOROUTINE", f" *{entry.routine}")
        label = self.labels.get(entry.label)
        if label is None:
            raise ObjectScriptError("NOLINE")
        if len(entry.arguments) > len(label.formals):
            raise ObjectScriptError("PARAMETER")
        trees = [self._passed(each) for each in entry.arguments]
        trees += [None] * (len(label.formals) - len(trees))
        formals = [
            (name, Tree() if tree is None else tree) for name, tree in zip(label.formals, trees, strict=True)
        ]
        return self._on_a_level(kind, label.line, formals)

    def _passed(self, argument: object) -> Tree | None:
        if isinstance(argument, (Omitted, Star)):
            return None
        if isinstance(argument, Reference):
            return self.variables.tree(argument.name)
        tree = Tree()
        tree.value = self.value(argument)  # type: ignore[arg-type]
        return tree

    # ---- commands that steer

    def _do(self, command: Command) -> None:
        for each in command.arguments:
            assert isinstance(each, Invocation)
            if each.condition is not None and not truth(self.value(each.condition)):
                continue
            self._invoke(each.call)

    def _invoke(self, call: Expression) -> None:
        if isinstance(call, Entry):
            self._call_label(call, kind="d")
        elif isinstance(call, Indirection):
            try:
                found = parse_called(to_text(self.value(call.reference)))
            except LineSyntaxError as error:
                raise ObjectScriptError("SYNTAX") from error
            for each in found:
                self._invoke(each.call)
        else:
            self.value(call)

    def _xecute(self, command: Command) -> None:
        for each in command.arguments:
            assert isinstance(each, Invocation)
            if each.condition is not None and not truth(self.value(each.condition)):
                continue
            line = self._parsed(to_text(self.value(each.call)))
            self._on_a_level("x", line)

    def _goto(self, command: Command) -> bool:
        for each in command.arguments:
            assert isinstance(each, Invocation)
            if each.condition is not None and not truth(self.value(each.condition)):
                continue
            entry = each.call
            if isinstance(entry, Indirection):
                (found,) = parse_called(to_text(self.value(entry.reference)))[:1]
                entry = found.call
            assert isinstance(entry, Entry)
            if entry.routine is not None:
                raise ObjectScriptError("NOROUTINE", f" *{entry.routine}")
            label = self.labels.get(entry.label)
            if label is None:
                raise ObjectScriptError("NOLINE")
            self._source = label.line.source
            self._commands(label.line.commands)
            raise _Return
        return False

    def _if(self, command: Command) -> bool:
        if not command.branches:
            if self.test:
                self._commands(command.body)
            return True
        for branch in command.branches:
            met = all(truth(self.value(condition)) for condition in branch.conditions)
            if command.legacy:
                self.test = met
            if met:
                self._commands(branch.body)
                return command.legacy
        self._commands(command.otherwise)
        return command.legacy

    def _else(self, command: Command) -> bool:
        if not self.test:
            self._commands(command.body)
        return True

    def _for(self, command: Command) -> None:
        try:
            if command.variable is None:
                while True:
                    self._round(command.body)
            for each in command.arguments:
                assert isinstance(each, Range)
                self._count(command.variable, each, command.body)
        except _Return:
            raise
        except _Quit as quitting:
            if quitting.value is not None:
                raise

    def _round(self, body: Sequence[Command]) -> None:
        try:
            self._commands(body)
        except _Continue:
            return

    def _count(self, variable: Variable, part: Range, body: Sequence[Command]) -> None:
        if part.step is None:
            self.assign(variable, self.value(part.start))
            self._round(body)
            return
        amount, step = number(self.value(part.start)), number(self.value(part.step))
        end = None if part.end is None else number(self.value(part.end))
        while end is None or (amount <= end if step >= 0 else amount >= end):
            self.assign(variable, canonical(amount))
            self._round(body)
            amount = number(self.value(variable)) + step

    def _while(self, command: Command) -> None:
        (branch,) = command.branches
        after = command.word == "DOWHILE"
        try:
            while after or all(truth(self.value(condition)) for condition in branch.conditions):
                self._round(branch.body)
                if after and not all(truth(self.value(condition)) for condition in branch.conditions):
                    return
        except _Return:
            raise
        except _Quit as quitting:
            if quitting.value is not None:
                raise

    def _try(self, command: Command) -> None:
        levels = len(self.frames.levels)
        source = self._source
        try:
            self._commands(command.body)
        except Failure as failure:
            self._leave(levels)
            self._source = source
            self.error = failure.text
            if command.variable is not None:
                self.assign(command.variable, self._exception(failure))
            self._leaving_try(command.otherwise)
        except _Return:
            raise
        except _Quit as quitting:
            if quitting.value is not None:
                raise

    def _leaving_try(self, commands: Sequence[Command]) -> None:
        try:
            self._commands(commands)
        except _Return:
            raise
        except _Quit as quitting:
            if quitting.value is not None:
                raise

    def _exception(self, failure: Failure) -> Argument:
        if failure.thrown != "":
            return failure.thrown
        definition, value = exceptions.caught(failure.error)
        return self.space.hold(definition, value)

    def _throw(self, command: Command) -> None:
        thrown = self.value(command.arguments[0])  # type: ignore[arg-type]
        value = self.space.held(thrown) if isinstance(thrown, ObjectRef) else None
        if not isinstance(value, exceptions.Caught) or not isinstance(thrown, ObjectRef):
            raise ObjectScriptError("THROW")
        error = ObjectScriptError("THROW", f" *{thrown.class_name} {value}")
        raise Failure(str(error), command.column, self._source, error=error, thrown=thrown)

    def _quit(self, command: Command) -> None:
        kind = _Return if command.word == "RETURN" else _Quit
        raise kind(self.value(command.arguments[0]) if command.arguments else None)  # type: ignore[arg-type]

    def _continue(self, _command: Command) -> None:
        raise _Continue

    def _halt(self, _command: Command) -> None:
        raise Ended

    def _zpm(self, command: Command) -> None:
        """Say that there is no package manager; end the process when the line says so."""
        first = command.arguments[0]
        assert isinstance(first, Invocation)
        what = to_text(self.value(first.call))
        self.device.write(
            f"\nERROR! zpm {what}: this server has no package manager (IPM); use an IRIS server\n"
        )
        if first.condition is not None and truth(self.value(first.condition)):
            raise Ended(1)

    def _unimplemented(self, _command: Command) -> None:
        raise ObjectScriptError("UNIMPLEMENTED")


_RUN: dict[str, Callable[[Interpreter, Command], bool | None]] = {
    "SET": Interpreter.do_set,
    "MERGE": Interpreter.do_merge,
    "KILL": Interpreter.do_kill,
    "NEW": Interpreter.do_new,
    "WRITE": Interpreter.do_write,
    "ZWRITE": Interpreter.do_zwrite,
    "READ": Interpreter.do_read,
    "DO": Interpreter._do,
    "DOWHILE": Interpreter._while,
    "XECUTE": Interpreter._xecute,
    "GOTO": Interpreter._goto,
    "IF": Interpreter._if,
    "ELSE": Interpreter._else,
    "FOR": Interpreter._for,
    "WHILE": Interpreter._while,
    "TRY": Interpreter._try,
    "THROW": Interpreter._throw,
    "QUIT": Interpreter._quit,
    "RETURN": Interpreter._quit,
    "CONTINUE": Interpreter._continue,
    "HALT": Interpreter._halt,
    "HANG": Interpreter.do_hang,
    "ZN": Interpreter.do_zn,
    "ZPM": Interpreter._zpm,
    "TSTART": Interpreter.do_tstart,
    "TCOMMIT": Interpreter.do_tcommit,
    "TROLLBACK": Interpreter.do_trollback,
    "LOCK": Interpreter.do_lock,
    "UNIMPLEMENTED": Interpreter._unimplemented,
}
