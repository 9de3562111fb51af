"""A kernel that has been started and answers, in a sandbox and with a client that is connected: warm or just in time.

Both are started in the same way, so that nobody can tell from a notebook which it had.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from queue import Empty

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async, run_sync
from traitlets import Callable as CallableTrait

from .confinement import Confinement
from .handover import discard
from .orders import KernelKind

#: Seconds that a kernel may take until it answers.
START_TIMEOUT = 60.0

#: Longest path of a socket (103 on macOS, 107 on Linux), and what it adds to the connection file's (``-ipc-5``).
_SOCKET_PATH = 103
_SOCKET_SUFFIX = 6

#: Seconds to wait for an answer before it is asked for again: what a kernel publishes before it is listened to is lost.
_NUDGE = 0.1


class KernelFailed(Exception):
    """A kernel did not start; the message is for the user."""


class ConfinedKernelManager(AsyncKernelManager):
    """Starts the kernel by a command that ``confine`` makes of the kernelspec's."""

    confine = CallableTrait()

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        command: list[str] = self.confine(super().format_kernel_cmd(extra_arguments))
        return command


class Kernel:
    """A kernel that waits for cells; ``folder`` is its working folder."""

    def __init__(
        self, kind: KernelKind, folder: Path, manager: ConfinedKernelManager, client: AsyncKernelClient
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.manager = manager
        self.client = client
        self._is_stopped = False

    @classmethod
    def start(cls, kind: KernelKind, folder: Path, confinement: Confinement) -> Kernel:
        """Start a kernel in ``folder``, which is made if need be, and wait until it answers.

        Raises:
            NoSuchKernel: There is no such kernelspec.
            KernelFailed: It did not start.
        """
        folder.mkdir(exist_ok=True)
        confinement.hand_over(folder)
        runtime = confinement.slot.runtime / folder.name
        # A kernel that waited there, and died or never answered, is no reason for the next one to fail.
        discard(runtime)
        runtime.mkdir(mode=0o700)
        connection_file = runtime / "kernel.json"
        # Where the sockets' paths would be too long: ports, which others can see and take.
        fits = len(os.fsencode(connection_file)) + _SOCKET_SUFFIX <= _SOCKET_PATH

        def confined(command: list[str]) -> list[str]:
            # By now it has the connection file.
            confinement.hand_over(runtime)
            return confinement.command(command, folder, runtime=runtime, limits=kind.limits)

        manager = ConfinedKernelManager(
            kernel_name=kind.name,
            transport="ipc" if fits else "tcp",
            connection_file=str(connection_file),
            confine=confined,
        )
        return run_sync(cls._start)(kind, folder, manager, confinement)

    @classmethod
    async def _start(
        cls, kind: KernelKind, folder: Path, manager: ConfinedKernelManager, confinement: Confinement
    ) -> Kernel:
        # As nbclient does: what a notebook runs is no history of anybody's. And nobody is to connect to it by hand, as
        # a kernel that sees no parent suggests.
        extra = ["--HistoryManager.hist_file=:memory:", "--log-level=CRITICAL"] if manager.ipykernel else []
        # In a sandbox a kernel does not see this process, and would take that for its end.
        await manager.start_kernel(
            extra_arguments=extra,
            # What it prints reaches us by messages; it would repeat there what programs print that a cell starts.
            **({"stdout": subprocess.DEVNULL} if manager.ipykernel else {}),
            cwd=str(folder),
            env=confinement.environment(os.environ),
            independent=confinement.is_sealed,
        )
        client = manager.client()
        assert isinstance(client, AsyncKernelClient)
        kernel = cls(kind, folder, manager, client)
        try:
            client.start_channels(hb=False, stdin=False)
            client.allow_stdin = False
            await kernel._answered()
        except BaseException:
            await kernel._stop()
            raise
        return kernel

    async def _answered(self) -> None:
        """Wait until the kernel answers and is heard: its first messages get lost while its listener connects."""
        deadline = time.monotonic() + START_TIMEOUT
        asked = {self.client.kernel_info()}
        has_replied = False
        while time.monotonic() < deadline:
            if not await self.manager.is_alive():
                raise KernelFailed(f"The kernel '{self.kind.name}' ended while it started.")
            if not has_replied:
                with contextlib.suppress(Empty):
                    await self.client.get_shell_msg(timeout=1)
                    has_replied = True
                continue
            with contextlib.suppress(Empty):
                # Until it says that it has done with what was asked: then it is heard.
                while True:
                    message = await self.client.get_iopub_msg(timeout=_NUDGE)
                    is_done = message["content"].get("execution_state") == "idle"
                    if is_done and message["parent_header"].get("msg_id") in asked:
                        return
            asked.add(self.client.kernel_info())
            with contextlib.suppress(Empty):
                await self.client.get_shell_msg(timeout=1)
        raise KernelFailed(f"The kernel '{self.kind.name}' did not answer within {START_TIMEOUT:.0f} s.")

    @property
    def _process(self) -> subprocess.Popen[bytes] | None:
        process: subprocess.Popen[bytes] | None = getattr(self.manager.provisioner, "process", None)
        return process

    def is_alive(self) -> bool:
        return self.exit_code() is None and self._process is not None

    def exit_code(self) -> int | None:
        """How it has ended, negative for a signal; None while it runs."""
        process = self._process
        return None if process is None else process.poll()

    def kill(self) -> None:
        """End the kernel and its process group at once; from any thread."""
        process = self._process
        # Once it has been waited for, its number may be another's.
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the kernel and all that belongs to it; there is nothing in it that would be lost. Twice does no harm."""
        if not self._is_stopped:
            self._is_stopped = True
            run_sync(self._stop)()

    async def _stop(self) -> None:
        # Not by the manager, which looks only now and then whether it has gone.
        process = self._process
        if process is not None:
            self.kill()
            process.wait()
        self.client.stop_channels()
        with contextlib.suppress(RuntimeError):
            await ensure_async(self.manager.cleanup_resources())
