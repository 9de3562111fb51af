"""Runs a notebook as a step, by papermill: values injected, progress per cell, the executed notebook kept whatever
happens."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel
from jupyter_core.paths import jupyter_runtime_dir
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.exceptions import PapermillException, PapermillExecutionError
from papermill.iorw import load_notebook_node
from traitlets.config import Config

from ...notebooks import kernel_name, parameter_names
from .files import FileProblem, inside
from .plan import Plan, RunFolder, Step
from .record import Cause, RecordWriter

ENGINE = "rob"

#: The executed notebook is saved at most once in so many seconds: by time, since saving after each cell costs more
#: than many a cell.
SAVE_INTERVAL = 2.0

#: Longest path of a socket (103 on macOS, 107 on Linux), and what it adds to the connection file's (``-ipc-5``).
_SOCKET_PATH = 103
_SOCKET_SUFFIX = 6

_INJECTED = "injected-parameters"


class RunProgress(NotebookExecutionManager):  # type: ignore[misc]
    """Papermill's bookkeeping of one execution, which also reports each cell and saves by time."""

    def __init__(
        self, nb: NotebookNode, output_path: str, numbers: CellNumbers, step: str, record: RecordWriter
    ) -> None:
        super().__init__(nb, output_path=output_path, progress_bar=False, autosave_cell_every=5)
        self._numbers = numbers
        self._step = step
        self._record = record
        self._saved = 0.0

    def notebook_start(self, **kwargs: Any) -> None:
        self._record.step(self._step, self._numbers.total)
        super().notebook_start(**kwargs)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        super().cell_start(cell, cell_index, **kwargs)
        if cell_index is not None:
            self._record.cell(self._step, self._numbers.of(cell_index), self._numbers.total)

    def notebook_complete(self, **kwargs: Any) -> None:
        self._saved = 0.0
        super().notebook_complete(**kwargs)

    def save(self, **kwargs: Any) -> None:
        if time.monotonic() - self._saved >= SAVE_INTERVAL:
            super().save(**kwargs)
            self._saved = time.monotonic()


class RunEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine with :class:`RunProgress` as the execution's manager."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        *,
        numbers: CellNumbers,
        step: str,
        record: RecordWriter,
        progress_bar: bool = False,
        log_output: bool = False,
        **kwargs: Any,
    ) -> NotebookNode:
        manager = RunProgress(nb, str(output_path), numbers, step, record)
        manager.notebook_start()
        try:
            cls.execute_managed_notebook(manager, kernel_name, log_output=log_output, **kwargs)
        finally:
            manager.notebook_complete()
        executed: NotebookNode = manager.nb
        return executed


papermill_engines.register(ENGINE, RunEngine)


class CellNumbers:
    """Numbers of the submitted notebook's cells, from 1; the cell that papermill injects has the number of the one
    before it."""

    def __init__(self, notebook: NotebookNode, *, injects: bool) -> None:
        self.total = len(notebook.cells)
        tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
        replaced = any(_INJECTED in cell_tags for cell_tags in tags)
        self._injected_after = (
            next((index for index, cell_tags in enumerate(tags) if "parameters" in cell_tags), -1)
            if injects and not replaced
            else None
        )

    def of(self, index: int) -> int:
        """The number of the executed notebook's cell at ``index``."""
        if self._injected_after is None or index <= self._injected_after:
            return index + 1
        return max(1, index)


def run_notebook(plan: Plan, step: Step, run: RunFolder, folder: Path, record: RecordWriter) -> Cause | None:
    """Execute the step's notebook in ``folder``; the cause when it failed.

    The executed notebook is written to the run folder's ``notebooks``, as far as it got.
    """
    notebook = load_notebook_node(str(_find(plan, step, run)))
    values = _values(plan, step, notebook)
    numbers = CellNumbers(notebook, injects=bool(values))
    kernel = kernel_name(notebook) or ""
    try:
        language = KernelSpecManager().get_kernel_spec(kernel).language
        papermill.execute_notebook(
            notebook,
            str(run.executed(step)),
            parameters=values,
            engine_name=ENGINE,
            language=language,
            cwd=str(folder),
            config=_kernel_config(step),
            progress_bar=False,
            stdout_file=sys.stdout,
            stderr_file=sys.stderr,
            numbers=numbers,
            step=step.name,
            record=record,
        )
    except PapermillExecutionError as error:
        cell = numbers.of(error.cell_index)
        said = f"{error.ename}: {error.evalue}" if error.evalue else error.ename
        return Cause(
            "notebook",
            f"cell {cell}: {said}",
            step.name,
            cell,
            notebook.cells[cell - 1].get("id") if cell <= len(notebook.cells) else None,
            error.ename,
            error.evalue,
        )
    except NoSuchKernel:
        return Cause("kernel", f"The kernel '{kernel}' is not installed where the ROB service runs.", step.name)
    except DeadKernelError:
        return Cause("kernel", f"The kernel died in step '{step.name}'; it may have run out of memory.", step.name)
    except (CellTimeoutError, PapermillException, RuntimeError) as error:
        return Cause("kernel", f"Step '{step.name}' could not run: {error}", step.name)
    return None


def _kernel_config(step: Step) -> Config:
    """Connection file and sockets in the run's runtime folder, away from the notebook.

    Where the sockets' paths would be too long for the system: ports, which others can see and take.
    """
    connection_file = Path(jupyter_runtime_dir()) / f"{step.slug}.json"
    fits = len(os.fsencode(connection_file)) + _SOCKET_SUFFIX <= _SOCKET_PATH
    return Config(
        KernelManager={"transport": "ipc" if fits else "tcp", "connection_file": str(connection_file)},
    )


def _find(plan: Plan, step: Step, run: RunFolder) -> Path:
    """The step's notebook: a submitted one, an uploaded file, or the benchmark's own."""
    for folder in (run.path, run.files, Path(plan.static)):
        path = inside(folder, step.notebook or "")
        if path.is_file():
            return path
    raise FileProblem(f"its notebook '{step.notebook}' does not exist")


def _values(plan: Plan, step: Step, notebook: NotebookNode) -> dict[str, Any]:
    """What is injected: those of the workflow's parameters that the notebook declares, and the values for its own ones.

    Where the language can't be inspected all of the workflow's parameters are injected.
    """
    declared = parameter_names(notebook)
    offered = {name: value for name, value in plan.variables.items() if declared is None or name in declared}
    return {**offered, **(step.arguments or {})}
