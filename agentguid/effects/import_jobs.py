"""What the daemon asks the process that reads histories, and what that answers."""

import msgspec
from msgspec import Struct

from agentguid.agents.histories.base import Session
from agentguid.effects.import_ours import Known

COPY = "told"
"""The folder among the copies that the process has."""


class Heads(Struct, tag="heads"):
    """Asks what sessions are about."""

    sessions: list[Session]


class Read(Struct, tag="read"):
    """Asks for what a history has beyond a place."""

    session: Session
    offset: int
    carry: bytes
    ours: Known | None
    """Our own part in it since the file was told whole, or at all."""
    blobs: str
    copies: str
    """Where a database may be copied to."""


Job = Heads | Read


class Fact(Struct, array_like=True):
    name: str
    schema: int
    data: msgspec.Raw
    at: int
    line: str


class Batch(Struct):
    """An answer. The last one of a job has `last`."""

    facts: list[Fact] = []
    offset: int = 0
    carry: bytes = b""
    cwd: str = ""
    sessions: list[Session] = []
    last: bool = False
    again: int = 0
    """Of the last one: when another look at the same file has more to tell; 0: never."""
    stale: bool = False
    """There is nothing else: the file is another than it was, and our whole part in it is wanted."""
    error: str = ""
