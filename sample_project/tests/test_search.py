"""Finding patients, page by page."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy.orm import Session

from clinic.models import Patient, Sex
from clinic.services.search import find_patients


@pytest.fixture(autouse=True)
def _patients(session: Session, now: datetime) -> None:
    names = [("Zwettl", "Bo"), ("Zwettl", "Al"), ("zwettler", "Cy"), ("Zwettl", "Al"), ("Zwe%tl", "Di")]
    session.add_all(
        Patient(
            record_number=f"Z-{number}",
            family_name=family_name,
            given_name=given_name,
            birth_date=date(1990, 1, number),
            sex=Sex.UNKNOWN,
            registered_at=now,
        )
        for number, (family_name, given_name) in enumerate(names, start=1)
    )
    session.flush()


def numbers(patients: object) -> list[str]:
    return [patient.record_number for patient in patients]  # type: ignore[attr-defined]


def test_patients_come_by_name_and_then_by_key(session: Session) -> None:
    page = find_patients(session, text="zwettl")

    assert numbers(page.patients) == ["Z-2", "Z-4", "Z-1", "Z-3"]


@pytest.mark.parametrize("text", ["Zwettl", "ZWETTL", "zwettl", " zwettl "])
def test_case_does_not_matter(session: Session, text: str) -> None:
    assert find_patients(session, text=text).total == 4


def test_a_percent_sign_is_a_percent_sign(session: Session) -> None:
    assert numbers(find_patients(session, text="zwe%").patients) == ["Z-5"]


def test_a_record_number_finds_its_patient(session: Session) -> None:
    assert numbers(find_patients(session, text="z-3").patients) == ["Z-3"]


def test_names_come_back_as_they_were_written(session: Session) -> None:
    assert [patient.family_name for patient in find_patients(session, text="zwettl").patients] == [
        "Zwettl",
        "Zwettl",
        "Zwettl",
        "zwettler",
    ]


def test_pages_do_not_overlap_and_leave_nobody_out(session: Session) -> None:
    first = find_patients(session, text="zwettl", page=1, size=3)
    second = find_patients(session, text="zwettl", page=2, size=3)

    assert numbers(first.patients) == ["Z-2", "Z-4", "Z-1"]
    assert numbers(second.patients) == ["Z-3"]
    assert (first.total, first.count) == (4, 2)


def test_all_pages_together_are_everybody_in_order(session: Session) -> None:
    first = find_patients(session, size=500)
    rest = [find_patients(session, page=number, size=500) for number in range(2, first.count + 1)]

    found = [patient for page in (first, *rest) for patient in page.patients]

    assert len({patient.id for patient in found}) == first.total > 1_200
    keys = [(patient.family_name.upper(), patient.given_name.upper(), patient.id) for patient in found]
    assert keys == sorted(keys)


def test_a_page_past_the_end_is_empty(session: Session) -> None:
    page = find_patients(session, text="zwettl", page=9)

    assert (list(page.patients), page.total) == ([], 4)


def test_pages_are_numbered_from_one(session: Session) -> None:
    with pytest.raises(ValueError, match="numbered from 1"):
        find_patients(session, page=0)
