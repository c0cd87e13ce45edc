"""Who asks: what a request's credential comes to."""

import hashlib
from typing import Literal

import apsw
from msgspec import Struct

from agentguid.project import credentials
from agentguid.protocol.items import Scope

WHO = "agentguid.who"
"""Key in the ASGI scope."""

_RANK = {"read": 0, "write": 1, "admin": 2}


class Who(Struct, frozen=True):
    """The user, by one of the ways in. All of them are the same person; they differ in what they may do."""

    kind: Literal["socket", "device", "token"]
    id: str
    scope: Scope
    expires: int | None = None
    """Microseconds since the epoch."""

    @property
    def actor(self) -> str:
        """How events name it."""
        return f"{self.kind}:{self.id}"

    @property
    def stream(self) -> str | None:
        """The stream in which its revocation will stand; None for what cannot be revoked."""
        return None if self.kind == "socket" else f"{self.kind}-{self.id}"

    def may(self, scope: Scope) -> bool:
        return _RANK[self.scope] >= _RANK[scope]


def digest(secret: str) -> str:
    """What is kept of a secret. It is looked up by this, so that no comparison takes longer the more of it is right."""
    return hashlib.sha256(secret.encode()).hexdigest()


def known(db: apsw.Connection, secret: str, kind: Literal["device", "token"], now: int) -> Who | None:
    """Whose secret this is, when it is one of ours and still holds."""
    row = credentials.by_hash(db, digest(secret))
    if row is None or row.kind != kind or not row.valid(now):
        return None
    return Who(kind, row.id, row.scope, row.expires)
