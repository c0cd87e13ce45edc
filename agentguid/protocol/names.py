"""The names of events on disk. Written by hand: a class may be renamed, a name may not."""

from typing import get_type_hints

from agentguid.protocol import events
from agentguid.protocol.items import Body

TYPES: dict[str, type[events.Event]] = {
    "conversation.created": events.ConversationCreated,
    "conversation.renamed": events.ConversationRenamed,
    "conversation.configured": events.ConversationConfigured,
    "conversation.archived": events.ConversationArchived,
    "conversation.unarchived": events.ConversationUnarchived,
    "conversation.pinned": events.ConversationPinned,
    "conversation.unpinned": events.ConversationUnpinned,
    "conversation.read": events.ConversationRead,
    "conversation.deleted": events.ConversationDeleted,
    "message.queued": events.MessageQueued,
    "message.edited": events.MessageEdited,
    "message.removed": events.MessageRemoved,
    "queue.reordered": events.QueueReordered,
    "message.steer_requested": events.MessageSteerRequested,
    "message.steered": events.MessageSteered,
    "queue.held": events.QueueHeld,
    "queue.released": events.QueueReleased,
    "turn.started": events.TurnStarted,
    "turn.stop_requested": events.TurnStopRequested,
    "turn.ended": events.TurnEnded,
    "retry.scheduled": events.RetryScheduled,
    "retry.cancelled": events.RetryCancelled,
    "host.requested": events.HostRequested,
    "host.ended": events.HostEnded,
    "session.identified": events.SessionIdentified,
    "session.lost": events.SessionLost,
    "item.added": events.ItemAdded,
    "tool.started": events.ToolStarted,
    "tool.finished": events.ToolFinished,
    "approval.requested": events.ApprovalRequested,
    "approval.decided": events.ApprovalDecided,
    "approval.withdrawn": events.ApprovalWithdrawn,
    "conversation.imported": events.ConversationImported,
    "import.requested": events.ImportRequested,
    "import.finished": events.ImportFinished,
    "import.watch_chosen": events.ImportWatchChosen,
    "device.signed_in": events.DeviceSignedIn,
    "device.revoked": events.DeviceRevoked,
    "token.created": events.TokenCreated,
    "token.revoked": events.TokenRevoked,
}
NAMES: dict[type[events.Event], str] = {cls: name for name, cls in TYPES.items()}
BODIES: dict[type[events.Event], tuple[str, ...]] = {
    cls: tuple(name for name, kind in get_type_hints(cls).items() if kind in (Body, Body | None))
    for cls in TYPES.values()
}
"""The fields of each event that may be of any size."""
