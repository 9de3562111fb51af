"""The event stream: what resumes, who hears what, and how it ends."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from typing import Any

import pytest
import requests

from jupyterlab_rob.service.events import EventHub

from .api import TIMEOUT, Api, ServiceProcess, notebook, scoring, wait_for


async def everybody(submissions: frozenset[str | None]) -> frozenset[str | None]:
    return submissions


async def only_mine(submissions: frozenset[str | None]) -> frozenset[str | None]:
    return submissions & {"mine"}


def event(number: int, submission: str = "mine") -> dict[str, Any]:
    return {"run": str(number), "submission": submission}


async def heard(stream: AsyncGenerator[str, None], count: int) -> list[tuple[str, str, Any]]:
    """The next ``count`` blocks of a stream, as id, name of the event and data."""
    blocks = [await asyncio.wait_for(anext(stream), TIMEOUT) for _ in range(count)]
    return [_block(text) for text in blocks]


def _block(text: str) -> tuple[str, str, Any]:
    assert text.endswith("\n\n")
    fields = dict(line.split(": ", 1) for line in text.strip().splitlines() if not line.startswith(":"))
    return fields["id"], fields.get("event", ""), json.loads(fields.get("data", "null"))


def listen(hub: EventHub, audible: Any = everybody, last_id: str | None = None, keep_alive: float = TIMEOUT) -> Any:
    return hub.listen(keep_alive, audible, last_id)


def test_numbers_grow_by_one() -> None:
    async def main() -> None:
        hub = EventHub()
        stream = listen(hub)
        [(first, _, _)] = await heard(stream, 1)
        life = first.partition("-")[0]
        for number in range(3):
            hub.publish(event(number))
        assert await heard(stream, 3) == [(f"{life}-{number + 1}", "run", event(number)) for number in range(3)]
        await stream.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("resumed_at", range(6))
def test_who_resumes_misses_nothing_and_hears_nothing_twice(resumed_at: int) -> None:
    async def main() -> None:
        hub = EventHub(kept=10)
        stream = listen(hub)
        ids = [(await heard(stream, 1))[0][0]]
        for number in range(5):
            hub.publish(event(number))
        ids += [identifier for identifier, _, _ in await heard(stream, 5)]
        await stream.aclose()
        stream = listen(hub, last_id=ids[resumed_at])
        await heard(stream, 1)
        hub.publish(event(5))
        assert [data for _, _, data in await heard(stream, 6 - resumed_at)] == [
            event(number) for number in range(resumed_at, 6)
        ]
        await stream.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("last_id", ["", "x", "0000-1", "{life}-", "{life}-x", "{life}-1", "{life}--1", "{life}-99"])
def test_who_can_not_resume_is_told(last_id: str) -> None:
    async def main() -> None:
        hub = EventHub(kept=3)
        for number in range(6):
            hub.publish(event(number))
        [(current, _, _)] = await heard(listen(hub), 1)
        stream = listen(hub, last_id=last_id.format(life=current.partition("-")[0]))
        assert await heard(stream, 1) == [(current, "reset", {})]
        hub.publish(event(6))
        assert [data for _, _, data in await heard(stream, 1)] == [event(6)]
        await stream.aclose()

    asyncio.run(main())


def test_slow_listener_takes_no_memory_and_is_told_what_it_missed() -> None:
    async def main() -> None:
        hub = EventHub(kept=3)
        slow, quick = listen(hub), listen(hub)
        await heard(slow, 1)
        await heard(quick, 1)
        for number in range(10):
            hub.publish(event(number))
            assert [data for _, _, data in await heard(quick, 1)] == [event(number)]
        [(_, name, _)] = await heard(slow, 1)
        assert name == "reset"
        hub.publish(event(10))
        assert [data for _, _, data in await heard(slow, 1)] == [event(10)]
        await slow.aclose()
        await quick.aclose()

    asyncio.run(main())


def test_listener_hears_its_own_also_when_it_resumes() -> None:
    async def main() -> None:
        hub = EventHub()
        stream = listen(hub, only_mine)
        [(first, _, _)] = await heard(stream, 1)
        for number, whose in enumerate(("mine", "theirs", "mine")):
            hub.publish(event(number, whose))
        for listener in (stream, listen(hub, only_mine, last_id=first)):
            blocks = [block for block in await heard(listener, 2 if listener is stream else 3) if block[1]]
            assert [data["run"] for _, _, data in blocks] == ["0", "2"]
            await listener.aclose()

    asyncio.run(main())


def test_keep_alive_moves_the_place_on() -> None:
    async def main() -> None:
        hub = EventHub()
        stream = listen(hub, only_mine, keep_alive=0.01)
        await heard(stream, 1)
        hub.publish(event(1, "theirs"))
        [(identifier, name, _)] = await heard(stream, 1)
        assert identifier.endswith("-1")
        assert name == ""
        await stream.aclose()

    asyncio.run(main())


def test_what_was_published_is_heard_before_the_end() -> None:
    async def main() -> None:
        hub = EventHub()
        stream = listen(hub)
        await heard(stream, 1)
        hub.publish(event(1))
        closing = asyncio.create_task(hub.close())
        assert [data for _, _, data in await heard(stream, 1)] == [event(1)]
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
        await closing

    asyncio.run(main())


class Listener:
    """Follows a service's stream in a thread."""

    def __init__(self, url: str, headers: Mapping[str, str | bytes]) -> None:
        self.blocks: list[tuple[str, str, Any]] = []
        self._answer = requests.get(f"{url}/events", headers=headers, stream=True, timeout=TIMEOUT)
        assert self._answer.status_code == 200
        self.ended = False
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        wait_for(lambda: self.blocks, "the beginning of the stream")

    def _follow(self) -> None:
        text = ""
        for line in self._answer.iter_lines(chunk_size=1, decode_unicode=True):
            text += f"{line}\n"
            if not line:
                self.blocks.append(_block(text))
                text = ""
        self.ended = True

    def states(self, run: str) -> list[str]:
        return [data["state"] for _, name, data in self.blocks if name == "run" and data["run"] == run]

    def wait_for_success(self, run: str) -> None:
        wait_for(lambda: "SUCCESS" in self.states(run), "the end of the run")

    def close(self) -> None:
        self._thread.join(TIMEOUT)
        self._answer.close()


