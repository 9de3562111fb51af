"""Accounts, versions of benchmarks, and the order of results."""

from __future__ import annotations

import json
from datetime import datetime, timezone

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: What a version keeps of a benchmark: flowserv's columns of JSON, and those of text.
_DOCUMENTS = ("workflow_spec", "parameters", "parameter_groups", "outputs", "postproc_spec", "result_schema")
_TEXTS = ("name", "description", "instructions")


def upgrade() -> None:
    connection = op.get_bind()
    _create_tables()
    if connection.dialect.name == "postgresql":
        _widen()
    _carry_over_runs(connection)
    _carry_over_benchmarks(connection)
    op.drop_table("rob_run_cause")


def _create_tables() -> None:
    identifier, time = sa.String(64), sa.String(32)
    op.create_table(
        "rob_account",
        sa.Column("user_id", identifier, primary_key=True),
        sa.Column("name_key", sa.Text, nullable=False, unique=True),
        sa.Column("password_hash", sa.Text),
        sa.Column("email", sa.String(254)),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("is_active", sa.Boolean, nullable=False),
        sa.Column("created_at", time, nullable=False),
    )
    op.create_table(
        "rob_token",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("user_id", identifier, nullable=False, index=True),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("expires_at", sa.Float, nullable=False),
    )
    op.create_table(
        "rob_benchmark",
        sa.Column("workflow_id", identifier, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("is_archived", sa.Boolean, nullable=False),
    )
    op.create_table(
        "rob_coordinator",
        sa.Column("workflow_id", identifier, primary_key=True),
        sa.Column("user_id", identifier, primary_key=True),
    )
    op.create_table(
        "rob_version",
        sa.Column("workflow_id", identifier, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("created_at", time, nullable=False),
        sa.Column("created_by", identifier),
        sa.Column("note", sa.Text),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("template", sa.JSON, nullable=False),
    )
    op.create_table(
        "rob_run",
        sa.Column("run_id", identifier, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("cause", sa.JSON),
    )
    op.create_table(
        "rob_result",
        sa.Column("run_id", identifier, primary_key=True),
        sa.Column("workflow_id", identifier, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("group_id", identifier, nullable=False),
        sa.Column("rank_key", sa.LargeBinary, nullable=False),
        sa.Column("finished_at", time.with_variant(sa.String(32, collation="C"), "postgresql"), nullable=False),
        sa.Column("is_best", sa.Boolean, nullable=False),
    )
    order = ["rank_key", "finished_at", "run_id"]
    op.create_index("rob_result_best", "rob_result", ["workflow_id", "is_best", *order])
    op.create_index("rob_result_all", "rob_result", ["workflow_id", *order])
    op.create_index("rob_result_group", "rob_result", ["group_id", *order])
    op.create_table(
        "rob_postproc",
        sa.Column("workflow_id", identifier, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("run_id", identifier),
        sa.Column("message", sa.Text),
        sa.Column("changed_at", time, nullable=False),
    )


def _widen() -> None:
    """PostgreSQL keeps to what flowserv declares: many a media type is longer, and many a file larger than 2 GiB."""
    for table in ("run_file", "group_upload_file"):
        op.alter_column(table, "mime_type", type_=sa.String(255))
        op.alter_column(table, "size", type_=sa.BigInteger())


def _carry_over_runs(connection: sa.Connection) -> None:
    runs = sa.table("rob_run", sa.column("run_id"), sa.column("version", sa.Integer), sa.column("cause", sa.JSON))
    of, causes = sa.table("workflow_run", sa.column("run_id")), sa.table("rob_run_cause", *_columns("run_id", "cause"))
    # The causes are copied as they are: both columns hold the same JSON.
    connection.execute(
        runs.insert().from_select(
            ["run_id", "version", "cause"],
            sa.select(of.c.run_id, sa.literal(1), causes.c.cause).outerjoin_from(
                of, causes, causes.c.run_id == of.c.run_id
            ),
        )
    )


def _carry_over_benchmarks(connection: sa.Connection) -> None:
    """Every benchmark that there is becomes its own first version; its folder's digest is not known."""
    benchmarks = sa.table("rob_benchmark", *_columns("workflow_id", "version", "is_archived"))
    versions = sa.table(
        "rob_version",
        *_columns("workflow_id", "version", "created_at", "digest"),
        sa.column("template", sa.JSON),
    )
    workflows = sa.table("workflow_template", *_columns("workflow_id", "ignore_postproc", *_TEXTS, *_DOCUMENTS))
    now = datetime.now(timezone.utc).isoformat()
    for row in connection.execute(sa.select(workflows)).mappings().all():
        template = {name: row[name] for name in _TEXTS}
        template |= {name: None if row[name] is None else json.loads(row[name]) for name in _DOCUMENTS}
        template["ignore_postproc"] = bool(row["ignore_postproc"])
        first = {"workflow_id": row["workflow_id"], "version": 1}
        connection.execute(benchmarks.insert().values(**first, is_archived=False))
        connection.execute(versions.insert().values(**first, created_at=now, digest="", template=template))


def _columns(*names: str) -> list[sa.ColumnClause[object]]:
    return [sa.column(name) for name in names]
