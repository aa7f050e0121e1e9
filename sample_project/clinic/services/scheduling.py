"""Appointments: a practitioner sees one patient at a time."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import Appointment, AppointmentStatus, Patient, Practitioner
from clinic.services import audit
from clinic.services.errors import AppointmentError

__all__ = ["LONGEST_MINUTES", "SHORTEST_MINUTES", "book_appointment", "cancel_appointment"]

SHORTEST_MINUTES = 5
LONGEST_MINUTES = 120


def book_appointment(
    session: Session,
    *,
    patient: Patient,
    practitioner: Practitioner,
    starts_at: datetime,
    minutes: int,
    actor: str,
    at: datetime,
    reason: str | None = None,
) -> Appointment:
    """Book a time in the future at which the practitioner is free; cancelled appointments free their time.

    Raises:
        AppointmentError: in the past, too short or too long, or the time is taken.
    """
    if starts_at <= at:
        raise AppointmentError(f"{starts_at} is not in the future")
    if not SHORTEST_MINUTES <= minutes <= LONGEST_MINUTES:
        raise AppointmentError(f"an appointment takes {SHORTEST_MINUTES} to {LONGEST_MINUTES} minutes")
    ends_at = starts_at + timedelta(minutes=minutes)
    taken = session.scalar(
        select(func.count()).where(
            Appointment.practitioner_id == practitioner.id,
            Appointment.status == AppointmentStatus.BOOKED,
            Appointment.starts_at < ends_at,
            Appointment.ends_at > starts_at,
        )
    )
    if taken:
        raise AppointmentError(f"practitioner {practitioner.licence_number} is not free at {starts_at}")
    appointment = Appointment(
        patient=patient, practitioner=practitioner, starts_at=starts_at, ends_at=ends_at, reason=reason
    )
    session.add(appointment)
    audit.note(session, appointment, event="appointment booked", actor=actor, at=at)
    return appointment


def cancel_appointment(
    session: Session, appointment: Appointment, *, why: str, actor: str, at: datetime
) -> None:
    """Cancel an appointment that is booked and has not begun."""
    if appointment.status is not AppointmentStatus.BOOKED or appointment.starts_at <= at:
        raise AppointmentError(f"the appointment at {appointment.starts_at} cannot be cancelled any more")
    appointment.status = AppointmentStatus.CANCELLED
    appointment.cancelled_because = why
    audit.note(session, appointment, event="appointment cancelled", actor=actor, at=at, details=why)
