"""Commands that set, show and lock variables (iris-terminal-and-image B.7)."""

from __future__ import annotations

import time

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.terminal import databases, writing
from iris_devtools.standin.terminal.arithmetic import number
from iris_devtools.standin.terminal.device import Device
from iris_devtools.standin.terminal.evaluator import Evaluator, Extrinsic
from iris_devtools.standin.terminal.functions import call_function
from iris_devtools.standin.terminal.functions_lists import set_list
from iris_devtools.standin.terminal.functions_text import set_extract, set_piece
from iris_devtools.standin.terminal.nodes import (
    Assignment,
    Command,
    Exclusive,
    Expression,
    Format,
    Function,
    Indirection,
    Literal,
    LockPart,
    Member,
    ReadPart,
    Special,
    Variable,
)
from iris_devtools.standin.terminal.space import Ended, TerminalSpace
from iris_devtools.standin.terminal.specials import assign_special
from iris_devtools.standin.terminal.variables import Place, walk
from iris_devtools.standin.values import Argument, Undefined
from iris_devtools.standin.wire.handler import NativeKind

__all__ = ["VariableCommands"]

_HANG_STEP_S = 0.5
_NEW_SPECIALS = ("etrap", "et", "estack", "es", "roles")
"""Special variables that a level has of its own anyway."""


