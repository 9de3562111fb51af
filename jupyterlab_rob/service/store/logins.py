"""Log-ins: each has a token of its own, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets

from flowserv.model.base import User
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ...errors import InvalidInput, Unauthenticated
from ...models import JSON
from ..identity import Identity, Role
from ..passwords import Passwords
from . import tables
from .accounts import name_key
from .controller import PlanController
from .database import Database
from .part import Part
from .storage import ConfinedStorage

_account = tables.accounts.c
_token = tables.tokens.c


#: Log-ins that a user has at a time; with one more, the oldest ends.
MAX_LOGINS = 50


class Logins(Part):
    """Who is logged in. Times are seconds since the epoch."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, passwords: Passwords
    ) -> None:
        super().__init__(database, storage, controller)
        self._passwords = passwords

    def login(self, name: str, password: str, now: float, lifetime: float) -> JSON:
        """``{id, username, token}``; the token is valid for ``lifetime`` seconds.

        Raises:
            Unauthenticated: Name or password is wrong, or the user is not active: which of them is not told, and takes
                the same time.
        """
        self._passwords.prepare()
        key = name_key(name)
        # What is not printable is no name, and may be nothing that a database takes.
        key = key if key.isprintable() else ""
        with self._database.reading() as session:
            found = session.execute(
                select(_account.user_id, _account.password_hash, _account.is_active, User.name)
                .join(User, User.user_id == _account.user_id)
                .where(_account.name_key == key)
            ).first()
        known = found.password_hash if found is not None else None
        is_right = self._passwords.verify(known, password)
        if found is None or known is None or not is_right or not found.is_active:
            raise Unauthenticated("User name or password is wrong.")
        renewed = self._passwords.hash(password) if self._passwords.is_outdated(known) else None
        token = secrets.token_urlsafe(32)
        with self._database.writing() as session:
            _forget_expired(session, now)
            # The password may have been reset, and the user deactivated, while this one was verified.
            still = select(_account.user_id).where(
                _account.user_id == found.user_id, _account.password_hash == known, _account.is_active
            )
            if session.scalar(still) is None:
                raise Unauthenticated("User name or password is wrong.")
            if renewed is not None:
                session.execute(
                    update(tables.accounts).where(_account.user_id == found.user_id).values(password_hash=renewed)
                )
            kept = select(_token.hash).where(_token.user_id == found.user_id).order_by(_token.created_at.desc())
            oldest = list(session.scalars(kept.offset(MAX_LOGINS - 1)))
            session.execute(delete(tables.tokens).where(_token.hash.in_(oldest)))
            session.execute(
                insert(tables.tokens).values(
                    hash=_hash(token), user_id=found.user_id, created_at=now, expires_at=now + lifetime
                )
            )
        return {"id": found.user_id, "username": found.name, "token": token}

    def logout(self, identity: Identity, token: str) -> JSON:
        """End one log-in; the user's others go on.

        Raises:
            InvalidInput: The token was not given by a log-in.
        """
        this = _token.hash == _hash(token)
        with self._database.writing() as session:
            if session.scalar(select(_token.hash).where(this)) is None:
                raise InvalidInput("This token is the service's own. It ends with the service.")
            session.execute(delete(tables.tokens).where(this))
        return {"id": identity.user, "username": identity.name}

    def identity(self, token: str, now: float) -> Identity | None:
        """Whose token this is, as what they are now; None when it is nobody's, or not any more."""
        with self._database.reading() as session:
            row = session.execute(
                select(_account.user_id, User.name, _account.role)
                .join(User, User.user_id == _account.user_id)
                .join(tables.tokens, _token.user_id == _account.user_id)
                .where(_token.hash == _hash(token), _token.expires_at > now, _account.is_active)
            ).first()
        return Identity(str(row.user_id), str(row.name), Role(row.role)) if row is not None else None

    def forget_expired(self, now: float) -> None:
        with self._database.writing() as session:
            _forget_expired(session, now)


def _forget_expired(session: Session, now: float) -> None:
    session.execute(delete(tables.tokens).where(_token.expires_at <= now))


def _hash(token: str) -> str:
    # Plain, and quick: a token is as random as its hash, there is nothing to guess.
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
