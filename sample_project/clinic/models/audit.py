"""Who did what, when, to which row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from clinic.models.base import Base

__all__ = ["AuditEntry"]


class AuditEntry(Base):
    """One line of the audit trail; it holds no foreign key, so it outlives what it tells about."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "subject_table", "subject_id"),)

    happened_at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    event: Mapped[str] = mapped_column(String(40))
    subject_table: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[int]
    details: Mapped[str | None] = mapped_column(Text)
