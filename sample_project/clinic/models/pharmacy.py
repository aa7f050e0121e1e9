"""Medications, what must not be taken with what, and what was prescribed."""

from __future__ import annotations

import enum
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.models.base import Amount, Base

if TYPE_CHECKING:
    from clinic.models.care import Encounter
    from clinic.models.people import Patient

__all__ = [
    "Allergy",
    "Interaction",
    "Medication",
    "MedicationClass",
    "Prescription",
    "PrescriptionStatus",
    "Severity",
]


class Severity(enum.Enum):
    """How bad it is to take two medications together."""

    MODERATE = "moderate"
    MAJOR = "major"
    CONTRAINDICATED = "contraindicated"


class PrescriptionStatus(enum.Enum):
    """Where a prescription stands."""

    ACTIVE = "active"
    STOPPED = "stopped"


class MedicationClass(Base):
    """A family of medications; allergies are to families."""

    __tablename__ = "medication_classes"

    title: Mapped[str] = mapped_column(String(60), unique=True)

    medications: Mapped[list[Medication]] = relationship(back_populates="medication_class")


class Medication(Base):
    """An entry of the formulary."""

    __tablename__ = "medications"

    title: Mapped[str] = mapped_column(String(80), unique=True)
    medication_class_id: Mapped[int] = mapped_column(ForeignKey("medication_classes.id"), index=True)
    daily_limit_mg: Mapped[Decimal] = mapped_column(Amount(10, 3))
    controlled: Mapped[bool] = mapped_column(server_default=false(), default=False)
    available: Mapped[bool] = mapped_column(server_default=true(), default=True)

    medication_class: Mapped[MedicationClass] = relationship(back_populates="medications")


class Interaction(Base):
    """A pair of medications that do not go together; the smaller key is always first."""

    __tablename__ = "interactions"
    __table_args__ = (UniqueConstraint("first_id", "second_id"),)

    first_id: Mapped[int] = mapped_column(ForeignKey("medications.id", ondelete="CASCADE"))
    second_id: Mapped[int] = mapped_column(ForeignKey("medications.id", ondelete="CASCADE"), index=True)
    severity: Mapped[Severity]
    effect: Mapped[str] = mapped_column(String(200))


class Allergy(Base):
    """A patient's known allergy to a family of medications."""

    __tablename__ = "allergies"
    __table_args__ = (UniqueConstraint("patient_id", "medication_class_id"),)

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id", ondelete="CASCADE"))
    medication_class_id: Mapped[int] = mapped_column(ForeignKey("medication_classes.id"), index=True)
    reaction: Mapped[str | None] = mapped_column(String(200))

    patient: Mapped[Patient] = relationship(back_populates="allergies")
    medication_class: Mapped[MedicationClass] = relationship()


class Prescription(Base):
    """A medication that a patient is to take."""

    __tablename__ = "prescriptions"
    __table_args__ = (Index(None, "medication_id", "status"),)

    encounter_id: Mapped[int] = mapped_column(ForeignKey("encounters.id"), index=True)
    medication_id: Mapped[int] = mapped_column(ForeignKey("medications.id"))
    dose_mg: Mapped[Decimal] = mapped_column(Amount(10, 3))
    doses_per_day: Mapped[int]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    status: Mapped[PrescriptionStatus] = mapped_column(
        server_default=PrescriptionStatus.ACTIVE.value, default=PrescriptionStatus.ACTIVE
    )
    override_reason: Mapped[str | None] = mapped_column(String(200))

    encounter: Mapped[Encounter] = relationship(back_populates="prescriptions")
    medication: Mapped[Medication] = relationship()
