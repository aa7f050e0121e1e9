"""What may be prescribed to whom, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.models import (
    Allergy,
    Encounter,
    Medication,
    MedicationClass,
    Patient,
    Practitioner,
    PrescriptionStatus,
)
from clinic.services.encounters import close_encounter
from clinic.services.errors import (
    AllergyError,
    DoseError,
    EncounterClosedError,
    InteractionError,
    NotFoundError,
    PrescribingError,
)
from clinic.services.prescribing import Prescribed, active_prescriptions, stop_prescription

Give = Callable[..., Prescribed]


def test_a_prescription_begins_today_and_counts_today(give: Give) -> None:
    prescription = give("Ibuprofen", days=7).prescription

    assert (prescription.starts_on, prescription.ends_on) == (date(2025, 2, 3), date(2025, 2, 9))
    assert prescription.status is PrescriptionStatus.ACTIVE


def test_what_the_formulary_does_not_have_is_not_prescribed(give: Give) -> None:
    with pytest.raises(NotFoundError):
        give("Snake oil")


def test_what_is_not_to_be_had_is_not_prescribed(session: Session, give: Give) -> None:
    session.scalars(select(Medication).where(Medication.title == "Naproxen")).one().available = False

    with pytest.raises(PrescribingError, match="Naproxen is not available"):
        give("Naproxen")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"dose_mg": Decimal(0)}, "needs a dose"),
        ({"doses_per_day": 0}, "needs a dose"),
        ({"days": 0}, "needs a dose"),
        ({"dose_mg": Decimal("600.001"), "doses_per_day": 4}, "is more Ibuprofen than 2400"),
    ],
)
def test_a_dose_has_limits(give: Give, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(DoseError, match=told):
        give("Ibuprofen", **changes)


def test_the_daily_limit_itself_is_allowed(give: Give) -> None:
    assert give("Ibuprofen", dose_mg=Decimal(600), doses_per_day=4).prescription.dose_mg == 600


def test_the_smallest_doses_keep_their_decimals(session: Session, give: Give) -> None:
    prescription = give("Levothyroxine", dose_mg=Decimal("0.075")).prescription
    session.commit()

    assert prescription.dose_mg == Decimal("0.075")


def test_a_controlled_medication_needs_a_practitioner_who_may(
    session: Session, practitioner: Practitioner, give: Give
) -> None:
    practitioner.may_prescribe_controlled = False

    with pytest.raises(PrescribingError, match="is controlled"):
        give("Morphine")


@pytest.mark.parametrize("days", [28, 29])
def test_a_controlled_medication_is_given_for_28_days_at_the_most(give: Give, days: int) -> None:
    if days <= 28:
        assert give("Morphine", days=days).prescription.ends_on == date(2025, 3, 2)
    else:
        with pytest.raises(DoseError, match="28 days"):
            give("Morphine", days=days)


def test_an_allergy_is_to_a_whole_class(session: Session, patient: Patient, give: Give) -> None:
    penicillins = session.scalars(select(MedicationClass).where(MedicationClass.title == "Penicillin")).one()
    patient.allergies.append(Allergy(medication_class=penicillins, reaction="Rash"))

    for penicillin in ("Amoxicillin", "Phenoxymethylpenicillin"):
        with pytest.raises(AllergyError, match="Penicillin"):
            give(penicillin)
    assert give("Clarithromycin").warnings == ()


def test_a_medication_is_not_prescribed_twice(give: Give) -> None:
    give("Ibuprofen")

    with pytest.raises(PrescribingError, match="takes Ibuprofen already"):
        give("ibuprofen")


@pytest.mark.parametrize(
    ("first", "second"), [("Simvastatin", "Clarithromycin"), ("Clarithromycin", "Simvastatin")]
)
def test_a_contraindicated_pair_is_refused_in_either_order(give: Give, first: str, second: str) -> None:
    give(first)

    with pytest.raises(InteractionError, match="contraindicated"):
        give(second, override_reason="I insist")


def test_a_major_interaction_needs_a_reason(give: Give) -> None:
    give("Warfarin")

    with pytest.raises(InteractionError, match="needs a reason"):
        give("Ibuprofen", override_reason=" ")
    prescribed = give("Ibuprofen", override_reason="Three days only, INR checked")
    assert prescribed.warnings == ("Ibuprofen with Warfarin: Bleeding (major)",)


def test_a_moderate_interaction_comes_back_as_a_warning(give: Give) -> None:
    give("Lisinopril")

    assert give("Spironolactone").warnings == ("Lisinopril with Spironolactone: Raised potassium (moderate)",)


def test_a_stopped_prescription_interacts_no_more(session: Session, give: Give, now: datetime) -> None:
    statin = give("Simvastatin").prescription
    stop_prescription(session, statin, why="muscle pain", actor="marsh", at=now)

    assert give("Clarithromycin").warnings == ()
    with pytest.raises(PrescribingError, match="stopped before"):
        stop_prescription(session, statin, why="again", actor="marsh", at=now)


@pytest.mark.parametrize(("days_later", "active"), [(0, True), (6, True), (7, False)])
def test_a_prescription_ends_by_itself(
    session: Session, patient: Patient, give: Give, now: datetime, days_later: int, active: bool
) -> None:
    give("Ibuprofen", days=7)

    taken = active_prescriptions(session, patient, on=now.date() + timedelta(days=days_later))
    assert [prescription.medication.title for prescription in taken] == (["Ibuprofen"] if active else [])


def test_nothing_is_prescribed_in_a_closed_encounter(
    session: Session, encounter: Encounter, give: Give, now: datetime
) -> None:
    close_encounter(session, encounter, summary="Rest.", actor="marsh", at=now)

    with pytest.raises(EncounterClosedError):
        give("Paracetamol")
