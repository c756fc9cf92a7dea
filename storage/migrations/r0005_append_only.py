"""Timeline, register and audit only grow: the books themselves refuse to change or delete their rows (I6).

One exception, for erasure: the personal columns of a register row may be set to NULL, nothing else (design I6).
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

_REGISTER_KEPT = (
    "chain",
    "n",
    "docket",
    "claim",
    "attempt",
    "call_ref",
    "at",
    "verdict",
    "cause_code",
    "duration_s",
    "by",
    "personal_digest",
    "hash",
)
_REGISTER_PERSONAL = ("dialled", "recording", "reason_recording")


def upgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        for statement in _sqlite():
            op.execute(statement)
    else:
        for statement in _postgresql():
            op.execute(statement)


def _falsified(differs: str) -> str:
    """The condition under which an update of a register row is more than an erasure."""
    kept = [f'NEW."{column}" {differs} OLD."{column}"' for column in _REGISTER_KEPT]
    personal = [
        f'(NEW."{column}" IS NOT NULL AND NEW."{column}" {differs} OLD."{column}")' for column in _REGISTER_PERSONAL
    ]
    return " OR ".join(kept + personal)


def _sqlite() -> list[str]:
    statements = []
    for table, condition in (("timeline", ""), ("audit", ""), ("register", f"WHEN {_falsified('IS NOT')} ")):
        raised = f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        statements += [
            f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table} {condition}{raised}",
            f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} {raised}",
        ]
    return statements


def _postgresql() -> list[str]:
    raised = "BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END"
    statements = [f"CREATE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ {raised} $$"]
    for table, condition in (
        ("timeline", ""),
        ("audit", ""),
        ("register", f"WHEN ({_falsified('IS DISTINCT FROM')}) "),
    ):
        refused = "EXECUTE FUNCTION only_grows()"
        statements += [
            f"CREATE TRIGGER {table}_not_changed BEFORE UPDATE ON {table} FOR EACH ROW {condition}{refused}",
            f"CREATE TRIGGER {table}_not_deleted BEFORE DELETE ON {table} FOR EACH ROW {refused}",
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refused}",
        ]
    return statements
