"""Requests to the extension's routes, as the panel makes them; each answer is held against docs/openapi.yaml."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tornado.httpclient import HTTPClientError

from ..protocol import make_notebook
from ..waiting import until
from .classic import PASSWORD
from .description import check_answer

SCHEMA = "https://schema.jupyterlab-rob.org/run/v1"

#: A notebook that the benchmark takes: the mean of each sequence's differences, added to its last number.
NOTEBOOK = make_notebook(
    "inputfile = ''\noutputfile = ''\nshift: int = 0",
    "lines = [list(map(int, line.split())) for line in open(inputfile)]",
    "with open(outputfile, 'w') as file:\n"
    "    for line in lines:\n"
    "        print(line[-1] + (line[-1] - line[0]) // (len(line) - 1) + shift, file=file)",
)


class Panel:
    """What the panel asks for; ``status`` is that of the last answer.

    Args:
        fetch: pytest-jupyter's ``jp_fetch``.
        name: The benchmark's; its id is ``benchmark`` after :meth:`login`.
    """

    def __init__(self, fetch: Callable[..., Any], name: str = "Number predictor") -> None:
        self.fetch = fetch
        self.name = name
        self.benchmark = ""
        self.status = 0

    async def ask(self, method: str, path: str, document: Any = None) -> Any:
        """The document of an answer, whatever its status."""
        route, _, query = path.partition("?")
        body = None if method in ("GET", "DELETE") else json.dumps({} if document is None else document)
        params = dict(pair.split("=") for pair in query.split("&")) if query else None
        try:
            response = await self.fetch("rob", route, method=method, body=body, params=params, request_timeout=60)
        except HTTPClientError as error:
            response = error.response
        self.status = response.code
        answer = json.loads(response.body) if response.body else None
        check_answer(method, f"/rob/{route}", self.status, answer)
        return answer

    async def login(self, user: str, **options: Any) -> Any:
        session = await self.ask("POST", "session", {"username": user, "password": PASSWORD, **options})
        assert self.status == 200, session
        listed = (await self.ask("GET", "api/v1/workflows"))["workflows"]
        (self.benchmark,) = (benchmark["id"] for benchmark in listed if benchmark["name"] == self.name)
        return session

    def request(self, notebook: Any = NOTEBOOK, **arguments: Any) -> Any:
        """The body of ``check``, ``export`` and ``submit``."""
        return {
            "benchmark": self.benchmark,
            "notebook": {"name": "predictor.ipynb", "content": notebook},
            "arguments": arguments,
        }

    async def submit(self, notebook: Any = NOTEBOOK, submission: str | None = None, **arguments: Any) -> Any:
        request = self.request(notebook, **arguments)
        answer = await self.ask("POST", "submit", {**request, **({"submission": submission} if submission else {})})
        assert self.status == 201, answer
        return answer["run"]

    async def ended(self, run: str) -> Any:
        """The handle of a run when it has ended."""
        handle: dict[str, Any] = {}

        async def has_ended() -> bool:
            handle.update(await self.ask("GET", f"api/v1/runs/{run}"))
            return handle["state"] not in ("PENDING", "RUNNING")

        await until(has_ended)
        return handle

    async def rows(self, query: str = "") -> list[Any]:
        """The leaderboard's."""
        return list((await self.ask("GET", f"api/v1/workflows/{self.benchmark}/leaderboard{query}"))["ranking"])
