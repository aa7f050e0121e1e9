"""how to reach a patient, and how to find one

Revision ID: 0007
Revises: 0006
Create Date: 2024-02-26 11:05:09.772518

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | Sequence[str] | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("patients", sa.Column("phone", sa.String(length=30), nullable=True))
    op.add_column("patients", sa.Column("email", sa.String(length=120), nullable=True))
    op.add_column("patients", sa.Column("died_on", sa.Date(), nullable=True))
    op.create_index(op.f("ix_patients_family_name_given_name"), "patients", ["family_name", "given_name"])
    op.create_index(op.f("ix_patients_birth_date"), "patients", ["birth_date"])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_patients_birth_date"), table_name="patients")
    op.drop_index(op.f("ix_patients_family_name_given_name"), table_name="patients")
    op.drop_column("patients", "died_on")
    op.drop_column("patients", "email")
    op.drop_column("patients", "phone")
