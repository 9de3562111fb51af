"""What a run costs beside plain papermill: submit to SUCCESS with a warm service, and `papermill` on the same notebook.

python scripts/bench.py [--repeat N]    prints the medians and their ratio; lower is better

The two take turns, so that a busy machine burdens both alike. The service's data are in a folder of its own, removed in
the end.
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
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from jupyterlab_rob.connection import read_connection

BIN = Path(sys.executable).parent
BENCHMARK = "number-predictor"
DATA = Path(__file__).parents[1] / "jupyterlab_rob" / "benchmarks" / "number_predictor" / "data" / "sequences.txt"

CELLS: tuple[tuple[str, list[str]], ...] = (
    ('inputfile = "sequences.txt"\noutputfile = "predictions.txt"', ["parameters"]),
    (
        "with open(inputfile) as lines, open(outputfile, 'w') as out:\n"
        "    out.writelines(f'{line.split()[-1]}\\n' for line in lines)",
        [],
    ),
)


def write_notebook(path: Path) -> None:
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {"tags": tags},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, (source, tags) in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(document))


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def run(*command: str | Path) -> str:
    """Run a command and return what it prints; what it says besides is shown only when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        done.check_returncode()
    return done.stdout


def seconds_in_service(run_id: str) -> float:
    """From the moment a run was created to its end, by the service's own clock."""
    connection = read_connection(Path(os.environ["ROB_DATA_DIR"]))
    assert connection is not None
    request = urllib.request.Request(
        f"{connection.url}/runs/{run_id}", headers={"Authorization": f"token {connection.token}"}
    )
    with urllib.request.urlopen(request) as answer:
        document = json.load(answer)
    created, finished = (datetime.fromisoformat(document[name].rstrip("Z")) for name in ("createdAt", "finishedAt"))
    return (finished - created).total_seconds()


def main() -> int:
    parser = argparse.ArgumentParser(description="Time from submit to SUCCESS, beside papermill.")
    parser.add_argument("--repeat", type=int, default=10, help="how often each is timed (default: 10)")
    repeat = parser.parse_args().repeat
    with tempfile.TemporaryDirectory(prefix="rob-bench-") as name:
        folder = Path(name)
        notebook = folder / "two-cells.ipynb"
        write_notebook(notebook)
        for variable in [variable for variable in os.environ if variable.startswith("ROB_")]:
            del os.environ[variable]
        os.environ["ROB_DATA_DIR"] = str(folder / "rob")

        runs: list[str] = []

        def submit() -> None:
            done = json.loads(run(BIN / "jupyter-rob", "submit", notebook, "-b", BENCHMARK, "--wait", "--json"))
            runs.append(done["run"]["id"])

        def papermill() -> None:
            given = ("-p", "inputfile", str(DATA), "-p", "outputfile", str(folder / "predictions.txt"))
            run(BIN / "papermill", "--log-level", "ERROR", "--no-progress-bar", *given, notebook, folder / "out.ipynb")

        try:
            submit()  # starts the service and makes the submission
            papermill()  # and both find the disk's caches warm
            pairs = [(timed(submit), timed(papermill)) for _ in range(repeat)]
            inside = statistics.median(seconds_in_service(run_id) for run_id in runs[1:])
        finally:
            run(BIN / "jupyter-rob", "stop")
    ours, plain = (statistics.median(times) for times in zip(*pairs))
    print(f"jupyter rob submit --wait  {ours:6.2f} s   (median of {repeat}, a two-cell notebook, warm service)")
    print(f"    of it in the service   {inside:6.2f} s   (from the created run to SUCCESS, evaluation included)")
    print(f"papermill                  {plain:6.2f} s   (the same notebook)")
    print(f"ratio                      {ours / plain:6.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
