"""the formulary, and prescriptions from it

Revision ID: 0005
Revises: 0004
Create Date: 2024-02-05 08:51:16.230945

"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


FORMULARY: Sequence[tuple[str, str, str]] = (
    ("Amoxicillin", "Penicillin", "3000"),
    ("Phenoxymethylpenicillin", "Penicillin", "4000"),
    ("Clarithromycin", "Macrolide", "1000"),
    ("Erythromycin", "Macrolide", "4000"),
    ("Ibuprofen", "NSAID", "2400"),
    ("Naproxen", "NSAID", "1000"),
    ("Paracetamol", "Analgesic", "4000"),
    ("Codeine", "Opioid", "240"),
    ("Morphine", "Opioid", "200"),
    ("Diazepam", "Benzodiazepine", "30"),
    ("Warfarin", "Anticoagulant", "15"),
    ("Simvastatin", "Statin", "40"),
    ("Atorvastatin", "Statin", "80"),
    ("Lisinopril", "ACE inhibitor", "40"),
    ("Ramipril", "ACE inhibitor", "10"),
    ("Spironolactone", "Diuretic", "200"),
    ("Furosemide", "Diuretic", "600"),
    ("Metformin", "Biguanide", "2550"),
    ("Levothyroxine", "Thyroid hormone", "0.3"),
    ("Salbutamol", "Beta agonist", "32"),
)


def upgrade() -> None:
    """Upgrade schema."""
    medications = op.create_table(
        "medications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("category", sa.String(length=60), nullable=False),
        sa.Column("daily_limit_mg", sa.Numeric(precision=10, scale=3), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("title", name=op.f("uq_medications_title")),
    )
    op.bulk_insert(
        medications,
        [
            {"title": title, "category": category, "daily_limit_mg": Decimal(limit)}
            for title, category, limit in FORMULARY
        ],
    )

    op.create_table(
        "prescriptions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("encounter_id", sa.Integer(), nullable=False),
        sa.Column("medication_id", sa.Integer(), nullable=False),
        sa.Column("dose_mg", sa.Numeric(precision=10, scale=3), nullable=False),
        sa.Column("doses_per_day", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["encounter_id"], ["encounters.id"], name=op.f("fk_prescriptions_encounter_id")
        ),
        sa.ForeignKeyConstraint(
            ["medication_id"], ["medications.id"], name=op.f("fk_prescriptions_medication_id")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_prescriptions_encounter_id"), "prescriptions", ["encounter_id"])
    op.create_index(op.f("ix_prescriptions_medication_id"), "prescriptions", ["medication_id"])


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_index(op.f("ix_prescriptions_medication_id"), table_name="prescriptions")
    op.drop_index(op.f("ix_prescriptions_encounter_id"), table_name="prescriptions")
    op.drop_table("prescriptions")
    op.drop_table("medications")
