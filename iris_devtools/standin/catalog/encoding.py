"""Tables as text: what the dictionary keeps of a definition, and how it is read back.

The text is compact JSON without the fields that have their default value, so a definition of an older edition
is read by a newer one that has more fields.
"""

from __future__ import annotations

import dataclasses
import json
from functools import lru_cache
from typing import Any

from iris_devtools.standin.catalog.model import (
    Column,
    Counter,
    Default,
    ForeignKey,
    Index,
    IndexKind,
    Table,
    TableKind,
    Trigger,
)
from iris_devtools.standin.types import Code, SqlType

__all__ = ["decode", "encode"]


def encode(table: Table) -> str:
    """Return the text of a definition."""
    return json.dumps(_plain(table), ensure_ascii=False, separators=(",", ":"))


@lru_cache(maxsize=2000)
def decode(text: str) -> Table:
    """Return the table of a text that encode() made; raises ValueError for any other text.

    A text is decoded once, whichever file it comes from: copies of a database have the same ones.
    """
    try:
        return _table(json.loads(text))
    except (KeyError, TypeError) as exc:
        raise ValueError(f"not a table definition: {exc}") from exc


def _plain(value: Any) -> Any:
    if isinstance(value, (Code, Counter, IndexKind, TableKind)):
        return value.value
    if isinstance(value, Default):
        return value.sql
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            name: _plain(item)
            for name, default in _defaults(type(value))
            if (item := getattr(value, name)) != default
        }
    return value


@lru_cache(maxsize=32)
def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    return tuple((f.name, f.default) for f in dataclasses.fields(kind))


def _table(data: dict[str, Any]) -> Table:
    data["columns"] = tuple(_column(c) for c in data["columns"])
    data["indexes"] = tuple(_index(i) for i in data.get("indexes", ()))
    data["foreign_keys"] = tuple(_foreign_key(k) for k in data.get("foreign_keys", ()))
    data["parameters"] = tuple((name, value) for name, value in data.get("parameters", ()))
    data["depends_on"] = tuple((schema, name) for schema, name in data.get("depends_on", ()))
    data["triggers"] = tuple(_trigger(t) for t in data.get("triggers", ()))
    if "kind" in data:
        data["kind"] = TableKind(data["kind"])
    return Table(**data)


def _trigger(data: dict[str, Any]) -> Trigger:
    data["events"] = tuple(data["events"])
    data["columns"] = tuple(data.get("columns", ()))
    return Trigger(**data)


def _column(data: dict[str, Any]) -> Column:
    type_ = data["type"]
    type_["code"] = Code(type_["code"])
    data["type"] = SqlType(**type_)
    for name in ("default", "on_update"):
        if name in data:
            data[name] = Default(data[name])
    if "counter" in data:
        data["counter"] = Counter(data["counter"])
    if "compute_on_change" in data:
        data["compute_on_change"] = tuple(data["compute_on_change"])
    return Column(**data)


def _index(data: dict[str, Any]) -> Index:
    data["columns"] = tuple(data["columns"])
    if "data" in data:
        data["data"] = tuple(data["data"])
    if "kind" in data:
        data["kind"] = IndexKind(data["kind"])
    return Index(**data)


def _foreign_key(data: dict[str, Any]) -> ForeignKey:
    data["columns"] = tuple(data["columns"])
    data["referenced"] = tuple(data["referenced"])
    return ForeignKey(**data)
