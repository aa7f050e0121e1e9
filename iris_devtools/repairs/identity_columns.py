"""``Identity()`` that the dialect drops without a word."""

from __future__ import annotations

from typing import Any

from iris_devtools.errors import UnsupportedError
from iris_devtools.repairs.model import Cure, Repair

__all__ = ["IDENTITY_COLUMNS"]

# IRIS counts from 1 in steps of 1 (iris-sql 2.4).
_FIXED = {"start": 1, "increment": 1, "minvalue": 1}
_UNKNOWN = ("maxvalue", "cycle", "cache")


class _IdentityColumns(Cure):  # type: ignore[misc]
    """Write IDENTITY for every identity column, and refuse the options that IRIS does not have.

    ``Identity(always=True)`` is accepted: the dialect creates every table with ALLOWIDENTITYINSERT, so a
    value that is given is kept.
    """

    def get_column_specification(self, column: Any, **kwargs: Any) -> str:
        text: str = super().get_column_specification(column, **kwargs)
        if column.identity is None:
            return text
        _refuse_options(column)
        if column is column.table._autoincrement_column and column.primary_key:
            return text
        name: str = self.preparer.format_column(column)
        plain = self.dialect.type_compiler_instance.process(
            column.type, type_expression=column, identifier_preparer=self.preparer
        )
        return f"{name} IDENTITY{text.removeprefix(f'{name} {plain}')}"


def _refuse_options(column: Any) -> None:
    identity = column.identity
    refused = [name for name, value in _FIXED.items() if getattr(identity, name, None) not in (None, value)]
    refused += [name for name in _UNKNOWN if getattr(identity, name, None)]
    if refused:
        raise UnsupportedError(
            f"IRIS has no {' and no '.join(refused)} for an identity column such as {column}.",
            hint="It counts from 1 by 1: write Identity() alone, or insert the first row with its key.",
            column=column.name,
            options=tuple(refused),
        )


IDENTITY_COLUMNS = Repair(
    name="identity-columns",
    mends="Identity() is dropped in silence on a column that is not the primary key, and its options on all",
    requires=("sqlalchemy-iris==0.20.*",),
    ddl=_IdentityColumns,
)
