"""What a run prints, on its way into the log.

Kernels, commands and the worker itself print into a pipe. A thread of the worker reads it, always: nobody who prints
has to wait for more than that.
"""

from __future__ import annotations

import codecs
import contextlib
import fcntl
import io
import os
import select
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from .logfile import HEAD, TAIL, LogFile
from .terminal import Terminal

T = TypeVar("T")

#: Seconds between two writes of the file.
_PAUSE = 0.1
#: How fast the file may grow by being written anew, in bytes a second.
_RATE = 4 << 20
#: Seconds until the file is tried again that could not be written.
_RETRY = 1.0
#: Seconds in which what is printed a little at a time gathers.
_GATHER = 0.01
#: How much is read at a time, and how much the pipe should hold, in bytes; what one holds where nobody can tell.
_CHUNK = 1 << 18
_PIPE = 1 << 20
_SMALL_PIPE = 1 << 14


class LogWriter:
    """Writes what is printed to ``fileno()`` to a file, as a terminal would show it; see :mod:`.terminal` and
    :mod:`.logfile`. A context manager. Make it in the process that it works in: a thread does not survive a fork.

    One that has no ``path`` yet keeps what is printed until :meth:`write_to` tells it one. What a file has already, of
    an earlier attempt say, stays.

    Printing must not depend on anybody's disk: while the file can't be written the log is kept in memory.
    """

    def __init__(self, path: Path | None = None, head: int = HEAD, tail: int = TAIL) -> None:
        self._limits = head, tail
        #: When something was printed last, in seconds since 1970; None when nothing was.
        self.last_output: float | None = None
        #: What went wrong last in writing the log.
        self.fault: Exception | None = None
        self._file = LogFile(path, head, tail)
        self._files = {path: self._file}
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._terminal = Terminal()
        self._marked = 0
        self._is_new = False
        self._due = 0.0
        self._orders: deque[Callable[[], None]] = deque()
        self._is_over = False
        self._source, self._pipe = os.pipe()
        self._woken, self._waker = os.pipe()
        for file in (self._source, self._woken, self._waker):
            os.set_blocking(file, False)
        self._capacity = _enlarged(self._pipe)
        self._thread = threading.Thread(target=self._work, name="log", daemon=True)
        self._thread.start()

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # -- for who prints --

    def fileno(self) -> int:
        """What is printed to: for ``stdout`` and ``stderr`` of :class:`subprocess.Popen`."""
        return self._pipe

    def capture(self) -> None:
        """Let this process itself print to it, by its file descriptors 1 and 2 and by Python's streams."""
        for name, number in (("stdout", 1), ("stderr", 2)):
            with contextlib.suppress(OSError, ValueError):
                getattr(sys, name).flush()
            os.dup2(self._pipe, number)
            # At once, and whatever a notebook prints: halves of characters must not be the worker's end. A new stream,
            # since the old one remembers whether it could be seeked in.
            raw = open(number, "wb", buffering=0, closefd=False)  # noqa: SIM115
            stream = io.TextIOWrapper(raw, encoding="utf-8", errors="replace", write_through=True)
            setattr(sys, name, stream)

    # -- for who asks; all of it holds for everything that was printed before --

    def write_to(self, path: Path) -> None:
        """From here on write to this file; one that was written to before goes on."""
        self._call(self._switch, path)

    def sync(self) -> None:
        """Return when the file has all that was printed so far."""
        self._call(self._show)

    def mark(self) -> None:
        """Begin a new line, and with it what :meth:`last_line` looks at; the lines before are final."""
        self._call(self._mark)

    def last_line(self) -> str:
        """The last line since :meth:`mark` that is not blank; empty when there is none."""
        return self._call(lambda: self._terminal.last_line(self._marked))

    def size_of(self, path: Path) -> int:
        """How many bytes of this file were written; 0 when nothing was printed to it."""
        file = self._files.get(path)
        return file.size if file is not None else 0

    def close(self) -> None:
        """Write what has been printed so far, and end. Who still prints gets a broken pipe; this process, if it was
        captured, prints into nothing."""
        if self._is_over:
            return
        self._release()
        self._call(self._finish)
        self._thread.join()
        for file in (self._source, self._pipe, self._woken, self._waker):
            os.close(file)

    # -- the thread --

    def _work(self) -> None:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._woken, select.POLLIN)
        # Who prints line by line is not to cost a turn for each; an order does not wait.
        gathering = select.poll()
        gathering.register(self._woken, select.POLLIN)
        while not self._is_over:
            wait = max(self._due - time.monotonic(), 0) if self._is_new else None
            ready = {number for number, _ in poll.poll(wait and wait * 1000)}
            if self._source in ready:
                size = self._read(_CHUNK)
                gathering.poll(_GATHER * 1000 if size < self._capacity // 4 else 0)
            if self._woken in ready:
                os.read(self._woken, 1)
                self._orders.popleft()()
            if self._is_new and time.monotonic() >= self._due:
                self._show()

    def _read(self, size: int) -> int:
        data = b""
        try:
            data = os.read(self._source, size)
            self.last_output = time.time()
            self._is_new = True
            self._file.add(self._terminal.feed(self._decoder.decode(data)))
        except BlockingIOError:
            pass
        except Exception as error:
            # Whatever it is: if nobody reads any more, all who print wait for ever.
            self.fault = error
        return len(data)

    def _drain(self) -> None:
        """Read what is in the pipe now; a process that does not stop to print must not keep us here."""
        held = bytearray(4)
        fcntl.ioctl(self._source, termios.FIONREAD, held)
        rest = int.from_bytes(held, sys.byteorder)
        while rest > 0 and (size := self._read(min(rest, _CHUNK))):
            rest -= size

    def _show(self) -> None:
        """Bring the file up to date. The more that costs, the later is the next time."""
        began = time.monotonic()
        size = 0
        try:
            if self._file.show(self._terminal.pending()):
                size = self._file.size
        except Exception as error:
            self.fault = error
            self._due = began + _RETRY
            return
        self._is_new = False
        now = time.monotonic()
        self._due = now + max(_PAUSE, size / _RATE, 10 * (now - began))

    def _end_file(self) -> None:
        self._mark()
        self._show()

    def _switch(self, path: Path) -> None:
        if self._file.path is None:
            self._files[path] = self._file
            self._file.place(path)
            self._show()
        elif self._file.path != path:
            self._end_file()
            self._file = self._files.get(path) or LogFile(path, *self._limits)
            self._files[path] = self._file

    def _mark(self) -> None:
        self._file.add(self._terminal.feed(self._decoder.decode(b"", final=True)) + self._terminal.finish())
        self._marked = self._terminal.line
        self._is_new = True

    def _finish(self) -> None:
        self._end_file()
        for file in self._files.values():
            file.close()
        self._is_over = True

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Have the thread do something, after what is in the pipe."""
        if self._is_over:
            raise ValueError("The log is closed.")
        result: Future[T] = Future()

        def order() -> None:
            try:
                self._drain()
                result.set_result(function(*arguments))
            except Exception as error:
                result.set_exception(error)

        self._orders.append(order)
        os.write(self._waker, b".")
        return result.result()

    def _release(self) -> None:
        pipe = os.fstat(self._pipe)
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            with contextlib.suppress(OSError, ValueError):
                if os.path.samestat(os.fstat(number), pipe):
                    stream.flush()
                    nothing = os.open(os.devnull, os.O_WRONLY)
                    os.dup2(nothing, number)
                    os.close(nothing)


def _enlarged(pipe: int) -> int:
    """Let a pipe hold more, so that who prints seldom waits; returns how much it holds, in bytes."""
    if not hasattr(fcntl, "F_SETPIPE_SZ"):
        return _SMALL_PIPE
    with contextlib.suppress(OSError):
        # Not for everybody: what a user may have in pipes is limited.
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE)
    return fcntl.fcntl(pipe, fcntl.F_GETPIPE_SZ)
