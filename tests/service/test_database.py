"""The database below the store, SQLite and PostgreSQL alike: transactions, order, and what its errors say."""

from __future__ import annotations

import pytest
from flowserv.model.base import User
from sqlalchemy import select

from jupyterlab_rob.service.store.database import Database


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
