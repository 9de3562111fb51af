"""Files that are uploaded to a submission."""

from __future__ import annotations

from ..store import IncomingFile
from .handler import ServiceHandler
from .receiving import ReceivingHandler


class UploadsHandler(ReceivingHandler):
    """The file goes to disk as it comes; it is an upload when it is complete, or it leaves nothing behind."""

    receives = frozenset({"POST"})

    async def begin(self) -> IncomingFile:
        begin, limits = self.context.store.uploads.begin, self.context.limits
        return await self.call(begin, self.identity, self.path_args[0], limits)

    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.uploads.listing, self.identity, group))

    async def post(self, group: str) -> None:
        await self.finish_receiving()

    async def receive(self, incoming: IncomingFile) -> None:
        add, limits, name = self.context.store.uploads.add, self.context.limits, self.form.finish()
        self.answer(await self.call(add, self.identity, self.path_args[0], name, incoming, limits), 201)


class UploadHandler(ServiceHandler):
    async def get(self, group: str, file: str) -> None:
        await self.send(await self.call(self.context.store.uploads.get, self.identity, group, file))

    async def delete(self, group: str, file: str) -> None:
        await self.call(self.context.store.uploads.delete, self.identity, group, file)
        self.set_status(204)
