"""observations with decimals, and marked when abnormal

Body temperatures were rounded to whole degrees until now, so their normal limits get decimals only
after the values recorded before have been judged by the limits of their time.

Revision ID: 0015
Revises: 0014
Create Date: 2024-06-10 10:58:15.833041

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    op.alter_column(
        "observations",
        "measured",
        existing_type=sa.Integer(),
        type_=sa.Numeric(precision=8, scale=2),
        existing_nullable=False,
    )
    op.add_column(
        "observations",
        sa.Column("abnormal", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.execute(
        "UPDATE observations SET abnormal = 1 WHERE EXISTS ("
        "SELECT 1 FROM observation_kinds WHERE observation_kinds.id = observations.kind_id "
        "AND (observations.measured < observation_kinds.normal_low "
        "OR observations.measured > observation_kinds.normal_high))"
    )
    op.execute(
        "UPDATE observation_kinds SET normal_low = 36.1, normal_high = 37.8 WHERE code = 'body-temperature'"
    )


def downgrade() -> None:
    """Downgrade schema."""
    op.execute(
        "UPDATE observation_kinds SET normal_low = 36, normal_high = 38 WHERE code = 'body-temperature'"
    )
    op.drop_column("observations", "abnormal")
    op.execute("UPDATE observations SET measured = ROUND(measured, 0)")
    op.alter_column(
        "observations",
        "measured",
        existing_type=sa.Numeric(precision=8, scale=2),
        type_=sa.Integer(),
        existing_nullable=False,
    )
