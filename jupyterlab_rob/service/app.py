"""The ROB service as an application: traits, wiring, start and stop. The map of this house."""

from __future__ import annotations

import asyncio
import getpass
import inspect
import logging
import os
import secrets
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from jupyter_core.application import JupyterApp
from traitlets import Bool, Float, Int, List, Unicode, default

from .. import __version__
from ..connection import EXIT_LOCKED, Connection, default_data_dir, remove_connection, write_connection
from ..deadline import within
from ..errors import DataFolderLocked, RobError, ServiceUnavailable
from ..models import JSON, RunState
from ..packing import PackingLimits
from .listeners import LOOPBACK_HOSTS, Listeners, affordable_connections, is_loopback, tls_context
from .lock import DataFolder
from .logs import open_log
from .options import StrictLoader, require_known_traits
from .settings import RunSettings

if TYPE_CHECKING:
    from .engine.sandbox import Sandbox

API = "/rob/api/v1"
_IDLE_CHECKS = 20


class RobService(RunSettings, JupyterApp):
    """A ROB service: benchmarks, submissions, runs and leaderboards over HTTP.

    As it is, it serves the user who starts it, on this machine, and ends when it is idle. For a group, let it listen
    at an address of the network and register users, or let an administrator add them (jupyter rob users add).

    Passwords and tokens must not travel in clear. Either give a certificate, or, better, let the service listen at
    127.0.0.1 behind a reverse proxy (nginx, Caddy, Apache) that does TLS, sets X-Real-Ip and passes the path
    /rob/api/v1 on without buffering; then --RobService.trust_xheaders=True tells the service to believe who the proxy
    says is asking.
    """

    name = "jupyter-rob-service"
    version = __version__
    description = inspect.cleandoc(__doc__ or "")
    examples = """
    jupyter rob serve                                                  # for oneself
    jupyter rob serve --port=5000 --registration --RobService.trust_xheaders=True  # behind a proxy
    jupyter rob serve --ip=0.0.0.0 --port=5000 --registration --certfile=rob.pem --keyfile=rob.key
    """
    aliases = {  # noqa: RUF012 (as traitlets has it)
        "title": "RobService.title",
        "database": "RobService.database",
        "data-dir": "RobService.data_dir",
        "ip": "RobService.ip",
        "port": "RobService.port",
        "certfile": "RobService.certfile",
        "keyfile": "RobService.keyfile",
        "slots": "RobService.slots",
        "idle-timeout": "RobService.idle_timeout",
    }
    flags = {  # noqa: RUF012
        "registration": (
            {"RobService": {"registration": True}},
            "Let everybody register who reaches the service.",
        ),
    }

    title = Unicode("ROB", help="What users read as the service's name.").tag(config=True)
    data_dir = Unicode(
        help="Folder for all that the service keeps. Default: ROB_DATA_DIR or 'rob' in Jupyter's data folder."
    ).tag(config=True)
    database = Unicode(
        help="URL of the database: SQLite or PostgreSQL, postgresql+psycopg2://user:password@host:5432/name. A "
        "password is better given in the environment than as an option, which other users of the machine see. Default: "
        "ROB_DATABASE, or SQLite in the data folder."
    ).tag(config=True)
    ip = Unicode("127.0.0.1", help="Address to listen at; 0.0.0.0: all of this machine.").tag(config=True)
    port = Int(0, min=0, max=65535, help="Port to listen at; 0 takes a free one.").tag(config=True)
    certfile = Unicode(help="File with the certificate for TLS (PEM). Without one, the service speaks HTTP.").tag(
        config=True
    )
    keyfile = Unicode(help="File with the certificate's key, if it is not in the same file.").tag(config=True)
    trust_xheaders = Bool(
        False,
        help="Whether X-Real-Ip, X-Forwarded-For and X-Forwarded-Proto tell who asks and how: only behind a reverse "
        "proxy that sets them. Wrong log-ins are limited by address; without this, all users of a proxy have one.",
    ).tag(config=True)
    allowed_hosts = List(
        Unicode(),
        help="Names by which clients may address the service (Host). Default: any, but on loopback without a proxy "
        "only localhost and loopback's addresses, so that no web page reaches it under a name of its own.",
    ).tag(config=True)
    max_connections = Int(1000, min=8, help="Most connections at a time.").tag(config=True)
    registration = Bool(
        False, help="Whether everybody may register. Administrators add users in any case: jupyter rob users add."
    ).tag(config=True)
    owner = Unicode(
        help="Name of the user on whose behalf the service is run, always an administrator. Default: the name of "
        "the user that starts it."
    ).tag(config=True)
    token_lifetime = Float(30 * 86400.0, min=1, help="Seconds after which a log-in ends. Default: 30 days.").tag(
        config=True
    )
    idle_timeout = Float(
        min=0,
        help="Seconds without request, active run and post-processing after which the service ends; 0: never. "
        "Default: 1800, and 0 for a service that others use (see ip, registration and trust_xheaders).",
    ).tag(config=True)
    max_upload = Int(512 << 20, min=1, max=(1 << 31) - 1, help="Largest upload, in bytes; at most 2 GB.").tag(
        config=True
    )
    max_submission = Int(
        10 << 30, min=1, help="Largest size of all uploads of a submission together, in bytes; default: 10 GB."
    ).tag(config=True)

    max_benchmark = Int(
        2 << 30, min=1, help="Largest size of a benchmark's folder that a coordinator adds, in bytes; default: 2 GB."
    ).tag(config=True)
    max_benchmark_files = Int(10_000, min=1, help="Most files and folders of a benchmark's folder.").tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        return str(default_data_dir())

    @default("database")
    def _default_database(self) -> str:
        return os.environ.get("ROB_DATABASE", "")

    @default("owner")
    def _default_owner(self) -> str:
        return getpass.getuser()

    @default("idle_timeout")
    def _default_idle_timeout(self) -> float:
        return 0.0 if self._is_shared else 1800.0

    @property
    def _is_shared(self) -> bool:
        """Whether others may use it than the one who starts it."""
        return self.registration or self.trust_xheaders or not is_loopback(self.ip)

    def _create_loader(self, argv: Any, aliases: Any, flags: Any, classes: Any) -> StrictLoader:
        return StrictLoader(argv, aliases, flags, classes=classes, log=self.log, subcommands=self.subcommands)

    @property
    def _hosts(self) -> frozenset[str] | None:
        """The names by which clients may address the service; None for any."""
        if self.allowed_hosts:
            return frozenset({*map(str.lower, self.allowed_hosts), *LOOPBACK_HOSTS})
        is_reachable = self.trust_xheaders or not is_loopback(self.ip)
        return None if is_reachable else frozenset({self.ip, *LOOPBACK_HOSTS})

    def start(self) -> None:
        """Serve until stopped or idle. Exit codes: 0, 2 when it can't start, EXIT_LOCKED when another service owns
        the data folder."""
        super().start()
        try:
            require_known_traits(self)
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
        from .engine.workers import Workers

        log = logging.getLogger("jupyterlab_rob.service")
        slots = data_dir / "slots"
        sandbox = self._found_sandbox(data_dir)
        workers = Workers(slots, sandbox, self.warm_workers, self.warm_time, log)
        # First of all: the forge has as much to load as what follows, and does so meanwhile.
        await workers.start()

        # Here and not above: flowserv takes most of the time that a start takes, and a locked folder should be told
        # at once.
        from .api import application
        from .attempts import AttemptLimits
        from .auth import Authenticator
        from .context import Context, RunEvents
        from .engine.active import ActiveRun
        from .engine.queue import RunQueue
        from .events import EventHub
        from .identity import Identity, Role
        from .limits import UploadLimits
        from .passwords import PasswordThreads
        from .postprocessing import PostprocessingScheduler
        from .recovery import recover
        from .store import Store
        from .store.database import POOL_SIZE

        listeners = Listeners(self.ip, self.port, tls_context(self.certfile, self.keyfile))
        store = Store(data_dir, self.database, self.limits())
        store.claim()
        store.open()
        recovered = recover(store.ledger, data_dir / "runs", slots, log)
        owner = Identity(store.accounts.ensure_owner(self.owner), self.owner, role=Role.ADMINISTRATOR)
        store.logins.forget_expired(time.time())
        passwords = PasswordThreads()
        executor = ThreadPoolExecutor(POOL_SIZE - passwords.COUNT, thread_name_prefix="store")
        events = EventHub()
        changes = RunEvents(store, events, owner, executor, log)
        postprocessing = PostprocessingScheduler(
            store.postprocessing_runs, workers, executor, self.postprocessing_slots, changes.postprocessed, log
        )

        def changed(run: ActiveRun) -> None:
            changes.changed(run)
            if run.state is RunState.SUCCESS:
                postprocessing.trigger(run.plan.benchmark)

        queue = RunQueue(store.ledger, workers, executor, self.slots, changed, log, self.min_free_space)

        token = secrets.token_urlsafe(32)
        connection = Connection(listeners.own_url + API, token, os.getpid(), str(data_dir), __version__)
        stopped = asyncio.Event()
        context = Context(
            store=store,
            queue=queue,
            postprocessing=postprocessing,
            events=events,
            authenticator=Authenticator(
                token, owner, lambda login: store.logins.identity(login, time.time()), executor
            ),
            attempts=AttemptLimits(),
            passwords=passwords,
            owner=owner,
            executor=executor,
            log=log,
            base=API,
            title=self.title,
            hosts=self._hosts,
            max_active_runs=self.max_active_runs,
            registration=self.registration,
            token_lifetime=self.token_lifetime,
            limits=UploadLimits(self.max_upload, self.max_submission),
            packing=PackingLimits(self.max_benchmark, self.max_benchmark_files),
            stop=stopped.set,
            status=lambda: self._status(connection, queue, sandbox),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        # A body is taken in pieces of a megabyte at most; how large it may be, the routes decide.
        listeners.serve(
            application(context, API),
            trust_xheaders=self.trust_xheaders,
            max_buffer_size=1 << 20,
            max_connections=affordable_connections(self.max_connections),
        )
        for plan, folder, slot in recovered.running:
            queue.adopt(plan, folder, slot)
        for plan, folder in recovered.waiting:
            queue.submit(plan, folder)
        await postprocessing.start()
        write_connection(connection)
        url = listeners.given_url + API
        log.info("Serving %s at %s", data_dir, url)
        if not (self.certfile or self.trust_xheaders or is_loopback(self.ip)):
            warning = "Passwords and tokens travel in clear. How they don't: jupyter rob serve --help"
            log.warning(warning)
            print(f"WARNING: {warning}", file=sys.stderr)
        if sys.stderr.isatty() or self._is_shared:
            print(f"The ROB service listens at {url}; its data and its log are in {data_dir}.", file=sys.stderr)
        try:
            await self._until_stopped_or_idle(stopped, context)
        finally:
            # First the file: whoever looks for a service from now on starts the next one, which waits for the lock.
            remove_connection(connection)
            listeners.stop()
            await queue.close()
            await postprocessing.close()
            await workers.close()
            await changes.settled()
            await events.close()
            await listeners.close_all_connections()
            passwords.shutdown()
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

    def _found_sandbox(self, data_dir: Path) -> Sandbox:
        """The sandbox that works here; it is tried."""
        from .engine.sandbox_trial import Mode, find_sandbox

        return find_sandbox(
            cast(Mode, self.sandbox),
            data_dir,
            paths=[Path(path) for path in self.sandbox_paths],
            uid_base=self.sandbox_uid_base,
            hidden=[Path(path).absolute() for path in (self.certfile, self.keyfile) if path],
        )

    def _status(self, connection: Connection, queue: Any, sandbox: Sandbox) -> JSON:
        states = [run.state for run in queue.active]
        return {
            "kind": "shared" if self._is_shared else "embedded",
            "pid": connection.pid,
            "version": connection.version,
            "dataDir": connection.data_dir,
            "slots": self.slots,
            "running": states.count(RunState.RUNNING),
            "pending": states.count(RunState.PENDING),
            "idleTimeout": self.idle_timeout,
            "sandbox": sandbox.status(),
        }


def _fail(message: str, code: int) -> NoReturn:
    print(f"ERROR: {message}", file=sys.stderr)
    sys.exit(code)


main = RobService.launch_instance
