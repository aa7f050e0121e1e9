"""medications that are not to be had, and a better index

Revision ID: 0018
Revises: 0017
Create Date: 2024-10-14 15:09:54.411682

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column(
        "medications",
        sa.Column("available", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.drop_index(op.f("ix_prescriptions_medication_id"), table_name="prescriptions")
    op.create_index(
        op.f("ix_prescriptions_medication_id_status"), "prescriptions", ["medication_id", "status"]
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_prescriptions_medication_id_status"), table_name="prescriptions")
    op.create_index(op.f("ix_prescriptions_medication_id"), "prescriptions", ["medication_id"])
    op.drop_column("medications", "available")
