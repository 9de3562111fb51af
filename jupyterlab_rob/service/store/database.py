"""The database: flowserv's models on an engine of our own, and an error tree of our own."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import flowserv.error as err
from flowserv.model.database import DB
from sqlalchemy import URL, Engine, String, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError, OperationalError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.functions import FunctionElement

from ...errors import Conflict, InvalidInput, NotFound, RobError, ServiceUnavailable, StorageFull
from . import migrations
from .ownership import Ownership

#: Connections that the pool keeps: each of the service's threads holds one at the most.
POOL_SIZE = 16

#: How long to wait for PostgreSQL to take a connection, in seconds.
_CONNECT_TIMEOUT = 10

_EXAMPLE = "postgresql+psycopg2://user:password@host:5432/name"
_KINDS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg2"}


class Database(DB):  # type: ignore[misc]
    """flowserv's database, contained.

    Sessions are not bound to a thread (flowserv's scoped ones are, and a nested block closes the outer one), they
    roll back when the block raises (flowserv's session manager commits), tables are created and never dropped
    (``DB.init`` drops them), and the pool has a connection for every thread.
    """

    def __init__(self, url: str) -> None:
        """``url`` is SQLAlchemy's, of SQLite or PostgreSQL; InvalidInput when it is neither. It may hold a password,
        and so is in no message."""
        # Not DB.__init__, which would make an engine of its own.
        self._url = _parsed(url)
        is_sqlite = self._url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {} if is_sqlite else {"connect_args": {"connect_timeout": _CONNECT_TIMEOUT}}
        try:
            # A connection is tried before it is used: PostgreSQL may have been started anew since.
            self._engine: Engine = create_engine(
                self._url,
                pool_size=POOL_SIZE,
                max_overflow=0,
                pool_pre_ping=not is_sqlite,
                # Messages of errors, and so the log, would hold hashes of passwords and e-mail addresses.
                hide_parameters=True,
                **options,
            )
        except ModuleNotFoundError as error:
            raise InvalidInput(
                "PostgreSQL needs the package psycopg2: pip install 'jupyterlab_rob[postgresql]'."
            ) from error
        if is_sqlite:
            event.listen(self._engine, "connect", _configure_sqlite)
        self._session = sessionmaker(bind=self._engine)
        self._ownership = Ownership(self._engine, self.name)
        # SQLite has one writer at a time, and a transaction that has read cannot wait for it: one after the other,
        # then. PostgreSQL could have several, but the order of results is kept by one at a time as well.
        self._writing = threading.RLock()

    @property
    def name(self) -> str:
        """What to call it in messages: a file, or server and name, without user and password."""
        if self._url.get_backend_name() == "sqlite":
            return str(self._url.database)
        port = f":{self._url.port}" if self._url.port else ""
        return f"postgresql://{self._url.host or ''}{port}/{self._url.database or ''}"

    def init(self) -> Database:
        """Create the tables, or bring them to this version's schema. Unlike flowserv's method it drops nothing.

        Raises ServiceUnavailable when the database can't be used, or is of a later version of the package.
        """
        try:
            migrations.upgrade(self._engine)
        except DBAPIError as error:
            raise ServiceUnavailable(f"The database {self.name} can't be used: {self._reason(error)}") from None
        return self

    def claim(self) -> None:
        """Make sure that no other service uses it as long as this process does.

        Raises DataFolderLocked when one does, and ServiceUnavailable when the database can't be used.
        """
        try:
            self._ownership.claim()
        except (DBAPIError, OSError) as error:
            reason = self._reason(error) if isinstance(error, DBAPIError) else f"{error.strerror}."
            raise ServiceUnavailable(f"The database {self.name} can't be used: {reason}") from None

    def _reason(self, error: DBAPIError) -> str:
        """What the driver says, in one line that ends with a full stop and has no password in it."""
        reason = " ".join(str(error.orig).split())
        for secret in (self._url.password, self._url.query.get("password"), self._url.query.get("sslpassword")):
            if secret:
                reason = reason.replace(str(secret), "…")
        return reason.rstrip(".") + "."

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
        self._ownership.release()
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
    except DataError as error:
        raise InvalidInput(f"The database takes no such value: {str(error.orig).strip()}.") from error
    except DBAPIError as error:
        if _is_full(error):
            raise StorageFull("No space left where the ROB service keeps its database.") from error
        if _is_lost(error):
            raise ServiceUnavailable("The ROB service has lost its database. Try again later.") from error
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull("No space left where the ROB service keeps its files.") from error
        raise


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
        kind = _KINDS.get(parsed.get_backend_name())
    except (ArgumentError, NoSuchModuleError, ValueError):
        # What was given is not said: it may hold a password.
        raise InvalidInput(f"The database's URL can't be read. It looks like this: {_EXAMPLE}.") from None
    if kind is None:
        raise InvalidInput(
            f"The database is to be SQLite or PostgreSQL, not {parsed.get_backend_name()}. Its URL looks like this: "
            f"{_EXAMPLE}."
        )
    if kind == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InvalidInput("A SQLite database is kept in a file: sqlite:////path/to/file.")
    return parsed.set(drivername=kind)


def _is_full(error: DBAPIError) -> bool:
    return "disk is full" in str(error.orig) or getattr(error.orig, "pgcode", None) == "53100"


def _is_lost(error: DBAPIError) -> bool:
    """Whether the connection broke, or there is no server (any more, or yet) to connect to."""
    code = getattr(error.orig, "pgcode", None) or ""
    refused = isinstance(error, OperationalError) and "connection" in str(error.orig)
    return error.connection_invalidated or refused or code.startswith(("08", "57P", "53300"))


class bytewise(FunctionElement[str]):
    """A text to order by: byte by byte in every database, as SQLite does; PostgreSQL would ask the language."""

    inherit_cache = True
    type = String()


@compiles(bytewise)
def _bytewise(element: bytewise, compiler: Any, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(bytewise, "postgresql")
def _bytewise_in_postgresql(element: bytewise, compiler: Any, **options: Any) -> str:
    return f'{compiler.process(element.clauses, **options)} COLLATE "C"'


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
