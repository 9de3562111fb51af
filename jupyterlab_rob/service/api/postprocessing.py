"""What post-processing has made of a benchmark's results, for everybody; its log, for coordinators."""

from __future__ import annotations

from ..store import Archive
from .handler import ServiceHandler


class PostprocessingFileHandler(ServiceHandler):
    async def get(self, workflow: str, file: str) -> None:
        await self.send(await self.call(self.context.store.postprocessing.result_file, workflow, file))


class PostprocessingArchiveHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        files = await self.call(self.context.store.postprocessing.result_files, workflow)
        await self.send_archive(Archive(f"{workflow}.tar.gz", tuple(files)))


class PostprocessingLogHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        await self.send(await self.call(self.context.store.postprocessing.log, self.identity, workflow))
