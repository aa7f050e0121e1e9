"""medications that do not go together

Revision ID: 0011p
Revises: 0010
Create Date: 2024-04-17 08:30:27.539921

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0011p"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = "pharmacy"
depends_on: str | Sequence[str] | None = None


INTERACTIONS: Sequence[tuple[str, str, str, str]] = (
    ("Clarithromycin", "Simvastatin", "contraindicated", "Breakdown of muscle tissue"),
    ("Erythromycin", "Simvastatin", "contraindicated", "Breakdown of muscle tissue"),
    ("Clarithromycin", "Atorvastatin", "major", "Breakdown of muscle tissue"),
    ("Warfarin", "Ibuprofen", "major", "Bleeding"),
    ("Warfarin", "Naproxen", "major", "Bleeding"),
    ("Warfarin", "Amoxicillin", "moderate", "Stronger anticoagulation"),
    ("Morphine", "Diazepam", "major", "Respiratory depression"),
    ("Codeine", "Diazepam", "major", "Respiratory depression"),
    ("Lisinopril", "Spironolactone", "moderate", "Raised potassium"),
    ("Ramipril", "Spironolactone", "moderate", "Raised potassium"),
)

interactions = sa.table(
    "interactions",
    sa.column("first_id"),
    sa.column("second_id"),
    sa.column("severity"),
    sa.column("effect"),
)
medications = sa.table("medications", sa.column("id"), sa.column("title", sa.String(80)))


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "interactions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("severity", sa.String(length=20), nullable=False),
        sa.Column("effect", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["first_id"], ["medications.id"], name=op.f("fk_interactions_first_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["second_id"], ["medications.id"], name=op.f("fk_interactions_second_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_interactions_first_id_second_id")),
    )
    op.create_index(op.f("ix_interactions_second_id"), "interactions", ["second_id"])

    one, other = medications.alias("one"), medications.alias("other")
    for here, there, severity, effect in INTERACTIONS:
        op.execute(
            interactions.insert().from_select(
                ["first_id", "second_id", "severity", "effect"],
                sa.select(
                    one.c.id, other.c.id, sa.literal_column(f"'{severity}'"), sa.literal_column(f"'{effect}'")
                )
                .where(one.c.title.in_([here, there]))
                .where(other.c.title.in_([here, there]))
                .where(one.c.id < other.c.id),
            )
        )


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_interactions_second_id"), table_name="interactions")
    op.drop_table("interactions")
