"""patients

Revision ID: 0002
Revises: 0001
Create Date: 2024-01-08 09:40:02.118220

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "patients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_number", sa.String(length=12), nullable=False),
        sa.Column("family_name", sa.String(length=80), nullable=False),
        sa.Column("given_name", sa.String(length=80), nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=False),
        sa.Column("sex", sa.String(length=2), nullable=False),
        sa.Column("fax", sa.String(length=30), nullable=True),
        sa.Column("registered_at", sa.DateTime(), nullable=False),
        sa.Column("practitioner_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practitioner_id"],
            ["practitioners.id"],
            name=op.f("fk_patients_practitioner_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("record_number", name=op.f("uq_patients_record_number")),
    )
    op.create_index(op.f("ix_patients_practitioner_id"), "patients", ["practitioner_id"])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_patients_practitioner_id"), table_name="patients")
    op.drop_table("patients")
