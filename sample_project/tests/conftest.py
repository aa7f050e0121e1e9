"""People and visits that most tests need; each is there only for the test that asks for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from clinic.models import Encounter, Patient, Practitioner, Sex
from clinic.services.encounters import open_encounter
from clinic.services.prescribing import Prescribed, prescribe

NOW = datetime(2025, 2, 3, 9, 30)
"""The Monday after the last day of the seed data."""


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def practitioner(session: Session) -> Practitioner:
    """An active practitioner who may prescribe controlled medications."""
    practitioner = Practitioner(
        licence_number="T-1", family_name="Marsh", given_name="Ines", may_prescribe_controlled=True
    )
    session.add(practitioner)
    session.flush()
    return practitioner


@pytest.fixture
def patient(session: Session) -> Patient:
    patient = Patient(
        record_number="T-000001",
        family_name="Quell",
        given_name="Jory",
        birth_date=date(1980, 5, 17),
        sex=Sex.OTHER,
        registered_at=NOW,
    )
    session.add(patient)
    session.flush()
    return patient


@pytest.fixture
def encounter(session: Session, patient: Patient, practitioner: Practitioner) -> Encounter:
    """An open encounter of the patient with the practitioner."""
    return open_encounter(
        session,
        visit_number="T-00000001",
        patient=patient,
        practitioner=practitioner,
        reason="Back pain",
        actor="reception",
        at=NOW,
    )


@pytest.fixture
def give(session: Session, encounter: Encounter) -> Callable[..., Prescribed]:
    """Prescribe in the open encounter: a harmless dose, unless the test says otherwise."""

    def give(medication: str, **changes: Any) -> Prescribed:
        arguments: dict[str, Any] = {"dose_mg": Decimal("5"), "doses_per_day": 1, "days": 7}
        return prescribe(
            session, encounter, medication=medication, actor="marsh", at=NOW, **(arguments | changes)
        )

    return give
