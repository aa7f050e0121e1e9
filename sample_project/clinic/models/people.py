"""The people of the clinic: those who treat and those who are treated."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.models.base import Base

if TYPE_CHECKING:
    from clinic.models.care import Encounter
    from clinic.models.pharmacy import Allergy

__all__ = ["Department", "Patient", "Practitioner", "Sex"]


class Sex(enum.Enum):
    """Administrative sex, in the words of FHIR."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


class Department(Base):
    """A part of the clinic that practitioners belong to."""

    __tablename__ = "departments"

    title: Mapped[str] = mapped_column(String(80), unique=True)

    practitioners: Mapped[list[Practitioner]] = relationship(back_populates="department")


class Practitioner(Base):
    """Someone who sees patients and may prescribe."""

    __tablename__ = "practitioners"

    licence_number: Mapped[str] = mapped_column(String(20), unique=True)
    family_name: Mapped[str] = mapped_column(String(80))
    given_name: Mapped[str] = mapped_column(String(80))
    active: Mapped[bool] = mapped_column(server_default=true(), default=True)
    may_prescribe_controlled: Mapped[bool] = mapped_column(server_default=false(), default=False)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("departments.id"), index=True)

    department: Mapped[Department | None] = relationship(back_populates="practitioners")
    encounters: Mapped[list[Encounter]] = relationship(back_populates="practitioner")


class Patient(Base):
    """Someone the clinic treats."""

    __tablename__ = "patients"
    __table_args__ = (
        Index(None, "family_name", "given_name"),
        Index(None, "birth_date"),
    )

    record_number: Mapped[str] = mapped_column(String(12), unique=True)
    family_name: Mapped[str] = mapped_column(String(80))
    given_name: Mapped[str] = mapped_column(String(80))
    birth_date: Mapped[date]
    sex: Mapped[Sex]
    phone: Mapped[str | None] = mapped_column(String(30))
    email: Mapped[str | None] = mapped_column(String(120))
    registered_at: Mapped[datetime]
    died_on: Mapped[date | None]
    practitioner_id: Mapped[int | None] = mapped_column(
        ForeignKey("practitioners.id", ondelete="SET NULL"), index=True
    )

    practitioner: Mapped[Practitioner | None] = relationship()
    encounters: Mapped[list[Encounter]] = relationship(
        back_populates="patient", order_by="Encounter.opened_at"
    )
    allergies: Mapped[list[Allergy]] = relationship(
        back_populates="patient", cascade="all, delete-orphan", passive_deletes=True
    )

    def age_on(self, day: date) -> int:
        """Return the age in completed years on that day."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)
