"""Made-up data: a clinic that has been open for a year.

The same seed gives the same rows, byte for byte, on every machine: names come from short lists, choices
from one random.Random, times from a fixed last day.  Nothing in here is, or resembles, a real person.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from clinic.models import (
    Allergy,
    Appointment,
    AppointmentStatus,
    AuditEntry,
    Base,
    Department,
    Encounter,
    EncounterStatus,
    Medication,
    MedicationClass,
    Observation,
    ObservationKind,
    Patient,
    Practitioner,
    Prescription,
    PrescriptionStatus,
    Sex,
)

__all__ = ["LAST_DAY", "Plan", "seed"]

LAST_DAY = date(2025, 1, 31)
DAYS_OPEN = 365
BATCH_ROWS = 1_000

_SYLLABLES = ("ba", "do", "fen", "gar", "hol", "ka", "lin", "mor", "na", "ros", "sel", "tor", "vik", "wen")
_ENDINGS = ("berg", "dale", "er", "field", "land", "man", "sen", "ski", "ton", "wood")
_GIVEN_TEXT = """
Ada Alva Amir Anouk Arno Bela Bruno Carla Chidi Clara Dario Edda Elif Enzo Fatou Finn Greta Hana Hugo
Ida Imre Jana Jonas Kaito Kira Lea Levi Lina Luca Mara Mila Nadia Nils Nora Omar Oskar Paula Priya
Rafa Rosa Samir Selma Tariq Tess Timo Uma Vera Wim Yara Zoe
"""
_GIVEN = _GIVEN_TEXT.split()
_DEPARTMENTS = ("General Practice", "Cardiology", "Paediatrics", "Dermatology", "Orthopaedics", "Neurology")
_REASONS = (
    "Annual check",
    "Back pain",
    "Blood pressure follow-up",
    "Cough and fever",
    "Headache",
    "Knee pain after sport",
    "Rash",
    "Renewal of prescriptions",
    "Sleeplessness",
    "Vaccination",
)


@dataclass(frozen=True)
class Plan:
    """How many rows of each kind there will be."""

    practitioners: int
    patients: int
    encounters: int
    observations: int
    prescriptions: int
    appointments: int

    @classmethod
    def for_scale(cls, scale: float) -> Plan:
        """Return the plan for a scale; 1.0 is about fifteen thousand rows."""
        if scale <= 0:
            raise ValueError("the scale must be positive")

        def rows(count: int) -> int:
            return max(1, round(count * scale))

        return cls(
            practitioners=max(len(_DEPARTMENTS), rows(24)),
            patients=rows(1_200),
            encounters=rows(2_800),
            observations=rows(6_000),
            prescriptions=rows(1_500),
            appointments=rows(600),
        )


def seed(session: Session, *, scale: float = 1.0, random_seed: int = 20250131) -> Plan:
    """Fill a freshly migrated clinic and return what was planned; the caller commits.

    Rows go in by the thousand, and only those that others refer to are read back for their keys: a
    generated key is what the server made it, so no key is ever guessed.
    """
    plan, rng = Plan.for_scale(scale), random.Random(random_seed)

    _insert(session, Department, ({"title": title} for title in _DEPARTMENTS))
    departments = _keys(session, Department, Department.title)
    _insert(session, Practitioner, _practitioners(plan, rng, list(departments.values())))
    practitioners = list(_keys(session, Practitioner, Practitioner.licence_number).values())
    _insert(session, Patient, _patients(plan, rng, practitioners))
    patients = list(_keys(session, Patient, Patient.record_number).values())

    classes = list(_keys(session, MedicationClass, MedicationClass.title).values())
    _insert(session, Allergy, _allergies(rng, patients, classes))

    encounters = list(_encounters(plan, rng, patients, practitioners))
    _insert(session, Encounter, encounters)
    visits = _keys(session, Encounter, Encounter.visit_number)
    opened = [(visits[row["visit_number"]], row["opened_at"]) for row in encounters]

    kinds = session.scalars(select(ObservationKind).order_by(ObservationKind.id)).all()
    _insert(session, Observation, _observations(plan, rng, opened, kinds))
    medications = session.scalars(select(Medication).order_by(Medication.id)).all()
    _insert(session, Prescription, _prescriptions(plan, rng, opened, medications))
    _insert(session, Appointment, _appointments(plan, rng, patients, practitioners))
    _insert(session, AuditEntry, _audit_entries(opened))
    return plan


def _insert(session: Session, table: type[Base], rows: Iterator[dict[str, Any]] | Sequence[Any]) -> None:
    pending = list(rows)
    for start in range(0, len(pending), BATCH_ROWS):
        session.execute(insert(table), pending[start : start + BATCH_ROWS])


def _keys(session: Session, table: type[Base], natural: Any) -> dict[str, int]:
    """Map natural keys to generated ones, in the order of the generated ones."""
    return dict(session.execute(select(natural, table.id).order_by(table.id)).all())


def _family_name(rng: random.Random) -> str:
    name = "".join(rng.choice(_SYLLABLES) for _ in range(rng.randint(1, 2))) + rng.choice(_ENDINGS)
    return name.capitalize()


def _moment(rng: random.Random) -> datetime:
    day = LAST_DAY - timedelta(days=rng.randrange(DAYS_OPEN))
    return datetime.combine(day, time(rng.randint(8, 17), rng.choice((0, 15, 30, 45))))


def _practitioners(plan: Plan, rng: random.Random, departments: Sequence[int]) -> Iterator[dict[str, Any]]:
    for number in range(1, plan.practitioners + 1):
        yield {
            "licence_number": f"L-{number:05d}",
            "family_name": _family_name(rng),
            "given_name": rng.choice(_GIVEN),
            "department_id": departments[number % len(departments)],
            "active": number % 12 != 0,
            "may_prescribe_controlled": number % 3 == 0,
        }


def _patients(plan: Plan, rng: random.Random, practitioners: Sequence[int]) -> Iterator[dict[str, Any]]:
    for number in range(1, plan.patients + 1):
        family_name, given_name = _family_name(rng), rng.choice(_GIVEN)
        reachable = rng.random()
        yield {
            "record_number": f"P-{number:06d}",
            "family_name": family_name,
            "given_name": given_name,
            "birth_date": LAST_DAY - timedelta(days=rng.randint(30, 95 * 365)),
            "sex": rng.choices(list(Sex), weights=(48, 48, 3, 1))[0],
            "phone": f"+00 555 {rng.randrange(10**6):06d}" if reachable < 0.8 else None,
            "email": f"{given_name}.{family_name}.{number}@example.org".lower() if reachable > 0.5 else None,
            "registered_at": _moment(rng),
            "died_on": LAST_DAY - timedelta(days=rng.randrange(20)) if rng.random() < 0.01 else None,
            "practitioner_id": rng.choice(practitioners) if rng.random() < 0.9 else None,
        }


def _allergies(
    rng: random.Random, patients: Sequence[int], classes: Sequence[int]
) -> Iterator[dict[str, Any]]:
    for patient_id in rng.sample(patients, max(1, len(patients) // 8)):
        yield {
            "patient_id": patient_id,
            "medication_class_id": rng.choice(classes),
            "reaction": rng.choice(("Rash", "Swelling", "Nausea", None)),
        }


def _encounters(
    plan: Plan, rng: random.Random, patients: Sequence[int], practitioners: Sequence[int]
) -> Iterator[dict[str, Any]]:
    for number in range(1, plan.encounters + 1):
        opened_at = _moment(rng)
        cancelled = rng.random() < 0.05
        yield {
            "visit_number": f"V-{number:08d}",
            "patient_id": rng.choice(patients),
            "practitioner_id": rng.choice(practitioners),
            "status": EncounterStatus.CANCELLED if cancelled else EncounterStatus.CLOSED,
            "reason": rng.choice(_REASONS),
            "summary": None if cancelled else "Seen, advised, no further steps.",
            "opened_at": opened_at,
            "closed_at": opened_at + timedelta(minutes=rng.randint(5, 50)),
        }


def _observations(
    plan: Plan,
    rng: random.Random,
    opened: Sequence[tuple[int, datetime]],
    kinds: Sequence[ObservationKind],
) -> Iterator[dict[str, Any]]:
    for _ in range(plan.observations):
        encounter_id, opened_at = rng.choice(opened)
        kind = rng.choice(kinds)
        low = kind.normal_low if kind.normal_low is not None else kind.plausible_low
        high = kind.normal_high if kind.normal_high is not None else kind.plausible_high
        spread = (high - low) / 5
        measured = low - spread + (high - low + 2 * spread) * rng.randrange(1_001) / 1_000
        measured = min(max(measured, kind.plausible_low), kind.plausible_high).quantize(Decimal("0.1"))
        yield {
            "encounter_id": encounter_id,
            "kind_id": kind.id,
            "measured": measured,
            "abnormal": kind.is_abnormal(measured),
            "taken_at": opened_at + timedelta(minutes=rng.randint(1, 5)),
            "note": "taken twice" if rng.random() < 0.02 else None,
        }


def _prescriptions(
    plan: Plan,
    rng: random.Random,
    opened: Sequence[tuple[int, datetime]],
    medications: Sequence[Medication],
) -> Iterator[dict[str, Any]]:
    for _ in range(plan.prescriptions):
        encounter_id, opened_at = rng.choice(opened)
        medication = rng.choice(medications)
        doses_per_day = rng.randint(1, 4)
        stopped = rng.random() < 0.1
        days = rng.choice((5, 7, 10, 14, 28))
        yield {
            "encounter_id": encounter_id,
            "medication_id": medication.id,
            "dose_mg": (medication.daily_limit_mg / (2 * doses_per_day)).quantize(Decimal("0.001")),
            "doses_per_day": doses_per_day,
            "starts_on": opened_at.date(),
            "ends_on": opened_at.date() + timedelta(days=days - 1),
            "status": PrescriptionStatus.STOPPED if stopped else PrescriptionStatus.ACTIVE,
            "override_reason": None,
        }


def _appointments(
    plan: Plan, rng: random.Random, patients: Sequence[int], practitioners: Sequence[int]
) -> Iterator[dict[str, Any]]:
    tomorrow = LAST_DAY + timedelta(days=1)
    for number in range(plan.appointments):
        # One practitioner after the other, then the next half-hour: nobody is booked twice.
        slot = number // len(practitioners)
        day, half_hour = tomorrow + timedelta(days=slot // 18), slot % 18
        starts_at = datetime.combine(day, time(8)) + timedelta(minutes=30 * half_hour)
        cancelled = rng.random() < 0.08
        yield {
            "patient_id": rng.choice(patients),
            "practitioner_id": practitioners[number % len(practitioners)],
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=30),
            "status": AppointmentStatus.CANCELLED if cancelled else AppointmentStatus.BOOKED,
            "reason": rng.choice(_REASONS),
            "cancelled_because": "the patient called" if cancelled else None,
        }


def _audit_entries(opened: Sequence[tuple[int, datetime]]) -> Iterator[dict[str, Any]]:
    for encounter_id, opened_at in opened:
        yield {
            "happened_at": opened_at,
            "actor": "reception",
            "event": "encounter opened",
            "subject_table": Encounter.__tablename__,
            "subject_id": encounter_id,
            "details": None,
        }
