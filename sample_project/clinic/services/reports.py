"""Figures for the people who run the clinic."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session
from sqlalchemy_iris.base import IRISExact

from clinic.models import (
    Department,
    Encounter,
    EncounterStatus,
    Medication,
    MedicationClass,
    Observation,
    ObservationKind,
    Practitioner,
    Prescription,
)

__all__ = [
    "AbnormalRate",
    "abnormal_rates",
    "encounters_by_department",
    "encounters_by_month",
    "encounters_by_status",
    "most_prescribed_classes",
]


@dataclass(frozen=True)
class AbnormalRate:
    """How often a kind of observation was abnormal."""

    code: str
    observations: int
    abnormal: int
    mean: Decimal

    @property
    def rate(self) -> float:
        """Abnormal observations as a part of all."""
        return self.abnormal / self.observations


def encounters_by_status(session: Session) -> dict[EncounterStatus, int]:
    """Count encounters by status.

    %EXACT is not decoration: IRIS groups by the collated value and hands that out, so that without it
    the groups would be called OPEN and CLOSED, which are no members of the enumeration.
    """
    rows = session.execute(select(IRISExact(Encounter.status), func.count()).group_by(Encounter.status))
    return dict(rows.all())


def encounters_by_month(session: Session, *, year: int) -> dict[int, int]:
    """Count the encounters that were opened in each month of a year."""
    month = func.month(Encounter.opened_at)
    rows = session.execute(
        select(month, func.count())
        .where(Encounter.opened_at >= datetime(year, 1, 1), Encounter.opened_at < datetime(year + 1, 1, 1))
        .group_by(month)
        .order_by(month)
    )
    return dict(rows.all())


def encounters_by_department(session: Session, *, start: datetime, end: datetime) -> list[tuple[str, int]]:
    """Count encounters opened from start until before end, busiest department first, empty ones too."""
    opened = func.count(Encounter.id)
    rows = session.execute(
        select(Department.id, opened)
        .outerjoin(Practitioner, Practitioner.department_id == Department.id)
        .outerjoin(
            Encounter,
            (Encounter.practitioner_id == Practitioner.id)
            & (Encounter.opened_at >= start)
            & (Encounter.opened_at < end),
        )
        .group_by(Department.id)
    )
    titles = dict(session.execute(select(Department.id, Department.title)).all())
    counted = [(titles[department_id], count) for department_id, count in rows]
    return sorted(counted, key=lambda row: (-row[1], row[0]))


def abnormal_rates(session: Session, *, at_least: int = 1) -> list[AbnormalRate]:
    """Return, for every kind that was observed often enough, how often it was abnormal."""
    observed = func.count(Observation.id)
    rows = session.execute(
        select(
            ObservationKind.id,
            observed,
            # A comparison is no value on IRIS, so truths are counted with CASE.
            func.sum(case((Observation.abnormal.is_(True), 1), else_=0)),
            func.avg(Observation.measured),
        )
        .join(Observation, Observation.kind_id == ObservationKind.id)
        .group_by(ObservationKind.id)
        .having(observed >= at_least)
    )
    codes = dict(session.execute(select(ObservationKind.id, ObservationKind.code)).all())
    rates = [
        AbnormalRate(codes[kind_id], count, int(abnormal), Decimal(str(mean)).quantize(Decimal("0.01")))
        for kind_id, count, abnormal, mean in rows
    ]
    return sorted(rates, key=lambda rate: (-rate.rate, rate.code))


def most_prescribed_classes(session: Session, *, at_most: int = 5) -> list[tuple[str, int]]:
    """Return the medication classes with the most prescriptions, and their numbers."""
    prescribed = func.count(Prescription.id)
    rows = session.execute(
        select(IRISExact(MedicationClass.title), prescribed)
        .join(Medication, Medication.medication_class_id == MedicationClass.id)
        .join(Prescription, Prescription.medication_id == Medication.id)
        .group_by(MedicationClass.title)
        .order_by(prescribed.desc(), MedicationClass.title)
        .limit(at_most)
    )
    return [(title, count) for title, count in rows]
