"""Patients come, move, and die."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import Encounter, EncounterStatus, Patient, Practitioner, Sex
from clinic.services import audit
from clinic.services.errors import AlreadyRegisteredError, RegistrationError

__all__ = ["change_contact", "record_death", "register_patient"]


def register_patient(
    session: Session,
    *,
    record_number: str,
    family_name: str,
    given_name: str,
    birth_date: date,
    sex: Sex,
    actor: str,
    at: datetime,
    phone: str | None = None,
    email: str | None = None,
    practitioner: Practitioner | None = None,
) -> Patient:
    """Register a patient under a record number that nobody has.

    Names and numbers are taken without the blanks around them.  An empty phone or mail address becomes
    NULL: IRIS keeps '' and NULL apart, and "has no address" must have one form only.

    Raises:
        RegistrationError: a name is missing, or the birth lies in the future.
        AlreadyRegisteredError: the record number is taken, in whatever case it is written, or a patient
            with this name and day of birth exists.
    """
    record_number, family_name, given_name = record_number.strip(), family_name.strip(), given_name.strip()
    if not (record_number and family_name and given_name):
        raise RegistrationError("a patient needs a record number, a family name and a given name")
    if birth_date > at.date():
        raise RegistrationError(f"{given_name} {family_name} is not born yet on {at:%Y-%m-%d}")
    if practitioner is not None and not practitioner.active:
        raise RegistrationError(f"practitioner {practitioner.licence_number} is not active")

    # Text is compared without regard to case, here and in the unique key that has the last word.
    if session.scalar(select(func.count()).where(Patient.record_number == record_number)):
        raise AlreadyRegisteredError(f"record number {record_number} is taken")
    twin = session.scalar(
        select(Patient.record_number).where(
            Patient.family_name == family_name,
            Patient.given_name == given_name,
            Patient.birth_date == birth_date,
        )
    )
    if twin is not None:
        raise AlreadyRegisteredError(f"{given_name} {family_name} seems to be registered as {twin}")

    patient = Patient(
        record_number=record_number,
        family_name=family_name,
        given_name=given_name,
        birth_date=birth_date,
        sex=sex,
        phone=_absent_when_empty(phone),
        email=_absent_when_empty(email),
        registered_at=at,
        practitioner=practitioner,
    )
    session.add(patient)
    audit.note(session, patient, event="patient registered", actor=actor, at=at)
    return patient


def change_contact(
    session: Session, patient: Patient, *, phone: str | None, email: str | None, actor: str, at: datetime
) -> None:
    """Replace how the patient can be reached; nothing is written when nothing is different."""
    phone, email = _absent_when_empty(phone), _absent_when_empty(email)
    if (patient.phone, patient.email) == (phone, email):
        return
    before = f"phone {patient.phone or '-'}, email {patient.email or '-'}"
    patient.phone, patient.email = phone, email
    audit.note(session, patient, event="contact changed", actor=actor, at=at, details=f"before: {before}")


def record_death(session: Session, patient: Patient, *, died_on: date, actor: str, at: datetime) -> None:
    """Record that a patient died, and cancel the encounter that may be open.

    Raises:
        RegistrationError: the day is before the birth, or in the future.
    """
    if not patient.birth_date <= died_on <= at.date():
        raise RegistrationError(f"{died_on} is before the birth of {patient.record_number}, or in the future")
    patient.died_on = died_on
    session.flush()
    for encounter in session.scalars(
        select(Encounter)
        .where(Encounter.patient_id == patient.id, Encounter.status == EncounterStatus.OPEN)
        .order_by(Encounter.id)
    ):
        encounter.status = EncounterStatus.CANCELLED
        encounter.closed_at = at
    audit.note(session, patient, event="death recorded", actor=actor, at=at)


def _absent_when_empty(text: str | None) -> str | None:
    return (text or "").strip() or None
