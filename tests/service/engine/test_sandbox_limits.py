"""What holds programs in a sandbox, and ends them."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess

import pytest

from jupyterlab_rob.service.engine.limits import Limits, exceeded

from .boxes import Box, box, has_bubblewrap, living, wait_for

pytestmark = pytest.mark.skipif(not has_bubblewrap(), reason="no bubblewrap; see scripts/bubblewrap.sh")

_MB = 1 << 20

# -- Limits --


def test_holds_memory(plain: Box) -> None:
    done = plain.run("bytearray(1 << 30)", limits=Limits(memory=512 * _MB))
    assert done.returncode == 1
    assert "MemoryError" in done.stderr
    assert plain.run("bytearray(1 << 28)", plain.folder("1"), limits=Limits(memory=1024 * _MB)).returncode == 0


def test_holds_processor_time(plain: Box) -> None:
    done = plain.run("while True: pass", limits=Limits(cpu=1))
    assert exceeded(done.returncode) == "cpu"


def test_holds_processor_time_of_who_ignores_the_signal(plain: Box) -> None:
    code = "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass"
    assert plain.run(code, limits=Limits(cpu=1)).returncode == 128 + signal.SIGKILL


def test_holds_file_size(plain: Box) -> None:
    folder = plain.folder()
    done = plain.run("open('big', 'wb').write(bytes(2 << 20))", folder, limits=Limits(file_size=_MB))
    assert "File too large" in done.stderr
    assert (folder / "big").stat().st_size <= _MB
    process = plain.start(["sh", "-c", "exec head -c 2000000 /dev/zero > more"], folder, limits=Limits(file_size=_MB))
    process.communicate(timeout=60)
    assert exceeded(process.returncode) == "file_size"


_FORK = """\
import errno, json, os, signal
children = []
said = None
while len(children) < 200:
    try: child = os.fork()
    except OSError as error: said = errno.errorcode[error.errno]; break
    if child == 0: signal.pause()
    children.append(child)
print(json.dumps([len(children), said]))
for child in children: os.kill(child, signal.SIGKILL)
"""


def test_holds_the_number_of_processes(plain: Box) -> None:
    assert plain.said(_FORK, limits=Limits(processes=20)) == [19, "EAGAIN"]


def test_slots_do_not_count_each_others_processes(plain: Box) -> None:
    keeper = plain.start([plain.python, "-c", _FORK + "\ninput()"], plain.folder("a", 1), slot=1)
    assert plain.said(_FORK, plain.folder("b", 2), slot=2, limits=Limits(processes=20)) == [19, "EAGAIN"]
    keeper.kill()
    keeper.communicate(timeout=60)


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm", "/tmp/home"])
def test_holds_temporary_files(kind: str, place: str) -> None:
    code = (
        "import errno, json\n"
        f"file = open('{place}/big', 'wb', buffering=0)\n"
        "written = 0\n"
        "try:\n"
        "    while written < 64 << 20: written += file.write(bytes(1 << 20))\n"
        "except OSError as error: print(json.dumps([written, errno.errorcode[error.errno]]))\n"
    )
    with box(kind, tmp_size=8 * _MB) as found:
        written, said = found.said(code)
        assert said == "ENOSPC"
        assert written <= 8 * _MB
        written, said = found.said(code, found.folder("1"), limits=Limits(disk=_MB))
        assert written <= _MB


# -- The end --

_BOMB = """\
import os
while True:
    try: os.fork()
    except OSError: pass
"""
_DAEMON = """\
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(number, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("daemon", "w").close()
        while True: time.sleep(60)
    os._exit(0)
while True: time.sleep(60)
"""


@pytest.mark.parametrize("code", [_BOMB, _DAEMON], ids=["fork bomb", "daemon"])
def test_nothing_outlives_the_sandbox(plain: Box, code: str) -> None:
    mark, folder = secrets.token_hex(8), plain.folder()
    process = plain.start([plain.python, "-c", code, mark], folder, limits=Limits(processes=40, cpu=60))
    # What is inside, what started it and the sandbox's own first process have the mark.
    wait_for(lambda: (folder / "daemon").exists() if code == _DAEMON else len(living(mark)) > 30)
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not living(mark))


def test_a_daemon_goes_when_the_step_has_ended(plain: Box) -> None:
    mark, folder = secrets.token_hex(8), plain.folder()
    code = _DAEMON.replace("    os._exit(0)\nwhile", "    os._exit(0)\nwhile not os.path.exists('daemon'):", 1)
    code = code.replace("('daemon'): True: time.sleep(60)", "('daemon'): time.sleep(0.01)")
    process = plain.start([plain.python, "-c", code, mark], folder)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert (folder / "daemon").exists()
    wait_for(lambda: not living(mark))


def test_nothing_outlives_who_started_it(plain: Box) -> None:
    mark, folder = secrets.token_hex(8), plain.folder()
    command = plain.sandbox.command([plain.python, "-c", _DAEMON, mark], folder)
    starter = subprocess.Popen(
        [
            plain.python,
            "-c",
            "import json, subprocess, sys; subprocess.run(json.loads(sys.argv[1]))",
            json.dumps(command),
        ],
        cwd=folder,
        env=plain.sandbox.environment({"PATH": os.defpath}),
        user=plain.user,
        group=plain.user,
        extra_groups=None if plain.user is None else [],
    )
    wait_for(lambda: (folder / "daemon").exists())
    starter.kill()
    starter.wait(timeout=60)
    wait_for(lambda: not living(mark))


def test_the_exit_code_is_the_programs(plain: Box) -> None:
    folder = plain.folder()
    assert plain.run("raise SystemExit(7)", folder).returncode == 7
    assert plain.run("import os; os.kill(os.getpid(), 9)", folder).returncode == 128 + 9
