"""What surprises people who come from another database; read these before writing a query."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy_iris.base import IRISExact

from clinic.models import (
    Allergy,
    Encounter,
    Medication,
    MedicationClass,
    Observation,
    Patient,
    Practitioner,
    Sex,
)


def a_patient(now: datetime, **changes: Any) -> Patient:
    values: dict[str, Any] = {
        "record_number": "X-1",
        "family_name": "Falk",
        "given_name": "Mira",
        "birth_date": date(1990, 1, 2),
        "sex": Sex.FEMALE,
        "registered_at": now,
    }
    return Patient(**(values | changes))


@pytest.mark.parametrize("written", ["falk", "FALK", "Falk  "])
def test_text_is_compared_without_case_and_trailing_blanks(
    session: Session, now: datetime, written: str
) -> None:
    session.add(a_patient(now, family_name="Falk"))
    session.flush()

    found = session.scalars(select(Patient).where(Patient.family_name == written)).all()

    assert [patient.record_number for patient in found] == ["X-1"]


@pytest.mark.parametrize("again", ["X-1", "x-1", "X-1  "])
def test_a_unique_key_ignores_case_and_trailing_blanks(session: Session, now: datetime, again: str) -> None:
    session.add(a_patient(now))
    session.flush()
    session.add(a_patient(now, record_number=again))

    with pytest.raises(DBAPIError, match="-119"):
        session.flush()


def test_a_failed_statement_does_not_end_the_transaction(session: Session, now: datetime) -> None:
    """PostgreSQL would refuse everything after the error; IRIS goes on with what was done before."""
    session.execute(insert(MedicationClass), {"title": "Antiviral"})
    with pytest.raises(DBAPIError, match="-119"):
        session.connection().execute(insert(MedicationClass), {"title": "ANTIVIRAL"})

    assert session.scalar(select(func.count()).where(MedicationClass.title == "antiviral")) == 1


def test_distinct_and_group_by_give_capitals_unless_exact_is_asked_for(session: Session) -> None:
    title = MedicationClass.title
    one = title == "Opioid"

    assert session.scalars(select(title).where(one)).all() == ["Opioid"]
    assert session.scalars(select(title).where(one).distinct()).all() == ["OPIOID"]
    assert session.scalars(select(title).where(one).group_by(title)).all() == ["OPIOID"]
    assert session.scalars(select(func.max(title)).where(one)).all() == ["OPIOID"]
    assert session.scalars(select(IRISExact(title)).where(one).distinct()).all() == ["Opioid"]


def test_the_empty_string_is_not_null(session: Session, now: datetime) -> None:
    session.add(a_patient(now, record_number="X-1", phone="", email=None))
    session.flush()

    found = select(Patient.record_number).where(Patient.record_number == "X-1")
    assert session.scalars(found.where(Patient.phone == "")).all() == ["X-1"]
    assert session.scalars(found.where(Patient.phone.is_(None))).all() == []
    assert session.scalars(found.where(Patient.email.is_(None))).all() == ["X-1"]
    session.expire_all()
    assert session.scalars(select(Patient).where(Patient.record_number == "X-1")).one().phone == ""


def test_null_is_found_by_is_null_only(session: Session, now: datetime) -> None:
    session.add(a_patient(now, email=None))
    session.flush()

    assert (
        session.scalar(select(func.count()).where(Patient.email != "x", Patient.record_number == "X-1")) == 0
    )


def test_a_required_column_takes_the_empty_string_but_not_null(session: Session, now: datetime) -> None:
    session.add(a_patient(now, record_number="X-1", given_name=""))
    session.flush()
    session.add(a_patient(now, record_number="X-2", given_name=None))

    with pytest.raises(DBAPIError, match="-108"):
        session.flush()


def test_text_that_is_too_long_is_refused_and_never_cut(session: Session, now: datetime) -> None:
    session.add(a_patient(now, record_number="X-1234567890123"))

    with pytest.raises(DBAPIError, match="-104"):
        session.flush()


def test_a_foreign_key_must_point_at_a_row(session: Session, encounter: Encounter) -> None:
    with pytest.raises(DBAPIError, match="-121"):
        session.execute(
            insert(Observation),
            {
                "encounter_id": encounter.id,
                "kind_id": 999_999,
                "measured": 1,
                "taken_at": encounter.opened_at,
            },
        )


def test_a_row_that_is_referred_to_cannot_go(session: Session, encounter: Encounter) -> None:
    with pytest.raises(DBAPIError, match="-124"):
        session.execute(delete(Patient).where(Patient.id == encounter.patient_id))


def test_on_delete_cascade_takes_the_rows_that_refer(session: Session, patient: Patient) -> None:
    penicillins = session.scalars(select(MedicationClass).where(MedicationClass.title == "Penicillin")).one()
    session.add(Allergy(patient_id=patient.id, medication_class_id=penicillins.id))
    session.flush()

    session.execute(delete(Patient).where(Patient.id == patient.id))

    assert session.scalar(select(func.count()).where(Allergy.patient_id == patient.id)) == 0


def test_on_delete_set_null_lets_the_rows_stay(
    session: Session, patient: Patient, practitioner: Practitioner
) -> None:
    patient.practitioner = practitioner
    session.flush()

    session.execute(delete(Practitioner).where(Practitioner.id == practitioner.id))
    session.expire_all()

    assert patient.practitioner_id is None


def test_a_savepoint_undoes_its_own_part_only(session: Session) -> None:
    session.execute(insert(MedicationClass), {"title": "Antiviral"})
    with pytest.raises(RuntimeError, match="think again"), session.begin_nested():
        session.execute(insert(MedicationClass), {"title": "Antifungal"})
        raise RuntimeError("think again")

    titles = session.scalars(
        select(MedicationClass.title).where(MedicationClass.title.in_(["antiviral", "antifungal"]))
    ).all()
    assert titles == ["Antiviral"]


def test_many_new_rows_in_one_flush_all_get_their_keys(session: Session) -> None:
    classes = [MedicationClass(title=f"Class {number}") for number in range(5)]
    session.add_all(classes)
    session.flush()

    read_back = session.execute(
        select(MedicationClass.id, MedicationClass.title).where(MedicationClass.title.like("Class _"))
    )
    assert {row.id: row.title for row in classes} == dict(read_back.all())
    assert len({row.id for row in classes}) == 5


def test_decimals_are_rounded_to_the_scale_of_the_column(session: Session) -> None:
    entry = session.scalars(select(Medication).where(Medication.title == "Levothyroxine")).one()
    session.execute(
        insert(Medication),
        {"title": "Trace", "medication_class_id": entry.medication_class_id, "daily_limit_mg": "0.12349"},
    )

    limit = session.scalar(select(Medication.daily_limit_mg).where(Medication.title == "Trace"))

    assert str(limit) == "0.123"
