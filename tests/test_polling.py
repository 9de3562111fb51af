"""Following runs by asking: what is asked, what is told, and when it ends."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from jupyterlab_rob import deadline, polling
from jupyterlab_rob.errors import LoginRequired, NotFound, RobError, ServiceUnavailable
from jupyterlab_rob.polling import Poll
from jupyterlab_rob.upstream import Upstream

from .waiting import until


def handle(run: str, state: str, group: str = "g") -> dict[str, Any]:
    return {"id": run, "state": state, "groupId": group, "workflowId": "b"}


class Service(Upstream):
    """Answers flows out of a table of runs, or with an error."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.runs: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.error: RobError | None = None
        #: Runs that their submission's list lacks.
        self.unlisted: set[str] = set()

    async def run(self, flow: Any) -> Any:
        path = next(flow).path
        self.asked.append(path)
        if self.error:
            raise self.error
        kind, name, *_ = path.split("/")
        if kind == "groups":
            listed = [run for run in self.runs.values() if run["id"] not in self.unlisted]
            return {"runs": [run for run in listed if run["groupId"] == name]}
        if name not in self.runs:
            raise NotFound(f"no run {name}")
        return self.runs[name]


class Watch:
    def __init__(self) -> None:
        self.service = Service()
        self.events: list[dict[str, Any]] = []
        self.touched = 0
        self.poll = Poll(self.service, self.events.append, self._touch, logging.getLogger("tests.polling"))

    def _touch(self) -> None:
        self.touched += 1

    def start(self, *runs: str, group: str = "g") -> None:
        for run in runs:
            self.service.runs[run] = handle(run, "RUNNING", group)
            self.poll.notice(self.service.runs[run])

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(event["run"], event["state"]) for event in self.events]


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setattr(polling, "INTERVAL", 0.01)
    monkeypatch.setattr(polling, "MAX_INTERVAL", 0.02)
    return Watch()


async def test_one_request_for_a_submission(watch: Watch) -> None:
    watch.start("r1", "r2")
    watch.start("r3", group="other")
    task = asyncio.ensure_future(watch.poll.run())
    await until(lambda: len(watch.service.asked) >= 4)
    assert set(watch.service.asked) == {"groups/g/runs", "groups/other/runs"}
    assert watch.poll.active == 3
    assert watch.touched
    watch.service.runs["r2"] = {**handle("r2", "ERROR"), "messages": ["a", "b"], "result": None, "cause": {"kind": "x"}}
    await until(lambda: len(watch.events) == 4)
    assert watch.events[-1] == {
        "run": "r2",
        "benchmark": "b",
        "submission": "g",
        "state": "ERROR",
        "message": "b",
        "cause": {"kind": "x"},
    }
    watch.service.runs |= {"r1": handle("r1", "CANCELED"), "r3": handle("r3", "SUCCESS", "other")}
    await asyncio.wait_for(task, 10)
    assert sorted(watch.told) == [
        ("r1", "CANCELED"),
        ("r1", "RUNNING"),
        ("r2", "ERROR"),
        ("r2", "RUNNING"),
        ("r3", "RUNNING"),
        ("r3", "SUCCESS"),
    ]
    assert watch.poll.active == 0


async def test_nothing_is_told_twice(watch: Watch) -> None:
    watch.start("r")
    assert watch.poll.notice(handle("r", "RUNNING")) is False
    assert watch.poll.notice(handle("r", "SUCCESS")) is True
    assert watch.poll.notice(handle("r", "SUCCESS")) is False
    assert watch.poll.notice(handle("old", "ERROR")) is False
    assert watch.told == [("r", "RUNNING"), ("r", "SUCCESS")]
    await asyncio.wait_for(watch.poll.run(), 10)
    assert watch.service.asked == [], "there is nothing to ask for"


async def test_it_asks_more_seldom_and_wakes_for_news(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def note(seconds: float, awaitable: Any) -> Any:
        waited.append(seconds)
        return await deadline.within(seconds if len(waited) < 20 else 60, awaitable)

    monkeypatch.setattr(polling, "within", note)
    monkeypatch.setattr(polling, "MAX_INTERVAL", 0.04)
    watch.start("r")
    task = asyncio.ensure_future(watch.poll.run())
    await until(lambda: len(waited) == 20)
    assert waited[:19] == sorted(waited[:19])
    assert (waited[0], waited[18]) == (pytest.approx(0.013), 0.04)
    # It would sleep for a minute.
    watch.start("new")
    await until(lambda: len(waited) == 21)
    assert waited[20] == pytest.approx(0.013)
    watch.poll.notice(handle("new", "SUCCESS"))
    watch.poll.notice(handle("r", "SUCCESS"))
    await asyncio.wait_for(task, 10)


async def test_it_stops_for_a_log_in_and_goes_on_after_it(watch: Watch) -> None:
    watch.start("r")
    watch.service.error = LoginRequired("expired")
    await asyncio.wait_for(watch.poll.run(), 10)
    assert watch.poll.active == 0, "nobody watches"
    watch.service.error = None
    watch.service.runs["r"] = handle("r", "SUCCESS")
    await asyncio.wait_for(watch.poll.run(), 10)
    assert watch.told == [("r", "RUNNING"), ("r", "SUCCESS")]


async def test_it_bears_a_service_that_is_away(watch: Watch) -> None:
    watch.start("r")
    watch.service.error = ServiceUnavailable("away")
    task = asyncio.ensure_future(watch.poll.run())
    await until(lambda: len(watch.service.asked) > 3)
    watch.service.error = None
    watch.service.runs["r"] = handle("r", "SUCCESS")
    await asyncio.wait_for(task, 10)
    assert watch.told[-1] == ("r", "SUCCESS")


async def test_runs_that_are_gone(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.start("deleted")
    watch.service.runs.clear()
    await asyncio.wait_for(watch.poll.run(), 10)
    watch.start("for ever")
    monkeypatch.setattr(polling, "FOLLOWED", 0.0)
    await asyncio.wait_for(watch.poll.run(), 10)
    assert [state for _, state in watch.told] == ["RUNNING", "RUNNING"]


async def test_run_that_is_not_listed_is_asked_for_more_seldom_and_given_up(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def note(seconds: float, awaitable: Any) -> Any:
        waited.append(seconds)
        return await deadline.within(seconds, awaitable)

    monkeypatch.setattr(polling, "within", note)
    watch.start("r")
    watch.service.unlisted.add("r")
    task = asyncio.ensure_future(watch.poll.run())
    await until(lambda: len(waited) >= 5)
    assert waited[4] == polling.MAX_INTERVAL
    monkeypatch.setattr(polling, "FOLLOWED", 0.0)
    await asyncio.wait_for(task, 10)
    assert watch.told == [("r", "RUNNING")]
