"""The nodes of globals, in a table of the namespace's globals (data) database.

So a snapshot of the database carries them, and changes join the transaction of the connection.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from iris_devtools.standin.errors import ObjectScriptError
from iris_devtools.standin.globals.subscripts import (
    AFTER_DESCENDANTS,
    encode_subscript,
    first_subscript,
    node_key,
)

__all__ = ["STRING_LIMIT", "TABLE", "GlobalStore", "Node", "Value", "global_name"]

TABLE = "%globals"
STRING_LIMIT = 3_641_144
"""Characters of one string (iris-facts 4)."""

Value = int | float | Decimal | str
"""What a node holds. IRIS knows strings and numbers only; bytes are the characters of their codes."""

_NAME = re.compile(r"\^?(%?[A-Za-z][A-Za-z0-9.]*)")
_NAME_LENGTH = 31
_NUMBER = re.compile(r"\s*([+-]*)(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?")
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_DIGITS = 38
_EXPONENT_DIGITS = 3


@dataclass(frozen=True)
class Node:
    """A subscript, and the value of its node: ``None`` when it has descendants only."""

    subscript: str
    value: Value | None


def global_name(text: str) -> str:
    """Return the name of a global without its ``^``; raises ObjectScriptError ``<SYNTAX>``.

    As on IRIS the first 31 characters count.
    """
    found = _NAME.fullmatch(text)
    if found is None or found[1].endswith("."):
        raise ObjectScriptError("SYNTAX", f" *{text[:40]!r} is no name of a global")
    return found[1][:_NAME_LENGTH]


class GlobalStore:
    """The globals that one connection sees. Methods that write want an open transaction.

    All raise ObjectScriptError: ``<SYNTAX>`` for a bad name, ``<SUBSCRIPT>`` for a bad subscript,
    ``<MAXSTRING>`` for a value that is too long.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def names(self) -> list[str]:
        """Return the names of the globals that there are, without ``^``."""
        if not self._exists():
            return []
        return [row[0] for row in self._connection.execute(f'SELECT DISTINCT name FROM main."{TABLE}"')]

    def get(self, name: str, subscripts: Sequence[str]) -> Value | None:
        """Return the value of a node, ``None`` when it is undefined."""
        rows = self._rows("= ?", (global_name(name), node_key(subscripts)), "LIMIT 1")
        return _read(rows[0][1]) if rows else None

    def set(self, name: str, subscripts: Sequence[str], value: Value) -> None:
        """Give a node a value."""
        if isinstance(value, str) and len(value) > STRING_LIMIT:
            raise ObjectScriptError("MAXSTRING", f" *{len(value)} characters")
        self._connection.execute(
            f'CREATE TABLE IF NOT EXISTS main."{TABLE}" '
            "(name TEXT NOT NULL, node BLOB NOT NULL, value NOT NULL, PRIMARY KEY (name, node)) WITHOUT ROWID"
        )
        self._connection.execute(
            f'INSERT OR REPLACE INTO main."{TABLE}" VALUES (?, ?, ?)',
            (global_name(name), node_key(subscripts), _stored(value)),
        )

    def kill(self, name: str, subscripts: Sequence[str]) -> None:
        """Delete a node and its descendants."""
        key = node_key(subscripts)
        if self._exists():
            self._connection.execute(
                f'DELETE FROM main."{TABLE}" WHERE name = ? AND node >= ? AND node < ?',
                (global_name(name), key, key + AFTER_DESCENDANTS),
            )

    def defined(self, name: str, subscripts: Sequence[str]) -> int:
        """Return $DATA: 1 for a value, plus 10 for descendants."""
        key = node_key(subscripts)
        rows = self._rows(
            ">= ? AND node < ?", (global_name(name), key, key + AFTER_DESCENDANTS), "ORDER BY node LIMIT 2"
        )
        has_value = bool(rows) and rows[0][0] == key
        return int(has_value) + (10 if len(rows) > has_value else 0)

    def increment(self, name: str, subscripts: Sequence[str], by: Value) -> Value:
        """Add to the number that a node begins with, and return the sum, which is its new value."""
        value = _sum(_number(self.get(name, subscripts) or 0), _number(by))
        self.set(name, subscripts, value)
        return value

    def next(self, name: str, subscripts: Sequence[str], *, reverse: bool = False) -> Node | None:
        """Return the sibling behind the last subscript, or before it; ``""`` there stands for the end.

        ``None`` when there is no such sibling.
        """
        *parents, last = subscripts
        parent = node_key(parents)
        here = parent + (encode_subscript(last) if last else b"")
        end = parent + AFTER_DESCENDANTS
        if reverse:
            bounds = (parent, here if last else end)
        else:
            bounds = (here + AFTER_DESCENDANTS if last else here, end)
        order = "DESC" if reverse else "ASC"
        rows = self._rows("> ? AND node < ?", (global_name(name), *bounds), f"ORDER BY node {order} LIMIT 1")
        if not rows:
            return None
        subscript = first_subscript(rows[0][0][len(parent) :])
        return Node(subscript, self.get(name, [*parents, subscript]))

    def _exists(self) -> bool:
        found = self._connection.execute("SELECT 1 FROM main.sqlite_master WHERE name = ?", (TABLE,))
        return found.fetchone() is not None

    def _rows(
        self, condition: str, values: Sequence[str | bytes], tail: str
    ) -> list[tuple[bytes, int | float | str | bytes]]:
        if not self._exists():
            return []
        query = f'SELECT node, value FROM main."{TABLE}" WHERE name = ? AND node {condition} {tail}'
        return self._connection.execute(query, values).fetchall()


def _stored(value: Value) -> int | float | str | bytes:
    """Return a value as SQLite keeps it: text is a blob, so that any character may be in it, and TEXT is a
    decimal."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, Decimal) or (isinstance(value, float) and math.isnan(value)):
        return str(value)
    if isinstance(value, int) and not _INT64_MIN <= value <= _INT64_MAX:
        return str(value)
    return value


def _read(stored: int | float | str | bytes) -> Value:
    if isinstance(stored, bytes):
        return stored.decode("utf-8", "surrogatepass")
    return Decimal(stored) if isinstance(stored, str) else stored


def _number(value: Value) -> int | float | Decimal:
    """Return the number that a value begins with, 0 when there is none."""
    if not isinstance(value, str):
        return value
    found = _NUMBER.match(value)
    if found is None:
        return 0
    signs, mantissa, exponent = found.groups()
    if exponent is not None and len(exponent.lstrip("+-")) > _EXPONENT_DIGITS:
        raise ObjectScriptError("MAXNUMBER")
    number = Decimal(f"{mantissa}e{exponent or 0}")
    return -number if signs.count("-") % 2 else number


def _sum(left: int | float | Decimal, right: int | float | Decimal) -> Value:
    if isinstance(left, float) or isinstance(right, float):
        return float(left) + float(right)
    with localcontext() as context:
        context.prec = _DIGITS
        total = Decimal(left) + Decimal(right)
        if not total.is_finite():
            return total
        if total == total.to_integral_value() and _INT64_MIN <= total <= _INT64_MAX:
            return int(total)
        return total.normalize()
