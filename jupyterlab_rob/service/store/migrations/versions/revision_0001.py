"""The first release: flowserv's tables, the indexes that they lack, and why runs ended in ERROR."""

from __future__ import annotations

from alembic import op
from flowserv.model.base import Base
from sqlalchemy import JSON, Column, String

revision = "0001"
down_revision = None


def upgrade() -> None:
    # flowserv is pinned, so that its tables are always these.
    Base.metadata.create_all(op.get_bind())
    # flowserv looks runs up by these columns without an index.
    op.create_index("rob_run_workflow", "workflow_run", ["workflow_id", "state_type"])
    op.create_index("rob_run_group", "workflow_run", ["group_id"])
    # flowserv declares these unique in a way that SQLAlchemy ignores; two requests at once made two groups of one name.
    op.create_index("rob_group_name", "workflow_group", ["workflow_id", "name"], unique=True)
    op.create_index("rob_user_name", "api_user", ["name"], unique=True)
    op.create_table(
        "rob_run_cause",
        Column("run_id", String(32), primary_key=True),
        Column("cause", JSON, nullable=False),
    )
