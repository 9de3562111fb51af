"""The log of what real processes print, through real pipes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from jupyterlab_rob.service.engine.log import LogWriter

TIMEOUT = 60


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.005)


def text(path: Path) -> str:
    return path.read_text(errors="strict") if path.exists() else ""


def _says(path: Path, expected: str) -> bool:
    return text(path) == expected


def started(code: str, log: LogWriter) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=log.fileno(), stderr=log.fileno()
    )


def ended(process: subprocess.Popen[bytes]) -> None:
    process.communicate(timeout=TIMEOUT)
    assert process.returncode == 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


def test_all_that_was_printed_is_there_at_the_end(path: Path) -> None:
    with LogWriter(path) as log:
        ended(started("import sys; print('out'); sys.stdout.flush(); print('err \xe9', file=sys.stderr)", log))
    assert text(path) == "out\nerr é\n"
    assert log.size_of(path) == path.stat().st_size
    assert log.fault is None


def test_unfinished_line_is_there_while_it_is_printed(path: Path) -> None:
    code = """
for bar in ("one ", "two", "\\r\\x1b[2Kdone \\U0001f30d"):
    print(bar, end="", flush=True)
    input()
print()
"""
    with LogWriter(path) as log:
        process = started(code, log)
        assert process.stdin is not None
        for shown in ("one", "one two", "done 🌍"):
            until(partial(_says, path, shown))
            assert log.last_output is not None
            assert abs(time.time() - log.last_output) < TIMEOUT
            process.stdin.write(b"\n")
            process.stdin.flush()
        ended(process)
    assert text(path) == "done 🌍\n"


def test_half_a_character_waits_and_what_is_none_is_replaced(path: Path) -> None:
    with LogWriter(path) as log:
        for byte in "é\xff".encode("latin-1") + "é".encode() + b"\xe2\x96":
            os.write(log.fileno(), bytes([byte]))
            log.sync()
    assert text(path) == "\ufffd\ufffdé\ufffd\n"


def test_nothing_printed_is_no_file(path: Path) -> None:
    with LogWriter(path) as log:
        log.sync()
        assert (log.size_of(path), log.last_output) == (0, None)
    assert not path.exists()


def test_head_and_tail_of_a_flood_that_is_read_meanwhile(path: Path) -> None:
    """50 MB, and 100,000 lines among them; a reader never sees half a line or half a file."""
    code = """
import os, sys
for number in range(100_000):
    print(f"{number:07}", flush=True)
block = "".join(f"{{:07}} {'x' * 91}\\n" for _ in range(1000))
for number in range(100_000, 600_000, 1000):
    sys.stdout.write(block.format(*range(number, number + 1000)))
"""
    is_over = threading.Event()
    faults: list[str] = []

    def read() -> None:
        while not is_over.is_set():
            lines = text(path).split("\n")
            numbers = [-1 if line.startswith("…") else int(line[:7]) for line in lines[:-1]]
            if -1 in numbers:
                place = numbers.index(-1)
                numbers[: place + 1] = range(numbers[place + 1] - place - 1, numbers[place + 1])
            if numbers and numbers != list(range(numbers[0], numbers[0] + len(numbers))):
                faults.append(str(numbers))

    reader = threading.Thread(target=read)
    reader.start()
    with LogWriter(path) as log:
        ended(started(code, log))
    is_over.set()
    reader.join()
    assert faults == []
    content = text(path)
    head, notice, tail = re.split("(?m)^(… .* left out …)$", content)
    assert head.startswith("0000000\n0000001\n")
    assert re.fullmatch(r"… 4\d\.?\d* MB left out …", notice)
    assert tail.endswith(f"0599999 {'x' * 91}\n")
    assert 3 << 18 < path.stat().st_size < (1 << 20) + 100


def test_a_process_that_stays_does_not_keep_it(path: Path) -> None:
    with LogWriter(path) as log:
        quiet = started("import time; print('quiet', flush=True); time.sleep(1000)", log)
        until(lambda: "quiet" in text(path))
        loud = started("while True: print('loud' * 1000)", log)
        until(lambda: "loud" in text(path))
        log.sync()
        log.close()
        log.close()
    with pytest.raises(ValueError, match="closed"):
        log.sync()
    loud.communicate(timeout=TIMEOUT)
    assert loud.returncode != 0
    assert quiet.poll() is None
    quiet.kill()
    quiet.communicate()


def test_steps_have_files_of_their_own(tmp_path: Path) -> None:
    participants, coordinators = tmp_path / "log.txt", tmp_path / "coordinator.log"
    with LogWriter() as log:
        os.write(log.fileno(), b"before there was a folder")
        log.sync()
        log.write_to(participants)
        assert text(participants) == "before there was a folder"
        os.write(log.fileno(), b"\nstep 1\nno end")
        log.write_to(coordinators)
        assert (text(participants), coordinators.exists()) == ("before there was a folder\nstep 1\nno end\n", False)
        os.write(log.fileno(), b"\x1b[9Asecret\n")
        log.write_to(participants)
        os.write(log.fileno(), b"\x1b[9Astep 3\n")
        log.sync()
        assert log.size_of(participants) == participants.stat().st_size
        assert log.size_of(coordinators) == len("secret\n")
    assert text(coordinators) == "secret\n"
    assert text(participants) == "before there was a folder\nstep 1\nno end\nstep 3\n"


def test_last_line(path: Path) -> None:
    with LogWriter(path) as log:
        assert log.last_line() == ""
        os.write(log.fileno(), b"one\ntwo")
        assert log.last_line() == "two"
        log.mark()
        assert log.last_line() == ""
        ended(started("print('\\x1b[31mthree\\x1b[0m\\n\\n')", log))
        assert log.last_line() == "three"


def test_log_goes_on_where_it_could_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log.txt"
    with LogWriter(path) as log:
        os.write(log.fileno(), b"one\n")
        log.sync()
        assert isinstance(log.fault, FileNotFoundError)
        path.parent.mkdir()
        until(lambda: text(path) == "one\n")


_CAPTURED = """
import os, subprocess, sys
from pathlib import Path
from jupyterlab_rob.service.engine.log import LogWriter

print("before", end="")
participants, coordinators = LogWriter(Path("log.txt")), LogWriter(Path("coordinator.log"))
participants.capture()
print("half of a character: \\ud83c")
os.write(2, b"worker\\n")
subprocess.run("echo child; echo error >&2", shell=True)
coordinators.capture()
print("secret", end="")
sys.stderr.write("!")
participants.capture()
print("end", end="")
coordinators.close()
os.write(1, b" of it")
participants.close()
print("to nobody", flush=True)
os.write(1, b"to nobody")
os.write(2, b"to nobody")
"""


def test_a_worker_is_captured(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", _CAPTURED], cwd=tmp_path, env=environment, capture_output=True, timeout=TIMEOUT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"before", b"")
    assert text(tmp_path / "log.txt") == "half of a character: ?\nworker\nchild\nerror\nend of it\n"
    assert text(tmp_path / "coordinator.log") == "secret!\n"


def test_bars_of_tqdm_through_a_pipe(path: Path) -> None:
    code = """
from tqdm import tqdm
for _ in tqdm(range(3), desc="outer", mininterval=0):
    for _ in tqdm(range(2000), desc="inner", leave=False, mininterval=0):
        pass
print("done")
"""
    with LogWriter(path) as log:
        ended(started(code, log))
    lines = text(path).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("outer: 100%|██████████| 3/3")
    assert lines[1] == "done"
