"""Long listings, page by page."""

from __future__ import annotations

import pytest

from .api import Api, notebook, scoring


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
