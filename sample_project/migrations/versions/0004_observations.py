"""observations, and the kinds of them

Revision ID: 0004
Revises: 0003
Create Date: 2024-01-22 10:27:30.660187

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


COLUMNS = ("code", "title", "unit", "plausible_low", "plausible_high", "normal_low", "normal_high")
KINDS: Sequence[tuple[str, str, str, int, int, int | None, int | None]] = (
    ("body-temperature", "Body temperature", "Cel", 25, 45, 36, 38),
    ("heart-rate", "Heart rate", "/min", 20, 300, 60, 100),
    ("respiratory-rate", "Respiratory rate", "/min", 4, 80, 12, 20),
    ("systolic-pressure", "Systolic blood pressure", "mm[Hg]", 40, 300, 90, 140),
    ("diastolic-pressure", "Diastolic blood pressure", "mm[Hg]", 20, 200, 60, 90),
    ("oxygen-saturation", "Oxygen saturation", "%", 30, 100, 94, None),
    ("body-weight", "Body weight", "kg", 0, 500, None, None),
    ("glucose", "Blood glucose", "mg/dL", 10, 1500, 70, 140),
)


def upgrade() -> None:
    """Upgrade schema."""
    kinds = op.create_table(
        "observation_kinds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("plausible_low", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("plausible_high", sa.Numeric(precision=8, scale=2), nullable=False),
        sa.Column("normal_low", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.Column("normal_high", sa.Numeric(precision=8, scale=2), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", name=op.f("uq_observation_kinds_code")),
    )
    op.bulk_insert(kinds, [dict(zip(COLUMNS, row, strict=True)) for row in KINDS])

    op.create_table(
        "observations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("encounter_id", sa.Integer(), nullable=False),
        sa.Column("kind_id", sa.Integer(), nullable=False),
        sa.Column("measured", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["encounter_id"],
            ["encounters.id"],
            name=op.f("fk_observations_encounter_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["kind_id"], ["observation_kinds.id"], name=op.f("fk_observations_kind_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_observations_encounter_id"), "observations", ["encounter_id"])
    op.create_index(op.f("ix_observations_kind_id_taken_at"), "observations", ["kind_id", "taken_at"])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_observations_kind_id_taken_at"), table_name="observations")
    op.drop_index(op.f("ix_observations_encounter_id"), table_name="observations")
    op.drop_table("observations")
    op.drop_table("observation_kinds")
