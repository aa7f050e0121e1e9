"""Column types of SQLAlchemy that the dialect cannot write down, or writes down as one character."""

from __future__ import annotations

from typing import Any

from iris_devtools.repairs.model import Cure, DialectCure, Repair

__all__ = ["JSON_COLUMNS", "UNSIZED_STRINGS", "UUID_COLUMNS"]

# The dialect's own form of Text; long enough for most, and unlike a stream (LONGVARCHAR) comparable: iris-sql
# 2.5.
LONG_TEXT = "VARCHAR(65535)"


class _UuidAsText(Cure):  # type: ignore[misc]
    def visit_uuid(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        # 32 hexadecimal digits, as SQLAlchemy's own processors read and write them. VARCHAR and not CHAR,
        # which is the same to IRIS (iris-sql 2.1) but would come back from reflection as a difference.
        return "VARCHAR(32)"


class _JsonAsText(Cure):  # type: ignore[misc]
    def visit_JSON(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        return LONG_TEXT


class _PlainJson(DialectCure):  # type: ignore[misc]
    # SQLAlchemy 2.0 asks every dialect for these without giving them a default; None means the json module.
    _json_serializer = None
    _json_deserializer = None


class _UnsizedStringAsText(Cure):  # type: ignore[misc]
    def visit_VARCHAR(self, type_: Any, **kw: Any) -> str:
        return super().visit_VARCHAR(type_, **kw) if type_.length else LONG_TEXT

    def visit_NVARCHAR(self, type_: Any, **kw: Any) -> str:
        return super().visit_NVARCHAR(type_, **kw) if type_.length else LONG_TEXT


UUID_COLUMNS = Repair(
    name="uuid-columns",
    mends="a Uuid column cannot be compiled with SQLAlchemy 2.1",
    requires=("sqlalchemy-iris==0.20.*",),
    types=_UuidAsText,
)

JSON_COLUMNS = Repair(
    name="json-columns",
    mends="a JSON column cannot be compiled",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_PlainJson,
    types=_JsonAsText,
)

UNSIZED_STRINGS = Repair(
    name="unsized-strings",
    mends="String without a length is a column of one character, and CAST or CASE of text is cut to 30",
    requires=("sqlalchemy-iris==0.20.*",),
    types=_UnsizedStringAsText,
)
