"""The Python API: benchmarks, submissions and runs from scripts, and from the command line.

Synchronous, with requests. Every function raises a :class:`~jupyterlab_rob.errors.RobError` when the service refuses
or can't be reached.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from . import benchmarkdata, downloads, embedded, following, submission
from .credentials import Credentials
from .errors import InvalidInput, ServiceUnavailable
from .flows import Request, find_active_runs, get
from .models import JSON, PROGRESS, RunState
from .notebooks import parse, validate
from .remote import RemoteService, configured_url
from .splitting import Source, divide, require_use
from .submission import Prepared
from .submission import start as start_flow
from .submission import submit as submit_flow
from .transport import TIMEOUT, Transport, within

# Seconds between two attempts to listen, or two looks where there is nothing to listen to; each begins with a look.
_FIRST_INTERVAL, _MAX_INTERVAL, _MAX_POLL_INTERVAL = 0.1, 2.0, 5.0
# Seconds for which a service at a URL may be away while somebody waits for a run.
_PATIENCE = 300.0


class Client:
    """A ROB service: the one at a URL, else this user's embedded one, which is started on the first request.

    Args:
        data_dir: The embedded service's data folder; default: ``$ROB_DATA_DIR``, else in Jupyter's data folder.
        start_timeout: Seconds that the embedded service may take to start.
        url: Of the service, its API's base; default: ``$ROB_URL``. Log in with ``jupyter rob login``, or set
            ``$ROB_TOKEN``.
    """

    def __init__(
        self, data_dir: Path | None = None, start_timeout: float = embedded.START_TIMEOUT, url: str | None = None
    ) -> None:
        found = None if data_dir else configured_url(url)
        self.remote = RemoteService(found, Credentials()) if found else None
        self.transport = Transport(data_dir, start_timeout, self.remote)

    @property
    def has_events(self) -> bool:
        """Whether the service tells of changes by itself; the published server has to be asked."""
        return self.transport.link().dialect.has_events

    def benchmarks(self) -> list[JSON]:
        """All benchmarks: ``{id, name, description?, instructions?}``."""
        return list(self.transport.run(get("workflows"))["workflows"])

    def benchmark(self, name: str) -> JSON:
        """The handle of the benchmark with this id or name: also ``parameters`` and ``notebookSteps``.

        Raises:
            NotFound: There is none; the message lists what there is.
        """
        return self.transport.run(submission.find_benchmark(name))

    def download_data(self, benchmark: str, folder: str | Path | None = None, *, overwrite: bool = False) -> list[Path]:
        """Write the files that a benchmark gives to notebooks into a folder; the paths of the files.

        Args:
            benchmark: Id or name.
            folder: Made if need be, empty otherwise; default: the benchmark's id, in the working folder.
            overwrite: Replace files that are there already.

        Raises:
            InvalidInput: The folder is not empty, or a file can't be written.
            NotFound: There is no such benchmark, or it gives nothing, or its service does not hand it out.
        """
        found = self.benchmark(benchmark)["id"]
        place = Path(folder) if folder is not None else Path(found)
        return benchmarkdata.download_data(self.transport, found, place, overwrite=overwrite)

    def leaderboard(self, benchmark: str) -> JSON:
        """``{schema, ranking}`` as in docs/protocol.md; best first."""
        return dict(self.transport.run(get("workflows", self.benchmark(benchmark)["id"], "leaderboard")))

    def submissions(self, benchmark: str) -> list[JSON]:
        """My submissions to a benchmark: ``{id, name}`` and more."""
        return list(self.transport.run(get("workflows", self.benchmark(benchmark)["id"], "groups"))["groups"])

    def runs(self, benchmark: str) -> list[Run]:
        """My runs of a benchmark, newest first."""
        answer = self.transport.run(get("workflows", self.benchmark(benchmark)["id"], "runs"))
        return [Run(self, handle) for handle in answer["runs"]]

    def active_runs(self) -> list[Run]:
        """My runs of all benchmarks that wait or run."""
        return [self.get_run(run["id"]) for _, run in self.transport.run(find_active_runs())]

    def get_run(self, run_id: str) -> Run:
        """One run by its id.

        Raises:
            NotFound: There is none with this id.
        """
        return Run(self, self.transport.run(get("runs", run_id)))

    def submit(
        self,
        benchmark: str,
        notebook: str | Path | JSON | None = None,
        arguments: Mapping[str, Any] | None = None,
        submission: str | None = None,
        *,
        notebooks: Mapping[str, str | Path | JSON] | None = None,
    ) -> Run:
        """Start a run of a notebook, or of several where a benchmark takes several.

        Args:
            benchmark: Id or name.
            notebook: Path of the file, or the notebook's JSON. It fills all of the benchmark's parameters for notebooks
                that have none in ``notebooks``; cells that are for one of them only have the tag ``rob:NAME``.
            arguments: Values by parameter name, the benchmark's and those of the notebooks' ``parameters`` cells.
            submission: Under which name; made if need be. Default: the user's name.
            notebooks: Notebooks by parameter name; with one for each, there is no ``notebook``.

        Raises:
            InvalidInput: A notebook or an argument is wrong; ``problems`` tells all that was found.
            NotFound: There is no such benchmark.
        """
        main, own = read_sources(notebook, notebooks)
        handle = self.benchmark(benchmark)
        parts = divide(handle, main, own)
        require_use(parts, main)
        return Run(self, self.transport.run(submit_flow(handle, parts, arguments or {}, submission)))

    def start(
        self,
        benchmark: JSON,
        prepared: Prepared,
        arguments: Mapping[str, Any] | None = None,
        submission: str | None = None,
    ) -> Run:
        """Start a run of notebooks as they were checked and prepared, whatever has become of their files since.

        Args:
            benchmark: The benchmark's handle.
            prepared: What :func:`jupyterlab_rob.submission.prepare` makes of the notebooks.
            arguments: The same that they were prepared with.
            submission: As for :meth:`submit`.

        Raises:
            RobError: The service refused.
        """
        return Run(self, self.transport.run(start_flow(benchmark, prepared, arguments or {}, submission)))


class Run:
    """One run; what its properties tell is as of the last :meth:`refresh`."""

    def __init__(self, client: Client, handle: JSON) -> None:
        self._client = client
        self.handle = handle

    def __repr__(self) -> str:
        return f"<Run {self.id} {self.state.value}>"

    @property
    def id(self) -> str:
        return str(self.handle["id"])

    @property
    def state(self) -> RunState:
        return RunState(self.handle["state"])

    @property
    def result(self) -> JSON | None:
        """Values by column; None until there is a result."""
        return self.handle.get("result")

    @property
    def rank(self) -> int | None:
        """The submission's rank when this run stands for it on the leaderboard."""
        return self.handle.get("rank")

    @property
    def messages(self) -> list[str]:
        """What went wrong; the last one is for the reader."""
        return list(self.handle.get("messages") or [])

    @property
    def files(self) -> list[JSON]:
        """Result files of a run that succeeded: ``{id, name, title?, caption?}``."""
        return list(self.handle.get("files") or [])

    def refresh(self) -> Run:
        """Ask the service how the run is; returns the run itself."""
        self._look(TIMEOUT)
        return self

    def wait(self, timeout: float | None = None, on_change: Callable[[Run], None] | None = None) -> Run:
        """Wait until the run has ended, in whatever state; returns the run itself.

        Args:
            timeout: Seconds; None waits for as long as it takes. A service that has ended meanwhile is started again,
                which takes its own time.
            on_change: Called whenever state or progress have changed.

        Raises:
            TimeoutError: It is still active.
        """
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        interval, away_since = _FIRST_INTERVAL, math.inf
        while True:
            before = self.handle
            try:
                # By events as long as they flow; by a look now and then when they don't.
                for event in self._client.transport.events(deadline):
                    if event is None or event.get("run") == self.id:
                        self._take(event, deadline, on_change)
                    if not self.state.is_active:
                        return self
                # The stream broke, perhaps with the service, which the next look starts again; or the time is over.
                time.sleep(max(min(interval, deadline - time.monotonic()), 0))
                self._take(None, deadline, on_change)
                away_since = math.inf
            except ServiceUnavailable:
                # One at a URL is started anew by somebody else.
                away_since = min(away_since, time.monotonic())
                if self._client.remote is None or time.monotonic() - away_since > _PATIENCE:
                    raise
                time.sleep(max(min(interval, deadline - time.monotonic()), 0))
            if not self.state.is_active:
                return self
            if time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.id} is still {self.state.value} after {timeout:g} s.")
            slowest = _MAX_INTERVAL if self._client.has_events else _MAX_POLL_INTERVAL
            interval = min(1.5 * interval, slowest) if self.handle == before else _FIRST_INTERVAL

    def _take(self, event: JSON | None, deadline: float, on_change: Callable[[Run], None] | None) -> None:
        before = self.handle
        if event is None or not _tells_progress(event):
            try:
                self._look(within(deadline, TIMEOUT))
            except ServiceUnavailable:
                # Whoever waits for so long only is told that it took longer.
                if time.monotonic() < deadline:
                    raise
        else:
            # Of a run that waits, too: when one leaves the queue, all that wait would ask at once.
            attempt = {"attempt": event["attempt"]} if "attempt" in event else {}
            progress = {key: event.get(key) for key in PROGRESS}
            self.handle = {**self.handle, "state": event["state"], "progress": progress, **attempt}
        if on_change is not None and self.handle != before:
            on_change(self)

    def _look(self, seconds: float) -> None:
        self.handle = self._client.transport.run(get("runs", self.id), seconds)

    def cancel(self, reason: str | None = None) -> Run:
        """Cancel the run; returns the run itself.

        Raises:
            Conflict: It has ended already.
        """
        body = json.dumps({"reason": reason} if reason else {}).encode()
        self.handle = self._client.transport.fetch(Request("PUT", f"runs/{self.id}", body)).json()
        return self

    def log(self) -> str:
        """The run's log, as far as there is one.

        Raises:
            NotFound: The service keeps none.
        """
        response = self._client.transport.fetch(Request("GET", f"runs/{self.id}/log"))
        if response.status >= 400:
            response.json()  # Raises what the service says.
        return response.body.decode("utf-8", errors="replace")

    def follow_log(self, write: Callable[[str], None]) -> Run:
        """Hand what the run prints to ``write``, as it comes, until the run has ended; returns the run itself.

        Raises:
            NotFound: The service keeps no logs.
        """
        following.follow(self, self._client.transport, write)
        return self

    def download(
        self, folder: str | Path | None = None, *, notebook_only: bool = False, overwrite: bool = False
    ) -> list[Path]:
        """Write result files, executed notebooks and log into a folder; the paths of the files.

        Args:
            folder: Made if need be; default: ``run-`` and the beginning of the run's id, in the working folder.
            notebook_only: Only the executed notebooks.
            overwrite: Replace files that are there already.

        Raises:
            InvalidInput: A file is there already, or can't be written.
            NotFound: The run has left nothing.
        """
        self.refresh()
        place = Path(folder) if folder is not None else Path(f"run-{self.id[:8]}")
        return downloads.download(
            self._client.transport, self.handle, place, notebook_only=notebook_only, overwrite=overwrite
        )

    def rerun(self) -> Run:
        """Start another run with the same notebook and arguments, of the benchmark as it is now; returns that.

        Raises:
            RobError: That can't be, and why.
        """
        return Run(self._client, self._client.transport.run(submission.start_again(self.handle)))


