"""What all routes of the extension share: who may pass, how much may come in, how errors go out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.utils import HTTP_METHOD_TO_AUTH_ACTION
from jupyter_server.base.handlers import APIHandler
from tornado import web

from . import strictjson
from .errors import RobError
from .models import JSON

if TYPE_CHECKING:
    from .extension import RobExtension

AUTH_RESOURCE = "rob"

_LENGTH = re.compile("[0-9]{1,18}")


# A streamed body: without it, all of it is read before anyone asks who sends it.
@web.stream_request_body
class RobHandler(APIHandler):
    """Base of all handlers. Nobody gets past ``prepare`` without authentication and authorization."""

    auth_resource = AUTH_RESOURCE

    def initialize(self, extension: RobExtension) -> None:
        self.extension = extension
        self.received = bytearray()

    async def prepare(self) -> None:  # type: ignore[override]  # as Jupyter's own APIHandler
        # Host, identity, XSRF and origin.
        await super().prepare()
        if self.request.method == "OPTIONS":
            return  # A preflight carries no credentials, and tells nothing.
        # With `allow_unauthenticated_access` Jupyter leaves this to the verbs, which run when the body has been read.
        # `@authorized` can't stand here: it remembers the action of the first request that it sees.
        action = HTTP_METHOD_TO_AUTH_ACTION[str(self.request.method).upper()]
        user = self.current_user
        if not user:
            raise web.HTTPError(403)
        if not await ensure_async(self.authorizer.is_authorized(self, user, action, AUTH_RESOURCE)):
            raise web.HTTPError(403, f"You are not authorized to {action} on {AUTH_RESOURCE}.")
        self._limit_body()

    async def data_received(self, chunk: bytes) -> None:
        self.received += chunk

    def json_object(self) -> JSON:
        """The request's JSON object.

        Raises:
            InvalidInput: It is none.
        """
        return strictjson.load_object(self.received)

    def answer(self, document: JSON, status: int = 200) -> None:
        self.set_status(status)
        self.finish(json.dumps(document))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The one place where errors become statuses."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        # Who is refused before the body is read is cut off by tornado; a client must not send its next request there.
        self.set_header("Connection", "close")
        if isinstance(error, RobError):
            self.answer(error.to_dict(), error.status)
        else:
            super().write_error(status_code, **kwargs)

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, RobError):
            # An answer, not an incident.
            self.log.info("%s %s: %s", self.request.method, self.request.path, value.message)
        else:
            super().log_exception(typ, value, tb)

    def _limit_body(self) -> None:
        limit = self.extension.max_body_size
        length = self.request.headers.get("Content-Length") or "0"
        # int() itself raises for what is no number, and for thousands of digits.
        if not _LENGTH.fullmatch(length):
            raise web.HTTPError(400, "Content-Length must be a number of at most 18 digits.")
        if int(length) > limit:
            raise web.HTTPError(413, f"The request is larger than the {limit} bytes that are allowed here.")
        # Jupyter's own limit resets the connection without an answer. This one also ends a body without a length.
        connection: Any = self.request.connection
        connection.set_max_body_size(limit)
