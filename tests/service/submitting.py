"""Runs in a store that end as a test wants, without being carried out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from jupyterlab_rob.models import RunState
from jupyterlab_rob.service.engine.plan import RunFolder
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.leaderboard import SortColumn
from jupyterlab_rob.service.limits import UploadLimits
from jupyterlab_rob.service.store import Store

from .api import notebook

_LIMITS = UploadLimits(file=1 << 20, submission=1 << 24)


class Participant:
    """A user of the store; submissions are named by their names, and made when they are first named."""

    def __init__(self, store: Store, name: str = "ann", benchmark: str = "probe") -> None:
        self.store = store
        self.identity = Identity(store.accounts.ensure_user(name), name, Role.PARTICIPANT)
        self._benchmark = benchmark
        self._submissions: dict[str, str] = {}
        self._folders: dict[str, RunFolder] = {}

    def submission(self, name: str) -> str:
        if name not in self._submissions:
            handle = self.store.submissions.create(self.identity, self._benchmark, name, None)
            self._submissions[name] = str(handle["id"])
        return self._submissions[name]

    def started(self, name: str) -> str:
        """A run of the submission, RUNNING."""
        submission = self.submission(name)
        incoming = self.store.uploads.begin(self.identity, submission, _LIMITS)
        incoming.write(json.dumps(notebook("1")).encode())
        file = self.store.uploads.add(self.identity, submission, "n.ipynb", incoming, _LIMITS)["id"]
        arguments = [{"name": "notebook", "value": {"type": "$notebook", "value": {"fileId": file}}}]
        handle, _, folder = self.store.runs.create(self.identity, submission, arguments)
        run = str(handle["id"])
        self._folders[run] = folder
        self.store.ledger.start_run(run)
        return run

    def end(self, run: str, **metrics: Any) -> None:
        """Let the run yield these metrics, and so become SUCCESS."""
        results = self._folders[run].files / "results"
        results.mkdir()
        # The results of the probe and of the benchmarks in benchmark.py; each declares some of them.
        (results / "score.json").write_text(json.dumps(metrics))
        (results / "guess.txt").write_text("0")
        assert self.store.ledger.finish_run(run, None) is RunState.SUCCESS

    def board(self, order: Sequence[SortColumn] | None = None, **asked: Any) -> dict[str, Any]:
        """The benchmark's leaderboard; ``asked`` as :meth:`Benchmarks.leaderboard` takes it."""
        return dict(self.store.benchmarks.leaderboard(self.identity, self._benchmark, order, **asked))

    def rank(self, run: str) -> int | None:
        rank: int | None = self.store.runs.get(self.identity, run)["rank"]
        return rank

    def scored(self, name: str, points: object, remark: str | None = None) -> str:
        """A run of the submission that has become SUCCESS."""
        run = self.started(name)
        self.end(run, points=points, remark=remark)
        return run
