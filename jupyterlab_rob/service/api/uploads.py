"""Files that are uploaded to a submission."""

from __future__ import annotations

import io

from tornado.httputil import HTTPFile, HTTPInputError, parse_body_arguments

from ...errors import InvalidInput
from .handler import ServiceHandler


class UploadsHandler(ServiceHandler):
    def max_body(self) -> int:
        return self.context.max_upload

    async def get(self, group: str) -> None:
        self.answer(await self.call(self.context.store.uploads.listing, self.identity, group))

    async def post(self, group: str) -> None:
        files: dict[str, list[HTTPFile]] = {}
        try:
            parse_body_arguments(self.request.headers.get("Content-Type", ""), bytes(self.received), {}, files)
        except HTTPInputError as error:
            raise InvalidInput(f"The form can't be read: {error}.") from error
        given = files.get("file", [])
        if len(given) != 1:
            raise InvalidInput("Send one file, as multipart/form-data in the field 'file'.")
        name, content = given[0].filename, given[0].body
        store = self.context.store
        self.answer(
            await self.call(store.uploads.add, self.identity, group, name, io.BytesIO(content), len(content)), 201
        )


class UploadHandler(ServiceHandler):
    async def get(self, group: str, file: str) -> None:
        await self.send(await self.call(self.context.store.uploads.get, self.identity, group, file))

    async def delete(self, group: str, file: str) -> None:
        await self.call(self.context.store.uploads.delete, self.identity, group, file)
        self.set_status(204)
