"""The forge: a process that has all loaded that a worker needs, and makes workers by forking.

Papermill takes longer to import than many a notebook takes to run. A forked worker has it at once, and shares the
memory. The forge runs no notebook and has no threads, so that forking is safe; the service, which has threads, does
not fork.

``python -m jupyterlab_rob.service.engine.forge FD``, where ``FD`` is a socket: for each line on it, with the worker's
own end of a socket as a descriptor, the forge answers with a line. It ends when the service's end is closed.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import signal
import socket
import sys

from .orders import WorkerOrder
from .processes import Session
from .slot import Slot

#: Longest order, in bytes.
MAX_LINE = 1 << 16


def main(arguments: list[str]) -> int:
    # Those who interrupt a service in a terminal do not mean its runs.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Workers that have ended are nobody's to wait for: their record tells how.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    _load()
    with socket.socket(fileno=int(arguments[0])) as service:
        while True:
            line, descriptors, _, _ = socket.recv_fds(service, MAX_LINE, 1)
            if not line:
                return 0
            try:
                worker = os.fork()
            except OSError as error:
                answer: dict[str, object] = {"error": str(error.strerror)}
            else:
                if not worker:
                    service.close()
                    os._exit(_worker(line, socket.socket(fileno=descriptors[0])))
                _note(line, worker)
                answer = {"pid": worker}
            for descriptor in descriptors:
                os.close(descriptor)
            service.sendall(json.dumps(answer).encode() + b"\n")


def _load() -> None:
    """Import what workers need, and do once what each would do at its start."""
    import nbformat
    from jupyter_client.provisioning.factory import KernelProvisionerFactory

    from . import notebook_step, worker  # noqa: F401

    # Entry points are looked for on the disk, and the schema is compiled at first use.
    KernelProvisionerFactory.instance()
    nbformat.validate({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []})
    # Objects that are there stay where they are, so that their memory remains shared.
    gc.collect()
    gc.freeze()


def _note(line: bytes, worker: int) -> None:
    """Write down who works in the slot, before anybody else knows of it: one that must go is found from its first
    moment."""
    session = Session.of(worker)
    if session is not None:
        with contextlib.suppress(OSError):
            session.write(Slot(WorkerOrder.of(line).slot).session)


def _worker(line: bytes, channel: socket.socket) -> int:
    from .worker import live

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        live(WorkerOrder.of(line), channel)
    except BaseException:
        # The log of the service says what went wrong before the worker had a log of its own.
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
