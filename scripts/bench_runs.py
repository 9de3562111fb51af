"""What runs cost beside papermill's command line: each case is timed on the same notebooks, in turns.

python scripts/bench_runs.py [--repeat N] [CASE ...]    prints ratios, ours / papermill's; lower is better

The service's data are in a folder of its own, removed in the end. The service is given as many slots as there are
processors.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyterlab_rob import embedded
from jupyterlab_rob.client import Client, Run
from jupyterlab_rob.models import JSON

BIN = Path(sys.executable).parent
BENCHMARK = "number-predictor"
DATA = Path(__file__).parents[1] / "jupyterlab_rob" / "benchmarks" / "number_predictor" / "data" / "sequences.txt"

PREDICT = (
    "with open(inputfile) as lines, open(outputfile, 'w') as out:\n"
    "    out.writelines(f'{line.split()[-1]}\\n' for line in lines)"
)
#: Runs submitted at once, and how many of them papermill does, one after the other, in its share of the time.
MANY, SAMPLE = 50, 10


def notebook(*cells: str) -> JSON:
    sources = [('inputfile = "sequences.txt"\noutputfile = "predictions.txt"', ["parameters"])]
    sources += [(cell, []) for cell in cells]
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for number, (source, tags) in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


TWO_CELLS = notebook(PREDICT)
MANY_CELLS = notebook(*(f"x{number} = {number}" for number in range(199)), PREDICT)
LARGE_OUTPUT = notebook(*("print('x' * (2 << 20))" for _ in range(19)), PREDICT + "\nprint('x' * (2 << 20))")


class Bench:
    """Times submissions and papermill in one folder."""

    def __init__(self, folder: Path, repeat: int) -> None:
        self.folder = folder
        self.repeat = repeat
        self.client = Client()

    def submit(self, document: JSON) -> None:
        _succeeded(self.client.submit(BENCHMARK, document).wait())

    def papermill(self, document: JSON) -> None:
        path = self.folder / "notebook.ipynb"
        path.write_text(json.dumps(document))
        given = ("-p", "inputfile", str(DATA), "-p", "outputfile", str(self.folder / "predictions.txt"))
        command: list[str | Path] = [
            BIN / "papermill",
            "--log-level",
            "ERROR",
            "--no-progress-bar",
            *given,
            path,
            self.folder / "out.ipynb",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def pair(self, label: str, target: str, ours: Callable[[], None], theirs: Callable[[], None], repeat: int) -> None:
        """Time the two in turns and print the medians with their ratio."""
        pairs = [(_timed(ours), _timed(theirs)) for _ in range(repeat)]
        mine, other = (statistics.median(times) for times in zip(*pairs))
        _print(label, mine, other, target)

    def warm(self) -> None:
        """Submit to SUCCESS of a two-cell notebook, where another has run before."""
        self.submit(TWO_CELLS)

        def ours() -> None:
            self.submit(TWO_CELLS)

        def theirs() -> None:
            self.papermill(TWO_CELLS)
            # Meanwhile there was time for another worker.

        self.pair("two cells, warm service", "1/8", ours, theirs, self.repeat)

    def cold(self) -> None:
        """The same where not even the service runs."""

        def ours() -> None:
            self.submit(TWO_CELLS)

        def theirs() -> None:
            embedded.stop()
            self.papermill(TWO_CELLS)

        embedded.stop()
        self.pair("two cells, from nothing", "1", ours, theirs, max(3, self.repeat // 2))

    def cells(self) -> None:
        """200 cells, each of which papermill saves."""
        self.submit(TWO_CELLS)
        self.pair("200 trivial cells", "1/6", lambda: self.submit(MANY_CELLS), lambda: self.papermill(MANY_CELLS), 3)

    def output(self) -> None:
        """20 cells that print 2 MB each."""
        self.submit(TWO_CELLS)
        self.pair("20 cells of 2 MB", "1/3", lambda: self.submit(LARGE_OUTPUT), lambda: self.papermill(LARGE_OUTPUT), 3)

    def many(self) -> None:
        """Many at once, beside a loop of papermill of which some are timed."""
        self.submit(TWO_CELLS)

        def ours() -> None:
            for run in [self.client.submit(BENCHMARK, TWO_CELLS) for _ in range(MANY)]:
                _succeeded(run.wait())

        def theirs() -> None:
            for _ in range(SAMPLE):
                self.papermill(TWO_CELLS)

        mine, other = _timed(ours), _timed(theirs) * MANY / SAMPLE
        _print(f"{MANY} at once", mine, other, "1/8")


CASES = ("warm", "cold", "cells", "output", "many")


def _timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _succeeded(run: Run) -> None:
    assert run.state.value == "SUCCESS", (run, run.messages)


def _print(label: str, mine: float, other: float, target: str) -> None:
    print(
        f"{label:<26} {mine:7.2f} s   papermill {other:7.2f} s   ratio {mine / other:5.3f} = 1/{other / mine:.1f}"
        f"   (target {target})",
        flush=True,
    )


@contextmanager
def service_of_its_own() -> Iterator[Path]:
    """Folders for a service of the benchmark's own, which is stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="rob-bench-") as name:
        folder = Path(name)
        for variable in [variable for variable in os.environ if variable.startswith("ROB_")]:
            del os.environ[variable]
        os.environ["ROB_DATA_DIR"] = str(folder / "rob")
        os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
        os.environ["JUPYTER_CONFIG_DIR"] = str(folder / "config")
        (folder / "config").mkdir()
        slots = os.cpu_count() or 1
        (folder / "config" / "jupyter_rob_service_config.py").write_text(f"c.RobService.slots = {slots}\n")
        try:
            yield folder
        finally:
            embedded.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description="What runs cost, beside papermill.")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; default: all")
    parser.add_argument("--repeat", type=int, default=10, help="how often short ones are timed (default: 10)")
    arguments = parser.parse_args()
    with service_of_its_own() as folder:
        bench = Bench(folder, arguments.repeat)
        for case in arguments.cases or CASES:
            getattr(bench, case)()
    return 0


if __name__ == "__main__":
    sys.exit(main())
