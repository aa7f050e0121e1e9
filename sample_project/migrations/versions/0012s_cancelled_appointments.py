"""cancelled appointments keep their reason and free their time

With the unique key a cancelled appointment would block its time for ever.  The booking service looks for
overlaps instead, which a key cannot express.

Revision ID: 0012s
Revises: 0011s
Create Date: 2024-04-29 17:44:50.301778

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012s"
down_revision: str | Sequence[str] | None = "0011s"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("appointments", sa.Column("cancelled_because", sa.String(length=200), nullable=True))
    op.drop_constraint(op.f("uq_appointments_practitioner_id_starts_at"), "appointments", type_="unique")
    op.create_index(
        op.f("ix_appointments_practitioner_id_starts_at"), "appointments", ["practitioner_id", "starts_at"]
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("DELETE FROM appointments WHERE status = 'cancelled'")
    op.drop_index(op.f("ix_appointments_practitioner_id_starts_at"), table_name="appointments")
    op.create_unique_constraint(
        op.f("uq_appointments_practitioner_id_starts_at"), "appointments", ["practitioner_id", "starts_at"]
    )
    op.drop_column("appointments", "cancelled_because")
