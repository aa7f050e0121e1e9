"""medication classes get a table of their own

A data migration: the words in medications.category become rows, and the words make way for keys.
GROUP BY makes one row of "Opioid" and "OPIOID", as the unique key and the comparison below do; alone it
would hand out capitals, %EXACT takes the spelling of one of the rows.

Revision ID: 0010
Revises: 0009
Create Date: 2024-04-02 15:16:58.127764

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy_iris.base import IRISExact

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


classes = sa.table("medication_classes", sa.column("id"), sa.column("title"))
medications = sa.table(
    "medications", sa.column("category", sa.String(60)), sa.column("medication_class_id", sa.Integer())
)


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "medication_classes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("title", name=op.f("uq_medication_classes_title")),
    )
    op.execute(
        classes.insert().from_select(
            ["title"],
            sa.select(IRISExact(medications.c.category)).group_by(medications.c.category),
        )
    )

    op.add_column("medications", sa.Column("medication_class_id", sa.Integer(), nullable=True))
    op.execute(
        medications.update().values(
            medication_class_id=sa.select(classes.c.id)
            .where(classes.c.title == medications.c.category)
            .scalar_subquery()
        )
    )
    op.alter_column("medications", "medication_class_id", existing_type=sa.Integer(), nullable=False)
    op.create_foreign_key(
        op.f("fk_medications_medication_class_id"),
        "medications",
        "medication_classes",
        ["medication_class_id"],
        ["id"],
    )
    op.create_index(op.f("ix_medications_medication_class_id"), "medications", ["medication_class_id"])
    op.drop_column("medications", "category")


def downgrade() -> None:
    """Downgrade schema."""
    op.add_column("medications", sa.Column("category", sa.String(length=60), nullable=True))
    op.execute(
        medications.update().values(
            category=sa.select(classes.c.title)
            .where(classes.c.id == medications.c.medication_class_id)
            .scalar_subquery()
        )
    )
    op.alter_column("medications", "category", existing_type=sa.String(length=60), nullable=False)
    op.drop_index(op.f("ix_medications_medication_class_id"), table_name="medications")
    op.drop_constraint(op.f("fk_medications_medication_class_id"), "medications", type_="foreignkey")
    op.drop_column("medications", "medication_class_id")
    op.drop_table("medication_classes")
