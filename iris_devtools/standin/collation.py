"""The collations of IRIS text for SQLite: each connection to an IRIS.DAT needs them, even to check it."""

from __future__ import annotations

import sqlite3

__all__ = ["register_collations", "sqlstring", "sqlupper"]


def sqlupper(value: str) -> str:
    """Return what SQLUPPER compares of a value: upper case, trailing white space cut (iris-sql.md 3.1).

    ``ß`` and all that grows when it is upper-cased stays as it is.
    """
    text = value.rstrip()
    upper = text.upper()
    if len(upper) == len(text):
        return upper
    return "".join(u if len(u := character.upper()) == 1 else character for character in text)


def sqlstring(value: str) -> str:
    """Return what SQLSTRING compares of a value: trailing white space cut."""
    return value.rstrip()


def register_collations(connection: sqlite3.Connection) -> None:
    """Let a connection compare text as SQLUPPER and SQLSTRING do."""
    connection.create_collation("SQLUPPER", _compare_upper)
    connection.create_collation("SQLSTRING", _compare_string)


def _compare_upper(left: str, right: str) -> int:
    if left == right:
        return 0
    a, b = sqlupper(left), sqlupper(right)
    return (a > b) - (a < b)


def _compare_string(left: str, right: str) -> int:
    a, b = left.rstrip(), right.rstrip()
    return (a > b) - (a < b)
