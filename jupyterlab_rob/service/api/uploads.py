"""Files that are uploaded to a submission."""

from __future__ import annotations

from ...errors import TooLarge
from ..store import IncomingFile
from .forms import FORM_OVERHEAD, FormReader
from .handler import ServiceHandler

# One piece for a thread: the body comes in smaller ones.
_PIECE = 1 << 20


class UploadsHandler(ServiceHandler):
    """The file goes to disk as it comes; it is an upload when it is complete, or it leaves nothing behind."""

    _incoming: IncomingFile | None = None

    def max_body(self) -> int:
        return FORM_OVERHEAD + (self._incoming.limit if self._incoming else 0)

    def too_large(self) -> TooLarge:
        return TooLarge(self._incoming.refusal) if self._incoming else super().too_large()

    async def admit(self) -> None:
        await super().admit()
        if self.request.method == "POST":
            begin, limits = self.context.store.uploads.begin, self.context.limits
            self._incoming = await self.call(begin, self.identity, self.path_args[0], limits)
            content_type = self.request.headers.get("Content-Type", "")
            self._form = FormReader(content_type, self._incoming.write)

    async def take(self, chunk: bytes) -> None:
        await super().take(chunk)
        if len(self.received) >= _PIECE:
            await self._read_piece()

    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.uploads.listing, self.identity, group))

    async def post(self, group: str) -> None:
        # All is there: what follows is done even if the client leaves.
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        try:
            await self._read_piece()
            name = self._form.finish()
            add, limits = self.context.store.uploads.add, self.context.limits
            document = await self.call(add, self.identity, group, name, incoming, limits)
        finally:
            await self.call(incoming.discard)
        self.answer(document, 201)

    def release(self) -> None:
        super().release()
        if self._incoming is not None:
            # In a thread: to remove a large file takes a while.
            self.context.executor.submit(self._incoming.discard)
            self._incoming = None

    async def _read_piece(self) -> None:
        if self.received and self.request.method == "POST":
            piece, self.received = bytes(self.received), bytearray()
            await self.call(self._form.feed, piece)


class UploadHandler(ServiceHandler):
    async def get(self, group: str, file: str) -> None:
        await self.send(await self.call(self.context.store.uploads.get, self.identity, group, file))

    async def delete(self, group: str, file: str) -> None:
        await self.call(self.context.store.uploads.delete, self.identity, group, file)
        self.set_status(204)
