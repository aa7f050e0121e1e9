"""Evaluate expressions: what a value, a variable or a call means in a session (iris-terminal-and-image B)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.dynamic import (
    JSON_NULL,
    DynamicArray,
    DynamicObject,
    Json,
    hold_json,
    json_of,
)
from iris_devtools.standin.patterns import compiled
from iris_devtools.standin.terminal.arithmetic import canonical, number, operate, truth
from iris_devtools.standin.terminal.databases import GlobalNames, GlobalVariables
from iris_devtools.standin.terminal.device import Device
from iris_devtools.standin.terminal.frames import Frames
from iris_devtools.standin.terminal.functions import call_function
from iris_devtools.standin.terminal.functions_system import SYSTEM_FUNCTIONS
from iris_devtools.standin.terminal.functions_text import Last
from iris_devtools.standin.terminal.functions_variables import VARIABLE_FUNCTIONS
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
    Label,
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
from iris_devtools.standin.terminal.parser import LineSyntaxError, parse_expression
from iris_devtools.standin.terminal.space import TerminalSpace, full_name
from iris_devtools.standin.terminal.specials import special
from iris_devtools.standin.terminal.variables import Place, Store, TreeStore
from iris_devtools.standin.values import Argument, ByRef, Undefined

__all__ = ["Evaluator"]

Extrinsic = Callable[[Entry], Argument]


class Evaluator:
    """The variables and special variables of one session, and the values of expressions in it.

    Every method raises ObjectScriptError in IRIS's words. ``extrinsic`` runs a label and returns its value.
    """

    def __init__(self, space: TerminalSpace, device: Device, *, extrinsic: Extrinsic) -> None:
        self.space = space
        self.device = device
        self.variables = TreeStore()
        self.private = TreeStore()
        self.frames = Frames(self.variables, enter=self.enter)
        self.test = False
        self.error = ""
        self.ecode = ""
        self.last_reference = ""
        self.labels: dict[str, Label] = {}
        self._extrinsic = extrinsic
        self._naked: Place | None = None

    # ---- places

    def place(self, node: Expression) -> Place:
        """Return the node that a variable, or the text of an indirection, means."""
        if isinstance(node, Indirection):
            node = self._meant(node)
        if not isinstance(node, Variable):
            raise ObjectScriptError("SYNTAX")
        subscripts = tuple(to_text(self.value(each)) for each in node.subscripts)
        if node.kind == "local":
            return Place(self.variables, node.name, subscripts)
        if node.kind == "naked":
            return self._from_naked(subscripts)
        if node.kind == "private":
            place = Place(self.private, node.name, subscripts, "^||")
        else:
            place = Place(self._database(node), node.name, subscripts, "^")
        self._naked = place
        self.last_reference = place.shown
        return place

    def checked(self, node: Expression) -> Place:
        """Return a place whose subscripts are all possible; raises ``<SUBSCRIPT>`` for an empty one."""
        place = self.place(node)
        if "" in place.subscripts:
            mark = "*" if not place.prefix else ""
            raise ObjectScriptError("SUBSCRIPT", f" {mark}{place.shown}")
        return place

    def _from_naked(self, subscripts: tuple[str, ...]) -> Place:
        if self._naked is None or not self._naked.subscripts:
            raise ObjectScriptError("NAKED")
        self._naked = self._naked.at((*self._naked.subscripts[:-1], *subscripts))
        self.last_reference = self._naked.shown
        return self._naked

    def _database(self, node: Variable) -> Store:
        session = self.space.session
        if node.kind == "system":
            if node.name.upper() not in ("GLOBAL", "G"):
                raise ObjectScriptError("UNIMPLEMENTED", f" *^${node.name}")
            return GlobalNames(session)
        namespace = None if node.namespace is None else to_text(self.value(node.namespace))
        return GlobalVariables(session, namespace or None)

    def _meant(self, node: Indirection) -> Expression:
        try:
            found = parse_expression(to_text(self.value(node.reference)))
        except LineSyntaxError as error:
            raise ObjectScriptError("SYNTAX") from error
        if not node.subscripts:
            return found
        if not isinstance(found, Variable):
            raise ObjectScriptError("SYNTAX")
        return Variable(found.name, (*found.subscripts, *node.subscripts), found.kind, found.namespace)

    # ---- values

    def value(self, expression: Expression) -> Argument:
        """Evaluate an expression."""
        return _EVALUATE[type(expression)](self, expression)

    def enter(self, namespace: str) -> None:
        """Change to another namespace."""
        if self.space.process.transaction_level:
            raise ObjectScriptError("UNIMPLEMENTED", " *another namespace inside a transaction")
        try:
            self.space.process.enter(namespace)
        except ObjectScriptError as error:
            raise ObjectScriptError(error.name) from error

    def calling(self, arguments: Sequence[Actual], call: Callable[[list[Argument]], Argument]) -> Argument:
        """Call a method of the server with arguments; arrays by reference go in and come back."""
        given: list[Argument] = []
        references: list[tuple[Place, ByRef]] = []
        for each in arguments:
            if isinstance(each, Omitted):
                given.append(Undefined())
            elif isinstance(each, Reference):
                place = Place(self.variables, each.name)
                reference = _by_reference(place)
                references.append((place, reference))
                given.append(reference)
            elif isinstance(each, Star):
                raise ObjectScriptError("SYNTAX")
            else:
                given.append(self.value(each))
        answer = call(given)
        for place, reference in references:
            if reference.value is not None and not isinstance(reference.value, Undefined):
                place.set(reference.value)
            for subscript, value in reference.nodes.items():
                place.below(subscript).set(value)
        return answer

    def _literal(self, literal: Literal) -> Argument:
        return literal.value

    def _variable(self, variable: Variable) -> Argument:
        place = self.checked(variable)
        found = place.get()
        if isinstance(found, Undefined):
            mark = "*" if not place.prefix else ""
            raise ObjectScriptError("UNDEFINED", f" {mark}{place.shown}")
        return found

    def _indirection(self, node: Indirection) -> Argument:
        return self.value(self._meant(node))

    def _unary(self, unary: Unary) -> Argument:
        value = self.value(unary.operand)
        if unary.operator == "'":
            return int(not truth(value))
        return canonical(number(value) if unary.operator == "+" else -number(value))

    def _binary(self, binary: Binary) -> Argument:
        left = self.value(binary.left)
        sign = binary.operator
        if sign == "?":
            return int(self._matches(to_text(left), binary.right) != binary.negated)
        if sign in ("&&", "||", "&", "!"):
            first = truth(left)
            lazy = (sign == "&&" and not first) or (sign == "||" and first)
            second = first if lazy else truth(self.value(binary.right))
            met = (first and second) if sign in ("&", "&&") else (first or second)
            return int(met != binary.negated)
        answer = operate(sign, left, self.value(binary.right))
        return str(int(answer == "0")) if binary.negated else answer

    def _matches(self, text: str, right: Expression) -> bool:
        pattern = self.value(right.reference if isinstance(right, Indirection) else right)
        expression = compiled(to_text(pattern))
        if expression is None:
            raise ObjectScriptError("SYNTAX")
        return expression.fullmatch(text) is not None

    def _pattern(self, pattern: Pattern) -> Argument:
        return pattern.text

    def _special(self, node: Special) -> Argument:
        return special(self, node.name)

    def _entry(self, entry: Entry) -> Argument:
        return self._extrinsic(entry)

    def _classcall(self, call: ClassCall) -> Argument:
        return self.calling(
            call.arguments,
            lambda given: self.space.class_method(full_name(call.class_name), call.method, given),
        )

    def _member(self, member: Member) -> Argument:
        target = self.value(member.target)
        if member.arguments is None:
            return self.space.get_property(target, member.name)
        return self.calling(member.arguments, lambda given: self.space.invoke(target, member.name, given))

    def _function(self, function: Function) -> Argument:
        if function.name == "select":
            for condition, result in function.pairs:
                if condition is not None and truth(self.value(condition)):
                    return self.value(result)
            raise ObjectScriptError("SELECT")
        if function.name == "case":
            wanted = to_text(self._given(function.arguments[0]))  # type: ignore[arg-type]
            for condition, result in function.pairs:
                if condition is None or to_text(self.value(condition)) == wanted:
                    return self.value(result)
            raise ObjectScriptError("ILLEGAL VALUE")
        own = VARIABLE_FUNCTIONS.get(function.name) or SYSTEM_FUNCTIONS.get(function.name)
        if own is not None:
            return own(self, function.arguments)
        return call_function(function.name, [self._given(each) for each in function.arguments])

    def _given(self, argument: Actual) -> Argument | Last:
        if isinstance(argument, Star):
            return Last(0 if argument.offset is None else to_integer(self.value(argument.offset)))
        if isinstance(argument, Omitted):
            return Undefined()
        if isinstance(argument, Reference):
            raise ObjectScriptError("SYNTAX")
        return self.value(argument)

    # ---- JSON

    def _jsonobject(self, node: JsonObject) -> Argument:
        return hold_json(self.space, DynamicObject({name: self._json(each) for name, each in node.items}))

    def _jsonarray(self, node: JsonArray) -> Argument:
        return hold_json(self.space, DynamicArray([self._json(each) for each in node.items]))

    def _json(self, node: Expression) -> Json:
        if isinstance(node, JsonObject):
            return DynamicObject({name: self._json(each) for name, each in node.items})
        if isinstance(node, JsonArray):
            return DynamicArray([self._json(each) for each in node.items])
        if isinstance(node, Special) and node.name.startswith("json:"):
            return {"json:true": True, "json:false": False}.get(node.name, JSON_NULL)
        return json_of(self.space, self.value(node))


def _by_reference(place: Place) -> ByRef:
    found = place.get()
    reference = ByRef(None if isinstance(found, Undefined) else found)
    subscript = place.below("").next()
    while subscript:
        below = place.below(subscript)
        value = below.get()
        if not isinstance(value, Undefined):
            reference.nodes[subscript] = value
        subscript = below.next()
    return reference


_EVALUATE: dict[type, Callable[..., Argument]] = {
    Literal: Evaluator._literal,
    Variable: Evaluator._variable,
    Indirection: Evaluator._indirection,
    Unary: Evaluator._unary,
    Binary: Evaluator._binary,
    Pattern: Evaluator._pattern,
    Special: Evaluator._special,
    Function: Evaluator._function,
    ClassCall: Evaluator._classcall,
    Member: Evaluator._member,
    Entry: Evaluator._entry,
    JsonObject: Evaluator._jsonobject,
    JsonArray: Evaluator._jsonarray,
}
