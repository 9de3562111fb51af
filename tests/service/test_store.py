"""How flowserv is contained: each test fails without the containment."""

from __future__ import annotations

import ast
import errno
import os
from pathlib import Path
from typing import Any

import pytest

import jupyterlab_rob
from jupyterlab_rob.errors import Conflict, Forbidden, InvalidInput, NotFound, StorageFull
from jupyterlab_rob.models import RunState
from jupyterlab_rob.service.engine.cause import Cause
from jupyterlab_rob.service.identity import Identity, Role
from jupyterlab_rob.service.limits import UploadLimits
from jupyterlab_rob.service.store import Store
from jupyterlab_rob.service.store.ledger import UnfinishedRun
from jupyterlab_rob.service.store.storage import ConfinedFile

from .api import PROBE, notebook

PACKAGE = Path(jupyterlab_rob.__file__).parent
LIMITS = UploadLimits(file=1 << 20, submission=1 << 20)


def _identity(store: Store, name: str) -> Identity:
    return Identity(store.accounts.ensure_user(name), name, Role.PARTICIPANT)


def _upload(store: Store, user: Identity, submission: str) -> str:
    import json

    content = json.dumps(notebook("1")).encode()
    incoming = store.uploads.begin(user, submission, LIMITS)
    incoming.write(content)
    return str(store.uploads.add(user, submission, "n.ipynb", incoming, LIMITS)["id"])


def _arguments(file: str) -> list[dict[str, Any]]:
    return [{"name": "notebook", "value": {"type": "$notebook", "value": {"fileId": file}}}]


def test_only_the_store_imports_flowserv() -> None:
    importers = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            if any(name.split(".")[0] == "flowserv" for name in names):
                importers.add(path.relative_to(PACKAGE).as_posix())
    assert importers
    assert {path for path in importers if not path.startswith("service/store/")} == set()


def test_full_disk_while_a_run_is_prepared(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = _identity(store, "alice")
    submission = store.submissions.create(user, "probe", "mine", None)["id"]
    file = _upload(store, user, submission)
    # A full disk can't be had without a mount; the copy of the notebook into the run folder meets it here.
    # Where the file system knows no second names.
    monkeypatch.setattr(os, "link", _not_here)
    monkeypatch.setattr(ConfinedFile, "open", _first_read_then_full(ConfinedFile.open))
    with pytest.raises(StorageFull, match="No space left"):
        store.runs.create(user, submission, _arguments(file))
    assert store.runs.of_submission(user, submission, None)["total"] == 0
    assert list((tmp_path / "runs").iterdir()) == []


def _not_here(*_: Any, **__: Any) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


def _first_read_then_full(original: Any) -> Any:
    calls = iter([original])

    def open_file(self: ConfinedFile) -> Any:
        opened = next(calls, None)
        if opened is None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return opened(self)

    return open_file


def test_others_are_kept_out(store: Store) -> None:
    alice, mallory = _identity(store, "alice"), _identity(store, "mallory")
    submission = store.submissions.create(alice, "probe", "hers", None)["id"]
    file = _upload(store, alice, submission)
    run = store.runs.create(alice, submission, _arguments(file))[0]["id"]
    incoming = store.incoming.begin(1, "too large")
    incoming.complete()
    for attempt in (
        lambda: store.submissions.get(mallory, submission),
        lambda: store.uploads.listing(mallory, submission),
        lambda: store.uploads.get(mallory, submission, file),
        lambda: store.uploads.delete(mallory, submission, file),
        lambda: store.uploads.begin(mallory, submission, LIMITS),
        lambda: store.uploads.add(mallory, submission, "n.ipynb", incoming, LIMITS),
        lambda: store.runs.create(mallory, submission, _arguments(file)),
        lambda: store.runs.of_submission(mallory, submission, None),
        lambda: store.runs.get(mallory, run),
        lambda: store.runs.log(mallory, run),
        lambda: store.runs.executed_notebook(mallory, run, "first-step"),
        lambda: store.runs.result_file(mallory, run, "x"),
        lambda: store.runs.delete(mallory, run),
        lambda: store.submissions.delete(mallory, submission),
    ):
        with pytest.raises(Forbidden):
            attempt()
    assert store.runs.of_benchmark(mallory, "probe", 10, lambda run: None)["runs"] == []
    assert store.submissions.listing(mallory, "probe")["groups"] == []


def test_user_is_made_once(store: Store) -> None:
    assert _identity(store, "alice") == _identity(store, "alice") != _identity(store, "bob")


def test_a_run_that_has_ended_stays_as_it_is(store: Store) -> None:
    user = _identity(store, "alice")
    submission = store.submissions.create(user, "probe", "mine", None)["id"]
    run = store.runs.create(user, submission, _arguments(_upload(store, user, submission)))[0]["id"]
    assert store.ledger.unfinished_runs() == [UnfinishedRun(run, submission, is_running=False)]
    store.ledger.start_run(run)
    assert store.ledger.unfinished_runs() == [UnfinishedRun(run, submission, is_running=True)]
    store.ledger.requeue_run(run)
    assert store.ledger.unfinished_runs() == [UnfinishedRun(run, submission, is_running=False)]
    store.ledger.start_run(run)
    store.ledger.cancel_run(run, None)
    # Once more: as if it had been once.
    store.ledger.cancel_run(run, "Another reason.")
    assert store.runs.get(user, run)["messages"] == ["Canceled by the user."]
    for attempt in (
        lambda: store.ledger.requeue_run(run),
        lambda: store.ledger.start_run(run),
        lambda: store.ledger.finish_run(run, None),
        lambda: store.ledger.finish_run(run, Cause("service", "late")),
    ):
        with pytest.raises(Conflict, match="CANCELED"):
            attempt()
    assert store.runs.get(user, run)["state"] == RunState.CANCELED
    assert store.ledger.unfinished_runs() == []


@pytest.mark.parametrize("identifier", ["", "../x", "Upper", "a" * 33, "a b"])
def test_benchmark_identifier_is_no_path(store: Store, identifier: str) -> None:
    with pytest.raises(InvalidInput):
        store.benchmarks.add(PROBE, identifier)


def test_benchmark_with_a_link_is_refused(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    for file in PROBE.glob("*.yaml"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "leak").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="leak"):
        store.benchmarks.add(folder, "leaky")
    with pytest.raises(NotFound):
        store.benchmarks.get(_identity(store, "alice"), "leaky")


def test_step_of_unknown_kind_is_not_imported(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "benchmark"
    folder.mkdir()
    (folder / "flowserv.yaml").write_text("name: Func\nspecfile: benchmark.yaml\n")
    (folder / "benchmark.yaml").write_text(
        "workflow:\n  steps:\n    - {name: boom, action: {func: antigravity.fly, arg: x}}\nparameters: []\n"
    )
    store.benchmarks.add(folder, "func")
    user = _identity(store, "alice")
    submission = store.submissions.create(user, "func", "mine", None)["id"]
    with pytest.raises(InvalidInput, match="'boom' is of a kind"):
        store.runs.create(user, submission, [])
    assert store.runs.of_submission(user, submission, None)["total"] == 0
