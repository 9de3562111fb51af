"""A worker: forked by the forge, it waits with a kernel for a run, carries it out, and ends.

It leads a session of its own and writes all that it has to say into the run folder, so that it goes on when the service
ends, and the next service can follow it. As long as it waits it ends with the service.
"""

from __future__ import annotations

import os
import socket
import sys
import traceback

from .cause import Cause
from .confinement import Confinement
from .environment import MARK
from .kernels import Kernel
from .lock import FileLock
from .log import LogWriter
from .orders import RunOrder, WorkerOrder
from .plan import Plan, RunFolder
from .processes import end_processes
from .record import RecordWriter
from .slot import Slot
from .steps import Steps
from .wake import Waker
from .watch import Watch


def live(order: WorkerOrder, channel: socket.socket) -> None:
    """The whole life of a worker; ``channel`` is its end of the socket on which its run is told."""
    os.setsid()
    slot = Slot(order.slot)
    slot.create()
    lock = FileLock(slot.lock)
    lock.acquire_soon()
    os.environ[MARK] = slot.name
    os.environ["JUPYTER_RUNTIME_DIR"] = str(slot.runtime)
    confinement = Confinement(order.sandbox, slot)
    try:
        with LogWriter() as log:
            # What kernels and commands print, and this process itself.
            log.capture()
            kernel = _warm(order, confinement)
            try:
                run = _told(channel)
                if run is not None:
                    _carry_out(run, confinement, log, kernel)
            finally:
                if kernel is not None:
                    kernel.stop()
    finally:
        slot.remove()


def _warm(order: WorkerOrder, confinement: Confinement) -> Kernel | None:
    """A kernel that waits; None when none is wanted, or it does not start, which the run that needs it will tell."""
    if order.kernel is None:
        return None
    try:
        return Kernel.start(order.kernel, confinement.slot.first_notebook, confinement)
    except Exception:
        return None


def _told(channel: socket.socket) -> RunOrder | None:
    """The run that is to be carried out; None when the service has gone."""
    with channel, channel.makefile("rb") as lines:
        line = lines.readline()
    return RunOrder.of(line) if line.endswith(b"\n") else None


def _carry_out(order: RunOrder, confinement: Confinement, log: LogWriter, kernel: Kernel | None) -> None:
    folder = RunFolder(order.run)
    lock = FileLock(folder.lock)
    if not lock.acquire_soon():
        return
    if folder.current_attempt() != order.attempt:
        # Another service has started since, and has taken this attempt for lost.
        return
    folder.write_slot(confinement.slot.name)
    folder.beat.unlink(missing_ok=True)
    wake = Waker(folder.wake)
    with RecordWriter(folder.record(order.attempt), wake) as record:
        try:
            plan = Plan.read(folder)
            watch = Watch(folder, log, wake, plan.limits)
            watch.start()
            try:
                cause = Steps(folder, plan, confinement, record, log, watch, kernel).run()
            finally:
                watch.close()
        except Exception as error:
            # Not the participant's fault: the log has the traceback, the cause says what it was.
            traceback.print_exc()
            cause = Cause("service", f"The run's process failed: {type(error).__name__}: {error}")
        if not confinement.is_sealed:
            # What a sandbox would not have let live on.
            end_processes([confinement.slot.name], but=os.getpid())
        sys.stdout.flush()
        sys.stderr.flush()
        log.sync()
        record.end(cause)
