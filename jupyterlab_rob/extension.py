"""The Jupyter server extension: what can be configured, and how the parts are put together.

::

    browser ── routes.py ──┬─ proxy.py ──┐
                           └─ submission ┴─ upstream.py ── exchange.py ── ROB service (embedded.py starts it)
    events  <─ monitor.py ──── its event stream, or polling.py ┘   (remote.py: a service at a URL)

It loads neither flowserv nor papermill: a Jupyter server must stay small and quick to start.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from jupyter_events import EventLogger
from jupyter_server.extension.application import ExtensionApp
from traitlets import Float, Integer, Unicode, default

from . import embedded
from .connection import default_data_dir
from .credentials import Credentials
from .errors import InvalidInput
from .models import JSON
from .monitor import Monitor
from .remote import VARIABLE, RemoteService, configured_url
from .routes import routes
from .upstream import Upstream

#: Id of the event schema in ``events/run.yaml``.
SCHEMA = "https://schema.jupyterlab-rob.org/run/v1"


class RobExtension(ExtensionApp):
    """Submit notebooks to Reproducible Open Benchmarks."""

    name = "jupyterlab_rob"
    load_other_extensions = True

    url = Unicode(
        help="""URL of the ROB service that is used instead of an embedded one: its API's base, such as
        https://host/rob/api/v1. Default: $ROB_URL; empty: an embedded service. Users log in in the panel or with
        `jupyter rob login`; $ROB_TOKEN may hold a token."""
    ).tag(config=True)

    data_dir = Unicode(
        help="""Folder in which the embedded ROB service keeps benchmarks, runs and files.
        Default: $ROB_DATA_DIR, else the folder rob in Jupyter's data folder."""
    ).tag(config=True)

    start_timeout = Float(
        embedded.START_TIMEOUT, min=1.0, help="Seconds that the embedded ROB service may take to start."
    ).tag(config=True)

    max_body_size = Integer(
        512 * 1024 * 1024, min=1, help="Size in bytes of the largest request that is taken: notebooks and uploads."
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(default_data_dir())

    def initialize_settings(self) -> None:
        self.upstream = Upstream(
            Path(self.data_dir).expanduser(), self.start_timeout, self._remote(), lambda run: self.monitor.notice(run)
        )
        self.monitor = Monitor(self.upstream, self._emit, self._touch, self.log)
        self._event_logger.register_event_schema(Path(__file__).parent / "events" / "run.yaml")

    def initialize_handlers(self) -> None:
        self.handlers.extend(routes(self))

    async def stop_extension(self) -> None:
        # The service goes on: runs outlive a Jupyter server, and it ends by itself when it has been idle.
        await self.monitor.stop()

    def current_activity(self) -> int:
        """Number of active runs: a server that is watching one is not idle."""
        return self.monitor.active

    def _remote(self) -> RemoteService | None:
        try:
            url = configured_url(self.url)
        except InvalidInput as error:
            # Who asks is told the same, by each answer: a server without the extension would say less.
            self.log.error(error.message)
            url = self.url or os.environ.get(VARIABLE)
        return RemoteService(url, Credentials()) if url else None

    def _emit(self, event: JSON) -> None:
        try:
            self._event_logger.emit(schema_id=SCHEMA, data=event)
        except Exception:
            # A service of another version; the panel asks by REST.
            self.log.warning("An event of the ROB service does not fit the schema.", exc_info=True)

    def _touch(self) -> None:
        # What a hub looks at before it culls a server.
        self._server.web_app.settings["last_activity_times"][self.name] = datetime.now(timezone.utc)

    @property
    def _server(self) -> Any:
        assert self.serverapp is not None
        return self.serverapp

    @property
    def _event_logger(self) -> EventLogger:
        logger: EventLogger = self._server.event_logger
        return logger
