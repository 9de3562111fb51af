"""The database: flowserv's models on an engine of our own, and an error tree of our own."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flowserv.error as err
from flowserv.model.base import Base
from flowserv.model.database import DB
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from ...errors import Conflict, InvalidInput, NotFound, RobError, ServiceUnavailable, StorageFull
from .tables import metadata

#: Connections that the pool keeps: each of the service's threads holds one at the most.
POOL_SIZE = 16

_INDEXES = (
    # flowserv looks runs up by these columns without an index.
    "CREATE INDEX IF NOT EXISTS rob_run_workflow ON workflow_run (workflow_id, state_type)",
    "CREATE INDEX IF NOT EXISTS rob_run_group ON workflow_run (group_id)",
    # flowserv declares these unique in a way that SQLAlchemy ignores; two requests at once made two groups of one name.
    "CREATE UNIQUE INDEX IF NOT EXISTS rob_group_name ON workflow_group (workflow_id, name)",
    "CREATE UNIQUE INDEX IF NOT EXISTS rob_user_name ON api_user (name)",
)


class Database(DB):  # type: ignore[misc]
    """flowserv's database, contained.

    Sessions are not bound to a thread (flowserv's scoped ones are, and a nested block closes the outer one), they
    roll back when the block raises (flowserv's session manager commits), tables are created and never dropped
    (``DB.init`` drops them), and the pool has a connection for every thread.
    """

    def __init__(self, url: str) -> None:
        # Not DB.__init__, which would make an engine of its own.
        self._engine: Engine = create_engine(url, pool_size=POOL_SIZE, max_overflow=0)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _configure_sqlite)
        self._session = sessionmaker(bind=self._engine)
        # SQLite has one writer at a time, and a transaction that has read cannot wait for it: one after the other,
        # then.
        self._writing = threading.RLock()

    def init(self) -> Database:
        """Create what is missing. Unlike flowserv's method it drops nothing.

        Raises ServiceUnavailable when the database can't be used.
        """
        try:
            Base.metadata.create_all(self._engine)
            metadata.create_all(self._engine)
            with self._engine.begin() as connection:
                for statement in _INDEXES:
                    connection.execute(text(statement))
        except DatabaseError as error:
            where = self._engine.url.database
            raise ServiceUnavailable(f"The database {where} can't be used: {error.orig}.") from error
        return self

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that is rolled back in the end; errors are translated."""
        with translated_errors(), self._session() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed, or rolled back when the block raises; errors are translated.

        flowserv's managers commit in between as well, so what must not be half-done is undone by the caller.
        """
        with translated_errors(), self._writing, self._session() as session:
            yield session
            session.commit()

    def close(self) -> None:
        self._engine.dispose()


@contextmanager
def translated_errors() -> Iterator[None]:
    """flowserv's, the database's and the file system's errors as ours."""
    try:
        yield
    except RobError:
        raise
    except err.UnknownObjectError as error:
        raise NotFound(_sentence(error)) from error
    except err.InvalidRunStateError as error:
        raise Conflict("The run has ended already.") from error
    except (err.ConstraintViolationError, ValueError) as error:
        raise InvalidInput(_sentence(error)) from error
    except OperationalError as error:
        if "disk is full" in str(error):
            raise StorageFull("No space left where the ROB service keeps its database.") from error
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("No space left where the ROB service keeps its files.") from error
        raise


def _sentence(error: Exception) -> str:
    message = str(error).strip() or type(error).__name__
    return message[0].upper() + message[1:] + ("" if message.endswith(".") else ".")


def _configure_sqlite(connection: DBAPIConnection, _record: Any) -> None:
    cursor = connection.cursor()
    # Readers do not wait for the writer. Where the file system can't do it, SQLite keeps its own mode and all still
    # works.
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()
