"""An upgrade of the package loses nothing: databases of every release become what this one needs, or are left alone."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flowserv.model.base import Base, GroupObject, RunMessage, RunObject, User, WorkflowObject
from flowserv.model.template.parameter import ParameterIndex
from flowserv.model.template.schema import ResultSchema
from sqlalchemy import Engine, create_engine, inspect, text
from sqlalchemy.orm import Session

from jupyterlab_rob.errors import ServiceUnavailable
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.store import Store, migrations
from jupyterlab_rob.service.store.database import Database
from jupyterlab_rob.service.store.tables import metadata

ALICE = Identity("a", "alice", Role.PARTICIPANT)

#: As the first release made them, which recorded no version of its schema.
FIRST_RELEASE = (
    "CREATE TABLE rob_run_cause (run_id VARCHAR(32) NOT NULL, cause JSON NOT NULL, PRIMARY KEY (run_id))",
    "CREATE INDEX rob_run_workflow ON workflow_run (workflow_id, state_type)",
    "CREATE INDEX rob_run_group ON workflow_run (group_id)",
    "CREATE UNIQUE INDEX rob_group_name ON workflow_group (workflow_id, name)",
    "CREATE UNIQUE INDEX rob_user_name ON api_user (name)",
)
CAUSE = '{"kind": "notebook", "message": "cell 2: NUL \\u0000", "step": "predict"}'

#: Indexes of ours on flowserv's tables, which its metadata do not know.
OUR_INDEXES = {"rob_run_workflow", "rob_run_group", "rob_group_name", "rob_user_name"}


@pytest.fixture
def old(database_url: str) -> Iterator[Engine]:
    """A database of the first release: two submissions, four runs, one of them an ERROR with its cause."""
    engine = create_engine(database_url)
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        for statement in FIRST_RELEASE:
            connection.execute(text(statement))
    with Session(engine) as session:
        schema = ResultSchema.from_dict(
            {"file": "score.json", "schema": [{"name": "points", "label": "Points", "dtype": "int"}]}
        )
        workflow = WorkflowObject(workflow_id="old", name="Old", workflow_spec={"steps": []}, result_schema=schema)
        workflow.parameters = ParameterIndex()
        session.add(workflow)
        session.add(User(user_id="a", name="alice", secret="!", active=True))
        session.flush()
        members = session.query(User).all()
        for name in ("one", "two"):
            group = GroupObject(group_id=name, name=name, workflow_id="old", owner_id="a", members=members)
            group.parameters, group.workflow_spec = ParameterIndex(), {}
            session.add(group)
        session.flush()
        for run, group, points in (("r1", "one", 1), ("r2", "one", 3), ("r3", "two", 2), ("r4", "two", None)):
            session.add(
                RunObject(
                    run_id=run, workflow_id="old", group_id=group, arguments=[], started_at="2026-01-01T00:00:00",
                    created_at=f"2026-01-01T00:00:0{run[1]}", ended_at=f"2026-01-01T00:01:0{run[1]}",
                    state_type="ERROR" if points is None else "SUCCESS",
                    result=None if points is None else {"points": points},
                    log=[RunMessage(message="cell 2 failed", pos=0)] if points is None else [],
                )
            )  # fmt: skip
        session.flush()
        session.execute(text("INSERT INTO rob_run_cause VALUES ('r4', :cause)"), {"cause": CAUSE})
        session.commit()
    yield engine
    engine.dispose()


def _board(store: Store) -> list[tuple[int, str, str, Any, int]]:
    rows = store.benchmarks.leaderboard(ALICE, "old")["ranking"]
    return [(r["rank"], r["run"]["id"], r["group"]["name"], r["results"][0]["value"], r["version"]) for r in rows]


def test_an_upgrade_loses_no_leaderboard(old: Engine, database_url: str, tmp_path: Path) -> None:
    store = Store(tmp_path, database_url)
    store.open()
    try:
        assert _board(store) == [(1, "r2", "one", 3, 1), (2, "r3", "two", 2, 1)]
        everything = store.benchmarks.leaderboard(ALICE, "old", include_all=True)
        assert [row["run"]["id"] for row in everything["ranking"]] == ["r2", "r3", "r1"]
        assert everything["version"] == 1
        failed = store.runs.get(ALICE, "r4")
        assert failed["cause"] == {
            "kind": "notebook",
            "message": "cell 2: NUL \x00",
            "step": "predict",
            "blame": "participant",
        }
        assert [run["version"] for run in store.runs.of_benchmark(ALICE, "old", 10, lambda run: None)["runs"]] == [
            1
        ] * 4
    finally:
        store.close()
    with old.connect() as connection:
        rows = connection.execute(text("SELECT workflow_id, version FROM rob_version")).all()
        assert ("old", 1) in [tuple(row) for row in rows]
        assert not inspect(connection).has_table("rob_run_cause")


def test_schema_is_that_of_the_tables(database: Database) -> None:
    engine = database._engine

    def is_flowserv_s_or_ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        return name not in OUR_INDEXES

    with engine.connect() as connection:
        options = {"include_object": is_flowserv_s_or_ours}
        both: Any = [Base.metadata, metadata]
        found = compare_metadata(MigrationContext.configure(connection, opts=options), both)
        inspector = inspect(connection)
        indexes = {index["name"] for table in inspector.get_table_names() for index in inspector.get_indexes(table)}
    # What flowserv declares too short.
    widened = {(change[0][2], change[0][3]) for change in found if isinstance(change, list)}
    assert [change for change in found if not isinstance(change, list)] == []
    tables = ("run_file", "group_upload_file") if engine.dialect.name == "postgresql" else ()
    assert widened == {(table, column) for table in tables for column in ("mime_type", "size")}
    assert indexes >= OUR_INDEXES


def test_head_is_the_last_revision() -> None:
    assert ScriptDirectory(str(Path(migrations.__file__).parent)).get_heads() == [migrations.HEAD]


def test_database_of_a_later_version_is_left_alone(database: Database, database_url: str) -> None:
    with database._engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("DROP TABLE rob_token"))
    with pytest.raises(ServiceUnavailable, match=r"later version.*9999.*Upgrade jupyterlab_rob"):
        database.init()
    with database._engine.connect() as connection:
        assert not inspect(connection).has_table("rob_token")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_copy_is_made_before_an_upgrade(old: Engine, database_url: str, tmp_path: Path) -> None:
    Database(database_url).init().close()
    copy = tmp_path / f"rob.db.before-{migrations.HEAD}"
    with sqlite3.connect(copy) as connection:
        assert connection.execute("SELECT run_id FROM rob_run_cause").fetchall() == [("r4",)]
        assert connection.execute("SELECT count(*) FROM workflow_run").fetchone() == (4,)
    connection.close()
    # A new one has nothing to keep.
    Database(f"sqlite:///{tmp_path / 'new.db'}").init().close()
    assert not list(tmp_path.glob("new.db.before*"))
    assert stat.S_IMODE(copy.stat().st_mode) & 0o077 == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_upgrade_without_a_copy(old: Engine, database_url: str, tmp_path: Path) -> None:
    (tmp_path / f"rob.db.before-{migrations.HEAD}").mkdir()
    database = Database(database_url)
    with pytest.raises(ServiceUnavailable, match="can't be copied"):
        database.init()
    database.close()
    with old.connect() as connection:
        assert inspect(connection).has_table("rob_run_cause")
    assert not list(tmp_path.glob("*.partial"))


def test_an_upgrade_that_fails_changes_nothing(old: Engine, database_url: str) -> None:
    with old.begin() as connection:
        # What the second revision makes as well, but not like this: it fails half-way.
        connection.execute(text("UPDATE workflow_template SET workflow_spec = 'no JSON'"))
        before = set(inspect(connection).get_table_names())
    database = Database(database_url)
    with pytest.raises(ValueError, match="Expecting value"):
        database.init()
    database.close()
    with old.connect() as connection:
        assert set(inspect(connection).get_table_names()) == before


def test_services_that_start_at_once_upgrade_once(old: Engine, database_url: str) -> None:
    databases = [Database(database_url) for _ in range(4)]
    errors: list[BaseException] = []
    barrier = threading.Barrier(len(databases))

    def start(database: Database) -> None:
        barrier.wait()
        try:
            database.init()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=start, args=(database,)) for database in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in databases:
        database.close()
    assert errors == []
    with old.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM rob_result")) == 3
