"""Runs a notebook as a step, by papermill: values injected, progress per cell, the executed notebook kept whatever
happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import papermill
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.iorw import load_notebook_node

from ...notebooks import kernel_name, parameter_names
from . import translation  # noqa: F401 (it tells papermill)
from .advice import killed_for_memory, of_death, of_error, way_out
from .cause import Cause, CauseKind
from .confinement import Confinement
from .execution import ENGINE, CellNumbers, NotebookExited
from .files import FileProblem, inside
from .kernels import Kernel, KernelFailed
from .orders import KernelKind
from .plan import Plan, RunFolder, Step
from .record import RecordWriter
from .watch import Watch


class NotebookStep:
    """One step of a run that is a notebook."""

    def __init__(
        self,
        plan: Plan,
        step: Step,
        run: RunFolder,
        record: RecordWriter,
        confinement: Confinement,
        watch: Watch,
    ) -> None:
        self._plan = plan
        self._step = step
        self._run = run
        self._record = record
        self._confinement = confinement
        self._watch = watch

    def run(self, folder: Path, kernel: Kernel | None) -> Cause | None:
        """Execute the notebook in ``folder``, by ``kernel`` if there is one; the cause when it failed.

        The executed notebook is written to the run folder's ``notebooks``, as far as it got.
        """
        notebook = load_notebook_node(str(self._find()))
        for cell in notebook.cells:
            if cell.cell_type == "code":
                # Others than Jupyter leave them out when they are empty, and papermill counts on them.
                cell.setdefault("outputs", [])
                cell.setdefault("execution_count", None)
        name = kernel_name(notebook) or ""
        try:
            language = KernelSpecManager().get_kernel_spec(name).language
            if kernel is None:
                kernel = Kernel.start(KernelKind(name, self._step.limits), folder, self._confinement)
        except NoSuchKernel:
            return Cause("kernel", f"The kernel '{name}' is not installed where the ROB service runs.")
        except KernelFailed as error:
            return Cause("kernel", str(error))
        try:
            return self._execute(notebook, kernel, language)
        finally:
            kernel.stop()

    def _execute(self, notebook: NotebookNode, kernel: Kernel, language: str) -> Cause | None:
        values = self._values(notebook)
        numbers = CellNumbers(notebook, injects=bool(values))
        self._watch.begin(kernel.kill)
        cause: Cause | None = None
        short = killed_for_memory()
        try:
            papermill.execute_notebook(
                notebook,
                str(self._run.executed(self._step)),
                parameters=values,
                engine_name=ENGINE,
                language=language,
                progress_bar=False,
                kernel=kernel,
                numbers=numbers,
                step=self._step.name,
                record=self._record,
            )
        except PapermillExecutionError as error:
            cause = self._raised(notebook, numbers.of(error.cell_index), error.ename, error.evalue)
        except NotebookExited as error:
            cause = self._exited(notebook, numbers.of(error.index), error.evalue)
        except DeadKernelError:
            was_short = short != killed_for_memory()
            kind, message = of_death(kernel.exit_code() or 0, self._step.limits, was_short=was_short)
            cause = self._exceeded(notebook, numbers.current, kind, message)
        except (CellTimeoutError, PapermillException, RuntimeError) as error:
            cause = Cause("kernel", f"The notebook could not be run: {error}")
        except OSError:
            # The service's disk, say.
            raise
        except Exception as error:
            # What a kernel sends may be anything, and is not the service's fault.
            cause = Cause("kernel", f"The notebook could not be run: {type(error).__name__}: {error}")
        finally:
            excess = self._watch.end()
        if excess is not None:
            return self._exceeded(notebook, numbers.current, excess.kind, excess.message)
        return cause

    def _find(self) -> Path:
        """The step's notebook: a submitted one, an uploaded file, or the benchmark's own."""
        for folder in (self._run.path, self._run.files, Path(self._plan.static)):
            path = inside(folder, self._step.notebook or "")
            if path.is_file():
                return path
        raise FileProblem(f"its notebook '{self._step.notebook}' does not exist")

    def _values(self, notebook: NotebookNode) -> dict[str, Any]:
        """What is injected: those of the workflow's parameters that the notebook declares, and the values for its own
        ones.

        Where the language can't be inspected all of the workflow's parameters are injected.
        """
        declared = parameter_names(notebook)
        offered = {name: value for name, value in self._plan.variables.items() if declared is None or name in declared}
        return {**offered, **(self._step.arguments or {})}

    def _raised(self, notebook: NotebookNode, cell: int, ename: str, evalue: str) -> Cause:
        has_network = self._step.limits.network or not self._confinement.is_sealed
        out = way_out(self._step.is_participants)
        kind, advice = of_error(ename, evalue, self._step.limits, self._run.path, out, has_network=has_network)
        said = f"cell {cell}: {ename}: {evalue}" if evalue else f"cell {cell}: {ename}"
        if advice is not None:
            said = f"{said.rstrip('. ')}. {advice}"
        return Cause(kind, said, None, cell, _id(notebook, cell), ename, evalue)

    def _exited(self, notebook: NotebookNode, cell: int, evalue: str) -> Cause:
        message = (
            f"cell {cell}: the notebook ended itself here, by exit() or SystemExit, so what follows was not run. Leave "
            "that out; to end with an error, raise one."
        )
        return Cause("notebook", message, None, cell, _id(notebook, cell), "SystemExit", evalue)

    def _exceeded(self, notebook: NotebookNode, cell: int | None, kind: CauseKind, message: str) -> Cause:
        where = "" if cell is None else f"cell {cell}: "
        whole = f"{where}{message} {way_out(self._step.is_participants)}"
        return Cause(kind, whole, None, cell, None if cell is None else _id(notebook, cell))


def _id(notebook: NotebookNode, cell: int) -> str | None:
    """The id of the cell with this number, in the notebook as it was submitted."""
    return notebook.cells[cell - 1].get("id") if cell <= len(notebook.cells) else None
