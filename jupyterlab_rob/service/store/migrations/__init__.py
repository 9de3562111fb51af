"""Brings a database to the schema that this version of the package needs, by Alembic's revisions in ``versions``.

A change of tables.py needs a revision: the next number, its ``upgrade``, and :data:`HEAD`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, text
from sqlalchemy.orm import Session

from ....errors import ServiceUnavailable

#: The revision that this version of the package needs.
HEAD = "0002"

#: The first revision: the schema of databases that do not record one.
_FIRST = "0001"
_FOLDER = Path(__file__).parent
#: Names the lock that lets one service after the other upgrade a PostgreSQL database.
_LOCK = 0x726F62


def upgrade(engine: Engine) -> None:
    """Create or upgrade the database in one transaction: it is done wholly or not at all.

    A copy of a SQLite database is kept beside it, named for instance ``rob.db.before-0002``; PostgreSQL's owner has
    backups of their own. Raises ServiceUnavailable when a later version of the package has upgraded the database
    already.
    """
    with engine.connect() as connection:
        if _revision(connection) == HEAD:
            return
    is_sqlite = engine.dialect.name == "sqlite"
    # sqlite3 itself would commit before each change of a table; without its help a transaction holds them as well.
    options = {"isolation_level": "AUTOCOMMIT"} if is_sqlite else {}
    with engine.connect().execution_options(**options) as connection, connection.begin():
        if is_sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        # Once more: another service may have upgraded it in the meantime.
        revision = _revision(connection)
        if revision == HEAD:
            return
        is_new = revision is None and not inspect(connection).has_table("workflow_run")
        if is_sqlite and not is_new:
            _back_up(engine.url.database)
        _run_revisions(connection, unrecorded=revision is None and not is_new)
        _rank_anew(connection)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return None if revision is None else str(revision)


def _run_revisions(connection: Connection, *, unrecorded: bool) -> None:
    # Here and not above: Alembic takes a third of a second, and nearly every start finds nothing to do.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    revision = _revision(connection)
    if revision is not None and revision not in known:
        raise ServiceUnavailable(
            f"The database is of a later version of jupyterlab_rob: it has schema {revision}, and this version knows "
            f"none after {HEAD}. Upgrade jupyterlab_rob."
        )
    if unrecorded:
        command.stamp(config, _FIRST)
    command.upgrade(config, "head")


def _rank_anew(connection: Connection) -> None:
    """Compute what the leaderboards are read from: it follows from the runs, so no revision needs to know how."""
    from flowserv.model.base import WorkflowObject

    from .. import ranks

    with Session(connection) as session:
        for benchmark in session.scalars(select(WorkflowObject.workflow_id)).all():
            ranks.rebuild(session, benchmark)
        session.flush()
    if connection.dialect.name == "postgresql":
        # Else it knows nothing of the new rows until its autovacuum comes round, and sorts where it has an index.
        connection.execute(text("ANALYZE"))


def _back_up(database: str | None) -> None:
    assert database is not None
    path = Path(f"{database}.before-{HEAD}")
    partial = path.with_name(f"{path.name}.partial")
    # What a failed attempt has left; a copy is never made into it.
    partial.unlink(missing_ok=True)
    try:
        partial.touch(mode=0o600)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(partial)) as target:
            source.backup(target)
        os.replace(partial, path)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise ServiceUnavailable(
            f"The database {database} must be upgraded, but it can't be copied to {path} first: {error}."
        ) from error
