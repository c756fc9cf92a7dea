"""Who employs an agent and when he works; and no two log-ins with one code of an agent or of an officer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.errors import StorageError

revision = "0007"
down_revision = "0006"

_CODES = ("agent", "officer")


def upgrade() -> None:
    for code in _CODES:
        _refuse_shared(code)
    op.add_column("logins", sa.Column("vendor", sa.String(), nullable=True))
    op.add_column("logins", sa.Column("shift", sa.JSON(), nullable=True))
    for code in _CODES:
        given = sa.text(f"{code} IS NOT NULL")
        op.create_index(f"uq_logins_{code}", "logins", [code], unique=True, sqlite_where=given, postgresql_where=given)


def downgrade() -> None:
    for code in _CODES:
        op.drop_index(f"uq_logins_{code}", "logins")
    op.drop_column("logins", "shift")
    op.drop_column("logins", "vendor")


def _refuse_shared(code: str) -> None:
    """Which of two people keeps a code is for people to say, not for a migration."""
    logins = sa.table("logins", sa.column(code))
    column = logins.c[code]
    shared = sa.select(column).where(column.is_not(None)).group_by(column).having(sa.func.count() > 1).order_by(column)
    found = op.get_bind().execute(shared).scalars().all()
    if found:
        raise StorageError(
            f"several log-ins have the same {code}'s code ({', '.join(found)}): "
            f"take it from all but one in the table logins, then run `sunwai setup` again"
        )
