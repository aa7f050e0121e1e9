"""Who is expected when."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from clinic.models.base import Base

if TYPE_CHECKING:
    from clinic.models.people import Patient, Practitioner

__all__ = ["Appointment", "AppointmentStatus"]


class AppointmentStatus(enum.Enum):
    """Where an appointment stands."""

    BOOKED = "booked"
    KEPT = "kept"
    CANCELLED = "cancelled"


class Appointment(Base):
    """A time that a practitioner keeps free for a patient."""

    __tablename__ = "appointments"
    __table_args__ = (Index(None, "practitioner_id", "starts_at"),)

    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id", ondelete="CASCADE"), index=True)
    practitioner_id: Mapped[int] = mapped_column(ForeignKey("practitioners.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[AppointmentStatus] = mapped_column(
        server_default=AppointmentStatus.BOOKED.value, default=AppointmentStatus.BOOKED
    )
    reason: Mapped[str | None] = mapped_column(String(200))
    cancelled_because: Mapped[str | None] = mapped_column(String(200))

    patient: Mapped[Patient] = relationship()
    practitioner: Mapped[Practitioner] = relationship()
