"""Encounters and the observations made in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy.orm import Session

from clinic.models import Encounter, EncounterStatus, Patient, Practitioner
from clinic.services.audit import trail_of
from clinic.services.encounters import close_encounter, open_encounter, record_observation
from clinic.services.errors import (
    AlreadyOpenError,
    ClinicError,
    EncounterClosedError,
    ImplausibleValueError,
    NotFoundError,
)


def test_a_new_encounter_is_open(session: Session, encounter: Encounter) -> None:
    session.commit()

    assert encounter.status is EncounterStatus.OPEN
    assert encounter.closed_at is None


def test_a_patient_has_one_open_encounter_at_a_time(
    session: Session, patient: Patient, practitioner: Practitioner, encounter: Encounter, now: datetime
) -> None:
    def open_another() -> Encounter:
        return open_encounter(
            session,
            visit_number="T-00000002",
            patient=patient,
            practitioner=practitioner,
            reason="Rash",
            actor="reception",
            at=now,
        )

    with pytest.raises(AlreadyOpenError):
        open_another()
    close_encounter(session, encounter, summary="Rest.", actor="marsh", at=now)
    assert open_another().status is EncounterStatus.OPEN


def test_the_dead_are_not_seen(
    session: Session, patient: Patient, practitioner: Practitioner, now: datetime
) -> None:
    patient.died_on = now.date()

    with pytest.raises(ClinicError, match="died on 2025-02-03"):
        open_encounter(
            session,
            visit_number="T-00000002",
            patient=patient,
            practitioner=practitioner,
            reason="Rash",
            actor="reception",
            at=now,
        )


def test_closing_keeps_the_summary_and_the_time(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    close_encounter(session, encounter, summary=" Rest. ", actor="marsh", at=now + timedelta(minutes=20))
    session.commit()

    assert encounter.status is EncounterStatus.CLOSED
    assert encounter.summary == "Rest."
    assert encounter.closed_at == datetime(2025, 2, 3, 9, 50)


def test_an_encounter_is_not_closed_without_a_summary(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    with pytest.raises(ClinicError, match="needs a summary"):
        close_encounter(session, encounter, summary="  ", actor="marsh", at=now)


def test_an_encounter_is_not_closed_before_it_was_opened(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    with pytest.raises(ClinicError, match="opened later"):
        close_encounter(session, encounter, summary="Rest.", actor="marsh", at=now - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("code", "measured", "abnormal"),
    [
        ("body-temperature", "36.5", False),
        ("body-temperature", "37.8", False),
        ("body-temperature", "37.9", True),
        ("body-temperature", "36", True),
        ("oxygen-saturation", "100", False),
        ("oxygen-saturation", "93", True),
        ("body-weight", "210.5", False),
    ],
)
def test_a_value_outside_the_normal_limits_is_marked(
    session: Session, encounter: Encounter, now: datetime, code: str, measured: str, abnormal: bool
) -> None:
    observation = record_observation(
        session, encounter, code=code, measured=Decimal(measured), actor="marsh", at=now
    )
    session.commit()

    assert observation.measured == Decimal(measured)
    assert observation.abnormal is abnormal


@pytest.mark.parametrize("slip", ["3.72", "372"])
def test_a_slipped_decimal_point_is_refused(
    session: Session, encounter: Encounter, now: datetime, slip: str
) -> None:
    with pytest.raises(ImplausibleValueError, match="Body temperature"):
        record_observation(
            session, encounter, code="body-temperature", measured=Decimal(slip), actor="marsh", at=now
        )


def test_an_unknown_kind_of_observation_is_refused(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    with pytest.raises(NotFoundError, match="'mood'"):
        record_observation(session, encounter, code="mood", measured=Decimal(7), actor="marsh", at=now)


def test_nothing_is_added_to_a_closed_encounter(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    close_encounter(session, encounter, summary="Rest.", actor="marsh", at=now)

    with pytest.raises(EncounterClosedError, match="is closed"):
        record_observation(session, encounter, code="heart-rate", measured=Decimal(70), actor="marsh", at=now)


def test_observations_come_in_the_order_in_which_they_were_taken(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    for minute, measured in ((5, 80), (1, 90), (3, 85)):
        record_observation(
            session,
            encounter,
            code="heart-rate",
            measured=Decimal(measured),
            actor="marsh",
            at=now + timedelta(minutes=minute),
        )
    session.commit()

    assert [observation.measured for observation in encounter.observations] == [90, 85, 80]


def test_the_trail_tells_the_life_of_an_encounter(
    session: Session, encounter: Encounter, now: datetime
) -> None:
    close_encounter(session, encounter, summary="Rest.", actor="marsh", at=now + timedelta(minutes=20))

    assert [(entry.actor, entry.event) for entry in trail_of(session, encounter)] == [
        ("reception", "encounter opened"),
        ("marsh", "encounter closed"),
    ]
