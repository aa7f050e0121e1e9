"""What happens to a patient: encounters, and what is observed in them."""

from __future__ import annotations

import enum
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String, Text, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.models.base import Amount, Base

if TYPE_CHECKING:
    from clinic.models.people import Patient, Practitioner
    from clinic.models.pharmacy import Prescription

__all__ = ["Encounter", "EncounterStatus", "Observation", "ObservationKind"]


class EncounterStatus(enum.Enum):
    """Where an encounter stands."""

    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Encounter(Base):
    """One visit of one patient to one practitioner."""

    __tablename__ = "encounters"
    __table_args__ = (Index(None, "practitioner_id", "opened_at"),)

    visit_number: Mapped[str] = mapped_column(String(16), unique=True)
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), index=True)
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    status: Mapped[EncounterStatus] = mapped_column(
        server_default=EncounterStatus.OPEN.value, default=EncounterStatus.OPEN
    )
    reason: Mapped[str] = mapped_column(String(200))
    summary: Mapped[str | None] = mapped_column(Text)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    patient: Mapped[Patient] = relationship(back_populates="encounters")
    practitioner: Mapped[Practitioner] = relationship(back_populates="encounters")
    observations: Mapped[list[Observation]] = relationship(
        back_populates="encounter",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="Observation.taken_at",
    )
    prescriptions: Mapped[list[Prescription]] = relationship(back_populates="encounter")


class ObservationKind(Base):
    """Something that can be measured, with the limits of the plausible and of the normal."""

    __tablename__ = "observation_kinds"

    code: Mapped[str] = mapped_column(String(40), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    unit: Mapped[str] = mapped_column(String(20))
    plausible_low: Mapped[Decimal] = mapped_column(Amount(8, 2))
    plausible_high: Mapped[Decimal] = mapped_column(Amount(8, 2))
    normal_low: Mapped[Decimal | None] = mapped_column(Amount(8, 2))
    normal_high: Mapped[Decimal | None] = mapped_column(Amount(8, 2))

    def is_plausible(self, measured: Decimal) -> bool:
        """Tell whether a living patient can have this value at all."""
        return self.plausible_low <= measured <= self.plausible_high

    def is_abnormal(self, measured: Decimal) -> bool:
        """Tell whether the value lies outside the normal limits; a missing limit does not bind."""
        too_low = self.normal_low is not None and measured < self.normal_low
        too_high = self.normal_high is not None and measured > self.normal_high
        return too_low or too_high


class Observation(Base):
    """One measured value."""

    __tablename__ = "observations"
    __table_args__ = (Index(None, "kind_id", "taken_at"),)

    encounter_id: Mapped[int] = mapped_column(ForeignKey("encounters.id", ondelete="CASCADE"), index=True)
    kind_id: Mapped[int] = mapped_column(ForeignKey("observation_kinds.id"))
    measured: Mapped[Decimal] = mapped_column(Amount(8, 2))
    abnormal: Mapped[bool] = mapped_column(server_default=false(), default=False)
    taken_at: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(String(200))

    encounter: Mapped[Encounter] = relationship(back_populates="observations")
    kind: Mapped[ObservationKind] = relationship()
