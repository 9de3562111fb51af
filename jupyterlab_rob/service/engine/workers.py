"""The service's workers: the forge that makes them, and those that wait, with a kernel, for a run.

All of it lives on the event loop. A worker that has its run is not known here any more: it goes on by itself, whatever
becomes of the service, and tells by the run's record how it gets on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from logging import Logger
from pathlib import Path

from ...deadline import within
from ...errors import ServiceUnavailable
from .environment import worker_environment
from .orders import KernelKind, RunOrder, WorkerOrder
from .sandbox import Sandbox
from .slot import Slot

#: Seconds that the forge may take to start, and to fork.
_FORGE_TIMEOUT = 60.0
#: Seconds between two looks at workers that wait: for those that died, and those that are not needed any more.
_LOOK = 5.0


@dataclass
class WaitingWorker:
    """A worker that waits for a run, or will in a moment; the service's end of its socket."""

    slot: Slot
    kernel: KernelKind | None
    channel: socket.socket
    since: float = field(default_factory=time.monotonic)

    def give(self, order: RunOrder) -> bool:
        """Give it the run; False when it is not there any more."""
        try:
            self.channel.sendall(order.line())
        except OSError:
            return False
        finally:
            self.channel.close()
        return True

    def is_there(self) -> bool:
        """Whether it has not died: it says nothing as long as it waits."""
        try:
            return self.channel.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False


