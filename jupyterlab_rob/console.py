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
    if handle["state"] == RunState.PENDING.value:
        return "waiting for its turn"
    progress = handle.get("progress")
    if handle["state"] != RunState.RUNNING.value or not progress:
        return str(handle["state"])
    if progress.get("cell"):
        return f"{progress['step']}: cell {progress['cell']} of {progress['cells']}"
    return str(progress.get("step") or "starting")


class Progress:
    """One line that changes on a terminal, a line per change elsewhere."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_live = self._stream.isatty()
        self._last = ""

    def show(self, handle: JSON) -> None:
        text = progress_text(handle)
        if self._is_live:
            elapsed = (handle.get("progress") or {}).get("elapsed")
            suffix = f"  ({elapsed:.0f} s)" if elapsed is not None else ""
            self._write(f"\r\x1b[K{text}{suffix}")
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
    if handle.get("notebook"):
        rows.append(("Notebook", f"{handle['notebook']['name']}  {handle['notebook']['sha256'][:7]}"))
    if handle["state"] == RunState.RUNNING.value:
        rows.append(("Progress", progress_text(handle)))
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


def print_runs(runs: Sequence[tuple[str, JSON]]) -> None:
    """A line for each run, given with its benchmark's name: what it is and what came of it."""
    rows = [
        (
            handle["id"][:8],
            _local(handle["createdAt"]),
            _shortened(benchmark),
            _shortened(handle.get("groupName") or ""),
            _shortened((handle.get("notebook") or {}).get("name") or ""),
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
