"""The audit trail: written in the same transaction as the change it tells about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from clinic.models import AuditEntry, Base

__all__ = ["note", "trail_of"]


def note(
    session: Session, subject: Base, *, event: str, actor: str, at: datetime, details: str | None = None
) -> AuditEntry:
    """Write down that something happened to a row, which is flushed first so that it has a key."""
    session.flush()
    entry = AuditEntry(
        happened_at=at,
        actor=actor,
        event=event,
        subject_table=subject.__tablename__,
        subject_id=subject.id,
        details=details,
    )
    session.add(entry)
    session.flush()
    return entry


def trail_of(session: Session, subject: Base) -> Sequence[AuditEntry]:
    """Return what happened to a row, oldest first."""
    return session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_table == subject.__tablename__, AuditEntry.subject_id == subject.id)
        .order_by(AuditEntry.happened_at, AuditEntry.id)
    ).all()
