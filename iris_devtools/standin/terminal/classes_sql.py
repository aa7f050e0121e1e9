"""%SQL.Statement and %ResultSet: SQL from the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from iris_devtools.standin.errors import ObjectScriptError, SQLError
from iris_devtools.standin.objectscript.convert import to_text
from iris_devtools.standin.objectscript.definition import NOWHERE, Call, ClassDefinition
from iris_devtools.standin.terminal.space import space_of
from iris_devtools.standin.values import Argument, ByRef, ObjectRef, Scalar, Undefined
from iris_devtools.standin.wire.messages import is_query

__all__ = ["CLASSES"]

STATEMENT = ClassDefinition("%SQL.Statement")
RESULT = ClassDefinition("%SQL.StatementResult")
RESULT_SET = ClassDefinition("%Library.ResultSet")
CLASSES = (STATEMENT, RESULT, RESULT_SET)

_NO_MORE_ROWS = 100


@dataclass
class _Statement:
    """One %SQL.Statement: the text that was prepared."""

    text: str = ""


@dataclass
class _Result:
    """What a statement answered."""

    sqlcode: int = 0
    message: str = ""
    count: int = 0
    columns: tuple[str, ...] = ()
    rows: list[Sequence[Scalar]] = field(default_factory=list)
    at: int = -1


def _executed(call: Call, text: str, values: Sequence[Argument]) -> _Result:
    session = space_of(call).session
    result = _Result()
    try:
        given = [to_text(value) for value in values]
        prepared = session.prepare(text, ("?",) * len(given))
        if is_query(text):
            result.rows = list(session.query(prepared, given))
            result.columns = tuple(column.name for column in prepared.columns or ())
            result.count = len(result.rows)
        else:
            result.count = sum(session.update(prepared, [given]))
    except SQLError as error:
        result.sqlcode, result.message = error.sqlcode, error.message or error.text()
    return result


# Formals are written out: what a method of ObjectScript takes is a list of known length.
_NONE = Undefined()


def _values(*given: Argument) -> list[Argument]:
    return [each for each in given if not isinstance(each, Undefined)]


@STATEMENT.class_method("%ExecDirect")
def _exec_direct(
    call: Call, _handle: Argument = "", text: str = "", a: Argument = _NONE, b: Argument = _NONE,
    c: Argument = _NONE, d: Argument = _NONE,
) -> ObjectRef:  # fmt: skip
    return call.space.hold(RESULT, _executed(call, text, _values(a, b, c, d)))


@STATEMENT.class_method("%New")
def _new(call: Call) -> ObjectRef:
    return call.space.hold(STATEMENT, _Statement())


@STATEMENT.method("%Prepare")
def _prepare(_call: Call, statement: _Statement, text: str) -> int:
    statement.text = text
    return 1


@STATEMENT.method("%Execute")
def _execute(
    call: Call, statement: _Statement, a: Argument = _NONE, b: Argument = _NONE, c: Argument = _NONE,
    d: Argument = _NONE,
) -> ObjectRef:  # fmt: skip
    return call.space.hold(RESULT, _executed(call, statement.text, _values(a, b, c, d)))


@RESULT.method("%Next")
def _next(_call: Call, result: _Result) -> int:
    result.at += 1
    if result.at < len(result.rows):
        return 1
    result.sqlcode = result.sqlcode or _NO_MORE_ROWS
    return 0


@RESULT.method("%Get")
def _get(_call: Call, result: _Result, name: str) -> Argument:
    return _column(result, name)


def _column(result: _Result, name: str) -> Argument:
    for index, column in enumerate(result.columns):
        if column.upper() == name.upper() and 0 <= result.at < len(result.rows):
            return result.rows[result.at][index]
    raise ObjectScriptError("PROPERTY DOES NOT EXIST", f" *{name},%sqlcq")


@RESULT.method("%GetData")
def _get_data(_call: Call, result: _Result, place: int) -> Argument:
    if 0 <= result.at < len(result.rows) and 1 <= place <= len(result.columns):
        return result.rows[result.at][place - 1]
    return ""


@RESULT.method("%Display")
def _display(call: Call, result: _Result) -> int:
    """Write the result as the manual's samples show it: names, rows, and how many there were."""
    write = space_of(call).device.write
    if result.sqlcode < 0:
        write(f"[SQLCODE: <{result.sqlcode}>\n[%msg: <{result.message}>]\n")
        return 1
    if not result.columns:
        write(f"{result.count} Row(s) Affected\n")
        return 1
    write("\t".join(result.columns) + "\n")
    for row in result.rows:
        write("\t".join(to_text(value) for value in row) + "\n")
    write(f"\n{result.count} Rows(s) Affected")
    return 1


RESULT.attribute("%SQLCODE", "sqlcode", int)
RESULT.attribute("%Message", "message", str)
RESULT.attribute("%ROWCOUNT", "count", int)


# ---- %ResultSet: class queries, of which the lists of accounts and of namespaces are there


@dataclass
class _Query:
    """One %ResultSet: the query that it was made for, and what it answered."""

    name: str
    result: _Result = field(default_factory=_Result)
    text: str = ""


def _users(call: Call) -> _Result:
    accounts = call.instance.configuration.accounts()
    return _Result(
        columns=("Name", "Enabled", "Roles", "Comment"),
        rows=[(each.name, int(each.enabled), each.roles, each.comment) for each in accounts],
    )


def _namespaces(call: Call) -> _Result:
    return _Result(columns=("Nsp",), rows=[(each.name,) for each in call.instance.configuration.namespaces()])


_QUERIES: dict[str, tuple[str | None, Callable[[Call], _Result]]] = {
    "Security.Users:List": ("%SYS", _users),
    "%SYS.Namespace:List": (None, _namespaces),
}


@RESULT_SET.class_method("%New")
def _new_result_set(call: Call, query: str = "") -> ObjectRef:
    return call.space.hold(RESULT_SET, _Query(query))


@RESULT_SET.method("Prepare")
def _prepare_query(_call: Call, query: _Query, text: str) -> int:
    query.text = text
    return 1


@RESULT_SET.method("Execute")
def _execute_query(
    call: Call, query: _Query, a: Argument = _NONE, b: Argument = _NONE, c: Argument = _NONE
) -> Argument:
    if query.text:
        query.result = _executed(call, query.text, _values(a, b, c))
    else:
        only_in, run = _QUERIES.get(query.name, (None, None))
        if run is None or only_in not in (None, call.process.namespace.upper()):
            return call.space.class_method("%SYSTEM.Status", "Error", [5002, f"No query {query.name}"])
        query.result = run(call)
    if query.result.sqlcode < 0:
        return call.space.class_method("%SYSTEM.Status", "Error", [5001, query.result.message])
    return 1


@RESULT_SET.method("Next", "%Next")
def _next_row(_call: Call, query: _Query, status: ByRef = NOWHERE) -> int:
    status.value = 1
    query.result.at += 1
    return int(query.result.at < len(query.result.rows))


@RESULT_SET.method("Get", "%Get")
def _get_column(_call: Call, query: _Query, name: str) -> Argument:
    return _column(query.result, name)


@RESULT_SET.method("GetData", "Data")
def _get_column_data(call: Call, query: _Query, place: int) -> Argument:
    return _get_data(call, query.result, place)


@RESULT_SET.method("Close", "%Close")
def _close(_call: Call, _query: _Query) -> int:
    return 1