class VariableCommands(Evaluator):
    """The commands that do one thing and let the next one follow."""

    def __init__(self, space: TerminalSpace, device: Device, *, extrinsic: Extrinsic) -> None:
        super().__init__(space, device, extrinsic=extrinsic)
        self.depth = 0
        """How many lines are being run that others called; 0 for what was typed."""

    # ---- commands of variables

    def do_set(self, command: Command) -> None:
        """Set variables, parts of them, properties and special variables."""
        for each in command.arguments:
            if isinstance(each, Assignment):
                value = self.value(each.value)
                for target in each.targets:
                    self.assign(target, value)

    def assign(self, target: Expression, value: Argument) -> None:
        """Give a target of SET its value."""
        if isinstance(target, (Variable, Indirection)):
            self.checked(target).set(value)
        elif isinstance(target, Member):
            self.space.set_property(self.value(target.target), target.name, value)
        elif isinstance(target, Function):
            self._assign_part(target, value)
        elif isinstance(target, Special):
            assign_special(self, target.name, value)
        else:
            raise ObjectScriptError("SYNTAX")

    def _assign_part(self, target: Function, value: Argument) -> None:
        if not target.arguments or not isinstance(target.arguments[0], (Variable, Indirection)):
            raise ObjectScriptError("SYNTAX")
        place = self.checked(target.arguments[0])
        found = place.get()
        old = "" if isinstance(found, Undefined) else to_text(found)
        rest = [self._given(each) for each in target.arguments[1:]]
        try:
            if target.name in ("piece", "p"):
                place.set(set_piece(old, to_text(value), *rest))  # type: ignore[arg-type]
            elif target.name in ("extract", "e"):
                place.set(set_extract(old, to_text(value), *rest))
            else:
                place.set(set_list(old, value, *rest))
        except TypeError as error:
            raise ObjectScriptError("SYNTAX") from error

    def do_merge(self, command: Command) -> None:
        """Copy one array into another."""
        for each in command.arguments:
            assert isinstance(each, Assignment)
            target, source = self.checked(each.targets[0]), self.checked(each.value)
            for place, value in list(walk(source)):
                target.below(*place.subscripts[len(source.subscripts) :]).set(value)

    def do_kill(self, command: Command) -> None:
        """Remove variables."""
        if not command.arguments:
            self.variables.trees.clear()
        for each in command.arguments:
            if isinstance(each, Exclusive):
                for name in set(self.variables.names()) - set(each.names):
                    self.variables.kill(name, ())
            else:
                self.checked(each).kill()  # type: ignore[arg-type]

    def do_new(self, command: Command) -> None:
        """Let variables be undefined until the end of this level."""
        if not self.depth:
            self.frames.new_at_the_prompt()
        names: list[str] = [] if command.arguments else self.variables.names()
        for each in command.arguments:
            if isinstance(each, Variable):
                names.append(each.name)
            elif isinstance(each, Exclusive):
                names += [name for name in self.variables.names() if name not in each.names]
            elif isinstance(each, Special) and each.name in ("namespace", "znspace"):
                top = self.frames.top
                top.namespace = top.namespace or self.space.process.namespace
            elif not isinstance(each, Special) or each.name not in _NEW_SPECIALS:
                raise ObjectScriptError("SYNTAX")
        self.frames.hide(names)

    # ---- commands that write and read

    def do_write(self, command: Command) -> None:
        """Write values and formats."""
        if not command.arguments:
            for name in self.variables.names():
                for place, value in walk(Place(self.variables, name)):
                    self.device.write(f"\n{place.shown}={to_text(value)}")
        for each in command.arguments:
            if isinstance(each, Format):
                self._format(each)
            else:
                self.device.write(to_text(self.value(each)))  # type: ignore[arg-type]

    def _format(self, part: Format) -> None:
        if part.value is None:
            self.device.write("\n" if part.kind == "!" else "\f")
        elif part.kind == "*":
            self.device.write(to_text(call_function("char", [self.value(part.value)])))
        else:
            self.device.to_column(to_integer(self.value(part.value)))

    def do_zwrite(self, command: Command) -> None:
        """Write variables with their names."""
        for each in command.arguments:
            if isinstance(each, Indirection):
                each = self._meant(each)
            if isinstance(each, Variable):
                self._zwrite_place(self.checked(each))
            else:
                self.device.write(f"{writing.shown(self.space, self.value(each))}\n")  # type: ignore[arg-type]
        if not command.arguments:
            for name in self.variables.names():
                self._zwrite_place(Place(self.variables, name))

    def _zwrite_place(self, place: Place) -> None:
        for node, value in walk(place):
            self.device.write(f"{node.shown}={writing.shown(self.space, value)}\n")

    def do_read(self, command: Command) -> None:
        """Read lines of the session's input."""
        for each in command.arguments:
            if isinstance(each, Format):
                self._format(each)
            elif isinstance(each, Literal):
                self.device.write(each.value)
            elif isinstance(each, ReadPart):
                text = self.device.read()
                if text is None:
                    raise ObjectScriptError("ENDOFFILE")
                if each.single:
                    self.assign(each.target, ord(text[0]) if text else 13)
                else:
                    most = len(text) if each.length is None else to_integer(self.value(each.length))
                    self.assign(each.target, text[:most])

    # ---- the process

    def do_hang(self, command: Command) -> None:
        """Wait so many seconds."""
        until = time.monotonic() + float(number(self.value(command.arguments[0])))  # type: ignore[arg-type]
        while (left_s := until - time.monotonic()) > 0:
            if self.space.process.terminated:
                raise Ended
            time.sleep(min(left_s, _HANG_STEP_S))

    def do_zn(self, command: Command) -> None:
        """Change to another namespace."""
        self.enter(to_text(self.value(command.arguments[0])))  # type: ignore[arg-type]

    # ---- transactions and locks

    def do_tstart(self, _command: Command) -> None:
        """Begin a transaction, or one more level of it."""
        databases.transaction(self.space.session, NativeKind.START)

    def do_tcommit(self, _command: Command) -> None:
        """End the innermost level; the outermost commits."""
        databases.transaction(self.space.session, NativeKind.COMMIT)

    def do_trollback(self, command: Command) -> None:
        """Undo everything, or the innermost level."""
        one = bool(command.arguments) and to_text(self.value(command.arguments[0])) == "1"  # type: ignore[arg-type]
        databases.transaction(self.space.session, NativeKind.ROLLBACK_ONE if one else NativeKind.ROLLBACK)

    def do_lock(self, command: Command) -> None:
        """Take and give back locks; with a time limit ``$TEST`` says whether that went."""
        session = self.space.session
        if not command.arguments:
            databases.unlock_all(session)
        for each in command.arguments:
            assert isinstance(each, LockPart)
            if not each.sign:
                databases.unlock_all(session)
            timeout_s = None if each.timeout is None else max(0.0, float(number(self.value(each.timeout))))
            taken = True
            for variable in each.variables:
                place = self.checked(variable)
                name = f"{place.prefix}{place.name}"
                if each.sign == "-":
                    databases.unlock(session, name, place.subscripts, mode=each.mode)
                    continue
                taken = taken and databases.lock(
                    session, name, place.subscripts, mode=each.mode, timeout_s=timeout_s
                )
            if timeout_s is not None and each.sign != "-":
                self.test = taken
