"""Runs and what came of them."""

from __future__ import annotations

from ...errors import InvalidInput
from .handler import ServiceHandler

#: Longest reason for a cancellation, in characters.
MAX_REASON = 1000


class RunHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self._answer(run)

    async def put(self, run: str) -> None:
        reason = self.body().get("reason")
        if reason is not None and not isinstance(reason, str):
            raise InvalidInput("The reason must be a text.")
        if reason is not None and len(reason) > MAX_REASON:
            raise InvalidInput(f"The reason has {len(reason)} characters; at most {MAX_REASON} are taken.")
        # First of all the run must be the user's: the queue does not ask.
        await self.call(self.context.store.runs.get, self.identity, run)
        await self.context.queue.cancel(run, reason)
        await self._answer(run)

    async def delete(self, run: str) -> None:
        # One that was canceled just now may still be at work in its folder.
        await self.call(self.context.store.runs.get, self.identity, run)
        if (active := self.context.queue.get(run)) is not None and active.is_canceled:
            await self.context.queue.ended(run)
        benchmark = await self.call(self.context.store.runs.delete, self.identity, run)
        self.context.postprocessing.trigger(benchmark)
        self.set_status(204)

    async def _answer(self, run: str) -> None:
        self.answer(await self.call(self.context.store.runs.get, self.identity, run, self.context.progress(run)))


class ResultFileHandler(ServiceHandler):
    async def get(self, run: str, file: str) -> None:
        await self.send(await self.call(self.context.store.runs.result_file, self.identity, run, file))


class RunArchiveHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self.send_archive(await self.call(self.context.store.runs.archive, self.identity, run))


class RunLogHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self.send(await self.call(self.context.store.runs.log, self.identity, run))


class CoordinatorLogHandler(ServiceHandler):
    async def get(self, run: str) -> None:
        await self.send(await self.call(self.context.store.runs.coordinator_log, self.identity, run))


class ExecutedNotebookHandler(ServiceHandler):
    async def get(self, run: str, step: str) -> None:
        await self.send(await self.call(self.context.store.runs.executed_notebook, self.identity, run, step))
