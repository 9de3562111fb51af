"""How soon the browser hears of a run's changes: from the moment that the service writes down to the Jupyter event.

python scripts/bench_events.py [--runs N]    prints median and 95th percentile, in milliseconds

A Jupyter server with the extension, a service of its own, and a listener where the panel listens.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import requests
from bench_runs import BENCHMARK, TWO_CELLS, service_of_its_own
from free_port import free_port
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

#: By state, the time of the run's handle that it begins with.
_TIMES = {"PENDING": "createdAt", "RUNNING": "startedAt", "SUCCESS": "finishedAt"}
_TIMEOUT = 60


@contextmanager
def jupyter_server(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The address of a running server, and the headers of who may use it."""
    port, token = free_port(), secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyter_server", f"--port={port}", "--no-browser", "--allow-root"),
        *(f"--ServerApp.root_dir={folder}", "--ServerApp.port_retries=0"),
    ]
    process = subprocess.Popen(
        command, env={**os.environ, "JUPYTER_TOKEN": token}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address, headers = f"127.0.0.1:{port}", {"Authorization": f"token {token}"}
    try:
        deadline = time.monotonic() + _TIMEOUT
        while True:
            try:
                requests.get(f"http://{address}/api/status", headers=headers, timeout=5).raise_for_status()
                break
            except requests.RequestException:
                assert process.poll() is None, "the Jupyter server has ended"
                assert time.monotonic() < deadline, "the Jupyter server does not answer"
                time.sleep(0.1)
        yield address, headers
    finally:
        process.terminate()
        process.wait()


async def delays(address: str, headers: dict[str, str], count: int) -> list[float]:
    """Seconds from each change of ``count`` runs, one after the other, to its event."""
    found = []
    listener = await websocket_connect(HTTPRequest(f"ws://{address}/api/events/subscribe", headers=headers))
    body = {"benchmark": BENCHMARK, "notebook": {"name": "n.ipynb", "content": TWO_CELLS}, "arguments": {}}

    def submit() -> str:
        answer = requests.post(f"http://{address}/rob/submit", json=body, headers=headers, timeout=_TIMEOUT)
        answer.raise_for_status()
        return str(answer.json()["run"]["id"])

    def handle(run: str) -> dict[str, str]:
        answer = requests.get(f"http://{address}/rob/api/v1/runs/{run}", headers=headers, timeout=_TIMEOUT)
        return dict(answer.json())

    for number in range(count + 1):
        heard: dict[str, float] = {}
        submitting = asyncio.create_task(asyncio.to_thread(submit))
        while "SUCCESS" not in heard:
            message = await asyncio.wait_for(listener.read_message(), _TIMEOUT)
            assert message is not None, "the event stream has ended"
            heard.setdefault(json.loads(message).get("state", ""), time.time())
        times = await asyncio.to_thread(handle, await submitting)
        if number:  # The first one starts the service, and the listener comes after it.
            found += [heard[state] - _seconds(times[name]) for state, name in _TIMES.items() if state in heard]
    listener.close()
    return found


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.rstrip("Z")).replace(tzinfo=timezone.utc).timestamp()


def main() -> int:
    parser = argparse.ArgumentParser(description="From a run's changes to the browser.")
    parser.add_argument("--runs", type=int, default=20, help="how many (default: 20)")
    count = parser.parse_args().runs
    with service_of_its_own() as folder, jupyter_server(folder) as (address, headers):
        found = asyncio.run(delays(address, headers, count))
    slowest = statistics.quantiles(found, n=20)[-1]
    print(
        f"{'state change to browser':<26} {1000 * statistics.median(found):5.0f} ms median, {1000 * slowest:5.0f} ms "
        f"95th percentile of {len(found)}   (target 100 ms)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
