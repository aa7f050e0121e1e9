"""The declarative base that every table shares."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import Dialect, Enum, MetaData, Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

__all__ = ["Amount", "Base"]


class Amount(TypeDecorator[Decimal]):
    """A NUMERIC that is a Decimal in Python, whatever its value.

    IRIS keeps 40.00 as the number 40, and the driver hands that out as an int.  An int divided by an int
    is a float: the surprise would come far from its cause.
    """

    impl = Numeric
    cache_ok = True

    def process_result_value(self, value: object, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(str(value))


def _words(members: Iterable[enum.Enum]) -> list[str]:
    return [str(member.value) for member in members]


class Base(DeclarativeBase):
    """Give every table a generated key, predictable constraint names and enumerations stored as words.

    Constraints are named here, because a constraint without a name can only be dropped by looking up
    the name that the server invented for it.  There is no rule for primary keys: IRIS does not keep a
    key declared on an IDENTITY column, so it has no name to agree upon.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        }
    )
    # VARCHAR(20) holding the member's value: IRIS has neither enumerations nor CHECK constraints.
    type_annotation_map = {  # noqa: RUF012 - the name and form are SQLAlchemy's
        enum.Enum: Enum(enum.Enum, native_enum=False, length=20, values_callable=_words),
    }

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-1)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"
