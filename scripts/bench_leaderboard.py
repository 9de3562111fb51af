"""How long a leaderboard takes beside flowserv's own ranking, on the same database in the same run.

python scripts/bench_leaderboard.py [--runs N] [--repeat N] [--database URL]    times in ms, medians; lower is better

Cold is the first reading by a new service, changed the first one after a run has ended. ``--database`` names a database
that is empty; default: SQLite in a folder that is removed in the end.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import insert, text

from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.leaderboard import SortColumn
from jupyterlab_rob.service.store import Store
from jupyterlab_rob.service.store.boards import Board, Boards
from jupyterlab_rob.service.store.database import Database
from jupyterlab_rob.service.store.ranks import rebuild

BENCHMARK = "number-predictor"
PAGE = 100
#: Lets flowserv's part be told from ours; both read the same rows.
SIZES = ("each a submission of its own", "in 500 submissions")


def fill(database: Database, runs: int, submissions: int) -> None:
    """Make successful runs with random results; those of earlier calls go."""
    from flowserv.model.base import GroupObject, RunObject
    from flowserv.model.template.parameter import ParameterIndex

    chance = random.Random(1)  # noqa: S311 (figures that are the same each time)
    with database.writing() as session:
        for table in ("workflow_run", "workflow_group"):
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 (two names from above)
        group = {"workflow_id": BENCHMARK, "parameters": ParameterIndex(), "workflow_spec": {}}
        session.execute(
            insert(GroupObject), [{**group, "group_id": f"g{n}", "name": f"Submission {n}"} for n in range(submissions)]
        )
        session.execute(
            insert(RunObject),
            [
                {
                    "run_id": f"{n:032x}",
                    "workflow_id": BENCHMARK,
                    "group_id": f"g{n % submissions}",
                    "state_type": "SUCCESS",
                    "created_at": f"2026-01-01T00:00:00.{n:06}+00:00",
                    "started_at": f"2026-01-01T00:00:01.{n:06}+00:00",
                    "ended_at": f"2026-01-01T00:00:02.{n:06}+00:00",
                    "arguments": [],
                    "result": {"deviation": chance.random(), "exact": chance.randrange(40), "score": chance.random()},
                }
                for n in range(runs)
            ],
        )
        rebuild(session, BENCHMARK)
        if session.get_bind().dialect.name == "postgresql":
            # As its autovacuum does, but later than here.
            session.execute(text("ANALYZE"))


def timed(work: Callable[[], Any]) -> float:
    """In ms."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def flowserv_ms(database: Database) -> float:
    from flowserv.model.base import WorkflowObject
    from flowserv.model.ranking import RankingManager

    def ranking() -> None:
        with database.reading() as session:
            RankingManager(session).get_ranking(session.get_one(WorkflowObject, BENCHMARK))[:PAGE]

    return timed(ranking)


def page_ms(database: Database, boards: Boards, board: Board, offset: int = 0) -> float:
    def page() -> None:
        with database.reading() as session:
            assert boards.page(session, board, PAGE, offset).rows

    return timed(page)


def figures(database: Database, store: Store, repeat: int) -> dict[str, float]:
    """What is read, and its median in ms."""
    own, other = Board(BENCHMARK), Board(BENCHMARK, (SortColumn("exact", True),))
    everything = Board(BENCHMARK, include_all=True)
    boards = Boards()

    def changed(board: Board) -> float:
        boards.forget(BENCHMARK)
        return page_ms(database, boards, board)

    user = Identity("", "", Role.PARTICIPANT)
    return {
        "cold": statistics.median(page_ms(database, Boards(), own) for _ in range(repeat)),
        "changed": statistics.median(changed(own) for _ in range(repeat)),
        "again": statistics.median(page_ms(database, boards, own) for _ in range(repeat)),
        "every run": statistics.median(changed(everything) for _ in range(repeat)),
        "page 4": statistics.median(page_ms(database, boards, own, 3 * PAGE) for _ in range(repeat)),
        "other order, changed": changed(other),
        "other order, again": statistics.median(page_ms(database, boards, other) for _ in range(repeat)),
        "with JSON": statistics.median(
            timed(lambda: store.benchmarks.leaderboard(user, BENCHMARK, limit=PAGE)) for _ in range(repeat)
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="The leaderboard's first rows, beside flowserv's ranking.")
    parser.add_argument("--runs", type=int, default=50_000, help="successful runs of the benchmark (default: 50000)")
    parser.add_argument("--repeat", type=int, default=10, help="how often each is timed (default: 10)")
    parser.add_argument("--database", default="", help="URL of an empty database (default: SQLite)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rob-bench-") as name:
        url = options.database or f"sqlite:///{name}/rob.db"
        store = Store(Path(name), url)
        store.open()
        database = Database(url)
        for submissions, what in zip((options.runs, min(500, options.runs)), SIZES):
            fill(database, options.runs, submissions)
            ours = figures(database, store, options.repeat)
            theirs = flowserv_ms(database)
            print(f"leaderboard, the first {PAGE} rows of {options.runs} runs, {what}")
            for reading, milliseconds in ours.items():
                print(f"    {reading:<22} {milliseconds:9.1f} ms")
            print(f"    {'flowserv':<22} {theirs:9.1f} ms   (its ranking; ratio to cold {theirs / ours['cold']:.0f})")
        database.close()
        store.close()


if __name__ == "__main__":
    main()