class Workers:
    """Makes workers and keeps some at hand.

    Args:
        folder: Where the slots are.
        sandbox: How workers confine what they run.
        warm: How many wait, each with a kernel of a kind that has been used of late.
        warm_for: Seconds since its last use for which a kind is kept.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, warm: int, warm_for: float, log: Logger) -> None:
        self._folder = folder
        self._sandbox = sandbox
        self._warm = warm
        self._warm_for = warm_for
        self._log = log
        self._waiting: list[WaitingWorker] = []
        self._used: dict[KernelKind, float] = {}
        self._forge: asyncio.subprocess.Process | None = None
        self._channel: socket.socket | None = None
        self._order = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._demand = 0
        self._is_closed = False

    async def start(self) -> None:
        """Start the forge, which takes a second, so that the first run need not wait for it; unless nothing is to be
        kept at hand."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._warm:
            with contextlib.suppress(ServiceUnavailable):
                async with self._order:
                    await self._started()
            self._keeping = asyncio.create_task(self._keep())

    async def give(self, kernel: KernelKind | None, order: RunOrder, demand: int) -> Slot:
        """Give a run to a worker, one with such a kernel if one waits; its slot.

        Args:
            kernel: What the run's first notebook needs, if it has one.
            demand: How many runs wait besides: as many workers are worth having at hand.

        Raises:
            ServiceUnavailable: No worker can be made.
        """
        if kernel is not None:
            self._used.pop(kernel, None)
            self._used[kernel] = time.monotonic()
        for worker in [worker for worker in self._waiting if worker.kernel == kernel]:
            self._waiting.remove(worker)
            if worker.give(order):
                break
            await asyncio.to_thread(worker.slot.end)
        else:
            worker = await self._make(kernel)
            if not worker.give(order):
                raise ServiceUnavailable("A process for a run ended before it could begin.")
        self._demand = demand
        self._news.set()
        return worker.slot

    async def close(self) -> None:
        """Let go: those that wait end, and so does the forge; those that have a run go on."""
        self._is_closed = True
        self._news.set()
        if self._keeping is not None:
            await asyncio.wait([self._keeping])
        for worker in self._waiting:
            worker.channel.close()
        if self._channel is not None:
            self._channel.close()
        if self._forge is not None:
            with contextlib.suppress(asyncio.TimeoutError):
                await within(_FORGE_TIMEOUT, self._forge.wait())
        slots = [worker.slot for worker in self._waiting]
        self._waiting.clear()
        await asyncio.to_thread(_wait_for, slots)

    async def _keep(self) -> None:
        """Keep as many workers at hand as are wanted."""
        while not self._is_closed:
            try:
                async with self._order:
                    await self._started()
                await self._tidy()
                for kernel in self._wanted(max(self._warm, self._demand)):
                    self._waiting.append(await self._make(kernel))
            except ServiceUnavailable as error:
                self._log.warning("No workers at hand: %s", error.message)
            except Exception:
                # Whatever it is: runs do without, and it is tried again.
                self._log.exception("No workers at hand")
            with contextlib.suppress(asyncio.TimeoutError):
                await within(_LOOK, self._news.wait())
            self._news.clear()

    async def _tidy(self) -> None:
        now = time.monotonic()
        for kernel in [kernel for kernel, used in self._used.items() if now - used > self._warm_for]:
            del self._used[kernel]
        for worker in list(self._waiting):
            if not worker.is_there():
                self._waiting.remove(worker)
                await asyncio.to_thread(worker.slot.end)
            elif worker.kernel not in self._used:
                self._dismiss(worker)
        # More than are wanted, when those runs have gone for which they were made.
        for worker in self._waiting[: max(0, len(self._waiting) - max(self._warm, self._demand))]:
            self._dismiss(worker)

    def _dismiss(self, worker: WaitingWorker) -> None:
        """Let a worker end that waits; it does so when the service's end of its socket is closed."""
        self._waiting.remove(worker)
        worker.channel.close()

    def _wanted(self, count: int) -> list[KernelKind]:
        """Kinds of kernels that are to be made ready: those used last, as often as they are not there yet."""
        kinds = list(reversed(self._used))[:count]
        have = [worker.kernel for worker in self._waiting]
        wanted: list[KernelKind] = []
        for number in range(count if kinds else 0):
            kind = kinds[number % len(kinds)]
            if kind in have:
                have.remove(kind)
            elif len(self._waiting) + len(wanted) < count:
                wanted.append(kind)
        return wanted

    async def _make(self, kernel: KernelKind | None) -> WaitingWorker:
        async with self._order:
            channel = await self._started()
            slot = await asyncio.to_thread(Slot.new, self._folder)
            ours, theirs = socket.socketpair()
            try:
                order = WorkerOrder(slot.path, kernel, self._sandbox)
                answer = await asyncio.to_thread(_ordered, channel, order.line(), theirs.fileno())
            except OSError as error:
                ours.close()
                self._forget_forge()
                slot.remove()
                raise ServiceUnavailable(f"The process that makes workers has gone: {error}.") from error
            finally:
                theirs.close()
        if "error" in answer:
            ours.close()
            slot.remove()
            raise ServiceUnavailable(f"No process for a run could be started: {answer['error']}.")
        return WaitingWorker(slot, kernel, ours)

    async def _started(self) -> socket.socket:
        """The channel to a living forge."""
        if self._forge is not None and self._forge.returncode is None and self._channel is not None:
            return self._channel
        self._forget_forge()
        if self._is_closed:
            raise ServiceUnavailable("The ROB service is stopping.")
        ours, theirs = socket.socketpair()
        ours.settimeout(_FORGE_TIMEOUT)
        try:
            self._forge = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "jupyterlab_rob.service.engine.forge",
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                cwd="/",
                env=worker_environment(),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError as error:
            ours.close()
            raise ServiceUnavailable(f"No process for runs can be started: {error}.") from error
        finally:
            theirs.close()
        self._channel = ours
        return ours

    def _forget_forge(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._channel = self._forge = None


def _ordered(channel: socket.socket, line: bytes, descriptor: int) -> Mapping[str, object]:
    """Send an order to the forge and wait for its answer; blocks."""
    socket.send_fds(channel, [line], [descriptor])
    answer = channel.makefile("rb").readline()
    if not answer:
        raise ConnectionResetError("it has ended")
    document: Mapping[str, object] = json.loads(answer)
    return document


def _wait_for(slots: list[Slot]) -> None:
    """Wait until the workers in these slots are gone, and help those that do not."""
    for slot in slots:
        slot.settle()
