"""allergies, and prescriptions that can be stopped

Revision ID: 0012p
Revises: 0011p
Create Date: 2024-05-06 12:11:03.094857

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012p"
down_revision: str | Sequence[str] | None = "0011p"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "allergies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("medication_class_id", sa.Integer(), nullable=False),
        sa.Column("reaction", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["patient_id"], ["patients.id"], name=op.f("fk_allergies_patient_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["medication_class_id"],
            ["medication_classes.id"],
            name=op.f("fk_allergies_medication_class_id"),
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "patient_id", "medication_class_id", name=op.f("uq_allergies_patient_id_medication_class_id")
        ),
    )
    op.create_index(op.f("ix_allergies_medication_class_id"), "allergies", ["medication_class_id"])
    op.add_column(
        "prescriptions",
        sa.Column("status", sa.String(length=20), server_default="active", nullable=False),
    )
    op.add_column("prescriptions", sa.Column("override_reason", sa.String(length=200), nullable=True))


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("prescriptions", "override_reason")
    op.drop_column("prescriptions", "status")
    op.drop_index(op.f("ix_allergies_medication_class_id"), table_name="allergies")
    op.drop_table("allergies")
