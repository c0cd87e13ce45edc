"""What an agent should be given next: derived from the read models and the tape, never remembered."""

import asyncio

import apsw

from agentguid.agents.base import Adapter, Answer, Prompt, Write
from agentguid.append import read
from agentguid.append.blobs import Blobs
from agentguid.project import approvals, turns
from agentguid.protocol.errors import LogBroken
from agentguid.protocol.events import ApprovalDecided, MessageEdited, MessageQueued, TurnStarted
from agentguid.protocol.items import Body

LOST = "The changed arguments were lost with their file. Ask again."


def started(db: apsw.Connection, turn: str) -> TurnStarted | None:
    """What a turn was started with."""
    row = turns.get(db, turn)
    event = row and read.at(db, [row.position])[row.position].event
    return event if isinstance(event, TurnStarted) else None


def prompt(blobs: Blobs, event: TurnStarted) -> Prompt:
    """The prompt of a turn, whole. May read a file: not for the event loop."""
    body = event.body
    if body.blob:
        body = Body(blobs.whole(body).decode(errors="replace"), body.type)
    return Prompt(event.turn, body, event.model, event.mode)


async def waiting(db: apsw.Connection, blobs: Blobs, position: int) -> Body | None:
    """The whole text of a message that waits, by the event that has it; None: it is gone."""
    event = read.at(db, [position])[position].event
    if not isinstance(event, MessageQueued | MessageEdited):
        return None
    body = event.body
    if not body.blob:
        return body
    try:
        return Body((await asyncio.to_thread(blobs.whole, body)).decode(errors="replace"), body.type)
    except (KeyError, OSError, LogBroken):
        return None


def answer(db: apsw.Connection, blobs: Blobs, adapter: Adapter, approval: str) -> list[Write]:
    """The user's decision, as the agent wants to hear it; nothing while undecided or when it does not ask any more."""
    row = approvals.get(db, approval)
    if row is None or not row.decided:
        return []
    event = read.at(db, [row.decided])[row.decided].event
    if not isinstance(event, ApprovalDecided):
        return []
    try:
        given = blobs.whole(event.input) if event.input else None
    except (KeyError, OSError, LogBroken):  # what the user changed is lost: the agent is told no
        return list(adapter.answer(Answer(approval, "reject_once", LOST, None, None)))
    answer = Answer(approval, event.decision, event.message, event.option, given, event.answers)
    return list(adapter.answer(answer))
