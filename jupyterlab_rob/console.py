"""What the command line prints: aligned tables, one progress line, results in words."""

from __future__ import annotations

import json
import math
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TextIO

from .models import JSON, RunState

#: Seconds without a sign of life that are worth mentioning.
SILENT = 30.0


def print_json(document: JSON) -> None:
    print(json.dumps(document, indent=2, ensure_ascii=not _can_encode("é…")))


def print_table(rows: Sequence[Sequence[str]], header: Sequence[str] | None = None) -> None:
    """Columns as wide as they need be; numbers to the right."""
    lines = [list(header), *rows] if header else list(rows)
    if not lines:
        return
    widths = [max(_width(line[column]) for line in lines) for column in range(len(lines[0]))]
    numeric = [bool(rows) and all(_is_number(row[column]) for row in rows) for column in range(len(lines[0]))]
    for line in lines:
        cells = []
        for text, width, right in zip(line, widths, numeric):
            padding = " " * (width - _width(text))
            cells.append(padding + text if right else text + padding)
        print("  ".join(cells).rstrip())


def shown(value: Any) -> str:
    """A value of a result as it stands in a table."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)


def progress_text(handle: JSON) -> str:
    """Where a run is: ``predict: cell 3 of 8``."""
    if not RunState(handle["state"]).is_active:
        return str(handle["state"])
    # Who waits would else wonder why a run goes back to the start.
    attempt = handle.get("attempt") or 1
    again = f"attempt {attempt}, after the run was lost: " if attempt > 1 else ""
    return again + _place(handle, handle.get("progress") or {})


def _place(handle: JSON, progress: JSON) -> str:
    if handle["state"] == RunState.PENDING.value:
        position = progress.get("position")
        if position is None:
            return "waiting for its turn"
        return (
            "waiting for its turn, next" if position == 1 else f"waiting for its turn, number {position} in the queue"
        )
    if not progress:
        return str(handle["state"])
    if progress.get("cell"):
        return f"{progress['step']}: cell {progress['cell']} of {progress['cells']}"
    return str(progress.get("step") or "starting")


def time_text(handle: JSON) -> str:
    """How long a run has taken and may take: ``12 s of about 40 s``; empty where nobody knows."""
    progress = handle.get("progress") or {}
    elapsed, expected, idle = (progress.get(name) for name in ("elapsed", "expected", "idle"))
    if elapsed is None:
        return ""
    text = _seconds(elapsed) + (f" of about {_seconds(expected)}" if expected is not None else "")
    # So that slow and stuck differ.
    return text + (f", no sign of life for {_seconds(idle)}" if idle is not None and idle >= SILENT else "")


def fault_text(handle: JSON) -> str:
    """Whom a run that failed is to be told, when it is not the participant's fault; else empty."""
    cause = handle.get("cause") or {}
    blame = cause.get("blame")
    if blame == "coordinator" and cause.get("kind") in ("step", "notebook"):
        # The evaluation also fails when it can't read what the notebook has left.
        return (
            "This step is the benchmark's, not yours. Unless its message is about your results, it is not your fault: "
            "tell the benchmark's coordinator."
        )
    whom = {"coordinator": "the benchmark's coordinator", "service": "who runs the ROB service"}.get(str(blame))
    return f"This is not your notebook's fault; tell {whom}." if whom else ""


