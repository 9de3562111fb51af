"""Runs and leaderboards of the published server, completed to the shapes of docs/protocol.md."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from ..flows import Flow, Request, Response, ask, ask_all, path_of
from ..models import JSON, RunState
from ..uploads import notebook_fields, uploaded_notebook

#: How many runs a listing holds when nothing else is said.
DEFAULT_LIMIT = 50

_MAX_KEPT = 2000
# The last line of a traceback.
_RAISED = re.compile(r"(?P<ename>[A-Za-z_][\w.]*): (?P<evalue>.*)|(?P<bare>[A-Za-z_]\w*(?:Error|Exception|Interrupt))")


class Ended:
    """Handles of runs that have ended, as the server gave them: they do not change any more."""

    def __init__(self) -> None:
        self._handles: OrderedDict[str, JSON] = OrderedDict()

    def get(self, run_id: str) -> JSON | None:
        return self._handles.get(run_id)

    def keep(self, handle: JSON) -> None:
        if not RunState(handle["state"]).is_active:
            self._handles[handle["id"]] = handle
            while len(self._handles) > _MAX_KEPT:
                self._handles.popitem(last=False)

    def forget(self, run_id: str) -> None:
        self._handles.pop(run_id, None)


def of_benchmark(benchmark: str, given: Mapping[str, str], ended: Ended) -> Flow[JSON | Response]:
    """My runs of a benchmark, newest first, ``{runs, total}``; the answer of the server if that is an error.

    A request for the groups, one for each of them, one for the leaderboard, and one for each run that is shown and
    not known to have ended.
    """
    limit, offset = _whole(given.get("limit"), DEFAULT_LIMIT), _whole(given.get("offset"), 0)
    listed = yield from ask(Request("GET", path_of("workflows", benchmark, "groups")))
    if listed.status != 200:
        return listed
    groups = []
    answers = yield from ask_all(Request("GET", path_of("groups", group["id"])) for group in listed.json()["groups"])
    for answer in answers:
        if answer.status not in (200, 404):
            return answer
        groups += [answer.json()] if answer.status == 200 else []
    known = [(run, group) for group in groups for run in group.get("runs") or []]
    known.sort(key=lambda pair: str(pair[0]["createdAt"]), reverse=True)
    shown = known[offset : offset + limit]
    fresh = yield from _fetch(run["id"] for run, _ in shown if ended.get(run["id"]) is None)
    for handle in fresh.values():
        ended.keep(handle)
    board = yield from _board(benchmark) if shown else _nothing()
    handles = []
    for run, group in shown:
        found = fresh.get(run["id"]) or ended.get(run["id"])
        if found:  # else it has been deleted meanwhile
            handles.append(completed(found, group, board))
    return {"runs": handles, "total": len(known)}


def complete(handle: JSON, ended: Ended) -> Flow[JSON]:
    """One run's handle with what the server tells elsewhere."""
    ended.keep(handle)
    group_id, benchmark = handle.get("groupId"), handle.get("workflowId")
    group: JSON = {}
    if group_id:
        answer = yield from ask(Request("GET", path_of("groups", group_id)))
        group = answer.json() if answer.status == 200 else {}
    board: list[JSON] = []
    if handle["state"] == RunState.SUCCESS.value and benchmark:
        board = yield from _board(benchmark)
    return completed(handle, group, board)


def completed(handle: JSON, group: JSON, board: list[JSON]) -> JSON:
    """The handle with all that the protocol promises; null for what nobody knows."""
    row = next((row for row in board if row["run"]["id"] == handle["id"]), None)
    messages = [str(message) for message in handle.get("messages") or []]
    cause = _cause(messages) if handle["state"] == RunState.ERROR.value else None
    if cause and messages[-1:] != [cause["message"]]:
        messages.append(cause["message"])
    return {
        **handle,
        **({"messages": messages} if messages else {}),
        "groupName": group.get("name"),
        **notebook_fields(_submitted(handle, group)),
        "progress": None,
        "attempt": None,
        "result": {result["name"]: result["value"] for result in row["results"]} if row else None,
        "rank": row["rank"] if row else None,
        "notebooks": [],
        "cause": cause,
        "version": None,
    }


