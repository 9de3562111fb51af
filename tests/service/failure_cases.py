"""Ways in which runs go wrong, each with what the user gets instead; test_failures.py tries them out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .api import PROBE, scoring

_MORE = "Use less, or ask the benchmark's coordinator for more."
_TELL = "This step is the benchmark's: tell its coordinator."


@dataclass(frozen=True)
class Case:
    """``cells`` come after the ``parameters`` cell; ``commands`` are the coordinator's step after the notebook.

    ``kind`` is that of the cause, None for a SUCCESS. ``words`` are in the message that the user gets, or, for a
    SUCCESS, in the log; ``cell`` is the number of the cell that is named.
    """

    cells: tuple[str, ...]
    kind: str | None
    words: tuple[str, ...]
    cell: int | None = None
    blame: str = "participant"
    limits: Mapping[str, Any] = field(default_factory=dict)
    commands: tuple[str, ...] = ("true",)

    @property
    def benchmark(self) -> str:
        """One for each combination of limits and commands."""
        numbers = sorted({(json.dumps(dict(case.limits)), case.commands) for case in CASES.values()})
        return f"probe-{numbers.index((json.dumps(dict(self.limits)), self.commands))}"

    def write_benchmark(self, folder: Path) -> None:
        shutil.copytree(PROBE, folder)
        template = yaml.safe_load((folder / "benchmark.yaml").read_text())
        template["workflow"]["limits"] = dict(self.limits)
        template["workflow"]["steps"][1]["action"]["commands"] = list(self.commands)
        (folder / "benchmark.yaml").write_text(yaml.safe_dump(template))
        manifest = yaml.safe_load((folder / "flowserv.yaml").read_text())
        (folder / "flowserv.yaml").write_text(yaml.safe_dump({**manifest, "name": folder.name}))


_FINE = scoring(1)
_WAIT = "import time\ntime.sleep(600)"
_BURN = "while True: pass"

CASES = {
    # -- What the notebook does --
    "an error": Case(("x = 1", "y = x.nope"), "notebook", ("cell 3: AttributeError: ", "'nope'"), 3),
    "a syntax error": Case(("x = (",), "notebook", ("cell 2: SyntaxError: ",), 2),
    "a name of another script": Case(("größe = 1\n名前",), "notebook", ("cell 2: NameError: ", "'名前'"), 2),
    "input()": Case(
        ("name = input('Your name? ')", _FINE),
        "notebook",
        ("cell 2: StdinNotImplementedError", "Nobody answers input() in a run: make it a parameter."),
        2,
    ),
    "getpass()": Case(("import getpass; getpass.getpass()",), "notebook", ("cell 2: StdinNotImplementedError",), 2),
    **{
        name: Case(
            ("x = 1", cell, _FINE),
            "notebook",
            ("cell 3: the notebook ended itself here, by exit() or SystemExit, so what follows was not run.",),
            3,
        )
        for name, cell in {
            "sys.exit(0)": "import sys; sys.exit(0)",
            "sys.exit()": "import sys; sys.exit()",
            "sys.exit with a text": "import sys; sys.exit('no data')",
            "exit()": "exit()",
            "quit()": "quit()",
        }.items()
    },
    "a module that is missing": Case(
        ("import klingon",),
        "notebook",
        ("cell 2: ModuleNotFoundError: No module named 'klingon'. Is it installed where the ROB service runs?",),
        2,
    ),
    "a file that is no input": Case(
        ("open('private/truth.txt')",), "notebook", ("cell 2: FileNotFoundError", "private/truth.txt"), 2
    ),
    "a file beside the notebook": Case(("import mymodule",), "notebook", ("cell 2: ", "'mymodule'"), 2),
    "an error in a thread": Case(
        ("import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()", _FINE),
        None,
        ("ZeroDivisionError",),
    ),
    # -- Limits --
    "the run's time, over short cells": Case(
        ("import time", *["time.sleep(1)"] * 8, _FINE),
        "time",
        ("The run took longer than it may: 3 s.", _MORE, "cell "),
        limits={"time": 3},
    ),
    "a step's time": Case(
        (_WAIT, _FINE), "time", (f"cell 2: The step took longer than it may: 2 s. {_MORE}",), 2, limits={"step_time": 2}
    ),
    "a step's time, SIGINT ignored": Case(
        ("import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + _WAIT,),
        "time",
        ("cell 2: The step took longer than it may: 2 s.",),
        2,
        limits={"step_time": 2},
    ),
    "processor time": Case(
        (_BURN,), "time", (f"cell 2: The step used more processor time than it may: 3 s. {_MORE}",), 2,
        limits={"cpu": 3},
    ),
    "memory, as Python says it": Case(
        ("x = bytearray(1 << 30)",),
        "memory",
        (f"cell 2: MemoryError. A process may have 1 GB of memory. {_MORE}",),
        2,
        limits={"memory": "1 GB"},
    ),
    "memory, as numpy says it": Case(
        ("import numpy\nnumpy.ones((1 << 28,))",),
        "memory",
        ("cell 2: MemoryError: Unable to allocate 2.00 GiB", f"A process may have 1 GB of memory. {_MORE}"),
        2,
        limits={"memory": "1 GB"},
    ),
    "memory, as a program ends that does not get it": Case(
        ("x = 1", "import os; os.abort()"),
        "died",
        (f"cell 3: The kernel died (by SIGABRT); it may have needed more memory than it may have: 1 GB. {_MORE}",),
        3,
        limits={"memory": "1 GB"},
    ),
    "a file's size": Case(
        ("import os\nwith open('big', 'wb') as file:\n    file.write(bytes(5 << 20))",),
        "disk",
        ("cell 2: OSError: [Errno 27] File too large", f"A file may have 4 MB. {_MORE}"),
        2,
        limits={"file_size": "4 MB"},
    ),
    "a file's size, in the signal's way": Case(
        (
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
            "open('big', 'wb', buffering=0).write(bytes(5 << 20))\n"
            "open('big', 'ab', buffering=0).write(bytes(5 << 20))",
        ),
        "disk",
        (f"cell 2: The step wrote a file that is larger than it may be: 4 MB. {_MORE}",),
        2,
        limits={"file_size": "4 MB"},
    ),
    "disk": Case(
        ("for n in range(8): open(f'part {n}', 'wb').write(bytes(1 << 20))\n" + _WAIT,),
        "disk",
        (f"cell 2: The step wrote more than it may: 6 MB. {_MORE}",),
        2,
        limits={"disk": "6 MB"},
    ),
    "all outputs": Case(
        ("open(outputfile, 'wb').write(bytes(7 << 20))",),
        "disk",
        ("Step 'first step': The run's outputs are larger together than they may: 6 MB.", _MORE),
        limits={"disk": "6 MB"},
    ),
    # -- The kernel --
    "a kernel that is killed": Case(
        ("x = 1", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)", _FINE),
        "died",
        (f"cell 3: The kernel died (by SIGKILL); it may have run out of memory. {_MORE}",),
        3,
    ),
    "a kernel that crashes": Case(
        ("import ctypes; ctypes.string_at(0)",), "died", ("cell 2: The kernel died (by SIGSEGV)",), 2
    ),
    "a kernel that ends": Case(
        ("import os; os._exit(3)",), "died", ("cell 2: The kernel died (with exit code 3)",), 2
    ),
    "a kernel that ends well": Case(
        ("import os; os._exit(0)",), "died", ("cell 2: The kernel died (with exit code 0)",), 2
    ),
    # -- Results --
    "no metrics": Case(("pass",), "output", ("'results/score.json' does not exist",)),
    "empty metrics": Case(
        ("open(outputfile, 'w').close()",), "metrics", ("'results/score.json' is not JSON",)
    ),
    "metrics that are no JSON": Case(
        ("open(outputfile, 'w').write('points: 1')",), "metrics", ("is not JSON",)
    ),
    "NaN": Case((scoring("float('nan')"),), "metrics", ("'points'", "is nan; a finite number",)),
    "a string": Case((scoring("'1'"),), "metrics", ("'points'", '"1"; a value of type float',)),
    "a missing column": Case(
        ("open(outputfile, 'w').write('{}')",), "metrics", ("'points'", "is missing")
    ),
    "a link as a result": Case(
        ("import os; os.symlink('/etc/passwd', outputfile)",), "output", ("'results/score.json' is a link",)
    ),
    "a folder as a result": Case(("import os; os.mkdir(outputfile)",), "output", ("'results/score.json' is an empty",)),
    # -- The coordinator's steps --
    "a command that fails": Case(
        (_FINE,),
        "step",
        ("Step 'echo' failed with exit code 3: no truth here",),
        blame="coordinator",
        commands=("echo no truth here; exit 3",),
    ),
    "a command that takes too long": Case(
        (_FINE,),
        "time",
        (f"Step 'echo': The step took longer than it may: 2 s. {_TELL}",),
        blame="coordinator",
        limits={"step_time": 2},
        commands=("sleep 600",),
    ),
    "commands that together take too long": Case(
        (_FINE,),
        "time",
        ("Step 'echo': The step took longer than it may: 2 s.",),
        blame="coordinator",
        limits={"step_time": 2},
        commands=("sleep 1",) * 8,
    ),
    "a command's processor time": Case(
        (_FINE,),
        "time",
        (f"Step 'echo': The step used more processor time than it may: 3 s. {_TELL}",),
        blame="coordinator",
        limits={"cpu": 3},
        commands=("while :; do :; done",),
    ),
    "a command's file": Case(
        (_FINE,),
        "disk",
        (f"Step 'echo': The step wrote a file that is larger than it may be: 4 MB. {_TELL}",),
        blame="coordinator",
        limits={"file_size": "4 MB"},
        commands=("exec head -c 9000000 /dev/zero > big",),
    ),
    # -- What goes well, although it is much --
    "an error that is expected": Case(("#tag raises-exception\n1 / 0", "print('went on')", _FINE), None, ("went on",)),
    "progress bars": Case(
        (
            "import sys, time\nfrom tqdm import tqdm\n"
            "for _ in tqdm(range(500), desc='bar', mininterval=0): pass\nprint('after')",
            _FINE,
        ),
        None,
        ("bar: 100%", "after"),
    ),
    "displays that change": Case(
        (
            "from IPython.display import HTML, clear_output, display\n"
            "handle = display(HTML('<b>0</b>'), display_id=True)\n"
            "for n in range(300): handle.update(HTML(f'<b>{n}</b>')); clear_output(wait=True)\nprint('shown')",
            _FINE,
        ),
        None,
        ("shown",),
    ),
    "a widget's messages without widgets": Case(
        (
            "from comm import create_comm\ncomm = create_comm(target_name='jupyter.widget', data={'state': {}})\n"
            "comm.send({'method': 'update', 'state': {'value': 1}})\nprint('sent')",
            _FINE,
        ),
        None,
        ("sent",),
    ),
    "bytes that are no text": Case(
        ("import sys, os; os.write(1, b'\\xff\\xfe raw\\n'); print('\\ud800'.encode('utf-8', 'replace'))", _FINE),
        None,
        ("raw",),
    ),
}  # fmt: skip
