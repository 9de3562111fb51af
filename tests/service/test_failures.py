"""FAILURES.md as a table: ways in which runs go wrong, with what the user gets instead, over HTTP with real kernels.

Where the other cases are tested:

==========================================================  ==========================================================
no kernelspec, unknown kernel, format 3, no notebook        test_runs.py; before it is sent: ../test_preflight.py
a misspelt parameter, no ``parameters`` cell                ../test_preflight.py, ../test_arguments.py
the editor's text is newer than the file; ``RTC:`` paths    ../test_submission.py, ../test_notebooks.py
100 MB of outputs in the notebook that is sent              ../test_notebooks.py, test_uploads.py
a notebook in another language                              test_languages.py
the worker is killed, the service is killed, cancel         test_recovery.py, test_runs.py
two services on one data folder                             test_app.py
the login expires                                           test_logins.py, ../test_remote.py
metrics out of the schema, results that are no files        test_containment.py, test_runs.py
what a notebook reads, reaches and leaves behind            test_sealed.py
==========================================================  ==========================================================

Arguments are no place for secrets: papermill writes them into the executed notebook, which is kept with the run and
which all members of the submission and the benchmark's coordinators can read. They have to: it tells with which
values a result was made. ``test_arguments_stay_in_the_executed_notebook`` shows it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyterlab_rob.service.engine.logfile import HEAD, TAIL
from jupyterlab_rob.service.store import Store

from .api import PROBE, Api, ServiceProcess, notebook, scoring, wait_for

PLOTS = Path(__file__).parent / "plots"
_EMPTY_PLOT = """\
import sys
from pathlib import Path
for name in ("points.csv", "points.svg"):
    (Path(sys.argv[2]) / name).write_text("something")
(Path(sys.argv[2]) / "points.png").touch()
"""

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
        ("open(outputfile, 'w').close()",), "metrics", ("'results/score.json' is not JSON",), blame="coordinator"
    ),
    "metrics that are no JSON": Case(
        ("open(outputfile, 'w').write('points: 1')",), "metrics", ("is not JSON",), blame="coordinator"
    ),
    "NaN": Case((scoring("float('nan')"),), "metrics", ("'points'", "is nan; a finite number",), blame="coordinator"),
    "a string": Case((scoring("'1'"),), "metrics", ("'points'", '"1"; a value of type float',), blame="coordinator"),
    "a missing column": Case(
        ("open(outputfile, 'w').write('{}')",), "metrics", ("'points'", "is missing"), blame="coordinator"
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


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> ServiceProcess:
    service = ServiceProcess(tmp_path_factory.mktemp("failures"))
    service.add_probe()
    store = Store(service.data_dir)
    store.open()
    for name, case in {case.benchmark: case for case in CASES.values()}.items():
        case.write_benchmark(service.data_dir.parent / name)
        store.benchmarks.add(service.data_dir.parent / name, name)
    shutil.copytree(PLOTS, service.data_dir.parent / "plots")
    (service.data_dir.parent / "plots" / "code" / "plot.py").write_text(_EMPTY_PLOT)
    store.benchmarks.add(service.data_dir.parent / "plots", "plots")
    store.close()
    return service


@pytest.fixture(scope="module")
def api(process: ServiceProcess) -> Iterator[Api]:
    with process.running("--slots=2", "--RobService.warm_workers=1") as client:
        yield client


def _document(*cells: str) -> dict[str, Any]:
    """A notebook; a cell that begins with ``#tag NAME`` has that tag."""
    document = notebook(*cells)
    for cell in document["cells"]:
        if cell["source"].startswith("#tag "):
            cell["metadata"]["tags"] = [cell["source"].splitlines()[0].split()[1]]
    return document


def _executed(api: Api, run: str) -> dict[str, Any]:
    return dict(api.get(f"runs/{run}/notebooks/first-step"))


@pytest.mark.parametrize("name", CASES)
def test_what_the_user_gets(api: Api, name: str) -> None:
    case = CASES[name]
    run = api.ended(api.started(_document(*case.cells), api.submission(case.benchmark)))
    cause = run["cause"]
    if case.kind is None:
        assert run["state"] == "SUCCESS", cause
        assert run["result"]["points"] == 1
        log = api.log(run["id"])
        assert all(words in log for words in case.words), log
        return
    assert run["state"] == "ERROR"
    assert cause["kind"] == case.kind, cause
    for words in case.words:
        assert words in cause["message"]
    assert cause["blame"] == case.blame, cause
    if case.cell is not None:
        assert (cause["cell"], cause["cellId"]) == (case.cell, f"cell-{case.cell}")
    assert run["messages"][-1] == cause["message"]
    assert run["rank"] is None
    # What the user needs most: how far it got.
    assert len(_executed(api, run["id"])["cells"]) >= len(case.cells)