def _tells_progress(event: JSON) -> bool:
    """Whether an event tells all that is to know of an active run."""
    if event.get("state") == RunState.PENDING.value:
        return event.get("position") is not None
    return event.get("state") == RunState.RUNNING.value


def read_sources(
    notebook: str | Path | JSON | None, notebooks: Mapping[str, str | Path | JSON] | None = None
) -> tuple[Source | None, dict[str, Source]]:
    """The main notebook and those of single parameters, each given by its path or its JSON.

    Raises:
        InvalidInput: One can't be read, or is no notebook.
    """
    main = None if notebook is None else _read_source(notebook, "notebook")
    return main, {name: _read_source(given, name) for name, given in (notebooks or {}).items()}


def _read_source(given: str | Path | JSON, stem: str) -> Source:
    if isinstance(given, dict):
        name = f"{stem}.ipynb"
        return Source(name, validate(given, name))
    path = Path(given)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Can't read {path}: {error.strerror}.") from error
    return Source(path.name, parse(content, path.name))


def benchmarks() -> list[JSON]:
    """All benchmarks: ``{id, name, description?, instructions?}``."""
    return Client().benchmarks()


def download_data(benchmark: str, folder: str | Path | None = None, *, overwrite: bool = False) -> list[Path]:
    """Write the files that a benchmark gives to notebooks into a folder; see :meth:`Client.download_data`."""
    return Client().download_data(benchmark, folder, overwrite=overwrite)


def submit(
    benchmark: str,
    notebook: str | Path | JSON | None = None,
    arguments: Mapping[str, Any] | None = None,
    submission: str | None = None,
    *,
    notebooks: Mapping[str, str | Path | JSON] | None = None,
) -> Run:
    """Start a run of a notebook, or of several; see :meth:`Client.submit`."""
    return Client().submit(benchmark, notebook, arguments, submission, notebooks=notebooks)


def leaderboard(benchmark: str) -> JSON:
    """``{schema, ranking}`` of a benchmark; best first."""
    return Client().leaderboard(benchmark)
