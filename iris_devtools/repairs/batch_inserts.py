"""The flush of several new rows of one table."""

from __future__ import annotations

from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["BATCH_INSERTS"]


class _OneRowAtATime(DialectCure):  # type: ignore[misc]
    # The dialect inherits True from its embedded sister, which can return the new ids of a batch. This one
    # cannot: the ORM then sends one batch, gets no ids and ends in "NULL identity key" (wire-protocol 13).
    insert_executemany_returning_sort_by_parameter_order = False


BATCH_INSERTS = Repair(
    name="batch-inserts",
    mends="a flush of two or more new rows with generated keys ends in FlushError: NULL identity key",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_OneRowAtATime,
)