@pytest.mark.parametrize(
    ("cell", "most"),
    [
        ("for n in range(100_000): print(n)", 4 << 20),
        ("print('x' * (50 << 20))", 60 << 20),
        ("for _ in range(15): print('y' * (10 << 20))", 140 << 20),
        ("from IPython.display import HTML, display\nfor _ in range(3): display(HTML('z' * (50 << 20)))", 140 << 20),
    ],
    ids=["100,000 prints", "a 50 MB output", "150 MB in lines of 10 MB", "150 MB of HTML"],
)
def test_a_flood_of_output_is_a_success_and_bounded(api: Api, cell: str, most: int) -> None:
    run = api.ended(api.started(notebook(cell, "print('the end')", scoring(1))))
    assert run["state"] == "SUCCESS", run["cause"]
    folder = api.run_folder(run["id"])
    assert folder.log.stat().st_size <= HEAD + TAIL + 1000
    assert api.log(run["id"]).rstrip().endswith("the end")
    assert (folder.notebooks / "first-step.ipynb").stat().st_size <= most
    if most > 128 << 20:
        assert "outputs beyond 128 MB are left out" in (folder.notebooks / "first-step.ipynb").read_text()


def test_an_error_with_a_flood_before_it_is_found_at_the_end_of_the_log(api: Api) -> None:
    run = api.ended(api.started(notebook("for n in range(100_000): print(n)\nraise ValueError('x' * 100_000)")))
    assert run["cause"]["message"].startswith("cell 2: ValueError: xxx")
    assert len(run["cause"]["message"]) <= 4000
    assert "99999" in api.log(run["id"])


def test_an_expected_error_is_in_the_executed_notebook(api: Api) -> None:
    run = api.ended(api.started(_document("#tag raises-exception\n1 / 0", scoring(1))))
    assert run["state"] == "SUCCESS"
    (cell,) = (cell for cell in _executed(api, run["id"])["cells"] if "1 / 0" in "".join(cell["source"]))
    (output,) = cell["outputs"]
    assert output["name"] == "stderr"
    assert "ZeroDivisionError" in "".join(output["text"])


@pytest.mark.parametrize("cell", ["import sys; sys.exit(0)", "exit()"])
def test_a_notebook_that_ends_itself_has_not_scored(api: Api, cell: str) -> None:
    """Even when it has written its metrics before."""
    run = api.ended(api.started(notebook(scoring(1e12), cell, "raise ValueError")))
    assert run["state"] == "ERROR"
    assert run["result"] is None
    assert run["cause"]["ename"] == "SystemExit"
    assert "raise ValueError" in json.dumps(_executed(api, run["id"]))


@pytest.mark.parametrize(
    "name",
    ["a b.ipynb", 'it\'s "mine".ipynb', "$(touch x); `y`.ipynb", "粒子 größe ☃.ipynb", "-rf.ipynb", "%s%d.ipynb"],
)
def test_notebooks_may_have_any_name(api: Api, name: str) -> None:
    submission = api.submission(name=f"{name} {id(name)}")
    file = api.upload(submission, notebook(scoring(1)), name)
    value = {"type": "$notebook", "value": {"fileId": file}}
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    assert answer.status_code == 201, answer.text
    run = api.ended(answer.json()["id"])
    assert run["state"] == "SUCCESS", run["cause"]
    # The form that it was sent in has no other way to say a quotation mark.
    assert run["notebook"]["name"] == name.replace('"', "%22")


def test_a_notebook_as_others_write_it(api: Api) -> None:
    """Without outputs and execution counts, with sources in lines, and with cells that are no code."""
    document = notebook("x = 1\ny = 2", scoring("x + y"))
    for cell in document["cells"]:
        cell["source"] = cell["source"].splitlines(keepends=True)
        del cell["outputs"], cell["execution_count"]
    document["cells"] += [
        {"id": "text", "cell_type": "markdown", "metadata": {}, "source": "# ü"},
        {"id": "raw", "cell_type": "raw", "metadata": {}, "source": "1 / 0"},
        {"id": "empty", "cell_type": "code", "metadata": {}, "source": "", "outputs": [], "execution_count": None},
    ]
    run = api.ended(api.started(document))
    assert run["state"] == "SUCCESS", run["cause"]
    assert run["result"]["points"] == 3


def test_arguments_stay_in_the_executed_notebook(api: Api) -> None:
    """And nowhere else that others read: neither in the log nor among the run's files."""
    submission = api.submission()
    file = api.upload(submission, notebook(scoring(1), parameters='outputfile = ""\npassword = ""'))
    value = {"type": "$notebook", "value": {"fileId": file, "parameters": {"password": "hunter2"}}}
    answer = api.request(
        "POST", f"groups/{submission}/runs", json={"arguments": [{"name": "notebook", "value": value}]}
    )
    run = api.ended(answer.json()["id"])
    assert "hunter2" in json.dumps(_executed(api, run["id"]))
    assert "hunter2" not in api.log(run["id"])
    assert "hunter2" not in api.coordinator_log(run["id"])


def test_a_plot_of_0_bytes_is_told_to_the_coordinator(api: Api) -> None:
    """And hurts no run."""
    run = api.ended(api.started(notebook(scoring(1)), api.submission("plots")))
    assert run["state"] == "SUCCESS"

    def failed() -> Any:
        status = api.get("workflows/plots")["postprocStatus"]
        return status["state"] == "ERROR" and status

    assert "'results/points.png' is empty (0 bytes)" in wait_for(failed, "the failure")["message"]
    assert "postproc" not in api.get("workflows/plots")