class Progress:
    """One line that changes on a terminal, a line per change elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._last = ""

    def show(self, handle: JSON) -> None:
        text = progress_text(handle)
        if self._is_live:
            time = time_text(handle)
            self._write(f"\r\x1b[K{text}{f'  ({time})' if time else ''}")
        elif text != self._last:
            self._write(f"{text}\n")
        self._last = text

    def end(self) -> None:
        """Leave the line to what comes next."""
        if self._is_live and self._last:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def print_run(handle: JSON) -> None:
    """State, result and what went wrong."""
    rows = [("Run", handle["id"]), ("State", handle["state"])]
    if handle.get("workflowId"):
        rows.append(("Benchmark", handle["workflowId"]))
    if handle.get("groupName"):
        rows.append(("Submission", handle["groupName"]))
    rows += [("Notebook", text) for text in _notebooks(handle)]
    if RunState(handle["state"]).is_active:
        time = time_text(handle)
        rows.append(("Progress", progress_text(handle) + (f" ({time})" if time else "")))
    elif (handle.get("attempt") or 1) > 1:
        rows.append(("Attempt", str(handle["attempt"])))
    rows += [("Started", _local(handle["startedAt"]))] if handle.get("startedAt") else []
    rows += [("Duration", _duration(handle))] if handle.get("finishedAt") else []
    rows += [(name, shown(value)) for name, value in _given(handle).items()]
    if handle["state"] == RunState.SUCCESS.value and handle.get("result"):
        rank = handle.get("rank")
        rows.append(("Rank", f"#{rank}" if rank is not None else "none: not better than the submission's best run"))
    rows += [(name, shown(value)) for name, value in (handle.get("result") or {}).items()]
    rows += [("File", file["name"]) for file in handle.get("files") or []]
    print_table(rows)
    for message in (handle.get("messages") or [])[-1:]:
        print(f"\n{message}")
    if fault := fault_text(handle):
        print(fault)
    elif (handle.get("cause") or {}).get("cell") and handle.get("notebooks"):
        print(f"The executed notebook has the traceback: jupyter rob runs download {handle['id'][:8]}")


def print_runs(runs: Sequence[tuple[str, JSON]]) -> None:
    """A line for each run, given with its benchmark's name: what it is and what came of it."""
    rows = [
        (
            handle["id"][:8],
            _local(handle["createdAt"]),
            _shortened(benchmark),
            _shortened(handle.get("groupName") or ""),
            _shortened(", ".join(dict.fromkeys(notebook["name"] for notebook in submitted(handle)))),
            handle["state"],
            _shortened(_outcome(handle), 48),
        )
        for benchmark, handle in runs
    ]
    print_table(rows, ("Run", "Created", "Benchmark", "Submission", "Notebook", "State", "Outcome"))


def print_leaderboard(leaderboard: JSON, mine: set[str]) -> None:
    """The leaderboard; ``mine`` are ids of the user's submissions, marked where there are others' too."""
    columns = leaderboard["schema"]
    is_shared = any(row["group"]["id"] not in mine for row in leaderboard["ranking"])
    # Of interest where results are of several versions, or not of the current one.
    tells_version = any(row.get("version") not in (None, leaderboard.get("version")) for row in leaderboard["ranking"])
    labels = [column.get("label") or column["name"] for column in columns]
    header = ["Rank", "Submission", *labels, *(["Version"] if tells_version else []), ""]
    rows = []
    for place, row in enumerate(leaderboard["ranking"], 1):
        values = {result["name"]: result["value"] for result in row["results"]}
        results = [shown(values.get(column["name"])) for column in columns]
        if tells_version:
            results.append(shown(row.get("version")))
        mark = "<- you" if is_shared and row["group"]["id"] in mine else ""
        rows.append([str(row.get("rank") or place), row["group"]["name"], *results, mark])
    if rows:
        print_table(rows, header)
    else:
        print("Nobody is on the leaderboard yet.")


def submitted(handle: JSON) -> list[JSON]:
    """The notebooks of a run, ``{parameter?, name, sha256}``; a service of before tells of the first."""
    return handle.get("submitted") or ([handle["notebook"]] if handle.get("notebook") else [])


def _notebooks(handle: JSON) -> list[str]:
    found = submitted(handle)
    texts = [f"{notebook['name']}  {notebook['sha256'][:7]}" for notebook in found]
    if len(found) < 2:
        return texts
    return [f"{text}  for {notebook['parameter']}" for text, notebook in zip(texts, found)]


def _outcome(handle: JSON) -> str:
    """The leading metric and the rank, or what went wrong."""
    if handle.get("messages"):
        return str(handle["messages"][-1])
    leading = [f"{name} {shown(value)}" for name, value in list((handle.get("result") or {}).items())[:1]]
    rank = [f"#{handle['rank']}"] if handle.get("rank") is not None else []
    return "  ".join(rank + leading)


def _given(handle: JSON) -> JSON:
    """The scalar values that were given, the benchmark's and the notebook's own."""
    given: JSON = {}
    for argument in handle.get("arguments") or []:
        value = argument["value"]
        given.update(value["value"].get("parameters") or {} if isinstance(value, dict) else {argument["name"]: value})
    return given


def _local(time: str) -> str:
    """A time of the API, which is in UTC, on this machine's clock."""
    return datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _duration(handle: JSON) -> str:
    begun, ended = (datetime.fromisoformat(handle[key]) for key in ("startedAt", "finishedAt"))
    return f"{(ended - begun).total_seconds():.1f} s"


def _seconds(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _shortened(text: str, length: int = 32) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _width(text: str) -> int:
    """Columns on a terminal: East Asian letters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return text == "-"
    return True


def _can_encode(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
