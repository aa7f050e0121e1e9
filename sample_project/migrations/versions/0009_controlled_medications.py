"""controlled medications, and who may prescribe them

The formulary has rows already.  A column that is NOT NULL and has a default is filled in them; one that
may be NULL would stay NULL in old rows on IRIS, default or not.

Revision ID: 0009
Revises: 0008
Create Date: 2024-03-18 09:48:37.385502

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column(
        "medications",
        sa.Column("controlled", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute("UPDATE medications SET controlled = 1 WHERE category IN ('Opioid', 'Benzodiazepine')")
    op.add_column(
        "practitioners",
        sa.Column("may_prescribe_controlled", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("practitioners", "may_prescribe_controlled")
    op.drop_column("medications", "controlled")
