"""``delete(table)`` without WHERE, which the dialect sends without referential checks."""

from __future__ import annotations

from typing import Any

from sqlalchemy.exc import NoReferenceError
from sqlalchemy.schema import ForeignKey, Table
from sqlalchemy.sql.compiler import SQLCompiler

from iris_devtools.repairs.model import Cure, Repair

__all__ = ["CHECKED_DELETES"]


class _CheckedDeletes(Cure):  # type: ignore[misc]
    """Keep %NOCHECK for the one case it is meant for.

    IRIS checks a self-referencing table row by row, so emptying one fails without it (iris-sql 7.2). The
    dialect adds it for *every* foreign key of the table; the rows of other tables that point at the deleted
    ones are then left behind without an error.
    """

    def visit_delete(self, delete_stmt: Any, *args: Any, **kw: Any) -> str:
        table = delete_stmt.table
        if not delete_stmt._where_criteria and isinstance(table, Table) and _only_refers_to_itself(table):
            delete_stmt = delete_stmt.prefix_with("%NOCHECK", dialect="iris")
        # The dialect's own method is left out, not extended: it is the fault.
        plain: Any = SQLCompiler.visit_delete
        text: str = plain(self, delete_stmt, *args, **kw)
        return text


def _only_refers_to_itself(table: Table) -> bool:
    own = [key for key in table.foreign_keys if _target(key) is table]
    if not own or any(key.ondelete for key in own):
        return False
    others = (other for other in table.metadata.tables.values() if other is not table)
    return not any(_target(key) is table for other in others for key in other.foreign_keys)


def _target(key: ForeignKey) -> object:
    try:
        return key.column.table
    except NoReferenceError:
        return None


CHECKED_DELETES = Repair(
    name="checked-deletes",
    mends="DELETE without WHERE skips every referential check and leaves orphans in other tables",
    requires=("sqlalchemy-iris==0.20.*",),
    statements=_CheckedDeletes,
)
