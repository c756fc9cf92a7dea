"""How the questions of a call were answered: by key or by words, how soon, how certainly."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("calls", sa.Column("answers", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("calls", "answers")
