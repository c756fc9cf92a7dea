"""The line's ledger, promises, written messages, recorded messages and the CEL reader's place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _ledger()
    _promises()
    _messages()


def _ledger() -> None:
    op.create_table(
        "calls",
        sa.Column("call_ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("consumer_id", SERIAL, nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("talked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("agent", sa.String(), nullable=True),
        sa.Column("docket", sa.String(), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("disposition", sa.String(), nullable=True),
        sa.Column("recording", sa.String(), nullable=True),
        sa.Column("callback_cause", sa.String(), nullable=True),
        sa.Column("no_callback", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("call_ref", name="pk_calls"),
    )
    op.create_index("ix_calls_offered", "calls", ["origin", "offered_at"])
    op.create_index(
        "ix_calls_open",
        "calls",
        ["node"],
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index("ix_calls_phone", "calls", ["phone", "offered_at"])
    op.create_index(
        "ix_calls_unsettled",
        "calls",
        ["node", "ended_at"],
        sqlite_where=sa.text("outcome IS NULL AND ended_at IS NOT NULL"),
        postgresql_where=sa.text("outcome IS NULL AND ended_at IS NOT NULL"),
    )
    op.create_table(
        "cel_places",
        sa.Column("node", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("offset", SERIAL, nullable=False),
        sa.PrimaryKeyConstraint("node", name="pk_cel_places"),
    )


def _promises() -> None:
    op.create_table(
        "due_work",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("cause", name="pk_due_work"),
    )
    op.create_index(
        "ix_due_work_waiting",
        "due_work",
        ["kind", "due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "inbox",
        sa.Column("call_ref", sa.String(), nullable=False),
        sa.Column("recording", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("docket", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("call_ref", name="pk_inbox"),
    )
    op.create_index(
        "ix_inbox_open",
        "inbox",
        ["at"],
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )


def _messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("docket", sa.String(), nullable=True),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("gateway_ref", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("dlt_entity", sa.String(), nullable=True),
        sa.Column("dlt_template", sa.String(), nullable=True),
        sa.Column("dlt_header", sa.String(), nullable=True),
        sa.Column("dlt_category", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("cause", name="pk_outbox"),
    )
    op.create_index("ix_outbox_docket", "outbox", ["docket"])
    op.create_index("ix_outbox_gateway_ref", "outbox", ["gateway_ref"])
    op.create_index("ix_outbox_state", "outbox", ["state"])
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
