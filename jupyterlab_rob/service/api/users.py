"""Users: registration, log-in, log-out, and their administration."""

from __future__ import annotations

from typing import Any

from tornado import web

from ...errors import Forbidden, InvalidInput
from ...models import JSON
from ..auth import token_of
from ..identity import Role
from ..store.accounts import name_key
from .handler import ServiceHandler
from .pages import Page

#: Largest body with a name and a password, in bytes.
MAX_CREDENTIALS = 16 << 10


class AccountHandler(ServiceHandler):
    """What the routes share that take names and passwords. Answers and the log hold no password and no one's token but
    the one that a log-in gives."""

    def max_body(self) -> int:
        return MAX_CREDENTIALS

    def body(self) -> JSON:
        # A form of any web page can send text to a service on loopback; for JSON a browser asks first, and is refused.
        media_type = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.received and media_type != "application/json":
            raise web.HTTPError(415, "The body must be JSON, with the Content-Type application/json.")
        return super().body()

    def require_administrator(self) -> None:
        if not self.identity.is_administrator:
            raise Forbidden("Only administrators may do this.")


class RegisterHandler(AccountHandler):
    public = frozenset({"POST"})

    async def post(self) -> None:
        context, by_administrator = self.context, self.visitor is not None and self.visitor.is_administrator
        if not (context.registration or by_administrator):
            raise Forbidden("This ROB service registers nobody. Ask its administrator for an account.")
        body = self.body()
        name, password = _text(body, "username"), _text(body, "password")
        email = _text(body, "email") if body.get("email") is not None else None
        role = _role(body) or Role.PARTICIPANT
        if role is not Role.PARTICIPANT and not by_administrator:
            raise Forbidden("Only administrators give roles.")
        if not by_administrator:
            # Never taken back: what is limited is how many there are.
            context.attempts.admit(str(self.request.remote_ip))
        # Whoever is to be verified is activated by an administrator.
        is_active = not _flag(body, "verify")
        user = await context.passwords.call(context.store.accounts.register, name, password, email, role, is_active)
        self.log.info("Registered the user %s", user["id"])
        self.answer(user, 201)


class LoginHandler(AccountHandler):
    public = frozenset({"POST"})

    async def post(self) -> None:
        body, context = self.body(), self.context
        name, password = _text(body, "username"), _text(body, "password")
        with context.attempts.admit(str(self.request.remote_ip), name_key(name)):
            user = await context.passwords.call(
                context.store.logins.login, name, password, context.clock(), context.token_lifetime
            )
        self.answer(user)


class LogoutHandler(AccountHandler):
    async def post(self) -> None:
        token = token_of(self.request.headers)
        assert token is not None
        self.answer(await self.call(self.context.store.logins.logout, self.identity, token))


class WhoAmIHandler(AccountHandler):
    async def get(self) -> None:
        self.answer(await self.call(self.context.store.accounts.describe, self.identity))


class UsersHandler(AccountHandler):
    async def get(self) -> None:
        page, query = Page.of(self), self.get_query_argument("query", "")
        listing = self.context.store.accounts.listing
        self.answer(page.shown(await self.call(listing, self.identity, query, page.limit, page.offset)))


class UserHandler(AccountHandler):
    async def put(self, user: str) -> None:
        self.require_administrator()
        body = self.body()
        is_active = _flag(body, "active") if body.get("active") is not None else None
        change = self.context.store.accounts.change
        self.answer(await self.call(change, self.identity, user, _role(body), is_active))


class ActivateHandler(AccountHandler):
    async def post(self) -> None:
        self.require_administrator()
        user = _text(self.body(), "userId")
        handle = await self.call(self.context.store.accounts.change, self.identity, user, is_active=True)
        self.answer({"id": handle["id"], "username": handle["username"]})


class PasswordRequestHandler(AccountHandler):
    def post(self) -> None:
        # What flowserv has here hands anyone's account to anyone.
        raise Forbidden("Ask an administrator of the ROB service for another password.")


class PasswordResetHandler(AccountHandler):
    async def post(self) -> None:
        body, context = self.body(), self.context
        password, accounts = _text(body, "password"), context.store.accounts
        if body.get("current") is not None:
            current = _text(body, "current")
            with context.attempts.admit(str(self.request.remote_ip), name_key(self.identity.name)):
                user = await context.passwords.call(accounts.change_password, self.identity, current, password)
        else:
            if not self.identity.is_administrator:
                raise Forbidden("Give your current password too; that of others only administrators may reset.")
            given = body.get("userId")
            of = (
                _text(body, "userId")
                if given
                else await self.call(accounts.find, self.identity, _text(body, "username"))
            )
            user = await context.passwords.call(accounts.reset_password, self.identity, of, password)
        self.log.info("The password of the user %s was changed by %s", user["id"], self.identity.user)
        self.answer(user)


def _text(body: JSON, name: str) -> str:
    value: Any = body.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"'{name}' is missing, or no text.")
    return value


def _flag(body: JSON, name: str) -> bool:
    value: Any = body.get(name, False)
    if not isinstance(value, bool):
        raise InvalidInput(f"'{name}' must be true or false.")
    return value


def _role(body: JSON) -> Role | None:
    value: Any = body.get("role")
    if value is None:
        return None
    roles = [role.value for role in Role]
    if value not in roles:
        raise InvalidInput(f"'role' must be one of {', '.join(roles)}.")
    return Role(value)
