"""administrative sex in words instead of letters

Revision ID: 0014
Revises: 0013
Create Date: 2024-05-27 14:22:47.218035

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


WORDS: Sequence[tuple[str, str]] = (("F", "female"), ("M", "male"), ("O", "other"), ("U", "unknown"))
patients = sa.table("patients", sa.column("sex", sa.String(20)))


def upgrade() -> None:
    """Upgrade schema."""
    op.alter_column(
        "patients",
        "sex",
        existing_type=sa.String(length=2),
        type_=sa.String(length=20),
        existing_nullable=False,
    )
    for letter, word in WORDS:
        op.execute(patients.update().where(patients.c.sex == letter).values(sex=word))


def downgrade() -> None:
    """Downgrade schema."""
    for letter, word in WORDS:
        op.execute(patients.update().where(patients.c.sex == word).values(sex=letter))
    op.alter_column(
        "patients",
        "sex",
        existing_type=sa.String(length=20),
        type_=sa.String(length=2),
        existing_nullable=False,
    )
