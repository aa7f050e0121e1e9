"""Figures over the seeded clinic, and over what a test adds to it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import (
    Department,
    Encounter,
    EncounterStatus,
    Observation,
    Practitioner,
    Prescription,
)
from clinic.services.encounters import record_observation
from clinic.services.reports import (
    abnormal_rates,
    encounters_by_department,
    encounters_by_month,
    encounters_by_status,
    most_prescribed_classes,
)


def test_encounters_by_status_are_members_and_not_capitals(session: Session, encounter: Encounter) -> None:
    counted = encounters_by_status(session)

    assert counted[EncounterStatus.OPEN] == 1
    assert sum(counted.values()) == session.scalar(select(func.count(Encounter.id)))


def test_encounters_by_month_count_each_month_of_the_year_asked_for(
    session: Session, encounter: Encounter
) -> None:
    assert list(encounters_by_month(session, year=2024)) == list(range(2, 13))
    assert encounters_by_month(session, year=2025)[2] == 1
    assert encounters_by_month(session, year=2030) == {}


def test_a_department_without_encounters_is_counted_too(
    session: Session, practitioner: Practitioner, encounter: Encounter
) -> None:
    session.add_all([Department(title="Surgery"), Department(title="Radiology")])
    session.flush()
    practitioner.department = session.scalars(select(Department).where(Department.title == "Surgery")).one()
    session.flush()

    counted = encounters_by_department(session, start=datetime(2025, 2, 1), end=datetime(2025, 3, 1))

    assert counted[0] == ("Surgery", 1)
    assert ("Radiology", 0) in counted
    assert len(counted) == 8


def test_abnormal_rates_add_up(session: Session) -> None:
    rates = {rate.code: rate for rate in abnormal_rates(session)}

    assert sum(rate.observations for rate in rates.values()) == session.scalar(
        select(func.count(Observation.id))
    )
    assert rates["body-weight"].rate == 0.0
    assert 0.0 < rates["heart-rate"].rate < 1.0
    assert 60 < rates["heart-rate"].mean < 100


def test_a_kind_observed_too_rarely_is_left_out(session: Session) -> None:
    often = max(rate.observations for rate in abnormal_rates(session))

    assert [rate.observations for rate in abnormal_rates(session, at_least=often)] == [often]


def test_one_more_fever_raises_the_rate(session: Session, encounter: Encounter, now: datetime) -> None:
    before = {rate.code: rate for rate in abnormal_rates(session)}["body-temperature"]
    record_observation(
        session, encounter, code="body-temperature", measured=Decimal("40.2"), actor="marsh", at=now
    )
    after = {rate.code: rate for rate in abnormal_rates(session)}["body-temperature"]

    assert (after.observations, after.abnormal) == (before.observations + 1, before.abnormal + 1)


def test_the_most_prescribed_classes_come_first(session: Session) -> None:
    classes = most_prescribed_classes(session, at_most=3)
    everything = most_prescribed_classes(session, at_most=100)

    counts = [count for _, count in everything]
    assert counts == sorted(counts, reverse=True)
    assert classes == everything[:3]
    assert sum(counts) == session.scalar(select(func.count(Prescription.id)))
    assert "ACE inhibitor" in dict(everything)
