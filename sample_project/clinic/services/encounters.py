"""Encounters are opened, filled with observations, and closed with a summary."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import Encounter, EncounterStatus, Observation, ObservationKind, Patient, Practitioner
from clinic.services import audit
from clinic.services.errors import (
    AlreadyOpenError,
    ClinicError,
    EncounterClosedError,
    ImplausibleValueError,
    NotFoundError,
)

__all__ = ["close_encounter", "open_encounter", "record_observation", "require_open"]


def open_encounter(
    session: Session,
    *,
    visit_number: str,
    patient: Patient,
    practitioner: Practitioner,
    reason: str,
    actor: str,
    at: datetime,
) -> Encounter:
    """Open an encounter for a living patient who has none open, with a practitioner who is active.

    Raises:
        AlreadyOpenError: the patient has an open encounter.
        ClinicError: the patient is dead, or the practitioner not active.
    """
    if patient.died_on is not None:
        raise ClinicError(f"patient {patient.record_number} died on {patient.died_on}")
    if not practitioner.active:
        raise ClinicError(f"practitioner {practitioner.licence_number} is not active")
    open_already = session.scalar(
        select(func.count()).where(
            Encounter.patient_id == patient.id, Encounter.status == EncounterStatus.OPEN
        )
    )
    if open_already:
        raise AlreadyOpenError(f"patient {patient.record_number} has an open encounter")

    encounter = Encounter(
        visit_number=visit_number,
        patient=patient,
        practitioner=practitioner,
        reason=reason,
        opened_at=at,
    )
    session.add(encounter)
    audit.note(session, encounter, event="encounter opened", actor=actor, at=at)
    return encounter


def require_open(encounter: Encounter) -> None:
    """Raise EncounterClosedError unless the encounter is open."""
    if encounter.status is not EncounterStatus.OPEN:
        raise EncounterClosedError(f"encounter {encounter.visit_number} is {encounter.status.value}")


def close_encounter(
    session: Session, encounter: Encounter, *, summary: str, actor: str, at: datetime
) -> None:
    """Close an encounter; a summary is required, and it cannot be closed before it was opened.

    Raises:
        EncounterClosedError: it is not open.
        ClinicError: the summary is empty, or the time lies before the opening.
    """
    require_open(encounter)
    if not summary.strip():
        raise ClinicError(f"encounter {encounter.visit_number} needs a summary")
    if at < encounter.opened_at:
        raise ClinicError(f"encounter {encounter.visit_number} was opened later, at {encounter.opened_at}")
    encounter.summary = summary.strip()
    encounter.status = EncounterStatus.CLOSED
    encounter.closed_at = at
    audit.note(session, encounter, event="encounter closed", actor=actor, at=at)


def record_observation(
    session: Session,
    encounter: Encounter,
    *,
    code: str,
    measured: Decimal,
    actor: str,
    at: datetime,
    note: str | None = None,
) -> Observation:
    """Record a measured value, and mark it when it lies outside the normal limits of its kind.

    Raises:
        EncounterClosedError: the encounter is not open.
        NotFoundError: there is no such kind of observation.
        ImplausibleValueError: the value lies outside the plausible limits: a slip of the pen.
    """
    require_open(encounter)
    kind = session.scalar(select(ObservationKind).where(ObservationKind.code == code))
    if kind is None:
        raise NotFoundError(f"there is no kind of observation {code!r}")
    if not kind.is_plausible(measured):
        raise ImplausibleValueError(
            f"{kind.title} {measured} {kind.unit} is not between "
            f"{kind.plausible_low} and {kind.plausible_high}"
        )
    observation = Observation(
        encounter=encounter,
        kind=kind,
        measured=measured,
        abnormal=kind.is_abnormal(measured),
        taken_at=at,
        note=note,
    )
    session.add(observation)
    audit.note(session, observation, event="observation recorded", actor=actor, at=at)
    return observation
