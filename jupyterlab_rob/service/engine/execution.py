"""How papermill executes a notebook here: by a kernel that is there, with progress, and saved by time."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

from nbformat import NotebookNode
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, NotebookExecutionManager, papermill_engines
from papermill.log import logger

from ... import notebooks
from .kernels import Kernel
from .record import RecordWriter

ENGINE = "rob"

#: The executed notebook is saved at most once in so many seconds: by time, since saving after each cell costs more
#: than many a cell.
SAVE_INTERVAL = 2.0

#: What a notebook's outputs may take together, in bytes: they are held in memory, outside of the notebook's limits.
MAX_OUTPUT = 128 << 20

#: Seconds that a cell's outputs may take to arrive after it has ended: a flood of them may be on its way.
_OUTPUT_TIMEOUT = 600


class NotebookExited(Exception):
    """The cell at ``index`` of the executed notebook has ended the notebook, as by sys.exit() or exit()."""

    def __init__(self, index: int, evalue: str) -> None:
        super().__init__(f"SystemExit: {evalue}")
        self.index = index
        self.evalue = evalue


class CellNumbers:
    """Numbers of the submitted notebook's cells, from 1; the cell that papermill injects has the number of the one
    before it."""

    def __init__(self, notebook: NotebookNode, *, injects: bool) -> None:
        self.total = len(notebook.cells)
        #: The cell that was begun last.
        self.current: int | None = None
        tags = [cell.metadata.get("tags", []) for cell in notebook.cells]
        replaced = any(notebooks.INJECTED_TAG in cell_tags for cell_tags in tags)
        self._injected_after = (
            next((index for index, cell_tags in enumerate(tags) if notebooks.PARAMETERS_TAG in cell_tags), -1)
            if injects and not replaced
            else None
        )

    def of(self, index: int) -> int:
        """The number of the executed notebook's cell at ``index``."""
        if self._injected_after is None or index <= self._injected_after:
            return index + 1
        return max(1, index)


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
        #: Whether papermill will not write the notebook itself in the end.
        self.must_save = False

    def notebook_start(self, **kwargs: Any) -> None:
        self._record.step(self._step, self._numbers.total)
        super().notebook_start(**kwargs)

    def cell_start(self, cell: NotebookNode, cell_index: int | None = None, **kwargs: Any) -> None:
        super().cell_start(cell, cell_index, **kwargs)
        if cell_index is not None:
            self._numbers.current = self._numbers.of(cell_index)
            self._record.cell(self._step, self._numbers.current, self._numbers.total)

    def save(self, **kwargs: Any) -> None:
        if self.must_save or time.monotonic() - self._saved >= SAVE_INTERVAL:
            super().save(**kwargs)
            self._saved = time.monotonic()


class RunClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes by a kernel that is there; outputs beyond ``MAX_OUTPUT`` are left out, and the notebook says so."""

    def __init__(self, manager: RunProgress, kernel: Kernel, **kwargs: Any) -> None:
        super().__init__(manager, km=kernel.manager, iopub_timeout=_OUTPUT_TIMEOUT, **kwargs)
        self.kc = kernel.client
        self._room = MAX_OUTPUT

    def output(self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str, cell_index: int) -> Any:
        size = _size(msg["content"])
        if size > self._room:
            if self._room > 0:
                self._room = 0
                if printed := _printed(msg):
                    self.log_output_message(printed)
                text = f"\n… outputs beyond {MAX_OUTPUT >> 20} MB are left out …\n"
                header = {**msg["header"], "msg_type": "stream"}
                content = {"name": "stderr", "text": text}
                msg = {**msg, "header": header, "msg_type": "stream", "content": content}
                return super().output(outs, msg, display_id, cell_index)
            # It still goes into the log, which has a limit of its own.
            return _printed(msg)
        self._room -= size
        return super().output(outs, msg, display_id, cell_index)

    def handle_comm_msg(self, outs: list[NotebookNode], msg: dict[str, Any], cell_index: int) -> None:
        # What a notebook sends for its widgets may be anything, and is no reason for its run to fail.
        self._room -= _size(msg["content"])
        if self._room <= 0:
            return
        with contextlib.suppress(Exception):
            super().handle_comm_msg(outs, msg, cell_index)

    def set_widgets_metadata(self) -> None:
        with contextlib.suppress(Exception):
            super().set_widgets_metadata()

    async def _check_raise_for_error(
        self, cell: NotebookNode, cell_index: int, exec_reply: dict[str, Any] | None
    ) -> None:
        content = exec_reply["content"] if exec_reply else {}
        # Papermill takes it for a success, without the cells that follow.
        if content.get("ename") == "SystemExit" or any(
            payload.get("source") == "ask_exit" for payload in content.get("payload", ())
        ):
            raise NotebookExited(cell_index, str(content.get("evalue", "")))
        if "raises-exception" in cell.metadata.get("tags", ()):
            # Its author expects it, and Jupyter goes on after it; papermill fails at any error among the outputs.
            cell.outputs = [_as_text(output) for output in cell.outputs]
        await super()._check_raise_for_error(cell, cell_index, exec_reply)


class RunEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's own engine with :class:`RunProgress` as the execution's manager."""

    @classmethod
    def execute_notebook(
        cls,
        nb: NotebookNode,
        kernel_name: str,
        output_path: str | None = None,
        *,
        kernel: Kernel,
        numbers: CellNumbers,
        step: str,
        record: RecordWriter,
        **_: Any,
    ) -> NotebookNode:
        manager = RunProgress(nb, str(output_path), numbers, step, record)
        manager.notebook_start()
        try:
            RunClient(
                manager,
                kernel,
                kernel_name=kernel_name,
                log=logger,
                stdout_file=sys.stdout,
                stderr_file=sys.stderr,
            ).execute()
        except BaseException:
            manager.must_save = True
            raise
        finally:
            manager.notebook_complete()
        executed: NotebookNode = manager.nb
        return executed


papermill_engines.register(ENGINE, RunEngine)


def _printed(msg: dict[str, Any]) -> NotebookNode | None:
    return _stream(**msg["content"]) if msg["msg_type"] == "stream" else None


def _as_text(output: NotebookNode) -> NotebookNode:
    if output.output_type != "error":
        return output
    text = "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    return _stream("stderr", text + "\n")


def _stream(name: str, text: str) -> NotebookNode:
    return NotebookNode(output_type="stream", name=name, text=text)  # type: ignore[no-untyped-call]


def _size(content: dict[str, Any]) -> int:
    """What a message takes, roughly: all the text that is in it, however deep."""
    size = 0
    parts: list[Any] = [content]
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            parts += [*part.keys(), *part.values()]
        elif isinstance(part, list):
            parts += part
        else:
            size += len(part) if isinstance(part, str) else 8
    return size
