"""Prescribing, with the checks that a careful pharmacist would make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from clinic.models import (
    Allergy,
    Encounter,
    Interaction,
    Medication,
    Patient,
    Prescription,
    PrescriptionStatus,
    Severity,
)
from clinic.services import audit
from clinic.services.encounters import require_open
from clinic.services.errors import AllergyError, DoseError, InteractionError, NotFoundError, PrescribingError

__all__ = ["LONGEST_CONTROLLED_DAYS", "Prescribed", "active_prescriptions", "prescribe", "stop_prescription"]

LONGEST_CONTROLLED_DAYS = 28


@dataclass(frozen=True)
class Prescribed:
    """A prescription that was written, and what its writer should know about it."""

    prescription: Prescription
    warnings: tuple[str, ...] = ()


def active_prescriptions(session: Session, patient: Patient, *, on: date) -> Sequence[Prescription]:
    """Return what the patient takes on a day, in the order in which it was begun."""
    return session.scalars(
        select(Prescription)
        .join(Prescription.encounter)
        .where(
            Encounter.patient_id == patient.id,
            Prescription.status == PrescriptionStatus.ACTIVE,
            Prescription.starts_on <= on,
            Prescription.ends_on >= on,
        )
        .order_by(Prescription.starts_on, Prescription.id)
    ).all()


def prescribe(
    session: Session,
    encounter: Encounter,
    *,
    medication: str,
    dose_mg: Decimal,
    doses_per_day: int,
    days: int,
    actor: str,
    at: datetime,
    override_reason: str | None = None,
) -> Prescribed:
    """Prescribe a medication of the formulary to the patient of an open encounter, beginning today.

    A contraindicated pair is always refused; a major interaction needs a reason to be overridden; a
    moderate one is allowed and comes back as a warning.

    Raises:
        EncounterClosedError: the encounter is not open.
        NotFoundError: the formulary has no such medication.
        PrescribingError: it is not available, the practitioner may not prescribe it, or the patient has
            an active prescription of it.
        DoseError: more than the daily limit, or a controlled medication for more than 28 days.
        AllergyError, InteractionError: it would do harm.
    """
    require_open(encounter)
    entry = session.scalar(select(Medication).where(Medication.title == medication))
    if entry is None:
        raise NotFoundError(f"the formulary has no {medication!r}")
    patient = encounter.patient
    _check_entry(entry, encounter)
    _check_dose(entry, dose_mg=dose_mg, doses_per_day=doses_per_day, days=days)
    _check_allergies(session, entry, patient)

    taken = active_prescriptions(session, patient, on=at.date())
    if any(prescription.medication_id == entry.id for prescription in taken):
        raise PrescribingError(f"patient {patient.record_number} takes {entry.title} already")
    warnings = _check_interactions(
        session, entry, taken=[p.medication_id for p in taken], override_reason=override_reason
    )

    prescription = Prescription(
        encounter=encounter,
        medication=entry,
        dose_mg=dose_mg,
        doses_per_day=doses_per_day,
        starts_on=at.date(),
        ends_on=at.date() + timedelta(days=days - 1),
        override_reason=override_reason,
    )
    session.add(prescription)
    audit.note(
        session,
        prescription,
        event="medication prescribed",
        actor=actor,
        at=at,
        details="; ".join(warnings) or None,
    )
    return Prescribed(prescription, warnings)


def stop_prescription(
    session: Session, prescription: Prescription, *, why: str, actor: str, at: datetime
) -> None:
    """Stop a prescription today; stopping it twice is refused."""
    if prescription.status is PrescriptionStatus.STOPPED:
        raise PrescribingError("the prescription was stopped before")
    prescription.status = PrescriptionStatus.STOPPED
    prescription.ends_on = max(prescription.starts_on, at.date())
    audit.note(session, prescription, event="prescription stopped", actor=actor, at=at, details=why)


def _check_entry(entry: Medication, encounter: Encounter) -> None:
    if not entry.available:
        raise PrescribingError(f"{entry.title} is not available")
    practitioner = encounter.practitioner
    if entry.controlled and not practitioner.may_prescribe_controlled:
        raise PrescribingError(
            f"practitioner {practitioner.licence_number} may not prescribe {entry.title}, which is controlled"
        )


def _check_dose(entry: Medication, *, dose_mg: Decimal, doses_per_day: int, days: int) -> None:
    if dose_mg <= 0 or doses_per_day < 1 or days < 1:
        raise DoseError("a prescription needs a dose, a number of doses a day and a number of days")
    if dose_mg * doses_per_day > entry.daily_limit_mg:
        raise DoseError(
            f"{doses_per_day} x {dose_mg} mg is more {entry.title} than {entry.daily_limit_mg} mg a day"
        )
    if entry.controlled and days > LONGEST_CONTROLLED_DAYS:
        raise DoseError(
            f"{entry.title} is controlled: {LONGEST_CONTROLLED_DAYS} days at the most, not {days}"
        )


def _check_allergies(session: Session, entry: Medication, patient: Patient) -> None:
    allergic = session.scalar(
        select(func.count()).where(
            Allergy.patient_id == patient.id, Allergy.medication_class_id == entry.medication_class_id
        )
    )
    if allergic:
        raise AllergyError(
            f"patient {patient.record_number} is allergic to the class of {entry.title}, "
            f"{entry.medication_class.title}"
        )


def _check_interactions(
    session: Session, entry: Medication, *, taken: Sequence[int], override_reason: str | None
) -> tuple[str, ...]:
    if not taken:
        return ()
    first, second = aliased(Medication), aliased(Medication)
    found = session.execute(
        select(Interaction, first.title, second.title)
        .join(first, first.id == Interaction.first_id)
        .join(second, second.id == Interaction.second_id)
        .where(
            or_(
                and_(Interaction.first_id == entry.id, Interaction.second_id.in_(taken)),
                and_(Interaction.second_id == entry.id, Interaction.first_id.in_(taken)),
            )
        )
        .order_by(Interaction.id)
    ).all()

    warnings = []
    for interaction, first_title, second_title in found:
        told = f"{first_title} with {second_title}: {interaction.effect} ({interaction.severity.value})"
        if interaction.severity is Severity.CONTRAINDICATED:
            raise InteractionError(told)
        if interaction.severity is Severity.MAJOR and not (override_reason or "").strip():
            raise InteractionError(f"{told}; prescribing it needs a reason")
        warnings.append(told)
    return tuple(warnings)