@pytest.fixture
def two_users(service: ServiceProcess) -> Iterator[tuple[Api, dict[str, str], dict[str, str]]]:
    """A client of the owner's, and the headers of two participants."""
    with service.running("--RobService.registration=True") as api:
        headers = []
        for name in ("alice", "mallory"):
            account = {"username": name, "password": "correct horse"}
            assert api.request("POST", "users/register", json=account).status_code == 201
            token = api.request("POST", "users/login", json=account).json()["token"]
            headers.append({"Authorization": f"token {token}"})
        yield api, headers[0], headers[1]


def test_only_members_hear_of_a_run(two_users: tuple[Api, dict[str, str], dict[str, str]]) -> None:
    owner, alice, mallory = two_users
    hers = Api.__new__(Api)
    hers.__dict__.update(owner.__dict__)
    hers.session = requests.Session()
    hers.session.headers.update(alice)
    listeners = [Listener(owner.url, headers) for headers in (alice, mallory, dict(owner.session.headers))]
    run = hers.started(notebook(scoring(7)))
    for listener in (listeners[0], listeners[2]):
        listener.wait_for_success(run)
        last = listener.blocks[-1][2]
        assert last["result"] == {"points": 7.0, "remark": None}
        assert last["rank"] == 1
    # Who has no part in it resumes from the beginning, and hears nothing either.
    late = Listener(owner.url, {**mallory, "Last-Event-ID": listeners[1].blocks[0][0]})
    other = hers.started(notebook(scoring(8)))
    listeners[2].wait_for_success(other)
    for listener in (listeners[1], late):
        assert {name for _, name, _ in listener.blocks} == {""}


def test_stream_ends_with_the_service(service: ServiceProcess) -> None:
    with service.running() as api:
        listener = Listener(api.url, {"Authorization": str(api.session.headers["Authorization"])})
        run = api.started(notebook("import time; time.sleep(600)"))
        wait_for(lambda: "RUNNING" in listener.states(run), "the run")
        service.end()
        wait_for(lambda: listener.ended, "the end of the stream")
    # Which goes on without it.
    assert listener.states(run)[-1] == "RUNNING"
    listener.close()
    messages = [json.loads(line)["message"] for line in (service.data_dir / "service.log").read_text().splitlines()]
    assert not [message for message in messages if "Cannot send" in message or "ncaught" in message]
