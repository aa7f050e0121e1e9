"""Finding patients, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from clinic.models import Patient

__all__ = ["Page", "find_patients"]

_ESCAPE = "\\"


@dataclass(frozen=True)
class Page:
    """A part of what was found; pages are numbered from 1."""

    patients: Sequence[Patient]
    number: int
    size: int
    total: int

    @property
    def count(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)


def find_patients(session: Session, *, text: str = "", page: int = 1, size: int = 20) -> Page:
    """Find patients whose family name begins with a text, or whose record number it is.

    The order is by name, then by key: without the key, patients of one name could appear on two pages or
    on none.  Upper and lower case are the same, because they are for the columns searched.
    """
    if page < 1 or size < 1:
        raise ValueError("pages are numbered from 1 and hold at least one patient")
    text = text.strip()
    matching = (
        [
            or_(
                Patient.family_name.like(_beginning_with(text), escape=_ESCAPE),
                Patient.record_number == text,
            )
        ]
        if text
        else []
    )
    total = session.scalar(select(func.count()).select_from(Patient).where(*matching)) or 0
    patients = session.scalars(
        select(Patient)
        .where(*matching)
        .order_by(Patient.family_name, Patient.given_name, Patient.id)
        .limit(size)
        .offset((page - 1) * size)
    ).all()
    return Page(patients, page, size, total)


def _beginning_with(text: str) -> str:
    for special in (_ESCAPE, "%", "_"):
        text = text.replace(special, _ESCAPE + special)
    return text + "%"
