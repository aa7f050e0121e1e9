"""appointments

Revision ID: 0011s
Revises: 0010
Create Date: 2024-04-15 10:02:11.846019

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011s"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = "scheduling"
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="booked", nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_appointments_patient_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["practitioner_id"], ["practitioners.id"], name=op.f("fk_appointments_practitioner_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "practitioner_id", "starts_at", name=op.f("uq_appointments_practitioner_id_starts_at")
        ),
    )
    op.create_index(op.f("ix_appointments_patient_id"), "appointments", ["patient_id"])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_appointments_patient_id"), table_name="appointments")
    op.drop_table("appointments")
