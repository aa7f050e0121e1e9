"""%DynamicObject and %DynamicArray: JSON as objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.objectscript.convert import to_integer, to_text
from iris_devtools.standin.objectscript.definition import Call, ClassDefinition, Property
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Undefined

if TYPE_CHECKING:
    from iris_devtools.standin.objectscript.dispatch import ObjectSpace

__all__ = [
    "CLASSES",
    "JSON_NULL",
    "DynamicArray",
    "DynamicObject",
    "Json",
    "hold_json",
    "json_of",
    "json_text",
]

OBJECT = ClassDefinition("%Library.DynamicObject", aliases=("%DynamicObject",))
ARRAY = ClassDefinition("%Library.DynamicArray", aliases=("%DynamicArray",))
ABSTRACT = ClassDefinition("%Library.DynamicAbstractObject", aliases=("%DynamicAbstractObject",))
ITERATOR = ClassDefinition("%Iterator.Object")
CLASSES = (OBJECT, ARRAY, ABSTRACT, ITERATOR)


class _Null:
    """``null``, which is the empty string to ObjectScript and something else to JSON."""


JSON_NULL = _Null()


@dataclass
class DynamicObject:
    """A JSON object; names keep the order in which they came."""

    items: dict[str, Json] = field(default_factory=dict)


@dataclass
class DynamicArray:
    """A JSON array; keys count from 0."""

    items: list[Json] = field(default_factory=list)


Json = str | int | float | Decimal | bool | _Null | DynamicObject | DynamicArray


def hold_json(space: ObjectSpace, value: Json) -> Argument:
    """Return a value as ObjectScript sees it; objects are kept in ``space``."""
    if isinstance(value, DynamicObject):
        return space.hold(OBJECT, value)
    if isinstance(value, DynamicArray):
        return space.hold(ARRAY, value)
    if isinstance(value, _Null):
        return ""
    return int(value) if isinstance(value, bool) else value


def json_of(space: ObjectSpace, value: Argument) -> Json:
    """Return a value as JSON sees it: canonical numbers are numbers, dynamic objects are themselves."""
    if isinstance(value, ObjectRef):
        found = space.held(value)
        if isinstance(found, (DynamicObject, DynamicArray)):
            return found
        raise ObjectScriptError("ILLEGAL VALUE", f" *{value} is no dynamic object")
    if isinstance(value, (int, float, Decimal)):
        return value
    text = to_text(value)
    return _number(text)


def _number(text: str) -> Json:
    try:
        amount = Decimal(text)
    except ArithmeticError:
        return text
    if not amount.is_finite() or to_text(amount) != text:
        return text
    return int(amount) if amount == amount.to_integral_value() else amount


def _read(text: str) -> Json:
    try:
        return _taken(json.loads(text, parse_float=Decimal))
    except (ValueError, RecursionError) as error:
        raise ObjectScriptError("THROW", f" *%Exception.General Parsing error 3 {error}") from error


def _taken(value: Any) -> Json:
    if isinstance(value, dict):
        return DynamicObject({name: _taken(each) for name, each in value.items()})
    if isinstance(value, list):
        return DynamicArray([_taken(each) for each in value])
    taken: Json = JSON_NULL if value is None else value
    return taken


def json_text(value: Json) -> str:
    """Return a value as JSON, without blanks."""
    if isinstance(value, DynamicObject):
        inner = (
            f"{json.dumps(name, ensure_ascii=False)}:{json_text(each)}" for name, each in value.items.items()
        )
        return f"{{{','.join(inner)}}}"
    if isinstance(value, DynamicArray):
        return f"[{','.join(map(json_text, value.items))}]"
    if isinstance(value, _Null):
        return "null"
    return format(value, "f") if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)


def _type_of(value: Json) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float, Decimal)):
        return "number"
    if isinstance(value, DynamicObject):
        return "object"
    if isinstance(value, DynamicArray):
        return "array"
    return "null" if isinstance(value, _Null) else "string"


def _given(call: Call, value: Argument, kind: str) -> Json:
    if kind == "boolean":
        return bool(to_integer(value))
    if kind == "null" and to_text(value) == "":
        return JSON_NULL
    if kind == "string":
        return to_text(value)
    return json_of(call.space, value)


Target = DynamicObject | DynamicArray


def _find(target: Target, key: str) -> Json | None:
    if isinstance(target, DynamicObject):
        return target.items.get(key)
    index = to_integer(key)
    return target.items[index] if 0 <= index < len(target.items) else None


@OBJECT.class_method("%FromJSON")
@ARRAY.class_method("%FromJSON")
@ABSTRACT.class_method("%FromJSON")
def _from_json(call: Call, text: str) -> Argument:
    return hold_json(call.space, _read(text))


@OBJECT.class_method("%New")
def _new_object(call: Call) -> Argument:
    return hold_json(call.space, DynamicObject())


@ARRAY.class_method("%New")
def _new_array(call: Call) -> Argument:
    return hold_json(call.space, DynamicArray())


@OBJECT.method("%Get")
@ARRAY.method("%Get")
def _get(call: Call, target: Target, key: str, default: Argument = "", _kind: str = "") -> Argument:
    found = _find(target, key)
    return default if found is None else hold_json(call.space, found)


@OBJECT.method("%Set")
def _set_name(call: Call, target: DynamicObject, key: str, value: Argument, kind: str = "") -> ObjectRef:
    target.items[key] = _given(call, value, kind)
    return call.space.hold(OBJECT, target)


@ARRAY.method("%Set")
def _set_index(call: Call, target: DynamicArray, key: int, value: Argument, kind: str = "") -> ObjectRef:
    if key < 0:
        raise ObjectScriptError("ILLEGAL VALUE")
    target.items += [JSON_NULL] * (key + 1 - len(target.items))
    target.items[key] = _given(call, value, kind)
    return call.space.hold(ARRAY, target)


@ARRAY.method("%Push")
def _push(call: Call, target: DynamicArray, value: Argument, kind: str = "") -> ObjectRef:
    target.items.append(_given(call, value, kind))
    return call.space.hold(ARRAY, target)


@ARRAY.method("%Pop")
def _pop(call: Call, target: DynamicArray) -> Argument:
    return hold_json(call.space, target.items.pop()) if target.items else ""


@OBJECT.method("%Remove")
@ARRAY.method("%Remove")
def _remove(call: Call, target: Target, key: str) -> Argument:
    found = _find(target, key)
    if found is None:
        return ""
    if isinstance(target, DynamicObject):
        del target.items[key]
    else:
        del target.items[to_integer(key)]
    return hold_json(call.space, found)


@OBJECT.method("%IsDefined")
@ARRAY.method("%IsDefined")
def _is_defined(_call: Call, target: Target, key: str) -> bool:
    return _find(target, key) is not None


@OBJECT.method("%Size")
@ARRAY.method("%Size")
def _size(_call: Call, target: Target) -> int:
    return len(target.items)


@OBJECT.method("%GetTypeOf")
@ARRAY.method("%GetTypeOf")
def _get_type_of(_call: Call, target: Target, key: str) -> str:
    found = _find(target, key)
    return "unassigned" if found is None else _type_of(found)


@OBJECT.method("%ToJSON")
@ARRAY.method("%ToJSON")
def _to_json(_call: Call, target: Target) -> str:
    return json_text(target)


@dataclass
class _Walk:
    """An iterator over an object or array."""

    pairs: Iterator[tuple[Argument, Json]]


@OBJECT.method("%GetIterator")
@ARRAY.method("%GetIterator")
def _get_iterator(call: Call, target: Target) -> ObjectRef:
    pairs = target.items.items() if isinstance(target, DynamicObject) else enumerate(target.items)
    return call.space.hold(ITERATOR, _Walk(iter(list(pairs))))


@ITERATOR.method("%GetNext")
def _get_next(call: Call, walk: _Walk, key: ByRef, value: ByRef, _kind: Argument = Undefined()) -> bool:  # noqa: B008
    found = next(walk.pairs, None)
    if found is None:
        return False
    key.value, value.value = found[0], hold_json(call.space, found[1])
    return True


def _named(name: str) -> Property:
    def read(call: Call, target: DynamicObject) -> Argument:
        found = target.items.get(name)
        return "" if found is None else hold_json(call.space, found)

    def write(call: Call, target: DynamicObject, value: Argument) -> None:
        target.items[name] = json_of(call.space, value)

    return Property(read, write)


OBJECT.any_property = _named
