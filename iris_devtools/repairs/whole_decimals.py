"""Values of type Numeric that the server sends as integers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import adapt_type

from iris_devtools.repairs.model import Cure, DialectCure, Repair

__all__ = ["WHOLE_DECIMALS"]


class _AlwaysDecimal(Cure):  # type: ignore[misc]
    # The dialect says that the driver's values are Decimal already. They are where the server counts the
    # column as NUMERIC; SUM of integers, or a number in text(), is an int whatever type it has in Python.
    def result_processor(self, dialect: Any, coltype: Any) -> Callable[[Any], Any] | None:
        return _decimal if self.asdecimal else super().result_processor(dialect, coltype)


def _decimal(value: Any) -> Decimal | None:
    if value is None or isinstance(value, Decimal):
        return value
    return Decimal(str(value))


class _Numeric(_AlwaysDecimal, sa.Numeric):  # type: ignore[type-arg]
    pass


class _NUMERIC(_AlwaysDecimal, sa.NUMERIC):  # type: ignore[type-arg]
    pass


class _DECIMAL(_AlwaysDecimal, sa.DECIMAL):  # type: ignore[type-arg]
    pass


# Float descends from Numeric in SQLAlchemy 2.0 and goes its own way in the dialect, so it stands for itself.
_FORMS: dict[Any, Any] = {
    sa.Float: sa.Float,
    sa.Numeric: _Numeric,
    sa.NUMERIC: _NUMERIC,
    sa.DECIMAL: _DECIMAL,
}


class _WholeDecimals(DialectCure):  # type: ignore[misc]
    def type_descriptor(self, typeobj: Any) -> Any:
        if isinstance(typeobj, sa.Numeric):
            return adapt_type(typeobj, _FORMS)
        return super().type_descriptor(typeobj)


WHOLE_DECIMALS = Repair(
    name="whole-decimals",
    mends="a Numeric that the server takes for an integer, such as a SUM of integers, is an int",
    requires=("sqlalchemy-iris==0.20.*",),
    dialect=_WholeDecimals,
)
