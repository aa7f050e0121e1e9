"""Translates the functions that make text with a structure: lists, JSON, XML (iris-sql.md 6.1, 6.5)."""

from __future__ import annotations

from iris_devtools.standin.sql import nodes
from iris_devtools.standin.sql.coercion import as_number, as_text, no_stream
from iris_devtools.standin.sql.compile_functions import Builder, define, texts
from iris_devtools.standin.sql.compile_values import odbc_text
from iris_devtools.standin.sql.environment import Env, Value, literal
from iris_devtools.standin.types import INTEGER, SMALLINT, SqlType, varchar

__all__: list[str] = []

_TEXT = varchar()


# -- lists -----------------------------------------------------------------------------------------


def _list_build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = ", ".join(env.text(argument) for argument in arguments)
    return Value(f"iris_list_build({parts or 'NULL'})", _TEXT, nullable=False)


def _of_list(function: str, sql_type: SqlType, *numbers: int) -> Builder:
    """Build a call on a list; ``numbers`` are the places of its positions."""

    def build(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
        parts = [
            as_number(env, argument) if index in numbers else env.text(argument)
            for index, argument in enumerate(arguments)
        ]
        return Value(f"{function}({', '.join(parts)})", sql_type)

    return build


define("$LISTBUILD $LB", _list_build, 0, 1000)
define("$LIST $LI", _of_list("iris_list_part", _TEXT, 1, 2), 1, 3)
define("$LISTGET $LG", _of_list("iris_list_get", _TEXT, 1), 1, 3)
define("$LISTFIND $LF", _of_list("iris_list_find", SMALLINT, 2), 2, 3)
define("$LISTDATA $LD", _of_list("iris_list_data", SMALLINT, 1), 1, 2)
define("$LISTLENGTH $LL", _of_list("iris_list_length", INTEGER), 1)
define("$LISTSAME $LS", _of_list("iris_list_same", SMALLINT), 2)
define("$LISTFROMSTRING $LFS", texts("iris_list_from_string", _TEXT), 1, 2)
define("$LISTTOSTRING $LTS", _of_list("iris_list_to_string", _TEXT), 1, 2)


# -- JSON ------------------------------------------------------------------------------------------


def _json_item(env: Env, value: Value) -> str:
    if value.type is not None and value.type.is_temporal:
        return odbc_text(env, value)
    return env.text(value)


def _json_object(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = [arguments[0].sql]
    for index, argument in enumerate(arguments[1:]):
        parts.append(_json_item(env, argument) if index % 2 else as_text(env, argument))
    return Value(f"iris_json_object({', '.join(parts)})", _TEXT, nullable=False)


def _json_array(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = ", ".join([arguments[0].sql, *(_json_item(env, argument) for argument in arguments[1:])])
    return Value(f"iris_json_array({parts})", _TEXT, nullable=False)


define("JSON_OBJECT", _json_object, 3, 100)
define("JSON_ARRAY", _json_array, 1, 100)


# -- XML -------------------------------------------------------------------------------------------

_XML = frozenset({"XMLELEMENT", "XMLFOREST", "XMLCONCAT"})


def _is_xml(node: nodes.Expression) -> bool:
    """Tell whether an expression is XML itself, so that its markup stays; inside of CASE it does not."""
    if isinstance(node, nodes.ScalarQuery):
        body = node.query.body
        return isinstance(body, nodes.Select) and _is_xml(body.items[0].expression)
    if isinstance(node, nodes.Aggregate):
        return node.name == "XMLAGG" and node.argument is not None and _is_xml(node.argument)
    return isinstance(node, nodes.Function) and node.name in _XML


def _content(env: Env, node: nodes.Expression, value: Value) -> str:
    text = as_text(env, value)
    if _is_xml(node):
        return text
    if value.type is not None and value.type.is_stream:
        return f"('<![CDATA[' || {text} || ']]>')"
    return f"iris_xml_escape({text})"


def _xml_element(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    tag, *items = node.arguments
    assert isinstance(tag, nodes.Text)
    attributes = ""
    contents = []
    for item, value in zip(items, arguments[1:], strict=True):
        if isinstance(item, nodes.Function) and item.name == "XMLATTRIBUTES":
            if attributes:
                raise env.statement.error(-1, " XMLATTRIBUTES found twice", item.position)
            attributes = f" || {value.sql} || ' '"
        else:
            contents.append(f"COALESCE({_content(env, item, value)}, '')")
    opening = f"{literal('<' + tag.value)}{attributes} || '>'"
    text = " || ".join([opening, *contents, literal(f"</{tag.value}>")])
    return Value(f"({text})", _TEXT, nullable=False)


def _xml_attributes(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    parts = []
    for name, value in _named(env, node, arguments):
        no_stream(env, value)
        text = f"COALESCE(iris_xml_escape({as_text(env, value)}), '')"
        parts.append(" || ".join([literal(f" {name}='"), text, literal("'")]))
    return Value(f"({' || '.join(parts)})", _TEXT, nullable=False)


def _named(env: Env, node: nodes.Function, arguments: list[Value]) -> list[tuple[str, Value]]:
    """Return the values with their names: the alias, or else the name of the column."""
    found = []
    for tag, value in zip(node.arguments[::2], arguments[1::2], strict=True):
        assert isinstance(tag, nodes.Text)
        if not tag.value and value.field is None:
            raise env.statement.error(-1, f" AS expected in call of {node.name}", node.position)
        found.append((tag.value or (value.field.name if value.field is not None else ""), value))
    return found


def _xml_forest(env: Env, node: nodes.Function, arguments: list[Value]) -> Value:
    parts = []
    for (name, value), tag, item in zip(
        _named(env, node, arguments), node.arguments[::2], node.arguments[1::2], strict=True
    ):
        assert isinstance(tag, nodes.Text)
        shown = tag.value or name.upper()
        opening, closing = literal(f"<{shown}>"), literal(f"</{shown}>")
        parts.append(f"COALESCE({opening} || {_content(env, item, value)} || {closing}, '')")
    return Value(f"({' || '.join(parts)})", _TEXT, nullable=False)


def _xml_concat(env: Env, _node: nodes.Function, arguments: list[Value]) -> Value:
    parts = [f"COALESCE({as_text(env, argument)}, '')" for argument in arguments]
    return Value(f"({' || '.join(parts)})", _TEXT, nullable=False)


define("XMLELEMENT", _xml_element, 2, 200)
define("XMLATTRIBUTES", _xml_attributes, 2, 200)
define("XMLFOREST", _xml_forest, 2, 200)
define("XMLCONCAT", _xml_concat, 2, 200)
