"""Registering patients, and keeping what is known of them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.models import Encounter, EncounterStatus, Patient, Practitioner, Sex
from clinic.services.audit import trail_of
from clinic.services.errors import AlreadyRegisteredError, RegistrationError
from clinic.services.registration import change_contact, record_death, register_patient


def register(session: Session, **changes: Any) -> Patient:
    arguments: dict[str, Any] = {
        "record_number": "R-1",
        "family_name": "Falk",
        "given_name": "Mira",
        "birth_date": date(1990, 1, 2),
        "sex": Sex.FEMALE,
        "actor": "reception",
        "at": datetime(2025, 2, 3, 9, 30),
    }
    return register_patient(session, **(arguments | changes))


def test_a_registered_patient_can_be_read_back(session: Session) -> None:
    key = register(session).id
    session.commit()

    patient = session.get_one(Patient, key)
    assert (patient.family_name, patient.birth_date, patient.sex) == ("Falk", date(1990, 1, 2), Sex.FEMALE)


def test_blanks_around_names_and_numbers_are_not_kept(session: Session) -> None:
    patient = register(session, record_number=" R-2 ", family_name="Falk ", given_name=" Mira")

    assert (patient.record_number, patient.family_name, patient.given_name) == ("R-2", "Falk", "Mira")


@pytest.mark.parametrize("missing", ["record_number", "family_name", "given_name"])
def test_a_patient_needs_a_number_and_a_name(session: Session, missing: str) -> None:
    with pytest.raises(RegistrationError):
        register(session, **{missing: "  "})


def test_nobody_is_registered_before_birth(session: Session) -> None:
    with pytest.raises(RegistrationError, match="not born yet"):
        register(session, birth_date=date(2025, 2, 4))


@pytest.mark.parametrize("taken", ["R-1", "r-1", "R-1  "])
def test_a_record_number_is_taken_in_whatever_case_it_is_written(session: Session, taken: str) -> None:
    register(session, record_number="R-1")

    with pytest.raises(AlreadyRegisteredError, match="is taken"):
        register(session, record_number=taken, given_name="Somebody else")


def test_the_same_name_and_birth_date_is_the_same_person(session: Session) -> None:
    register(session, record_number="R-1")

    with pytest.raises(AlreadyRegisteredError, match="registered as R-1"):
        register(session, record_number="R-2", family_name="FALK")


def test_a_practitioner_who_left_gets_no_patients(session: Session, practitioner: Practitioner) -> None:
    practitioner.active = False

    with pytest.raises(RegistrationError, match="not active"):
        register(session, practitioner=practitioner)


@pytest.mark.parametrize(
    ("given", "kept"), [("", None), ("   ", None), (None, None), (" a@example.org ", "a@example.org")]
)
def test_an_absent_address_has_one_form(session: Session, given: str | None, kept: str | None) -> None:
    patient = register(session, email=given)
    session.commit()

    assert patient.email == kept


def test_a_changed_contact_leaves_the_old_one_in_the_trail(
    session: Session, patient: Patient, now: datetime
) -> None:
    change_contact(session, patient, phone="+00 555 1", email=None, actor="reception", at=now)
    change_contact(session, patient, phone="+00 555 2", email=None, actor="reception", at=now)
    change_contact(session, patient, phone="+00 555 2", email="", actor="reception", at=now)

    assert [entry.details for entry in trail_of(session, patient)] == [
        "before: phone -, email -",
        "before: phone +00 555 1, email -",
    ]


def test_a_death_cancels_the_open_encounter(
    session: Session, patient: Patient, encounter: Encounter, now: datetime
) -> None:
    record_death(session, patient, died_on=now.date(), actor="marsh", at=now + timedelta(hours=1))

    assert encounter.status is EncounterStatus.CANCELLED
    assert encounter.closed_at == now + timedelta(hours=1)


@pytest.mark.parametrize("died_on", [date(1980, 5, 16), date(2025, 2, 4)])
def test_nobody_dies_before_birth_or_tomorrow(
    session: Session, patient: Patient, now: datetime, died_on: date
) -> None:
    with pytest.raises(RegistrationError):
        record_death(session, patient, died_on=died_on, actor="marsh", at=now)


@pytest.mark.parametrize(
    ("day", "age"), [(date(2000, 5, 16), 19), (date(2000, 5, 17), 20), (date(2025, 1, 1), 44)]
)
def test_a_year_is_completed_on_the_birthday(patient: Patient, day: date, age: int) -> None:
    assert patient.age_on(day) == age
