"""The process of one run: carries out the plan's steps, each in a folder of its own, and writes the record.

``python -m jupyterlab_rob.service.engine.worker RUN_FOLDER [WAKE_FD]``, with the log as its standard output and error.
"""

from __future__ import annotations

import errno
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

from .environment import command_environment
from .files import FileProblem, hand_on, provide, relative_path
from .plan import Plan, RunFolder, Step
from .record import Cause, RecordWriter, shortened

#: How much of the log's end is looked through for a command's last words, in bytes.
_TAIL = 4096
#: Longest such words, in characters.
_MAX_LINE = 1000


class StepFailed(Exception):
    """A step went wrong for a reason that the user is told."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.message)
        self.cause = cause


class Worker:
    """Carries out one plan."""

    def __init__(self, folder: RunFolder, record: RecordWriter) -> None:
        self.folder = folder
        self.plan = Plan.read(folder)
        self.record = record

    def run(self) -> Cause | None:
        """Run all steps; the cause when one failed."""
        for number, step in enumerate(self.plan.steps):
            try:
                self._run_step(number, step)
            except StepFailed as failure:
                return failure.cause
            except FileProblem as problem:
                return Cause("output", f"Step '{step.name}': {problem}.", step.name)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                return Cause("storage", f"Step '{step.name}' stopped: no space left on the service's disk.", step.name)
        return None

    def _run_step(self, number: int, step: Step) -> None:
        folder = self.folder.step(number)
        folder.mkdir(parents=True)
        sources = (self.folder.files, Path(self.plan.static))
        if step.inputs is None:
            for source in reversed(sources):
                shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True)
        for name in step.inputs or ():
            provide(name, sources, folder)
        for name in step.outputs:
            (folder / relative_path(name)).parent.mkdir(parents=True, exist_ok=True)
        if step.notebook is not None:
            self._run_notebook(step, folder)
        else:
            self._run_commands(step, folder)
        for name in step.outputs:
            self._hand_on(step, name, folder)
        # Freed at once: a benchmark's data may be large, and each step has a copy.
        shutil.rmtree(folder, ignore_errors=True)

    def _run_notebook(self, step: Step, folder: Path) -> None:
        # Papermill takes over a second to import; a run without notebooks does without it.
        from .notebook_step import run_notebook

        cause = run_notebook(self.plan, step, self.folder, folder, self.record)
        if cause is not None:
            raise StepFailed(cause)

    def _run_commands(self, step: Step, folder: Path) -> None:
        self.record.step(step.name)
        environment = command_environment(self.plan.variables)
        for command in step.commands:
            start = self.folder.log.stat().st_size
            # A shell is what a template's commands are written for; participants' values reach it as environment only.
            code = subprocess.run(  # noqa: S602
                command.replace("$$", "$"),
                shell=True,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                check=False,
            ).returncode
            if code:
                said = self._last_line(start)
                raise StepFailed(
                    Cause(
                        "step",
                        f"Step '{step.name}' failed with exit code {code}" + (f": {said}" if said else "."),
                        step.name,
                    )
                )

    def _hand_on(self, step: Step, name: str, folder: Path) -> None:
        try:
            hand_on(name, folder, self.folder.files, Path(self.plan.static))
        except FileProblem as problem:
            raise StepFailed(
                Cause("output", f"Step '{step.name}' did not yield its output '{name}': {problem}.", step.name)
            ) from problem

    def _last_line(self, start: int) -> str:
        with self.folder.log.open("rb") as log:
            log.seek(max(start, self.folder.log.stat().st_size - _TAIL))
            lines = log.read(_TAIL).decode(errors="replace").strip().splitlines()
        return shortened(lines[-1], _MAX_LINE) if lines else ""


def main(arguments: list[str]) -> int:
    folder = RunFolder(Path(arguments[0]))
    with RecordWriter(folder.record, int(arguments[1]) if len(arguments) > 1 else None) as record:
        try:
            cause = Worker(folder, record).run()
        except Exception as error:
            # Not the participant's fault: the log has the traceback, the cause says what it was.
            traceback.print_exc()
            cause = Cause("service", f"The run's process failed: {type(error).__name__}: {error}")
        record.end(cause)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
