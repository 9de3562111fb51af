"""Users."""

from __future__ import annotations

import uuid

from flowserv.model.base import User
from sqlalchemy import select

from .part import Part


class Accounts(Part):
    """Who is known to the service."""

    def ensure_user(self, name: str) -> str:
        """The identifier of the user ``name``, made if need be. Nobody logs in by flowserv's passwords: there is
        none."""
        with self._database.writing() as session:
            user = session.scalar(select(User).where(User.name == name))
            if user is None:
                user = User(user_id=uuid.uuid4().hex, name=name, secret="!", active=True)  # noqa: S106 (no password matches)
                session.add(user)
            return str(user.user_id)
