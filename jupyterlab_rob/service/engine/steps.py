"""Carries out a plan's steps, one after the other, each in a folder of its own and confined."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from .advice import of_outputs, of_signal, way_out
from .cause import Cause, CauseKind, shortened
from .confinement import Confinement
from .environment import command_environment
from .files import FileProblem, hand_on, link, provide, regular_files, relative_path
from .handover import discard
from .kernels import Kernel
from .log import LogWriter
from .plan import Plan, RunFolder, Step
from .record import RecordWriter
from .watch import Watch, folder_size

#: Longest last words of a command, in characters.
_MAX_LINE = 1000


class StepFailed(Exception):
    """A step went wrong for a reason that the user is told."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


class Steps:
    """The steps of one run.

    Args:
        kernel: One that waits, for the first notebook that such a kernel will do for.
    """

    def __init__(
        self,
        run: RunFolder,
        plan: Plan,
        confinement: Confinement,
        record: RecordWriter,
        log: LogWriter,
        watch: Watch,
        kernel: Kernel | None,
    ) -> None:
        self._run = run
        self._plan = plan
        self._confinement = confinement
        self._record = record
        self._log = log
        self._watch = watch
        self._kernel = kernel

    def run(self) -> Cause | None:
        """Run all steps; the cause when one failed."""
        self._begin()
        for number, step in enumerate(self._plan.steps):
            try:
                self._run_step(number, step)
            except StepFailed as failure:
                return failure.cause
            except FileProblem as problem:
                return Cause("output", f"Step '{step.name}': {problem}.").in_step(step.name, step.is_participants)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                return Cause("storage", f"Step '{step.name}' stopped: no space left on the service's disk.", step.name)
        return None

    def _begin(self) -> None:
        """What an earlier attempt has left is not this one's."""
        shutil.rmtree(self._run.files, ignore_errors=True)
        for folder in (self._run.notebooks, self._run.coordinator_notebooks):
            # A run that an older service has queued lacks one.
            folder.mkdir(mode=0o700, exist_ok=True)
            for notebook in folder.glob("*.ipynb"):
                notebook.unlink()
        self._run.files.mkdir(parents=True)
        for name in regular_files(self._run.given, "."):
            link(self._run.given, name, self._run.files)

    def _run_step(self, number: int, step: Step) -> None:
        self._log.write_to(self._run.log if step.is_participants else self._run.coordinator_log)
        kernel = self._take_kernel(step)
        folder = self._folder(number, step)
        try:
            self._provide(step, folder)
            self._watch.begin_step(step.limits, folder, self._confinement.slot.runtime)
            if step.notebook is not None:
                self._run_notebook(step, folder, kernel)
            else:
                self._run_commands(step, folder)
            self._confinement.take_back(folder)
            self._hand_on(step, folder)
        finally:
            if kernel is not None:
                kernel.stop()
            # Freed at once: a benchmark's data may be large, and each step has a copy.
            discard(folder)

    def _folder(self, number: int, step: Step) -> Path:
        """The step's folder. Nobody can tell by its name whether a kernel has waited in it."""
        first = next((index for index, one in enumerate(self._plan.steps) if one.kernel is not None), None)
        return self._confinement.slot.first_notebook if number == first else self._confinement.slot.step(number)

    def _take_kernel(self, step: Step) -> Kernel | None:
        """The kernel that waits, if it will do for this step."""
        kernel = self._kernel
        if step.notebook is None or kernel is None or kernel.kind != step.kernel_kind or not kernel.is_alive():
            return None
        self._kernel = None
        return kernel

    def _provide(self, step: Step, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        sources = (self._run.files, Path(self._plan.static))
        if step.inputs is None:
            for source in reversed(sources):
                shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True)
        for name in step.inputs or ():
            provide(name, sources, folder)
        for name in step.outputs:
            (folder / relative_path(name)).parent.mkdir(parents=True, exist_ok=True)
        self._confinement.hand_over(folder)

    def _run_notebook(self, step: Step, folder: Path, kernel: Kernel | None) -> None:
        from .notebook_step import NotebookStep

        notebook = NotebookStep(self._plan, step, self._run, self._record, self._confinement, self._watch)
        cause = notebook.run(folder, kernel)
        if cause is not None:
            if sum(one.notebook is not None for one in self._plan.steps) > 1:
                # The number of a cell alone would not say of which notebook.
                cause = replace(cause, message=f"Step '{step.name}': {cause.message}")
            raise StepFailed(cause.in_step(step.name, step.is_participants))

    def _run_commands(self, step: Step, folder: Path) -> None:
        self._record.step(step.name)
        environment = command_environment(self._confinement.environment(os.environ), self._plan.variables)
        for command in step.commands:
            # A shell is what a template's commands are written for; participants' values reach it as environment only.
            shell = ["/bin/sh", "-c", command.replace("$$", "$")]
            self._log.mark()
            process = subprocess.Popen(
                self._confinement.command(shell, folder, limits=step.limits),
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._watch.begin(partial(_kill, process.pid))
            code = process.wait()
            excess = self._watch.end()
            # What it has left behind, as far as it has not got away.
            _kill(process.pid)
            if excess is not None:
                raise StepFailed(self._exceeded(step, excess.kind, excess.message))
            if code:
                raise StepFailed(self._failed(step, code))

    def _failed(self, step: Step, code: int) -> Cause:
        found = of_signal(code, step.limits)
        if found is not None:
            return self._exceeded(step, *found)
        said = shortened(self._log.last_line(), _MAX_LINE)
        message = f"Step '{step.name}' failed with exit code {code}" + (f": {said}" if said else ".")
        return Cause("step", message).in_step(step.name, step.is_participants)

    def _exceeded(self, step: Step, kind: CauseKind, message: str) -> Cause:
        whole = f"Step '{step.name}': {message} {way_out(step.is_participants)}"
        return Cause(kind, whole).in_step(step.name, step.is_participants)

    def _hand_on(self, step: Step, folder: Path) -> None:
        for name in step.outputs:
            try:
                hand_on(name, folder, self._run.files, Path(self._plan.static))
            except FileProblem as problem:
                message = f"Step '{step.name}' did not yield its output '{name}': {problem}."
                raise StepFailed(Cause("output", message).in_step(step.name, step.is_participants)) from problem
        limit = self._plan.limits.disk
        if limit is not None and folder_size(self._run.files) > limit:
            raise StepFailed(self._exceeded(step, "disk", of_outputs(limit)))


def _kill(leader: int) -> None:
    """End a process group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)
