"""Long listings, page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from jupyterlab_rob.service.leaderboard import SortColumn
from jupyterlab_rob.service.store import Store

from .api import Api, notebook, scoring
from .submitting import Participant


def test_pages(api: Api) -> None:
    submission = api.submission()
    for points in (31, 32):
        assert api.ended(api.started(notebook(scoring(points)), submission))["state"] == "SUCCESS"
    whole = api.get("workflows/probe/leaderboard")
    assert whole["total"] == len(whole["ranking"]) >= 1
    page = api.get("workflows/probe/leaderboard?limit=1&offset=0")
    assert page["ranking"] == whole["ranking"][:1]
    assert page["total"] == whole["total"]
    runs = api.get(f"groups/{submission}/runs?limit=1&offset=1")
    assert runs["total"] == 2
    assert [run["id"] for run in runs["runs"]] == [api.get(f"groups/{submission}/runs")["runs"][1]["id"]]
    mine = api.get("workflows/probe/runs?limit=1")
    assert mine["total"] >= 2
    assert len(mine["runs"]) == 1


@pytest.mark.parametrize("listing", ["workflows/probe/leaderboard", "workflows/probe/runs"])
@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=many", "limit=-1", "offset=-1", "offset=x", "limit=²"]
)
def test_page_that_cannot_be(api: Api, listing: str, query: str) -> None:
    answer = api.request("GET", f"{listing}?{query}")
    assert answer.status_code == 400
    assert query.partition("=")[0] in answer.json()["message"]


@pytest.mark.parametrize("version", ["0x1", "-1", "latest", "1" * 5000])
def test_version_that_cannot_be(api: Api, version: str) -> None:
    assert api.request("GET", f"workflows/probe/leaderboard?version={version}").status_code == 400
    assert api.get("workflows/probe/leaderboard?version=999")["ranking"] == []


@contextmanager
def _statements() -> Iterator[list[str]]:
    """The SQL statements that are executed in the block."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def test_long_listings_take_no_more_statements_than_short_ones(store: Store) -> None:
    ann = Participant(store)
    remarks = [SortColumn("remark", False)]
    listings: dict[str, Callable[[], Any]] = {
        "runs": lambda: store.runs.of_benchmark(ann.identity, "probe", 200, lambda _: None),
        "runs of a submission": lambda: store.runs.of_submission(ann.identity, ann.submission("a"), None, 200),
        "submissions": lambda: store.submissions.listing(ann.identity, "probe", 200),
        "leaderboard": lambda: ann.board(limit=200),
        "leaderboard by another column": lambda: ann.board(remarks, limit=200),
    }

    def counted() -> dict[str, int]:
        counts = {}
        for name, listing in listings.items():
            with _statements() as found:
                listing()
            counts[name] = len(found)
        return counts

    for name in "ab":
        ann.scored(name, 1)
    few = counted()
    for name in "abcdefgh" * 3:
        ann.scored(name, 1)
    assert listings["runs"]()["total"] == 26
    assert listings["leaderboard"]()["total"] == 8
    # What was read just now is remembered; another run makes the leaderboard be read anew.
    ann.scored("h", 2)
    assert counted() == few


def test_submissions_are_listed_by_the_bytes_of_their_names(store: Store) -> None:
    ann = Participant(store)
    names = ["B", "Z", "_", "a", "b-1", "ba", "z", "Ä", "é", "日本", "🦉"]
    for name in reversed(names):
        ann.submission(name)
    assert [group["name"] for group in store.submissions.listing(ann.identity)["groups"]] == names
    page = store.submissions.listing(ann.identity, "probe", 3, 6)
    assert ([group["name"] for group in page["groups"]], page["total"]) == (names[6:9], len(names))
    assert [group["name"] for group in store.benchmarks.get(ann.identity, "probe")["groups"]] == names
