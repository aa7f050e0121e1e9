"""Tests do not see each other's rows, however they write them.

Every test here writes the same record number, which is unique: were a single row to outlive its test,
the next one would fail.  So it does not matter in which order they run, or on how many workers.
"""

from __future__ import annotations

from datetime import date, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from clinic.models import Patient, Sex


def write(session: Session, now: datetime) -> None:
    session.add(
        Patient(
            record_number="ONLY-ONE",
            family_name="Solo",
            given_name="Ole",
            birth_date=date(2001, 1, 1),
            sex=Sex.MALE,
            registered_at=now,
        )
    )


def count(session: Session) -> int | None:
    return session.scalar(select(func.count()).where(Patient.record_number == "ONLY-ONE"))


@pytest.mark.parametrize("time", ["once", "and again"])
def test_a_flushed_row_is_gone_after_the_test(session: Session, now: datetime, time: str) -> None:
    assert count(session) == 0
    write(session, now)
    session.flush()
    assert count(session) == 1


@pytest.mark.parametrize("time", ["once", "and again"])
def test_a_committed_row_is_gone_after_the_test(session: Session, now: datetime, time: str) -> None:
    assert count(session) == 0
    write(session, now)
    session.commit()
    assert count(session) == 1


@pytest.mark.parametrize("time", ["once", "and again"])
def test_a_row_committed_before_a_rollback_is_gone_after_the_test(
    session: Session, now: datetime, time: str
) -> None:
    assert count(session) == 0
    write(session, now)
    session.commit()
    session.rollback()
    assert count(session) == 1
