"""docs/openapi.yaml and the extension hold each other to their word: no answer that is not described, and no 500.

As tests/service/test_openapi.py, on a real Jupyter server with the service that it starts.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from jupyterlab_rob import embedded

from .conftest import Home, end
from .contract.classic import free_port
from .protocol import GOOD_CELL, make_notebook
from .service.api import TIMEOUT, wait_for

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.yaml"

NOTEBOOK = {"name": "a.ipynb", "content": make_notebook(GOOD_CELL, "1")}
#: What is hardly ever made up.
KNOWN = {
    "benchmark": "number-predictor",
    "notebook": NOTEBOOK,
    "notebooks": {"predictor": NOTEBOOK},
    "arguments": {"shift": 1},
}

schema = schemathesis.openapi.from_path(DOCUMENT).include(path_regex="^/rob/(session|check|export|submit)$")


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server; ``headers`` let one in."""

    url: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """In a process of its own, with a ROB service that nobody else waits for."""
    folder = tmp_path_factory.mktemp("jupyter")
    token, port = secrets.token_hex(), free_port()
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    options += ["--ServerApp.jpserver_extensions=jupyterlab_rob=True", f"--ServerApp.root_dir={folder}"]
    server = Jupyter(f"http://127.0.0.1:{port}", {"Authorization": f"token {token}"})
    with pytest.MonkeyPatch.context() as patch, open(folder / "server.log", "wb") as log:
        Home(folder).enter(patch)
        patch.setenv("JUPYTER_TOKEN", token)
        patch.setenv("JUPYTER_CONFIG_DIR", str(folder))
        process = subprocess.Popen([sys.executable, "-m", "jupyter_server", *options], stdout=log, stderr=log)

        def answers() -> bool:
            assert process.poll() is None, (folder / "server.log").read_text()
            try:
                return requests.get(f"{server.url}/rob/session", headers=server.headers, timeout=TIMEOUT).ok
            except requests.ConnectionError:
                return False

        try:
            wait_for(answers, "the Jupyter server")
            yield server
        finally:
            process.terminate()
            process.wait()
            connection = embedded.stop()
            if connection is not None:
                end(connection.pid)


@schema.parametrize()
@schema.given(data=st.data())
@hypothesis.settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_extension_answers_as_described(case: Any, jupyter: Jupyter, data: Any) -> None:
    if case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        for name, value in KNOWN.items():
            if name in case.body and data.draw(st.booleans(), label=f"a {name} that is one"):
                case.body[name] = value
    case.call_and_validate(
        base_url=jupyter.url,
        headers=jupyter.headers,
        timeout=TIMEOUT,
        excluded_checks=[positive_data_acceptance],
    )
