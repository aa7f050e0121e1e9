"""Statements that neither read nor write rows (iris-sql.md 8.4, 10): what is theirs to say, as a Control.

The arguments of each verb:

===========================  ===========================================================================
START TRANSACTION,           ``commit_mode`` (NONE, IMPLICIT, EXPLICIT), ``isolation`` (READ UNCOMMITTED,
SET TRANSACTION              READ COMMITTED, READ VERIFIED, REPEATABLE READ, SERIALIZABLE) and ``access``
                             (READ ONLY, READ WRITE), each ``None`` when not given
SAVEPOINT                    ``name``
ROLLBACK TO SAVEPOINT        ``name``, ``None`` for the last one
SET OPTION                   ``option`` in upper case; ``value`` as text, or ``parameter``, its number
%CHECKPRIV                   ``privileges`` in upper case; ``object`` as (schema or None, name), or ``None``
LOCK, UNLOCK                 ``table`` as (schema or None, name); ``mode`` (SHARE, EXCLUSIVE);
                             ``wait``: seconds or ``None``, or ``parameter``, its number; ``immediate``
CREATE DATABASE              ``name``; ``directory`` or ``None``; ``if_not_exists``
DROP DATABASE                ``name``; ``if_exists``; ``retain_files``
USE DATABASE                 ``name``
CALL                         ``name`` with points; ``arguments``: numbers of parameters, texts of literals
TUNE TABLE, BUILD INDEX      ``table`` as (schema or None, name), ``None`` for all
GRANT, REVOKE                ``privileges``; ``objects`` as (schema or None, name), ``*`` for all;
                             ``grantees``; ``option``: WITH GRANT OPTION, GRANT OPTION FOR
CREATE, ALTER, DROP USER,    ``name``; ``password`` or ``None``
CREATE, DROP ROLE            ``name``
COMMIT, ROLLBACK,            none
%INTRANSACTION,
PURGE CACHED QUERIES
===========================  ===========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from iris_devtools.standin.sql.dialect import Kind
from iris_devtools.standin.sql.reader import Reader
from iris_devtools.standin.sql.translation import Control

__all__ = ["read_control"]

Arguments = dict[str, Any]
_LEVELS = (
    ("READ", "UNCOMMITTED"),
    ("READ", "COMMITTED"),
    ("READ", "VERIFIED"),
    ("REPEATABLE", "READ"),
    ("SERIALIZABLE",),
)


def read_control(reader: Reader) -> Control | None:
    """Read a control statement to its end; return ``None`` when the text is no such statement."""
    for words, verb, read in _VERBS:
        if reader.accept(*words):
            arguments = read(reader)
            reader.finish()
            return Control(verb or arguments.pop("verb"), arguments)
    return _call(reader)


def _nothing(_reader: Reader) -> Arguments:
    return {}


def _commit(reader: Reader) -> Arguments:
    reader.accept("WORK")
    return {}


def _modes(reader: Reader) -> Arguments:
    arguments: Arguments = {"commit_mode": None, "isolation": None, "access": None}
    while reader.token.kind is not Kind.END:
        if reader.accept("%COMMITMODE"):
            word = reader.accept_any("NONE", "IMPLICIT", "EXPLICIT")
            if word is None:
                reader.fail("NONE, IMPLICIT or EXPLICIT")
            arguments["commit_mode"] = word
        elif reader.accept("ISOLATION", "LEVEL"):
            arguments["isolation"] = _level(reader)
        elif reader.at("READ", "ONLY") or reader.at("READ", "WRITE"):
            arguments["access"] = f"READ {reader.ahead().upper}"
            reader.next()
            reader.next()
        else:
            reader.fail("ISOLATION LEVEL, READ or %COMMITMODE")
        reader.accept(",")
    if arguments["commit_mode"] and (arguments["isolation"] or arguments["access"]):
        raise reader.error(-1, f" End of text expected{reader.read_so_far()}")
    if arguments["access"] == "READ WRITE" and arguments["isolation"] in (
        "READ UNCOMMITTED",
        "READ VERIFIED",
    ):
        raise reader.error(-92, " READ WRITE does not go with this isolation level")
    return arguments


def _level(reader: Reader) -> str:
    for words in _LEVELS:
        if reader.accept(*words):
            level = " ".join(words)
            if level in ("REPEATABLE READ", "SERIALIZABLE"):
                raise reader.error(-96, f" Isolation level {level} is not supported")
            return level
    return reader.fail("READ UNCOMMITTED, READ COMMITTED or READ VERIFIED")


def _rollback(reader: Reader) -> Arguments:
    reader.accept("WORK")
    if not reader.accept("TO"):
        return {"verb": "ROLLBACK"}
    reader.expect("SAVEPOINT")
    name = None if reader.token.kind is Kind.END else _savepoint_name(reader)
    return {"verb": "ROLLBACK TO SAVEPOINT", "name": name}


def _savepoint(reader: Reader) -> Arguments:
    return {"name": _savepoint_name(reader)}


def _savepoint_name(reader: Reader) -> str:
    if reader.token.kind is Kind.WORD and not reader.token.is_name:
        raise reader.error(-301, f" Savepoint name '{reader.token.text}' is a reserved word")
    name = reader.name()
    if name.upper().startswith("SYS"):
        raise reader.error(-302, f" Savepoint name '{name}' begins with SYS")
    return name


def _set(reader: Reader) -> Arguments:
    if reader.accept("TRANSACTION"):
        return {"verb": "SET TRANSACTION", **_modes(reader)}
    if not reader.accept("OPTION"):
        reader.fail("OPTION")
    option = reader.any_word()
    reader.expect("=")
    token = reader.next()
    if token.kind is Kind.PARAMETER:
        return {"verb": "SET OPTION", "option": option, "parameter": int(token.text)}
    if token.kind is Kind.END:
        reader.fail("LITERAL")
    return {"verb": "SET OPTION", "option": option, "value": token.text}


def _object(reader: Reader) -> tuple[str | None, str]:
    parts = reader.qualified_name()
    return (parts[-2] if len(parts) > 1 else None, parts[-1])


def _privileges(reader: Reader, *stops: str) -> tuple[str, ...]:
    """Read ``SELECT, UPDATE (a, b), %CREATE_TABLE ...`` up to one of the stops; column lists are skipped."""
    found = []
    words: list[str] = []
    depth = 0
    while reader.token.kind is not Kind.END and not (depth == 0 and reader.at_any(*stops)):
        token = reader.next()
        if token.upper == "(":
            depth += 1
        elif token.upper == ")":
            depth -= 1
        elif token.upper == "," and depth == 0:
            found.append(" ".join(words))
            words = []
        elif depth == 0:
            words.append(token.text.upper())
    found.append(" ".join(words))
    if not all(found):
        reader.fail("privilege")
    return tuple(found)


def _check_privilege(reader: Reader) -> Arguments:
    privileges = _privileges(reader, "ON")
    target = _object(reader) if reader.accept("ON") else None
    return {"privileges": privileges, "object": target}


def _grant(verb: str, word: str) -> Callable[[Reader], Arguments]:
    def read(reader: Reader) -> Arguments:
        option = verb == "REVOKE" and reader.accept("GRANT", "OPTION", "FOR")
        start = reader.position
        privileges = _privileges(reader, "ON", word)
        if any(token.upper == "(" for token in reader.tokens[start : reader.position]):
            text = "The stand-in does not have privileges on columns: this needs a real IRIS server"
            raise reader.error(-400, text)
        objects: list[tuple[str | None, str]] = []
        if reader.accept("ON"):
            whole = reader.accept("SCHEMA")
            reader.accept_any("TABLE", "VIEW", "PROCEDURE")
            while True:
                if reader.accept("*"):
                    objects.append(("*", "*"))
                elif whole:
                    objects.append((reader.name(), "*"))
                else:
                    objects.append(_object(reader))
                if not reader.accept(","):
                    break
        reader.expect(word)
        grantees = [_grantee(reader)]
        while reader.accept(","):
            grantees.append(_grantee(reader))
        if reader.accept("WITH"):
            option = True
            reader.next()
            reader.expect("OPTION")
        reader.accept_any("CASCADE", "RESTRICT")
        return {
            "privileges": privileges,
            "objects": tuple(objects),
            "grantees": tuple(grantees),
            "option": option,
        }

    return read


def _grantee(reader: Reader) -> str:
    if reader.accept("*"):
        return "*"
    token = reader.next()
    if token.kind not in (Kind.WORD, Kind.QUOTED):
        reader.position -= 1
        reader.fail("IDENTIFIER")
    return token.text


def _lock(reader: Reader) -> Arguments:
    reader.accept("TABLE")
    table = _object(reader)
    reader.expect("IN")
    mode = reader.accept_any("SHARE", "EXCLUSIVE")
    if mode is None:
        reader.fail("SHARE or EXCLUSIVE")
    reader.expect("MODE")
    arguments: Arguments = {"table": table, "mode": mode, "wait": None}
    if reader.accept("WAIT"):
        if reader.token.kind is Kind.PARAMETER:
            arguments["parameter"] = int(reader.next().text)
        else:
            arguments["wait"] = float(reader.integer())
    return {**arguments, "immediate": reader.accept("IMMEDIATE")}


def _create_database(reader: Reader) -> Arguments:
    exists = reader.accept("IF", "NOT", "EXISTS")
    name = reader.name()
    directory = None
    if reader.accept("ON"):
        reader.expect("DIRECTORY")
        directory = reader.string()
    if reader.accept("WITH"):
        while reader.token.kind is not Kind.END:
            word = reader.any_word()
            if word == "GLOBAL_JOURNAL_STATE":
                reader.accept("=")
                if not reader.accept_any("YES", "NO"):
                    reader.fail("YES or NO")
            elif word != "ENCRYPTED_DB":
                raise reader.error(-1, f" Option {word} is unknown")
            reader.accept(",")
    return {"name": name, "directory": directory, "if_not_exists": exists}


def _drop_database(reader: Reader) -> Arguments:
    exists = reader.accept("IF", "EXISTS")
    name = reader.name()
    return {"name": name, "if_exists": exists, "retain_files": reader.accept("RETAIN_FILES")}


def _use(reader: Reader) -> Arguments:
    reader.accept("DATABASE")
    return {"name": reader.name()}


def _table(reader: Reader) -> Arguments:
    reader.accept_any("FOR", "ON")
    reader.accept("TABLE")
    table = None if reader.token.kind is Kind.END else _object(reader)
    while reader.token.kind is not Kind.END:  # options of TUNE TABLE and BUILD INDEX change no result
        reader.next()
    return {"table": table}


def _user(reader: Reader) -> Arguments:
    name = reader.name()
    password = None
    if reader.accept("IDENTIFY", "BY") or reader.accept("IDENTIFIED", "BY"):
        token = reader.next()
        password = token.text
    return {"name": name, "password": password}


def _name(reader: Reader) -> Arguments:
    reader.accept("IF", "EXISTS")
    return {"name": reader.name()}


def _call(reader: Reader) -> Control | None:
    """Read ``CALL p(...)``, of which the driver sends ``p`` alone (wire-protocol 6)."""
    start = reader.position
    called = reader.accept("CALL")
    if not reader.token.is_name:
        reader.position = start
        return None
    name = ".".join(reader.qualified_name())
    arguments: list[int | str] = []
    if reader.accept("("):
        while not reader.accept(")"):
            token = reader.next()
            if token.kind is Kind.PARAMETER:
                arguments.append(int(token.text))
            elif token.kind in (Kind.NUMBER, Kind.STRING):
                arguments.append(token.text)
            elif token.upper != ",":
                reader.position = start
                return None
    if reader.token.kind is not Kind.END:
        if called:
            reader.finish()
        reader.position = start
        return None
    return Control("CALL", {"name": name, "arguments": tuple(arguments)})


_VERBS: tuple[tuple[tuple[str, ...], str, Callable[[Reader], Arguments]], ...] = (
    (("START", "TRANSACTION"), "START TRANSACTION", _modes),
    (("COMMIT",), "COMMIT", _commit),
    (("ROLLBACK",), "", _rollback),
    (("SAVEPOINT",), "SAVEPOINT", _savepoint),
    (("SET",), "", _set),
    (("%CHECKPRIV",), "%CHECKPRIV", _check_privilege),
    (("%INTRANSACTION",), "%INTRANSACTION", _nothing),
    (("%INTRANS",), "%INTRANSACTION", _nothing),
    (("LOCK",), "LOCK", _lock),
    (("UNLOCK",), "UNLOCK", _lock),
    (("GRANT",), "GRANT", _grant("GRANT", "TO")),
    (("REVOKE",), "REVOKE", _grant("REVOKE", "FROM")),
    (("CREATE", "DATABASE"), "CREATE DATABASE", _create_database),
    (("DROP", "DATABASE"), "DROP DATABASE", _drop_database),
    (("USE",), "USE DATABASE", _use),
    (("TUNE", "TABLE"), "TUNE TABLE", _table),
    (("BUILD", "INDEX"), "BUILD INDEX", _table),
    (("PURGE", "CACHED", "QUERIES"), "PURGE CACHED QUERIES", _nothing),
    (("PURGE",), "PURGE CACHED QUERIES", _nothing),
    (("CREATE", "USER"), "CREATE USER", _user),
    (("ALTER", "USER"), "ALTER USER", _user),
    (("DROP", "USER"), "DROP USER", _name),
    (("CREATE", "ROLE"), "CREATE ROLE", _name),
    (("DROP", "ROLE"), "DROP ROLE", _name),
)
