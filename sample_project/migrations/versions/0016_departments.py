"""departments instead of a speciality in words

Revision ID: 0016
Revises: 0015
Create Date: 2024-07-01 08:15:42.566173

"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy_iris.base import IRISExact

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


departments = sa.table("departments", sa.column("id"), sa.column("title"))
practitioners = sa.table(
    "practitioners", sa.column("speciality", sa.String(80)), sa.column("department_id", sa.Integer())
)


def upgrade() -> None:
    """Upgrade schema."""
    op.create_table(
        "departments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("title", name=op.f("uq_departments_title")),
    )
    op.execute(
        departments.insert().from_select(
            ["title"],
            sa.select(IRISExact(practitioners.c.speciality))
            .where(practitioners.c.speciality.is_not(None))
            .group_by(practitioners.c.speciality),
        )
    )
    op.add_column("practitioners", sa.Column("department_id", sa.Integer(), nullable=True))
    op.create_foreign_key(
        op.f("fk_practitioners_department_id"), "practitioners", "departments", ["department_id"], ["id"]
    )
    op.execute(
        practitioners.update().values(
            department_id=sa.select(departments.c.id)
            .where(departments.c.title == practitioners.c.speciality)
            .scalar_subquery()
        )
    )
    op.create_index(op.f("ix_practitioners_department_id"), "practitioners", ["department_id"])
    op.drop_column("practitioners", "speciality")


def downgrade() -> None:
    """Downgrade schema."""
    op.add_column("practitioners", sa.Column("speciality", sa.String(length=80), nullable=True))
    op.execute(
        practitioners.update().values(
            speciality=sa.select(departments.c.title)
            .where(departments.c.id == practitioners.c.department_id)
            .scalar_subquery()
        )
    )
    op.drop_index(op.f("ix_practitioners_department_id"), table_name="practitioners")
    op.drop_constraint(op.f("fk_practitioners_department_id"), "practitioners", type_="foreignkey")
    op.drop_column("practitioners", "department_id")
    op.drop_table("departments")
