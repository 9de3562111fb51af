"""The Python API: benchmarks, submissions and runs from scripts, and from the command line.

Synchronous, with requests. Every function raises a :class:`~jupyterlab_rob.errors.RobError` when the service refuses
or can't be reached.
"""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import NewConnectionError

from . import embedded, notebooks, submission
from .connection import Connection
from .errors import InvalidInput, ServiceUnavailable
from .models import JSON, RunState
from .sse import EventParser
from .submission import Flow, Request, Response
from .submission import submit as submit_flow

T = TypeVar("T")

# Seconds for a connection, and for an answer.
_CONNECT_TIMEOUT, _TIMEOUT = 10.0, 120.0
# Seconds without a sign of life after which a stream of events counts as dead: the service sends one every 15 s.
_SILENCE = 45.0
_CHUNK = 1 << 16
# Seconds for a last look when the time is over.
_LEAST = 0.5
# Seconds between two attempts to listen; each begins with a look at the run.
_FIRST_INTERVAL, _MAX_INTERVAL = 0.1, 2.0


class Client:
    """A ROB service, by default this user's embedded one, which is started on the first request.

    Args:
        data_dir: The embedded service's data folder; default: ``$ROB_DATA_DIR``, else in Jupyter's data folder.
        start_timeout: Seconds that the service may take to start.
    """

    def __init__(self, data_dir: Path | None = None, start_timeout: float = embedded.START_TIMEOUT) -> None:
        self._data_dir = data_dir
        self._start_timeout = start_timeout
        self._connection: Connection | None = None
        self._session = requests.Session()
        # Neither a proxy nor a .netrc is for a service on loopback; the latter would even replace the token.
        self._session.trust_env = False

    def benchmarks(self) -> list[JSON]:
        """All benchmarks: ``{id, name, description?, instructions?}``."""
        return list(self._drive(submission.get("workflows"))["workflows"])

    def benchmark(self, name: str) -> JSON:
        """The handle of the benchmark with this id or name: also ``parameters`` and ``notebookSteps``.

        Raises:
            NotFound: There is none; the message lists what there is.
        """
        return self._drive(submission.find_benchmark(name))

    def leaderboard(self, benchmark: str) -> JSON:
        """``{schema, ranking}`` as in docs/protocol.md; best first."""
        return dict(self._drive(submission.get("workflows", self.benchmark(benchmark)["id"], "leaderboard")))

    def submissions(self, benchmark: str) -> list[JSON]:
        """My submissions to a benchmark: ``{id, name}`` and more."""
        return list(self._drive(submission.get("workflows", self.benchmark(benchmark)["id"], "groups"))["groups"])

    def runs(self, benchmark: str) -> list[Run]:
        """My runs of a benchmark, newest first."""
        answer = self._drive(submission.get("workflows", self.benchmark(benchmark)["id"], "runs"))
        return [Run(self, handle) for handle in answer["runs"]]

    def get_run(self, run_id: str) -> Run:
        """One run by its id.

        Raises:
            NotFound: There is none with this id.
        """
        return Run(self, self._drive(submission.get("runs", run_id)))

    def submit(
        self,
        benchmark: str,
        notebook: str | Path | JSON,
        arguments: Mapping[str, Any] | None = None,
        submission: str | None = None,
    ) -> Run:
        """Start a run of a notebook.

        Args:
            benchmark: Id or name.
            notebook: Path of the file, or the notebook's JSON.
            arguments: Values by parameter name, the benchmark's and those of the notebook's ``parameters`` cell.
            submission: Under which name; made if need be. Default: the user's name.

        Raises:
            InvalidInput: The notebook or an argument is wrong; ``problems`` tells all that was found.
            NotFound: There is no such benchmark.
        """
        name, content = read_notebook(notebook)
        handle = self.benchmark(benchmark)
        return Run(self, self._drive(submit_flow(handle, content, name, arguments or {}, submission)))

    def _drive(self, flow: Flow[T], seconds: float = _TIMEOUT) -> T:
        """Drive a flow of ``submission.py`` to its result; ``seconds`` are for each answer."""
        try:
            request = next(flow)
            while True:
                request = flow.send(self._fetch(request, seconds))
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _fetch(self, request: Request, seconds: float = _TIMEOUT) -> Response:
        """The answer to one request, whatever its status.

        Raises:
            ServiceUnavailable: The service can't be started or reached, or does not answer within ``seconds``.
        """
        try:
            response = self._send(request, seconds)
            if response.status != 401:
                return response
            # Another service, with another token, listens where the one that is known did: nothing was done.
        except requests.RequestException as error:
            # The service may have ended, being idle. Start it again if nothing was done twice by that.
            if request.method != "GET" and not _was_refused(error):
                raise ServiceUnavailable("The ROB service went away in the middle of a request. Try again.") from error
        self._connection = None
        try:
            return self._send(request, seconds)
        except requests.RequestException as error:
            raise ServiceUnavailable("The ROB service can't be reached. Try again.") from error

    def _send(self, request: Request, seconds: float) -> Response:
        connection = self._connect()
        headers = {"Authorization": f"token {connection.token}"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        try:
            answer = self._session.request(
                request.method,
                f"{connection.url}/{request.path}".rstrip("/"),
                data=request.body,
                headers=headers,
                timeout=(min(_CONNECT_TIMEOUT, seconds), seconds),
                allow_redirects=False,
            )
        except requests.Timeout as error:
            raise ServiceUnavailable(f"The ROB service did not answer within {seconds:g} s.") from error
        return Response(answer.status_code, answer.content)

    def _events(self, deadline: float) -> Iterator[JSON | None]:
        """Run events (docs/protocol.md) of the service as they come, first a None: from now on none is missed.

        Ends when the stream does or has been silent for too long, and at ``deadline`` on the monotonic clock.
        """
        connection = self._connect()
        address = urlsplit(connection.url)
        # Not with requests: there, a stream's timeout is the same for all its parts, and here the time runs out.
        http = HTTPConnection(address.hostname or "", address.port, timeout=_within(deadline, _CONNECT_TIMEOUT))
        parser = EventParser()
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(http):
            http.connect()
            socket = http.sock
            http.request("GET", f"{address.path}/events", headers={"Authorization": f"token {connection.token}"})
            with http.getresponse() as stream:
                if stream.status != 200:
                    return
                yield None
                while time.monotonic() < deadline:
                    socket.settimeout(_within(deadline, _SILENCE))
                    chunk = stream.read1(_CHUNK)
                    if not chunk:
                        return
                    yield from parser.feed(chunk)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = embedded.ensure(self._data_dir, self._start_timeout)
        return self._connection


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
        self._look(_TIMEOUT)
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
        interval = _FIRST_INTERVAL
        while True:
            # By events as long as they flow; by a look now and then when they don't.
            for event in self._client._events(deadline):
                if event is None or event.get("run") == self.id:
                    self._take(event, deadline, on_change)
                if not self.state.is_active:
                    return self
            # The stream broke, perhaps with the service, which the next look starts again; or the time is over.
            time.sleep(max(min(interval, deadline - time.monotonic()), 0))
            interval = min(1.5 * interval, _MAX_INTERVAL)
            self._take(None, deadline, on_change)
            if not self.state.is_active:
                return self
            if time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.id} is still {self.state.value} after {timeout:g} s.")

    def _take(self, event: JSON | None, deadline: float, on_change: Callable[[Run], None] | None) -> None:
        before = self.handle
        if event is None or event.get("state") != RunState.RUNNING.value:
            try:
                self._look(_within(deadline, _TIMEOUT))
            except ServiceUnavailable:
                # Whoever waits for so long only is told that it took longer.
                if time.monotonic() < deadline:
                    raise
        else:
            progress = {key: event.get(key) for key in ("step", "cell", "cells", "elapsed")}
            self.handle = {**self.handle, "state": event["state"], "progress": progress}
        if on_change is not None and self.handle != before:
            on_change(self)

    def _look(self, seconds: float) -> None:
        self.handle = self._client._drive(submission.get("runs", self.id), seconds)

    def cancel(self, reason: str | None = None) -> Run:
        """Cancel the run; returns the run itself.

        Raises:
            Conflict: It has ended already.
        """
        body = json.dumps({"reason": reason} if reason else {}).encode()
        self.handle = self._client._fetch(Request("PUT", f"runs/{self.id}", body)).json()
        return self

    def log(self) -> str:
        """The run's log, as far as there is one."""
        response = self._client._fetch(Request("GET", f"runs/{self.id}/log"))
        if response.status >= 400:
            response.json()  # Raises what the service says.
        return response.body.decode("utf-8", errors="replace")


