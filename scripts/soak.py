"""Kills the service at random moments under load, and looks whether every run still ends once and well.

python scripts/soak.py [--kills N] [--seed N]    exit status 0 when nothing is amiss

Runs are submitted all the time; each writes a number that is its own, and must end as SUCCESS with that number. In the
end no process, slot, folder of work or socket may be left.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
import requests

from jupyterlab_rob import embedded
from jupyterlab_rob.client import Client
from jupyterlab_rob.errors import RobError
from jupyterlab_rob.models import JSON

BENCHMARK = "soak"
SUBMISSIONS = 5
#: Active runs that the load keeps up.
LOAD = 6


def write_benchmark(folder: Path) -> None:
    folder.mkdir()
    (folder / "flowserv.yaml").write_text("name: Soak\nspecfile: benchmark.yaml\n")
    evaluate = "import json; number = int(open('n.txt').read()); json.dump({'number': number}, open('score.json', 'w'))"
    steps = [
        {"name": "write", "files": {"inputs": [], "outputs": ["n.txt"]}, "action": "$[[notebook]]"},
        {
            "name": "evaluate",
            "files": {"inputs": ["n.txt"], "outputs": ["score.json"]},
            "action": {"environment": "python", "commands": [f'"${{python}}" -c "{evaluate}"']},
        },
    ]
    template = {
        "workflow": {"files": {"outputs": ["score.json"]}, "parameters": {"outputfile": "n.txt"}, "steps": steps},
        "parameters": [{"name": "notebook", "dtype": "actor", "isRequired": True}],
        "results": {
            "file": "score.json",
            "schema": [{"name": "number", "label": "Number", "dtype": "int"}],
            "orderBy": [{"name": "number", "sortDesc": True}],
        },
    }
    (folder / "benchmark.yaml").write_text(json.dumps(template))


def notebook(number: int, seconds: float) -> JSON:
    sources = [
        ('outputfile = ""', ["parameters"]),
        (f"import time; time.sleep({seconds})", []),
        (f"print('number', {number}); open(outputfile, 'w').write('{number}')", []),
    ]
    return {
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {"tags": tags},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, (source, tags) in enumerate(sources)
        ],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


class Soak:
    """The load, the kills and the looks."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.data_dir = folder / "rob"
        self.dice = random.Random(seed)  # noqa: S311 (not for secrets)
        self.client = Client()
        self.expected: dict[str, int] = {}
        self.restarts: list[float] = []
        self._number = 0

    def submit(self) -> None:
        """Start a run; it counts when the service has said so."""
        self._number += 1
        seconds = self.dice.choice((0.0, 0.1, 0.5, 1.5))
        submission = f"team {self._number % SUBMISSIONS}"
        run = self.client.submit(BENCHMARK, notebook(self._number, seconds), submission=submission)
        self.expected[run.id] = self._number

    def load(self, stop: threading.Event) -> None:
        """Keep some runs active; a service that is just being killed refuses one."""
        while not stop.is_set():
            try:
                status = embedded.request(embedded.ensure(), "GET", "status")
                if status["running"] + status["pending"] < LOAD:
                    self.submit()
                else:
                    stop.wait(0.1)
            except (RobError, OSError, ValueError, requests.RequestException):
                stop.wait(0.05)

    def kill(self) -> None:
        connection = embedded.ensure()
        time.sleep(self.dice.uniform(0.0, 3.0))
        os.kill(connection.pid, signal.SIGKILL)
        killed = time.monotonic()
        embedded.ensure()
        self.restarts.append(time.monotonic() - killed)

    def problems(self) -> list[str]:
        """What is amiss when all runs have had their time."""
        found = []
        attempts: Counter[int] = Counter()
        for identifier, number in self.expected.items():
            run = self.client.get_run(identifier).wait(300)
            attempts[run.handle["attempt"]] += 1
            if run.state.value != "SUCCESS" or run.result != {"number": number}:
                found.append(f"run {identifier}: {run.state.value}, {run.result} for {number}, {run.messages}")
        board = self.client.leaderboard(BENCHMARK)["ranking"]
        # The best of each submission, of those that the service has told us of and of those that it could not.
        best = {row["group"]["name"]: row["results"][0]["value"] for row in board}
        for team in range(SUBMISSIONS):
            mine = [number for number in self.expected.values() if number % SUBMISSIONS == team]
            if mine and best.get(f"team {team}", 0) < max(mine):
                found.append(f"team {team}: {best.get(f'team {team}')} on the leaderboard, not {max(mine)}")
        print(f"runs by attempts: {dict(attempts)}")
        return found

    def leftovers(self) -> list[str]:
        """Processes, slots and folders that are left when the service has stopped."""
        paths = [*(self.data_dir / "slots").glob("*"), *self.data_dir.glob("runs/*/work")]
        paths += Path(tempfile.gettempdir()).glob("rob-*")
        processes = [
            f"process {process.pid}: {' '.join(process.info['cmdline'] or ())[:200]}"
            for process in psutil.process_iter(["cmdline", "status"])
            if process.info["status"] != psutil.STATUS_ZOMBIE
            and any(str(self.data_dir) in word for word in process.info["cmdline"] or ())
        ]
        return [*map(str, paths), *processes]


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill the service under load.")
    parser.add_argument("--kills", type=int, default=100, help="how often it is killed (default: 100)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the random moments")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}")
    # Short, since it becomes part of the paths of sockets.
    with tempfile.TemporaryDirectory(prefix="rs-") as name:
        folder = Path(name)
        for variable in [variable for variable in os.environ if variable.startswith("ROB_")]:
            del os.environ[variable]
        (folder / "t").mkdir()
        tempfile.tempdir = os.environ["TMPDIR"] = str(folder / "t")
        os.environ["ROB_DATA_DIR"] = str(folder / "rob")
        os.environ["JUPYTER_RUNTIME_DIR"] = str(folder / "runtime")
        os.environ["JUPYTER_NO_CONFIG"] = "1"
        soak = Soak(folder, arguments.seed)
        write_benchmark(folder / BENCHMARK)
        try:
            from jupyterlab_rob import administration

            administration.add(soak.client, folder / BENCHMARK, BENCHMARK)
            stop = threading.Event()
            load = threading.Thread(target=soak.load, args=(stop,))
            load.start()
            try:
                for number in range(1, arguments.kills + 1):
                    soak.kill()
                    if number % 10 == 0:
                        print(f"{number} kills, {len(soak.expected)} runs", flush=True)
            finally:
                stop.set()
                load.join()
            problems = soak.problems()
        finally:
            embedded.stop()
        deadline = time.monotonic() + 30
        while (left := soak.leftovers()) and time.monotonic() < deadline:
            time.sleep(0.1)
        problems += left
    median = statistics.median(soak.restarts)
    print(f"{len(soak.expected)} runs, {len(soak.restarts)} kills; the service was back after {median:.1f} s")
    for problem in problems:
        print(f"AMISS: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
