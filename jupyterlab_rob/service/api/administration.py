"""Benchmarks as their coordinators administer them: added, given new versions, removed and checked."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InvalidInput
from ...models import JSON
from ...templates import Finding
from ..store import IncomingFile
from ..store.benchmarks import Benchmarks
from . import workflows
from .handler import ServiceHandler
from .receiving import ReceivingHandler


class _FolderHandler(ReceivingHandler):
    """Takes a benchmark's folder, packed as ``.tar.gz``, in a form with the fields ``file``, ``id`` and ``note``."""

    async def begin(self) -> IncomingFile:
        benchmark = self.path_args[0] if self.path_args else None
        return await self.call(self.store.begin, self.identity, benchmark, self.context.packing)

    @property
    def store(self) -> Benchmarks:
        return self.context.store.benchmarks


class WorkflowsHandler(_FolderHandler, workflows.WorkflowsHandler):
    receives = frozenset({"POST"})

    async def post(self) -> None:
        await self.finish_receiving()

    async def receive(self, incoming: IncomingFile) -> None:
        identifier = self.form.fields.get("id", "")
        if not identifier:
            raise InvalidInput("The new benchmark's identifier is missing: send it in the form's field 'id'.")
        note = self.form.fields.get("note")
        found = await self.call(self.store.create, self.identity, identifier, note, incoming, self.context.packing)
        handle = await self.call(self.store.get, self.identity, identifier)
        self.answer({**handle, **_problems(found)}, 201)


class WorkflowHandler(_FolderHandler, workflows.WorkflowHandler):
    receives = frozenset({"PUT"})

    async def put(self, workflow: str) -> None:
        await self.finish_receiving()

    async def receive(self, incoming: IncomingFile) -> None:
        benchmark, note = self.path_args[0], self.form.fields.get("note")
        found = await self.call(self.store.update, self.identity, benchmark, note, incoming, self.context.packing)
        self.context.postprocessing.trigger(benchmark)
        handle = await self.call(self.store.get, self.identity, benchmark)
        self.answer({**handle, **_problems(found)})

    async def delete(self, workflow: str) -> None:
        archive = self.get_query_argument("archive", "").lower() in ("1", "true", "yes")
        await self.call(self.store.remove, self.identity, workflow, archive=archive)
        self.context.postprocessing.trigger(workflow)
        self.set_status(204)


class CheckHandler(_FolderHandler):
    receives = frozenset({"POST"})

    async def post(self) -> None:
        await self.finish_receiving()

    async def receive(self, incoming: IncomingFile) -> None:
        self.answer(_problems(await self.call(self.store.check, incoming, self.context.packing)))


class VersionsHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        self.answer(await self.call(self.context.store.benchmarks.versions, workflow))


def _problems(findings: Sequence[Finding]) -> JSON:
    return {"problems": [finding.to_dict() for finding in findings]}
