"""Dockets with their decisions and timeline, and the satisfaction register."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _dockets()
    _story()
    _register()


def _dockets() -> None:
    op.create_table(
        "dockets",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("settlement", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("call_ref", sa.String(), nullable=True),
        sa.Column("consumer_id", SERIAL, nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("cause_code", sa.String(), nullable=True),
        sa.Column("claims", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("repeats", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["category"], ["categories.code"], name="fk_dockets_category"),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_dockets_company"),
        sa.ForeignKeyConstraint(["consumer_id"], ["consumers.id"], name="fk_dockets_consumer_id"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_dockets_unit"),
        sa.PrimaryKeyConstraint("number", name="pk_dockets"),
    )
    op.create_index("ix_dockets_call_ref", "dockets", ["call_ref"])
    op.create_index("ix_dockets_consumer_id", "dockets", ["consumer_id"])
    op.create_index("ix_dockets_owner", "dockets", ["owner", "due_at"])
    op.create_index("ix_dockets_phone", "dockets", ["phone"])
    op.create_index("ix_dockets_unit", "dockets", ["unit"])
    op.create_index("ix_dockets_work", "dockets", ["company", "state", "due_at", "number"])


def _story() -> None:
    op.create_table(
        "decisions",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("docket", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["docket"], ["dockets.number"], name="fk_decisions_docket", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("cause", name="pk_decisions"),
    )
    op.create_table(
        "timeline",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("docket", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["docket"], ["dockets.number"], name="fk_timeline_docket"),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
    )
    op.create_index("ix_timeline_docket", "timeline", ["docket"])


def _register() -> None:
    op.create_table(
        "register",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("docket", sa.String(), nullable=False),
        sa.Column("claim", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("call_ref", sa.String(), nullable=False),
        sa.Column("dialled", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("cause_code", sa.Integer(), nullable=True),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("recording", sa.String(), nullable=True),
        sa.Column("reason_recording", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("personal_digest", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["docket"], ["dockets.number"], name="fk_register_docket"),
        sa.PrimaryKeyConstraint("chain", "n", name="pk_register"),
    )
    op.create_index("ix_register_docket", "register", ["docket"])
    op.create_table(
        "register_salts",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "n", name="pk_register_salts"),
    )
    op.create_table(
        "register_heads",
        sa.Column("chain", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_register_heads"),
    )
