"""What post-processing has made of a benchmark's results, for everybody; its log, for coordinators."""

from __future__ import annotations

import contextlib

from tornado.iostream import StreamClosedError

from ...errors import NotFound
from ..archives import tar_gz
from .handler import ServiceHandler


class PostprocessingFileHandler(ServiceHandler):
    async def get(self, workflow: str, file: str) -> None:
        await self.send(await self.call(self.context.store.postprocessing.result_file, workflow, file))


class PostprocessingArchiveHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        files = await self.call(self.context.store.postprocessing.result_files, workflow)
        pieces = tar_gz((file.name, file.path) for file in files)
        try:
            first = await self.call(next, pieces)
        except FileNotFoundError as error:
            raise NotFound("The files have just been replaced by newer ones. Try again.") from error
        self.set_header("Content-Type", "application/gzip")
        self.set_header("Content-Disposition", f"attachment; filename={workflow}.tar.gz")
        self.write(first)
        with contextlib.suppress(StreamClosedError):
            while piece := await self.call(next, pieces, b""):
                self.write(piece)
                await self.flush()


class PostprocessingLogHandler(ServiceHandler):
    async def get(self, workflow: str) -> None:
        await self.send(await self.call(self.context.store.postprocessing.log, self.identity, workflow))