def read_notebook(notebook: str | Path | JSON) -> tuple[str, JSON]:
    """Name and content of a notebook, given by its path or its JSON.

    Raises:
        InvalidInput: It can't be read, or is no notebook.
    """
    if isinstance(notebook, dict):
        return "notebook.ipynb", notebooks.validate(notebook)
    path = Path(notebook)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"Can't read {path}: {error.strerror}.") from error
    return path.name, notebooks.parse(content, path.name)


def benchmarks() -> list[JSON]:
    """All benchmarks: ``{id, name, description?, instructions?}``."""
    return Client().benchmarks()


def submit(
    benchmark: str,
    notebook: str | Path | JSON,
    arguments: Mapping[str, Any] | None = None,
    submission: str | None = None,
) -> Run:
    """Start a run of a notebook; see :meth:`Client.submit`."""
    return Client().submit(benchmark, notebook, arguments, submission)


def leaderboard(benchmark: str) -> JSON:
    """``{schema, ranking}`` of a benchmark; best first."""
    return Client().leaderboard(benchmark)


def _within(deadline: float, seconds: float) -> float:
    """So many seconds, or as many as are left; enough for one answer of a service that is well."""
    return max(min(deadline - time.monotonic(), seconds), _LEAST)


def _was_refused(error: requests.RequestException) -> bool:
    """Whether there was no connection, so that nothing can have been done."""
    cause = error.args[0] if error.args else None
    return isinstance(getattr(cause, "reason", cause), NewConnectionError)
