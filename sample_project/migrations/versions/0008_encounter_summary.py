"""a summary instead of a note, and room for longer reasons

IRIS refuses a value that is too long and never cuts it, so the way back shortens the reasons before
it narrows the column.

Revision ID: 0008
Revises: 0007
Create Date: 2024-03-04 13:33:20.451209

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.alter_column(
        "encounters",
        "note",
        new_column_name="summary",
        existing_type=sa.Text(),
        existing_nullable=True,
    )
    op.alter_column(
        "encounters",
        "reason",
        existing_type=sa.String(length=80),
        type_=sa.String(length=200),
        existing_nullable=False,
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("UPDATE encounters SET reason = SUBSTRING(reason, 1, 80) WHERE CHAR_LENGTH(reason) > 80")
    op.alter_column(
        "encounters",
        "reason",
        existing_type=sa.String(length=200),
        type_=sa.String(length=80),
        existing_nullable=False,
    )
    op.alter_column(
        "encounters",
        "summary",
        new_column_name="note",
        existing_type=sa.Text(),
        existing_nullable=True,
    )
