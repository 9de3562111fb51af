"""The database below the store, SQLite and PostgreSQL alike: transactions, order, and what its errors say."""

from __future__ import annotations

import pytest
from flowserv.model.base import UploadFile, User
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from jupyterlab_rob.errors import InvalidInput, ServiceUnavailable, StorageFull
from jupyterlab_rob.service.store.database import Database, bytewise

from .postgresql import PostgreSQL


def test_a_block_that_raises_is_rolled_back(database: Database) -> None:
    def add_and_fail() -> None:
        with database.writing() as session:
            session.add(User(user_id="u", name="u", secret="!", active=True))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        add_and_fail()
    with database.reading() as session:
        assert session.scalar(select(User)) is None


def test_a_nested_block_leaves_the_outer_one_open(database: Database) -> None:
    with database.writing() as outer:
        outer.add(User(user_id="u", name="u", secret="!", active=True))
        with database.reading() as inner:
            inner.scalars(select(User)).all()
        outer.flush()
    with database.reading() as session:
        assert session.scalar(select(User.name)) == "u"


def test_init_keeps_what_is_there(database: Database) -> None:
    with database.writing() as session:
        session.add(User(user_id="u", name="u", secret="!", active=True))
    database.init()
    with database.reading() as session:
        assert session.scalar(select(User.name)) == "u"


def test_readers_do_not_wait_for_the_writer(database: Database) -> None:
    with database.writing() as writer:
        writer.add(User(user_id="u", name="u", secret="!", active=True))
        writer.flush()
        with database.reading() as reader:
            assert reader.scalar(select(User)) is None


def test_texts_are_ordered_by_their_bytes(database: Database) -> None:
    # PostgreSQL's own order, in the tests' database, has 'a' before 'B' and 'é' before 'z'.
    names = ["B", "Z", "_", "a", "b-1", "ba", "z", "é", "日"]
    with database.writing() as session:
        session.add_all(User(user_id=name, name=name, secret="!", active=True) for name in reversed(names))
    with database.reading() as session:
        assert session.scalars(select(User.name).order_by(bytewise(User.name))).all() == names
        assert session.scalars(select(User.name).order_by(bytewise(User.name).desc())).all() == names[::-1]


def test_value_that_no_database_takes_is_the_users_mistake(database: Database) -> None:
    with pytest.raises(InvalidInput), database.writing() as session:
        session.add(User(user_id="u", name="half of a character: \ud800", secret="!", active=True))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("secret nonsense", "can't be read"),
        ("mysql://me:secret@host/name", "not mysql"),
        ("oracle+secret://me:secret@host/name", "SQLite or PostgreSQL|can't be read"),
        ("postgresql://me:secret@host:port/name", "can't be read"),
        ("sqlite://", "in a file"),
    ],
)
def test_url_that_is_none_is_refused_and_not_repeated(url: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as refused:
        Database(url)
    assert "secret" not in refused.value.message


def test_wrong_password_and_unreachable_server_are_told_without_the_password(postgresql: PostgreSQL) -> None:
    for url, words in (
        (postgresql.url("postgres", password="secret"), "password authentication failed"),
        (postgresql.url("nosuch"), 'database "nosuch" does not exist'),
        ("postgresql://rob:secret@127.0.0.1:1/name", "refused"),
        (f"postgresql://rob@127.0.0.1:{postgresql.port}/name?password=secret&sslmode=disable", "authentication failed"),
    ):
        database = Database(url)
        with pytest.raises(ServiceUnavailable, match=words) as refused:
            database.init()
        database.close()
        assert "\n" not in refused.value.message
        assert "secret" not in refused.value.message
        assert postgresql.password not in refused.value.message


@pytest.mark.parametrize(
    ("database_url", "fill"),
    [
        # A file that may not grow is to SQLite as a full disk.
        ("sqlite", "PRAGMA max_page_count = 1"),
        ("postgresql", "DO $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$"),
    ],
    indirect=["database_url"],
)
def test_full_disk_is_told_and_nothing_is_half_written(database: Database, fill: str) -> None:
    def write() -> None:
        with database.writing() as session:
            session.add(User(user_id="u", name="u", secret="!", active=True))
            session.flush()
            session.execute(text(fill))
            session.add(User(user_id="v", name="v" * 1_000_000, secret="!", active=True))
            session.flush()

    with pytest.raises(StorageFull, match="keeps its database"):
        write()
    with database.reading() as session:
        assert session.scalars(select(User)).all() == []


def _lose(server: PostgreSQL, session: Session) -> None:
    """The server goes while a session is open."""
    session.scalar(select(User.name))
    server.stop()
    session.scalar(select(User.name))


def test_postgresql_may_be_started_anew() -> None:
    server = PostgreSQL()
    try:
        database = Database(server.create()).init()
        with database.writing() as session:
            session.add(User(user_id="u", name="u", secret="!", active=True))
        with pytest.raises(ServiceUnavailable, match="lost its database"), database.reading() as session:
            _lose(server, session)
        with pytest.raises(ServiceUnavailable, match="lost its database"), database.reading() as session:
            session.scalar(select(User.name))
        server.start()
        with database.reading() as session:
            assert session.scalar(select(User.name)) == "u"
        database.close()
    finally:
        server.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_large_files_and_long_media_types(database: Database) -> None:
    with database.writing() as session:
        mime_type = f"application/{'x' * 100}"
        session.add(UploadFile(file_id="f", key="f", name="f", size=3 << 30, mime_type=mime_type, created_at=""))
    with database.reading() as session:
        assert session.scalar(select(UploadFile.size)) == 3 << 30
