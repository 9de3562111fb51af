"""Requests that bring a file, which goes to disk as it comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from ...errors import TooLarge
from ..store import IncomingFile
from .forms import FORM_OVERHEAD, FormReader
from .handler import ServiceHandler

# One piece for a thread: the body comes in smaller ones.
_PIECE = 1 << 20


class ReceivingHandler(ServiceHandler, ABC):
    """Base of handlers of a form with a file; nothing is left behind of one that is not complete.

    The verbs in ``receives`` call :meth:`receive`, which keeps the file or lets it be removed.
    """

    receives: ClassVar[frozenset[str]] = frozenset()

    form: FormReader
    _incoming: IncomingFile | None = None

    @abstractmethod
    async def begin(self) -> IncomingFile:
        """The file to write into; raises a RobError when who asks may not send one."""

    @abstractmethod
    async def receive(self, incoming: IncomingFile) -> None:
        """Do with the file, and the form's ``fields``, what is to be done, and answer."""

    def max_body(self) -> int:
        if self.request.method not in self.receives:
            return super().max_body()
        return FORM_OVERHEAD + (self._incoming.limit if self._incoming else 0)

    def too_large(self) -> TooLarge:
        return TooLarge(self._incoming.refusal) if self._incoming else super().too_large()

    async def admit(self) -> None:
        await super().admit()
        if self.request.method in self.receives:
            self._incoming = await self.begin()
            self.form = FormReader(self.request.headers.get("Content-Type", ""), self._incoming.write)

    async def take(self, chunk: bytes) -> None:
        await super().take(chunk)
        if self._incoming is not None and len(self.received) >= _PIECE:
            await self._read_piece()

    async def finish_receiving(self) -> None:
        """To be called by the verbs: all is there, and what follows is done even if the client leaves."""
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        try:
            await self._read_piece()
            self.form.finish()
            await self.call(incoming.complete)
            await self.receive(incoming)
        finally:
            await self.call(incoming.discard)

    def release(self) -> None:
        super().release()
        if self._incoming is not None:
            # In a thread: to remove a large file takes a while.
            self.context.executor.submit(self._incoming.discard)
            self._incoming = None

    async def _read_piece(self) -> None:
        if self.received:
            piece, self.received = bytes(self.received), bytearray()
            await self.call(self.form.feed, piece)
