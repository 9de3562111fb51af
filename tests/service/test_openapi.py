"""docs/openapi.yaml and the service hold each other to their word: no answer that is not described, and no 500.

Schemathesis makes requests from the description, good ones and bad ones, and compares each answer with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from jupyterlab_rob.service.api.patterns import PATTERNS

from .api import TIMEOUT, Api, ServiceProcess, notebook, scoring

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
BASE = "/rob/api/v1"

#: Tested elsewhere: they end the service or never end themselves.
NOT_HERE = ("shutdown", "events")

schema = schemathesis.openapi.from_path(DOCUMENT)
service_routes = schema.include(path_regex=f"^{BASE}").exclude(operation_id=list(NOT_HERE))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Described]:
    process = ServiceProcess(tmp_path_factory.mktemp("described"))
    process.add_probe()
    process.add_commands("expendable", "true")
    with process.running("--slots=1") as api:
        yield Described(api)


class Described:
    """A service with something of everything, so that requests also find what they ask for."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.known = self._things("probe")
        #: For requests that delete.
        self.expendable = self._things("probe") | {"workflowId": "expendable"}

    def _things(self, benchmark: str) -> dict[str, str]:
        submission = self.api.submission(benchmark)
        run = self.api.ended(self.api.started(notebook(scoring(1)), submission))
        return {
            "workflowId": benchmark,
            "userGroupId": submission,
            "runId": run["id"],
            "fileId": run["files"][0]["id"],
            "step": run["notebooks"][0]["step"],
            "userId": self.api.get("users/whoami")["id"],
        }


@service_routes.parametrize()
@service_routes.given(data=st.data())
@hypothesis.settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_service_answers_as_described(case: Any, described: Described, data: Any) -> None:
    things = described.expendable if case.method == "DELETE" else described.known
    for name in case.path_parameters:
        if data.draw(st.booleans(), label=f"a {name} that there is"):
            case.path_parameters[name] = things[name]
    case.call_and_validate(
        base_url=described.api.url.removesuffix(BASE),
        headers=dict(described.api.session.headers),
        timeout=TIMEOUT,
        excluded_checks=[positive_data_acceptance],
    )


def test_every_route_is_described() -> None:
    described = {
        operation["operationId"]: path.removeprefix(BASE).strip("/")
        for path, operations in schema.raw_schema["paths"].items()
        if path.startswith(BASE)
        for method, operation in operations.items()
        if method != "parameters"
    }
    assert described == {name: pattern.partition("?")[0] for name, pattern in PATTERNS.items()}
