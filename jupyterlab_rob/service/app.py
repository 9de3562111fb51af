"""The ROB service as an application: traits, wiring, start and stop. The map of this house."""

from __future__ import annotations

import asyncio
import getpass
import logging
import os
import secrets
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

from jupyter_core.application import JupyterApp
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from traitlets import Float, Int, Unicode, default

from .. import __version__
from ..connection import EXIT_LOCKED, Connection, default_data_dir, remove_connection, write_connection
from ..deadline import within
from ..errors import DataFolderLocked, RobError, ServiceUnavailable
from ..models import JSON
from .lock import DataFolder
from .logs import open_log

API = "/rob/api/v1"
_IDLE_CHECKS = 20


class RobService(JupyterApp):
    """A ROB service for one user: benchmarks, submissions, runs and leaderboards over HTTP on this machine."""

    name = "jupyter-rob-service"
    version = __version__
    description = __doc__
    aliases = {  # noqa: RUF012 (as traitlets has it)
        "data-dir": "RobService.data_dir",
        "port": "RobService.port",
        "slots": "RobService.slots",
        "idle-timeout": "RobService.idle_timeout",
    }

    data_dir = Unicode(
        help="Folder for all that the service keeps. Default: ROB_DATA_DIR or 'rob' in Jupyter's data folder."
    ).tag(config=True)
    port = Int(0, help="Port on 127.0.0.1 to listen at; 0 takes a free one.").tag(config=True)
    slots = Int(
        max(1, (os.cpu_count() or 1) // 2),
        min=1,
        help="Runs that may run at once. Default: half the processors, at least 1.",
    ).tag(config=True)
    idle_timeout = Float(
        1800.0,
        min=0,
        help="Seconds without request and active run after which the service ends; 0: never.",
    ).tag(config=True)
    max_upload = Int(512 * 1024 * 1024, min=1, help="Largest upload, in bytes.").tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(default_data_dir())

    def start(self) -> None:
        """Serve until stopped or idle. Exit codes: 0, 2 when it can't start, EXIT_LOCKED when another service owns
        the data folder."""
        super().start()
        try:
            if sys.platform not in ("linux", "darwin"):
                raise ServiceUnavailable(f"The ROB service runs on Linux and macOS; this is {sys.platform}.")
            # All that the service and its runs write is the user's alone.
            os.umask(0o077)
            folder = DataFolder(Path(self.data_dir).expanduser().absolute())
            folder.claim()
            self._log_handler = open_log(folder.path / "service.log", logging.INFO)
            asyncio.run(self._serve(folder.path))
        except DataFolderLocked as error:
            _fail(error.message, EXIT_LOCKED)
        except RobError as error:
            _fail(error.message, 2)
        except OSError as error:
            _fail(f"The ROB service could not start: {error}.", 2)

    async def _serve(self, data_dir: Path) -> None:
        # Here and not above: flowserv takes most of the time that a start takes, and a locked folder should be told
        # at once.
        from .api import application
        from .auth import OwnerAuthenticator
        from .context import Context, RunEvents
        from .engine.queue import RunQueue
        from .events import EventHub
        from .identity import Identity, Role
        from .recovery import end_abandoned_runs
        from .store import Store
        from .store.database import POOL_SIZE

        log = logging.getLogger("jupyterlab_rob.service")
        store = Store(data_dir)
        store.open()
        end_abandoned_runs(store.ledger, data_dir / "runs", log)
        owner = Identity(store.accounts.ensure_user(getpass.getuser()), getpass.getuser(), role=Role.ADMINISTRATOR)
        executor = ThreadPoolExecutor(POOL_SIZE, thread_name_prefix="store")
        events = EventHub()
        changes = RunEvents(store, events, owner, executor, log)
        queue = RunQueue(store.ledger, executor, self.slots, changes.changed, log)

        sockets = bind_sockets(self.port, "127.0.0.1")
        url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}{API}"
        connection = Connection(url, secrets.token_urlsafe(32), os.getpid(), str(data_dir), __version__)
        stopped = asyncio.Event()
        context = Context(
            store=store,
            queue=queue,
            events=events,
            authenticator=OwnerAuthenticator(connection.token, owner),
            owner=owner,
            executor=executor,
            log=log,
            url=url,
            max_upload=self.max_upload,
            stop=stopped.set,
            status=lambda: self._status(connection, queue),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        server = HTTPServer(application(context, API), max_buffer_size=self.max_upload, max_body_size=self.max_upload)
        server.add_sockets(sockets)
        write_connection(connection)
        log.info("Serving %s at %s", data_dir, url)
        if sys.stderr.isatty():
            print(f"The ROB service listens at {url}; its data and its log are in {data_dir}.", file=sys.stderr)
        try:
            await self._until_stopped_or_idle(stopped, context)
        finally:
            # First the file: whoever looks for a service from now on starts the next one, which waits for the lock.
            remove_connection(connection)
            server.stop()
            await queue.close()
            await changes.settled()
            events.close()
            await server.close_all_connections()
            executor.shutdown()
            store.close()
            log.info("Stopped")

    async def _until_stopped_or_idle(self, stopped: asyncio.Event, context: Any) -> None:
        while not stopped.is_set():
            interval = min(self.idle_timeout / _IDLE_CHECKS, 60.0) if self.idle_timeout else None
            try:
                await within(interval, stopped.wait())
            except asyncio.TimeoutError:
                if context.idle_for() >= self.idle_timeout:
                    context.log.info("Idle for %.0f s", context.idle_for())
                    return

    def _status(self, connection: Connection, queue: Any) -> JSON:
        running = sum(1 for run in queue.active if run.state.value == "RUNNING")
        return {
            "kind": "embedded",
            "pid": connection.pid,
            "version": connection.version,
            "dataDir": connection.data_dir,
            "slots": self.slots,
            "running": running,
            "pending": len(queue.active) - running,
            "idleTimeout": self.idle_timeout,
        }


def _fail(message: str, code: int) -> NoReturn:
    print(f"ERROR: {message}", file=sys.stderr)
    sys.exit(code)


main = RobService.launch_instance
