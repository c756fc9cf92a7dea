"""Companies, units, officers, kinds of complaints, the network and its consumers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _organisation()
    _network()
    # Numbers start here so that none begins with a nought, which callers leave out.
    op.bulk_insert(
        sa.table("counters", sa.column("name"), sa.column("value")), [{"name": "docket", "value": 1_000_000}]
    )


def _organisation() -> None:
    op.create_table(
        "line_facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_line_facts"),
    )
    op.create_table(
        "counters",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )
    op.create_table(
        "companies",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("hours", sa.JSON(), nullable=False),
        sa.Column("verify_delay_min", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("code", name="pk_companies"),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("settlement", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_units_company"),
        sa.ForeignKeyConstraint(
            ["parent"], ["units.id"], name="fk_units_parent", initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
    )
    op.create_index("ix_units_parent", "units", ["parent"])
    op.create_table(
        "officers",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_officers_company"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_officers_unit"),
        sa.PrimaryKeyConstraint("code", name="pk_officers"),
    )
    op.create_index("ix_officers_unit", "officers", ["unit"])
    op.create_table(
        "categories",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("urban_h", sa.Float(), nullable=False),
        sa.Column("rural_h", sa.Float(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("verify_after_min", sa.Integer(), nullable=True),
        sa.Column("compensation_per_day", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_categories_company"),
        sa.PrimaryKeyConstraint("code", name="pk_categories"),
    )


def _network() -> None:
    op.create_table(
        "feeders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("settlement", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_feeders_company"),
        sa.PrimaryKeyConstraint("id", name="pk_feeders"),
    )
    op.create_table(
        "transformers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("feeder", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["feeder"], ["feeders.id"], name="fk_transformers_feeder"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_transformers_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_transformers"),
    )
    op.create_index("ix_transformers_feeder", "transformers", ["feeder"])
    op.create_index("ix_transformers_unit", "transformers", ["unit"])
    op.create_table(
        "consumers",
        sa.Column("id", SERIAL, autoincrement=True, nullable=False),
        sa.Column("company", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("transformer", sa.String(), nullable=False),
        sa.Column("settlement", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["company"], ["companies.code"], name="fk_consumers_company"),
        sa.ForeignKeyConstraint(["transformer"], ["transformers.id"], name="fk_consumers_transformer"),
        sa.ForeignKeyConstraint(["unit"], ["units.id"], name="fk_consumers_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_consumers"),
        sa.UniqueConstraint("number", name="uq_consumers_number"),
    )
    op.create_index("ix_consumers_phone", "consumers", ["phone"])
    op.create_index("ix_consumers_transformer", "consumers", ["transformer"])
    op.create_table(
        "known_phones",
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("phone", name="pk_known_phones"),
    )
