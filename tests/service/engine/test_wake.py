from __future__ import annotations

import asyncio
import os
import stat
import sys
from pathlib import Path

import pytest

from jupyterlab_rob.deadline import within
from jupyterlab_rob.service.engine.wake import Bell, Waker

#: Seconds: the first is for what must come, the second for what must not come by itself.
TIMEOUT, NEVER = 60.0, 3600.0


async def heard(bell: Bell) -> None:
    """Return when the bell has rung; TimeoutError when it does not."""
    await within(TIMEOUT, bell.wait(NEVER))


async def settled() -> None:
    """Let the loop take in what is readable already."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_bell_hears_the_waker(tmp_path: Path) -> None:
    async def listen() -> None:
        with Bell(tmp_path / "wake") as bell:
            waker = Waker(tmp_path / "wake")
            for _ in range(3):
                asyncio.get_running_loop().call_soon(waker)
                await heard(bell)
            # Before somebody waits.
            waker()
            await heard(bell)
            assert stat.S_IMODE((tmp_path / "wake").stat().st_mode) == 0o600

    asyncio.run(listen())


def test_without_news_it_waits_its_time(tmp_path: Path) -> None:
    async def listen() -> None:
        with Bell(tmp_path / "wake") as bell:
            await within(TIMEOUT, bell.wait(0.01))
            waker = Waker(tmp_path / "wake")
            waker()
            await heard(bell)
            # It has been told once.
            ring = asyncio.ensure_future(bell.wait(NEVER))
            await settled()
            assert not ring.done()
            waker()
            await within(TIMEOUT, ring)

    asyncio.run(listen())


def test_nobody_listens(tmp_path: Path) -> None:
    """No pipe, one without a reader, one that is full: who works does not notice."""
    waker = Waker(tmp_path / "wake")
    waker()
    os.mkfifo(tmp_path / "wake")
    waker()

    async def listen_to_nothing() -> None:
        with Bell(tmp_path / "wake") as bell:
            for _ in range(100_000):
                waker()
            await heard(bell)

    asyncio.run(listen_to_nothing())
    # Its end is closed again.
    waker()
    assert not (tmp_path / "nowhere").exists()
    Waker(tmp_path / "nowhere" / "wake")()


def test_the_end_of_the_worker_is_heard(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom jupyterlab_rob.service.engine.wake import Waker\n"
        "Waker(Path(sys.argv[1]))()\nprint('called', flush=True)\nsys.stdin.read()\n"
    )

    async def listen() -> None:
        with Bell(tmp_path / "wake") as bell:
            arguments = (sys.executable, "-c", code, str(tmp_path / "wake"))
            pipe = asyncio.subprocess.PIPE
            worker = await asyncio.create_subprocess_exec(*arguments, stdin=pipe, stdout=pipe)
            try:
                await heard(bell)
                assert worker.stdout is not None
                await worker.stdout.readline()
            finally:
                worker.kill()
                await worker.communicate()
            await heard(bell)
            # And the worker that takes its place.
            waker = Waker(tmp_path / "wake")
            ring = asyncio.ensure_future(bell.wait(NEVER))
            await settled()
            waker()
            await within(TIMEOUT, ring)

    asyncio.run(listen())


@pytest.mark.parametrize("is_called_between", [True, False])
def test_a_new_bell_after_the_first_has_gone(tmp_path: Path, is_called_between: bool) -> None:
    """As the next service listens to a worker that the last one has started."""
    waker = Waker(tmp_path / "wake")

    async def listen() -> None:
        with Bell(tmp_path / "wake") as bell:
            waker()
            await heard(bell)

    asyncio.run(listen())
    if is_called_between:
        waker()
    asyncio.run(listen())


def test_where_there_are_no_such_pipes_one_waits_ones_time(tmp_path: Path) -> None:
    async def listen() -> None:
        with Bell(tmp_path / "nowhere" / "wake") as bell:
            await within(TIMEOUT, bell.wait(0.01))

    asyncio.run(listen())