def leaderboard_request(benchmark: str, query: Mapping[str, str]) -> Request:
    path = path_of("workflows", benchmark, "leaderboard")
    return Request("GET", f"{path}?{urlencode(query)}" if query else path)


def leaderboard(response: Response, given: Mapping[str, str]) -> JSON:
    """The server's leaderboard with ranks, the wanted part of it, and how long it is."""
    # A benchmark without metrics has none.
    document = finite(response.json()) or {}
    order = _order(given.get("orderBy"))
    ranking = _ranked(list(document.get("ranking") or []), [column["name"] for column in order])
    offset = _whole(given.get("offset"), 0)
    limit = _whole(given.get("limit"), len(ranking))
    return {
        **document,
        "schema": document.get("schema") or [],
        "ranking": ranking[offset : offset + limit],
        "orderBy": order,
        "total": len(ranking),
        "version": None,
    }


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON can't say."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value


def _board(benchmark: str) -> Flow[list[JSON]]:
    """The results of all runs, with a rank where one stands for its submission; empty when the server fails.

    It does as a whole when one run has no value in a column that is sorted by.
    """
    answer = yield from ask(leaderboard_request(benchmark, {"includeAll": "true"}))
    if answer.status != 200:
        return []
    rows = leaderboard(answer, {})["ranking"]
    best: dict[str, JSON] = {}
    for row in rows:
        best.setdefault(row["group"]["id"], row)
    ranks = {row["run"]["id"]: row["rank"] for row in _ranked(list(best.values()), [])}
    return [{**row, "rank": ranks.get(row["run"]["id"])} for row in rows]


def _nothing() -> Flow[list[JSON]]:
    return []
    yield  # a flow, as _board


def _fetch(wanted: Iterable[str]) -> Flow[dict[str, JSON]]:
    answers = yield from ask_all([Request("GET", path_of("runs", run_id)) for run_id in wanted])
    return {handle["id"]: handle for handle in (answer.json() for answer in answers if answer.status == 200)}


def _ranked(rows: list[JSON], columns: list[str]) -> list[JSON]:
    """The rows with their ranks, in the order in which the server has put them.

    Which columns the benchmark sorts by is not told; rows that are equal in those that are known, else in all, share
    a rank.
    """
    ranked: list[JSON] = []
    last: JSON | None = None
    for place, row in enumerate(rows, 1):
        values = {result["name"]: result["value"] for result in row["results"]}
        key = {name: values.get(name) for name in columns or values}
        ranked.append({**row, "rank": ranked[-1]["rank"] if key == last else place, "version": None})
        last = key
    return ranked


def _order(text: str | None) -> list[JSON]:
    parts = [part.partition(":") for part in (text or "").split(",") if part]
    return [{"name": name, "sortDesc": direction.lower() != "asc"} for name, _, direction in parts]


def _submitted(handle: JSON, group: JSON) -> list[JSON]:
    """The notebooks among the run's files, as far as their names tell."""
    names = {file["id"]: str(file["name"]) for file in group.get("files") or []}
    submitted = []
    for argument in handle.get("arguments") or []:
        value = argument.get("value")
        if isinstance(value, dict) and value.get("type") == "$file":
            found = uploaded_notebook(names.get((value.get("value") or {}).get("fileId"), ""))
            submitted += [{"parameter": argument["name"], **found}] if found else []
    return submitted


def _cause(messages: list[str]) -> JSON:
    """What went wrong, out of what the failing program printed: the last line tells."""
    lines = [line.strip() for line in "\n".join(messages).splitlines() if line.strip()]
    line = lines[-1] if lines else "The run failed; the server does not tell why."
    found = _RAISED.fullmatch(line)
    ename = (found["ename"] or found["bare"]) if found else None
    evalue = (found["evalue"] or "") if found else None
    return {
        "kind": "step",
        # The server does not tell whose step it was.
        "blame": None,
        "step": None,
        "cell": None,
        "cellId": None,
        "ename": ename,
        "evalue": evalue,
        "message": line,
    }


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default
