"""What a run does, as data: the service writes a plan, the run's own process carries it out.

A plan names folders and files relative to the run folder, whose layout this module defines:

    plan.json        the plan
    attempt          the number of the attempt that may work now
    lock             held by the run's worker for as long as it works (see lock.py)
    slot             the name of its slot (see slot.py)
    record-N.jsonl   what happened in attempt N (see record.py)
    wake             a pipe with a name: the worker tells by it that there is something new (see wake.py)
    beat.json        the worker's last sign of life (see beat.py)
    log.txt          everything that the steps printed; coordinator.log: the coordinator's steps
    runs.json        what a post-processing run was given (see store/postprocessing_runs.py)
    notebooks/       executed notebooks, one per notebook step of the participant's
    coordinator/     the same of the coordinator's steps
    work/given/      the files that the run was started with
    work/files/      what the steps hand on to each other, and in the end the results

``work`` is removed when the run has ended; the rest is kept as long as the run. A step's own folder is in its worker's
slot (see slot.py).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .limits import UNLIMITED, Limits
from .orders import KernelKind


@dataclass(frozen=True)
class Step:
    """One step: either shell ``commands`` or a ``notebook`` (its path in the run folder).

    ``inputs`` are files or folders that the step gets; None means every file there is, which only a coordinator's own
    step may ask for. ``arguments`` are values for the notebook's own parameters, beside the plan's variables.
    ``is_participants`` is true where a participant's code runs, or may. ``limits`` are this step's own. ``kernel`` is
    the name of the kernel that a participant's notebook asks for.
    """

    name: str
    inputs: tuple[str, ...] | None
    outputs: tuple[str, ...]
    commands: tuple[str, ...] = ()
    notebook: str | None = None
    arguments: Mapping[str, Any] | None = None
    is_participants: bool = False
    limits: Limits = UNLIMITED
    kernel: str | None = None

    @property
    def kernel_kind(self) -> KernelKind | None:
        return None if self.kernel is None else KernelKind(self.kernel, self.limits)

    @property
    def slug(self) -> str:
        """The step's name as a file name and a part of a URL."""
        return re.sub(r"[^A-Za-z0-9_.-]+", "-", self.name).strip(".-") or "step"


@dataclass(frozen=True)
class Plan:
    """A run's steps with the values of the workflow's parameters (``variables``) and the files that it must yield
    (``outputs``). A post-processing run belongs to no ``submission``. ``owner`` is the id of the user who started the
    run, ``limits`` are of the run as a whole."""

    run: str
    benchmark: str
    submission: str | None
    static: str
    variables: Mapping[str, Any]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]
    owner: str | None = None
    limits: Limits = UNLIMITED

    def write(self, folder: RunFolder) -> None:
        folder.plan.write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: RunFolder) -> Plan:
        document = json.loads(folder.plan.read_text())
        limits = Limits.from_dict(document["limits"])
        steps = tuple(
            Step(
                **{
                    **step,
                    "inputs": None if step["inputs"] is None else tuple(step["inputs"]),
                    "outputs": tuple(step["outputs"]),
                    "commands": tuple(step["commands"]),
                    "limits": Limits.from_dict(step["limits"]),
                }
            )
            for step in document["steps"]
        )
        return cls(**{**document, "steps": steps, "outputs": tuple(document["outputs"]), "limits": limits})

    @property
    def first_kernel(self) -> KernelKind | None:
        """The kernel of the first step that is known to need one."""
        return next((step.kernel_kind for step in self.steps if step.kernel is not None), None)


@dataclass(frozen=True)
class RunFolder:
    """The run folder's layout; see the top of this module."""

    path: Path

    @property
    def plan(self) -> Path:
        return self.path / "plan.json"

    @property
    def attempt(self) -> Path:
        return self.path / "attempt"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def slot(self) -> Path:
        return self.path / "slot"

    @property
    def wake(self) -> Path:
        return self.path / "wake"

    @property
    def beat(self) -> Path:
        return self.path / "beat.json"

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def coordinator_log(self) -> Path:
        return self.path / "coordinator.log"

    @property
    def ranked(self) -> Path:
        return self.path / "runs.json"

    @property
    def notebooks(self) -> Path:
        return self.path / "notebooks"

    @property
    def coordinator_notebooks(self) -> Path:
        return self.path / "coordinator"

    @property
    def work(self) -> Path:
        return self.path / "work"

    @property
    def files(self) -> Path:
        return self.work / "files"

    @property
    def given(self) -> Path:
        return self.work / "given"

    def record(self, attempt: int) -> Path:
        return self.path / f"record-{attempt}.jsonl"

    def current_attempt(self) -> int:
        """The attempt that may work now, from 1; 0 while there has been none."""
        try:
            return int(self.attempt.read_text())
        except (OSError, ValueError):
            return 0

    def begin_attempt(self) -> int:
        """Let the next attempt work; from now on no worker of an earlier one may begin. Returns its number."""
        attempt = self.current_attempt() + 1
        new = self.path / "attempt.new"
        new.write_text(str(attempt))
        os.replace(new, self.attempt)
        return attempt

    def write_slot(self, name: str) -> None:
        """Write down the slot of the worker, at once or not at all."""
        new = self.path / "slot.new"
        new.write_text(name)
        os.replace(new, self.slot)

    def begun(self) -> int:
        """How many attempts have really begun: the service may have died before a worker was told."""
        return sum(1 for _ in self.path.glob("record-*.jsonl"))

    def executed(self, step: Step) -> Path:
        """Where the executed notebook of a step is; what a coordinator's shows may tell of the truth."""
        return (self.notebooks if step.is_participants else self.coordinator_notebooks) / f"{step.slug}.ipynb"

    def in_order(self, slugs: list[str]) -> list[str]:
        """The steps with these slugs in the plan's order."""
        if len(slugs) < 2:
            return slugs
        # Of the plan no more than that: it may be of an older version.
        steps = [Step(step["name"], None, ()).slug for step in json.loads(self.plan.read_text())["steps"]]
        return sorted(slugs, key=lambda slug: steps.index(slug) if slug in steps else len(steps))

    def create(self) -> None:
        for folder in (self.path, self.notebooks, self.coordinator_notebooks, self.given, self.files):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.touch()
