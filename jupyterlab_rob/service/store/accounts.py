"""Users: who is known to the service, and as what."""

from __future__ import annotations

import unicodedata
import uuid
from datetime import datetime, timezone
from typing import Any

from flowserv.model.base import User
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ...errors import Conflict, Forbidden, InvalidInput, NotFound, ServiceUnavailable
from ...models import JSON
from ..identity import Identity, Role
from ..passwords import Passwords, require_good
from . import tables
from .access import require_administrator
from .controller import PlanController
from .database import Database
from .part import Part
from .storage import ConfinedStorage

MAX_NAME = 64

_account = tables.accounts.c


def name_key(name: str) -> str:
    """A user name as names are compared: Ann, ANN and ａｎｎ are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


class Accounts(Part):
    """Users and their passwords. flowserv knows a user by an identifier and a name; its passwords and tokens are not
    used."""

    def __init__(
        self, database: Database, storage: ConfinedStorage, controller: PlanController, passwords: Passwords
    ) -> None:
        super().__init__(database, storage, controller)
        self._passwords = passwords
        self._owner: str | None = None

    def ensure_owner(self, name: str) -> str:
        """The identifier of the user that runs the service, made if need be, an administrator.

        Raises:
            ServiceUnavailable: The name belongs to somebody who is none: who registered it must not become one.
        """
        with self._database.writing() as session:
            found = session.execute(select(_account.user_id, _account.role).where(_account.name_key == name_key(name)))
            account = found.first()
            if account is not None and account.role != Role.ADMINISTRATOR.value:
                raise ServiceUnavailable(
                    f"The user '{name}' of this ROB service is no administrator, so the service can't run as that "
                    "user. Choose its owner by --RobService.owner=NAME."
                )
            if account is not None:
                self._owner = str(account.user_id)
                _change(session, self._owner, is_active=True)
                return self._owner
            # There is one without an account where the service had no users yet.
            known = session.scalar(select(User.user_id).where(User.name == name))
            self._owner = _add(session, name, Role.ADMINISTRATOR, user_id=known)
            return self._owner

    def ensure_user(self, name: str) -> str:
        """The identifier of the user with this name; a new one is a participant without a password."""
        with self._database.writing() as session:
            known = session.scalar(select(_account.user_id).where(_account.name_key == name_key(name)))
            return str(known) if known is not None else _add(session, name, Role.PARTICIPANT)

    def register(
        self,
        name: str,
        password: str | None,
        email: str | None = None,
        role: Role = Role.PARTICIPANT,
        is_active: bool = True,
    ) -> JSON:
        """A new user, ``{id, username}``; without a password nobody can log in as that user.

        Raises:
            InvalidInput: The name, the password or the address can't be one.
            Conflict: The name is taken.
        """
        name = _good_name(name)
        if password is not None:
            require_good(password)
        if email is not None and not _looks_like_an_address(email):
            raise InvalidInput("This is no e-mail address.")
        # Before anything is hashed, which is slow; the index decides between two at once.
        with self._database.reading() as session:
            _require_free(session, name)
        hashed = self._passwords.hash(password) if password is not None else None
        try:
            with self._database.writing() as session:
                user = _add(session, name, role, password_hash=hashed, email=email, is_active=is_active)
        except IntegrityError as error:
            raise _taken(name) from error
        return {"id": user, "username": name}

    def describe(self, identity: Identity) -> JSON:
        """Oneself: ``{id, username, role, email?}``."""
        with self._database.reading() as session:
            document = _private(_find(session, identity.user))
        document.pop("active")
        return document

    def listing(self, identity: Identity, query: str = "", limit: int | None = None, offset: int = 0) -> JSON:
        """``{users: [{id, username}], total}`` by name, of those whose name contains ``query``.

        Administrators also see who is not active, and everyone's role.
        """
        wanted = _account.name_key.contains(name_key(query), autoescape=True)
        if not identity.is_administrator:
            wanted = wanted & _account.is_active
        with self._database.reading() as session:
            total = session.scalar(select(func.count()).select_from(tables.accounts).where(wanted))
            rows = session.execute(_SELECT.where(wanted).order_by(_account.name_key).limit(limit).offset(offset)).all()
        users = [_public(row) for row in rows]
        if identity.is_administrator:
            users = [
                {**user, "role": row.role, "active": bool(row.is_active)} for user, row in zip(users, rows, strict=True)
            ]
        return {"users": users, "total": total}

    def change(self, identity: Identity, user: str, role: Role | None = None, is_active: bool | None = None) -> JSON:
        """Change what a user is, for administrators; in force at once. Who is not active any more is logged out.

        Returns:
            ``{id, username, role, active, email?}``

        Raises:
            Forbidden, NotFound: Of the one who asks, and of the user.
            Conflict: It is the owner, who stays an active administrator; so there always is one.
        """
        require_administrator(identity)
        with self._database.writing() as session:
            _find(session, user)
            if user == self._owner and (role not in (None, Role.ADMINISTRATOR) or is_active is False):
                raise Conflict("The owner of the ROB service remains an active administrator.")
            _change(session, user, role=role, is_active=is_active)
            return _private(_find(session, user))

    def reset_password(self, identity: Identity, user: str, password: str) -> JSON:
        """Give a user another password, for administrators, and end all their log-ins."""
        require_administrator(identity)
        require_good(password)
        hashed = self._passwords.hash(password)
        with self._database.writing() as session:
            found = _find(session, user)
            _change(session, user, password_hash=hashed)
            return _public(found)

    def change_password(self, identity: Identity, current: str, password: str) -> JSON:
        """Give oneself another password, and end all of one's log-ins, this one too.

        Raises:
            Forbidden: ``current`` is not the password.
        """
        require_good(password)
        with self._database.reading() as session:
            found = _find(session, identity.user)
        if not self._passwords.verify(found.password_hash, current):
            raise Forbidden("The current password is wrong.")
        hashed = self._passwords.hash(password)
        with self._database.writing() as session:
            _change(session, identity.user, password_hash=hashed)
        return _public(found)

    def find(self, identity: Identity, name: str) -> str:
        """The identifier of the user with this name, for administrators."""
        require_administrator(identity)
        with self._database.reading() as session:
            user = session.scalar(select(_account.user_id).where(_account.name_key == name_key(name)))
        if user is None:
            raise NotFound(f"There is no user '{name}'.")
        return str(user)


_SELECT = select(
    _account.user_id, User.name, _account.role, _account.is_active, _account.email, _account.password_hash
).join(User, User.user_id == _account.user_id)


def _find(session: Session, user: str) -> Any:
    row = session.execute(_SELECT.where(_account.user_id == user)).first()
    if row is None:
        raise NotFound(f"There is no user with the identifier '{user}'.")
    return row


def _public(row: Any) -> JSON:
    """What everybody may see of a user."""
    return {"id": row.user_id, "username": row.name}


def _private(row: Any) -> JSON:
    """What the user and administrators may see."""
    document = {**_public(row), "role": row.role, "active": bool(row.is_active)}
    return {**document, "email": row.email} if row.email else document


def _add(
    session: Session,
    name: str,
    role: Role,
    *,
    user_id: str | None = None,
    password_hash: str | None = None,
    email: str | None = None,
    is_active: bool = True,
) -> str:
    """The identifier of a new user, or of one that flowserv knows and that gets an account."""
    if user_id is None:
        user_id = uuid.uuid4().hex
        # flowserv wants a password; this matches none.
        session.add(User(user_id=user_id, name=name, secret="!", active=is_active))  # noqa: S106
        session.flush()
    session.execute(
        insert(tables.accounts).values(
            user_id=user_id,
            name_key=name_key(name),
            password_hash=password_hash,
            email=email,
            role=role.value,
            is_active=is_active,
            created_at=datetime.now(timezone.utc).isoformat(),
        )
    )
    return user_id


def _change(
    session: Session,
    user: str,
    *,
    role: Role | None = None,
    is_active: bool | None = None,
    password_hash: str | None = None,
) -> None:
    values: dict[str, Any] = {}
    if role is not None:
        values["role"] = role.value
    if is_active is not None:
        values["is_active"] = is_active
        # flowserv takes only active users as members of a submission.
        session.execute(update(User).where(User.user_id == user).values(active=is_active))
    if password_hash is not None:
        values["password_hash"] = password_hash
    if values:
        session.execute(update(tables.accounts).where(_account.user_id == user).values(**values))
    if is_active is False or password_hash is not None:
        session.execute(delete(tables.tokens).where(tables.tokens.c.user_id == user))


def _good_name(name: str) -> str:
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable() or not name_key(name):
        raise InvalidInput(f"A user name needs 1 to {MAX_NAME} characters that can be printed.")
    return name


def _require_free(session: Session, name: str) -> None:
    if session.scalar(select(_account.user_id).where(_account.name_key == name_key(name))) is not None:
        raise _taken(name)


def _taken(name: str) -> Conflict:
    return Conflict(f"The user name '{name}' is taken. Choose another.")


def _looks_like_an_address(email: str) -> bool:
    user, at, host = email.rpartition("@")
    return bool(user and at and host) and len(email) <= 254 and email.isprintable() and " " not in email
