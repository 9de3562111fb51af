"""What a run does, as data: the service writes a plan, the run's own process carries it out.

A plan names folders and files relative to the run folder, whose layout this module defines:

    plan.json        the plan
    record.jsonl     what happened (see record.py)
    log.txt          everything that the steps printed
    session          the session of the run's process (see processes.py)
    runs.json        what a post-processing run was given (see store/postprocessing_runs.py)
    notebooks/       executed notebooks, one per notebook step
    work/files/      what the steps hand on to each other, and in the end the results
    work/steps/N/    the folder in which step N runs

``work`` is removed when the run has ended; the rest is kept as long as the run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Step:
    """One step: either shell ``commands`` or a ``notebook`` (its path in the run folder).

    ``inputs`` are files or folders that the step gets; None means every file there is, which only a coordinator's own
    step may ask for. ``arguments`` are values for the notebook's own parameters, beside the plan's variables.
    """

    name: str
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...]
    commands: tuple[str, ...] = ()
    notebook: str | None = None
    arguments: Mapping[str, Any] | None = None

    @property
    def slug(self) -> str:
        """The step's name as a file name and a part of a URL."""
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", self.name).strip(".-") or "step"


@dataclass(frozen=True)
class Plan:
    """A run's steps with the values of the workflow's parameters (``variables``) and the files that it must yield
    (``outputs``). A post-processing run belongs to no ``submission``."""

    run: str
    benchmark: str
    submission: str | None
    static: str
    variables: Mapping[str, Any]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]

    def write(self, folder: RunFolder) -> None:
        folder.plan.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: RunFolder) -> Plan:
        document = json.loads(folder.plan.read_text())
        steps = tuple(
            Step(
                **{
                    **step,
                    "inputs": None if step["inputs"] is None else tuple(step["inputs"]),
                    "outputs": tuple(step["outputs"]),
                    "commands": tuple(step["commands"]),
                }
            )
            for step in document["steps"]
        )
        return cls(**{**document, "steps": steps, "outputs": tuple(document["outputs"])})


@dataclass(frozen=True)
class RunFolder:
    """The run folder's layout; see the top of this module."""

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def record(self) -> Path:
        return self.path / "record.jsonl"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def session(self) -> Path:
        return self.path / "session"

    @property
    def given(self) -> Path:
        return self.path / "runs.json"

    @property
    def notebooks(self) -> Path:
        return self.path / "notebooks"

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def files(self) -> Path:
        return self.work / "files"

    def step(self, number: int) -> Path:
        return self.work / "steps" / str(number)

    def executed(self, step: Step | str) -> Path:
        return self.notebooks / f"{step if isinstance(step, str) else step.slug}.ipynb"

    def create(self) -> None:
        for folder in (self.path, self.notebooks, self.files):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.touch()
