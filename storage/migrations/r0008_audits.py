"""Auditing of recordings: the way through the flow by call, score cards, and what inspectors found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("calls", sa.Column("steps", sa.JSON(), server_default="[]", nullable=False))
    op.create_index("ix_calls_agent", "calls", ["agent", "offered_at"])
    op.create_index("ix_calls_docket", "calls", ["docket"])
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index("ix_dockets_closed", "dockets", ["closed_at"], sqlite_where=closed, postgresql_where=closed)
    _scores()
    _inspections()


def _scores() -> None:
    op.create_table(
        "audit_scores",
        sa.Column("call_ref", sa.String(), nullable=False),
        sa.Column("scorer", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("remark", sa.String(), nullable=False),
        sa.Column("contested", sa.String(), nullable=True),
        sa.Column("contested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["scorer"], ["logins.name"], name="fk_audit_scores_scorer"),
        sa.PrimaryKeyConstraint("call_ref", "scorer", name="pk_audit_scores"),
    )
    op.create_index("ix_audit_scores_agent", "audit_scores", ["agent", "at"])
    op.create_index("ix_audit_scores_at", "audit_scores", ["at"])
    contested = sa.text("contested_at IS NOT NULL AND answered_at IS NULL")
    op.create_index(
        "ix_audit_scores_contested", "audit_scores", ["at"], sqlite_where=contested, postgresql_where=contested
    )


def _inspections() -> None:
    op.create_table(
        "inspections",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("inspector", sa.String(), nullable=False),
        sa.Column("docket", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("finding", sa.String(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["docket"], ["dockets.number"], name="fk_inspections_docket"),
        sa.ForeignKeyConstraint(["inspector"], ["logins.name"], name="fk_inspections_inspector"),
        sa.PrimaryKeyConstraint("day", "inspector", "docket", name="pk_inspections"),
    )
