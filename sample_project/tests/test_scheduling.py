"""Appointments do not overlap."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from clinic.models import Appointment, AppointmentStatus, Patient, Practitioner
from clinic.services.errors import AppointmentError
from clinic.services.scheduling import book_appointment, cancel_appointment

TEN = datetime(2025, 2, 4, 10, 0)

Book = Callable[..., Appointment]


@pytest.fixture
def book(session: Session, patient: Patient, practitioner: Practitioner, now: datetime) -> Book:
    def book(starts_at: datetime, minutes: int = 30) -> Appointment:
        return book_appointment(
            session,
            patient=patient,
            practitioner=practitioner,
            starts_at=starts_at,
            minutes=minutes,
            actor="reception",
            at=now,
        )

    return book


@pytest.mark.parametrize(
    ("minutes_after_ten", "free"),
    [(-30, True), (-29, False), (0, False), (10, False), (29, False), (30, True)],
)
def test_a_practitioner_sees_one_patient_at_a_time(book: Book, minutes_after_ten: int, free: bool) -> None:
    book(TEN)

    if free:
        assert book(TEN + timedelta(minutes=minutes_after_ten)).status is AppointmentStatus.BOOKED
    else:
        with pytest.raises(AppointmentError, match="is not free"):
            book(TEN + timedelta(minutes=minutes_after_ten))


def test_a_cancelled_appointment_frees_its_time(session: Session, book: Book, now: datetime) -> None:
    first = book(TEN)
    cancel_appointment(session, first, why="the patient called", actor="reception", at=now)

    second = book(TEN)

    session.commit()
    assert (first.status, second.status) == (AppointmentStatus.CANCELLED, AppointmentStatus.BOOKED)


@pytest.mark.parametrize("minutes", [4, 121])
def test_an_appointment_takes_five_minutes_to_two_hours(book: Book, minutes: int) -> None:
    with pytest.raises(AppointmentError, match="5 to 120"):
        book(TEN, minutes)


def test_nothing_is_booked_in_the_past(book: Book, now: datetime) -> None:
    with pytest.raises(AppointmentError, match="not in the future"):
        book(now)


def test_an_appointment_that_began_is_not_cancelled(session: Session, book: Book) -> None:
    appointment = book(TEN)

    with pytest.raises(AppointmentError, match="cannot be cancelled"):
        cancel_appointment(session, appointment, why="too late", actor="reception", at=TEN)
