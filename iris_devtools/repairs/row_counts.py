"""Row counts of UPDATE and DELETE, which the dialect does not trust."""

from __future__ import annotations

from iris_devtools.repairs.model import DialectCure, Repair

__all__ = ["ROW_COUNTS"]


class _TrustedCounts(DialectCure):  # type: ignore[misc]
    # The driver returns one count per set of parameters, and cursor.rowcount is their sum (wire-protocol
    # 7.3). Without this, version_id_col is never checked: the ORM warns and overwrites what another session
    # has changed.
    supports_sane_rowcount = True


ROW_COUNTS = Repair(
    name="row-counts",
    mends="version_id_col is not checked, so a concurrent update is overwritten with no more than a warning",
    requires=("sqlalchemy-iris==0.20.*", "intersystems-irispython>=5.3,<5.4"),
    dialect=_TrustedCounts,
)
