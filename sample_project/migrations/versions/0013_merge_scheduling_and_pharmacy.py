"""merge scheduling and pharmacy

Revision ID: 0013
Revises: 0012s, 0012p
Create Date: 2024-05-13 09:00:31.700264

"""

from __future__ import annotations

from collections.abc import Sequence

revision: str = "0013"
down_revision: str | Sequence[str] | None = ("0012s", "0012p")
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Upgrade schema."""
    pass


def downgrade() -> None:
    """Downgrade schema."""
    pass
