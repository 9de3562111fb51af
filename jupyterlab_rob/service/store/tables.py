"""Tables of our own, for what flowserv has no place for; their names begin with ``rob_``."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

metadata = MetaData()

# Identifiers are flowserv's, which declares no length for them.
_ID = String(64)

#: What flowserv's users lack; who has no password can't log in. Times are ISO 8601 in UTC, as flowserv's.
accounts = Table(
    "rob_account",
    metadata,
    Column("user_id", _ID, primary_key=True),
    #: The name as names are compared: two that a reader would take for one are one.
    Column("name_key", Text, nullable=False, unique=True),
    Column("password_hash", Text),
    Column("email", String(254)),
    Column("role", String(16), nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("created_at", String(32), nullable=False),
)

#: One for each log-in; ``hash`` is SHA-256 in hex, the token itself is nowhere. Expiry in seconds since the epoch.
tokens = Table(
    "rob_token",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("user_id", _ID, nullable=False, index=True),
    Column("created_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False),
)

#: The benchmark's current version; one that is archived is not listed any more.
benchmarks = Table(
    "rob_benchmark",
    metadata,
    Column("workflow_id", _ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("is_archived", Boolean, nullable=False, default=False),
)

coordinators = Table(
    "rob_coordinator",
    metadata,
    Column("workflow_id", _ID, primary_key=True),
    Column("user_id", _ID, primary_key=True),
)

#: ``template`` holds what flowserv keeps of a template in the workflow's own row, which is the current version's.
versions = Table(
    "rob_version",
    metadata,
    Column("workflow_id", _ID, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("created_at", String(32), nullable=False),
    Column("created_by", _ID),
    Column("note", Text),
    Column("digest", String(64), nullable=False),
    Column("template", JSON, nullable=False),
)

#: Which version a run is of, and why it ended in ERROR.
runs = Table(
    "rob_run",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("cause", JSON),
)

#: The results of successful runs in their order on the leaderboard; see ranks.py.
results = Table(
    "rob_result",
    metadata,
    Column("run_id", _ID, primary_key=True),
    Column("workflow_id", _ID, nullable=False),
    Column("version", Integer, nullable=False),
    Column("group_id", _ID, nullable=False),
    Column("rank_key", LargeBinary, nullable=False),
    # Times of equal results are compared byte by byte, whatever the language of a PostgreSQL database is.
    Column("finished_at", String(32).with_variant(String(32, collation="C"), "postgresql"), nullable=False),
    #: Whether it stands for its submission.
    Column("is_best", Boolean, nullable=False),
    # A leaderboard, the same with all runs, and the best run of a submission.
    Index("rob_result_best", "workflow_id", "is_best", "rank_key", "finished_at", "run_id"),
    Index("rob_result_all", "workflow_id", "rank_key", "finished_at", "run_id"),
    Index("rob_result_group", "group_id", "rank_key", "finished_at", "run_id"),
)

#: Where a benchmark's post-processing is; ``run_id`` is the last that succeeded.
postprocessing = Table(
    "rob_postproc",
    metadata,
    Column("workflow_id", _ID, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("run_id", _ID),
    Column("message", Text),
    Column("changed_at", String(32), nullable=False),
)
