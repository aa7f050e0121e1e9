"""no more fax

Revision ID: 0017
Revises: 0016
Create Date: 2024-09-02 11:37:29.945810

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.drop_column("patients", "fax")


def downgrade() -> None:
    """Downgrade schema."""
    op.add_column("patients", sa.Column("fax", sa.String(length=30), nullable=True))
