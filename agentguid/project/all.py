"""The read models that are written in the transaction of the event."""

from agentguid.append.api import Projection
from agentguid.project import (
    approvals,
    blob_uses,
    conversations,
    credentials,
    hosts,
    imports,
    queue,
    retries,
    transcript,
    turns,
)

INLINE: tuple[Projection, ...] = (
    conversations,
    turns,
    transcript,
    queue,
    retries,
    approvals,
    hosts,
    imports,
    credentials,
    blob_uses,
)
