"""The tables of the books. Columns are named like the fields of the records they keep.

The line's own tables (calls, due work, outbox) refer to no other table: a row about a caller is never refused because
something else is missing (I1). Docket tables do refer: a docket of an unknown category would be a mistake of ours.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table
from sqlalchemy import text as sql

from storage.columns import METADATA, SERIAL, maybe, maybe_moment, moment, of, text, whole

line_facts = Table("line_facts", METADATA, text("name", primary_key=True), text("value"))
counters = Table("counters", METADATA, text("name", primary_key=True), whole("value"))

companies = Table(
    "companies",
    METADATA,
    text("code", primary_key=True),
    text("name"),
    text("timezone"),
    Column("languages", JSON, nullable=False),
    Column("hours", JSON, nullable=False),
    Column("verify_delay_min", Integer),
)
# A unit may be written before its parent: the reference is checked at the end of the transaction.
units = Table(
    "units",
    METADATA,
    text("id", primary_key=True),
    text("company", of("companies.code")),
    text("kind"),
    text("name"),
    maybe("parent", ForeignKey("units.id", deferrable=True, initially="DEFERRED"), index=True),
    text("settlement"),
)
officers = Table(
    "officers",
    METADATA,
    text("code", primary_key=True),
    text("company", of("companies.code")),
    whole("level"),
    text("unit", of("units.id"), index=True),
    maybe("phone"),
)
# company is NULL for a category that every company has.
categories = Table(
    "categories",
    METADATA,
    text("code", primary_key=True),
    maybe("company", of("companies.code")),
    Column("names", JSON, nullable=False),
    Column("urban_h", Float, nullable=False),
    Column("rural_h", Float, nullable=False),
    whole("priority"),
    Column("verify_after_min", Integer),
    whole("compensation_per_day"),
)
feeders = Table(
    "feeders",
    METADATA,
    text("id", primary_key=True),
    text("company", of("companies.code")),
    text("name"),
    text("settlement"),
)
transformers = Table(
    "transformers",
    METADATA,
    text("id", primary_key=True),
    text("feeder", of("feeders.id"), index=True),
    text("unit", of("units.id"), index=True),
)
consumers = Table(
    "consumers",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    text("company", of("companies.code")),
    text("number", unique=True),
    text("unit", of("units.id")),
    text("transformer", of("transformers.id"), index=True),
    text("settlement"),
    maybe("language"),
    maybe("phone", index=True),
    Column("flags", JSON, nullable=False),
)
known_phones = Table("known_phones", METADATA, text("phone", primary_key=True), text("language"))

dockets = Table(
    "dockets",
    METADATA,
    text("number", primary_key=True),
    text("company", of("companies.code")),
    text("category", of("categories.code")),
    text("state"),
    whole("level"),
    text("settlement"),
    text("language"),
    moment("registered_at"),
    moment("due_at"),
    text("origin"),
    maybe("call_ref", index=True),
    Column("consumer_id", SERIAL, ForeignKey("consumers.id"), index=True),
    maybe("unit", of("units.id"), index=True),
    maybe("owner"),
    maybe("phone", index=True),
    Column("sealed", Boolean, nullable=False),
    maybe_moment("claimed_at"),
    maybe("claimed_by"),
    maybe("cause_code"),
    whole("claims"),
    whole("attempts"),
    whole("reopened"),
    whole("repeats"),
    maybe_moment("closed_at"),
    whole("version"),
    Index("ix_dockets_work", "company", "state", "due_at", "number"),
    Index("ix_dockets_owner", "owner", "due_at"),
)
_CLOSED = sql("closed_at IS NOT NULL")
Index("ix_dockets_closed", dockets.c.closed_at, sqlite_where=_CLOSED, postgresql_where=_CLOSED)
# The docket is written after its decision within one transaction, so the reference is checked at its end.
decisions = Table(
    "decisions",
    METADATA,
    text("cause", primary_key=True),
    text("docket", ForeignKey("dockets.number", deferrable=True, initially="DEFERRED")),
)
timeline = Table(
    "timeline",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    text("docket", of("dockets.number"), index=True),
    moment("at"),
    text("actor"),
    text("deed"),
    maybe("before"),
    text("after"),
    text("note"),
    Column("detail", JSON, nullable=False),
)

# chain: "<company>/line", or "<company>/probe" and "<company>/practice", which count in no figure (design 3.17).
register = Table(
    "register",
    METADATA,
    text("chain", primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    text("docket", of("dockets.number"), index=True),
    whole("claim"),
    whole("attempt"),
    text("call_ref"),
    maybe("dialled"),
    moment("at"),
    text("verdict"),
    Column("cause_code", Integer),
    Column("duration_s", Float, nullable=False),
    maybe("recording"),
    maybe("reason_recording"),
    text("by"),
    text("personal_digest"),
    text("hash"),
)
register_salts = Table(
    "register_salts",
    METADATA,
    text("chain", primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    text("salt"),
)
register_heads = Table("register_heads", METADATA, text("chain", primary_key=True), whole("n"), text("hash"))

calls = Table(
    "calls",
    METADATA,
    text("call_ref", primary_key=True),
    text("kind"),
    text("origin"),
    moment("offered_at"),
    text("node"),
    maybe("company"),
    maybe("phone"),
    Column("consumer_id", SERIAL),
    maybe("language"),
    text("stage"),
    maybe_moment("answered_at"),
    maybe_moment("queued_at"),
    maybe_moment("talked_at"),
    maybe_moment("ended_at"),
    maybe("agent"),
    maybe("docket"),
    Column("flags", JSON, nullable=False),
    Column("steps", JSON, nullable=False, server_default="[]"),
    Column("answers", JSON, nullable=False, server_default="[]"),
    maybe("outcome"),
    maybe("ended_by"),
    maybe("disposition"),
    maybe("recording"),
    maybe("callback_cause"),
    maybe("no_callback"),
    Index("ix_calls_offered", "origin", "offered_at"),
    Index("ix_calls_phone", "phone", "offered_at"),
    Index("ix_calls_agent", "agent", "offered_at"),
    Index("ix_calls_docket", "docket"),
)
_OPEN = sql("ended_at IS NULL")
_UNSETTLED = sql("outcome IS NULL AND ended_at IS NOT NULL")
Index("ix_calls_open", calls.c.node, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("ix_calls_unsettled", calls.c.node, calls.c.ended_at, sqlite_where=_UNSETTLED, postgresql_where=_UNSETTLED)

# state: waiting, done or withdrawn; rows are never deleted (I5). promised_at stays what was promised, due_at may move.
due_work = Table(
    "due_work",
    METADATA,
    text("cause", primary_key=True),
    text("kind"),
    moment("promised_at"),
    moment("due_at"),
    text("company"),
    Column("payload", JSON, nullable=False),
    text("state"),
    maybe("owner"),
    maybe_moment("leased_until"),
    whole("tries"),
    maybe("result"),
    maybe_moment("done_at"),
)
_WAITING = sql("state = 'waiting'")
Index("ix_due_work_waiting", due_work.c.kind, due_work.c.due_at, sqlite_where=_WAITING, postgresql_where=_WAITING)

# state: waiting, sent, delivered, undelivered or failed. dlt_*: what the message was registered as (domain.md 2.5).
outbox = Table(
    "outbox",
    METADATA,
    text("cause", primary_key=True),
    text("template"),
    text("language"),
    text("recipient"),
    Column("variables", JSON, nullable=False),
    maybe("docket", index=True),
    maybe_moment("not_before"),
    moment("written_at"),
    moment("due_at"),
    text("state"),
    maybe("owner"),
    maybe_moment("leased_until"),
    whole("tries"),
    maybe("gateway_ref", index=True),
    maybe_moment("sent_at"),
    maybe_moment("delivered_at"),
    maybe("reason"),
    maybe("dlt_entity"),
    maybe("dlt_template"),
    maybe("dlt_header"),
    maybe("dlt_category"),
)
Index("ix_outbox_waiting", outbox.c.due_at, sqlite_where=_WAITING, postgresql_where=_WAITING)
Index("ix_outbox_state", outbox.c.state)

inbox = Table(
    "inbox",
    METADATA,
    text("call_ref", primary_key=True),
    text("recording"),
    maybe("phone"),
    maybe("company"),
    moment("at"),
    maybe("docket"),
    maybe("reason"),
    maybe("settled_by"),
    maybe_moment("settled_at"),
)
Index(
    "ix_inbox_open",
    inbox.c.at,
    sqlite_where=sql("settled_at IS NULL"),
    postgresql_where=sql("settled_at IS NULL"),
)


def _one_login_each(code: str) -> Index:
    """No two log-ins have the same code, and any number have none."""
    given = sql(f"{code} IS NOT NULL")
    return Index(f"uq_logins_{code}", code, unique=True, sqlite_where=given, postgresql_where=given)


logins = Table(
    "logins",
    METADATA,
    text("name", primary_key=True),
    text("password_hash"),
    Column("roles", JSON, nullable=False),
    maybe("agent"),
    maybe("officer"),
    maybe("company"),
    maybe("unit"),
    Column("languages", JSON, nullable=False),
    Column("categories", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    whole("failures"),
    maybe_moment("failed_at"),
    maybe("vendor"),
    Column("shift", JSON(none_as_null=True)),
    _one_login_each("agent"),
    _one_login_each("officer"),
)
sessions = Table(
    "sessions",
    METADATA,
    text("token_digest", primary_key=True),
    text("login", of("logins.name"), index=True),
    moment("expires_at"),
    Column("revoked", Boolean, nullable=False),
)
# `secret` is kept readable, because codes are made from it; `last_step` is the time step of the last code taken.
second_factors = Table(
    "second_factors",
    METADATA,
    text("login", of("logins.name"), primary_key=True),
    text("secret"),
    maybe_moment("confirmed_at"),
    whole("last_step"),
)
recovery_codes = Table(
    "recovery_codes",
    METADATA,
    text("login", of("second_factors.login"), primary_key=True),
    text("digest", primary_key=True),
    maybe_moment("used_at"),
)
audit = Table(
    "audit",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    moment("at"),
    text("actor"),
    text("deed"),
    Column("subject", String, nullable=False, index=True),
    Column("detail", JSON, nullable=False),
)

# The score card of a call by scorer, whose word stays as first said. `points`: {point: true, false or null}.
audit_scores = Table(
    "audit_scores",
    METADATA,
    text("call_ref", primary_key=True),
    text("scorer", of("logins.name"), primary_key=True),
    text("agent"),
    maybe("company"),
    moment("at"),
    Column("points", JSON, nullable=False),
    Column("score", Float),
    text("remark"),
    maybe("contested"),
    maybe_moment("contested_at"),
    maybe("answer"),
    maybe("answered_by"),
    maybe_moment("answered_at"),
    Index("ix_audit_scores_agent", "agent", "at"),
    Index("ix_audit_scores_at", "at"),
)
_CONTESTED = sql("contested_at IS NOT NULL AND answered_at IS NULL")
Index("ix_audit_scores_contested", audit_scores.c.at, sqlite_where=_CONTESTED, postgresql_where=_CONTESTED)

# What an inspector found at a docket closed on `day`; `n` is its place in the draw of that day.
inspections = Table(
    "inspections",
    METADATA,
    Column("day", Date, primary_key=True),
    text("inspector", of("logins.name"), primary_key=True),
    text("docket", of("dockets.number"), primary_key=True),
    whole("n"),
    maybe("finding"),
    maybe("words"),
    maybe_moment("found_at"),
)

# What the line says otherwise than its release ({language: {prompt: words}}, {flow: text}), and from when it did;
# number 0 is the release itself and has no row.
editions = Table(
    "editions",
    METADATA,
    Column("number", SERIAL, primary_key=True, autoincrement=True),
    moment("at"),
    text("actor"),
    text("reason"),
    whole("base"),
    Column("prompts", JSON, nullable=False),
    Column("flows", JSON, nullable=False),
)
edition_uses = Table(
    "edition_uses",
    METADATA,
    Column("id", SERIAL, primary_key=True, autoincrement=True),
    whole("number"),
    moment("at"),
    text("actor"),
    text("reason"),
)
edition_voices = Table(
    "edition_voices",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    text("node", primary_key=True),
    text("digest"),
    moment("at"),
    maybe("fault"),
)

# Where the CEL reader stands: `file` is the inode, `head` the digest of the file's first line (inodes are used again).
cel_places = Table(
    "cel_places",
    METADATA,
    text("node", primary_key=True),
    text("file"),
    text("head"),
    Column("offset", SERIAL, nullable=False),
)
