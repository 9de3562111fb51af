"""The store's face: one part for each thing that it keeps. All methods block; call them in a thread."""

from __future__ import annotations

from pathlib import Path

from ..engine.limits import Limits
from ..passwords import Passwords
from .accounts import Accounts
from .benchmarks import Benchmarks
from .boards import Boards
from .controller import PlanController
from .database import Database
from .incoming import Incoming
from .ledger import Ledger
from .logins import Logins
from .postprocessing import Postprocessing
from .postprocessing_runs import PostprocessingRuns
from .runs import Runs
from .storage import ConfinedStorage
from .submissions import Submissions
from .uploads import Uploads


class Store:
    """Everything that the service keeps, below one data folder."""

    def __init__(self, data_dir: Path, database: str = "", limits: Limits | None = None) -> None:
        """``database`` is a URL of SQLAlchemy's; without one it is SQLite in the data folder. Those of benchmarks are
        within ``limits``."""
        self._database = Database(database or f"sqlite:///{data_dir / 'rob.db'}")
        self.run_folders = data_dir / "runs"
        storage = ConfinedStorage(data_dir / "files")
        controller = PlanController(self.run_folders, limits or Limits(network=True))
        boards = Boards()
        shared = (self._database, storage, controller)
        passwords = Passwords()
        self.accounts = Accounts(*shared, passwords)
        self.logins = Logins(*shared, passwords)
        #: Where what is uploaded arrives.
        self.incoming = Incoming(data_dir / "files" / "incoming")
        self.benchmarks = Benchmarks(*shared, boards, self.incoming)
        self.submissions = Submissions(*shared)
        self.uploads = Uploads(*shared, self.incoming)
        self.runs = Runs(*shared, boards)
        self.postprocessing = Postprocessing(*shared)
        #: For the scheduler of post-processing.
        self.postprocessing_runs = PostprocessingRuns(*shared, boards)
        #: For the queue.
        self.ledger = Ledger(self._database, storage, controller, boards)

    def claim(self) -> None:
        """Make sure that no other service uses the database; see :mod:`.ownership`."""
        self._database.claim()

    def open(self) -> None:
        """Create the database where there is none, or bring it up to date, and so the bundled benchmarks."""
        self.run_folders.mkdir(exist_ok=True, mode=0o700)
        self.incoming.open()
        self._database.init()
        self.benchmarks.open()

    def close(self) -> None:
        self._database.close()
